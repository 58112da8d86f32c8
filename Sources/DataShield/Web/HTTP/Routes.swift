import HTTPTypes
import Hummingbird
import Logging

/// All routes of the program. A route is added with who may call it, and there is no other way to add one; what is added is known to
/// the OpenAPI document, to 405 answers, and to the test that tries every route without leave.
package final class Routes {
    /// How a request's session is found. Handed in, so that HTTP does not depend on accounts.
    package typealias Authenticate = @Sendable (Request, AppContext) async throws -> SignedIn?
    /// Whether a session is still what it was: the same person with the same role.
    package typealias Revalidate = @Sendable (SignedIn) async throws -> Bool
    package typealias Handler = @Sendable (Request, AppContext) async throws -> Response
    /// What is done when somebody's role does not include what a route asks for.
    package typealias OnRefusal = @Sendable (SignedIn, Permission, RegisteredRoute) async -> Void
    /// Refuses, by an error, somebody who may call a route and does so too often.
    package typealias Admit = @Sendable (SignedIn, RegisteredRoute) throws -> Void
    /// What is done with an answer when it is known who asked.
    package typealias Finish = @Sendable (inout Response, SignedIn?) -> Void

    /// Counts what stands beside the entries of the navigation, for a page that somebody looks at.
    package typealias Count = @Sendable (SignedIn) async throws -> NavigationCounts

    let router: Router<AppContext>
    private let authenticate: Authenticate
    private let revalidate: Revalidate
    private let onRefusal: OnRefusal
    private let admit: Admit
    private let finish: Finish
    private let count: Count
    /// What was added, in order.
    package private(set) var registered: [RegisteredRoute] = []

    init(
        router: Router<AppContext>, revalidate: @escaping Revalidate, onRefusal: @escaping OnRefusal = { _, _, _ in },
        admit: @escaping Admit = { _, _ in }, finish: @escaping Finish = { _, _ in },
        count: @escaping Count = { _ in NavigationCounts() }, authenticate: @escaping Authenticate
    ) {
        self.router = router
        self.revalidate = revalidate
        self.onRefusal = onRefusal
        self.admit = admit
        self.finish = finish
        self.count = count
        self.authenticate = authenticate
    }

    /// The JSON API.
    package var api: APIRoutes { APIRoutes(routes: self) }
    /// The pages for people.
    package var pages: PageRoutes { PageRoutes(routes: self) }

    /// Adds a route: who may call it is settled before the handler runs.
    /// - Parameter isSameForAll: whether the answer is the same whoever asks, so that nobody is looked up for it.
    func add(_ route: RegisteredRoute, isSameForAll: Bool = false, _ handler: @escaping Handler) {
        registered.append(route)
        let (authenticate, revalidate, onRefusal, admit, finish, count) = (authenticate, revalidate, onRefusal, admit, finish, count)
        let access = route.access
        let isPage = route.isPage
        router.on(RouterPath(route.path), method: route.method) { request, context -> Response in
            var context = context
            // A directory has no session, and need not cost a look for one; nor does a file of ours, which comes without the database, too.
            if access == .directoryToken || isSameForAll { return try await handler(request, context) }
            do {
                context.signedIn = try await authenticate(request, context)
                if let signedIn = context.signedIn { context.isStillSignedIn = { try await revalidate(signedIn) } }
                try Self.check(access, context)
                if let signedIn = context.signedIn { try admit(signedIn, route) }
                // Of whoever has to choose a password first nothing is shown.
                if isPage, request.method == .get, let signedIn = context.signedIn, !signedIn.mustChangePassword {
                    context.signedIn?.counts = try await count(signedIn)
                }
                var response = try await handler(request, context)
                finish(&response, context.signedIn)
                return response
            } catch HTTPFailure.notPermitted(let permission) {
                if let signedIn = context.signedIn { await onRefusal(signedIn, permission, route) }
                throw HTTPFailure.notPermitted(permission)
            } catch let failure as HTTPFailure where isPage && request.method == .get {
                // A person is led to where they can mend it; a program is told.
                switch failure {
                case .signInNeeded: return .seeOther("/login?next=\(PercentEncoding.ofPath(request.uri.string))")
                case .passwordChangeNeeded: return .seeOther("/account/password")
                default: throw failure
                }
            }
        }
    }

    static func check(_ access: Access, _ context: AppContext) throws {
        switch access {
        case .public, .directoryToken: return
        case .signedIn(let evenIfPasswordIsDue):
            guard let signedIn = context.signedIn else { throw HTTPFailure.signInNeeded }
            guard evenIfPasswordIsDue || !signedIn.mustChangePassword else { throw HTTPFailure.passwordChangeNeeded }
        case .permission(let permission):
            guard let signedIn = context.signedIn else { throw HTTPFailure.signInNeeded }
            guard !signedIn.mustChangePassword else { throw HTTPFailure.passwordChangeNeeded }
            guard signedIn.role.permissions.contains(permission) else { throw HTTPFailure.notPermitted(permission) }
        }
    }
}

