import Hummingbird

/// The `Host` of a request, RFC 9112, section 3.2: there is one, and it is a host with or without a port.
enum HostField {
    /// - Throws: ``HTTPFailure/badRequest(_:)``.
    static func check(_ request: Request) throws {
        guard request.headers[.host] == nil else { throw HTTPFailure.badRequest("The request has more than one Host.") }
        guard let host = request.head.authority, !host.isEmpty else { throw HTTPFailure.badRequest("The request has no Host.") }
        guard parts(of: host) != nil else { throw HTTPFailure.badRequest("The request's Host is not a host name or address.") }
    }

    /// Whether a host is a name or address of the very machine. Whoever gets a browser here to ask us under a name of theirs (DNS
    /// rebinding) cannot make it say one of these.
    static func isLocal(_ host: String?) -> Bool {
        guard let name = host.flatMap({ parts(of: $0) })?.name else { return false }
        return name.lowercased() == "localhost" || IPAddress(name)?.isLoopback == true
    }

    /// The host, an address of IPv6 in its brackets, and the port's digits.
    static func parts(of text: String) -> (name: String, port: String?)? {
        let bytes = Array(text.utf8)
        guard bytes.count <= 300 else { return nil }
        let end: Int
        if bytes.first == UInt8(ascii: "[") {
            guard let bracket = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            end = bracket + 1
            guard let address = IPAddress(String(decoding: bytes[..<end], as: UTF8.self)), address.isIPv6 else { return nil }
        } else {
            end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
            guard end > 0, bytes[..<end].allSatisfy(isNameByte) else { return nil }
        }
        let name = String(decoding: bytes[..<end], as: UTF8.self)
        guard end < bytes.endIndex else { return (name, nil) }
        let port = bytes[(end + 1)...]
        guard bytes[end] == UInt8(ascii: ":"), port.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        guard port.isEmpty || UInt16(String(decoding: port, as: UTF8.self)) != nil else { return nil }
        return (name, String(decoding: port, as: UTF8.self))
    }

    /// What a name may have by RFC 3986: unreserved, percent-encoded, sub-delims.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-._~%!$&'()*+,;=".utf8.contains(byte)
        }
    }
}
