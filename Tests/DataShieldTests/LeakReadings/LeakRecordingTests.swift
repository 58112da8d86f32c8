import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield
@testable import LeakFiles

/// What becomes of what a reader finds, on a real database.
@Suite(.freshDatabase, .serialized) struct LeakRecordingTests {
    static let now = Timestamp.parse("2026-06-15T12:00:00.000Z") ?? .distantPast
    var database: TestDatabase { .current }

    private var ingests: Ingests {
        Ingests(
            database: database.tenant, system: database.system, recorder: Recorder(now: { Self.now }),
            secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)), uploads: IngestUploads(), now: { Self.now })
    }

    /// A company with Ada and Bob, and a recording for it.
    private struct World {
        var company: CompanyID
        var domain: String
        var ada: EmployeeID
        var bob: EmployeeID
        var recording: LeakRecording
        var adaNumber: Int
        var bobNumber: Int

        func record(
            _ address: Int, _ shape: RecordShape = .combo, site: String? = nil, secret: String? = "Invented-1!", kind: SecretKind = .plain
        ) -> LeakRecord {
            LeakRecord(
                address: address, shape: shape, site: site, login: recording.people.list[address],
                secret: secret.map { LeakedSecret(kind: kind, bytes: Array($0.utf8)) })
        }
    }

    private func world(_ others: [CompanyID] = [], source: LeakSource = LeakSource()) async throws -> World {
        let domain = "l\(CUID.make(at: Date()).suffix(12)).example"
        let company = try await database.makeCompany(domain: domain)
        let ada = try await database.makeEmployee(in: company, email: "ada@\(domain)")
        let bob = try await database.makeEmployee(in: company, email: "bob@\(domain)")
        let people = try await ingests.watchedPeople(of: [company] + others)
        let run = IngestRunID()
        try await database.tenant.transaction(for: company) { db in
            try await IngestStore(db: db).insert(run, .command, name: "test", by: nil, at: Self.now)
        }
        return World(
            company: company, domain: domain, ada: ada, bob: bob,
            recording: LeakRecording(
                database: database.tenant, recorder: Recorder(now: { Self.now }), people: people, source: source, runs: [company: run],
                now: { Self.now }),
            adaNumber: try #require(people.list.find("ADA@\(domain)")), bobNumber: try #require(people.list.find("bob@\(domain)")))
    }

    private func file(_ name: String, _ place: UInt8 = 1) -> LeakRecording.File { .init(name: name, size: 10, place: [place, 9]) }

    private func part(_ name: String, _ beginning: UInt64 = 0) -> LeakRecording.Part {
        .init(name: name, beginning: ContentDigest(high: beginning << 32, low: 5))
    }

    /// That a file was read to its end.
    private func read(_ digest: UInt64) -> LeakFileSummary {
        LeakFileSummary(
            file: FileIdentity(path: "", device: 0, inode: 0, size: 0, modifiedAt: 0), outcome: .read, digest: ContentDigest(high: digest, low: 0))
    }

    private func credentials(_ world: World, _ person: EmployeeID) async throws -> [LeakedCredential] {
        let subject = Subject(actor: .program("test"), company: world.company, role: .admin)
        return try await LeakedCredentials(database: database.tenant).of(person, for: subject)
    }

    private func alerts(_ world: World) async throws -> [String] {
        try await database.owner.query(
            """
            SELECT concat_ws(' ', split_part(e.email, '@', 1), b.name, a.severity, a.confidence, a.status)
            FROM alerts a JOIN employees e ON e.company_id = a.company_id AND e.id = a.employee_id JOIN breaches b ON b.id = a.breach_id
            WHERE a.company_id = \(world.company) ORDER BY 1
            """, as: String.self)
    }

    @Test func `a password in a list is a record, an alert and a credential without the secret`() async throws {
        var world = try await world()
        try await world.recording.record([world.record(world.adaNumber)], [], in: file("combo.txt"), part("combo.txt"))
        #expect(try await alerts(world) == ["ada Credential lists HIGH MEDIUM OPEN"])
        let credentials = try await credentials(world, world.ada)
        #expect(credentials.map(\.secretKind) == [.plain])
        #expect(credentials.map(\.lengthClass) == [.medium])
        #expect(credentials.map(\.login) == ["ada@\(world.domain)"])
        #expect(credentials.map(\.sightings) == [1])
        #expect(world.recording.total.newCredentials == 1)
        let stored = try await database.owner.query(
            "SELECT concat(c::text, r::text) FROM leaked_credentials c JOIN breach_records r ON r.id = c.record_id WHERE c.company_id = \(world.company)",
            as: String.self)
        #expect(stored.count == 1)
        #expect(!stored[0].contains("Invented"))
    }

    @Test func `the same secret of the same login in ten lists is one exposure with ten sightings`() async throws {
        var world = try await world()
        for number in 1...10 {
            let record = world.record(world.adaNumber)
            let file = file("list\(number).txt", UInt8(number))
            try await world.recording.record([record], [], in: file, part(file.name))
            try await world.recording.finished(file, read(UInt64(number)))
        }
        #expect(try await alerts(world).count == 1)
        let credentials = try await credentials(world, world.ada)
        #expect(credentials.map(\.sightings) == [10])
        #expect(credentials.map(\.secretFiles) == [10])
        #expect(world.recording.total.newRecords == 1)
        #expect(world.recording.total.newCredentials == 1)
    }

    @Test func `the same content under another name changes nothing`() async throws {
        var world = try await world()
        for (number, name) in [(UInt8(1), "a.txt"), (2, "b.txt")] {
            let file = file(name, number)
            try await world.recording.record([world.record(world.adaNumber)], [], in: file, part(name))
            try await world.recording.finished(file, read(7))
        }
        #expect(try await credentials(world, world.ada).map(\.sightings) == [1])
        #expect(world.recording.total.knownFiles == 1)
        let files = try await database.owner.query("SELECT name FROM leak_files WHERE company_id = \(world.company)", as: String.self)
        #expect(files == ["a.txt"])
    }

    @Test func `one secret at several sites is seen as used again, for the person alone`() async throws {
        var world = try await world()
        let records = ["vpn.example.com", "shop.example.org", "mail.example.net"].map { world.record(world.adaNumber, .ulp, site: $0) }
        try await world.recording.record(
            records + [world.record(world.bobNumber, .ulp, site: "x.example.org")], [], in: file("ulp.txt"), part("ulp.txt"))
        let ada = try await credentials(world, world.ada)
        #expect(ada.map(\.sites) == [["mail.example.net", "shop.example.org", "vpn.example.com"]])
        #expect(ada.map(\.secretSites) == [3])
        #expect(try await credentials(world, world.bob).map(\.secretSites) == [1])
    }

    @Test func `another secret is another credential of the same record, and the alert takes it in`() async throws {
        var world = try await world()
        try await world.recording.record(
            [world.record(world.adaNumber, secret: "5f4dcc3b5aa765d61d8327deb882cf99", kind: .md5)], [], in: file("a", 1), part("a"))
        #expect(try await alerts(world) == ["ada Credential lists HIGH MEDIUM OPEN"])
        try await world.recording.record([world.record(world.adaNumber, secret: "Another-2!")], [], in: file("b", 2), part("b"))
        // A hash and a plain password are two critical kinds of data.
        #expect(try await alerts(world) == ["ada Credential lists CRITICAL MEDIUM OPEN"])
        #expect(try await credentials(world, world.ada).count == 2)
        #expect(world.recording.total.newRecords == 1)
    }

    @Test func `a dump is a breach by its file's name, which a provider corroborates`() async throws {
        var world = try await world()
        let breach = "Shop\(CUID.make(at: Date()).suffix(8))"
        try await world.recording.record([world.record(world.adaNumber, .sql)], [], in: file("\(breach).sql.gz"), part("dumps/\(breach).sql"))
        #expect(try await alerts(world) == ["ada \(breach) HIGH MEDIUM OPEN"])
        let finding = RecorderTests.finding(.dehashed, "\(breach).com")
        let (company, ada) = (world.company, world.ada)
        let outcome = try await database.tenant.transaction(for: company) { db in
            try await Recorder(now: { Self.now }).record([(ada, finding)], in: db)
        }
        #expect(outcome.corroborated == 1)
        #expect(try await alerts(world) == ["ada \(breach) HIGH HIGH OPEN"])
    }

    @Test func `dumps that are all called users are told apart, and the same content is one wherever it lies`() async throws {
        // Whatever day the breach is said to be of, its name says when the file was read.
        var world = try await world(source: LeakSource(date: Timestamp.parse("2012-05-05T00:00:00.000Z")))
        let holder = "Shop\(CUID.make(at: Date()).suffix(8))"
        let parts = [
            // Two that nothing but their content tells apart, and each of them again.
            part("users.sql", 0xA1), part("users.sql", 0xA2), part("users.sql", 0xA1), part("\(holder)/users.sql", 0xA2),
            // One that its folder names, and again where nothing does.
            part("\(holder)/users.sql", 0xA3), part("backup.sql", 0xA3),
        ]
        for (number, part) in parts.enumerated() {
            let record = world.record(world.adaNumber, .sql)
            try await world.recording.record([record], [], in: file(part.name, UInt8(number)), part)
        }
        let names = try await alerts(world).map { String($0.dropFirst(4)).replacing(" HIGH MEDIUM OPEN", with: "") }
        let unnamed = "Leak file read on \(Format.longDay(Self.now))"
        #expect(names == [holder, "\(unnamed) (000000a1)", "\(unnamed) (000000a2)"].sorted())
        #expect(world.recording.total.newRecords == 3)
    }

    @Test func `whoever reads a dump may name it, and it keeps that name`() async throws {
        let world = try await world()
        let name = "Forum\(CUID.make(at: Date()).suffix(8))"
        for (number, said) in [name, nil].enumerated() {
            var recording = LeakRecording(
                database: database.tenant, recorder: Recorder(now: { Self.now }), people: world.recording.people, source: LeakSource(name: said),
                runs: [:], now: { Self.now })
            try await recording.record([world.record(world.adaNumber, .sql)], [], in: file("users.sql", UInt8(number)), part("users.sql", 0xB1))
        }
        #expect(try await alerts(world) == ["ada \(name) HIGH MEDIUM OPEN"])
    }

    @Test func `of more sites than are kept the same are kept, whichever are found first`() async throws {
        let sites = (0..<3 * LeakStore.siteLimit).map { "s\($0).example" }
        let expected = Array(sites.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(LeakStore.siteLimit))
        for order in [sites, sites.reversed()] {
            var world = try await world()
            for start in stride(from: 0, to: order.count, by: 70) {
                let records = order[start..<min(order.count, start + 70)].map { world.record(world.adaNumber, .ulp, site: $0) }
                try await world.recording.record(records, [], in: file("ulp.txt"), part("ulp.txt"))
            }
            #expect(try await credentials(world, world.ada).map(\.sites) == [expected])
        }
    }

    @Test func `of two readings that end with the same content at once the second knows it`() async throws {
        let world = try await world()
        let (company, tenant) = (world.company, database.tenant)
        let (ended, end) = AsyncStream<Void>.makeStream()
        let (waits, wait) = AsyncStream<Void>.makeStream()
        let digest: [UInt8] = [1, 2, 3]
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await tenant.transaction(for: company) { db in
                    let store = LeakFileStore(db: db)
                    let isKnown = try await store.finished(try await store.opened(name: "a", size: 1, place: [1]), digest: digest)
                    wait.finish()
                    // Open until the other one has met it.
                    for await _ in ended {}
                    return isKnown
                }
            }
            for await _ in waits {}
            group.addTask {
                try await tenant.transaction(for: company) { db in
                    let store = LeakFileStore(db: db)
                    return try await store.finished(try await store.opened(name: "b", size: 1, place: [2]), digest: digest)
                }
            }
            try await becomesTrue {
                try await database.owner.first(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'", as: Int.self) == 1
            }
            end.finish()
            var known: [Bool] = []
            for try await isKnown in group { known.append(isKnown) }
            #expect(known == [false, true])
        }
        #expect(try await database.owner.query("SELECT name FROM leak_files WHERE company_id = \(company)", as: String.self) == ["a"])
    }

    @Test func `an infected machine is one thing, with a critical alert for each person on it`() async throws {
        var world = try await world()
        let records = [
            world.record(world.adaNumber, .stealerPassword, site: "vpn.\(world.domain)"),
            world.record(world.bobNumber, .stealerPassword, site: "shop.example.org"),
        ]
        let log = StealerLog(
            identity: MachineIdentity(machineId: "AB-1"), malwareFamily: "RedLine", capturedAt: Timestamp.parse("2024-07-04T15:43:07.000Z"),
            operatingSystem: "Windows 11",
            country: "DE", records: records,
            cookies: [
                LeakedCookie(domain: "vpn.\(world.domain)", name: "sid", expiresAt: nil, isSession: true),
                LeakedCookie(domain: "shop.example.org", name: "s", expiresAt: nil, isSession: true),
            ], credentialCount: 80, cookieCount: 900, hasTokens: false)
        for number in 1...2 {
            try await world.recording.record([], [log], in: file("logs\(number).zip", UInt8(number)), part("x"))
        }
        let key = try #require(
            try await database.owner.first("SELECT machine_key FROM infected_machines WHERE company_id = \(world.company)", as: String.self))
        let name = "Stealer log \(key.prefix(12))"
        #expect(try await alerts(world) == ["ada \(name) CRITICAL MEDIUM OPEN", "bob \(name) CRITICAL MEDIUM OPEN"])
        let subject = Subject(actor: .program("test"), company: world.company, role: .viewer)
        let machines = Machines(database: database.tenant)
        let page = try await machines.list(for: subject)
        #expect(page.items.map(\.malwareFamily) == ["RedLine"])
        #expect(page.items.map { [$0.people, $0.sites, $0.openAlerts, $0.credentialCount] } == [[2, 2, 2, 80]])
        let people = try await machines.people(on: page.items[0], for: subject)
        let ada = try #require(people.first { $0.record.employeeId == world.ada })
        #expect(ada.record.artifacts == [.password, .cookie])
        // Sessions at the company's own sites, and none of those that only Bob's credentials are for.
        #expect(ada.record.evidence?.cookies?.map(\.domain) == ["vpn.\(world.domain)"])
        #expect(try await credentials(world, world.ada).map(\.sightings) == [2])

        let other = Subject(actor: .program("test"), company: try await database.makeCompany(), role: .admin)
        #expect(try await machines.list(for: other).items.isEmpty)
        await #expect(throws: Machines.Failure.notFound) { try await machines.find(page.items[0].id, for: other) }
    }

    @Test func `an address that is staff of two companies is recorded for both, with different fingerprints`() async throws {
        let shared = "both@l\(CUID.make(at: Date()).suffix(12)).example"
        let companies = [try await database.makeCompany(), try await database.makeCompany()]
        for company in companies { _ = try await database.makeEmployee(in: company, email: shared) }
        let people = try await ingests.watchedPeople(of: companies)
        var recording = LeakRecording(
            database: database.tenant, recorder: Recorder(now: { Self.now }), people: people, source: LeakSource(), runs: [:], now: { Self.now })
        let record = LeakRecord(address: 0, shape: .combo, login: shared, secret: LeakedSecret(kind: .plain, bytes: Array("Invented-3!".utf8)))
        try await recording.record([record], [], in: file("a"), part("a"))
        let prints = try await database.owner.query(
            "SELECT encode(fingerprint, 'hex') FROM leaked_credentials WHERE company_id = ANY(\(companies))", as: String.self)
        #expect(Set(prints).count == 2)
    }
}

