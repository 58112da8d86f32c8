import ArgumentParser
import DataShield
import Foundation

struct RemediateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remediate", abstract: "Acts on the account of an alert's person in their directory.")

    @OptionGroup var options: SettingsOptions
    @OptionGroup var company: CompanyOption

    @Option(help: ArgumentHelp("The alert.", valueName: "id"))
    var alert: String

    @Option(help: ArgumentHelp("What to do: \(RemediationType.words).", valueName: "action"))
    var action: RemediationType

    @Flag(help: "Only tell what would be done.")
    var dryRun = false

    func validate() throws {
        guard AlertID(alert) != nil else { throw ValidationError("--alert has to be the id of an alert, as its address on the page has it.") }
    }

    func run() async throws {
        guard let alert = AlertID(alert) else { return }
        let (company, action, dryRun) = (company, action, dryRun)
        try await OpenDatabase.with(options) { application in
            let subject = try await company.subject(in: application)
            if dryRun {
                Self.show(try await application.remediation.preview([alert], action, by: subject))
            } else {
                // Longer than any directory may take, because the call ends with the command.
                let outcome = try await application.remediation.request(
                    action, on: alert, by: subject, trigger: .command, patience: .seconds(270))
                try Self.show(outcome)
            }
        }
    }

    private static func show(_ plan: RemediationPlan) {
        for item in plan.items {
            let person = item.employeeEmail ?? "nobody"
            if let refusal = item.refusal {
                Output.line("\(person): nothing would be done. \(refusal)")
            } else {
                Output.line("\(person), in \(item.connectionName ?? "the directory"):")
                for call in item.calls { Output.line("  \(call)") }
            }
        }
        Output.line("\(plan.cap.left) of \(plan.cap.limit) people are left of the cap within \(plan.cap.windowHours) hours.")
    }

    private static func show(_ outcome: RemediationOutcome) throws {
        for attempt in outcome.attempts { Output.line("\(attempt.word) \(attempt.action.rawValue): \(attempt.detail ?? "")") }
        switch outcome.status {
        case .done: Output.line("Done.")
        case .pending, .started:
            throw CommandFailure("The directory has not answered. The log of remediation will have how it ended.")
        case .failed, .refused: throw CommandFailure(outcome.reason ?? "It was not done.")
        }
    }
}

extension RemediationType: ExpressibleByArgument {
    public init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}
