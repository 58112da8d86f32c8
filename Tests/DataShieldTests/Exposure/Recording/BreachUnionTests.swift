import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// A breach that a company knew as its own, and that the catalogue has taken in since: one breach once.
@Suite(.freshDatabasePerTest) struct BreachUnionTests {
    static let now = RecorderTests.now
    var database: TestDatabase { .current }
    private var catalogue: BreachCatalogue { BreachCatalogue(system: database.system) }
    private var job: UniteBreaches { UniteBreaches(database: database.tenant, now: { Self.now }) }

    @discardableResult
    private func record(_ findings: [(EmployeeID, Finding)], in company: CompanyID) async throws -> Recorder.Outcome {
        try await database.tenant.transaction(for: company) { db in
            var findings = findings
            for index in findings.indices where findings[index].1.leak != nil {
                findings[index].1.leak?.file = try await LeakFileStore(db: db).opened(name: "x", size: 1, place: [1])
            }
            return try await Recorder(now: { Self.now }).record(findings, in: db)
        }
    }

    private func entry(_ name: String, title: String = "") -> CatalogueEntry {
        CatalogueEntry(name: name, title: title, breachDate: BreachDate.day("2024-01-01"), addedAt: Self.now, dataTypes: ["email"])
    }

    private func leak(_ name: String, secret: UInt8, types: [String] = ["email"]) -> Finding {
        Finding(
            breachName: name, breachDate: BreachDate.day("2020-02-02"), dataTypes: types, source: .darkWeb, provider: nil,
            leak: LeakFinding(
                file: LeakFileID(), credentials: [FoundCredential(identity: [secret], login: "a…", site: "s\(secret).example", secret: nil)],
                isDated: true))
    }

    /// A person in a breach: whose it is, by which sources, what was exposed, and the alerts.
    private func state(_ person: EmployeeID) async throws -> [String] {
        try await database.owner.query(
            """
            SELECT concat_ws(' ', CASE WHEN b.company_id IS NULL THEN 'catalogue' ELSE 'own' END, b.name, r.sources, r.in_leak_file, r.exposed_data,
                (SELECT string_agg(concat_ws(' ', a.severity, a.confidence, a.status), ', ' ORDER BY a.created_at, a.id) FROM alerts a
                    WHERE a.employee_id = r.employee_id AND a.breach_id = r.breach_id))
            FROM breach_records r JOIN breaches b ON b.id = r.breach_id WHERE r.employee_id = \(person) ORDER BY 1
            """, as: String.self)
    }

    private func due() async throws -> [CompanyID] {
        try await database.owner.query("SELECT company_id FROM jobs WHERE kind = \(UniteBreaches.kind) ORDER BY company_id", as: CompanyID.self)
    }