extension WatchList {
    /// For tests: the number of an address written as a text.
    func find(_ address: String) -> Int? {
        Array(address.utf8).withUnsafeBytes { find($0) }
    }
}

/// What a date may say.
extension LeakRecordingTests {
    private func liveness(_ world: World, _ person: EmployeeID) async throws -> [LivenessReason] {
        let subject = Subject(actor: .program("test"), company: world.company, role: .admin)
        return try await Breaches(database: database.tenant).records(of: person, for: subject).map(\.liveness.reason)
    }

    @Test(arguments: [nil, "credential-lists"])
    func `a dated list says nothing of when other lists are from, whoever reads it`(name: String?) async throws {
        var other = try await world()
        try await other.recording.record([other.record(other.adaNumber)], [], in: file("young.txt"), part("young.txt"))
        // Changed long after the day that another company's list is given, and before this one was found.
        try await database.owner.execute("UPDATE employees SET password_changed_at = '2020-01-01' WHERE id = \(other.ada)")
        #expect(try await liveness(other, other.ada) == [.passwordUnclear])
        var world = try await world(source: LeakSource(name: name, date: Timestamp.parse("2012-05-05T00:00:00.000Z")))
        try await world.recording.record([world.record(world.adaNumber)], [], in: file("old.txt"), part("old.txt"))
        #expect(try await liveness(other, other.ada) == [.passwordUnclear])
        try await database.owner.execute("UPDATE employees SET password_changed_at = '2020-01-01' WHERE id = \(world.ada)")
        #expect(try await liveness(world, world.ada) == [.passwordUnclear])
    }

