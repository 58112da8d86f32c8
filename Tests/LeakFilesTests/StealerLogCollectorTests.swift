import Foundation
import Testing

@testable import LeakFiles

@Suite struct StealerLogCollectorTests {
    private static let device = "DE[0123456789ABCDEF0123456789ABCDEF] [2024-06-05T10_11_12.1234567]"

    private func passwords(_ login: String, site: String = "shop.example.org") -> String {
        "URL: https://\(site)/login\nUsername: \(login)\nPassword: Pw-1\nApplication: X\n===============\n"
    }

    private let cookies = """
        .example.org\tTRUE\t/\tTRUE\t1798761600\tsid\tSECRETVALUE
        shop.example.org\tFALSE\t/\tTRUE\t0\tlang\tSECRETVALUE
        vpn.example.com\tFALSE\t/\tTRUE\t1798761600\tJSESSIONID\tSECRETVALUE
        stranger.example\tFALSE\t/\tTRUE\t1798761600\tsid\tSECRETVALUE
        notexample.com\tFALSE\t/\tTRUE\t1798761600\tsid\tSECRETVALUE
        other.example.org\tFALSE\t/\tTRUE\t1798761600\tsid\tSECRETVALUE
        """

    private var files: [(String, String)] {
        [
            (Self.device + "/Cookies/Google_[Chrome]_Default Network.txt", cookies),
            (Self.device + "/Autofills/Google_[Chrome]_Default.txt", "email: sam@example.net\nother: kim\n"),
            (Self.device + "/Passwords.txt", passwords("alex.doe@example.com") + passwords("stranger@example.org")),
            (Self.device + "/UserInformation.txt", SystemInformationTests.redLine),
            (Self.device + "/Discord/Tokens.txt", "SECRETTOKEN"),
            (Self.device + "/InstalledBrowsers.txt", "Name: X"),
        ]
    }

    @Test func `of more credentials than are kept of one machine everybody has one`() throws {
        let many = (0..<4_100).map { "URL: https://a.example/\nUsername: alex.doe@example.com\nPassword: Pw-\($0)\n\n" }.joined()
        let text = many + passwords("sam@example.net") + passwords("sam@example.net")
        let log = try #require(logs([(Self.device + "/Passwords.txt", text)]).first)
        #expect(log.records.count == 4_001)
        #expect(log.records.last?.login == "sam@example.net")
        #expect(log.credentialCount == 4_102)
    }

    @Test func `a log is one thing, whatever the order of its files`() throws {
        let expected = logs(files)
        let log = try #require(expected.first)
        #expect(expected.count == 1)
        #expect(log.malwareFamily == "RedLine")
        #expect(log.capturedAt == (try? Date("2024-07-04T16:43:07Z", strategy: .iso8601)))
        #expect(log.operatingSystem == "Windows 11 Pro x64")
        #expect(log.country == "DE")
        #expect(log.identity.machineId == "0123456789ABCDEF0123456789ABCDEF")
        #expect(log.traces.computer == "EXAMPLE-PC" && log.traces.user == "alex" && log.traces.addresses == ["192.0.2.10"])
        #expect(log.traces.malwarePath == "C:\\Users\\alex\\AppData\\Local\\Temp\\setup.exe")
        #expect(log.hasTokens)
        #expect(log.credentialCount == 2)
        #expect(log.cookieCount == 6)
        #expect(Set(log.records.map(\.address)) == [0, 1])
        #expect(log.records.map(\.shape).contains(.stealerAutofill))
        #expect(log.cookies.map(\.domain) == ["example.org", "shop.example.org", "vpn.example.com"])
        #expect(log.cookies.map(\.isSession) == [true, false, true])
        #expect(log.cookies[1].expiresAt == nil)
        for turned in [Array(files.reversed()), Array(files[3...] + files[..<3])] {
            var other = try #require(logs(turned).first)
            other.records.sort { $0.address < $1.address }
            var log = log
            log.records.sort { $0.address < $1.address }
            #expect(other == log)
        }
        #expect(!String(describing: log).contains("SECRET"))
        #expect(!String(describing: log).contains("Pw-1"))
    }

    @Test func `without a watched address a log is counted and dropped`() {
        var collector = StealerLogCollector(watch: WatchList(people))
        collector.add(Self.device + "/Passwords.txt", text: passwords("stranger@example.org"))
        collector.add("Other/Cookies/x.txt", text: cookies)
        #expect(collector.machineCount == 1)
        #expect(collector.credentialCount == 1)
        #expect(collector.finish().isEmpty)
    }

