import Foundation
import Scalars

/// An IPv4 or IPv6 address, and what kind of network it is in.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes. An IPv4 address inside IPv6 (mapped, 6to4, NAT64) stays 16; ``embedded`` finds it.
    package let bytes: [UInt8]

    package init?(_ text: String) {
        var text = text
        if let content = text.content(within: "[", "]") { text = String(content) }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = withUnsafeBytes(of: &four) { Array($0) }
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        bytes = withUnsafeBytes(of: &six) { Array($0) }
    }

    init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    package var isIPv6: Bool { bytes.count == 16 }

    package var description: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let result = bytes.withUnsafeBytes { inet_ntop(isIPv6 ? AF_INET6 : AF_INET, $0.baseAddress, &buffer, socklen_t(buffer.count)) }
        return result == nil ? "" : String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package var isLoopback: Bool {
        if let inner = embedded { return inner.isLoopback }
        return isIPv6 ? bytes == [UInt8](repeating: 0, count: 15) + [1] : bytes[0] == 127
    }

    /// The IPv4 address that an IPv6 one stands for: `::ffff:10.0.0.1`, `::10.0.0.1`, `64:ff9b::…`, `2002:…`.
    var embedded: IPAddress? {
        guard isIPv6 else { return nil }
        let zeros = bytes.prefix(10).allSatisfy { $0 == 0 }
        if zeros, bytes[10] == 0xFF, bytes[11] == 0xFF { return IPAddress(bytes: Array(bytes[12...])) }
        if zeros, bytes[10] == 0, bytes[11] == 0, bytes[12] != 0 { return IPAddress(bytes: Array(bytes[12...])) }
        // Only this /96: in networks of an operator's own beside it (64:ff9b:1::/48), the address lies elsewhere.
        if bytes.starts(with: [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) { return IPAddress(bytes: Array(bytes[12...])) }
        if bytes.starts(with: [0x20, 0x02]) { return IPAddress(bytes: Array(bytes[2..<6])) }
        return nil
    }

    /// Whether the address belongs to the public internet: not to a private, local, shared, test or multicast network, nor to one
    /// of the addresses where clouds hand out credentials (169.254.169.254, fd00:ec2::254, 100.100.100.200 lie in such networks).
    package var isPublic: Bool {
        if let inner = embedded { return inner.isPublic }
        let networks = isIPv6 ? Self.closed6 : Self.closed4
        return !networks.contains { $0.contains(self) } && (!isIPv6 || bytes[0] & 0xE0 == 0x20)
    }

    private static let closed4 = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        // Azure's wire server, public by its number only.
        "168.63.129.16/32",
    ].compactMap { Network($0) }
    private static let closed6 = ["2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16"].compactMap { Network($0) }
}

/// A network in CIDR notation.
package struct Network: Hashable, Sendable {
    package let address: IPAddress
    package let length: Int

    package init?(_ text: String) {
        let parts = text.parts(between: "/", keepsEmpty: true)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]), (0...address.bytes.count * 8).contains(length)
        else {
            return nil
        }
        self.address = address
        self.length = length
    }

    package func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return other.embedded.map { contains($0) } ?? false }
        return (0..<length).allSatisfy { bit in (address.bytes[bit / 8] ^ other.bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0 }
    }
}

/// An entry of DATASHIELD_ALLOWED_HOSTS.
package enum AllowedHost: Hashable, Sendable {
    case name(String)
    case network(Network)

    package init?(_ text: String) {
        let text = text.trimmingCharacters(in: .whitespaces).lowercased()
        if let network = Network(text) {
            self = .network(network)
        } else if let address = IPAddress(text), let network = Network("\(address)/\(address.bytes.count * 8)") {
            self = .network(network)
        } else if text.count <= 253, !text.isEmpty, text.utf8.allSatisfy(Self.isNameByte) {
            self = .name(text)
        } else {
            return nil
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }
}
