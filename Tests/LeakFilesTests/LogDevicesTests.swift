import Foundation
import Testing

@testable import LeakFiles

/// A machine is one thing: what lies together is of one, and what does not is not.
@Suite final class LogDevicesTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private static func block(_ login: String) -> String {
        "URL: https://vpn.example.com/login\nUsername: \(login)\nPassword: Invented-1!\nBrowser: Google Chrome v126 (Default)\n\n"
    }
    private static let alex = block("alex.doe@example.com")
    private static let sam = block("sam@example.net")
    private static func system(_ name: String) -> String { "OS: Windows 11 Pro\nComputer Name: \(name)\nUser Name: alex\nHWID: ID-\(name)\n" }
    private static let cookies = ".example.com\tTRUE\t/\tTRUE\t1893456000\tESTSAUTH\tx\n"

    private static func phemedrone(_ number: Int) -> String {
        """

            ----- Geolocation Data -----

        IP:                      192.0.2.3\(number)
        Country:                 Germany (DE)

            ----- Hardware Info -----

        Username:                alex\\EX-3\(number)
        Windows name:            Windows 11 Pro x64
        Hardware ID:             0123456789abcdef0123456789abc03\(number)

            ----- Report Contents -----

        Passwords:               1
        """
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var files: [(String, String)]
        /// The computers, and whose data were on each: 0 is Alex, 1 is Sam.
        var machines: [String?: [Int]]

        init(_ name: String, _ files: [(String, String)], _ machines: [String?: [Int]]) {
            testDescription = name
            self.files = files
            self.machines = machines
        }
    }

    static let cases: [Case] = [
        Case(
            "a folder of a name that nobody expects below the description",
            [
                ("logs/DE-A/Information.txt", phemedrone(1)), ("logs/DE-A/Browser Data/Passwords.txt", alex),
                ("logs/DE-B/Information.txt", phemedrone(2)), ("logs/DE-B/Browser Data/Passwords.txt", sam),
            ], ["EX-31": [0], "EX-32": [1]]),
        Case(
            "folders of another tongue",
            [
                ("DE_1/Konten/Passwords.txt", alex), ("DE_1/Rechner.txt", system("A")), ("DE_2/Konten/Passwords.txt", sam),
                ("DE_2/Rechner.txt", system("B")),
            ], ["A": [0], "B": [1]]),
        Case(
            "a description in a folder of its own",
            [
                ("x/Konten/Passwords.txt", alex), ("x/Rechner/info.txt", system("A")), ("y/Konten/Passwords.txt", sam),
                ("y/Rechner/info.txt", system("B")),
            ], ["A": [0], "B": [1]]),
        Case("the same in a folder of a country", [("DE_x/Konten/Passwords.txt", alex), ("DE_x/Rechner/info.txt", system("A"))], ["A": [0]]),
        Case(
            "known words", [("DE_c2/Credentials/Chrome/Chrome Passwords.txt", alex), ("DE_c2/System/System Info.txt", system("A"))], ["A": [0]]),
        Case(
            "all at the top", [("Information.txt", system("A")), ("Zugänge/Passwords.txt", alex), ("Zugänge/mehr/Passwords.txt", sam)], ["A": [0, 1]]),
        Case(
            "two machines of which one is not described", [("PC1/Passwords.txt", alex), ("PC1/System.txt", system("A")), ("PC2/Passwords.txt", sam)],
            ["A": [0], nil: [1]]),
        Case(
            "two machines below a folder with a description", [("System.txt", system("A")), ("PC1/Passwords.txt", alex), ("PC2/Passwords.txt", sam)],
            [nil: [0, 1]]),
        Case("one described, another with passwords", [("alex/System.txt", system("A")), ("sam/Passwords.txt", sam)], [nil: [1]]),
        Case(
            "countries are no part of each other", [("DE_1/System.txt", system("A")), ("DE_2/Passwords.txt", sam)], [nil: [1]]),
        Case(
            "what somebody wrote above machines is no description of theirs",
            [("info.txt", "Date: today\nContact: nobody\n"), ("a/Passwords.txt", alex), ("b/Passwords.txt", sam)], [nil: [0, 1]]),
        Case("two bare lists", [("alex/Passwords.txt", alex), ("sam/Passwords.txt", sam)], [nil: [0, 1]]),
    ]

    private func check(_ logs: [StealerLog], _ expected: Case) {
        var machines: [String?: [Int]] = [:]
        for log in logs { machines[log.traces.computer, default: []] += log.records.map(\.address) }
        #expect(machines.mapValues { $0.sorted() } == expected.machines)
        let wanted = expected.machines.reduce(0) { $0 + ($1.key == nil ? $1.value.count : 1) }
        #expect(logs.count == wanted)
        #expect(Set(logs.map(\.identity.key)).count == wanted)
    }

    @Test(arguments: cases) func `machines are told apart by what lies together`(_ expected: Case) {
        check(logs(expected.files), expected)
        check(logs(expected.files.reversed()), expected)
    }

    @Test(arguments: cases) func `it is the same in an archive and in a folder`(_ expected: Case) async throws {
        let entries = expected.files.map { ArchiveFixture.Entry($0.0, $0.1) }
        let packed = try await readAll([try scratch.write("logs.zip", ArchiveFixture.make(.zip, entries))], WatchList(people))
        check(packed.logs, expected)
        for (path, text) in expected.files { try scratch.write("folder/\(path)", Array(text.utf8)) }
        let folder = try await readAll([scratch.path + "/folder"], WatchList(people))
        check(folder.logs, expected)
        #expect(packed.skipped.isEmpty && folder.skipped.isEmpty)
    }

    @Test func `cookies in a folder of their own belong to the passwords above`() throws {
        let found = logs([("PC1/Passwords.txt", Self.alex), ("PC1/Konfekt/Cookies.txt", Self.cookies), ("PC2/Cookies.txt", Self.cookies)])
        #expect(found.count == 1)
        #expect(found.first?.cookieCount == 1)
    }

    @Test func `the id is the malware's own and nothing else's`() throws {
        let whole =
            "Build ID: x\nIP: 192.0.2.1\nFileLocation: C:\\a.exe\nMachineName: PC\nHWID: AbCd-01\nUAC: AllowAll\nLog date: 7/4/2024 5:43:07 PM\n"
        for text in [whole, "HWID: AbCd-01\n", "Network Info:\n- IP: 192.0.2.9\nSystem Summary:\n- HWID: AbCd-01\n"] {
            let log = try #require(logs([("a/Passwords.txt", Self.alex), ("a/System.txt", text)]).first)
            #expect(log.identity.machineId == "AbCd-01")
        }
        let bare = try #require(logs([("a/Passwords.txt", Self.alex)]).first)
        #expect(bare.identity.machineId == nil && bare.identity.content != nil)
    }

    @Test func `the folder's name has the malware's id where nothing else has`() throws {
        let name = "HU[63B68E0123456789ABCDEF0123456789] [2023-11-01T11_57_58.8718608-07_00]"
        let log = try #require(logs([("\(name)/Passwords.txt", Self.alex)]).first)
        #expect(log.identity.machineId == "63B68E0123456789ABCDEF0123456789")
        #expect(log.capturedAt == (try? Date("2023-11-01T18:57:58Z", strategy: .iso8601)))
    }

    @Test func `what was taken tells a log that is packed anew, whatever its order and folder`() throws {
        let both = Self.alex + Self.sam
        let first = try #require(logs([("a/Passwords.txt", both), ("a/Cookies/x.txt", Self.cookies)]).first)
        let second = try #require(logs([("Neu/b/Chrome/Default/Passwords.txt", Self.sam + Self.alex)]).first)
        let third = try #require(logs([("a/Passwords.txt", both + Self.alex)]).first)
        #expect(first.identity.content == second.identity.content)
        #expect(first.identity.content != third.identity.content)
    }

    static let antivirus: [(String, [String])] = [
        ("HWID: 1\nAnti-Viruses: \nWindows Defender\nExample Guard\n\nOther: x\n", ["Windows Defender", "Example Guard"]),
        ("- Anti Virus:\n\t- Windows Defender [ON]\n- HWID: 1\n", ["Windows Defender [ON]"]),
        ("AV: Windows Defender\nHWID: 1\n", ["Windows Defender"]),
        ("Antivirus products: None\nHWID: 1\n", []), ("{\"Hwid\":\"1\",\"Antivirus\":[\"A\",\"B\"]}", ["A", "B"]),
    ]

    @Test(arguments: antivirus) func `what should have kept the malware out is kept`(_ text: String, _ expected: [String]) throws {
        let log = try #require(logs([("a/Passwords.txt", Self.alex), ("a/pc_info.json", text)]).first)
        #expect(log.traces.antivirus == expected)
        #expect(log.identity.machineId == "1")
    }

    @Test func `addresses of both networks are kept, the outer first`() throws {
        let log = try #require(logs([("a/Passwords.txt", Self.alex), ("a/System.txt", "LANIP: 10.0.0.5\nExternal IP: 192.0.2.7\nHWID: 1\n")]).first)
        #expect(log.traces.addresses == ["192.0.2.7", "10.0.0.5"])
    }
}
