import Foundation
import Hummingbird
import HummingbirdCore
import Jobs
import Logging
import NIOCore
import Postgres
import ServiceLifecycle

/// The program, put together: every capability's front door, the routes, and what runs for as long as it does.
/// ``build(_:)`` makes it, for `serve`, for commands and for the tests of HTTP alike.
package struct Application: Sendable {
    package let settings: Settings
    package let logger: Logger
    package let telemetry: Telemetry
    package let secrets: SecretBox
    package let outbound: OutboundClient
    package let database: TenantDatabase
    package let system: SystemDatabase

    package let companies: Companies
    package let users: Users
    package let sessions: Sessions
    package let signIn: SignIn
    package let audit: Audit
    package let employees: Employees
    package let alerts: Alerts
    package let breaches: Breaches
    package let risk: Risk
    package let credentials: Credentials
    package let scans: Scans
    package let machines: Machines
    package let ingests: Ingests
    package let dashboards: Dashboards
    package let directories: Directories
    package let scimTokens: SCIMTokens
    package let scim: SCIMDirectory
    package let remediation: Remediation

    package let assets: StaticAssets
    /// Every route, for the OpenAPI document and for the test that tries them all.
    package let routes: [RegisteredRoute]
    let responder: FrontResponder
    /// Reads the leak files that this process is sent.
    package let uploads: IngestUploads
    /// Owns what was begun in directories.
    package let keeper: RemediationKeeper
    /// Does the jobs.
    let worker: Worker
    /// What else runs beside the server: scheduler, upkeep.
    let background: [any Service]

    /// What a process does.
    package enum Role: String, CaseIterable, Sendable {
        case all
        /// Answers requests, leaves jobs to others.
        case web
        /// Does jobs, answers no requests.
        case worker
    }

    /// What runs, in the order it starts; it stops in reverse.
    /// - Parameters:
    ///   - role: what this process does.
    ///   - gate: when jobs and schedules begin; at once when nil.
    ///   - onRunning: told the port once the server listens. It answers nobody before that has returned.
    package func services(
        _ role: Role = .all, after gate: Gate? = nil, onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> [any Service] {
        var services: [any Service] = [system, database, outbound, uploads, keeper]
        if role != .web {
            let working: [any Service] = [worker] + background
            for service in working {
                if let gate { services.append(Gated(service: service, gate: gate)) } else { services.append(service) }
            }
        }
        if role != .worker { services.append(server(onRunning: onRunning)) }
        return services
    }

    /// Runs the worker for as long as a function runs; for a command that needs jobs done.
    package func withWorker<R: Sendable>(_ body: @Sendable () async throws -> R) async throws -> R {
        let group = ServiceGroup(configuration: .init(services: [.init(service: worker)], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let result: Result<R, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return try result.get()
        }
    }

    /// Lets go of all connections; for a command that does not run the services.
    package func close() async {
        await database.close()
        await system.close()
        await outbound.shutdown()
    }

    /// The HTTP server alone.
    /// - Parameters:
    ///   - doors: what clients may take; what settings and system allow when nil.
    ///   - onRunning: told the port once the server listens.
    package func server(doors: DoorLimits? = nil, onRunning: @escaping @Sendable (Int) async -> Void = { _ in }) -> HTTPServer {
        HTTPServer(
            host: settings.host, port: settings.port, responder: responder, doors: doors ?? DoorLimits(settings, descriptors: DoorLimits.descriptors),
            logger: logger, onRunning: onRunning)
    }
}

/// The HTTP server: bounds what a client may send before it is known, and says in one line when its port is taken.
package struct HTTPServer: Service {
    let host: String
    let port: Int
    let responder: FrontResponder
    let doors: DoorLimits
    let logger: Logger
    let onRunning: @Sendable (Int) async -> Void

    /// Why the server cannot listen: one line that says how to mend it.
    package struct Failure: Error, CustomStringConvertible, Equatable {
        package let description: String
    }

    package func run() async throws {
        logger.info(
            "Connections are bounded",
            metadata: ["connections.all": "\(doors.connections)", "connections.address": "\(doors.connectionsPerAddress)"])
        let onRunning = onRunning
        let application = Hummingbird.Application(
            responder: responder,
            server: .withDoors(doors, OpenConnections(doors)),
            configuration: .init(address: .hostname(host, port: port)),
            onServerRunning: { await onRunning($0.localAddress?.port ?? 0) },
            logger: logger.withoutCancellation)
        do {
            try await application.run()
        } catch let error as IOError {
            switch error.errnoCode {
            case EADDRINUSE: throw Failure(description: "Port \(port) on \(host) is in use. Stop what uses it, or set DATASHIELD_PORT to another.")
            case EACCES: throw Failure(description: "Port \(port) may not be opened by this user. Set DATASHIELD_PORT to one above 1023.")
            case EADDRNOTAVAIL: throw Failure(description: "This machine has no address \(host). Set DATASHIELD_HOST to one that it has.")
            default: throw error
            }
        }
    }
}
