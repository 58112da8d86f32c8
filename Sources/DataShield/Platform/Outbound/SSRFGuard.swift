import Foundation

/// Keeps calls to addresses that a user typed away from our own network: the name is resolved, every address is checked, and the
/// call goes to the address that was checked, so that a second answer of the name service changes nothing.
package struct SSRFGuard: Sendable {
    /// How long a name service may take for whoever sets no time of their own.
    package static let patience = Duration.seconds(10)

    let allowed: [AllowedHost]
    /// Finds a name's addresses. Handed in by tests.
    let resolve: @Sendable (String) async throws -> [IPAddress]

    /// The system's name service is asked.
    package init(allowed: [AllowedHost]) { self.init(allowed: allowed) { try await NameLookup.system.addresses(of: $0) } }

    package init(allowed: [AllowedHost], resolve: @escaping @Sendable (String) async throws -> [IPAddress]) {
        self.allowed = allowed
        self.resolve = resolve
    }

    /// The address to connect to.
    /// - Parameter limit: how long the name service may take.
    /// - Throws: ``OutboundFailure/forbiddenAddress`` when any address of the name is closed to us: a name that has both kinds is a
    ///   trick; ``OutboundFailure/unknownHost`` when it has none; ``OutboundFailure/timedOut`` when the name service does not say in time.
    package func check(_ url: URL, within limit: Duration = SSRFGuard.patience) async throws -> IPAddress {
        guard let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme), let host = url.host, !host.isEmpty, url.user == nil,
            url.password == nil
        else { throw OutboundFailure.invalidURL }
        return try await check(host: host, within: limit)
    }

    /// The address to connect to, for what is not called by a URL.
    /// - Parameters:
    ///   - host: a name or an IP address.
    ///   - limit: how long the name service may take.
    /// - Throws: as for a URL.
    package func check(host: String, within limit: Duration = SSRFGuard.patience) async throws -> IPAddress {
        let name = host.lowercased()
        let addresses: [IPAddress]
        if let address = IPAddress(name) {
            addresses = [address]
        } else {
            addresses = try await self.addresses(of: name, within: limit)
        }
        guard let first = addresses.first else { throw OutboundFailure.unknownHost }
        if allowed.contains(.name(name)) { return first }
        guard addresses.allSatisfy({ $0.isPublic || isAllowed($0) }) else { throw OutboundFailure.forbiddenAddress }
        return first
    }

    private func addresses(of name: String, within limit: Duration) async throws -> [IPAddress] {
        try await withThrowingTaskGroup(of: [IPAddress].self) { group in
            group.addTask { try await resolve(name) }
            group.addTask {
                try await Task.sleep(for: limit)
                throw OutboundFailure.timedOut
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }

    private func isAllowed(_ address: IPAddress) -> Bool {
        allowed.contains { if case .network(let network) = $0 { network.contains(address) } else { false } }
    }
}
