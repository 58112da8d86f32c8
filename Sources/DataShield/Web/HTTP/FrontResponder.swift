import HTTPTypes
import Hummingbird
import Logging
import NIOHTTP1
import Postgres
import Scalars

/// What happens to every request, whatever its route: cross-site requests are refused, errors become answers, answers are compressed, headers
/// are added, and it is counted and logged, without its query string. It stands before the router, so that it also sees what has no route.
package struct FrontResponder: HTTPResponder {
    package typealias Context = AppContext

    let router: RouterResponder<AppContext>
    let headers: SecurityHeaders
    let crossSite: CrossSite
    let allowedMethods: AllowedMethods
    let errorPages: any ErrorPages
    /// Who is signed in, for the frame around an error: the route that refused may never have asked, or there is none.
    let authenticate: Routes.Authenticate
    /// The names of those who may do what somebody was refused.
    let administrators: @Sendable (SignedIn) async throws -> [String]
    let telemetry: Telemetry
    /// Protocols under `/api` that have a way of their own to say what went wrong.
    var errorFormats: [any ErrorFormat] = []

    package func respond(to request: Request, context: AppContext) async throws -> Response {
        let start = ContinuousClock.now
        var response: Response
        do {
            try HostField.check(request)
            if crossSite.isRefused(request) { throw HTTPFailure.crossSite }
            response = try await router.respond(to: context.announcing(request), context: context)
        } catch let error as HTTPParserError {
            // The body is no HTTP: the server itself answers 400 and closes, for what follows cannot be read either.
            record(request, .badRequest, context, start.duration(to: .now))
            throw error
        } catch {
            response = await answer(to: error, request: request, context: context)
            if let found = error as? RouterFailure, found.underlying.status == .notFound,
                let format = errorFormats.first(where: { $0.covers(request.uri.path) })
            {
                await format.isUnrouted(request, context, status: response.status)
            }
        }
        await ContentCoding.apply(to: &response, for: request)
        headers.add(to: &response.headers)
        response.headers[.xRequestID] = context.requestID
        record(request, response.status, context, start.duration(to: .now))
        return response
    }

    private func answer(to error: any Error, request: Request, context: AppContext) async -> Response {
        var error = error
        let path = request.uri.path
        if let found = error as? RouterFailure, found.underlying.status == .notFound {
            let allowed = allowedMethods.of(path)
            if request.method == .options, !allowed.isEmpty {
                return Response(status: .noContent, headers: [.allow: allowed.joined(separator: ", ")])
            }
            error = allowed.isEmpty ? HTTPFailure.notFound : HTTPFailure.methodNotAllowed(allowed: allowed)
        }
        let refusal = Refusal(error)
        if refusal.logLevel >= .error {
            let metadata: Logger.Metadata = ["error": "\(PostgresError.logText(of: error))", "http.route": "\(context.endpointPath ?? "none")"]
            context.logger.log(level: refusal.logLevel, "Request failed", metadata: metadata)
        }
        if let format = errorFormats.first(where: { $0.covers(path) }) { return format.answer(to: error, refusal) }
        if path.hasPrefix("/api/") || path == "/api" || path == "/metrics" { return refusal.problem(requestID: context.requestID) }
        var framed = context
        framed.signedIn = await Self.owner(of: refusal) { try await authenticate(request, context) }
        var names: [String] = []
        // try?: without names the page says the same.
        if refusal.missing != nil, let signedIn = framed.signedIn { names = (try? await administrators(signedIn)) ?? [] }
        return errorPages.page(for: refusal, to: request, context: framed, administrators: names)
    }

    /// Who is signed in, for the frame around an error.
    ///
    /// Where the database is what failed, nobody waits for it a second time: nobody is known, and the page has no frame.
    static func owner(of refusal: Refusal, _ authenticate: () async throws -> SignedIn?) async -> SignedIn? {
        guard !refusal.isWithoutDatabase else { return nil }
        // try?: what went wrong is told already.
        return try? await authenticate()
    }

    private func record(_ request: Request, _ status: HTTPResponse.Status, _ context: AppContext, _ duration: Duration) {
        let pattern = context.endpointPath ?? "none"
        telemetry.countRequest(method: request.method.rawValue, route: pattern, status: status.code, duration: duration)
        // A successful read is routine; what changes something or fails is worth a line.
        let isRoutine = status.code < 400 && (request.method == .get || request.method == .head)
        let level: Logger.Level = isRoutine ? .debug : .info
        guard context.logger.logLevel <= level else { return }
        context.logger.log(
            level: level, "Request answered",
            metadata: [
                "http.method": "\(request.method.rawValue)", "http.route": "\(pattern)", "http.status": "\(status.code)",
                "http.milliseconds": "\(duration.milliseconds)",
            ])
    }
}

