import DataShieldTestSupport
import Foundation
import LDAP
import Logging
import Synchronization
import Testing

@testable import DataShield

/// Connectors to servers of the tests.
enum LDAPWorld {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// - Parameter values: in place of what would be right.
    static func connector(
        to slapd: SlapdServer, _ values: [String: String] = [:], allowed: [String] = ["127.0.0.1"], now: @escaping Now = { Date() }
    ) async throws -> LDAPConnector {
        let right = [
            "host": "127.0.0.1", "port": String(slapd.tlsPort), "bindDN": slapd.readerName, "bindPassword": slapd.password, "baseDN": slapd.base,
            "caCertificate": slapd.tlsPort == 0 ? "" : try slapd.authority,
        ]
        return try await connector(right.merging(values) { $1 }, allowed: allowed, now: now)
    }

    static func connector(
        _ values: [String: String], allowed: [String] = ["127.0.0.1"], now: @escaping Now = { Date() }
    ) async throws -> LDAPConnector {
        let ssrfGuard = SSRFGuard(allowed: allowed.compactMap { AllowedHost($0) })
        let outbound = OutboundClient(ssrfGuard: ssrfGuard)
        let configuration = try DirectoryConfiguration(values, of: LDAPConnector.kind)
        let result = Result { try LDAPConnector(configuration, DirectoryAccess(outbound: outbound, ssrfGuard: ssrfGuard, now: now, logger: logger)) }
        // It is not called over HTTP.
        await outbound.shutdown()
        return try result.get()
    }

    /// Says so when a call does not fail as it should.
    static func expect(
        _ expected: DirectoryFailure, at location: SourceLocation = #_sourceLocation, _ body: () async throws -> any Sendable
    ) async {
        let failure = await failure(body)
        #expect(failure == expected, sourceLocation: location)
    }

    /// What goes wrong in a call.
    static func failure(_ body: () async throws -> any Sendable) async -> DirectoryFailure? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? DirectoryFailure
        }
    }
}

/// A listing with all its people.
struct Listed: Sendable {
    let people: [DirectoryPerson]
    let pages: Int
    let end: DirectoryListingEnd

    subscript(_ email: String) -> DirectoryPerson? { people.first { $0.email == email } }
}

extension LDAPConnector {
    func listed(_ listing: DirectoryListing = .everybody) async throws -> Listed {
        let pages = Mutex<[DirectoryPage]>([])
        let end = try await list(listing) { page in pages.withLock { $0.append(page) } }
        return pages.withLock { Listed(people: $0.flatMap(\.people), pages: $0.count, end: end) }
    }
}
