import Foundation

/// Leak files about the made-up company, for the demo and for tests: what a security team is handed. Every name and password in them is
/// invented, and most lines are about strangers.
package enum DemoLeaks {
    /// A combolist: `address:password` lines, a few of them `URL:login:password`.
    /// - Parameters:
    ///   - people: who is in it: every ninth of them.
    ///   - strangers: how many lines are about others.
    package static func combolist(_ people: [DemoCompany.Person] = DemoCompany.people, strangers: Int = 20_000) -> [UInt8] {
        var numbers = SeededNumbers(seed: 11, text: "combolist")
        let chosen = people.enumerated().filter { $0.offset % 9 == 0 }.map(\.element)
        let gap = max(1, strangers / max(1, chosen.count))
        var text = ""
        var left = chosen[...]
        for line in 0..<strangers {
            if line % gap == 0, let person = left.popFirst() {
                let secret = password(of: person.email, &numbers)
                text +=
                    line % (3 * gap) == 0
                    ? "https://\(sites[numbers.below(sites.count)])/login:\(person.email):\(secret)\n" : "\(person.email):\(secret)\n"
            }
            text += "stranger\(numbers.below(90_000_000))@\(hosts[numbers.below(hosts.count)]):Made-up-\(numbers.below(1_000_000))\n"
        }
        return Array(text.utf8)
    }

    /// Stealer logs of three machines in a zip: a RedLine, a Lumma and a Vidar one.
    package static func stealerLogs(_ people: [DemoCompany.Person] = DemoCompany.people) -> [UInt8] {
        var numbers = SeededNumbers(seed: 13, text: "stealer")
        let owners = [9, 45, 99].map { people[$0 % people.count] }
        var zip = StoredZip()
        let hardware = (0..<3).map { _ in (0..<32).map { _ in String(numbers.below(16), radix: 16, uppercase: true) }.joined() }
        func credentials(_ person: DemoCompany.Person) -> [(site: String, login: String, secret: String)] {
            [
                ("https://vpn.\(DemoCompany.domain)/login", person.email, password(of: person.email, &numbers)),
                ("https://mail.example.net/", person.email, password(of: person.email, &numbers)),
                ("https://shop.example.org/account", "\(person.alias).private", "Made-up-\(numbers.below(100_000))"),
            ]
        }
        func cookies(_ person: DemoCompany.Person) -> String {
            """
            .\(DemoCompany.domain)\tTRUE\t/\tTRUE\t1830297600\tsession_id\tINVENTED\(numbers.below(1_000_000))
            mail.example.net\tFALSE\t/\tTRUE\t0\tsid\tINVENTED\(numbers.below(1_000_000))
            .news.example.org\tTRUE\t/\tFALSE\t1830297600\tconsent\tyes\n
            """
        }

        let redline = "DE[\(hardware[0])] [2026-09-14T08_21_40.1234567]"
        zip.add(
            "\(redline)/UserInformation.txt",
            """
            Build ID: @invented\r\nIP: 192.0.2.10\r\nFileLocation: C:\\Users\\demo\\AppData\\Local\\Temp\\setup.exe\r\nUserName: demo\r
            MachineName: DEMO-PC-1\r\nCountry: DE\r\nHWID: \(hardware[0])\r\nOperation System: Windows 11 Pro x64\r\nLog date: 14.09.2026 08:21:40\r\n
            """)
        zip.add(
            "\(redline)/Passwords.txt",
            credentials(owners[0]).map {
                "URL: \($0.site)\r\nUsername: \($0.login)\r\nPassword: \($0.secret)\r\nApplication: Google_[Chrome]_Default\r\n===============\r\n"
            }.joined())
        zip.add("\(redline)/Cookies/Google_[Chrome]_Default Network.txt", cookies(owners[0]))
        zip.add("\(redline)/Autofills/Google_[Chrome]_Default.txt", "email: \(owners[0].email)\r\ncity: Exampletown\r\n")

        let lumma = "US_192.0.2.77_2026-10-02"
        zip.add(
            "\(lumma)/System.txt",
            """
            LummaC2 Build: Jan 1 2026
            LID: invented--1
            - OS Version: Windows 10 Pro (10.0.19045) x64
            - Local Date: 02.10.2026 19:05:11
            - Computer: DEMO-PC-2
            - User: demo2
            - HWID: \(hardware[1])
            - IP Address: 192.0.2.77
            - Country: US\n
            """)
        zip.add(
            "\(lumma)/All Passwords.txt",
            credentials(owners[1]).map { "SOFT: Chrome Default (v126.0)\nURL: \($0.site)\nUSER: \($0.login)\nPASS: \($0.secret)\n\n" }.joined())
        zip.add("\(lumma)/Cookies/Chrome_Default_[a1b2c].txt", cookies(owners[1]))

        let vidar = "FR_\(numbers.below(100_000))"
        zip.add(
            "\(vidar)/information.txt",
            """
            Version: 12
            Date: 5/21/2026 11:02:09
            MachineID: 01234567-89ab-4cde-8f01-23456789abcd
            GUID: {01234567-89ab-4cde-8f01-23456789abcd}
            HWID: \(hardware[2])
            Work Dir: In memory
            Windows: Windows 11 Home
            Computer Name: DEMO-PC-3
            User Name: demo3
            Ip: 192.0.2.130
            Country: FR

            [Hardware]
            Processor: Example CPU\n
            """)
        zip.add(
            "\(vidar)/passwords.txt",
            credentials(owners[2]).map { "Soft: Google Chrome (Default)\nHost: \($0.site)\nLogin: \($0.login)\nPassword: \($0.secret)\n\n" }.joined())
        return zip.bytes()
    }

    /// The same for the same address, so that reuse is seen between the files.
    private static func password(of address: String, _ numbers: inout SeededNumbers) -> String {
        var own = SeededNumbers(seed: 17, text: address)
        return numbers.below(3) == 0 ? "Made-up-\(numbers.below(1_000_000))" : "Invented-\(own.below(100_000))!"
    }

    private static let sites = ["vpn.acme.example", "shop.example.org", "forum.example.net", "files.example.com"]
    private static let hosts = ["mail.example.net", "post.example.org", "web.example.com", "inbox.example.net"]
}

