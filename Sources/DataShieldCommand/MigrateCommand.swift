import ArgumentParser
import DataShield
import Foundation
import Logging
import Postgres

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database's schema up to date.",
        discussion: "`serve` does it as well; this is for those who want it done before.")

    @OptionGroup var options: SettingsOptions

    @Flag(help: "Only show how each migration stands.")
    var status = false

    func run() async throws {
        let settings = try options.read()
        let logger = Logger.standard(max(settings.logLevel, .warning))
        guard !status else { return try await showStatus(settings, logger) }
        let open = try await OpenDatabase(settings, logger: logger)
        await open.cluster?.stop()
        Output.line(open.applied.isEmpty ? "The schema is up to date." : "Applied \(open.applied.joined(separator: ", ")).")
        for complaint in open.complaints(settings) { Output.line("Beware: \(complaint)") }
    }

    /// Changes nothing.
    private func showStatus(_ settings: Settings, _ logger: Logger) async throws {
        let (url, cluster) = try await OpenDatabase.find(settings, logger: logger)
        do {
            for migration in try await DatabaseMigrations.status(on: PoolConfiguration(url), logger: logger) { Output.line("\(migration)") }
        } catch {
            await cluster?.stop()
            throw error
        }
        await cluster?.stop()
    }
}
