import Foundation
import Hummingbird

/// The data sources, `sources/list`.
struct SourceListModel: Sendable {
    var formError: String?
    var providers: [Provider]

    /// A service that can be asked.
    struct Provider: Sendable {
        var id: String
        var value: String
        var name: String
        var about: String
        var siteURL: String
        var siteName: String
        var status: Badge
        /// The key that is there; nil without one.
        var connected: Connected?
        /// What it has brought; nil when it was never asked.
        var earned: Earned?
        var isFormOpen: Bool
        var submit: String
        var fields: [FormField]
    }
    struct Connected: Sendable {
        var credentialId: String
        var label: String
        var hint: String
        var lastUsed: String
        var pace: String
        /// What is left of the plan, as it was said last.
        var quota: String
        /// Why it does not work.
        var error: String?
    }
    struct Earned: Sendable {
        var finds: String
        var uniqueFinds: String
        var firstFinds: String
        var lastRun: String
        var errors: String
        var message: String?
    }
}

/// | Method | Path                   | Permission          |
/// |--------|------------------------|---------------------|
/// | GET    | `/sources`             | `credentials:read`  |
/// | POST   | `/sources`             | `connectors:manage` |
/// | POST   | `/sources/{id}/test`   | `connectors:manage` |
/// | POST   | `/sources/{id}/delete` | `connectors:manage` |
package struct CredentialPages: Sendable {
    let pages: Pages
    let credentials: Credentials
    let yields: Yields
    let now: Now

    package func add(to routes: PageRoutes) {
        routes.get("/sources", .permission(.credentialsRead)) { request, context in try await page(request, context) }
        routes.post("/sources", .permission(.connectorsManage), form: Form.self, use: add)
        routes.post("/sources/{id}/test", .permission(.connectorsManage), use: test)
        routes.post("/sources/{id}/delete", .permission(.connectorsManage), use: remove)
    }

    struct Form: Codable, Sendable {
        var provider: ApiProvider
        var label: String?
        var key: String
    }

    private func page(
        _ request: Request, _ context: AppContext, form: Form? = nil, problem: (any FeatureError)? = nil
    ) async throws -> Response {
        let subject = try context.subject
        let known = try await credentials.list(for: subject)
        let yields = try await yields.all(for: subject)
        let clock = PageClock(now(), for: context.signedIn)
        let errors = problem?.fields ?? []
        let model = SourceListModel(
            formError: errors.isEmpty ? problem?.detail : nil,
            providers: ProviderRegistry.all.map { type in
                SourceListModel.Provider(
                    type.id, known.first { $0.provider == type.id }, yields[type.id], form: form?.provider == type.id ? form : nil, errors: errors,
                    clock)
            })
        return pages.show(
            "sources/list", model, Frame("Sources and keys", in: .sources, isNarrow: true, status: problem?.status ?? .ok), for: request, context)
    }

    func add(_ request: Request, _ context: AppContext, _ form: Form) async throws -> Response {
        let subject = try context.subject
        do {
            let trial = try await credentials.addTried(form.provider, label: form.label ?? "", key: form.key, by: subject)
            return Pages.redirect(
                to: "/sources",
                trial.isAccepted
                    ? .done("The key is saved. \(trial.message)") : .problem("The key is saved, but could not be tried: \(trial.message)"))
        } catch let failure as any FeatureError {
            return try await page(request, context, form: form, problem: failure)
        }
    }

    func test(_ request: Request, _ context: AppContext) async throws -> Response {
        let trial = try await credentials.test(try context.id(as: CredentialID.self), by: try context.subject)
        return Pages.redirect(to: "/sources", trial.isAccepted ? .done(trial.message) : .problem(trial.message))
    }

    func remove(_ request: Request, _ context: AppContext) async throws -> Response {
        try await credentials.remove(try context.id(as: CredentialID.self), by: try context.subject)
        return Pages.redirect(to: "/sources", .done("The key is removed."))
    }
}

