import ArgumentParser
import DataShield
import DataShieldCommand

/// `datashield-demo`: what is there to try the program out, and has no place in one that serves. `datashield demo` and `datashield sandbox`
/// start it where it lies beside.
@main
struct DemoProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datashield-demo", abstract: "A made-up company, and stand-ins of other services, to try DataShield out with.",
        version: Version.current, subcommands: [DemoCommand.self, SandboxCommand.self])

    static func main() async { await Program.run(DemoProgram.self) }
}