/// Keeps Hummingbird's router from answering its own errors, so that ours look all alike.
struct RouterFailure: Error {
    let underlying: HTTPError

    struct Middleware: RouterMiddleware {
        func handle(_ request: Request, context: AppContext, next: (Request, AppContext) async throws -> Response) async throws -> Response {
            do {
                return try await next(request, context)
            } catch let error as HTTPError {
                throw RouterFailure(underlying: error)
            }
        }
    }
}

/// Says an error as another protocol than ours has it.
package protocol ErrorFormat: Sendable {
    /// Whether a path belongs to the protocol.
    func covers(_ path: String) -> Bool
    func answer(to error: any Error, _ refusal: Refusal) -> Response
    /// Told of a request of the protocol that no route takes, and with which status it is answered.
    func isUnrouted(_ request: Request, _ context: AppContext, status: HTTPResponse.Status) async
}

/// Shows an error to a person.
package protocol ErrorPages: Sendable {
    /// - Parameters:
    ///   - context: with who is signed in, if somebody is.
    ///   - administrators: the names of those who may do what was refused because of the role.
    func page(for refusal: Refusal, to request: Request, context: AppContext, administrators: [String]) -> Response
}

/// The methods of each path, to tell "not here" from "not so".
struct AllowedMethods: Sendable {
    private let patterns: [(segments: [Substring], method: String)]

    init(_ routes: [RegisteredRoute]) {
        patterns = routes.map { ($0.path.parts(between: "/"), $0.method.rawValue) }
    }

    /// What the route of a path takes; empty when there is no such path. Of several routes that a path fits, it is the one that the
    /// router takes, too: the one with words where others have parameters.
    func of(_ path: String) -> [String] {
        let segments = path.parts(between: "/")
        var (found, methods): ([Int]?, Set<String>) = (nil, [])
        for pattern in patterns {
            guard let ranks = Self.ranks(of: segments, in: pattern.segments) else { continue }
            if let best = found, best != ranks {
                if best.lexicographicallyPrecedes(ranks) { continue }
                methods = []
            }
            found = ranks
            methods.formUnion(pattern.method == "GET" ? ["GET", "HEAD"] : [pattern.method])
        }
        return methods.isEmpty ? [] : methods.union(["OPTIONS"]).sorted()
    }

    /// How each segment of a path fits a pattern: 0 as a word, 1 as a parameter, 2 as part of the rest; nil when the path does not fit.
    private static func ranks(of path: [Substring], in pattern: [Substring]) -> [Int]? {
        let hasRest = pattern.last == "**"
        guard hasRest ? path.count >= pattern.count : path.count == pattern.count else { return nil }
        var ranks: [Int] = []
        for (index, segment) in path.enumerated() {
            guard index < pattern.count, pattern[index] != "**" else {
                ranks.append(2)
                continue
            }
            if pattern[index] == segment {
                ranks.append(0)
            } else if pattern[index].content(within: "{", "}") != nil {
                ranks.append(1)
            } else {
                return nil
            }
        }
        return ranks
    }
}

extension Duration {
    /// Whole milliseconds.
    package var milliseconds: Int { Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000) }
    /// Seconds with a fraction.
    package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
