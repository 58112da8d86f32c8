import DataShieldCommand

/// Where the process begins.
@main
enum Entrance {
    static func main() { MainThread.wait { await Program.datashield() } }
}
