import Foundation
import NIOPosix

/// Keeps calls to addresses that a user typed away from our own network: the name is resolved, every address is checked, and the
/// call goes to the address that was checked, so that a second answer of the name service changes nothing.
package struct SSRFGuard: Sendable {
    let allowed: [AllowedHost]
    /// Finds a name's addresses. Handed in by tests.
    let resolve: @Sendable (String) async throws -> [IPAddress]

    package init(allowed: [AllowedHost], resolve: @escaping @Sendable (String) async throws -> [IPAddress] = SSRFGuard.systemResolve) {
        self.allowed = allowed
        self.resolve = resolve
    }

    /// The address to connect to.
    /// - Throws: ``OutboundFailure/forbiddenAddress`` when any address of the name is closed to us: a name that has both kinds is a
    ///   trick; ``OutboundFailure/unknownHost`` when it has none.
    package func check(_ url: URL) async throws -> IPAddress {
        guard let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme), let host = url.host, !host.isEmpty, url.user == nil,
            url.password == nil
        else { throw OutboundFailure.invalidURL }
        return try await check(host: host)
    }

    /// The address to connect to, for what is not called by a URL.
    /// - Parameter host: a name or an IP address.
    /// - Throws: as for a URL.
    package func check(host: String) async throws -> IPAddress {
        let name = host.lowercased()
        let addresses: [IPAddress]
        if let address = IPAddress(name) {
            addresses = [address]
        } else {
            addresses = try await resolve(name)
        }
        guard let first = addresses.first else { throw OutboundFailure.unknownHost }
        if allowed.contains(.name(name)) { return first }
        guard addresses.allSatisfy({ $0.isPublic || isAllowed($0) }) else { throw OutboundFailure.forbiddenAddress }
        return first
    }

    private func isAllowed(_ address: IPAddress) -> Bool {
        allowed.contains { if case .network(let network) = $0 { network.contains(address) } else { false } }
    }

    /// Asks the system. The call blocks, so it runs on a thread that is made for that.
    package static let systemResolve: @Sendable (String) async throws -> [IPAddress] = { name in
        try await NIOThreadPool.singleton.runIfActive { try addresses(of: name) }
    }

    private static func addresses(of name: String) throws -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { throw OutboundFailure.unknownHost }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = list
        while let entry = next {
            var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(entry.pointee.ai_addr, entry.pointee.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0 {
                let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                // A link-local address has its interface behind a percent sign.
                if let address = IPAddress(String(text.prefix { $0 != "%" })) { addresses.append(address) }
            }
            next = entry.pointee.ai_next
        }
        return addresses
    }
}
