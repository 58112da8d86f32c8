import Testing

@testable import LeakFiles

/// Every access to a stranger's bytes is checked: a parser that reads beyond the end stops the test.
@Suite struct HostileInputTests {
    /// A generator that gives the same numbers each time.
    struct Numbers: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    static let seeds: [String] = [
        "https://vpn.example.com/login:alex.doe@example.com:Pw-1\nhttps://u:p@[2001:db8::1]:443/:root:Pw | https://t.me/x\n",
        "android://AbCd-_==@com.example.app/:sam@example.net:Pw\nsam@example.net:5f4dcc3b5aa765d61d8327deb882cf99:salt\nsam@example.net:Pw:https://a.example/\n",
        "id,email,\"password\",ip\n1,sam@example.net,\"p\"\"w\\\",x\",192.0.2.1\n",
        "CREATE TABLE `u` (`id` int, `email` text, PRIMARY KEY (`id`));\nINSERT INTO `u` VALUES (1,'sam@example.net','p\\'w',NULL),(2,'x',0x41);\n",
        "COPY public.users (id, email, password) FROM stdin;\n1\tsam@example.net\t\\\\\\101\\x4\t\\N\n\\.\n",
        "[{\"_id\":{\"$oid\":\"5f\"},\"email\":\"sam@example.net\",\"p\\\\\":[{\"a\":[1,2]}],\"password\":\"\\ud83d\\ude00\\u00\"}]\n",
        PasswordFileTests.redLine, "[\"Chrome\" = \"Default\"]\nUR1: \u{430}.example\nU53RN4M3: sam@example.net\nP455W0RD:\nnext\n====x====\n",
        SystemInformationTests.redLine,
        "Local Date: 28.06.2025 12:28:40\n- Time: 2024-12-29 05:37:17 [ UTC: +1 ]\nUserName (ComputerName): a (\n{\"ip\":\"1",
        "#HttpOnly_vpn.example.com\tFALSE\t/\tTRUE\t13400000000000000\tsid\tx\n.a.example TRUE / TRUE 1 a b\n[{\"domain\":\"a\",\"name\":",
        "Form: x\nName: a\nValue: sam@example.net\nemail\tsam@example.net\nmail sam@example.net\nsam@example.net\n",
        "Konto= sam@example.net\nhttps://a.example\n\nWeb: a.example\nKonto: sam@example.net\nKennwort: x\n",
        "- Time: 03.04.2025 19:41:07 (sig:1743698467.0a)\n- Anti Virus:\n\t- X [ON]\n- NetBIOS: X\nTime zone: UTC: (UTC-08:00)\nLaunched at: 1743698467\n",
    ]

    static func mutated(_ numbers: inout Numbers) -> [UInt8] {
        var bytes = Array(seeds[Int.random(in: 0..<seeds.count, using: &numbers)].utf8)
        for _ in 0..<Int.random(in: 0...6, using: &numbers) {
            let place = Int.random(in: 0...bytes.count, using: &numbers)
            switch Int.random(in: 0..<6, using: &numbers) {
            case 0: bytes.insert(UInt8.random(in: 0...255, using: &numbers), at: place)
            case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 0...20, using: &numbers)))
            case 2: bytes = Array(bytes[..<place])
            case 3: bytes = Array(bytes[place...])
            case 4:
                let other = Array(seeds[Int.random(in: 0..<seeds.count, using: &numbers)].utf8)
                bytes.insert(contentsOf: other.prefix(Int.random(in: 0...other.count, using: &numbers)), at: place)
            default:
                let marks = Array("\"'\\:;|,\t\n\r{}[]()@=/ -*\u{0}".utf8)
                bytes.insert(marks[Int.random(in: 0..<marks.count, using: &numbers)], at: place)
            }
        }
        return bytes
    }

    @Test func `no reader of leak files reads beyond the end`() {
        var numbers = Numbers(state: 0x9E37_79B9_7F4A_7C15)
        let names = ["x.txt", "x.sql", "x.json", "x.csv"]
        let watch = WatchList(people)
        for round in 0..<4_000 {
            let bytes = Self.mutated(&numbers)
            bytes.withUnsafeBytes { buffer in
                let shape = FileShape(sample: buffer, name: names[round % names.count])
                var matches = watch.matches(in: buffer)
                let start = Int.random(in: 0...buffer.count, using: &numbers)
                matches.append(WatchMatch(address: 0, range: start..<min(buffer.count, start + Int.random(in: 0...20, using: &numbers))))
                for match in matches {
                    var context = MatchContext(line: buffer, match: match.range, isStartCut: round % 3 == 0, isEndCut: round % 5 == 0)
                    if context.isStartCut { context.head = UnsafeRawBufferPointer(rebasing: buffer.prefix(64)) }
                    let record = shape.record(of: match.address, in: context, offset: 7)
                    #expect(record.offset == 7)
                    #expect((record.login?.count ?? 0) <= 254)
                    #expect(record.fields.allSatisfy { !$0.contains("@") })
                }
            }
        }
    }

    @Test func `no reader of logs reads beyond the end`() {
        var numbers = Numbers(state: 0xD1B5_4A32_D192_ED03)
        let paths = [
            "a/Passwords.txt", "a/Browsers/x.txt", "History/y.txt", "a/System.txt", "a/Cookies/x.txt", "a/Autofills/x.txt", "a/pc_info.json",
            "a/Passwords.csv", "b/ip.txt",
        ]
        var collector = StealerLogCollector(watch: WatchList(people))
        for round in 0..<4_000 {
            collector.add(paths[round % paths.count], bytes: Self.mutated(&numbers))
            if round % 50 == 0 { _ = collector.finish() }
        }
        for log in collector.finish() { #expect(log.identity.former.ids.allSatisfy { $0.count == 64 }) }
    }

    @Test func `no path is too strange`() {
        var numbers = Numbers(state: 0x1234_5678_9ABC_DEF1)
        let collector = StealerLogCollector(watch: WatchList(people))
        let parts = [
            "DE[0123456789ABCDEF]", "..", "", ".", "Passwords.txt", "Cookies", "Default", "Chrome", "\u{FEFF}", "C:", "x\\y", "🙂", "[", "US_",
        ]
        for _ in 0..<4_000 {
            let path = (0..<Int.random(in: 0...6, using: &numbers)).map { _ in parts[Int.random(in: 0..<parts.count, using: &numbers)] }.joined(
                separator: "/")
            let interest = collector.interest(in: path)
            if path.split(separator: "/").contains("..") { #expect(interest == .none) }
            if let place = LogPath(path) { _ = FolderName(place.device.split(separator: "/").last ?? "") }
        }
    }
}