    @Test func `two devices in turn are two logs`() {
        let found = logs([
            ("a/Passwords.txt", passwords("alex.doe@example.com")), ("b/Passwords.txt", passwords("sam@example.net")),
            ("a/System.txt", "HWID: AAAA\n"),
            ("b/System.txt", "HWID: BBBB\n"), ("a/Cookies/x.txt", cookies), ("__MACOSX/a/._Passwords.txt", passwords("kim@acme.example")),
            ("__MACOSX/a/Passwords.txt", passwords("kim@acme.example")),
        ])
        #expect(found.count == 2)
        #expect(Set(found.map(\.identity.key)).count == 2)
        #expect(found.map(\.records.count) == [1, 1])
        #expect(found.map(\.cookieCount).sorted() == [0, 6])
    }

    static let layouts: [(String, String)] = [
        ("Passwords.txt", ""), ("Logs 02.07/PC1/Passwords.txt", "Logs 02.07/PC1"), ("PC1/Browser/Passwords/Microsoft_[Edge]_Default.txt", "PC1"),
        ("PC1/Chrome/Default/Passwords.txt", "PC1"), ("PC1/browsers/Chrome/Profile 1/passwords.txt", "PC1"), ("PC1/FTP/Credentials.txt", "PC1"),
        ("PC1/Cookies/Firefox_a1b2c3d4.default-release.txt", "PC1"), ("PC1\\Autofills\\x.txt", "PC1"), ("Cookies/x.txt", ""),
        ("passwords/US_192.0.2.10_2024-05-06/System.txt", "passwords/US_192.0.2.10_2024-05-06"), ("./PC1/All Passwords.txt", "PC1"),
        ("DE[0123456789ABCDEF] [2024-06-05T10_11_12]/Sub/Passwords.txt", "DE[0123456789ABCDEF] [2024-06-05T10_11_12]"),
        ("PC1/Wallets/Exodus/wallets.txt", "PC1"),
        ("PC1/_AllPasswords_list.txt", "PC1"), ("PC1/Telegram/Profile_1/key_datas", "PC1"),
    ]

    @Test(arguments: layouts) func `the folder of the device is found`(_ path: String, _ device: String) {
        #expect(LogPath(path)?.device == device)
    }

    static let interests: [(String, String)] = [
        ("PC1/Passwords.txt", "whole"), ("PC1/passwords.TXT", "whole"), ("PC1/Passwords[Chrome]_Default.txt", "whole"),
        ("PC1/AllPasswords_list.txt", "whole"),
        ("PC1/Password List.txt", "whole"), ("PC1/unique_passwords.txt", "whole"), ("PC1/logins.txt", "whole"), ("PC1/iCloud Passwords.txt", "whole"),
        ("PC1/System Info.txt", "whole"), ("PC1/_Information.txt", "whole"), ("PC1/pc_info.json", "whole"), ("PC1/Cookies/Chrome_0.txt", "whole"),
        ("PC1/cookies/cookie_0123.txt", "whole"), ("PC1/Cookies JSON.txt", "whole"), ("PC1/ImportantAutofills.txt", "whole"),
        ("PC1/Passwords/wordlist.txt", "leakFile"),
        ("PC1/Discord/Tokens.txt", "presence"), ("PC1/GoogleAccounts/Restore_Chrome_Default.txt", "presence"),
        ("PC1/Restore/Google_[Chrome]_Default.txt", "presence"),
        ("PC1/Extension/0f/token.json", "presence"), ("PC1/Telegram/Profile_1/key_datas", "presence"), ("PC1/DomainDetects.txt", "presence"),
        ("PC1/Screenshot.jpg", "none"), ("PC1/ProcessList.txt", "none"), ("PC1/CreditCards/x.txt", "none"),
        ("PC1/FileGrabber/Desktop/passwords.txt", "none"),
        ("PC1/History/Chrome.txt", "none"), ("__MACOSX/PC1/Passwords.txt", "none"), ("PC1/.DS_Store", "none"), ("../Passwords.txt", "none"),
        ("PC1/../../etc/passwd", "none"), ("C:\\PC1\\Passwords.txt", "none"), ("PC1/Pass\u{1B}words.txt", "none"), ("", "none"), ("/", "none"),
        ("combo_part1.txt", "leakFile"), ("x/ULP 100M.txt", "leakFile"), ("dump.sql", "leakFile"), ("passwords_part2.txt", "leakFile"),
        ("x/users.json", "leakFile"),
    ]

