import Testing

@testable import LeakFiles

@Suite struct CredentialLineTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var line: String
        var separator = ":"
        var host: String?
        var login: String
        var secret: String
        var confidence: ReadingConfidence?
        var testDescription: String { line }
    }

    static let rows: [Row] = [
        Row(
            line: "https://vpn.example.com/login:alex.doe@example.com:Pw-1", host: "vpn.example.com", login: "alex.doe@example.com", secret: "Pw-1",
            confidence: .high),
        Row(line: "https://vpn.example.com:8443/login:alexd:Pw:2", host: "vpn.example.com", login: "alexd", secret: "Pw:2", confidence: .medium),
        Row(line: "https://vpn.example.com:8443:alexd:Pw-3", host: "vpn.example.com", login: "alexd", secret: "Pw-3"),
        Row(line: "https://vpn.example.com:12345:Pw-4", host: "vpn.example.com", login: "12345", secret: "Pw-4"),
        Row(line: "vpn.example.com:alexd:Pw-5", host: "vpn.example.com", login: "alexd", secret: "Pw-5", confidence: .medium),
        Row(line: "android://AbCd-_==@com.example.app/:alexd:Pw-6", login: "alexd", secret: "Pw-6"),
        Row(line: "https://example.org;sam;p;w;7", separator: ";", host: "example.org", login: "sam", secret: "p;w;7"),
        Row(line: "https://example.org | sam | Pw-8", separator: "|", host: "example.org", login: "sam", secret: "Pw-8"),
        Row(line: "sam@example.net:Pw-9:https://example.org/", host: "example.org", login: "sam@example.net", secret: "Pw-9", confidence: .low),
        Row(line: "https://[2001:db8::1]:443/:root:Pw-10", host: "2001:db8::1", login: "root", secret: "Pw-10"),
        Row(line: "https://alexd:Pw-11@ftp.example.com/", host: "ftp.example.com", login: "alexd", secret: "Pw-11"),
        Row(line: "alex.doe@example.com:Pw-12", login: "alex.doe@example.com", secret: "Pw-12"),
        Row(
            line: "alex.doe@example.com:5f4dcc3b5aa765d61d8327deb882cf99:salt", login: "alex.doe@example.com",
            secret: "5f4dcc3b5aa765d61d8327deb882cf99"),
        Row(line: "https://example.org:sam@example.net:", host: "example.org", login: "sam@example.net", secret: "", confidence: .low),
        Row(line: "https://example.org:sam:Pw-15 | https://t.me/example", host: "example.org", login: "sam", secret: "Pw-15"),
        Row(line: "https://login.example.com.attacker.test/:alexd:Pw-18", host: "login.example.com.attacker.test", login: "alexd", secret: "Pw-18"),
        Row(line: "https://notexample.com/:alexd:Pw-19", host: "notexample.com", login: "alexd", secret: "Pw-19"),
        Row(
            line: "HTTPS://VPN.EXAMPLE.COM./:Alex.Doe@Example.com:Pw-20", host: "vpn.example.com", login: "Alex.Doe@Example.com", secret: "Pw-20",
            confidence: .high),
    ]

    @Test(arguments: rows) func `a line of the reference is read as it says`(_ row: Row) {
        check(row)
    }

    static let shapes: [Row] = [
        Row(line: "https://vpn.example.com:8443/login:alexd:Invented:9!", host: "vpn.example.com", login: "alexd", secret: "Invented:9!"),
        Row(line: "vpn.example.com/login|alexd|Invented-11!", host: "vpn.example.com", login: "alexd", secret: "Invented-11!"),
        Row(
            line: "https://shop.example.org;sam@example.net;Invented;12!", host: "shop.example.org", login: "sam@example.net", secret: "Invented;12!"),
        Row(
            line: "https://shop.example.org\tsam@example.net\tInvented-13!", host: "shop.example.org", login: "sam@example.net",
            secret: "Invented-13!"),
        Row(line: "https://shop.example.org | sam | Invented-14!", host: "shop.example.org", login: "sam", secret: "Invented-14!"),
        Row(line: "alexd:Invented-15!:https://vpn.example.com/", host: "vpn.example.com", login: "alexd", secret: "Invented-15!", confidence: .low),
        Row(
            line: "sam@example.net:Invented-16! https://shop.example.org/", host: "shop.example.org", login: "sam@example.net",
            secret: "Invented-16!", confidence: .low),
        Row(line: "android://AbCdEf0123456789-_AbCdEf==@com.example.app/:alexd:Invented-17!", login: "alexd", secret: "Invented-17!"),
        Row(line: "https://vpn.example.com/login alexd:Invented-18!", host: "vpn.example.com", login: "alexd", secret: "Invented-18!"),
        Row(line: "\"https://vpn.example.com/\",\"alexd\",\"Invented,19!\"", host: "vpn.example.com", login: "alexd", secret: "Invented,19!"),
        Row(line: "\"https://vpn.example.com/\",\"alexd\",\"say \"\"19\"\"\"", host: "vpn.example.com", login: "alexd", secret: "say \"19\""),
        Row(
            line: "https://example.com:sam@example.com:Invented-20! | https://t.me/example you can buy dm @example", host: "example.com",
            login: "sam@example.com", secret: "Invented-20!"),
        Row(
            line: "https://example.com:sam@example.com[to buy @seller]:Invented-21!", host: "example.com", login: "sam@example.com",
            secret: "Invented-21!"),
        Row(line: "https://h.example/a:b?x=1:sam@example.net:Pw", host: "h.example", login: "sam@example.net", secret: "Pw", confidence: .low),
        Row(line: "https://h.example/?mail=a@example.com:u:pw", host: "h.example", login: "u", secret: "pw"),
        Row(line: "https://u:pw@h.example/:sam:Pw", host: "h.example", login: "sam", secret: "Pw"),
        Row(line: "https://intranet:sam@example.net:Pw", host: "intranet", login: "sam@example.net", secret: "Pw"),
        Row(line: "https://h.example/:sam:a:b:c:d", host: "h.example", login: "sam", secret: "a:b:c:d", confidence: .low),
        Row(line: "192.0.2.1:8080:admin:Pw", host: "192.0.2.1", login: "admin", secret: "Pw"),
        Row(line: "http://192.0.2.1:8080/a:admin:Pw", host: "192.0.2.1", login: "admin", secret: "Pw"),
        Row(line: "https://h.example:sam:Pw with blank ", host: "h.example", login: "sam", secret: "Pw with blank "),
        Row(line: "\u{FEFF}https://h.example:sam:Pw", host: "h.example", login: "sam", secret: "Pw"),
        Row(line: "https://m\u{FC}ller.example/:sam:Pw", host: "xn--mller-kva.example", login: "sam", secret: "Pw"),
        Row(line: "alex.doe@example.com;Invented-23!", login: "alex.doe@example.com", secret: "Invented-23!"),
        Row(line: "alex.doe@example.com|Invented-24!", login: "alex.doe@example.com", secret: "Invented-24!"),
        Row(line: "alexd:Invented-25!", login: "alexd", secret: "Invented-25!", confidence: .low),
        Row(line: "+491511234567:Invented-26!", login: "+491511234567", secret: "Invented-26!"),
        Row(line: "alexd:alex.doe@example.com:Pw", login: "alex.doe@example.com", secret: "Pw", confidence: .low),
        Row(line: "https://h.example:sam:UNKNOWN", host: "h.example", login: "sam", secret: ""),
        Row(line: "https://h.example:sam:pw https://t.me/x", host: "h.example", login: "sam", secret: "pw"),
        Row(line: "https://h.example:sam:pw\u{2503}t.me/x", host: "h.example", login: "sam", secret: "pw"),
        Row(line: "https://t.me/login:sam:pw", host: "t.me", login: "sam", secret: "pw"),
    ]

    @Test(arguments: shapes) func `ambiguous and unusual lines are read by the rules`(_ row: Row) {
        check(row)
    }

    private func check(_ row: Row) {
        let read = readLine(row.line, separator: row.separator)
        #expect(read?.host == row.host)
        #expect(read?.login == row.login)
        #expect(read?.secret == row.secret)
        if let confidence = row.confidence { #expect(read?.confidence == confidence) }
    }

    @Test func `placeholders and banners are no credentials`() {
        let defects: [(String, CredentialLine.Defect)] = [
            ("UNKNOWN:UNKNOWN:UNKNOWN", .placeholder), ("*** Telegram: https://t.me/example ***", .banner), ("===============", .banner),
            ("https://t.me/example", .banner), ("", .banner), ("https://h.example::pw", .incomplete),
        ]
        for (line, defect) in defects {
            withView(line) { view in
                guard case .dropped(let found) = CredentialLine.read(view, separator: ByteView.colon) else {
                    Issue.record("\(line) is read as a credential")
                    return
                }
                #expect(found == defect, "\(line)")
            }
        }
    }

    @Test func `the address that is looked for decides between readings`() {
        let line = "https://h.example/a:x:y:sam@example.net:Pw"
        #expect(readLine(line, match: "sam@example.net")?.login == "sam@example.net")
        let other = "https://h.example/login|sam@example.net|a:b:c"
        #expect(readLine(other, match: "sam@example.net") == Read(host: "h.example", login: "sam@example.net", secret: "a:b:c", confidence: .high))
    }

    static let hosts: [(String, String?)] = [
        ("https://VPN.Example.com:8443/login", "vpn.example.com"), ("android://AbCd==@com.example.app/", nil), ("chrome://FirefoxAccounts", nil),
        ("moz-proxy://proxy.example.com:3128", "proxy.example.com"), ("ftp://ftp.example.com/", "ftp.example.com"), ("file:///C:/x.html", nil),
        ("chrome-extension://abcdef/x.html", nil), ("vpn.example.com", "vpn.example.com"), ("vpn.example.com/a", "vpn.example.com"),
        ("192.0.2.1:8080", "192.0.2.1"), ("LegacyGeneric:target=MicrosoftOffice16_Data:SSPI:alex.doe@example.com", nil), ("C:\\Users\\alex", nil),
        ("https://user:pass@host.example/", "host.example"), ("https://alex.doe:pass@host.example/", "host.example"), ("alex.doe@example.com", nil),
        ("", nil),
    ]

    @Test(arguments: hosts) func `a site is a host, or nothing`(_ value: String, _ host: String?) {
        #expect(withView(value) { SiteAddress.host(of: $0) } == host)
    }
}
