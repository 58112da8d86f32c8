import ArgumentParser
import DataShield
import Foundation

struct EmployeesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "employees", abstract: "Reads staff lists.", subcommands: [Import.self])

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Reads a staff list from a CSV file.",
            discussion: "Columns are found by their names, in any order; only the address is needed. The same file twice changes nothing.")

        @OptionGroup var options: SettingsOptions
        @OptionGroup var company: CompanyOption

        @Argument(help: "The file: comma, semicolon or tab between its columns.", completion: .file())
        var file: String

        func run() async throws {
            guard FileManager.default.isReadableFile(atPath: file) else { throw CommandFailure("The file \(file) cannot be read.") }
            let (file, company) = (file, company)
            try await OpenDatabase.with(options) { application in
                let subject = try await company.subject(in: application)
                let report = try await application.employees.importCSV(file: file, by: subject)
                Output.line(
                    "\(report.rows) rows: \(report.added) added, \(report.changed) changed, \(report.unchanged) unchanged, "
                        + "\(report.rejectedCount) rejected.")
                for rejection in report.rejected { Output.line("line \(rejection.line): \(rejection.reason)") }
                if report.rejectedCount > report.rejected.count {
                    Output.line("… and \(report.rejectedCount - report.rejected.count) more.")
                }
            }
        }
    }
}
