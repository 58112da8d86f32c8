import DataShieldTestSupport
import Foundation
import Jobs
import Logging
import Postgres
import Sandbox

@testable import DataShield

/// A company with people, a key, and Have I Been Pwned as the Sandbox has it, over real HTTP.
struct ScanWorld: Sendable {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    static let key = "0123456789abcdef0123456789abcdef"

    let database: TestDatabase
    let sandbox: Sandbox
    let company: CompanyID
    let domain: String
    let outbound: OutboundClient
    let credentials: Credentials
    let providers: Providers
    let scans: Scans
    var tuning = ScanTuning()
    let now: Now

    var subject: Subject { Subject(actor: .program("test"), company: company, role: .admin) }

    /// Makes a company of people on its domain, all of whom Have I Been Pwned may know, with a key.
    /// - Parameters:
    ///   - exposures: the breaches that people are in, by the part before the `@`; those who are not here are in none.
    ///   - others: whole addresses on other domains, with their breaches.
    ///   - isVerified: whether the domain can be searched as a whole.
    static func with(
        exposures: [String: [String]] = ["ada": ["Adobe", "LinkedIn"], "bob": ["Adobe"], "cyd": []], others: [String: [String]] = [:],
        isVerified: Bool = true, hasKey: Bool = true, configure: (inout Sandbox.Configuration) -> Void = { _ in }, now: @escaping Now = { Date() },
        _ body: @Sendable (ScanWorld) async throws -> Void
    ) async throws {
        let database = TestDatabase.current
        let domain = "w\(CUID.make(at: Date()).suffix(12)).example"
        let company = try await database.makeCompany(domain: domain)
        var configuration = Sandbox.Configuration()
        configuration.exposedShare = 0
        for (alias, breaches) in exposures { configuration.exposures["\(alias)@\(domain)"] = breaches }
        for (address, breaches) in others { configuration.exposures[address] = breaches }
        if isVerified { configuration.domains = [domain: Array(exposures.keys)] }
        configure(&configuration)
        for alias in exposures.keys.sorted() { _ = try await database.makeEmployee(in: company, email: "\(alias)@\(domain)") }
        for address in others.keys.sorted() { _ = try await database.makeEmployee(in: company, email: address) }
        try await Sandbox.with(configuration) { url, sandbox in
            let world = try ScanWorld(database: database, sandbox: sandbox, url: url, company: company, domain: domain, now: now)
            if hasKey { _ = try await world.credentials.add(.hibp, key: key, by: world.subject) }
            let result: Result<Void, any Error>
            do { result = .success(try await body(world)) } catch { result = .failure(error) }
            try await world.outbound.shutdown()
            try result.get()
        }
    }

    private init(database: TestDatabase, sandbox: Sandbox, url: String, company: CompanyID, domain: String, now: @escaping Now) throws {
        self.database = database
        self.sandbox = sandbox
        self.company = company
        self.domain = domain
        self.now = now
        outbound = OutboundClient(guardian: SSRFGuard(allowed: []))
        let origin = URL(string: url).map { [ApiProvider.hibp.rawValue: $0] } ?? [:]
        providers = Providers(client: outbound, origins: origin, system: database.system, now: now)
        credentials = Credentials(
            database: database.tenant, secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)), providers: providers, now: now)
        scans = Scans(
            database: database.tenant, system: database.system,
            queue: JobQueue(pool: database.system.pool, makeID: { CUID.make(at: Date()) }), now: now)
        tuning.backoff = .milliseconds(1)
        tuning.failuresInARow = 5
    }

    var job: RunScan {
        RunScan(
            database: database.tenant, credentials: credentials, providers: providers, recorder: Recorder(now: now), tuning: tuning, now: now,
            logger: Self.logger)
    }

    /// Starts a scan and performs it, as a worker would.
    @discardableResult
    func scan() async throws -> ScanRun {
        let run = try await scans.start(by: subject)
        return try await perform(run.id)
    }

    @discardableResult
    func perform(_ run: ScanRunID) async throws -> ScanRun {
        _ = try await job.perform(.init(company: company, run: run))
        return try await scans.find(run, for: subject)
    }

    /// Outcome and reason by the part before the `@`.
    func coverage() async throws -> [String: String] {
        let rows = try await database.owner.query(
            """
            SELECT split_part(e.email, '@', 1) AS alias, c.outcome, c.reason FROM provider_coverage c
            JOIN employees e ON e.company_id = c.company_id AND e.id = c.employee_id WHERE c.company_id = \(company)
            """)
        var coverage: [String: String] = [:]
        for row in rows {
            let reason = try row.get("reason", as: String?.self)
            coverage[try row.get("alias")] = [try row.get("outcome", as: String.self), reason].compactMap { $0 }.joined(separator: ": ")
        }
        return coverage
    }

    /// Who is in what with which alert, without ids and times.
    func exposure() async throws -> [String] {
        try await database.owner.query(
            """
            SELECT concat_ws(' ', split_part(e.email, '@', 1), b.name, array_to_string(r.exposed_data, ','), array_to_string(r.sources, ','),
                coalesce(a.severity::text, '-'), coalesce(a.confidence::text, '-'), coalesce(a.status::text, '-'), e.record_count,
                e.open_alert_count, e.risk_score)
            FROM breach_records r JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id
            JOIN breaches b ON b.id = r.breach_id
            LEFT JOIN alerts a ON a.company_id = r.company_id AND a.employee_id = r.employee_id AND a.breach_id = r.breach_id
            WHERE r.company_id = \(company) ORDER BY 1
            """, as: String.self)
    }

    func credential() async throws -> Credential? { try await credentials.list(for: subject).first }
}

/// Numbers as a list: a literal of that type, for comparing several at once.
func numbers(_ values: Int...) -> [Int] { values }