    @Test(arguments: [(true, LivenessReason.passwordChanged), (false, .passwordUnclear)])
    func `a secret in a file without a date may be younger than its breach`(isDated: Bool, expected: LivenessReason) async throws {
        let name = "Shop \(CUID.make(at: Date()).suffix(12))"
        let date = Timestamp.parse("2012-05-05T00:00:00.000Z")
        _ = try await database.makeBreach(name: name, date: date)
        var world = try await world(source: LeakSource(name: name, date: isDated ? date : nil))
        try await world.recording.record([world.record(world.adaNumber)], [], in: file("shop.csv"), part("shop.csv"))
        try await database.owner.execute("UPDATE employees SET password_changed_at = '2020-01-01' WHERE id = \(world.ada)")
        #expect(try await liveness(world, world.ada) == [expected])
    }

    @Test(arguments: [("2026-06-16T11:00:00.000Z", true), ("2026-06-17T00:00:00.000Z", false), ("2099-12-31T00:00:00.000Z", false)])
    func `a time after the reading counts as unknown`(captured: String, isKept: Bool) async throws {
        let world = try await world()
        let (date, machine) = (Timestamp.parse(captured), "m\(CUID.make(at: Date()))")
        let finding = Finding(
            breachName: machine, breachDate: date, dataTypes: ["password"], artifacts: [.cookie], capturedAt: date, source: .stealerLog,
            provider: nil, leak: LeakFinding(file: LeakFileID(), credentials: [], isDated: true))
        try await database.tenant.transaction(for: world.company) { db in
            _ = try await Recorder(now: { Self.now }).record([(world.ada, finding)], in: db)
        }
        let kept = try await database.owner.first(
            """
            SELECT r.captured_at IS NOT NULL AND b.breach_date IS NOT NULL FROM breach_records r JOIN breaches b ON b.id = r.breach_id
            WHERE r.employee_id = \(world.ada)
            """, as: Bool.self)
        #expect(kept == isKept)
        // Whoever renews both afterwards is safe.
        try await database.owner.execute(
            "UPDATE employees SET password_changed_at = '2026-06-18', sessions_valid_from = '2026-06-18' WHERE id = \(world.ada)")
        #expect(try await liveness(world, world.ada) == [.bothRenewed])
    }

