import DataShield
import Foundation
import Logging
import Postgres

/// The database of a command: the server that DATABASE_URL names, that of a program running on the same data directory, or the private
/// cluster, started for as long as the command takes.
package struct OpenDatabase {
    package let url: String
    /// Nil when the server is not ours to stop.
    package let cluster: PrivateCluster?

    /// Finds or starts the server and brings the schema up to date.
    package init(_ settings: Settings, logger: Logger) async throws {
        if let url = settings.databaseURL {
            self.url = url.value
            cluster = nil
        } else if let url = try PrivateCluster.running(in: settings.dataDirectory) {
            self.url = url
            cluster = nil
        } else {
            let cluster = PrivateCluster(dataDirectory: settings.dataDirectory, logger: logger)
            url = try await cluster.start()
            self.cluster = cluster
        }
        do {
            try await DatabaseMigrations.run(on: PoolConfiguration(url), logger: logger)
        } catch {
            await cluster?.stop()
            throw error
        }
    }

    /// Puts the program together on a database, lends it to a closure, and lets go of all again.
    static func with<R>(
        _ options: SettingsOptions, _ body: (DataShield.Application) async throws -> R
    ) async throws -> R {
        let settings = try options.read()
        let logger = Logger.standard(max(settings.logLevel, .warning))
        let open = try await OpenDatabase(settings, logger: logger)
        let result: Result<R, any Error>
        do {
            let application = try DataShield.Application.build(.init(settings: settings, databaseURL: open.url, logger: logger))
            do { result = .success(try await body(application)) } catch { result = .failure(error) }
            await application.close()
        } catch {
            await open.cluster?.stop()
            throw error
        }
        await open.cluster?.stop()
        return try result.get()
    }
}
