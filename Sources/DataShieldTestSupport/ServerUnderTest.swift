import DataShield
import Foundation
import HTTPClient
import Logging
import ServiceLifecycle

/// A server on a port of its own, with the database of the running test, and somebody signed in.
package struct ServerUnderTest: Sendable {
    package let application: DataShield.Application
    package let port: Int
    package let company: CompanyID

    package var origin: String { "http://127.0.0.1:\(port)" }

    /// The password of every user that ``withServer(as:in:now:settings:_:)`` makes.
    package static let password = "river-otter-lantern-42"
}

extension Settings {
    /// What tests set: a port that the system chooses, all else as it is by itself.
    package static var testing: Settings {
        var settings = Settings(dataDirectory: FileManager.default.temporaryDirectory)
        settings.port = 0
        return settings
    }
}

/// Runs a server for the time of a test, with a client who is signed in with a role.
/// - Parameters:
///   - role: whose rights the client has; nil for nobody's.
///   - company: whose they are; a new one when nil.
///   - now: what time it is to the program.
///   - settings: what the program is set to.
///   - directories: where remediation acts; those of the database when nil.
///   - patience: how long whoever asks for a remediation is kept waiting. Tests ask for the end, and the machine may be busy; those about
///     impatience say so.
///   - clock: what its pauses and deadlines go by.
///   - doors: what clients may take of it; what the settings say when nil.
///   - logger: what it logs to.
///   - body: gets the client; ``TestClient/server`` is the server.
package func withServer<R>(
    as role: Role? = .admin, in company: CompanyID? = nil, now: @escaping Now = { Date() },
    settings: Settings = .testing, directories: (any RemediationDirectories)? = nil, patience: Duration = .seconds(300),
    clock: any Clock<Duration> = ContinuousClock(), doors: DoorLimits? = nil,
    logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, _ body: (TestClient) async throws -> R
) async throws -> R {
    let database = TestDatabase.current
    // Before anything is made that has to be shut down.
    let companyID: CompanyID
    if let company { companyID = company } else { companyID = try await database.makeCompany() }
    var parts = Application.Parts(
        settings: settings, database: database.tenant, system: database.system, secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)),
        logger: logger)
    parts.now = now
    parts.passwordCost = 4
    parts.remediationDirectories = directories
    parts.remediationPatience = patience
    parts.clock = clock
    let application = try Application.build(parts)
    let (ports, running) = AsyncStream.makeStream(of: Int.self)
    // The server and what it hands its uploads to: the pools belong to the test's database, and jobs are run by the tests that want them.
    let server = application.server(doors: doors) { running.yield($0) }
    let services: [any Service] = [application.uploads, application.keeper, server]
    let group = ServiceGroup(configuration: .init(services: services.map { .init(service: $0) }, logger: logger))
    var configuration = HTTPClient.Configuration()
    // The machine may be busy.
    configuration.connectTimeout = .seconds(60)
    let http = HTTPClient(configuration)
    let result: Result<R, any Error> = await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            defer { running.finish() }
            try await group.run()
        }
        let result: Result<R, any Error>
        do {
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else {
                try await tasks.next()
                throw TestClient.Failure(description: "The server did not start.")
            }
            let under = ServerUnderTest(application: application, port: port, company: companyID)
            var client = TestClient(server: under, http: http)
            if let role { client = try await client.signedIn(as: role) }
            result = .success(try await body(client))
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        // try?: how the server ended is of no interest once the test has its result.
        try? await tasks.waitForAll()
        return result
    }
    await application.outbound.shutdown()
    await http.shutdown()
    return try result.get()
}
