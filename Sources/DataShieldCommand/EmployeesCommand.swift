import ArgumentParser
import DataShield
import Foundation

struct EmployeesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "employees", abstract: "Reads staff lists.", subcommands: [Import.self])

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads a staff list from a CSV file.",
            discussion: """
                Columns are found by their names, in any order, also below rows of titles; only the address is needed. Exports of Google Workspace, \
                Entra ID, Microsoft 365, Okta, Slack, Workday, ADP, BambooHR, Personio and Active Directory are read as they come. A status column is \
                obeyed: who has left by it is deactivated, or not added, and who had left comes back only when their row says that they are active. \
                The same file twice changes nothing.
                """)

        @OptionGroup var options: SettingsOptions
        @OptionGroup var company: CompanyOption

        @Argument(help: "The file: comma, semicolon, tab or bar between its columns.", completion: .file())
        var file: String

        @Flag(name: .customLong("dry-run"), help: "Say what would be done, and write nothing.")
        var isDryRun = false

        @Option(
            help: ArgumentHelp("Write the rows that do not go in to a CSV file, each with its line and the reason.", valueName: "file"),
            completion: .file())
        var rejected: String?

        @Flag(help: "Print the report as JSON.")
        var json = false

        func run() async throws {
            guard FileManager.default.isReadableFile(atPath: file) else { throw CommandFailure("The file \(file) cannot be read.") }
            if let rejected, FileManager.default.fileExists(atPath: rejected) {
                throw CommandFailure("The file \(rejected) is there already. Name another for the rows that do not go in.")
            }
            let (file, company, isDryRun, rejected, json) = (file, company, isDryRun, rejected, json)
            try await OpenDatabase.with(options) { application in
                let subject = try await company.subject(in: application)
                if let rejected { try await Self.write(try await application.employees.rejectedCSV(file: file, by: subject), to: rejected) }
                let report = try await application.employees.importCSV(file: file, isPreview: isDryRun, by: subject)
                if json {
                    Output.line(String(decoding: try JSONCoding.encode(report), as: UTF8.self))
                } else {
                    for line in ImportText.report(report, rejectedFile: rejected) { Output.line(line) }
                }
            }
        }

        /// Nobody else may read it: there are people in it.
        private static func write(_ pieces: SpooledFile, to path: String) async throws {
            guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]) else {
                throw CommandFailure("The file \(path) cannot be written.")
            }
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            for try await piece in pieces { try handle.write(contentsOf: piece) }
            try handle.close()
        }
    }
}

/// What the command says of an import.
enum ImportText {
    static func report(_ report: ImportReport, rejectedFile: String?) -> [String] {
        let would = report.isPreview ? "would be " : ""
        var lines = [
            "\(report.rows) rows: \(report.added) \(would)added, \(report.changed) \(would)changed, \(report.deactivated) \(would)deactivated, "
                + "\(report.unchanged) unchanged, \(report.leftOutCount) left out, \(report.rejectedCount) rejected."
        ]
        if report.reactivated > 0 {
            lines.append("Of those changed, \(report.reactivated) had left and \(report.isPreview ? "would be" : "are") back.")
        }
        if report.headingLine > 1 { lines.append("The headings stand on line \(report.headingLine); what is above them was not read.") }
        let read = report.columns.compactMap { column in
            column.field.map { field in
                "\(column.heading) as \(field)\(column.rows.map { " only where it is of the company's domain (rows: \($0))" } ?? "")"
            }
        }
        lines.append("Columns read: \(read.joined(separator: "; ")).")
        if !report.ignoredColumns.isEmpty { lines.append("Columns not read: \(report.ignoredColumns.joined(separator: "; ")).") }
        if report.columnCount > report.columns.count {
            lines.append("The list has \(report.columnCount) columns; only the first \(report.columns.count) are named here.")
        }
        if !report.unknownStatuses.isEmpty {
            let words = report.unknownStatuses.map { "\($0.word) (\($0.rows))" }.joined(separator: "; ")
            let others = report.unknownStatusCount - report.unknownStatuses.reduce(0) { $0 + $1.rows }
            lines.append(
                "Words of the status that say nothing to us: \(words)\(others > 0 ? "; others (\(others))" : ""). "
                    + "Where no other column tells, these people are taken as if there were no status.")
        }
        lines += passedOver(report)
        if report.duplicateCount > 0 {
            let listed = report.duplicateLines.prefix(20).map { String($0) }.joined(separator: ", ")
            lines.append(
                "\(report.duplicateCount) rows have an address that comes again, where it counts: lines \(listed)"
                    + (report.duplicateCount > 20 ? " and more." : "."))
        }
        for sample in report.samples { lines.append("line \(sample.line): \(verb(sample.action)) \(sample.email)\(changes(sample))") }
        lines += report.contradictions.map { "line \($0.line): contradiction: \($0.reason)" }
        let others = report.contradictionCount - report.contradictions.count
        if others > 0 { lines.append("… and \(others) more rows that contradict themselves.") }
        lines += rows(report.leftOut, "left out", report.leftOutCount) + rows(report.rejected, "rejected", report.rejectedCount)
        if let rejectedFile { lines.append("The rows that do not go in are in \(rejectedFile).") }
        if report.isPreview { lines.append("Nothing was written: this was a dry run.") }
        return lines
    }

    private static func rows(_ rows: [ImportReport.Rejection], _ outcome: String, _ count: Int) -> [String] {
        let lines = rows.map { "line \($0.line): \(outcome): \($0.field.map { "\($0) " } ?? "")\($0.reason)" }
        return count > rows.count ? lines + ["… and \(count - rows.count) more \(outcome)."] : lines
    }

    private static func passedOver(_ report: ImportReport) -> [String] {
        var lines: [String] = []
        for reason in ImportReport.PassedOver.Reason.allCases {
            let cells = report.passedOver.filter { $0.reason == reason }.map(\.words).joined(separator: "; ")
            guard !cells.isEmpty else { continue }
            switch reason {
            case .notWatched: lines.append("Other addresses that are not watched, unless a directory tells them: \(cells).")
            case .noAddress: lines.append("Cells that should be an address and are none, where another was taken: \(cells).")
            case .differs: lines.append("Cells that say something else than the column that counts: \(cells).")
            case .noHeading: lines.append("Cells under no heading, which were not read: \(cells).")
            }
        }
        let unlisted = report.passedOverCount - report.passedOver.reduce(0) { $0 + $1.rows }
        return unlisted > 0 ? lines + ["\(unlisted) more cells of other columns were passed over."] : lines
    }

    private static func verb(_ action: ImportReport.Action) -> String {
        switch action {
        case .add: "add"
        case .change: "change"
        case .reactivate: "bring back"
        case .deactivate: "deactivate"
        }
    }

    private static func changes(_ sample: ImportReport.Sample) -> String {
        guard sample.action != .add, !sample.changes.isEmpty else { return "" }
        return ": " + sample.changes.map { "\($0.field) \($0.before ?? "(none)") → \($0.after ?? "(none)")" }.joined(separator: ", ")
    }
}