/// Writes a zip of uncompressed entries (APPNOTE 6.3, 4.3).
struct StoredZip {
    private var body: [UInt8] = []
    private var directory: [UInt8] = []
    private var count = 0

    mutating func add(_ path: String, _ text: String) { add(path, Array(text.utf8)) }

    mutating func add(_ path: String, _ content: [UInt8]) {
        let name = Array(path.utf8)
        let offset = body.count
        // Version 2.0, names in UTF-8, stored, the first day of the format's calendar.
        let common =
            Self.bytes(20 as UInt16) + Self.bytes(0x0800 as UInt16) + Self.bytes(0 as UInt16) + Self.bytes(0 as UInt16) + Self.bytes(0x0021 as UInt16)
            + Self.bytes(CRC32.of(content)) + Self.bytes(UInt32(content.count)) + Self.bytes(UInt32(content.count)) + Self.bytes(UInt16(name.count))
            + Self.bytes(0 as UInt16)
        body += Self.bytes(0x0403_4B50 as UInt32) + common + name + content
        directory += Self.bytes(0x0201_4B50 as UInt32) + Self.bytes(20 as UInt16) + common
        directory += [UInt8](repeating: 0, count: 10) + Self.bytes(UInt32(offset)) + name
        count += 1
    }

    func bytes() -> [UInt8] {
        let end =
            Self.bytes(0x0605_4B50 as UInt32) + [0, 0, 0, 0] + Self.bytes(UInt16(count)) + Self.bytes(UInt16(count))
            + Self.bytes(UInt32(directory.count)) + Self.bytes(UInt32(body.count)) + [0, 0]
        return body + directory + end
    }

    private static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { Array($0) } }
}

/// The checksum of zip (ISO 3309).
enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }

    static func of(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0 as UInt32) { value, byte in table[Int((value ^ UInt32(byte)) & 0xFF)] ^ (value >> 8) }
    }
}
