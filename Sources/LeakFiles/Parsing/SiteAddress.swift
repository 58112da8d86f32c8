/// The address of a site at the beginning of a text, as far as it can be told from what follows: scheme, host and port, not the path.
struct SiteAddress {
    /// nil for an app, a file and what else has no host.
    var host: ByteView?
    var hasScheme: Bool
    /// Login and secret that stand in the address itself, `https://login:secret@host/`.
    var login: ByteView?
    var secret: ByteView?
    /// Where the host and its port end.
    var end: Int

    /// - Parameter separator: what ends a field in this line; 0 when the text is an address and nothing else.
    static func read(_ text: ByteView, separator: UInt8) -> SiteAddress? {
        if let scheme = schemeLength(text) { return readBehindScheme(text, scheme: scheme, separator: separator) }
        guard let first = text.first else { return nil }
        if first == UInt8(ascii: "[") {
            guard let end = bracketEnd(text, from: 0) else { return nil }
            return withPort(text, host: text[1..<end - 1], hostEnd: end, hasScheme: false, separator: separator)
        }
        let end = hostEnd(text, from: 0)
        let host = text.upTo(end)
        guard looksLikeHost(host) else { return nil }
        if end < text.count {
            switch text[end] {
            case ByteView.colon, ByteView.slash, UInt8(ascii: "?"), UInt8(ascii: "#"), ByteView.blank, ByteView.tab, ByteView.pipe,
                ByteView.semicolon, ByteView.comma:
                break
            default: return nil
            }
        }
        return withPort(text, host: host, hostEnd: end, hasScheme: false, separator: separator)
    }

    /// The host of a text that is an address and nothing else.
    static func host(of value: ByteView) -> String? {
        guard let host = read(value.trimmed.withoutMarks, separator: 0)?.host else { return nil }
        return hostName(host)
    }

    /// A host as it is compared: lower-cased, without dots at the end.
    static func hostName(_ host: ByteView) -> String? {
        var end = host.count
        while end > 0, host[end - 1] == ByteView.dot { end -= 1 }
        let host = host.upTo(end)
        guard !host.isEmpty, host.count <= 253 else { return nil }
        let name = host.lowercasedText(limit: 253)
        return name.isEmpty ? nil : DomainName.ascii(name)
    }

