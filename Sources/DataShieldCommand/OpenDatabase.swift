import DataShield
import Foundation
import Logging
import Postgres

/// The database of a command: the server that DATABASE_URL names, that of a program running on the same data directory, or the private
/// cluster, started for as long as the command takes.
package struct OpenDatabase {
    package let access: DatabaseAccess
    /// Nil when the server is not ours to stop.
    package let cluster: PrivateCluster?
    /// The migrations that were applied.
    let applied: [String]

    /// Finds or starts the server, brings the schema up to date, and finds out how app and system sign in.
    package init(_ settings: Settings, logger: Logger) async throws {
        let url: String
        (url, cluster) = try await Self.find(settings, logger: logger)
        do {
            applied = try await DatabaseMigrations.run(on: PoolConfiguration(url), logger: logger)
            if settings.databaseURL == nil {
                access = PrivateCluster.access(to: url)
            } else {
                access = try await DatabaseAccess.open(url, settings, secrets: try SecretBox.standard(settings), logger: logger)
            }
        } catch {
            await cluster?.stop()
            throw error
        }
    }

    /// Finds or starts the server.
    /// - Returns: the database as its owner, and the cluster when it is ours to stop.
    static func find(_ settings: Settings, logger: Logger) async throws -> (url: String, cluster: PrivateCluster?) {
        if let url = settings.databaseURL { return (url.value, nil) }
        if let url = try PrivateCluster.running(in: settings.dataDirectory) { return (url, nil) }
        let cluster = PrivateCluster(dataDirectory: settings.dataDirectory, user: settings.user, logger: logger)
        return (try await cluster.start(), cluster)
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
            let application = try DataShield.Application.build(.init(settings: settings, access: open.access, logger: logger))
            do { result = .success(try await body(application)) } catch { result = .failure(error) }
            await application.close()
        } catch {
            await open.cluster?.stop()
            throw error
        }
        await open.cluster?.stop()
        return try result.get()
    }

    /// What is wrong with the way to the database, though it can be gone.
    func complaints(_ settings: Settings) -> [String] {
        settings.databaseComplaints + [access.sharing].compactMap(\.self)
    }
}
