import Foundation
import Hummingbird

/// The API for people, `docs/show`.
struct DocsModel: Sendable {
    /// How the server is reached.
    var origin: String
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
    }
}

/// | Method | Path    | Permission |
/// |--------|---------|------------|
/// | GET    | `/docs` | signed in  |
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
        routes.get("/docs", .signedIn) { request, context in
            pages.show("docs/show", model, Frame("API", in: .docs), for: request, context)
        }
    }
}

extension DocsModel {
    init(_ routes: [RegisteredRoute], origin: String) {
        self.origin = origin
        var order: [String] = []
        var lines: [String: [Line]] = [:]
        for route in routes where !route.isPage && route.path.hasPrefix("/api/") {
            let parts = route.path.split(separator: "/")
            let name = parts.count > 1 ? String(parts[1]) : "api"
            if lines[name] == nil { order.append(name) }
            lines[name, default: []].append(Line(route))
        }
        groups = order.map { Group(id: $0.replacing(".", with: "-"), name: $0.prefix(1).uppercased() + $0.dropFirst(), routes: lines[$0] ?? []) }
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
        case .public: access = "nothing"
        case .signedIn: access = "a session"
        case .permission(let permission): access = permission.rawValue
        }
    }
}
