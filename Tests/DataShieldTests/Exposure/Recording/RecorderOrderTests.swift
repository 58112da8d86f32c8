import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// In whatever order, in however many runs and by however many recorders at once: the end is the same.
extension RecorderTests {
    /// A person in a breach, as it is in the end. Breaches are told by the number they have in the test.
    struct State: Hashable, Comparable, RowDecodable {
        var person: EmployeeID
        var key: String
        var data: [String]
        var artifacts: [ArtifactKind]
        var sources: [String]
        var severity: Severity?
        var confidence: AlertConfidence?
        var alerts: Int
        var message: String

        init(
            person: EmployeeID, key: String, data: [String], artifacts: [ArtifactKind], sources: [String], severity: Severity?,
            confidence: AlertConfidence?, alerts: Int, message: String
        ) {
            (self.person, self.key, self.data, self.artifacts) = (person, key, data, artifacts)
            (self.sources, self.severity, self.confidence, self.alerts, self.message) = (sources, severity, confidence, alerts, message)
        }

        init(from row: inout Row) throws {
            person = try row.next()
            key = try row.next()
            data = try row.next()
            artifacts = try row.next()
            sources = try row.next()
            severity = try row.next()
            confidence = try row.next()
            alerts = try row.next()
            message = try row.next(as: String?.self) ?? ""
        }

        static func < (left: State, right: State) -> Bool { (left.person, left.key) < (right.person, right.key) }
    }

    func state(of company: CompanyID) async throws -> [State] {
        try await database.owner.query(
            """
            SELECT r.employee_id, b.canonical_key, r.exposed_data, r.artifacts, r.sources, min(a.severity), max(a.confidence), count(a.id), max(a.message)
            FROM breach_records r JOIN breaches b ON b.id = r.breach_id
            LEFT JOIN alerts a ON a.company_id = r.company_id AND a.employee_id = r.employee_id AND a.breach_id = r.breach_id
            WHERE r.company_id = \(company)
            GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2
            """, as: State.self)
    }

