import ArgumentParser
import DataShield
import Foundation
import ServiceLifecycle

struct ScanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan", abstract: "Looks up all people of a company, and shows how far it is.")

    @OptionGroup var options: SettingsOptions
    @OptionGroup var company: CompanyOption

    func run() async throws {
        let company = company
        try await OpenDatabase.with(options) { application in
            let subject = try await company.subject(in: application)
            // Its own worker: the command is done with or without a running server.
            try await application.withWorker {
                try await ScanProgress(application: application, subject: subject).run()
            }
        }
    }
}

/// Starts a scan, or finds the one under way, and shows it until it has ended.
package struct ScanProgress {
    let application: DataShield.Application
    let subject: Subject

    package init(application: DataShield.Application, subject: Subject) {
        self.application = application
        self.subject = subject
    }

    /// - Throws: ``CommandFailure`` when the scan failed.
    package func run() async throws {
        var last: ScanRun?
        for try await run in application.scans.states(try await start(), for: subject) {
            last = run
            if Output.isTerminal { Output.progress("Scanning: \(run.scanned) of \(run.total) people, \(run.newAlerts) alerts") }
        }
        if Output.isTerminal { Output.progress("") }
        guard let last else { return }
        guard last.status == .succeeded else {
            throw CommandFailure("The scan failed. \(last.errorMessage ?? "The log has the reason.")")
        }
        Output.line(
            "Scanned \(last.scanned) of \(last.total) people: \(last.newRecords) new records, \(last.newAlerts) new alerts, \(last.errorCount) errors."
        )
        for provider in last.providers {
            Output.line(
                "  \(provider.provider.rawValue): \(provider.requests) requests, \(provider.hits) hits, \(provider.errors) errors."
                    + (provider.message.map { " \($0)" } ?? ""))
        }
        // Nothing found about somebody whom nobody answered about is no good news.
        let people = try await application.employees.population(for: subject)
        if people.notAsked > 0 {
            Output.line("No source has answered about \(people.notAsked) of \(people.people) people yet: of them nothing is known.")
        }
    }

    private func start() async throws -> ScanRunID {
        do {
            return try await application.scans.start(by: subject, trigger: .command).id
        } catch Scans.Failure.alreadyRunning {
            guard let run = try await application.scans.latest(for: subject), !run.status.isFinished else { throw Scans.Failure.alreadyRunning }
            Output.line("A scan is under way already.")
            return run.id
        }
    }
}
