import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// After any sequence of what changes a finding, what is stored of its state is what is worked out anew.
@Suite(.freshDatabase) struct StatePropertyTests {
    /// Chance that a seed repeats.
    struct Chance: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }

        mutating func time() -> Date { Date(timeIntervalSince1970: 1_700_000_000 + Double.random(in: 0...1, using: &self) * 80_000_000) }
        mutating func timeOrNone() -> Date? { Bool.random(using: &self) ? time() : nil }
        mutating func one<T>(_ values: [T]) -> T { values[Int.random(in: 0..<values.count, using: &self)] }
        mutating func some<T>(_ values: [T]) -> [T] { values.filter { _ in Bool.random(using: &self) } }
    }

    struct World {
        var company: CompanyID
        var domain: String
        var people: [EmployeeID]
        var names: [String]
        var file: LeakFileID
        var directory: DirectoryConnectionID
        var other: CompanyID
    }

    enum Step: CaseIterable {
        case find, findInFile, account, leave, comeBack, redateBreach, otherDomain, record, credentials, forget, move, resolve, disconnect
    }

    var database: TestDatabase { .current }

    private func makeWorld() async throws -> World {
        let company = try await database.makeCompany()
        let domain = try #require(try await database.system.first("SELECT domain FROM companies WHERE id = \(company)", as: String.self))
        let directory = try await database.makeDirectoryConnection(in: company)
        var people: [EmployeeID] = []
        for _ in 0..<3 { people.append(try await database.makeEmployee(in: company)) }
        try await database.system.execute("UPDATE employees SET source_connection_id = \(directory), external_id = id WHERE company_id = \(company)")
        var names: [String] = []
        for _ in 0..<2 {
            let name = "Known\(CUID.make(at: Date()).suffix(12))"
            _ = try await database.makeBreach(name: name, date: Date(timeIntervalSince1970: 1_720_000_000))
            names.append(name)
        }
        names.append("Own\(CUID.make(at: Date()).suffix(12))")
        let file = LeakFileID()
        try await database.system.execute(
            "INSERT INTO leak_files (id, company_id, place, name, size) VALUES (\(file), \(company), '\\x01', 'x.zip', 1)")
        return World(
            company: company, domain: domain, people: people, names: names, file: file, directory: directory,
            other: try await database.makeCompany())
    }

    @Test(arguments: 1...6) func `what is stored is what would be worked out`(seed: Int) async throws {
        var chance = Chance(state: UInt64(seed) &* 7_919)
        let world = try await makeWorld()
        var steps: [Step] = []
        for _ in 0..<40 {
            let step = chance.one(Step.allCases)
            steps.append(step)
            try await take(step, in: world, &chance)
            let wrong = try await StoredStateTests.mismatches()
            #expect(wrong == 0, "seed \(seed): \(steps)")
            let scores = try await wrongScores(of: world.company)
            #expect(scores == 0, "scores, seed \(seed): \(steps)")
            guard wrong == 0, scores == 0 else { return }
        }
        // The counts, which updates of a state go through, too, are whole.
        #expect(
            try await database.system.first(
                """
                SELECT coalesce(sum(open_alert_count), 0) - (
                    SELECT count(*) FROM alerts WHERE company_id = \(world.company) AND status = 'OPEN' AND employee_id IS NOT NULL)
                FROM employees WHERE company_id = \(world.company)
                """, as: Int.self) == 0)
        #expect(try await database.system.first("SELECT broken_audit_event(\(world.company))", as: Int?.self) == .some(nil))
    }

    /// How many people have another score than the one that is worked out anew. By the clock it may be a point less than when it was written.
    private func wrongScores(of company: CompanyID) async throws -> Int {
        try await database.system.first(
            """
            SELECT count(*) FROM employees e, risk_parts(ARRAY[e.company_id::text], ARRAY[e.id::text], now()) p
            WHERE e.company_id = \(company) AND ((e.risk_score IS NOT NULL) <> p.is_known OR e.risk_weight <> 10 * p.weight
                OR abs(e.risk_score - least(100, 30 * p.session + 25 * p.recency + 20 * p.critical_data + 15 * p.domain_match + 10 * p.open_alerts
                    + 10 * p.breaches)) > 0.6)
            """, as: Int.self) ?? -1
    }

    private func take(_ step: Step, in world: World, _ chance: inout Chance) async throws {
        switch step {
        case .find, .findInFile: try await record(isInFile: step == .findInFile, in: world, &chance)
        case .account, .leave, .comeBack, .disconnect: try await changeAccount(step, in: world, &chance)
        case .redateBreach, .otherDomain: try await changeSurroundings(step, in: world, &chance)
        case .record, .credentials, .forget, .move, .resolve: try await changeRows(step, in: world, &chance)
        }
    }

    private func record(isInFile: Bool, in world: World, _ chance: inout Chance) async throws {
        let person = chance.one(world.people)
        let provider: ApiProvider? = isInFile ? nil : chance.one(ApiProvider.allCases)
        let source: BreachSource = provider?.source ?? chance.one([.stealerLog, .darkWeb])
        let sites = chance.some(["shop.example", "vpn.\(world.domain)"])
        let credentials = (0..<3).map { _ in
            var credential = FoundCredential(
                identity: [UInt8.random(in: 0...9, using: &chance)], login: "e…", site: chance.one(sites + [nil]),
                secret: Bool.random(using: &chance) ? .init(kind: chance.one(["plain", "md5"]), lengthClass: "8-11", fingerprint: [1]) : nil)
            credential.isUnread = credential.secret == nil && Bool.random(using: &chance)
            return credential
        }
        let finding = Finding(
            breachName: chance.one(world.names), breachDate: chance.timeOrNone(),
            dataTypes: (["email"] + chance.some(["password", "hashed_password"])).sorted(), artifacts: chance.some(ArtifactKind.allCases),
            capturedAt: source == .stealerLog ? chance.timeOrNone() : nil, evidence: sites.isEmpty ? nil : Evidence(sites: sites), source: source,
            provider: provider,
            leak: isInFile ? LeakFinding(file: world.file, credentials: credentials, isDated: Bool.random(using: &chance)) : nil)
        let now = chance.time()
        try await database.tenant.transaction(for: world.company) { db in
            _ = try await Recorder(now: { now }).record([(person, finding)], in: db)
        }
    }

    private func changeAccount(_ step: Step, in world: World, _ chance: inout Chance) async throws {
        let set: SQL =
            switch step {
            case .account: "password_changed_at = \(chance.timeOrNone()), sessions_valid_from = \(chance.timeOrNone())"
            case .leave: "deactivated_at = \(chance.time()), deactivation_reason = \(chance.one(["DISABLED", "GONE", "UNASSIGNED", "HAND"]))"
            case .comeBack: "deactivated_at = NULL"
            default: "source_connection_id = \(Bool.random(using: &chance) ? world.directory : nil)"
            }
        let people = chance.some(world.people)
        try await database.tenant.transaction(for: world.company) { db in
            try await db.execute("UPDATE employees SET \(set) WHERE company_id = \(world.company) AND id = ANY(\(people)::text[])")
        }
    }

    private func changeSurroundings(_ step: Step, in world: World, _ chance: inout Chance) async throws {
        if step == .otherDomain {
            let domain = Bool.random(using: &chance) ? world.domain : "other-\(world.domain)"
            try await database.system.execute("UPDATE companies SET domain = \(domain) WHERE id = \(world.company)")
        } else {
            let domain = chance.one([nil, world.domain, "shop.example"])
            try await database.system.execute(
                """
                UPDATE breaches SET breach_date = (\(chance.timeOrNone())::timestamptz AT TIME ZONE 'UTC')::date, domain = \(domain),
                    is_stealer_log = \(Bool.random(using: &chance))
                WHERE name = ANY(\(chance.some(world.names))::text[]) AND (company_id IS NULL OR company_id = \(world.company))
                """)
        }
    }

    private func changeRows(_ step: Step, in world: World, _ chance: inout Chance) async throws {
        let company = world.company
        let person = chance.one(world.people)
        let statement: SQL =
            switch step {
            case .record: "UPDATE breach_records SET captured_at = \(chance.timeOrNone()) WHERE company_id = \(company) AND employee_id = \(person)"
            case .credentials:
                "UPDATE leaked_credentials SET is_dated = \(Bool.random(using: &chance)), first_seen_at = \(chance.time()),"
                    + " is_unread = \(Bool.random(using: &chance)) AND secret_kind IS NULL WHERE company_id = \(company)"
            case .forget: "DELETE FROM leaked_credentials WHERE company_id = \(company) AND employee_id = \(person)"
            case .move:
                """
                WITH place AS (SELECT id FROM breaches WHERE name = \(chance.one(world.names)) LIMIT 1)
                UPDATE breach_records r SET breach_id = place.id FROM place WHERE r.company_id = \(company) AND r.id = (
                    SELECT id FROM breach_records WHERE company_id = \(company) AND employee_id = \(person) ORDER BY id LIMIT 1)
                    AND NOT EXISTS (SELECT FROM breach_records o WHERE o.company_id = \(company) AND o.employee_id = \(person) AND o.breach_id = place.id)
                """
            default:
                """
                UPDATE alerts SET status = \(Bool.random(using: &chance) ? "RESOLVED" : "OPEN")::text::alert_status, resolved_at = now()
                WHERE company_id = \(company) AND employee_id = \(person)
                """
            }
        try await database.tenant.transaction(for: company) { db in try await db.execute(statement) }
    }

    @Test func `who is deleted takes the record along, and the alert's copy`() async throws {
        let world = try await makeWorld()
        var chance = Chance(state: 1)
        for _ in 0..<10 { try await record(isInFile: false, in: world, &chance) }
        try await database.tenant.transaction(for: world.company) { db in
            try await db.execute("DELETE FROM employees WHERE company_id = \(world.company) AND id = \(world.people[0])")
        }
        #expect(try await StoredStateTests.mismatches() == 0)
        try await database.system.execute("DELETE FROM companies WHERE id = \(world.company)")
        #expect(try await database.system.first("SELECT count(*) FROM breach_records WHERE company_id = \(world.company)", as: Int.self) == 0)
    }
}
