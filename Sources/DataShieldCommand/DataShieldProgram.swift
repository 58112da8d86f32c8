import ArgumentParser
import Cryptography
import DataShield
import Foundation

/// `datashield`: the program.
struct DataShieldProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "datashield",
        abstract: "Tells a company which of its people are exposed in breaches and stealer logs, and helps it act.",
        version: Version.current,
        subcommands: [
            DemoCommand.self, ServeCommand.self, MigrateCommand.self, CompanyCommand.self, UserCommand.self, EmployeesCommand.self,
            CredentialCommand.self, DirectoryCommand.self, SyncCommand.self, ScanCommand.self, IngestCommand.self, RemediateCommand.self,
            AuditCommand.self, DoctorCommand.self, SandboxCommand.self,
        ])
}

/// Runs a program of ours.
package enum Program {
    /// Runs `datashield`.
    package static func datashield() async { await run(DataShieldProgram.self) }

    /// Runs the command that the arguments name. Ends with 0 when it was done, 1 when it failed and 2 when the arguments are wrong.
    package static func run(_ program: (some AsyncParsableCommand).Type) async {
        LibCrypto.begin()
        do {
            var command = try program.parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch let failure as CommandFailure {
            fail(failure.description)
        } catch {
            switch program.exitCode(for: error) {
            case .success:
                // `--help` and `--version` come this way, too.
                print(program.message(for: error))
                Foundation.exit(0)
            case .validationFailure:
                FileHandle.standardError.write(Data((program.fullMessage(for: error) + "\n").utf8))
                Foundation.exit(2)
            case let code where error is ExitCode:
                Foundation.exit(code.rawValue)
            default:
                fail(describe(error))
            }
        }
    }

    /// One line for whoever started the program: errors of ours say it in plain words, others by what they print.
    private static func describe(_ error: any Error) -> String {
        "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    private static func fail(_ line: String) -> Never {
        FileHandle.standardError.write(Data("datashield: \(line)\n".utf8))
        Foundation.exit(1)
    }
}

/// What a command cannot do, in one line for whoever called it.
package struct CommandFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
