import DataShield
import Foundation
import Logging
import Postgres

/// What a server does with root's rights once it has what it needs of them: it gives them up.
package struct BecomeUser {
    private let account: ServerAccount
    private let mustListenFirst: Bool
    private let logger: Logger

    /// - Parameter listens: whether it answers requests at all.
    package init(_ settings: Settings, listens: Bool = true, logger: Logger) throws {
        account = try ServerAccount.serving(settings)
        // Only root may listen at these.
        mustListenFirst = listens && (1..<1024).contains(settings.port)
        self.logger = logger
    }

    /// Called when settings and key are read, the cluster runs and the program is put together: before anything of anybody's is read.
    /// - Parameter application: whose database must be reachable afterwards, too. It is closed when it does not come to serving.
    package func beforeServing(_ application: DataShield.Application) async throws {
        guard account.isOther, !mustListenFirst else { return }
        do {
            try become()
        } catch {
            await application.close()
            throw error
        }
        do {
            _ = try await application.system.first("SELECT 1", as: Int.self)
        } catch {
            await application.close()
            throw CommandFailure(
                "As the user \(account.name), whom the server became because root started it, it does not reach the database (\(error)). "
                    + "Set DATASHIELD_USER to a user who does.")
        }
    }

    /// Called once the server listens.
    package func whenListening() {
        guard account.isOther else { return }
        do {
            try become()
        } catch {
            // It answers already: as root it must not.
            FileHandle.standardError.write(Data("datashield: \(error)\n".utf8))
            Foundation.exit(1)
        }
    }

    private func become() throws {
        try account.become()
        logger.info("The server gave up root", metadata: ["user": "\(account.name)"])
        guard !account.isOfItsOwn else { return }
        logger.notice(
            "The server has no user of its own: make one with `useradd --system datashield`, or set DATASHIELD_USER",
            metadata: ["user": "\(account.name)"])
    }
}
