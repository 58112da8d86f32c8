import ArgumentParser
import DataShield

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Checks the audit trail.", subcommands: [Verify.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks that no event of a company's trail is missing, moved or changed.",
            discussion: "Ends with 1 when one is, and names the first.")

        @OptionGroup var options: SettingsOptions
        @OptionGroup var company: CompanyOption

        func run() async throws {
            let company = company
            try await OpenDatabase.with(options) { application in
                let subject = try await company.subject(in: application)
                let check = try await application.audit.check(of: subject.company)
                if let number = check.firstBroken {
                    throw CommandFailure("The audit trail of \(company.company) is broken at event \(number) of \(check.events).")
                }
                Output.line("The audit trail of \(company.company) is whole. Events: \(check.events).")
            }
        }
    }
}
