import Scalars

/// Which cookies are kept: those that a browser sends to a site of the records, and those of watched domains and of all below them.
struct CookieScope: Sendable {
    private var domains: Set<String>
    /// The hosts and each domain above them that has a dot.
    private var senders: Set<String> = []
    /// Of both, so that the thousands of others are passed over without a string being made of each.
    private var digests: Set<UInt64> = []

    init(domains: [String]) {
        self.domains = Set(domains)
        digests = Set(domains.map(Self.digest))
    }

    /// Also the cookies of these hosts.
    func adding(_ hosts: Set<String>) -> CookieScope {
        var scope = self
        for host in hosts {
            scope.add(host)
            guard !Array(host.utf8).withUnsafeBytes({ ContentKind.isIPv4(ByteView($0)) }) else { continue }
            var rest = Substring(host)
            while let dot = rest.firstPlace(of: ".") {
                rest = rest[rest.place(behind: dot)...]
                guard rest.has(".") else { break }
                scope.add(String(rest))
            }
        }
        return scope
    }

    private mutating func add(_ sender: String) {
        senders.insert(sender)
        digests.insert(Self.digest(sender))
    }

    /// - Parameter domain: in any case, without a leading dot.
    func includes(_ domain: ByteView) -> Bool {
        var digest = Self.offset
        var index = domain.count
        while index > 0 {
            index -= 1
            digest = (digest ^ UInt64(ByteView.lowercased(domain[index]))) &* Self.prime
            guard index == 0 || domain[index - 1] == ByteView.dot, digests.contains(digest) else { continue }
            let name = domain.from(index).lowercasedText(limit: 253)
            if domains.contains(name) || (index == 0 && senders.contains(name)) { return true }
        }
        return false
    }

    // FNV-1a, from the end: so each domain above another is met on the way.
    private static let offset: UInt64 = 0xcbf2_9ce4_8422_2325
    private static let prime: UInt64 = 0x100_0000_01b3

    private static func digest(_ domain: String) -> UInt64 {
        domain.utf8.reversed().reduce(offset) { ($0 ^ UInt64($1)) &* prime }
    }
}
