import ArgumentParser
import DataShield
import Foundation
import Scalars

struct DirectoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "directory", abstract: "Connects the directories that people come from, and syncs them.",
        subcommands: [Add.self, List.self, Test.self, Sync.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Connects a directory. Its settings are read from standard input, one FIELD=VALUE a line; a value of several lines is written with \\n."
        )

        @OptionGroup var options: SettingsOptions
        @OptionGroup var company: CompanyOption

        @Argument(help: ArgumentHelp("The kind: \(DirectoryRegistry.all.map { $0.kind.type.rawValue }.joined(separator: ", "))."))
        var type: DirectoryType

        @Option(help: "As it is called on the pages.")
        var name: String?

        @Option(help: "Sync by itself every so many minutes; left out, only when somebody asks.")
        var every: Int?

        func run() async throws {
            let input = try Self.fields(StandardInput.lines(), of: type)
            let (type, name, every, company) = (type, name ?? "", every, company)
            try await OpenDatabase.with(options) { application in
                let subject = try await company.subject(in: application)
                let connection = try await application.directories.add(type, name: name, input, autoSyncIntervalMinutes: every, by: subject)
                let trial = try await application.directories.test(connection.id, by: subject)
                guard trial.isAccepted else {
                    throw CommandFailure("\(connection.name) is kept as \(connection.id), but does not work: \(trial.error ?? "")")
                }
                Output.line("\(connection.name) is connected as \(connection.id). \(TrialText.of(trial))")
            }
        }

        /// `FIELD=VALUE` lines. Where a field takes several lines, `\n` in its value is a line break; anywhere else it may be a part of a name
        /// or password.
        static func fields(_ lines: [String], of type: DirectoryType) throws -> [String: String] {
            let long = DirectoryRegistry.connector(for: type)?.kind.fields.filter(\.isLong).map(\.name) ?? []
            var fields: [String: String] = [:]
            for (number, line) in lines.enumerated() where !line.isEmpty {
                guard let sign = line.firstPlace(of: "=") else { throw CommandFailure("Line \(number + 1) of standard input is not FIELD=VALUE.") }
                let (name, value) = (String(line[..<sign]), String(line[line.place(behind: sign)...]))
                fields[name] = long.contains(name) ? value.swapping(text: "\\n", for: "\n") : value
            }
            return fields
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the directories of a company.")

        @OptionGroup var options: SettingsOptions
        @OptionGroup var company: CompanyOption

        func run() async throws {
            let company = company
            try await OpenDatabase.with(options) { application in
                let subject = try await company.subject(in: application)
                for overview in try await application.directories.list(for: subject) {
                    let connection = overview.connection
                    Output.line(
                        "\(connection.id)  \(connection.type.rawValue)  \(connection.status.rawValue)  \(overview.people) people  \(connection.name)"
                            + (connection.errorMessage.map { ": \($0)" } ?? ""))
                }
            }
        }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Tries a directory.")

        @OptionGroup var options: SettingsOptions
        @OptionGroup var company: CompanyOption
        @Argument(help: "The directory's id, as `directory list` shows it.")
        var id: DirectoryConnectionID

        func run() async throws {
            let (id, company) = (id, company)
            try await OpenDatabase.with(options) { application in
                let trial = try await application.directories.test(id, by: try await company.subject(in: application))
                guard trial.isAccepted else { throw CommandFailure(trial.error ?? "It does not work.") }
                Output.line(TrialText.of(trial))
            }
        }
    }

    struct Sync: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Fetches the people of one directory.")

        @OptionGroup var options: SettingsOptions
        @OptionGroup var company: CompanyOption
        @Argument(help: "The directory's id, as `directory list` shows it.")
        var id: DirectoryConnectionID
        @Flag(help: "Let more than half of the people go, when the directory no longer lists them.")
        var acceptDepartures = false

        func run() async throws {
            let (id, company, accepts) = (id, company, acceptDepartures)
            try await OpenDatabase.with(options) { application in
                let subject = try await company.subject(in: application)
                try await application.withWorker {
                    try await DirectorySyncing(application: application, subject: subject).run(id, acceptsDepartures: accepts)
                }
            }
        }
    }
}

/// `sync`: all directories of a company, one after the other.
struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "sync", abstract: "Fetches the people of all of a company's directories.")

    @OptionGroup var options: SettingsOptions
    @OptionGroup var company: CompanyOption

    func run() async throws {
        let company = company
        try await OpenDatabase.with(options) { application in
            let subject = try await company.subject(in: application)
            let asked = try await application.directories.list(for: subject).map(\.connection).filter { $0.type != .scim }
            guard !asked.isEmpty else { throw CommandFailure("The company has no directory that can be asked.") }
            try await application.withWorker {
                var failed: [String] = []
                for connection in asked {
                    do {
                        try await DirectorySyncing(application: application, subject: subject).run(connection.id)
                    } catch let failure as CommandFailure {
                        failed.append("\(connection.name): \(failure)")
                    } catch let failure as Directories.Failure {
                        failed.append("\(connection.name): \(failure.detail)")
                    }
                }
                guard failed.isEmpty else { throw CommandFailure(failed.joined(separator: "\n")) }
            }
        }
    }
}

/// Syncs a directory and shows it until it has ended.
package struct DirectorySyncing {
    let application: DataShield.Application
    let subject: Subject

    package init(application: DataShield.Application, subject: Subject) {
        self.application = application
        self.subject = subject
    }

    /// - Throws: ``CommandFailure`` when the sync failed.
    package func run(_ id: DirectoryConnectionID, acceptsDepartures: Bool = false) async throws {
        let directories = application.directories
        let name = try await directories.find(id, for: subject).name
        var run = try await directories.sync(id, acceptsDepartures: acceptsDepartures, trigger: .command, by: subject)
        while !run.status.isFinished {
            if Output.isTerminal { Output.progress("\(name): \(run.listed) people read") }
            try await Task.sleep(for: .milliseconds(200))
            run = try await directories.run(run.id, for: subject)
        }
        if Output.isTerminal { Output.progress("") }
        guard run.status == .succeeded else { throw CommandFailure("The sync failed. \(run.error ?? "The log has the reason.")") }
        Output.line(
            "\(name): \(run.listed) people read; \(run.added) added, \(run.changed) changed, \(run.deactivated) deactivated, "
                + "\(run.reactivated) reactivated, \(run.unchanged) unchanged, \(run.skipped) skipped.")
        for skipped in try await directories.samples(of: run.id, for: subject).skipped.prefix(20) {
            Output.line("  skipped: \(skipped.externalId) \(skipped.reason)")
        }
        for warning in run.warnings { Output.line("  \(warning)") }
    }
}

private enum TrialText {
    static func of(_ trial: Directories.Trial) -> String {
        (["It works" + (trial.userCount.map { ": \($0) people can be read." } ?? ".")] + trial.warnings).joined(separator: " ")
    }
}

extension DirectoryType: ExpressibleByArgument {
    public init?(argument: String) { self.init(rawValue: argument.uppercased()) }
}

extension DirectoryConnectionID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
