import DataShieldTestSupport
import Foundation
import Jobs
import Logging
import Postgres
import Sandbox

@testable import DataShield

/// A company with people, keys, and the services as the Sandbox has them, over real HTTP.
struct ScanWorld: Sendable {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    static let key = "0123456789abcdef0123456789abcdef"

    let database: TestDatabase
    let sandbox: Sandbox
    let company: CompanyID
    let domain: String
    let outbound: OutboundClient
    let url: String
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
    ///   - domain: the company's; one that no other has when not given. What is made up about people depends on their addresses.
    ///   - keys: the providers that the company has a key for.
    static func with(
        exposures: [String: [String]] = ["ada": ["Adobe", "LinkedIn"], "bob": ["Adobe"], "cyd": []], others: [String: [String]] = [:],
        isVerified: Bool = true, hasKey: Bool = true, domain: String? = nil, keys: [ApiProvider] = [.hibp],
        configure: (inout Sandbox.Configuration) -> Void = { _ in }, now: @escaping Now = { Date() },
        _ body: @Sendable (ScanWorld) async throws -> Void
    ) async throws {
        let database = TestDatabase.current
        let domain = domain ?? "w\(CUID.make(at: Date()).suffix(12)).example"
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
            if hasKey {
                for provider in keys { try await world.addKey(provider) }
            }
            let result: Result<Void, any Error>
            do { result = .success(try await body(world)) } catch { result = .failure(error) }
            await world.outbound.shutdown()
            try result.get()
        }
    }

    private init(database: TestDatabase, sandbox: Sandbox, url: String, company: CompanyID, domain: String, now: @escaping Now) throws {
        self.database = database
        self.sandbox = sandbox
        self.company = company
        self.domain = domain
        self.now = now
        self.url = url
        outbound = OutboundClient(ssrfGuard: SSRFGuard(allowed: []))
        var origins: [String: URL] = [:]
        var rates: [String: Int] = [:]
        for provider in ApiProvider.allCases {
            origins[provider.rawValue] = URL(string: url + provider.standIn.path)
            // Have I Been Pwned says its own.
            if provider.standIn != .hibp { rates[provider.rawValue] = 60_000 }
        }
        providers = Providers(client: outbound, origins: origins, rates: rates, system: database.system, now: now)
        credentials = Credentials(
            database: database.tenant, secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)), providers: providers, now: now)
        scans = Scans(
            database: database.tenant, system: database.system,
            queue: JobQueue(pool: database.system.pool, makeID: { CUID.make(at: Date()) }), now: now)
        tuning.backoff = .milliseconds(1)
        tuning.failuresInARow = 5
    }

    func addKey(_ provider: ApiProvider) async throws {
        let key = provider.standIn == .hibp ? Self.key : provider.standIn.sampleKey
        _ = try await credentials.add(provider, key: key, by: subject)
    }

    func removeKeys() async throws {
        for credential in try await credentials.list(for: subject) { try await credentials.remove(credential.id, by: subject) }
    }

    /// A provider as a scan makes it, but for its pace.
    func provider(_ id: ApiProvider, timeout: Duration = .seconds(20), allowance: Allowance = Allowance()) throws -> any BreachProvider {
        try providers.make(
            id, key: id.standIn.sampleKey, pace: Pace(requestsPerMinute: 60_000), allowance: allowance, catalogue: providers.catalogue(),
            timeout: timeout)
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

extension ApiProvider {
    /// The stand-in that this provider asks.
    var standIn: SandboxService {
        switch self {
        case .hibp, .hibpStealer: .hibp
        case .dehashed: .dehashed
        case .leakcheck: .leakcheck
        case .intelx: .intelx
        case .snusbase: .snusbase
        }
    }

    /// The path of its look-ups of addresses.
    var lookUpPath: String {
        switch self {
        case .hibp: "breachedaccount/"
        case .hibpStealer: "stealerlogsbyemail"
        case .dehashed: "v2/search"
        case .leakcheck: "api/v2/query/"
        case .intelx: "intelligent/search"
        case .snusbase: "data/search"
        }
    }
}

/// Numbers as a list: a literal of that type, for comparing several at once.
func numbers(_ values: Int...) -> [Int] { values }