extension SourceListModel.Provider {
    init(
        _ provider: ApiProvider, _ credential: Credential?, _ yield: ProviderYield?, form: CredentialPages.Form?, errors: [FieldError],
        _ clock: PageClock
    ) {
        id = "source-\(provider.rawValue.lowercased())"
        value = provider.rawValue
        name = provider.displayName
        (about, siteURL, siteName) = Self.text(provider)
        status = credential?.status.badge ?? Badge("No key", .neutral, icon: "plug")
        connected = credential.map {
            SourceListModel.Connected(
                credentialId: $0.id.rawValue, label: $0.label, hint: $0.keyHint, lastUsed: $0.lastUsedAt.map(clock.ago) ?? "never",
                pace: $0.requestsPerMinute.map { Format.count($0, "request", "requests") + " a minute" } ?? "as the service allows",
                quota: Self.quota($0, clock), error: $0.status == .error ? $0.errorMessage : nil)
        }
        earned = yield.flatMap { $0.finds > 0 || $0.lastRun != nil ? SourceListModel.Earned($0, clock) : nil }
        isFormOpen = form != nil || credential?.status == .error
        submit = credential == nil ? "Add key" : "Replace key"
        fields = [
            FormField(
                "key", "Key", type: "password", autocomplete: "off", isRequired: true,
                hint: "Only its last characters are shown again.",
                error: form == nil ? nil : errors[field: "key"].map { "The key \($0)" }),
            FormField("label", "Label", value: form?.label ?? credential?.label, isOptional: true, error: form == nil ? nil : errors[field: "label"]),
        ].map { field in
            var field = field
            // Several providers, several forms on the page.
            field.id = "\(provider.rawValue.lowercased())-\(field.name)"
            field.describedBy = FormField.described(id: field.id, hint: field.hint, error: field.error)
            return field
        }
    }

    private static func quota(_ credential: Credential, _ clock: PageClock) -> String {
        guard let left = credential.quotaLeft else {
            return [credential.plan, "number of searches not known"].compactMap { $0 }.joined(separator: ", ")
        }
        // What the key was used for since may have cost some of them.
        let isUsedSince = credential.quotaSeenAt.map { seen in credential.lastUsedAt.map { $0 > seen } ?? false } ?? false
        let seen = credential.quotaSeenAt.map { "as of \(clock.ago($0))\(isUsedSince ? ", before the key was last used" : "")" }
        let reset = credential.quotaResetsAt.map { "more at \(clock.dateTime($0))" }
        return [credential.plan, Format.count(left, "search left", "searches left"), reset, seen].compactMap { $0 }.joined(separator: ", ")
    }

    private static func text(_ provider: ApiProvider) -> (about: String, url: String, name: String) {
        switch provider {
        case .hibp:
            ("Verified breaches, by address or by verified domain.", "https://haveibeenpwned.com/API/Key", "Get a key at haveibeenpwned.com")
        case .hibpStealer:
            (
                "Addresses of verified domains in stealer logs, with the sites.", "https://haveibeenpwned.com/API/Key",
                "Get a key at haveibeenpwned.com"
            )
        case .dehashed: ("Collections of leaked records.", "https://dehashed.com", "dehashed.com")
        case .leakcheck: ("Collections of leaked records.", "https://leakcheck.io", "leakcheck.io")
        case .intelx: ("Raw finds on the dark web and in pastes.", "https://intelx.io", "intelx.io")
        case .snusbase: ("Collections of leaked records.", "https://snusbase.com", "snusbase.com")
        }
    }
}

extension SourceListModel.Earned {
    init(_ yield: ProviderYield, _ clock: PageClock) {
        finds = Format.count(yield.finds)
        uniqueFinds = Format.count(yield.uniqueFinds)
        firstFinds = Format.count(yield.firstFinds)
        lastRun = yield.lastRun.map { clock.ago($0.at) } ?? "never"
        errors = yield.lastRun.map { Format.count($0.errors) } ?? "none"
        message = yield.lastRun?.message
    }
}
