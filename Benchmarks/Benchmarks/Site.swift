import DataShield
import Foundation
import HTTPClient
import Logging
import Postgres

/// A migrated database of its own and the release build of the program serving it, as an installation has them.
struct Site: Sendable {
    let environment: BenchmarkEnvironment
    let databaseName: String
    /// The database, as its owner.
    let databaseURL: String
    let server: RunningProgram
    let origin: String
    private let directory: URL
    private static let password = "river-otter-lantern-42"

    /// Somebody who is signed in, and the company they see.
    struct Tenant: Sendable {
        let company: CompanyID
        let client: Client
    }

    /// Opens a site, lends it, and removes it.
    static func with<R>(
        _ name: String, in environment: BenchmarkEnvironment, settings: [String: String] = [:], _ body: (Site) async throws -> R
    ) async throws -> R {
        let site = try await open(name, in: environment, settings: settings)
        let result: Result<R, any Error>
        do { result = .success(try await body(site)) } catch { result = .failure(error) }
        try await site.close()
        return try result.get()
    }

    /// - Parameters:
    ///   - name: of the database.
    ///   - settings: further settings of the server, as environment variables.
    ///   - prepare: fills the database before the server starts.
    static func open(
        _ name: String, in environment: BenchmarkEnvironment, settings: [String: String] = [:],
        prepare: (PostgresPool) async throws -> Void = { _ in }
    ) async throws -> Site {
        guard var url = URLComponents(string: environment.databaseURL) else { throw BenchmarkEnvironment.Failure.noDatabase }
        url.path = "/\(name)"
        guard let databaseURL = url.string else { throw BenchmarkEnvironment.Failure.noDatabase }
        try await withPool(environment.databaseURL) { pool in
            try await pool.execute("DROP DATABASE IF EXISTS \(identifier: name) WITH (FORCE)")
            try await pool.execute("CREATE DATABASE \(identifier: name)")
        }
        try await DatabaseMigrations.run(on: PoolConfiguration(databaseURL), logger: logger)
        try await withPool(databaseURL, prepare)
        let directory = FileManager.default.temporaryDirectory.appending(path: "datashield-bench-\(UUID().uuidString)")
        var variables = settings
        variables["DATABASE_URL"] = databaseURL
        variables["DATASHIELD_DATA_DIR"] = directory.path
        variables["DATASHIELD_LOG_LEVEL"] = "warning"
        let server = try await RunningProgram.start(try environment.program, ["serve", "--port", "0"], environment: variables)
        return Site(
            environment: environment, databaseName: name, databaseURL: databaseURL, server: server, origin: try await server.address(),
            directory: directory)
    }

    func close() async throws {
        await server.stop()
        _ = try await Site.withPool(environment.databaseURL) { pool in
            try await pool.execute("DROP DATABASE \(identifier: databaseName) WITH (FORCE)")
        }
        try FileManager.default.removeItem(at: directory)
    }

    /// Makes an administrator of a company, and the company when it is not there, and signs in over HTTP.
    /// - Parameter key: a key for Have I Been Pwned, or its stand-in; none when nil.
    func signIn(domain: String, key: String? = nil) async throws -> Tenant {
        let settings = try Settings.read(environment: ["DATASHIELD_DATA_DIR": directory.path])
        let access = try await DatabaseAccess.open(databaseURL, settings, secrets: try .standard(settings), logger: Site.logger)
        let application = try DataShield.Application.build(.init(settings: settings, access: access, logger: Site.logger))
        let email = "admin@\(domain)"
        let result: Result<CompanyID, any Error>
        do {
            result = .success(try await Site.makeAdministrator(email, of: domain, key: key, in: application))
        } catch {
            result = .failure(error)
        }
        await application.close()
        let client = Client(origin: origin)
        return Tenant(company: try result.get(), client: try await client.signedIn(email: email, password: Site.password))
    }

    private static func makeAdministrator(
        _ email: String, of domain: String, key: String?, in application: DataShield.Application
    ) async throws -> CompanyID {
        let known = try await application.companies.all().first { $0.domain == domain }
        let company = if let known { known } else { try await application.companies.create(name: domain, domain: domain) }
        let subject = Subject(actor: .program("bench"), company: company.id, role: .admin)
        _ = try await application.users.create(
            .init(email: email, name: "Bench", role: .admin, password: password), mustChangePassword: false, by: subject)
        if let key { _ = try await application.credentials.add(.hibp, key: key, by: subject) }
        return company.id
    }

    /// Runs statements as the owner of a database.
    @discardableResult
    static func withPool<R>(_ url: String, _ body: (PostgresPool) async throws -> R) async throws -> R {
        var configuration = PoolConfiguration(url)
        configuration.size = 1
        configuration.statementTimeout = .seconds(600)
        let pool = PostgresPool(configuration: configuration, logger: logger)
        let result: Result<R, any Error>
        do { result = .success(try await body(pool)) } catch { result = .failure(error) }
        await pool.close()
        return try result.get()
    }

    private static let logger = Logger(label: "benchmarks") { _ in SwiftLogNoOpLogHandler() }
}

/// Calls the server as a program does.
struct Client: Sendable {
    let origin: String
    private(set) var cookie: String?
    private static let http = HTTPClient()

    init(origin: String) { self.origin = origin }

    /// What came back.
    struct Answer: Sendable {
        let status: Int
        let bytes: [UInt8]
        let cookie: String?
    }

    /// The same client with a session.
    func signedIn(email: String, password: String) async throws -> Client {
        let body = try JSONEncoder().encode(["email": email, "password": password])
        let answer = try await send("POST", "/api/auth/login", body: Array(body))
        guard let cookie = answer.cookie?.split(separator: ";").first else {
            throw Program.Failure(description: "Nobody can sign in: the server answered \(answer.status).")
        }
        var client = self
        client.cookie = String(cookie)
        return client
    }

    /// Sends a request and reads all of its answer.
    /// - Throws: ``Program/Failure`` when the answer is an error.
    @discardableResult
    func send(_ method: String, _ path: String, body: [UInt8]? = nil, contentType: String = "application/json") async throws -> Answer {
        guard let url = URL(string: origin + path) else { throw Program.Failure(description: "\(path) is no path.") }
        var request = HTTPClient.Request(method, url, timeout: .seconds(120), responseLimit: 64 << 20)
        if let cookie { request.headers.append(("Cookie", cookie)) }
        if let body {
            request.headers.append(("Content-Type", contentType))
            request.body = .bytes(body)
        }
        let response = try await Client.http.execute(request)
        guard response.status < 300 else {
            throw Program.Failure(
                description: "\(method) \(path): \(response.status) \(String(decoding: response.body.prefix(500), as: UTF8.self))")
        }
        return Answer(status: response.status, bytes: response.body, cookie: response.header("Set-Cookie"))
    }

    /// Sends a GET and decodes what comes.
    func get<T: Decodable>(_ path: String, as type: T.Type) async throws -> T {
        try JSONCoding.decode(type, from: try await send("GET", path).bytes)
    }

    /// How long a GET takes until all of its answer is there, in milliseconds.
    func time(_ path: String) async throws -> Double {
        let start = ContinuousClock.now
        try await send("GET", path)
        return start.duration(to: .now) / .milliseconds(1)
    }
}