    func scores(of company: CompanyID) async throws -> [EmployeeID: Int] {
        let rows = try await database.owner.query("SELECT id, risk_score FROM employees WHERE company_id = \(company) AND risk_score > 0")
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.get("id", as: EmployeeID.self), try $0.get("risk_score", as: Int.self)) })
    }

    /// Which row versions there are: they change with every write.
    func versions(of company: CompanyID) async throws -> [String] {
        try await database.owner.query(
            """
            SELECT xmin::text || ctid::text FROM breach_records WHERE company_id = \(company)
            UNION ALL SELECT xmin::text || ctid::text FROM alerts WHERE company_id = \(company)
            UNION ALL SELECT xmin::text || ctid::text FROM employees WHERE company_id = \(company)
            UNION ALL SELECT xmin::text || ctid::text FROM breaches
            WHERE id IN (SELECT breach_id FROM breach_records WHERE company_id = \(company))
            ORDER BY 1
            """, as: String.self)
    }

    /// What differs from test to test made equal: ids by their place, sources as a set. So is the spelling of the breach's name in the
    /// message: an alert keeps the one that was known when it was written, whatever a better source calls the breach later.
    private func normalised(_ state: [State], people: [EmployeeID], suffix: String) -> [String] {
        state.map { state in
            let person = people.firstIndex(of: state.person) ?? -1
            let text = """
                \(person) \(state.key) \(state.data) \(state.artifacts.map(\.rawValue)) \(state.sources.sorted()) \
                \(state.severity?.rawValue ?? "") \(state.confidence?.rawValue ?? "") \(state.alerts) \(state.message)
                """
            return text.lowercased().replacing("-\(suffix).com", with: "#").replacing(suffix, with: "#")
        }.sorted()
    }

    /// The days of a company's own breaches, in the order of their names.
    private func dates(of company: CompanyID) async throws -> [String] {
        try await database.owner.query(
            "SELECT coalesce(breach_date::text, '-') FROM breaches WHERE company_id = \(company) ORDER BY canonical_key", as: String.self)
    }

    /// A few providers with random words on a few people and breaches: the same for the same seed.
    private func words(seed: UInt64, suffix: String) -> [ApiProvider: [(Int, Finding)]] {
        var random = SplitMix(state: seed)
        let providers = ApiProvider.allCases.shuffled(using: &random).prefix(Int.random(in: 2...4, using: &random))
        var words: [ApiProvider: [(Int, Finding)]] = [:]
        // Of several dates the earliest counts, and the score goes by it.
        let dates: [String?] = ["2012-05-05", "2025-05-05", "2026-05-05", nil]
        for provider in providers {
            for person in 0..<2 {
                for breach in 0..<3 where Int.random(in: 0..<3, using: &random) > 0 {
                    let types = ["email", "name", "password", "hashed_password", "ssn", "gender"].filter { _ in Bool.random(using: &random) }
                    let name = ["B\(breach)\(suffix)", "b\(breach)-\(suffix).com"].randomElement(using: &random) ?? ""
                    let date = dates[Int.random(in: 0..<dates.count, using: &random)]
                    let artifacts = [ArtifactKind.password, .cookie].filter { _ in Int.random(in: 0..<5, using: &random) == 0 }
                    words[provider, default: []].append((person, Self.finding(provider, name, date: date, types: types, artifacts: artifacts)))
                }
            }
        }
        return words
    }

    @Test(arguments: UInt64(1)...12) func `the order of providers and runs does not matter`(seed: UInt64) async throws {
        var ends: [[String]: [[ApiProvider]]] = [:]
        var scored: Set<[Int]> = []
        var dated: Set<[String]> = []
        for order in permutations(words(seed: seed, suffix: "x").keys.sorted { $0.rawValue < $1.rawValue }) {
            // New names each time: the catalogue is shared.
            let suffix = "\(CUID.make(at: Date()).suffix(12))z"
            let words = words(seed: seed, suffix: suffix)
            let company = try await database.makeCompany()
            var people: [EmployeeID] = []
            for _ in 0..<2 { people.append(try await database.makeEmployee(in: company)) }
            // Each provider's word, and the first's once more between the others'.
            for provider in order + [order[0]] {
                let findings = (words[provider] ?? []).map { (people[$0.0], $0.1) }
                try await record(findings, in: company)
            }
            ends[normalised(try await state(of: company), people: people, suffix: suffix), default: []].append(order)
            let scores = try await scores(of: company)
            scored.insert(people.map { scores[$0] ?? 0 })
            dated.insert(try await dates(of: company))
        }
        #expect(ends.count == 1, "Different ends: \(ends.values)")
        #expect(scored.count == 1)
        #expect(dated.count == 1)
        #expect(ends.keys.first?.isEmpty == false)
    }

    @Test func `recorders at the same time record nothing twice`() async throws {
        let company = try await database.makeCompany()
        var people: [EmployeeID] = []
        for _ in 0..<20 { people.append(try await database.makeEmployee(in: company)) }
        let breaches = (0..<5).map { _ in name() }
        let all = people.flatMap { person in breaches.map { (person, $0) } }
        let outcomes = try await withThrowingTaskGroup(of: Recorder.Outcome.self) { group in
            for provider in [ApiProvider.hibp, .dehashed, .hibp, .leakcheck, .dehashed] {
                let findings = all.shuffled().map { ($0.0, Self.finding(provider, $0.1)) }
                group.addTask { try await record(findings, in: company) }
            }
            return try await group.reduce(into: Recorder.Outcome()) { $0 += $1 }
        }
        #expect(outcomes.newRecords == 100)
        #expect(outcomes.newAlerts == 100)
        #expect(outcomes.corroborated == 200)
        let state = try await state(of: company)
        #expect(state.count == 100)
        #expect(state.allSatisfy { $0.alerts == 1 && $0.sources.sorted() == ["DEHASHED", "HIBP", "LEAKCHECK"] })
    }
}

/// A small generator whose numbers are the same on every machine.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