    /// How long `scheme://` is at the beginning.
    static func schemeLength(_ text: ByteView) -> Int? {
        var index = 0
        while index < min(text.count, 24) {
            let byte = text[index]
            if byte == ByteView.colon {
                guard index >= 2, index + 2 < text.count, text[index + 1] == ByteView.slash, text[index + 2] == ByteView.slash else { return nil }
                return index + 3
            }
            guard ByteView.isLetter(byte) || (index > 0 && (ByteView.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+"))) else {
                return nil
            }
            index += 1
        }
        return nil
    }

    private static func readBehindScheme(_ text: ByteView, scheme: Int, separator: UInt8) -> SiteAddress? {
        if text.hasPrefix("android://") { return readApp(text) }
        let isLocal = text.hasPrefix("chrome") || text.hasPrefix("file:") || text.hasPrefix("about:") || text.hasPrefix("moz-extension:")
        if let inside = readUserInformation(text, scheme: scheme, separator: separator) { return inside }
        var end: Int
        var host: ByteView
        if scheme < text.count, text[scheme] == UInt8(ascii: "[") {
            guard let bracket = bracketEnd(text, from: scheme) else { return nil }
            end = bracket
            host = text[scheme + 1..<bracket - 1]
        } else {
            end = hostEnd(text, from: scheme)
            host = text[scheme..<end]
            // A name without a secret before the host.
            if end < text.count, text[end] == ByteView.at, !host.isEmpty {
                let second = hostEnd(text, from: end + 1)
                if second > end + 1 {
                    host = text[end + 1..<second]
                    end = second
                }
            }
        }
        if host.isEmpty {
            guard isLocal || (end < text.count && text[end] == ByteView.slash) else { return nil }
            return SiteAddress(host: nil, hasScheme: true, end: end)
        }
        var site = withPort(text, host: host, hostEnd: end, hasScheme: true, separator: separator)
        if isLocal { site.host = nil }
        return site
    }

    /// `android://CERTIFICATE@PACKAGE/`.
    private static func readApp(_ text: ByteView) -> SiteAddress? {
        var index = 10
        while index < text.count, text[index] != ByteView.at {
            let byte = text[index]
            guard ByteView.isLetter(byte) || ByteView.isDigit(byte) || [UInt8(ascii: "-"), 0x5F, UInt8(ascii: "="), 0x2B, 0x2F].contains(byte) else {
                return nil
            }
            index += 1
        }
        guard index < text.count else { return nil }
        index += 1
        let start = index
        while index < text.count,
            ByteView.isLetter(text[index]) || ByteView.isDigit(text[index]) || text[index] == ByteView.dot || text[index] == 0x5F
        {
            index += 1
        }
        guard index > start else { return nil }
        if index < text.count, text[index] == ByteView.slash { index += 1 }
        return SiteAddress(host: nil, hasScheme: true, end: index)
    }

    /// `https://login:secret@host/` against `https://host:login@example.com:secret`.
    private static func readUserInformation(_ text: ByteView, scheme: Int, separator: UInt8) -> SiteAddress? {
        var authorityEnd = scheme
        var colon: Int?
        var at: Int?
        scan: while authorityEnd < text.count {
            let byte = text[authorityEnd]
            switch byte {
            case ByteView.slash, UInt8(ascii: "?"), UInt8(ascii: "#"), ByteView.blank, ByteView.tab, ByteView.pipe: break scan
            case ByteView.colon: if colon == nil { colon = authorityEnd }
            case ByteView.at: at = authorityEnd
            case separator where separator != 0: break scan
            default: break
            }
            authorityEnd += 1
        }
        guard let colon, let at, colon < at, colon > scheme else { return nil }
        let login = text[scheme..<colon]
        let end = hostEnd(text, from: at + 1)
        let host = text[at + 1..<end]
        guard !host.isEmpty else { return nil }
        var hostAndPort = end
        if end < authorityEnd, text[end] == ByteView.colon {
            hostAndPort = end + 1
            while hostAndPort < authorityEnd, ByteView.isDigit(text[hostAndPort]) { hostAndPort += 1 }
            // Another field behind the host, which the search for the last @ ran over.
            let isPort = hostAndPort > end + 1 && hostAndPort - end <= 6
            if !isPort || (hostAndPort < authorityEnd && text[hostAndPort] != ByteView.colon) { hostAndPort = end }
        }
        guard hostAndPort == authorityEnd || text[hostAndPort] == ByteView.colon else { return nil }
        if looksLikeHost(login) {
            // `host:login@domain:secret` and `host:login@domain` look the same up to here: only a slash behind the domain tells.
            let isClosed = hostAndPort == authorityEnd && end == hostAndPort && authorityEnd < text.count && text[authorityEnd] == ByteView.slash
            guard isClosed || separator == 0 else { return nil }
        } else if hostAndPort < authorityEnd || !looksLikeHost(host) && separator != 0 {
            // `https://intranet:login@example.com:secret`.
            guard hostAndPort == authorityEnd else { return nil }
        }
        return SiteAddress(host: host, hasScheme: true, login: login, secret: text[colon + 1..<at], end: hostAndPort)
    }

    /// Digits behind the host are a port only when something follows that a port would need.
    private static func withPort(_ text: ByteView, host: ByteView, hostEnd: Int, hasScheme: Bool, separator: UInt8) -> SiteAddress {
        var site = SiteAddress(host: host, hasScheme: hasScheme, end: hostEnd)
        guard hostEnd < text.count, text[hostEnd] == ByteView.colon else { return site }
        var index = hostEnd + 1
        var port = 0
        while index < text.count, index - hostEnd <= 5, ByteView.isDigit(text[index]) {
            port = port * 10 + Int(text[index] - 48)
            index += 1
        }
        guard index > hostEnd + 1, port <= 65_535 else { return site }
        guard index < text.count else {
            // `https://host:12345` alone: with the colon as separator the digits would be a login without a secret.
            if separator != ByteView.colon { site.end = index }
            return site
        }
        switch text[index] {
        case ByteView.slash, UInt8(ascii: "?"), UInt8(ascii: "#"): site.end = index
        case ByteView.colon where separator == ByteView.colon:
            if text.firstIndex(of: ByteView.colon, from: index + 1) != nil { site.end = index }
        case ByteView.blank, ByteView.tab, ByteView.pipe: site.end = index
        case separator where separator != 0: site.end = index
        default: break
        }
        return site
    }

    private static func bracketEnd(_ text: ByteView, from start: Int) -> Int? {
        var index = start + 1
        var colons = 0
        while index < min(text.count, start + 64) {
            let byte = text[index]
            if byte == UInt8(ascii: "]") { return colons >= 2 ? index + 1 : nil }
            if byte == ByteView.colon { colons += 1 }
            guard ByteView.isHex(byte) || byte == ByteView.colon || byte == ByteView.dot || byte == UInt8(ascii: "%") else { return nil }
            index += 1
        }
        return nil
    }

    private static func hostEnd(_ text: ByteView, from start: Int) -> Int {
        var index = start
        while index < text.count, isHostByte(text[index]) { index += 1 }
        return index
    }

    @inline(__always) static func isHostByte(_ byte: UInt8) -> Bool {
        ByteView.isLetter(byte) || ByteView.isDigit(byte) || byte == ByteView.dot || byte == UInt8(ascii: "-") || byte == 0x5F || byte >= 0x80
    }

    /// Whether a name is a host without a scheme having said so: an IPv4 address, or labels of which the last is of letters.
    static func looksLikeHost(_ name: ByteView) -> Bool {
        guard name.count <= 253, let first = name.first, first != ByteView.dot, first != UInt8(ascii: "-") else { return false }
        if name.equals("localhost") { return true }
        var end = name.count
        if name[end - 1] == ByteView.dot { end -= 1 }
        guard let dot = name.lastIndex(of: ByteView.dot, before: end) else { return false }
        let last = name[dot + 1..<end]
        if last.count >= 2, last.allSatisfy({ ByteView.isLetter($0) || $0 >= 0x80 }) || last.hasPrefix("xn--") { return true }
        return ContentKind.isIPv4(name.upTo(end))
    }
}