    @Test func `what a company has goes to the catalogue's breach, some people at a time, and what another has waits for its own turn`() async throws
    {
        let company = try await database.makeCompany(), other = try await database.makeCompany()
        var people: [EmployeeID] = []
        for _ in 0..<4 { people.append(try await database.makeEmployee(in: company)) }
        let stranger = try await database.makeEmployee(in: other)
        try await record(people.prefix(3).map { ($0, leak("shop-9.com", secret: 1)) }, in: company)
        try await record([(stranger, leak("Shop 9", secret: 1))], in: other)
        try await record([(people[0], RecorderTests.finding(.dehashed, "Elsewhere"))], in: company)
        // Of somebody who has been deleted since.
        let orphan = try await database.makeAlert(
            in: company, breach: try await database.owner.first("SELECT id FROM breaches WHERE name = 'shop-9.com'", as: BreachID.self))
        #expect(try await due() == [])

        try await catalogue.add(entry("Shop9"), source: .hibp)
        #expect(try await due() == [company, other].sorted())
        try await record([(people[2], RecorderTests.finding(.hibp, "Shop9")), (people[3], RecorderTests.finding(.hibp, "Shop9"))], in: company)
        try await record([(people[2], leak("Shop9", secret: 2))], in: company)
        #expect(try await state(people[2]).count == 2)

        try await job.perform(for: company, people: 1)
        let leaked = "catalogue Shop9 {} t {email} LOW MEDIUM OPEN"
        #expect(try await state(people[0]) == [leaked, "own Elsewhere {DEHASHED} f {email,password} HIGH MEDIUM OPEN"])
        #expect(try await state(people[1]) == [leaked])
        // One record and one alert.
        #expect(try await state(people[2]) == ["catalogue Shop9 {HIBP} t {email,password} HIGH HIGH OPEN"])
        #expect(try await state(people[3]) == ["catalogue Shop9 {HIBP} f {email,password} HIGH HIGH OPEN"])
        #expect(try await state(stranger) == ["own Shop 9 {} t {email} LOW MEDIUM OPEN"])
        let events = try await database.owner.query(
            "SELECT actor_name FROM audit_events WHERE company_id = \(company) AND action = 'alert.united'", as: String.self)
        #expect(events == ["catalogue", "catalogue"])
        // Both secrets, dated by neither breach any more.
        let secrets = try await database.owner.query(
            """
            SELECT concat_ws(' ', sites, is_dated, (SELECT count(*) FROM leak_sightings s WHERE s.credential_id = c.id))
            FROM leaked_credentials c WHERE employee_id = \(people[2]) ORDER BY 1
            """, as: String.self)
        #expect(secrets == ["{s1.example} f 1", "{s2.example} f 1"])
        #expect(
            try await database.owner.first(
                "SELECT b.name FROM alerts a JOIN breaches b ON b.id = a.breach_id WHERE a.id = \(orphan)", as: String.self)
                == "Shop9")
        #expect(try await RollupTests.wrongCounts(database.owner) == [])
        #expect(try await StoredStateTests.mismatches(in: database) == 0)
        let own: SQL = "SELECT name FROM breaches WHERE company_id IS NOT NULL ORDER BY 1"
        #expect(try await database.owner.query(own, as: String.self) == ["Elsewhere", "Shop 9"])

