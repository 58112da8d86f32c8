import ArgumentParser
import DataShield

struct CredentialCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credential", abstract: "Keeps the keys of breach-intelligence services.", subcommands: [Set.self])

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets a company's key, read from the first line of standard input, and tries it.")

        @OptionGroup var options: SettingsOptions
        @OptionGroup var company: CompanyOption

        @Argument(help: ArgumentHelp("The service: \(ApiProvider.allCases.map(\.rawValue).joined(separator: ", "))."))
        var provider: ApiProvider

        func run() async throws {
            let key = try StandardInput.line(for: "the key")
            let (provider, company) = (provider, company)
            try await OpenDatabase.with(options) { application in
                let subject = try await company.subject(in: application)
                let credential = try await application.credentials.add(provider, key: key, by: subject)
                let trial = try await application.credentials.test(credential.id, by: subject)
                guard trial.isAccepted else { throw CommandFailure("The key is kept, but does not work: \(trial.message)") }
                Output.line("The key works. \(trial.message)")
            }
        }
    }
}

extension ApiProvider: ExpressibleByArgument {
    public init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}
