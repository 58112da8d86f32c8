import DataShieldCommand

@main
struct Main {
    static func main() async { await Program.datashield() }
}