        // Once more changes nothing; the other company's turn comes.
        try await job.perform(for: company)
        try await job.perform(for: other)
        #expect(try await state(stranger) == [leaked])
        #expect(try await database.owner.query(own, as: String.self) == ["Elsewhere"])
        #expect(try await RollupTests.wrongCounts(database.owner) == [])
    }

    @Test func `a credential that both have is one, with the sightings and sites of both`() async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        try await record([(person, leak("Shop9", secret: 1))], in: company)
        try await catalogue.add(entry("Shop9"), source: .hibp)
        var again = leak("Shop9", secret: 1)
        again.leak?.credentials[0].site = "other.example"
        try await record([(person, again)], in: company)
        try await job.perform(for: company)
        let secrets = try await database.owner.query("SELECT array_to_string(sites, ' ') FROM leaked_credentials", as: String.self)
        #expect(secrets == ["other.example s1.example"])
        #expect(try await database.owner.first("SELECT count(*) FROM leak_sightings", as: Int.self) == 1)
    }

    @Test(arguments: [
        // What the one that was resolved said, what the other says, and what the one of both is then.
        (["email", "password"], ["email"], "RESOLVED"), (["email", "password"], ["email", "password"], "RESOLVED"),
        (["email"], ["email", "password"], "OPEN"), (["email", "password"], ["email", "phone"], "OPEN"),
        (["hashed_password"], ["password"], "OPEN"),
    ])
    func `what was resolved stays so when it said all that is known, else the one alert is open`(
        first: [String], second: [String], status: String
    ) async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let resolved: SQL = "UPDATE alerts SET status = 'RESOLVED', resolved_at = now(), resolution = 'done' WHERE company_id = \(company)"
        try await record([(person, RecorderTests.finding(.dehashed, "Shop9", types: first))], in: company)
        try await database.system.execute(resolved)
        try await catalogue.add(entry("Shop9"), source: .hibp)
        try await record([(person, RecorderTests.finding(.hibp, "Shop9", types: second))], in: company)
        try await job.perform(for: company)
        let found = try await database.owner.query("SELECT status FROM alerts", as: String.self)
        #expect(found == [status])
        #expect(try await RollupTests.wrongCounts(database.owner) == [])
    }

    @Test func `two that were resolved are open again when both together are worse than either`() async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let resolved: SQL = "UPDATE alerts SET status = 'RESOLVED', resolved_at = now(), resolution = 'done' WHERE company_id = \(company)"
        try await record([(person, RecorderTests.finding(.dehashed, "Shop9", types: ["hashed_password"]))], in: company)
        try await catalogue.add(entry("Shop9"), source: .hibp)
        try await record([(person, RecorderTests.finding(.hibp, "Shop9", types: ["password"]))], in: company)
        try await database.system.execute(resolved)
        try await job.perform(for: company)
        let found = try await database.owner.query("SELECT concat_ws(' ', severity, status, resolution) FROM alerts", as: String.self)
        #expect(found == ["CRITICAL OPEN"])
    }

    @Test func `a breach that the catalogue has by its title is united, too`() async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        try await record([(person, RecorderTests.finding(.dehashed, "The Shop of Nine"))], in: company)
        try await catalogue.add(entry("Shop9", title: "The Shop of Nine"), source: .hibp)
        #expect(try await due() == [company])
        try await job.perform(for: company)
        #expect(try await state(person) == ["catalogue Shop9 {DEHASHED} f {email,password} HIGH MEDIUM OPEN"])
    }

    @Test func `of two that are one the earlier day counts, and what was known of the later one is undated`() async throws {
        let company = try await database.makeCompany()
        let people = [try await database.makeEmployee(in: company), try await database.makeEmployee(in: company)]
        // As a program before this one has recorded it.
        let table = try await database.makeBreach(
            of: company, name: "4411_PIXEL_TRADERS_1M_SHOPPING_102013", source: .darkWeb, date: BreachDate.day("2013-10-31"))
        _ = try await database.makeBreachRecord(in: company, employee: people[0], breach: table, sources: [.snusbase])
        try await record([(people[1], leak("Pixel Traders", secret: 1))], in: company)
        try await job.perform(for: company, people: 1)
        let breaches = try await database.owner.query("SELECT concat_ws(' ', name, breach_date) FROM breaches", as: String.self)
        #expect(breaches == ["Pixel Traders 2013-10-31"])
        #expect(try await database.owner.query("SELECT is_dated FROM leaked_credentials", as: Bool.self) == [false])
        #expect(try await StoredStateTests.mismatches(in: database) == 0)
    }

    @Test func `what a catalogue calls its breach is read as whoever records it reads it`() async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        try await record([(person, RecorderTests.finding(.hibp, "Pixel_Traders"))], in: company)
        try await job.perform(for: company)
        let names = try await database.owner.query("SELECT concat_ws(' ', name, canonical_key) FROM breaches", as: String.self)
        #expect(names == ["Pixel_Traders pixeltraders"])
    }

    // MARK: At the same time

    @Test func `who gives a company's own breach another day waits for those who record by the former one`() async throws {
        let company = try await database.makeCompany()
        var people: [EmployeeID] = []
        for _ in 0..<3 { people.append(try await database.makeEmployee(in: company)) }
        let (first, second, third) = (people[0], people[1], people[2])
        try await database.owner.execute("UPDATE employees SET password_changed_at = '2015-01-01'")
        try await record([(first, RecorderTests.finding(.hibp, "Shop9", date: "2020-02-02"))], in: company)
        let (recorded, isRecorded) = AsyncStream.makeStream(of: Void.self)
        let (goOn, mayGoOn) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await database.tenant.transaction(for: company) { db in
                    // Its word on the breach is worse than what is known, and changes nothing of it.
                    let finding = RecorderTests.finding(.dehashed, "Shop9", date: nil)
                    _ = try await Recorder(now: { Self.now }).record([(second, finding)], in: db)
                    isRecorded.yield()
                    for await _ in goOn { break }
                }
            }
            for await _ in recorded { break }
            group.addTask { _ = try await record([(third, RecorderTests.finding(.hibp, "Shop9", date: "2012-01-01"))], in: company) }
            try await becomesTrue {
                try await database.owner.first(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'", as: Int.self) == 1
            }
            mayGoOn.yield()
            try await group.waitForAll()
        }
        let states = try await database.owner.query("SELECT DISTINCT state::text FROM breach_records", as: String.self)
        #expect(states == ["NEUTRALISED"])
        #expect(try await StoredStateTests.mismatches(in: database) == 0)
    }

    @Test(arguments: ["Shop9", "Nine"])
    func `a recorder that adds a breach while the catalogue takes in its name or its title is waited for`(name: String) async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        if name != "Shop9" { try await catalogue.add(entry(name), source: .hibp) }
        let (recorded, isRecorded) = AsyncStream.makeStream(of: Void.self)
        let (goOn, mayGoOn) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await database.tenant.transaction(for: company) { db in
                    _ = try await Recorder(now: { Self.now }).record([(person, RecorderTests.finding(.dehashed, "Shop9"))], in: db)
                    isRecorded.yield()
                    for await _ in goOn { break }
                }
            }
            for await _ in recorded { break }
            let catalogue = catalogue
            group.addTask { try await catalogue.add(entry(name, title: "Shop 9"), source: .hibp) }
            let waiting: SQL = """
                SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """
            let deadline = ContinuousClock.now + .seconds(20)
            while try await database.owner.first(waiting, as: Int.self) == 0, ContinuousClock.now < deadline { await Task.yield() }
            #expect(try await database.owner.first(waiting, as: Int.self) == 1)
            mayGoOn.yield()
            try await group.waitForAll()
        }
        #expect(try await due() == [company])
        try await job.perform(for: company)
        #expect(try await state(person) == ["catalogue \(name) {DEHASHED} f {email,password} HIGH MEDIUM OPEN"])
    }

    @Test func `whatever is recorded meanwhile, one breach is once in the end`() async throws {
        let company = try await database.makeCompany()
        var people: [EmployeeID] = []
        for _ in 0..<24 { people.append(try await database.makeEmployee(in: company)) }
        let staff = people
        try await record(staff.prefix(8).map { ($0, RecorderTests.finding(.intelx, "Shop9")) }, in: company)
        let catalogue = catalogue
        try await withThrowingTaskGroup(of: Void.self) { group in
            for provider in [ApiProvider.dehashed, .leakcheck, .snusbase, .hibp] {
                group.addTask {
                    for start in stride(from: 0, to: 24, by: 3) {
                        let findings = staff[start..<start + 3].shuffled().map { ($0, RecorderTests.finding(provider, "shop-9.com")) }
                        try await record(findings, in: company)
                    }
                }
            }
            group.addTask {
                try await catalogue.add(entry("Shop9"), source: .hibp)
                try await job.perform(for: company, people: 5)
            }
            try await group.waitForAll()
        }
        let names = try await database.owner.query("SELECT concat(company_id, name) FROM breaches", as: String.self)
        #expect(names == ["Shop9"])
        let counts: SQL = """
            SELECT concat_ws(' ', (SELECT count(*) FROM breach_records), (SELECT count(*) FROM breach_records WHERE cardinality(sources) >= 4),
                (SELECT count(DISTINCT employee_id) FROM alerts WHERE status = 'OPEN'), (SELECT count(*) FROM alerts WHERE status = 'OPEN'))
            """
        #expect(try await database.owner.first(counts, as: String.self) == "24 24 24 24")
        #expect(try await RollupTests.wrongCounts(database.owner) == [])
    }
}