    // MARK: Very many passwords

    @Test func `of one person in one file a thousand credentials are kept, and the others are counted`() async throws {
        var world = try await world()
        let (file, part) = (file("many.txt"), part("many.txt"))
        for batch in 0..<5 {
            let records = (0..<500).map { world.record(world.adaNumber, secret: "Invented-\(batch * 500 + $0)") }
            try await world.recording.record(records + [world.record(world.bobNumber)], [], in: file, part)
        }
        let report = try #require(world.recording.reports[world.company])
        #expect(report.matches == 2_505 && report.newCredentials == 1_001)
        #expect(report.leftOut == 1_500)
        #expect(report.newRecords == 2 && report.corroborated == 1)
        #expect(report.leftOutText == "1,500: of one person in one breach, no more than 1,000 are kept from one file.")
        // Another file may have as many more, and another reading of this one changes nothing.
        try await world.recording.record([world.record(world.adaNumber, secret: "Other")], [], in: self.file("other.txt", 2), part)
        #expect(world.recording.reports[world.company]?.newCredentials == 1_002)
        var again = world.recording
        again.resume(IngestReport(), of: world.company)
        for batch in 0..<5 {
            let records = (0..<500).map { world.record(world.adaNumber, secret: "Invented-\(batch * 500 + $0)") }
            try await again.record(records, [], in: file, part)
        }
        #expect(again.reports[world.company]?.newCredentials == 0)
    }

