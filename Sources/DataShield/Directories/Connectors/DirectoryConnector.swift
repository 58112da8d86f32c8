import Foundation
import Logging

/// A way into one directory, with its credentials. A new kind of directory is one file and one line in ``DirectoryRegistry``.
package protocol DirectoryConnector: Sendable {
    /// What it is, which fields it takes, what it can do.
    static var kind: DirectoryKind { get }

    /// - Throws: ``InvalidInput`` with the fields that cannot be right.
    init(_ configuration: DirectoryConfiguration, _ access: DirectoryAccess) throws

    /// Tries the connection, at little cost.
    /// - Throws: ``DirectoryFailure``, `CancellationError`.
    func test() async throws -> DirectoryTrial

    /// Lists people, page by page, in the order in which the directory gives them. The same person may come again: the later one holds.
    /// A token or page that expires midway is renewed, or the listing fails as a whole.
    /// - Parameters:
    ///   - listing: everybody, or what has changed.
    ///   - deliver: takes a page; one more is fetched meanwhile at most.
    /// - Throws: ``DirectoryFailure``; what `deliver` throws; `CancellationError`. After a failure nothing that was delivered may count.
    func list(_ listing: DirectoryListing, deliver: @Sendable (DirectoryPage) async throws -> Void) async throws -> DirectoryListingEnd

    /// What the directory knows of one account now.
    /// - Throws: ``DirectoryFailure``, `CancellationError`.
    func facts(of externalId: String) async throws -> AccountFacts

    /// The account whose primary address this is, as it would be listed. Where the directory takes an alias for the address, it is the
    /// account behind the alias: whoever asks compares.
    /// - Throws: ``DirectoryFailure``, `CancellationError`.
    func account(at address: String) async throws -> DirectoryPerson

    /// Why it would refuse to do something, whoever's account it is, as far as its configuration tells; nil when it would do it. It asks
    /// nobody.
    func refusal(of action: RemediationType, isWeakResetWanted: Bool) -> String?

    /// Does something to one account, at most once: a call whose answer was lost is not repeated here.
    /// - Parameters:
    ///   - externalId: whose account.
    ///   - isWeakResetWanted: for a reset: the old password may still open the change screen.
    /// - Returns: what was done, in plain words for the log; no secret.
    /// - Throws: ``DirectoryFailure``, `CancellationError`.
    func perform(_ action: RemediationType, on externalId: String, isWeakResetWanted: Bool) async throws -> String
}

extension DirectoryConnector {
    package func account(at address: String) async throws -> DirectoryPerson {
        throw DirectoryFailure.unsupported("This directory knows no accounts by their address.")
    }

    package func refusal(of action: RemediationType, isWeakResetWanted: Bool) -> String? { nil }
}

/// What a connector works with.
package struct DirectoryAccess: Sendable {
    package var outbound: OutboundClient
    /// For addresses that users typed and that are not called over HTTP.
    package var ssrfGuard: SSRFGuard
    /// Where this kind of directory is, when it is not where it usually is: a sandbox, a proxy.
    package var origin: URL?
    package var now: Now
    package var logger: Logger
    /// Waits before another attempt. Tests hand in one that does not.
    package var pause: @Sendable (Duration) async throws -> Void

    package init(
        outbound: OutboundClient, ssrfGuard: SSRFGuard, origin: URL? = nil, now: @escaping Now = { Date() }, logger: Logger,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.outbound = outbound
        self.ssrfGuard = ssrfGuard
        self.origin = origin
        self.now = now
        self.logger = logger
        self.pause = pause
    }
}

/// The kinds of directories that are built in: one line each.
package enum DirectoryRegistry {
    /// Those that we ask. SCIM asks us.
    package static let all: [any DirectoryConnector.Type] = [
        EntraConnector.self,
        GoogleConnector.self,
        OktaConnector.self,
        AWSConnector.self,
        LDAPConnector.self,
    ]

    package static func connector(for type: DirectoryType) -> (any DirectoryConnector.Type)? { all.first { $0.kind.type == type } }
}
