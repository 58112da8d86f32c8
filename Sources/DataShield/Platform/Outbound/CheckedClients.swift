import AsyncHTTPClient
import Foundation
import Synchronization

/// The clients for addresses that users typed: each connects only to the one address that the ``SSRFGuard`` has checked for its host, so
/// that a later answer of the name service changes nothing. A client is kept for a short while, so that many calls to one host need
/// neither a check nor a handshake each; then the host is checked again.
final class CheckedClients: Sendable {
    /// For how long a check holds: about as long as name servers let answers be kept that change often.
    static let lifetime = Duration.seconds(60)

    /// A client on loan.
    struct Lease: Sendable {
        let client: HTTPClient
        fileprivate let id: UInt64
    }

    private struct Entry {
        let client: HTTPClient
        let host: String
        let checkedAt: ContinuousClock.Instant
        var users: Int
    }

    private struct State {
        var entries: [UInt64: Entry] = [:]
        /// The entry to lend, by host.
        var current: [String: UInt64] = [:]
        var next: UInt64 = 0
        var isClosed = false

        mutating func take(_ host: String, now: ContinuousClock.Instant) -> Lease? {
            guard let id = current[host], let entry = entries[id], now - entry.checkedAt < lifetime else { return nil }
            entries[id]?.users += 1
            return Lease(client: entry.client, id: id)
        }

        /// Takes out those that nobody uses and nobody will: the caller closes them.
        mutating func sweep(now: ContinuousClock.Instant) -> [HTTPClient] {
            let idle = entries.filter { id, entry in
                entry.users == 0 && (current[entry.host] != id || now - entry.checkedAt >= lifetime)
            }
            for (id, entry) in idle {
                entries[id] = nil
                if current[entry.host] == id { current[entry.host] = nil }
            }
            return idle.values.map(\.client)
        }
    }

    private let state = Mutex(State())
    private let guardian: SSRFGuard
    private let configuration: HTTPClient.Configuration
    private let now: @Sendable () -> ContinuousClock.Instant

    init(
        guardian: SSRFGuard, configuration: HTTPClient.Configuration = OutboundClient.configuration(),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.guardian = guardian
        self.configuration = configuration
        self.now = now
    }

    /// A client that connects to the address that was checked for this host.
    /// - Throws: ``OutboundFailure`` when the host may not be called.
    func lend(for url: URL) async throws -> Lease {
        // What a host's check does not look at is looked at each time.
        guard let host = url.host, !host.isEmpty, url.user == nil, url.password == nil else { throw OutboundFailure.invalidURL }
        // By the host as it is written: that is what a client's override goes by.
        if let lease = state.withLock({ $0.take(host, now: now()) }) { return lease }
        let address = try await guardian.check(url)
        var configuration = configuration
        configuration.dnsOverride = [host: address.description]
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let (lease, idle) = state.withLock { state -> (Lease?, [HTTPClient]) in
            guard !state.isClosed else { return (nil, [client]) }
            // Another call may have checked the host meanwhile: both checks are good, and one client is enough.
            if let lease = state.take(host, now: now()) { return (lease, [client] + state.sweep(now: now())) }
            state.next += 1
            state.entries[state.next] = Entry(client: client, host: host, checkedAt: now(), users: 1)
            state.current[host] = state.next
            return (Lease(client: client, id: state.next), state.sweep(now: now()))
        }
        await close(idle)
        guard let lease else { throw CancellationError() }
        return lease
    }

    /// Takes a client back.
    func giveBack(_ lease: Lease) async {
        await close(
            state.withLock { state in
                state.entries[lease.id]?.users -= 1
                return state.sweep(now: now())
            })
    }

    /// Closes all; those on loan too, whose calls end with an error.
    func shutdown() async {
        await close(
            state.withLock { state in
                state.isClosed = true
                defer { (state.entries, state.current) = ([:], [:]) }
                return state.entries.values.map(\.client)
            })
    }

    private func close(_ clients: [HTTPClient]) async {
        // try?: that a connection does not close well changes nothing for the caller.
        for client in clients { try? await client.shutdown() }
    }
}