    @Test(arguments: interests) func `what an entry holds is told by its path`(_ path: String, _ expected: String) {
        let content =
            switch path {
            case _ where path.lowercased().contains("cookie"): cookies
            case _ where path.lowercased().contains("info"): "OS: Windows 11 Pro\nHWID: 01234567\n"
            default: "nothing of anybody\n"
            }
        let name =
            switch interest(in: path, content) {
            case .whole: "whole"
            case .presence: "presence"
            case .leakFile: "leakFile"
            case .look: "look"
            case .none: "none"
            }
        // A word list in a folder of passwords is neither.
        if path.contains("wordlist") { #expect(name != "whole") } else { #expect(name == expected) }
    }

    @Test func `a log packed anew is the same machine`() {
        let first = logs([("a/Passwords.txt", passwords("sam@example.net")), ("a/UserInformation.txt", SystemInformationTests.redLine)])[0]
        let second = logs([
            ("Logs/b/All Passwords.txt", passwords("sam@example.net")), ("Logs/b/UserInformation.txt", SystemInformationTests.redLine),
        ])[0]
        #expect(first.identity.key == second.identity.key)
        // Without its description the machine is known by what was taken.
        let third = logs([("a/Passwords.txt", passwords("sam@example.net"))])[0]
        #expect(third.identity.content == first.identity.content)
    }

    @Test func `the folder's name helps out where the system file is missing`() {
        let log = logs([(Self.device + "/Passwords.txt", passwords("sam@example.net"))])[0]
        #expect(log.country == "DE")
        #expect(log.capturedAt == (try? Date("2024-06-05T10:11:12Z", strategy: .iso8601)))
        #expect(log.malwareFamily == nil)
    }

    @Test func `a table of passwords is read as one`() {
        let log = logs([("PC1/Passwords.csv", "url,username,password\nhttps://shop.example.org/,sam@example.net,\"Pw,1\"\nhttps://x.example,u,p\n")])[
            0]
        #expect(log.credentialCount == 2)
        #expect(log.records.map(\.secretText) == ["Pw,1"])
        #expect(log.records.map(\.site) == ["shop.example.org"])
    }

    @Test func `empty files and hostile ones do no harm`() {
        var collector = StealerLogCollector(watch: WatchList(people))
        collector.add("PC1/Passwords.txt", text: "")
        collector.add("../PC1/Passwords.txt", text: passwords("sam@example.net"))
        collector.add("PC1/Screenshot.jpg", text: passwords("sam@example.net"))
        collector.notePresence("../x/Tokens.txt")
        #expect(collector.machineCount == 0)
        #expect(collector.finish().isEmpty)
    }

    @Test func `with many devices the oldest are finished first, and none is lost`() {
        var collector = StealerLogCollector(watch: WatchList(people))
        var finished: [StealerLog] = []
        var jar = ""
        for number in 0..<1_500 { jar += "host\(number).stranger.example\tTRUE\t/\tTRUE\t1798761600\tname-of-a-cookie-\(number)\tvalue\n" }
        for number in 0..<600 {
            collector.add("PC\(number)/Cookies/x.txt", text: jar)
            collector.add("PC\(number)/Passwords.txt", text: passwords("sam@example.net"))
            finished += collector.takeFinished()
        }
        #expect(!finished.isEmpty)
        #expect(finished.count < 600)
        finished += collector.finish()
        #expect(finished.count == 600)
        #expect(collector.machineCount == 600)
        #expect(finished.allSatisfy { $0.cookies.isEmpty && $0.cookieCount == 1_500 })
    }

    @Test func `a family needs more than a file's name`() {
        #expect(logs([("a/Passwords.txt", passwords("sam@example.net")), ("a/DomainDetects.txt", "x")])[0].malwareFamily == nil)
        let macintosh = logs([
            ("a/keychain.txt", "URL: x.example\nLogin: sam@example.net\nPassword: p\n"), ("a/system_information.txt", "OS: macOS 14\n"),
        ])
        #expect(macintosh.first?.malwareFamily == "Atomic")
    }
}
