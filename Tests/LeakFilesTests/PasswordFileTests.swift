import Testing

@testable import LeakFiles

@Suite struct PasswordFileTests {
    struct Entry: Equatable {
        var url: String
        var login: String
        var password: String
        init(_ url: String, _ login: String, _ password: String) {
            self.url = url
            self.login = login
            self.password = password
        }
    }

    private func read(_ text: String) -> [Entry] {
        var entries: [Entry] = []
        withView(text) { view in
            PasswordFile.read(view) { block in
                entries.append(Entry(block.url.text(limit: 200), block.login.text(limit: 200), String(decoding: block.password.bytes, as: UTF8.self)))
            }
        }
        return entries
    }

    static let redLine = """
        ***********************************************\r
        *   Telegram: https://t.me/example_channel    *\r
        ***********************************************\r
        \r
        URL: https://vpn.example.com:8443/login\r
        Username: alex.doe@example.com\r
        Password: Invented:5!\r
        Application: Google_[Chrome]_Default\r
        ===============\r
        URL: android://AbCdEf0123456789-_AbCdEf==@com.example.app/\r
        Username: alexd\r
        Password: \r
        Application: Google_[Chrome]_Profile 1\r
        ===============\r

        """

    @Test func `RedLine's blocks end with fifteen marks`() {
        #expect(
            read(Self.redLine) == [
                Entry("https://vpn.example.com:8443/login", "alex.doe@example.com", "Invented:5!"),
                Entry("android://AbCdEf0123456789-_AbCdEf==@com.example.app/", "alexd", ""),
            ])
    }

    static let forms: [(String, [Entry])] = [
        // StealC, and after it Lumma, which begins with the application.
        (
            "browser: Chrome\nprofile: Default\nurl: https://mail.example.net/\nlogin: sam@example.net\npassword: Invented-6!\n\nSOFT: Chrome Default (v126.0)\nURL: https://shop.example.org/account\nUSER: sam\nPASS: Invented-7!\n",
            [Entry("https://mail.example.net/", "sam@example.net", "Invented-6!"), Entry("https://shop.example.org/account", "sam", "Invented-7!")]
        ),
        // No separators: a second address begins a record, and so does a second application.
        (
            "URL: https://a.example\nUsername: a\nPassword: 1\nApplication: X\nURL: https://b.example\nUsername: b\nPassword: 2\nApplication: X\n",
            [Entry("https://a.example", "a", "1"), Entry("https://b.example", "b", "2")]
        ),
        (
            "Soft: X\nHost: a.example\nLogin: a\nPassword: 1\nSoft: X\nHost: b.example\nLogin: b\nPassword: 2\n",
            [Entry("a.example", "a", "1"), Entry("b.example", "b", "2")]
        ),
        // Login before the address.
        (
            "Login: a\nPassword: 1\nURL: https://a.example\n\nLogin: b\nPassword: 2\nURL: https://b.example\n",
            [Entry("https://a.example", "a", "1"), Entry("https://b.example", "b", "2")]
        ),
        // Bracket headers.
        (
            "[\"Chrome\" = \"Default\"]\nURL: u.example\nLogin: a\nPassword: 1\n[\"Edge\" = \"Default\"]\nURL: v.example\nLogin: b\nPassword: 2\n",
            [Entry("u.example", "a", "1"), Entry("v.example", "b", "2")]
        ),
        // Nothing for a login, nothing for a password, nothing for both.
        (
            "URL: u.example\nUsername:\nPassword: 1\n\nURL: v.example\nUsername: b\nPassword:\n\nURL: w.example\nUsername: \nPassword: \n",
            [Entry("u.example", "", "1"), Entry("v.example", "b", "")]
        ),
        ("URL: u.example\nUsername: UNKNOWN\nPassword: UNKNOWN\n", []),
        // The value of an empty label in the next line.
        (
            "URL: u.example\nUsername: a\nPassword:\nnext line!\n\nURL: v.example\nUsername: b\nPassword: 2\n",
            [Entry("u.example", "a", "next line!"), Entry("v.example", "b", "2")]
        ),
        ("UR1: u.example\nU53RN4M3: a\nP455W0RD: 1\n", [Entry("u.example", "a", "1")]),
        // Text that looks like a label inside values.
        (
            "URL: u.example/?pass:word\nUsername: user:name\nPassword: pass:word url:x\n",
            [Entry("u.example/?pass:word", "user:name", "pass:word url:x")]
        ),
        ("URL = u.example\nUsername = a\nPassword = 1=2\n", [Entry("u.example", "a", "1=2")]),
        // Damaged art and banners.
        (
            "   ____  __\n  / __  / \n*****\n* buy: here *\nhttps://t.me/example\nURL: u.example\nUsername: a\nPassword: 1\n====ExampleCloud====\nURL: v.example\nUsername: b\nPassword: 2\n",
            [Entry("u.example", "a", "1"), Entry("v.example", "b", "2")]
        ),
        (
            "URL: u.example\nUsername: a\nPassword: 1 | https://t.me/example\n--------\nURL: v.example\nUsername: b\nPassword:  2 \n",
            [Entry("u.example", "a", "1"), Entry("v.example", "b", " 2 ")]
        ),
        // Every line followed by a blank one.
        (
            "URL: u.example\n\nUsername: a\n\nPassword: 1\n\nURL: v.example\n\nUsername: b\n\nPassword: 2\n",
            [Entry("u.example", "a", "1"), Entry("v.example", "b", "2")]
        ),
        (
            "URL: u.example\rUsername: a\rPassword: 1\r\rURL: v.example\rUsername: b\rPassword: 2\r",
            [Entry("u.example", "a", "1"), Entry("v.example", "b", "2")]
        ),
        (
            "URL: u.example\r\nUsername: a\nPassword: 1\rURL: v.example\r\nUsername: b\r\r\nPassword: 2\r\r\n",
            [Entry("u.example", "a", "1"), Entry("v.example", "b", "2")]
        ),
        (
            "\u{FEFF}URL: u.example\nUs\u{435}rname: a\nPassword: 1\n\u{FEFF}URL: v.example\nUsername: b\nPassword: 2\n",
            [Entry("u.example", "a", "1"), Entry("v.example", "b", "2")]
        ),
        // Lines of another kind between blocks.
        ("URL: u.example\nUsername: a\nPassword: 1\n\nhttps://v.example/x:b:2\n", [Entry("u.example", "a", "1"), Entry("", "b", "2")]),
        ("Login: a\nPassword: 1\nLogin: b\nPassword: 2\n", [Entry("", "a", "1"), Entry("", "b", "2")]),
        ("Server: ftp.example.com\nPort: 21\nUsername: a\nPassword: 1\n", [Entry("ftp.example.com", "a", "1")]),
    ]

    @Test(arguments: forms.indices) func `blocks are read in any order and with any separator`(_ index: Int) {
        let (text, entries) = Self.forms[index]
        #expect(read(text) == entries)
    }

    @Test func `records have site, login and secret of the address`() {
        let log = logs([("X/passwords.txt", Self.redLine + "URL: https://vpn.example.com/?u=sam@example.net\nUsername: u\nPassword: p\n")])[0]
        #expect(log.credentialCount == 3)
        #expect(log.records.map(\.site) == ["vpn.example.com", "vpn.example.com"])
        #expect(log.records.map(\.login) == ["alex.doe@example.com", nil])
        #expect(log.records.map(\.secretText) == ["Invented:5!", nil])
        #expect(log.records.map(\.confidence) == [.high, .low])
        #expect(log.records.map(\.shape) == [.stealerPassword, .stealerPassword])
        #expect(log.records[0].offset == UInt64(withView(Self.redLine) { $0.firstRange(of: "alex.doe")?.lowerBound ?? 0 }))
    }
}
