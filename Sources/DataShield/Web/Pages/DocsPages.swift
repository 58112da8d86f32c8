import Foundation
import Hummingbird
import Scalars

/// The API for people, `docs/show`.
struct DocsModel: Sendable {
    /// How the server is reached.
    var origin: String
    /// Shown to somebody who is not signed in, without navigation around it.
    var isAlone = false
    var groups: [Group]

    struct Group: Sendable {
        var id: String
        var name: String
        var routes: [Line]
    }
    struct Line: Sendable {
        var method: String
        var tone: String
        var path: String
        var summary: String
        var access: String
        var status: String
        /// What an answer is that is not JSON.
        var answerType: String?
        /// Query, body and answer, as far as there are any.
        var parts: [Part]
    }
    struct Part: Sendable {
        var name: String
        /// What it is, when it has no fields to list.
        var whole: String?
        var hasFields: Bool
        var fields: [Field]
    }
    struct Field: Sendable {
        var name: String
        var kind: String
        var isRequired: Bool
    }
}

/// | Method | Path        | Permission |
/// |--------|-------------|------------|
/// | GET    | `/api/docs` | everybody  |
package struct DocsPages: Sendable {
    let pages: Pages
    let model: DocsModel

    /// - Parameters:
    ///   - routes: all routes; those of the API are shown.
    ///   - origin: how people reach the server, when it is known.
    package init(pages: Pages, routes: [RegisteredRoute], origin: String?) {
        self.pages = pages
        model = DocsModel(routes, origin: origin ?? "http://127.0.0.1:8080")
    }

    package func add(to routes: PageRoutes) {
        routes.get("/api/docs", .public) { request, context in
            var model = model
            model.isAlone = context.signedIn == nil
            return pages.show("docs/show", model, Frame("API", in: .api, layout: model.isAlone ? .bare : .app), for: request, context)
        }
    }
}

extension DocsModel {
    init(_ routes: [RegisteredRoute], origin: String) {
        self.origin = origin
        var order: [String] = []
        var lines: [String: [Line]] = [:]
        for route in routes where !route.isPage && route.path.hasPrefix("/api/") {
            let parts = route.path.parts(between: "/")
            let name = parts.count > 1 ? String(parts[1]) : "api"
            if lines[name] == nil { order.append(name) }
            lines[name, default: []].append(Line(route))
        }
        groups = order.map { Group(id: $0.swapping(".", for: "-"), name: $0.prefix(1).uppercased() + $0.dropFirst(), routes: lines[$0] ?? []) }
    }
}

extension DocsModel.Line {
    init(_ route: RegisteredRoute) {
        method = route.method.rawValue
        path = route.path
        summary = route.summary
        switch route.method {
        case .get: tone = Tone.low.rawValue
        case .delete: tone = Tone.critical.rawValue
        case .post: tone = Tone.good.rawValue
        default: tone = Tone.medium.rawValue
        }
        switch route.access {
        case .public: access = "no session"
        case .signedIn: access = "a session"
        case .directoryToken: access = "the token of a SCIM connection"
        case .permission(let permission): access = permission.rawValue
        }
        status = String(route.status.code)
        answerType = route.answerType
        let parts: [(String, Schema?)] = [("Query", route.query), ("Body", route.body), ("Answer", route.answer)]
        self.parts = parts.compactMap { name, schema in schema.map { DocsModel.Part(name, $0) } }
        if let type = route.bodyType { self.parts.insert(DocsModel.Part(name: "Body", whole: type, hasFields: false, fields: []), at: 0) }
    }
}

extension DocsModel.Part {
    init(_ name: String, _ schema: Schema) {
        self.name = name
        if case .object(_, let properties) = schema, !properties.isEmpty {
            fields = properties.map { .init(name: $0.name, kind: $0.expectation, isRequired: $0.isRequired) }
        } else {
            fields = []
        }
        hasFields = !fields.isEmpty
        whole = hasFields ? nil : schema.expectation
    }
}
