import DataShieldTestSupport
import Foundation
import LeakFiles
import Postgres
import Testing

@testable import DataShield
@testable import Sandbox

/// Leak files as they are met, from the file to what is kept of it.
@Suite(.freshDatabasePerTest) struct FieldCaseTests {
    private var database: TestDatabase { .current }

    private var ingests: Ingests {
        Ingests(
            database: database.tenant, system: database.system, recorder: Recorder(), secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)),
            uploads: IngestUploads())
    }

    struct Case: Sendable, CustomTestStringConvertible {
        /// What is named to be read: a file, or the folder that the files lie in.
        var name: String
        var files: [(path: String, bytes: [UInt8])]
        /// Who is found, each with words of what is kept of them: source, data, severity, kinds of secrets, the computer.
        var found: [String: Set<String>]
        /// Who is watched and not in it.
        var absent: [String] = []
        /// By the name of the computer: family, country, when the data were taken.
        var machines: [String: Set<String>] = [:]
        var testDescription: String { name }

        init(
            _ name: String, _ files: [(String, String)], _ found: [String: Set<String>], absent: [String] = [],
            _ machines: [String: Set<String>] = [:]
        ) {
            self.init(name, bytes: files.map { ($0.0, Array($0.1.utf8)) }, found, absent: absent, machines)
        }

        init(
            _ name: String, bytes files: [(String, [UInt8])], _ found: [String: Set<String>], absent: [String] = [],
            _ machines: [String: Set<String>] = [:]
        ) {
            self.name = name
            self.files = files.map { (path: $0.0, bytes: $0.1) }
            self.found = found
            self.absent = absent
            self.machines = machines
        }
    }

    // MARK: Two victims

    private static func block(_ person: String, _ secret: String) -> String {
        "URL: https://vpn.acme.test/login\nUsername: \(person)\nPassword: \(secret)\nBrowser: Google Chrome v126 (Default)\n\n"
    }

    private static func phemedrone(_ number: Int, _ letter: String) -> String {
        """

            ----- Geolocation Data -----

        IP:                      192.0.2.3\(number)
        Country:                 Germany (DE)

            ----- Hardware Info -----

        Username:                alex\\EX-3\(number)
        Windows name:            Windows 11 Pro x64
        Hardware ID:             0123456789abcdef0123456789abc03\(letter)

            ----- Report Contents -----

        Passwords:               1

        """
    }

    private static let stolen: Set<String> = ["STEALER_LOG", "PASSWORD", "CRITICAL", "plain"]

    private static var twoVictims: Case {
        var zip = StoredZip()
        zip.add("logs/DE-A/Browser Data/Passwords.txt", block("t03a@acme.test", "Zq7Canaryt03!"))
        zip.add("logs/DE-A/Information.txt", phemedrone(1, "a"))
        zip.add("logs/DE-B/Browser Data/Passwords.txt", block("t03b@acme.test", "Zq7Canaryt03!"))
        zip.add("logs/DE-B/Information.txt", phemedrone(2, "b"))
        return Case(
            "t03-two-victims.zip", bytes: [("t03-two-victims.zip", zip.bytes())],
            ["t03a@acme.test": stolen.union(["EX-31"]), "t03b@acme.test": stolen.union(["EX-32"])],
            ["EX-31": ["Phemedrone", "DE"], "EX-32": ["Phemedrone", "DE"]])
    }

    // MARK: Unknown names

    private static let information = """
         ======
         Operating system : Windows 11 Pro (64 Bit)
         PC user : EX-41/alex
         HWID : 178BFBFF00040041
         Log Date : 05/22/2025 5:28

        """

    private static let systemInfo = "Host Name:                 EX-42\nOS Name:                   Microsoft Windows 10 Pro\n"

    private static let unknownNames = Case(
        "t04-unknown-names",
        [
            ("DE_c1/Information.txt", information),
            ("DE_c1/Browsers/Cookies_Google Chrome.txt", ".acme.test\tTRUE\t/\tTRUE\t1893456000\tESTSAUTH\tx\n"),
            ("DE_c1/Browsers/Passwords_Google Chrome.txt", block("t04a@acme.test", "Zq7Canaryt04a!")),
            ("DE_c2/Credentials/Chrome/Chrome Passwords.txt", block("t04b@acme.test", "Zq7Canaryt04b!")),
            ("DE_c2/System/System Info.txt", systemInfo),
        ],
        ["t04a@acme.test": stolen.union(["COOKIE", "EX-41"]), "t04b@acme.test": stolen.union(["EX-42"])], ["EX-41": [], "EX-42": []])

    // MARK: Times and families

    private static func lumma(_ number: String) -> String {
        """
        - OS Version: Windows 11 Home (10.0.26100) x64
        - Local Date: 03.04.2025 20:41:05
        - Time Zone: UTC+4
        - Install Date: 17.03.2025 22:53:08
        - Elevated: false
        - Computer: EXAMPLE-\(number)
        - User: alex
        - Domain:\u{20}
        - Hostname: EXAMPLE-\(number)
        - NetBIOS: EXAMPLE-\(number)
        - Language: en-US
        - Anti Virus:
        \t- Windows Defender [ON]
        - HWID: 0123456789ABCDEF0123456789ABC\(number)
        - RAM Size: 16384MB
        - CPU Vendor: GenuineIntel
        - CPU Name: Example CPU
        - CPU Threads: 8
        - CPU Cores: 4
        - GPU:
        \t- Example GPU
        - Display resolution: 1920x1080

        - IP Address: 192.0.2.51
        - Time: 03.04.2025 19:41:07 (sig:1743698467.0a1b2c3d)
        - Country: AE

        """
    }

    private static func lummaPasswords(_ person: String) -> String {
        "SOFT: Chrome Default (v126.0)\nURL: https://vpn.acme.test/\nUSER: \(person)\nPASS: Zq7Canaryt05!\n\n\n"
    }

    private static let lummas = Case(
        "t05-lumma",
        [
            ("AE_a/All Passwords.txt", lummaPasswords("t05a@acme.test")), ("AE_a/System.txt", lumma("T05")),
            ("AE_b/All Passwords.txt", lummaPasswords("t05b@acme.test")),
            ("AE_b/System.txt", "- LummaC2 Build: Oct 21 2024\n- LID: x--y\n\n\(lumma("T5B"))"),
        ],
        ["t05a@acme.test": stolen.union(["EXAMPLE-T05"]), "t05b@acme.test": stolen.union(["EXAMPLE-T5B"])],
        ["EXAMPLE-T05": ["Lumma", "AE", "2025-04-03T16:41:07Z"], "EXAMPLE-T5B": ["Lumma", "AE", "2025-04-03T16:41:07Z"]])

    private static let redLine = """
        Build ID: example
        IP: 192.0.2.61
        FileLocation: C:\\Users\\vidar\\raccoon_crack.exe
        UserName: vidar
        MachineName: RACCOON-PC
        Country: DE
        HWID: 0123456789ABCDEF0123456789ABCT6A
        Operation System: Windows 11 Pro x64
        UAC: AllowAll
        Log date: 14.02.2025 10:00:00

        """

    private static let acreed = """
        {"PcName": "EX-T6B", "Os": "Windows 11", "Ip": "192.0.2.62", "GPU": ["x"], "Country": "AE", "LocalTime": "null", "IsElevator": false, \
        "UserName": "alex", "Hwid": "0123456789ABCT6B"}
        """

    /// With the line ends of Windows.
    private static func windows(_ text: String) -> String { text.replacing("\n", with: "\r\n") }

    private static let families = Case(
        "t06-families",
        [
            ("DE_a/Passwords.txt", windows("*  DAILY LOGS: LUMMA VIDAR META  *\n\(block("t06a@acme.test", "Zq7Canaryt06!"))")),
            ("DE_a/UserInformation.txt", windows(redLine)),
            ("DE_b/passwords.txt", windows(block("t06b@acme.test", "Zq7Canaryt06!"))), ("DE_b/pc_info.json", acreed),
        ],
        ["t06a@acme.test": stolen.union(["RACCOON-PC"]), "t06b@acme.test": stolen.union(["EX-T6B"])],
        ["RACCOON-PC": ["RedLine"], "EX-T6B": ["Acreed"]])

    // MARK: Lists

    private static let neighbours = """
        Lines of all kinds.
        \u{201C}t07a@acme.test\u{201D}
        \u{AB}t07b@acme.test\u{BB}
        \u{A0}t07c@acme.test\u{A0}
        \u{200B}t07d@acme.test:Zq7Canaryt07!
        t07e@acme.test\u{FF1A}x
        \u{3001}t07f@acme.test\u{3001}
        INSERT INTO p VALUES (1,'Hi\\r\\nt07g@acme.test\\r\\n');
        {"l":"user\\tt07h@acme.test\\tx"}
        \u{E9}t07z@acme.test
        xt07y@acme.test

        """

    private static let dotNet = """
        [{"Email":"strgr1@elsewhere.invalid","Password":"x"},{"Email":"t08\\u002Bvpn@acme.test","Password":"Zq7Canaryt08!"},\
        {"Email":"o\\u0027t08@acme.test","Password":"Zq7Canaryt08!"},{"Email":"t08@m\\u00fcller.test","Password":"Zq7Canaryt08!"},\
        {"Email":"t08b@m\u{FC}ller.test","Password":"Zq7Canaryt08!"}]

        """

    /// `strgr2@elsewhere.invalid:x` and `t09@acme.test:Zq7Canaryt09!`.
    private static let packed = """
        QlpoOTFBWSZTWXk196YAABbfgAAQIAFQsEgAABAu5z3gIABUUAA0AABFNNPU0PRqAHjVEhTUnJmzKfGKVssbPz6r0ZYMBtO4vrANDymPpWQk0Wj8XckU4UJB5NfemA==
        """

    private static let bcrypt = "$2y$10$abcdefghijklmnopqrstuv0123456789ABCDEFGHIJKLMNOPQRSTU"
    private static let hashes = "id,email,pwhash,city\n1,strgr3@elsewhere.invalid,\(bcrypt),x\n2,t10@acme.test,\(bcrypt),y\n"

    private static let listed: Set<String> = ["DARK_WEB"]
    private static let withPassword: Set<String> = ["DARK_WEB", "plain"]

    private static let besideSigns = Case(
        "t07-neighbours.txt", [("t07-neighbours.txt", neighbours)],
        [
            "t07a@acme.test": listed, "t07b@acme.test": listed, "t07c@acme.test": listed, "t07d@acme.test": withPassword, "t07e@acme.test": listed,
            "t07f@acme.test": listed, "t07g@acme.test": listed, "t07h@acme.test": listed,
        ], absent: ["t07z@acme.test", "t07y@acme.test"])

    private static let escaped = Case(
        "t08-dotnet.json", [("t08-dotnet.json", dotNet)],
        [
            "t08+vpn@acme.test": withPassword, "o't08@acme.test": withPassword, "t08@xn--mller-kva.test": withPassword,
            "t08b@xn--mller-kva.test": withPassword,
        ])

    private static let compressed = Case(
        "t09-list.txt.bz2", bytes: [("t09-list.txt.bz2", [UInt8](Data(base64Encoded: packed) ?? Data()))], ["t09@acme.test": withPassword])

    private static let hashColumn = Case(
        "t10-hash-column.csv", [("t10-hash-column.csv", hashes)], ["t10@acme.test": ["DARK_WEB", "email", "hashed_password", "bcrypt", "HIGH"]])

    static let cases: [Case] = [twoVictims, unknownNames, lummas, families, besideSigns, escaped, compressed, hashColumn]

    @Test(arguments: cases) func `each gives what is in it, and nothing else`(_ expected: Case) async throws {
        let company = try await database.makeCompany(domain: "acme.test")
        for email in Array(expected.found.keys) + expected.absent { _ = try await database.makeEmployee(in: company, email: email) }
        let report = try await read(expected, of: company)
        #expect(report.skipped == [] && report.lines + report.machines > 0)
        let found = try await found(in: company)
        #expect(found.keys.sorted() == expected.found.keys.sorted())
        for (person, words) in expected.found { #expect(found[person]?.isSuperset(of: words) == true, "\(person): \(found[person] ?? [])") }
        let machines = try await machines(of: company)
        #expect(machines.keys.sorted() == expected.machines.keys.sorted())
        for (name, words) in expected.machines { #expect(machines[name]?.isSuperset(of: words) == true, "\(name): \(machines[name] ?? [])") }
    }

    private func read(_ expected: Case, of company: CompanyID) async throws -> IngestReport {
        try await withScratchFolder { folder in
            let named = folder.appendingPathComponent(expected.name)
            for (path, bytes) in expected.files {
                let file = path == expected.name ? named : named.appendingPathComponent(path)
                try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(bytes).write(to: file)
            }
            return try await ingests.read(IngestOrder(paths: [named.path], company: company, threads: 2)) { _ in }
        }
    }

    /// By the first word of each row: all its others.
    private func byFirstWord(_ rows: [String]) -> [String: Set<String>] {
        var words: [String: Set<String>] = [:]
        for row in rows {
            let parts = row.split(separator: " ").map { String($0) }
            words[parts[0], default: []].formUnion(parts.dropFirst())
        }
        return words
    }

    private func found(in company: CompanyID) async throws -> [String: Set<String>] {
        byFirstWord(
            try await database.owner.query(
                """
                SELECT concat_ws(' ', e.email, b.source, array_to_string(r.exposed_data, ' '), array_to_string(r.artifacts::text[], ' '), a.severity,
                    (SELECT string_agg(c.secret_kind, ' ') FROM leaked_credentials c WHERE c.company_id = r.company_id AND c.record_id = r.id),
                    (SELECT t.computer FROM infected_machines m JOIN machine_traces t ON t.company_id = m.company_id AND t.machine_id = m.id
                        WHERE m.company_id = r.company_id AND m.breach_id = r.breach_id))
                FROM breach_records r JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id JOIN breaches b ON b.id = r.breach_id
                JOIN alerts a ON a.company_id = r.company_id AND a.employee_id = r.employee_id AND a.breach_id = r.breach_id
                WHERE r.company_id = \(company)
                """, as: String.self))
    }

    private func machines(of company: CompanyID) async throws -> [String: Set<String>] {
        byFirstWord(
            try await database.owner.query(
                """
                SELECT concat_ws(' ', coalesce(t.computer, m.id), m.malware_family, m.country,
                    to_char(m.captured_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
                FROM infected_machines m LEFT JOIN machine_traces t ON t.company_id = m.company_id AND t.machine_id = m.id
                WHERE m.company_id = \(company)
                """, as: String.self))
    }
}