/// A route as it was added.
package struct RegisteredRoute: Sendable {
    package var method: HTTPRequest.Method
    package var path: String
    package var access: Access
    package var isPage: Bool
    package var summary: String
    package var query: Schema?
    package var body: Schema?
    /// The body when it is not JSON: `text/csv`.
    package var bodyType: String?
    /// How many bytes a body may have.
    package var bodyLimit = defaultBodyLimit
    package var status: HTTPResponse.Status
    package var answer: Schema?
    /// The answer when it is not JSON: `text/csv`, `text/event-stream`.
    package var answerType: String?
}

/// Adds JSON routes. `use` answers a value, which is written as JSON; `respond` answers a whole response.
package struct APIRoutes {
    let routes: Routes

    private func add(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, _ summary: String, query: Schema? = nil, body: Schema? = nil,
        bodyType: String? = nil, limit: Int = defaultBodyLimit, status: HTTPResponse.Status, answer: Schema?, answerType: String? = nil,
        _ handler: @escaping Routes.Handler
    ) {
        routes.add(
            RegisteredRoute(
                method: method, path: path, access: access, isPage: false, summary: summary, query: query, body: body, bodyType: bodyType,
                bodyLimit: limit, status: status, answer: answer, answerType: answerType), handler)
    }

    /// A route without body or query string.
    package func on<Answer: Codable & Sendable>(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, summary: String, answers: Answer.Type, status: HTTPResponse.Status = .ok,
        use handler: @escaping @Sendable (Request, AppContext) async throws -> Answer
    ) {
        add(method, path, access, summary, status: status, answer: Schema.of(Answer.self)) { request, context in
            try .json(try await handler(request, context), status: status)
        }
    }

    /// A route with a query string.
    package func on<Query: Codable & Sendable, Answer: Codable & Sendable>(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, summary: String, query: Query.Type, answers: Answer.Type,
        status: HTTPResponse.Status = .ok, use handler: @escaping @Sendable (Request, AppContext, Query) async throws -> Answer
    ) {
        add(method, path, access, summary, query: Schema.of(Query.self), status: status, answer: Schema.of(Answer.self)) { request, context in
            try .json(try await handler(request, context, try request.decodeQuery(Query.self)), status: status, capacity: 24 * 1024)
        }
    }

    /// A route with a JSON body.
    package func on<Body: Codable & Sendable, Answer: Codable & Sendable>(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, summary: String, body: Body.Type, answers: Answer.Type,
        status: HTTPResponse.Status = .ok, limit: Int = defaultBodyLimit,
        use handler: @escaping @Sendable (Request, AppContext, Body) async throws -> Answer
    ) {
        add(method, path, access, summary, body: Schema.of(Body.self), limit: limit, status: status, answer: Schema.of(Answer.self)) {
            request, context in
            try .json(try await handler(request, context, try await request.decodeJSON(Body.self, limit: limit)), status: status)
        }
    }

    /// A route that writes its response itself: a cookie, a stream, a file.
    /// - Parameters:
    ///   - query: what the query string may hold; nil means the handler reads none.
    ///   - body: what a JSON body holds, for the document; the handler decodes it.
    ///   - bodyType: the body's media type when it is not JSON.
    ///   - limit: how many bytes a body may have, for the document; the handler keeps to it.
    ///   - answers: what a JSON answer holds, for the document.
    ///   - answerType: the answer's media type when it is not JSON.
    package func respond(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, summary: String, query: (any Decodable.Type)? = nil,
        body: (any Decodable.Type)? = nil, bodyType: String? = nil, limit: Int = defaultBodyLimit, answers: (any Decodable.Type)? = nil,
        answerType: String? = nil, status: HTTPResponse.Status = .ok, use handler: @escaping Routes.Handler
    ) {
        add(
            method, path, access, summary, query: query.map { Schema.of($0) }, body: body.map { Schema.of($0) }, bodyType: bodyType, limit: limit,
            status: status, answer: answers.map { Schema.of($0) }, answerType: answerType, handler)
    }
}

