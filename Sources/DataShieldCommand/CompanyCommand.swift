import ArgumentParser
import DataShield

struct CompanyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "company", abstract: "Makes and lists companies.", subcommands: [Create.self, List.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes a company.")

        @OptionGroup var options: SettingsOptions

        @Option(help: "How the company is shown.")
        var name: String

        @Option(help: "Its mail domain: acme.example.")
        var domain: String

        func run() async throws {
            let (name, domain) = (name, domain)
            try await OpenDatabase.with(options) { application in
                let company = try await application.companies.create(name: name, domain: domain)
                Output.line(
                    "Made \(company.name) (\(company.domain)). Next: datashield user create --company \(company.domain) --email YOU --role ADMIN")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the companies of this installation.")

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            try await OpenDatabase.with(options) { application in
                for company in try await application.companies.all() { Output.line("\(company.domain)\t\(company.name)") }
            }
        }
    }
}

/// The company that a command acts for.
struct CompanyOption: ParsableArguments {
    @Option(help: ArgumentHelp("The company, by its mail domain.", valueName: "domain"))
    var company: String

    /// Who the command is, to the capabilities and in the audit trail.
    func subject(in application: DataShield.Application) async throws -> Subject {
        let company = try await application.companies.find(domain: company)
        return Subject(actor: .program("command"), company: company.id, role: .admin)
    }
}
