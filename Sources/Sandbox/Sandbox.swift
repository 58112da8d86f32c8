import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Stand-ins of outside services on a loopback port, in their real wire formats; for the demo, for tests and for benchmarks.
///
/// So far it is Have I Been Pwned, under `/api/v3`. Under `/_sandbox` it is told whom there is, made to misbehave, and asked what it was
/// asked; see ``SandboxAdmin``.
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
        package var plan = SubscriptionPlan()
        /// nil is no limit.
        package var rateLimit: RateLimit?
        /// The keys that are good; nil is any that has the right form.
        package var keys: Set<String>?

        package init() {}
    }

    let state: Mutex<State>
    private let configuration: Configuration
    private let logger: Logger
    private let now: @Sendable () -> Date
    private let address = Bound()

    struct State: Sendable {
        var world: HIBPWorld
        var plan: SubscriptionPlan
        var rateLimit: RateLimit?
        var keys: Set<String>?
        var blocks = RateBlocks()
        var misbehaviour: [Misbehaviour] = []
        var counts = RequestCounts()
        /// What domain search answered, until something changes.
        var domainAnswers: [String: Answer] = [:]
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
            domains: configuration.domains, exposures: configuration.exposures)
        state = Mutex(State(world: world, plan: configuration.plan, rateLimit: configuration.rateLimit, keys: configuration.keys))
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
        guard path.count > 2, path[0].lowercased() == "api", path[1].lowercased() == "v3" else { return Answer.nothing.response() }
        var words = Array(path.dropFirst(2))
        words[0] = words[0].lowercased()
        let agent = request.headers[.userAgent] ?? ""
        let key = Self.keyField.flatMap { request.headers[$0] }
        let (answer, misbehaviour) = self.answer(.init(path: words, query: query), method: request.method, agent: agent, key: key)
        if misbehaviour?.kind == .slow {
            // Cut short only when the sandbox stops.
            try? await cancelWhenGracefulShutdown {
                try await Task.sleep(for: .milliseconds(misbehaviour?.delayMilliseconds ?? 1000))
            }
        }
        return answer.response(isCut: misbehaviour?.kind == .cutConnection)
    }

    private static let keyField = HTTPField.Name("hibp-api-key")

    /// The answer to a request, with what is wrong with it on purpose.
    private func answer(
        _ request: HIBPService.Request, method: HTTPRequest.Method, agent: String, key: String?
    ) -> (Answer, Misbehaviour?) {
        let endpoint = request.path[0]
        let joined = request.path.joined(separator: "/").lowercased()
        let (misbehaviour, refusal, service, remembered) = state.withLock { state -> (Misbehaviour?, Answer?, HIBPService, Answer?) in
            state.counts.total += 1
            state.counts.byEndpoint[endpoint, default: 0] += 1
            let misbehaviour = state.misbehaviour.indices.first { state.misbehaviour[$0].strikes(joined) }.map { state.misbehaviour[$0] }
            let refusal = self.refusal(request, method: method, agent: agent, key: key, &state)
            let remembered = endpoint == "breacheddomain" ? state.domainAnswers[joined] : nil
            return (misbehaviour, refusal, HIBPService(world: state.world, plan: state.plan), remembered)
        }
        let honest = refusal ?? remembered ?? service.answer(request)
        let answer = misbehaviour.map { $0.spoil(honest) } ?? honest
        state.withLock { state in
            state.counts.byStatus[answer.status.code, default: 0] += 1
            if refusal == nil, endpoint == "breacheddomain" { state.domainAnswers[joined] = honest }
        }
        return (answer, misbehaviour)
    }

    /// Why a request is not even looked at, if so.
    private func refusal(
        _ request: HIBPService.Request, method: HTTPRequest.Method, agent: String, key: String?, _ state: inout State
    ) -> Answer? {
        guard method == .get || method == .head else { return .refusal(.methodNotAllowed, "The method is not allowed.") }
        guard !agent.trimmingCharacters(in: .whitespaces).isEmpty else {
            return .refusal(.forbidden, "Access denied due to missing user agent.")
        }
        guard !HIBPService.keyless.contains(request.path[0]) else { return nil }
        guard let key, !key.isEmpty else { return .refusal(.unauthorized, "Access denied due to missing hibp-api-key.") }
        guard key.utf8.count == 32, key.allSatisfy(\.isHexDigit) else {
            return .refusal(.unauthorized, "Access denied due to improperly formed hibp-api-key.")
        }
        let isForTests = request.path.last?.lowercased().hasSuffix("@\(TestAccounts.domain)") ?? false
        let isGood = key == TestAccounts.key ? isForTests : (state.keys?.contains(key) ?? true)
        guard isGood else { return .refusal(.unauthorized, "Access denied due to invalid hibp-api-key.") }
        if let limit = state.rateLimit, let seconds = state.blocks.take(key, limit, now: now()) {
            state.counts.rateLimited += 1
            return .tooManyRequests(after: seconds)
        }
        return nil
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

extension Misbehaviour {
    /// What becomes of the right answer.
    fileprivate func spoil(_ answer: Answer) -> Answer {
        switch kind {
        case .tooManyRequests: .tooManyRequests(after: retryAfter ?? 2)
        case .internalError: .refusal(.internalServerError, "An error has occurred.")
        case .unavailable: .edgePage(.serviceUnavailable)
        case .lostPage: .edgePage(.notFound)
        case .slow, .cutConnection: answer
        case .brokenJSON: .json(written: Array(#"[{"Name":oops]"#.utf8))
        case .truncated: .json(written: answer.body.isEmpty ? Array(#"[{"Name":"#.utf8) : Array(answer.body.dropLast(max(1, answer.body.count / 3))))
        case .wrongContentType: Answer(status: answer.status, contentType: "text/html", body: answer.body)
        case .refusedKey: .refusal(.unauthorized, "Access denied due to invalid hibp-api-key.")
        case .forbidden: .refusal(.forbidden, "The domain has not been verified by the owner of this API key.")
        }
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
