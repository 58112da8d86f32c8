import DataShieldTestSupport
import Foundation
import LeakFiles
import Logging
import Postgres
import Synchronization
import Testing

@testable import DataShield

/// Plants unique texts as secrets in leak files of every shape, reads them, and looks for them everywhere that anything is kept.
@Suite(.freshDatabase) struct CanaryTests {
    private var database: TestDatabase { .current }

    /// Everything that was logged.
    private final class Log: LogHandler, @unchecked Sendable {
        // Unchecked: the lines are behind a lock, the rest is never changed.
        let lines = Mutex<[String]>([])
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }

        func log(event: LogEvent) { lines.withLock { $0.append("\(event.message) \(event.metadata ?? [:]) \(String(describing: event.error))") } }
    }

    /// A file of each shape with the canaries as passwords, cookie values, and in strangers' lines.
    private func files(_ address: String, _ canary: (String) -> String) -> [String: String] {
        [
            "combo.txt": "\(address):\(canary("combo"))\nstranger@\(canary("host")).example:\(canary("stranger"))\n",
            "ulp.txt": "https://vpn.example.com/login:\(address):\(canary("ulp"))\nhttps://x.example/:\(canary("login")):\(canary("other"))\n",
            "users.csv": "id,email,password,phone\n1,\(address),\(canary("csv")),+49\(canary("phone"))\n2,x@example.net,\(canary("row")),\n",
            "dump.sql": """
            CREATE TABLE `users` (`id` int, `email` varchar(190), `password` varchar(255), `name` varchar(80));
            INSERT INTO `users` VALUES (1,'\(address)','\(canary("sql"))','\(canary("name"))'),(2,'y@example.net','\(canary("tuple"))','z');\n
            """,
            "dump.json": "{\"email\":\"\(address)\",\"password\":\"\(canary("json"))\",\"note\":\"\(canary("note"))\"}\n",
            "log/Passwords.txt":
                "URL: https://vpn.example.com/\nUsername: \(address)\nPassword: \(canary("stealer"))\nApplication: Chrome\n===============\nURL: https://y.example/\nUsername: \(canary("user"))\nPassword: \(canary("pass"))\n===============\n",
            "log/UserInformation.txt":
                "Build ID: x\nMachineName: \(canary("machine"))\nUserName: \(canary("windows"))\nHWID: 0123456789ABCDEF0123456789ABCDEF\nFileLocation: C:\\x\nIP: 192.0.2.7\n",
            // Of a machine that has nothing of anybody who is looked for.
            "other/Passwords.txt": "URL: https://y.example/\nUsername: \(canary("owner"))\nPassword: \(canary("theirs"))\n",
            "other/UserInformation.txt": "Build ID: x\nMachineName: \(canary("another"))\nUserName: \(canary("stranger"))\nHWID: \(canary("hwid"))\n",
            "log/Cookies/Chrome_Default.txt":
                ".vpn.example.com\tTRUE\t/\tTRUE\t1893456000\tsid\t\(canary("cookie"))\n.z.example\tTRUE\t/\tTRUE\t0\t\(canary("cname"))\t\(canary("cvalue"))\n",
            "log/Autofills/Chrome.txt": "email: \(address)\ncard: \(canary("card"))\n",
        ]
    }

    @Test func `nothing secret and nothing about strangers is kept anywhere`() async throws {
        let domain = "c\(CUID.make(at: Date()).suffix(12)).example"
        let company = try await database.makeCompany(domain: domain)
        let address = "ada@\(domain)"
        let ada = try await database.makeEmployee(in: company, email: address)
        // A channel, so that the outbox has something of it.
        try await database.tenant.transaction(for: company) { db in
            try await db.execute(
                """
                INSERT INTO webhooks (id, company_id, label, encrypted_url, url_hint, min_severity)
                VALUES (\(CUID.make(at: Date())), \(company), 'x', \([UInt8](repeating: 0, count: 1)), '', 'LOW')
                """)
        }
        var planted: [String] = []
        var traces: [String] = []
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("canary-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let contents = files(address) { place in
            let canary = "Cnry\(place)\(CUID.make(at: Date()).suffix(14))"
            // What finds a machine with somebody's data on it is kept, in its own place.
            if ["machine", "windows"].contains(place) { traces.append(canary) } else { planted.append(canary) }
            return canary
        }
        for (path, text) in contents {
            let file = folder.appendingPathComponent(path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        let log = Log()
        let ingests = Ingests(
            database: database.tenant, system: database.system, recorder: Recorder(), secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)),
            uploads: IngestUploads(logger: Logger(label: "canary") { _ in log }))
        let reports = Mutex<[IngestReport]>([])
        let report = try await ingests.read(IngestOrder(paths: [folder.path], company: company)) { report in reports.withLock { $0.append(report) } }

        // It was all read and understood: else it would be no wonder that nothing is kept.
        #expect(report.skipped == [])
        let credentials = try await LeakedCredentials(database: database.tenant).of(
            ada, for: Subject(actor: .program("test"), company: company, role: .admin))
        #expect(credentials.count { $0.secretKind == .plain } == 6)
        #expect(try await database.owner.first("SELECT count(*) FROM deliveries WHERE company_id = \(company)", as: Int.self) ?? 0 > 0)
        #expect(try await database.owner.first("SELECT count(*) FROM infected_machines WHERE company_id = \(company)", as: Int.self) == 1)

        let tables = try await database.owner.query(
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')", as: String.self)
        #expect(tables.count > 30)
        var kept = ""
        let found = try await database.owner.query("SELECT concat_ws(' ', computer, user_name) FROM machine_traces", as: String.self)
        #expect(found == [traces.sorted().joined(separator: " ")])
        for table in tables where table != "machine_traces" {
            for row in try await database.owner.query("SELECT t::text FROM \(identifier: table) t", as: String.self) { kept += row + "\n" }
        }
        #expect(kept.contains(address), "the search should find what is kept")
        kept += log.lines.withLock { $0.joined(separator: "\n") }
        kept += reports.withLock { $0.map { String(reflecting: $0) }.joined() }
        for canary in planted + traces {
            #expect(!kept.lowercased().contains(canary.lowercased()), "\(canary.prefix(12)) was kept")
            // As bytes in hexadecimal, too, which is how a bytea is shown.
            let hex = canary.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            #expect(!kept.contains(hex), "\(canary.prefix(12)) was kept as bytes")
        }
    }
}
