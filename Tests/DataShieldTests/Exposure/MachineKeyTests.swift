import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield
@testable import LeakFiles

/// A machine is one thing in a company, whatever of its log comes in which order.
@Suite(.freshDatabase, .serialized) struct MachineKeyTests {
    private static let now = Timestamp.parse("2026-06-15T12:00:00.000Z") ?? .distantPast
    private var database: TestDatabase { .current }

    private var ingests: Ingests {
        Ingests(
            database: database.tenant, system: database.system, recorder: Recorder(now: { Self.now }),
            secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)), uploads: IngestUploads(), now: { Self.now })
    }

    private struct World {
        var company: CompanyID
        var recording: LeakRecording
        var employee: EmployeeID
    }

    private func world(retention days: Int? = nil) async throws -> World {
        let domain = "m\(CUID.make(at: Date()).suffix(12)).example"
        let company = try await database.makeCompany(domain: domain)
        if let days { try await database.owner.execute("UPDATE companies SET retention_days = \(days) WHERE id = \(company)") }
        let ada = try await database.makeEmployee(in: company, email: "ada@\(domain)")
        return World(company: company, recording: try await recording(of: [company]), employee: ada)
    }

    private func recording(of companies: [CompanyID]) async throws -> LeakRecording {
        LeakRecording(
            database: database.tenant, recorder: Recorder(now: { Self.now }), people: try await ingests.watchedPeople(of: companies),
            source: LeakSource(), runs: [:], now: { Self.now })
    }

    /// A log with data of the first person.
    private func log(_ identity: MachineIdentity, _ traces: MachineTraces = MachineTraces(), _ secret: String = "Invented-1!") -> StealerLog {
        let record = LeakRecord(address: 0, shape: .stealerPassword, login: "ada", secret: LeakedSecret(kind: .plain, bytes: Array(secret.utf8)))
        var log = StealerLog(identity: identity, records: [record], credentialCount: 1)
        log.traces = traces
        return log
    }

    private func record(_ logs: [StealerLog], in world: inout World, _ place: UInt8 = 1) async throws {
        try await world.recording.record(
            [], logs, in: .init(name: "logs", size: 10, place: [place, 7]), .init(name: "logs", beginning: nil))
    }

    private func machines(_ world: World) async throws -> [String] {
        try await database.owner.query(
            """
            SELECT concat_ws(' ', coalesce(t.hardware_id, '-'), coalesce(t.computer, '-'))
            FROM infected_machines m LEFT JOIN machine_traces t ON t.company_id = m.company_id AND t.machine_id = m.id
            WHERE m.company_id = \(world.company) ORDER BY 1
            """, as: String.self)
    }

    private static let whole = MachineIdentity(machineId: "AbCd", computer: "EX-1", user: "alex", content: [1], folder: "a", former: .text("f1"))
    private static let traces = MachineTraces(computer: "EX-1", user: "alex", addresses: ["192.0.2.1"])

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var identities: [MachineIdentity]
        var count: Int
        init(_ name: String, _ count: Int, _ identities: MachineIdentity...) {
            testDescription = name
            self.count = count
            self.identities = identities
        }
    }

    static let cases: [Case] = [
        Case("the id alone", 1, whole, MachineIdentity(machineId: "abcd", folder: "b")),
        Case("names alone", 1, whole, MachineIdentity(computer: "ex-1", user: "Alex", folder: "b")),
        Case("nothing but what was taken", 1, whole, MachineIdentity(content: [1], folder: "b")),
        Case("less, then less, then all", 1, MachineIdentity(content: [1]), MachineIdentity(computer: "EX-1", user: "alex", content: [1]), whole),
        Case("another id", 2, whole, MachineIdentity(machineId: "EF01", computer: "EX-1", user: "alex", content: [1])),
        Case("two bare lists", 2, MachineIdentity(content: [1], folder: "a"), MachineIdentity(content: [2], folder: "a")),
        Case("one bare list twice", 1, MachineIdentity(content: [1], folder: "a"), MachineIdentity(content: [1], folder: "b")),
        Case(
            "names that everybody has", 2, MachineIdentity(computer: "USER-PC", user: "user", content: [1]),
            MachineIdentity(computer: "User-PC", user: "user", content: [2])),
        Case("a user's name alone", 2, MachineIdentity(user: "alex", content: [1]), MachineIdentity(user: "alex", content: [2])),
        Case(
            "an id that no maker filled in", 2, MachineIdentity(machineId: "00000000-0000-0000-0000-000000000000", content: [1]),
            MachineIdentity(machineId: "00000000-0000-0000-0000-000000000000", content: [2])),
        Case(
            "two that an earlier version called alike", 2, MachineIdentity(content: [1], former: .text("x")),
            MachineIdentity(content: [2], former: .text("x"))),
        Case(
            "two users of one computer", 2, MachineIdentity(computer: "EX-1", user: "alex", content: [1]),
            MachineIdentity(computer: "EX-1", user: "sam", content: [2])),
    ]

    @Test(arguments: cases) func `the same machine is one, whatever its log says`(_ expected: Case) async throws {
        for (number, identities) in [expected.identities, expected.identities.reversed()].enumerated() {
            var apart = try await world()
            for (place, identity) in identities.enumerated() { try await record([log(identity)], in: &apart, UInt8(place)) }
            #expect(try await machines(apart).count == expected.count, "one after the other, \(number)")
            var together = try await world()
            try await record(identities.map { log($0) }, in: &together)
            #expect(try await machines(together).count == expected.count, "in one file, \(number)")
        }
    }

    /// A reading of its own, with a log of the first person.
    private func read(_ identity: MachineIdentity, of company: CompanyID, _ place: UInt8) async throws {
        var reading = try await self.recording(of: [company])
        try await reading.record([], [log(identity)], in: .init(name: "logs", size: 10, place: [place, 8]), .init(name: "logs", beginning: nil))
    }

    @Test func `of two readings side by side the second finds the first one's machine`() async throws {
        let (world, owner) = (try await world(), database.owner)
        let company = world.company
        let waiting: SQL = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        let readings: [Task<Void, any Error>] = try await owner.transaction { db in
            // Neither can write its machine before both have looked, or wait for their turn to.
            try await db.execute("LOCK TABLE infected_machines IN SHARE MODE")
            let first = Task { try await read(MachineIdentity(content: [1], folder: "a"), of: company, 1) }
            let second = Task { try await read(Self.whole, of: company, 2) }
            try await becomesTrue { try await owner.first(waiting, as: Int.self) == 2 }
            return [first, second]
        }
        for reading in readings { try await reading.value }
        #expect(try await machines(world) == ["AbCd -"])
    }

    @Test func `what a log with less does not say stays, and what it says more is added`() async throws {
        var world = try await world()
        try await record([log(MachineIdentity(content: [1]))], in: &world)
        #expect(try await machines(world) == ["- -"])
        try await record([log(Self.whole, Self.traces)], in: &world, 2)
        #expect(try await machines(world) == ["AbCd EX-1"])
        try await record([log(MachineIdentity(machineId: "ABCD"))], in: &world, 3)
        #expect(try await machines(world) == ["AbCd EX-1"])
        let records = try await database.owner.query(
            "SELECT coalesce(machine_id, '-') FROM breach_records WHERE company_id = \(world.company)", as: String.self)
        #expect(records == ["AbCd"])
    }

    @Test func `two companies have the malware's id in common, and nothing of ours`() async throws {
        var first = try await world()
        var second = try await world()
        let logs = [log(Self.whole, Self.traces), log(MachineIdentity(content: [9], folder: "x"))]
        try await record(logs, in: &first)
        try await record(logs, in: &second)
        let keys = try await database.owner.query(
            "SELECT machine_key FROM infected_machines WHERE company_id IN (\(first.company), \(second.company))", as: String.self)
        #expect(Set(keys).count == 4)
        #expect(try await machines(first) == ["- -", "AbCd EX-1"])
        #expect(try await machines(second) == ["- -", "AbCd EX-1"])
        let marks = try await database.owner.query(
            "SELECT encode(mark, 'hex') FROM machine_marks WHERE company_id IN (\(first.company), \(second.company))", as: String.self)
        #expect(Set(marks).count == marks.count)
    }

    @Test func `a machine that an earlier version found is the same when its log is read again`() async throws {
        var world = try await world()
        try await record([log(MachineIdentity(content: [3], folder: "old"))], in: &world)
        // As it stood before.
        let company = world.company
        try await database.tenant.transaction(for: company) { db in
            try await db.execute("UPDATE infected_machines SET machine_key = \(FormerName.text("f1").ids[0]) WHERE company_id = \(company)")
        }
        try await database.owner.execute("DELETE FROM machine_marks WHERE company_id = \(world.company)")
        try await record([log(Self.whole, Self.traces)], in: &world, 2)
        #expect(try await machines(world) == ["AbCd EX-1"])
        try await record([log(MachineIdentity(machineId: "AbCd"))], in: &world, 3)
        #expect(try await machines(world) == ["AbCd EX-1"])
    }

    @Test func `what finds machines goes with retention`() async throws {
        var short = try await world(retention: 30)
        var long = try await world()
        for days in [0, 31] {
            let identity = MachineIdentity(machineId: "ID\(days)", content: [UInt8(days)])
            try await record([log(identity, Self.traces)], in: &short, UInt8(days))
            try await record([log(identity, Self.traces)], in: &long, UInt8(days))
            try await database.owner.execute(
                """
                UPDATE machine_traces SET created_at = \(Self.now.addingTimeInterval(-Double(days) * 86_400))
                WHERE company_id IN (\(short.company), \(long.company)) AND hardware_id = \("ID\(days)")
                """)
        }
        try await database.system.pool.transaction { db in try await Machines.schedule(now: { Self.now }).enqueueDue(db) }
        #expect(try await machines(short) == ["- -", "ID0 EX-1"])
        #expect(try await machines(long) == ["ID0 EX-1", "ID31 EX-1"])
        let ids = try await database.owner.query(
            "SELECT coalesce(machine_id, '-') FROM breach_records WHERE company_id = \(short.company) ORDER BY 1", as: String.self)
        #expect(ids == ["-", "ID0"])
    }

    @Test func `what finds a machine goes with the last person whose data were on it`() async throws {
        var world = try await world()
        let bob = try await database.makeEmployee(in: world.company, email: "bob@\(CUID.make(at: Date()).suffix(12)).example")
        world.recording = try await recording(of: [world.company])
        var shared = log(Self.whole, Self.traces)
        var other = shared.records[0]
        other.address = 1
        shared.records.append(other)
        try await record([shared], in: &world)
        let employees = Employees(database: database.tenant, now: { Self.now })
        let admin = Subject(actor: .program("test"), company: world.company, role: .admin)
        try await employees.delete(world.employee, by: admin)
        #expect(try await machines(world) == ["AbCd EX-1"])
        try await employees.delete(bob, by: admin)
        #expect(try await machines(world) == ["- -"])
    }
}
