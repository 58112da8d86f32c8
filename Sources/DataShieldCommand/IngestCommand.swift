import ArgumentParser
import DataShield
import Foundation
import LeakFiles

struct IngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest", abstract: "Looks for people in leak files and stealer logs, of any size.",
        discussion: """
            Reads combolists, URL:LOGIN:PASSWORD lists, dumps (CSV, SQL, JSON) and stealer logs, as files or folders, also in .gz, .zst, .zip, \
            .7z, .rar and .tar. Finds are recorded with alerts; secrets and lines about others are not kept. Stopped at any moment, the same \
            command goes on where it was.
            """)

    @OptionGroup var options: SettingsOptions

    @Argument(help: "Files and folders.", completion: .file())
    var paths: [String]

    @Option(help: ArgumentHelp("Only this company, by its mail domain; all of the installation otherwise.", valueName: "domain"))
    var company: String?

    @Option(help: "How the breach is called, where that is known; a dump is called by its file otherwise.")
    var breach: String?

    @Option(help: ArgumentHelp("The day of the breach, such as 2024-06-05.", valueName: "day"))
    var date: String?

    @Option(help: ArgumentHelp("A file of passphrases, one a line, to try on encrypted archives.", valueName: "file"), completion: .file())
    var passphrases: String?

    @Option(help: "How many processors to use; all otherwise.")
    var threads: Int?

    @Flag(help: "Print the report as JSON.")
    var json = false

    func validate() throws {
        guard !paths.isEmpty else { throw ValidationError("Name at least one file or folder.") }
        if let threads, !(1...64).contains(threads) { throw ValidationError("--threads must be from 1 to 64.") }
    }

    func run() async throws {
        var order = IngestOrder(paths: paths, source: try LeakSource.checked(name: breach, date: date, fileName: nil), threads: threads)
        if let passphrases {
            guard let text = FileManager.default.contents(atPath: passphrases) else {
                throw CommandFailure("The file of passphrases \(passphrases) cannot be read.")
            }
            order.limits.passphrases = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).map { String($0) }
        }
        let (prepared, domain, json) = (order, company, json)
        try await OpenDatabase.with(options) { application in
            var order = prepared
            if let domain { order.company = try await application.companies.find(domain: domain).id }
            let report = try await application.ingests.read(order) { report in
                if Output.isTerminal, !json { Output.progress(IngestText.progress(report)) }
            }
            if Output.isTerminal, !json { Output.progress("") }
            if json {
                Output.line(String(decoding: try JSONCoding.encode(report), as: UTF8.self))
            } else {
                for line in IngestText.report(report) { Output.line(line) }
            }
        }
    }
}

/// What the command says of a reading.
enum IngestText {
    /// `[#####     ] 52 %  1.2 of 2.4 GB  410 MB/s  17 matches  about 3 s left`
    static func progress(_ report: IngestReport) -> String {
        let percent = report.percent ?? 0
        let filled = percent / 5
        var parts = ["[\(String(repeating: "#", count: filled))\(String(repeating: " ", count: 20 - filled))] \(percent) %"]
        parts.append("\(ByteText.of(report.bytes)) of \(ByteText.of(report.bytesTotal))")
        if let rate = report.bytesPerSecond { parts.append("\(ByteText.of(Int(rate)))/s") }
        parts.append("\(report.matches) matches")
        if let left = report.secondsLeft { parts.append("about \(left) s left") }
        return parts.joined(separator: "  ")
    }

    static func report(_ report: IngestReport) -> [String] {
        var lines = [
            "Read \(report.files) files, \(ByteText.of(report.bytes)), \(report.lines) lines"
                + (report.bytesPerSecond.map { ", \(ByteText.of(Int($0))) a second" } ?? "") + ".",
            "\(report.matches) matches, \(report.findings) findings: \(report.newRecords) new records, \(report.newAlerts) new alerts, "
                + "\(report.newCredentials) new credentials, \(report.corroborated) confirmed.",
        ]
        if report.machines > 0 { lines.append("\(report.machines) infected machines in the logs.") }
        if report.knownFiles > 0 { lines.append("\(report.knownFiles) files had been read before.") }
        if let text = report.unreadText { lines.append("Lines that were not understood: \(text)") }
        if let text = report.leftOutText { lines.append("Credentials that were not kept: \(text)") }
        for part in report.skipped { lines.append("skipped: \(part.path) at byte \(part.offset): \(part.reason)") }
        if let passed = report.passedOver {
            lines.append("Not looked into: \(passed) files without access to anything (pictures, programs, histories).")
        }
        if report.skippedCount > report.skipped.count { lines.append("… and \(report.skippedCount - report.skipped.count) more parts.") }
        return lines
    }
}
