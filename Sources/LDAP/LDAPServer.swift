import Glibc

/// A directory server, and how it is talked to.
package struct LDAPServer: Sendable, Hashable {
    /// As the certificate names it: a host name or an IP address, without brackets.
    package var host: String
    /// The IP address that is connected to. Who finds it out decides where the connection may lead; the name is not resolved again.
    package var address: String
    package var port: Int
    package var security: Security
    package var trust: Trust
    /// For connecting and agreeing on encryption.
    package var connectTimeout: Duration
    /// For one operation, or one page of a search.
    package var operationTimeout: Duration

    /// How the connection is encrypted.
    package enum Security: Sendable, Hashable {
        /// From the first byte on.
        case tls
        /// After the StartTLS operation (RFC 4511, section 4.14). A server that refuses it is not talked to.
        case startTLS
        case none
    }

    /// Whose signature makes a server's certificate a good one.
    package enum Trust: Sendable, Hashable {
        /// The authorities that the system trusts.
        case system
        /// These alone, in PEM.
        case certificates(String)
    }

    package init(
        host: String, address: String, port: Int, security: Security, trust: Trust = .system, connectTimeout: Duration = .seconds(10),
        operationTimeout: Duration = .seconds(60)
    ) {
        self.host = host
        self.address = address
        self.port = port
        self.security = security
        self.trust = trust
        self.connectTimeout = connectTimeout
        self.operationTimeout = operationTimeout
    }

    /// Whether a text can stand as the host of a URL: anything else would be read as another part of it.
    package static func isHost(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        if text.utf8.contains(UInt8(ascii: ":")) { return isIPv6(text) }
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            !label.isEmpty && label.count <= 63 && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { byte in
                    (97...122).contains(byte | 0x20) || (48...57).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                }
        }
    }

    private static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }

    /// What libldap takes the host for the certificate check from.
    var url: String { "ldap://\(host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host):\(port)" }
}
