import DataShield
import Foundation
import Logging
import Postgres
import PostgresCluster

/// What a server does with root's rights once it has what it needs of them: it gives them up.
package struct BecomeUser {
    private let account: ServerAccount
    private let logger: Logger
    /// Opens when a server that had to listen as root, because only root may at its port, is root no more; nothing is to be worked on before.
    /// Nil when it has not to.
    package let gate: Gate?

    /// - Parameter listens: whether it answers requests at all.
    package init(_ settings: Settings, listens: Bool = true, logger: Logger) throws {
        account = try ServerAccount(serving: settings)
        gate = account.isOther && listens && (1..<1024).contains(settings.port) ? Gate() : nil
        self.logger = logger
    }

    /// Called when settings and key are read, the cluster runs and the program is put together: before anything of anybody's is read.
    /// - Parameter application: whose database must be reachable afterwards, too. It is closed when it does not come to serving.
    package func beforeServing(_ application: DataShield.Application) async throws {
        guard account.isOther, gate == nil else { return }
        do {
            try await become(application)
        } catch {
            await application.close()
            throw error
        }
    }

    /// Called once the server listens, which answers nobody before this has returned.
    package func whenListening(_ application: DataShield.Application) async {
        guard let gate else { return }
        do {
            try await become(application)
        } catch {
            // As root it must not go on.
            FileHandle.standardError.write(Data("datashield: \(error)\n".utf8))
            Foundation.exit(1)
        }
        gate.open()
    }

    private func become(_ application: DataShield.Application) async throws {
        try account.become()
        logger.info("The server gave up root", metadata: ["user": "\(account.name)"])
        do {
            _ = try await application.system.first("SELECT 1", as: Int.self)
        } catch {
            throw CommandFailure(
                "As the user \(account.name), whom the server became because root started it, it does not reach the database (\(error)). "
                    + "Set DATASHIELD_USER to a user who does.")
        }
        guard !account.isOfItsOwn else { return }
        logger.notice(
            "The server has no user of its own: make one with `useradd --system datashield`, or set DATASHIELD_USER",
            metadata: ["user": "\(account.name)"])
    }
}
