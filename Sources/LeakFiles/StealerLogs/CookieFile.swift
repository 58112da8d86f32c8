import Foundation

/// Files of cookies: Netscape's form, the same with blanks, and JSON. Values are never looked at.
enum CookieFile {
    struct Entry {
        /// Without a leading dot, as written.
        var domain: ByteView
        var name: ByteView
        /// Seconds since 1970; 0 for a cookie that ends with the browser.
        var expires: Int
    }

    /// Hands over every cookie of a file, in order.
    static func read(_ text: ByteView, body: (Entry) -> Void) {
        let text = text.withoutMarks
        let start = text.upTo(256).trimmedLeft
        if let first = start.first, first == UInt8(ascii: "{") || (first == UInt8(ascii: "[") && start.from(1).trimmedLeft.first == UInt8(ascii: "{"))
        {
            readObjects(text, body)
            return
        }
        var lines = LineReader(text)
        while let line = lines.next() {
            if let entry = entry(line.withoutMarks) { body(entry) }
        }
    }

    /// Seven fields: domain, sub-domains, path, secure, expires, name, value; the last may be missing.
    static func entry(_ line: ByteView) -> Entry? {
        var line = line
        if line.hasPrefix("#httponly_") { line = line.from(10) }
        guard let first = line.first, first != UInt8(ascii: "#"), let tab = line.firstIndex(of: ByteView.tab) else { return spaced(line) }
        // Found one by one, without a list: there are thousands of these.
        guard let second = line.firstIndex(of: ByteView.tab, from: tab + 1), isFlag(line[tab + 1..<second]),
            let third = line.firstIndex(of: ByteView.tab, from: second + 1), let fourth = line.firstIndex(of: ByteView.tab, from: third + 1),
            isFlag(line[third + 1..<fourth]), let fifth = line.firstIndex(of: ByteView.tab, from: fourth + 1)
        else { return spaced(line) }
        let end = line.firstIndex(of: ByteView.tab, from: fifth + 1) ?? line.count
        return entry(domain: line.upTo(tab), expires: line[fourth + 1..<fifth], name: line[fifth + 1..<end])
    }

    /// Blanks instead of tabs: only when exactly seven parts result, because a value may hold blanks.
    private static func spaced(_ line: ByteView) -> Entry? {
        guard line.count >= 16, line.count <= 8_192, line.first != UInt8(ascii: "#") else { return nil }
        var parts: [ByteView] = []
        var index = 0
        while index < line.count {
            while index < line.count, ByteView.isBlank(line[index]) { index += 1 }
            let start = index
            while index < line.count, !ByteView.isBlank(line[index]) { index += 1 }
            guard index > start else { break }
            guard parts.count < 7 else { return nil }
            parts.append(line[start..<index])
        }
        guard parts.count == 7, isFlag(parts[1]), isFlag(parts[3]) else { return nil }
        return entry(domain: parts[0], expires: parts[4], name: parts[5])
    }

    private static func entry(domain: ByteView, expires: ByteView, name: ByteView) -> Entry? {
        var domain = domain.trimmed
        while domain.first == ByteView.dot { domain = domain.from(1) }
        let name = name.trimmed
        guard domain.count >= 3, domain.count <= 253, name.count >= 1, name.count <= 256, domain.allSatisfy(isDomainByte) else { return nil }
        return Entry(domain: domain, name: name, expires: seconds(expires.trimmed))
    }

    @inline(__always) private static func isDomainByte(_ byte: UInt8) -> Bool {
        SiteAddress.isHostByte(byte) || byte == ByteView.colon || byte == 0x5B || byte == 0x5D
    }

    private static func isFlag(_ text: ByteView) -> Bool { text.equals("true") || text.equals("false") || text.equals("1") || text.equals("0") }

    /// Browsers count in seconds, some tools in milliseconds, Chromium's tables in microseconds since 1601.
    private static func seconds(_ text: ByteView) -> Int {
        guard let number = text.upTo(text.firstIndex(of: ByteView.dot) ?? text.count).wholeNumber else { return 0 }
        if number > 10_000_000_000_000_000 { return max(0, number / 1_000_000 - 11_644_473_600) }
        return number > 100_000_000_000 ? number / 1_000 : number
    }

    /// An array of objects, or one object after the other.
    private static func readObjects(_ text: ByteView, _ body: (Entry) -> Void) {
        // `{"cookies": [{…}]}`: the list is what counts.
        var index = text.upTo(256).firstIndex(of: UInt8(ascii: "[")) ?? 0
        while let open = text.firstIndex(of: UInt8(ascii: "{"), from: index) {
            let object = text[open..<text.count].upTo(16 * 1024)
            var domain = ByteView.empty
            var name = ByteView.empty
            var expires = ByteView.empty
            let read = JSONObjectReader.read(object, from: 1)
            for member in read.members {
                if member.isInList { continue }
                if member.name.equals("domain") || member.name.equals("host") || member.name.equals("host_key") { domain = member.value }
                if member.name.equals("name") { name = member.value }
                if member.name.equals("expirationdate") || member.name.equals("expires") || member.name.equals("expiry")
                    || member.name.equals("expires_utc")
                {
                    expires = member.value
                }
            }
            index = open + max(1, read.end)
            if let entry = entry(domain: domain, expires: expires, name: name) { body(entry) }
        }
    }

    /// Whether a cookie by its name keeps somebody signed in.
    static func isSessionName(_ name: ByteView) -> Bool {
        for word in sessionNames where name.equals(word) { return true }
        for word in sessionPrefixes where name.hasPrefix(word) { return true }
        return name.hasSuffix("_session") || name.contains("sessionid") || name.contains("session_id") || name.contains("session-id")
            || name.contains("accesstoken") || name.contains("access_token") || name.contains("access-token")
    }

    private static let sessionPrefixes: [StaticString] = ["sess_", "sess-", "sso_", "sso-", "oauth_", "oauth-"]

    private static let sessionNames: [StaticString] = [
        "sid", "ssid", "hsid", "sapisid", "__secure-1psid", "__secure-3psid", "estsauth", "estsauthpersistent", "xs", "c_user", "user_session",
        "auth_token",
        "jsessionid", "phpsessid", "asp.net_sessionid", "connect.sid", "laravel_session", "cloud.session.token", "tenant.session.token",
        "cf_authorization",
    ]
}