extension APIRoutes {
    package func get<Answer: Codable & Sendable>(
        _ path: String, _ access: Access, summary: String, answers: Answer.Type,
        use handler: @escaping @Sendable (Request, AppContext) async throws -> Answer
    ) { on(.get, path, access, summary: summary, answers: answers, use: handler) }

    package func get<Query: Codable & Sendable, Answer: Codable & Sendable>(
        _ path: String, _ access: Access, summary: String, query: Query.Type, answers: Answer.Type,
        use handler: @escaping @Sendable (Request, AppContext, Query) async throws -> Answer
    ) { on(.get, path, access, summary: summary, query: query, answers: answers, use: handler) }

    package func post<Answer: Codable & Sendable>(
        _ path: String, _ access: Access, summary: String, answers: Answer.Type, status: HTTPResponse.Status = .ok,
        use handler: @escaping @Sendable (Request, AppContext) async throws -> Answer
    ) { on(.post, path, access, summary: summary, answers: answers, status: status, use: handler) }

    package func post<Body: Codable & Sendable, Answer: Codable & Sendable>(
        _ path: String, _ access: Access, summary: String, body: Body.Type, answers: Answer.Type, status: HTTPResponse.Status = .ok,
        use handler: @escaping @Sendable (Request, AppContext, Body) async throws -> Answer
    ) { on(.post, path, access, summary: summary, body: body, answers: answers, status: status, use: handler) }

    package func put<Body: Codable & Sendable, Answer: Codable & Sendable>(
        _ path: String, _ access: Access, summary: String, body: Body.Type, answers: Answer.Type,
        use handler: @escaping @Sendable (Request, AppContext, Body) async throws -> Answer
    ) { on(.put, path, access, summary: summary, body: body, answers: answers, use: handler) }

    package func patch<Body: Codable & Sendable, Answer: Codable & Sendable>(
        _ path: String, _ access: Access, summary: String, body: Body.Type, answers: Answer.Type,
        use handler: @escaping @Sendable (Request, AppContext, Body) async throws -> Answer
    ) { on(.patch, path, access, summary: summary, body: body, answers: answers, use: handler) }

    /// Answers 204.
    package func delete(
        _ path: String, _ access: Access, summary: String, use handler: @escaping @Sendable (Request, AppContext) async throws -> Void
    ) {
        respond(.delete, path, access, summary: summary, status: .noContent) { request, context in
            try await handler(request, context)
            return Response(status: .noContent)
        }
    }
}

/// Adds pages. A GET without a session leads to the sign-in; errors are shown as a page.
package struct PageRoutes {
    let routes: Routes

    private func add(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, form: Schema? = nil, _ handler: @escaping Routes.Handler
    ) {
        routes.add(
            RegisteredRoute(
                method: method, path: path, access: access, isPage: true, summary: "", body: form,
                bodyType: form == nil ? nil : "application/x-www-form-urlencoded", status: .ok, answerType: "text/html"), handler)
    }

    package func get(
        _ path: String, _ access: Access, use handler: @escaping @Sendable (Request, AppContext) async throws -> some ResponseGenerator
    ) {
        add(.get, path, access) { request, context in
            try await handler(request, context).response(from: request, context: context)
        }
    }

    /// A file that a page loads: for everybody, and the same for all.
    package func file(_ path: String, use handler: @escaping @Sendable (Request, AppContext) async throws -> Response) {
        let route = RegisteredRoute(method: .get, path: path, access: .public, isPage: true, summary: "", status: .ok, answerType: "text/html")
        routes.add(route, isSameForAll: true, handler)
    }

    /// A form: answers with a redirect, or with the page again when something in it is wrong.
    package func post<Form: Codable & Sendable>(
        _ path: String, _ access: Access, form: Form.Type, limit: Int = defaultBodyLimit,
        use handler: @escaping @Sendable (Request, AppContext, Form) async throws -> some ResponseGenerator
    ) {
        add(.post, path, access, form: Schema.of(Form.self)) { request, context in
            let form = try await request.decodeForm(Form.self, limit: limit)
            return try await handler(request, context, form).response(from: request, context: context)
        }
    }

    /// A button: a form without fields that matter, or one whose body the handler reads itself.
    package func post(
        _ path: String, _ access: Access, use handler: @escaping @Sendable (Request, AppContext) async throws -> some ResponseGenerator
    ) {
        add(.post, path, access) { request, context in
            try await handler(request, context).response(from: request, context: context)
        }
    }
}