    @Test func `a line that says something new beyond the thousandth credential is heard`() async throws {
        var world = try await world()
        let (file, part) = (file("many.txt"), part("many.txt"))
        try await world.recording.record((0..<1_200).map { world.record(world.adaNumber, secret: "Invented-\($0)") }, [], in: file, part)
        try await world.recording.record(
            [world.record(world.adaNumber, secret: "5f4dcc3b5aa765d61d8327deb882cf99", kind: .md5)], [], in: file, part)
        let types = try await database.tenant.query(
            for: world.company, "SELECT array_to_string(exposed_data, ',') FROM breach_records WHERE company_id = \(world.company)", as: String.self)
        #expect(types == ["email,hashed_password,password"])
    }

    // The second is a table, whose breach is called otherwise.
    @Test(arguments: [1, 3], ["many.txt", "4411_PIXEL_TRADERS_1M_SHOPPING_102023.sql"])
    func `a reading that is gone on with keeps as many`(_ killed: Int, name: String) async throws {
        var world = try await world()
        let (file, part) = (file(name), part(name))
        let shape: RecordShape = name.hasSuffix(".sql") ? .sql : .combo
        func batch(_ number: Int) -> [LeakRecord] {
            (0..<600).map { world.record(world.adaNumber, shape, secret: "Invented-\(number * 600 + $0)") }
        }
        for number in 0..<killed { try await world.recording.record(batch(number), [], in: file, part) }
        var rest = world.recording
        rest.resume(file)
        for number in killed..<5 { try await rest.record(batch(number), [], in: file, part) }
        let kept = try await database.tenant.query(
            for: world.company, "SELECT count(*) FROM leaked_credentials WHERE company_id = \(world.company)", as: Int.self)
        #expect(kept == [1_000])
    }
}
