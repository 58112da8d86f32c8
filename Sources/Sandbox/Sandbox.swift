import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Stand-ins of outside services on a loopback port, in their real wire formats; for the demo, for tests and for benchmarks.
///
/// Have I Been Pwned is under `/api/v3`, the other providers under ``SandboxService/path``, directories under their own paths: `/v1.0` and
/// `/{tenant}/oauth2/v2.0/token` is Entra, `/token` and `/admin/directory` Google, `/api/v1` Okta, `POST /` AWS. Under `/_sandbox` it is told whom there is, made to
/// misbehave, and asked what it was asked; see ``SandboxAdmin``.
package final class Sandbox: Service {
    package struct Configuration: Sendable {
        /// 0 is any free one.
        package var port = 0
        /// Another seed exposes other people.
        package var seed: UInt64 = 2026
        /// How many of all addresses are exposed.
        package var exposedShare = 0.35
        /// Verified domains, with the parts before the `@` that domain search knows.
        package var domains: [String: [String]] = [:]
        /// Addresses that are in exactly these breaches, or in none.
        package var exposures: [String: [String]] = [:]
        /// The sites at which these of them were typed on an infected machine.
        package var websites: [String: [String]] = [:]
        /// What a service that is not Have I Been Pwned has about addresses, where it is to be exactly that: names of the catalogue, or
        /// others.
        package var leaks: [SandboxService: [String: [String]]] = [:]
        package var plan = SubscriptionPlan()
        /// Of Have I Been Pwned; nil is no limit.
        package var rateLimit: RateLimit?
        /// Of the others.
        package var rateLimits: [SandboxService: RateLimit] = [:]
        /// What is left of each key's searches at the services that count them.
        package var credits: [SandboxService: Int] = [.dehashed: 5_000, .leakcheck: 10_000, .intelx: 5_000, .snusbase: 2_048]
        /// The keys that are good; nil is any that has the right form.
        package var keys: Set<String>?
        /// The people whom directories list.
        package var staff = DirectoryStaff.Plan()
        package var directoryHabits = DirectoryHabits()
        /// Of Google's service account, in PEM; nil is the one of ``DirectorySamples``.
        package var googlePublicKey: String?
        /// What that account may ask for; nil is all that the product needs.
        package var googleScopes: Set<String>?

        package init() {}
    }

    let state: Mutex<State>
    private let configuration: Configuration
    private let logger: Logger
    private let now: @Sendable () -> Date
    private let address = Bound()

    private let standIns: [SandboxService: any StandIn]
    /// The people whom directories list: to be edited while they are served.
    package let staff: DirectoryStaff

    struct State: Sendable {
        var world: HIBPWorld
        var plan: SubscriptionPlan
        /// Counts the changes of the two above: what was worked out before one is no longer so.
        var version = 0
        var rateLimits: [SandboxService: RateLimit]
        var keys: Set<String>?
        var blocks = RateBlocks()
        var misbehaviour: [Misbehaviour] = []
        var counts = RequestCounts()
        /// Where the last odd value was put.
        var oddPlace: String?
    }

    /// - Parameters:
    ///   - configuration: whom there is, and what is allowed.
    ///   - now: the time that rate limits go by.
    ///   - logger: for the server.
    /// - Throws: when the bundled catalogue cannot be read.
    package init(
        configuration: Configuration = Configuration(), now: @escaping @Sendable () -> Date = { Date() },
        logger: Logger = Logger(label: "sandbox") { _ in SwiftLogNoOpLogHandler() }
    ) throws {
        self.configuration = configuration
        self.now = now
        self.logger = logger
        let world = HIBPWorld(
            catalogue: try BreachCatalogue.bundled(), seed: configuration.seed, share: configuration.exposedShare,
            domains: configuration.domains, exposures: configuration.exposures, websites: configuration.websites, leaks: configuration.leaks)
        var rateLimits = configuration.rateLimits
        if let limit = configuration.rateLimit { rateLimits[.hibp] = limit }
        state = Mutex(State(world: world, plan: configuration.plan, rateLimits: rateLimits, keys: configuration.keys))
        staff = DirectoryStaff(
            DirectoryStaff.makeMembers(configuration.staff, now: now()), habits: configuration.directoryHabits, now: now)
        func credits(_ service: SandboxService) -> Int { configuration.credits[service] ?? .max }
        standIns = [
            .hibp: HIBPStandIn(), .dehashed: DeHashedStandIn(credits: credits(.dehashed)),
            .leakcheck: LeakCheckStandIn(credits: credits(.leakcheck)), .intelx: IntelXStandIn(credits: credits(.intelx)),
            .snusbase: SnusbaseStandIn(searches: credits(.snusbase)),
            .entra: EntraStandIn(staff: staff), .okta: OktaStandIn(staff: staff), .identityCenter: IdentityCenterStandIn(staff: staff),
            .google: GoogleStandIn(
                staff: staff, domain: configuration.staff.domain, publicKey: configuration.googlePublicKey,
                delegatedScopes: configuration.googleScopes),
        ]
    }

    /// Serves until it is told to shut down.
    package func run() async throws {
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { [self] request, _ in await respond(to: request) },
            configuration: .init(address: .hostname("127.0.0.1", port: configuration.port), serverName: nil),
            onServerRunning: { [address] channel in address.set(.success(channel.localAddress?.port ?? 0)) },
            logger: logger)
        do {
            try await application.run()
        } catch {
            address.set(.failure(error))
            throw error
        }
        address.set(.failure(CancellationError()))
    }

    /// Where it serves; waits until it does.
    /// - Throws: when it could not start, as on a port that is in use.
    package func url() async throws -> String {
        "http://127.0.0.1:\(try await address.port())"
    }

    /// Runs a sandbox for as long as a function runs.
    package static func with<R: Sendable>(
        _ configuration: Configuration = Configuration(), now: @escaping @Sendable () -> Date = { Date() },
        _ body: @Sendable (_ url: String, _ sandbox: Sandbox) async throws -> R
    ) async throws -> R {
        let sandbox = try Sandbox(configuration: configuration, now: now)
        // A server that is merely cancelled may drop a connection that it has just accepted, which the network library takes for a
        // programmer's mistake; one that is shut down takes leave of each.
        var group = ServiceGroupConfiguration(services: [sandbox], logger: sandbox.logger)
        group.maximumGracefulShutdownDuration = .seconds(10)
        let service = ServiceGroup(configuration: group)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await service.run() }
            let result: Result<R, any Error>
            do { result = .success(try await body(try await sandbox.url(), sandbox)) } catch { result = .failure(error) }
            await service.triggerGracefulShutdown()
            // How the server ended is of no interest when the work is done.
            while (try? await tasks.next()) != nil {}
            return try result.get()
        }
    }

    // MARK: Requests

    private func respond(to request: Hummingbird.Request) async -> Response {
        let (path, query) = Self.parts(of: request.uri.string)
        if path.first == "_sandbox" {
            return await SandboxAdmin(sandbox: self).answer(request, path: Array(path.dropFirst())).response()
        }
        guard let (service, words) = Self.service(at: path, request.method), let standIn = standIns[service] else { return Answer.nothing.response() }
        // try?: who breaks off while sending needs no answer.
        let body = try? await request.body.collect(upTo: 1 << 20)
        let asked = ServiceRequest(
            method: request.method, path: words, query: query, headers: request.headers, body: body.map { Array($0.readableBytesView) } ?? [],
            uri: request.uri.string, authority: request.head.authority ?? "")
        let (answer, misbehaviour) = self.answer(asked, service, standIn)
        if misbehaviour?.kind == .slow {
            // Cut short only when the sandbox stops.
            try? await cancelWhenGracefulShutdown {
                try await Task.sleep(for: .milliseconds(misbehaviour?.delayMilliseconds ?? 1000))
            }
        }
        return answer.response(isCut: misbehaviour?.kind == .cutConnection)
    }

    /// Whose path it is, and what follows the service's own beginning.
    private static func service(at path: [String], _ method: HTTPRequest.Method) -> (SandboxService, [String])? {
        if let service = directory(at: path, method) { return (service, path) }
        if path.count > 2, path[0].lowercased() == "api", path[1].lowercased() == "v3" { return (.hibp, Array(path.dropFirst(2))) }
        guard path.count > 1, let service = SandboxService(rawValue: path[0].lowercased()), service != .hibp, !service.isDirectory else {
            return nil
        }
        return (service, Array(path.dropFirst()))
    }

    private static func directory(at path: [String], _ method: HTTPRequest.Method) -> SandboxService? {
        switch path.first {
        case nil: method == .post ? .identityCenter : nil
        case "v1.0": .entra
        case "token" where path.count == 1: .google
        case "admin" where path.count > 2 && path[1] == "directory": .google
        case "api" where path.count > 2 && path[1] == "v1": .okta
        default: path.count == 4 && path[1...] == ["oauth2", "v2.0", "token"] ? .entra : nil
        }
    }

    /// The answer to a request, with what is wrong with it on purpose.
    private func answer(_ request: ServiceRequest, _ service: SandboxService, _ standIn: any StandIn) -> (Answer, Misbehaviour?) {
        let endpoint = standIn.endpoint(of: request)
        let now = now()
        let (misbehaviour, keys, context) = state.withLock { state -> (Misbehaviour?, Set<String>?, ServiceContext) in
            state.counts.count(service, endpoint)
            let joined = request.joined
            let striking = state.misbehaviour.indices.first { state.misbehaviour[$0].strikes(joined, of: service) }
            return (
                striking.map { state.misbehaviour[$0] }, state.keys,
                ServiceContext(world: state.world, plan: state.plan, version: state.version, now: now)
            )
        }
        // A directory does nothing to an account in a call that it refuses.
        if let misbehaviour, misbehaviour.isRefusal, service.isDirectory {
            let answer = misbehaviour.spoil(.nothing, by: standIn)
            state.withLock { $0.counts.byStatus[answer.status.code, default: 0] += 1 }
            return (answer, misbehaviour)
        }
        let honest =
            standIn.refusal(request, keys: keys) ?? limited(request, service, standIn, now: now) ?? standIn.answer(request, context)
        let answer = misbehaviour.map { $0.spoil(honest, by: standIn) } ?? honest
        let odd = misbehaviour.flatMap { $0.place(in: honest) }
        state.withLock { state in
            state.counts.byStatus[answer.status.code, default: 0] += 1
            if let odd { state.oddPlace = odd }
        }
        return (answer, misbehaviour)
    }

    /// The refusal of a request that is one too many.
    private func limited(_ request: ServiceRequest, _ service: SandboxService, _ standIn: any StandIn, now: Date) -> Answer? {
        guard let key = standIn.limitedKey(of: request) else { return nil }
        return state.withLock { state -> Answer? in
            guard let limit = state.rateLimits[service], let seconds = state.blocks.take("\(service) \(key)", limit, now: now) else { return nil }
            state.counts.rateLimited += 1
            return standIn.tooManyRequests(after: seconds)
        }
    }

    /// The words of the path and the values of the query, decoded.
    static func parts(of uri: String) -> (path: [String], query: [String: String]) {
        let halves = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = halves[0].split(separator: "/").map { $0.removingPercentEncoding ?? String($0) }
        var query: [String: String] = [:]
        for pair in (halves.count > 1 ? halves[1] : "").split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[sides[0].lowercased()] = sides.count > 1 ? (sides[1].removingPercentEncoding ?? String(sides[1])) : ""
        }
        return (path, query)
    }
}

/// The port, once there is one.
private final class Bound: Sendable {
    private enum State {
        case waiting([CheckedContinuation<Int, any Error>])
        case known(Result<Int, any Error>)
    }

    private let state = Mutex(State.waiting([]))

    /// The first one counts.
    func set(_ result: Result<Int, any Error>) {
        let waiting = state.withLock { state -> [CheckedContinuation<Int, any Error>] in
            guard case .waiting(let waiting) = state else { return [] }
            state = .known(result)
            return waiting
        }
        for continuation in waiting { continuation.resume(with: result) }
    }

    func port() async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            let known = state.withLock { state -> Result<Int, any Error>? in
                switch state {
                case .known(let result): return result
                case .waiting(let waiting):
                    state = .waiting(waiting + [continuation])
                    return nil
                }
            }
            if let known { continuation.resume(with: known) }
        }
    }
}
