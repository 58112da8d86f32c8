import ArgumentParser
import DataShield
import DataShieldCommand

/// Where the process begins.
@main
enum Entrance {
    static func main() { MainThread.wait { await Program.run(DemoProgram.self) } }
}

/// `datashield-demo`: what is there to try the program out, and has no place in one that serves. `datashield demo` and `datashield sandbox`
/// start it where it lies beside.
struct DemoProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datashield-demo", abstract: "A made-up company, and stand-ins of other services, to try DataShield out with.",
        version: Version.current, subcommands: [DemoCommand.self, SandboxCommand.self])
}
