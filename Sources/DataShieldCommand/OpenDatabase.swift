import DataShield
import Foundation
import Logging
import Postgres
import PostgresCluster

/// The database of a command: the server that DATABASE_URL names, that of a program running on the same data directory, or the private
/// cluster, started for as long as the command takes.
package struct OpenDatabase {
    package let access: DatabaseAccess
    /// Nil when the server is not ours to stop.
    package let cluster: PrivateCluster?
    /// Logins of other keys than the current one, which open the database all the same.
    let loginsOfOtherKeys: [String]
    /// The migrations that were applied.
    let applied: [String]

    /// Finds or starts the server, brings the schema up to date, and finds out how app and system sign in.
    package init(_ settings: Settings, logger: Logger) async throws {
        let url: String
        (url, cluster) = try await Self.find(settings, logger: logger)
        do {
            applied = try await DatabaseMigrations.run(on: PoolConfiguration(url), logger: logger)
            if settings.databaseURL == nil {
                access = DatabaseAccess.bySocket(url)
                // Nobody signs in there by a password.
                loginsOfOtherKeys = []
            } else {
                let secrets = try SecretBox.standard(settings)
                access = try await DatabaseAccess.open(url, settings, secrets: secrets, logger: logger)
                loginsOfOtherKeys = try await access.loginsOfOtherKeys(than: secrets, logger)
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
        settings.databaseComplaints + [access.sharing, keyComplaint].compactMap(\.self)
    }

    /// Which keys open the database besides the current one, and how to keep them out; nil when none does.
    var keyComplaint: String? {
        guard !loginsOfOtherKeys.isEmpty else { return nil }
        let names = loginsOfOtherKeys.joined(separator: ", ")
        return "Whoever has an earlier key can still sign in to the database as \(names). When no program uses that key any more, run: "
            + "DROP ROLE \(names). If they are another installation's on the same server, keep it from connecting to this database; "
            + "docs/operations.md says how."
    }
}
