import Foundation
import Hummingbird

/// How the sources do, `sources/health`.
struct SourceHealthModel: Sendable {
    var subtitle: String
    var rows: [Row]

    /// A service that can be asked.
    struct Row: Sendable {
        var name: String
        var status: Badge
        /// Why it does not work.
        var problem: String?
        var plan: String
        var lastScan: String
        var errors: String
        var finds: String
        var uniqueFinds: String
    }
}

/// What the sources answer, without anything that could be changed.
///
/// | Method | Path                | Permission         |
/// |--------|---------------------|--------------------|
/// | GET    | `/coverage/sources` | `credentials:read` |
package struct SourceHealthPages: Sendable {
    let pages: Pages
    let credentials: Credentials
    let yields: Yields
    let now: Now

    package func add(to routes: PageRoutes) {
        routes.get("/coverage/sources", .permission(.credentialsRead), use: show)
    }

    func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let known = try await credentials.list(for: subject)
        let yields = try await yields.all(for: subject)
        let clock = PageClock(now(), for: context.signedIn)
        let model = SourceHealthModel(
            subtitle: Self.subtitle(known),
            rows: ProviderRegistry.all.map { type in
                SourceHealthModel.Row(type.id, known.first { $0.provider == type.id }, yields[type.id] ?? ProviderYield(type.id), clock)
            })
        return pages.show("sources/health", model, Frame("Sources", in: .sourceHealth), for: request, context)
    }

    private static func subtitle(_ known: [Credential]) -> String {
        let all = ProviderRegistry.all.count
        let inUse = "\(Format.count(known.count)) of \(Format.count(all, "source", "sources")) \(known.count == 1 ? "has" : "have") a key."
        let failing = known.count { $0.status == .error }
        return failing == 0 ? inUse : "\(inUse) \(Format.count(failing, "source refuses", "sources refuse")) the key."
    }
}

extension SourceHealthModel.Row {
    init(_ provider: ApiProvider, _ credential: Credential?, _ yield: ProviderYield, _ clock: PageClock) {
        name = provider.displayName
        status = credential?.status.badge ?? Badge("No key", .neutral, icon: "plug")
        problem = credential?.status == .error ? credential?.errorMessage : nil
        let left = credential?.quotaLeft.map { Format.count($0, "search left", "searches left") }
        let plan = [credential?.plan, left].compactMap { $0 }
        self.plan = plan.isEmpty ? "not known" : plan.joined(separator: ", ")
        lastScan = yield.lastRun.map { clock.ago($0.at) } ?? "never"
        errors = yield.lastRun.map { Format.count($0.errors) } ?? "none"
        finds = Format.count(yield.finds)
        uniqueFinds = Format.count(yield.uniqueFinds)
    }
}
