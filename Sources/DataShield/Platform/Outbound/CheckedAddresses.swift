import Foundation
import Synchronization

/// The addresses of hosts that users typed: each call goes only to the one address that the ``SSRFGuard`` has checked for its host, so that
/// a later answer of the name service changes nothing. A check holds for a short while, so that many calls to one host need neither a
/// check nor a handshake each; then the host is checked again.
final class CheckedAddresses: Sendable {
    /// For how long a check holds: about as long as name servers let answers be kept that change often.
    static let lifetime = Duration.seconds(60)

    private struct Check {
        let address: IPAddress
        let time: ContinuousClock.Instant

        func holds(at now: ContinuousClock.Instant) -> Bool { now - time < lifetime }
    }

    /// By host.
    private let checks = Mutex<[String: Check]>([:])
    private let ssrfGuard: SSRFGuard
    private let now: @Sendable () -> ContinuousClock.Instant

    init(ssrfGuard: SSRFGuard, now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }) {
        self.ssrfGuard = ssrfGuard
        self.now = now
    }

    /// The address that was checked for this host.
    /// - Parameter limit: how long the name service may take.
    /// - Throws: ``OutboundFailure`` when the host may not be called.
    func address(for url: URL, within limit: Duration = SSRFGuard.patience) async throws -> IPAddress {
        // What a host's check does not look at is looked at each time.
        guard let host = url.host?.lowercased(), !host.isEmpty, url.user == nil, url.password == nil else { throw OutboundFailure.invalidURL }
        if let known = known(host) { return known }
        let address = try await ssrfGuard.check(url, within: limit)
        return checks.withLock { checks in
            let now = now()
            // Another call may have checked the host meanwhile: both checks are good, and with one address there is one connection.
            if let check = checks[host], check.holds(at: now) { return check.address }
            checks = checks.filter { $0.value.holds(at: now) }
            checks[host] = Check(address: address, time: now)
            return address
        }
    }

    private func known(_ host: String) -> IPAddress? {
        checks.withLock { checks in
            guard let check = checks[host], check.holds(at: now()) else { return nil }
            return check.address
        }
    }
}
