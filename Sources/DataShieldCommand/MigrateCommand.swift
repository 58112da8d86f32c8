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
        var cluster: PrivateCluster?
        let url: String
        if let given = settings.databaseURL?.value {
            url = given
        } else if let running = try PrivateCluster.running(in: settings.dataDirectory) {
            url = running
        } else {
            let own = PrivateCluster(dataDirectory: settings.dataDirectory, logger: logger)
            url = try await own.start()
            cluster = own
        }
        do {
            try await migrate(PoolConfiguration(url), logger)
        } catch {
            await cluster?.stop()
            throw error
        }
        await cluster?.stop()
    }

    private func migrate(_ configuration: PoolConfiguration, _ logger: Logger) async throws {
        if status {
            for migration in try await DatabaseMigrations.status(on: configuration, logger: logger) { Output.line("\(migration)") }
            return
        }
        let applied = try await DatabaseMigrations.run(on: configuration, logger: logger)
        Output.line(applied.isEmpty ? "The schema is up to date." : "Applied \(applied.joined(separator: ", ")).")
    }
}
