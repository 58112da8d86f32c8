import Foundation
import Hummingbird

/// | Method | Path                                            | Permission         |
/// |--------|-------------------------------------------------|--------------------|
/// | GET    | `/remediation/settings`                         | `remediation:read` |
/// | POST   | `/remediation/settings`                         | `policy:manage`    |
/// | POST   | `/remediation/policies`                         | `policy:manage`    |
/// | POST   | `/remediation/policies/confirm`                 | `policy:manage`    |
/// | POST   | `/remediation/policies/delete`                  | `policy:manage`    |
/// | POST   | `/remediation/protected`                        | `policy:manage`    |
/// | POST   | `/remediation/protected/{employeeId}/delete`    | `policy:manage`    |
/// | POST   | `/remediation/resume`                           | `policy:manage`    |
package struct RemediationSettingsPages: Sendable {
    let pages: Pages
    let remediation: Remediation
    let sessions: Sessions
    let now: Now
    private static let path = "/remediation/settings"

    package func add(to routes: PageRoutes) {
        let manage = Access.permission(.policyManage)
        routes.get("/remediation/settings", .permission(.remediationRead)) { request, context in try await page(request, context) }
        routes.post("/remediation/settings", manage, form: SettingsForm.self, use: save)
        routes.post("/remediation/policies", manage, form: PolicyForm.self, use: addPolicy)
        routes.post("/remediation/policies/confirm", manage, form: PolicyForm.self, use: confirmPolicy)
        routes.post("/remediation/policies/delete", manage, form: PolicyForm.self, use: removePolicy)
        routes.post("/remediation/protected", manage, form: ProtectionForm.self, use: protect)
        routes.post("/remediation/protected/{employeeId}/delete", manage, use: unprotect)
        routes.post("/remediation/resume", manage, use: resume)
    }

    struct SettingsForm: Codable, Sendable {
        var enabled: Bool
        var capPeople: Int
        var capPercent: Double
        var windowHours: Int
        var weakReset: Bool
    }

    struct PolicyForm: Codable, Sendable {
        var minSeverity: Severity
        var requires: RemediationPolicy.Requirement
        var action: RemediationType

        var policy: RemediationSettingsChange.Policy { .init(minSeverity: minSeverity, requires: requires, action: action) }
    }

    struct ProtectionForm: Codable, Sendable {
        var email: String?
        var reason: String?
    }

    private func page(
        _ request: Request, _ context: AppContext, form: SettingsForm? = nil, protection: ProtectionForm? = nil, problem: (any FeatureError)? = nil
    ) async throws -> Response {
        let subject = try context.subject
        let model = RemediationSettingsModel(
            try await remediation.settings(for: subject), protected: try await remediation.protected(for: subject), form: form,
            protection: protection, problem: problem, clock: PageClock(now(), for: context.signedIn))
        let frame = Frame("Response settings", in: .responseSettings, status: problem?.status ?? .ok)
        return pages.show("remediation/settings", model, frame, for: request, context)
    }

    func save(_ request: Request, _ context: AppContext, _ form: SettingsForm) async throws -> Response {
        let change = RemediationSettingsChange(
            enabled: form.enabled, capPeople: form.capPeople, capPercent: form.capPercent, windowHours: form.windowHours, weakReset: form.weakReset)
        do {
            _ = try await remediation.change(change, by: try context.subject)
        } catch let failure as InvalidInput {
            return try await page(request, context, form: form, problem: failure)
        }
        return Pages.redirect(to: Self.path, .done("The settings are saved."))
    }

    /// The dry run, which is also the question.
    func confirmPolicy(_ request: Request, _ context: AppContext, _ form: PolicyForm) async throws -> Response {
        let model = PolicyConfirmModel(try await remediation.preview(form.policy, by: try context.subject), form.policy)
        return pages.show("remediation/policy", model, Frame("Add a policy", in: .responseSettings), for: request, context)
    }

    func addPolicy(_ request: Request, _ context: AppContext, _ form: PolicyForm) async throws -> Response {
        let subject = try context.subject
        do {
            _ = try await remediation.add(form.policy, by: subject)
        } catch let failure as InvalidInput {
            return try await page(request, context, problem: failure)
        }
        return Pages.redirect(to: Self.path, .done("The policy is added. It acts on alerts from now on."))
    }

    func removePolicy(_ request: Request, _ context: AppContext, _ form: PolicyForm) async throws -> Response {
        _ = try await remediation.remove(form.policy, by: try context.subject)
        return Pages.redirect(to: Self.path, .done("The policy is removed."))
    }

    func protect(_ request: Request, _ context: AppContext, _ form: ProtectionForm) async throws -> Response {
        do {
            _ = try await remediation.protect(nil, address: form.email, reason: form.reason ?? "", by: try context.subject)
        } catch let failure as InvalidInput {
            return try await page(request, context, protection: form, problem: failure)
        }
        return Pages.redirect(to: Self.path, .done("The account is protected. Nobody acts on it."))
    }

    func unprotect(_ request: Request, _ context: AppContext) async throws -> Response {
        try await remediation.unprotect(try context.id("employeeId", as: EmployeeID.self), by: try context.subject)
        return Pages.redirect(to: Self.path, .done("The protection is removed."))
    }

    func resume(_ request: Request, _ context: AppContext) async throws -> Response {
        do {
            _ = try await remediation.resume(by: try context.subject)
            // Sessions are kept for a moment, with the banner that tells of the stop.
            sessions.cache.removeAll()
        } catch Remediation.Failure.notStopped {
            return Pages.redirect(to: Self.path, .problem(Remediation.Failure.notStopped.detail))
        }
        return Pages.redirect(to: Self.path, .done("Remediation runs again. It does not retry what it refused: select those alerts again."))
    }
}

extension RemediationSettingsModel {
    init(
        _ settings: RemediationSettingsResponse, protected: [ProtectedPerson], form: RemediationSettingsPages.SettingsForm?,
        protection: RemediationSettingsPages.ProtectionForm?, problem: (any FeatureError)?, clock: PageClock
    ) {
        let errors = problem?.fields ?? []
        let shown: Set = ["capPeople", "capPercent", "windowHours", "email", "reason"]
        formError = errors.contains { shown.contains($0.field) } ? nil : problem?.detail
        enabled = Choice(
            "enabled", "Remediation", [("false", "Off"), ("true", "On: administrators can act on accounts")],
            selected: "\(form?.enabled ?? settings.enabled)")
        reset = Choice(
            "weakReset", "A forced password reset",
            [("false", "The old password stops working at once"), ("true", "The old password still opens the page to change it")],
            selected: "\(form?.weakReset ?? settings.weakReset)",
            hint: "The second is weaker: whoever has the leaked password can choose the new one. Not every directory offers it.")
        fields = [
            FormField(
                "capPeople", "At most … people", type: "number", value: String(form?.capPeople ?? settings.capPeople), minimum: 1,
                maximum: 100_000, isRequired: true, error: errors[field: "capPeople"]),
            FormField(
                "capPercent", "At most … % of the staff", value: SVG.number(form?.capPercent ?? settings.capPercent), isRequired: true,
                hint: "The smaller of the two counts, and at least one person.", error: errors[field: "capPercent"]),
            FormField(
                "windowHours", "Within … hours", type: "number", value: String(form?.windowHours ?? settings.windowHours), minimum: 1,
                maximum: 744, isRequired: true, error: errors[field: "windowHours"]),
        ]
        let cap = settings.cap
        state =
            cap.stoppedAt != nil
            ? Badge("Stopped", .critical, icon: "ban")
            : settings.enabled ? Badge("Watching", .good, icon: "shield-check") : Badge("Off", .neutral, icon: "minus")
        limit = Format.count(cap.limit)
        used = Format.count(cap.used)
        left = Format.count(cap.left)
        window = Format.count(cap.windowHours, "hour", "hours")
        stopReason = cap.stopReason
        stoppedAt = cap.stoppedAt.map(clock.dateTime)
        policies = settings.policies.map {
            Policy(
                title: $0.title, since: clock.dateTime($0.since), minSeverity: $0.minSeverity.rawValue, requires: $0.requires.rawValue,
                action: $0.action.rawValue)
        }
        hasPolicies = !policies.isEmpty
        policyChoices = [
            Choice(
                "minSeverity", "Alerts that are", Severity.allCases.map { ($0.rawValue, $0 == .critical ? $0.label : "\($0.label) or worse") },
                selected: "CRITICAL"),
            Choice("requires", "With", RemediationPolicy.Requirement.allCases.map { ($0.rawValue, $0.label) }, selected: "SESSION"),
            Choice("action", "Do", RemediationType.allCases.map { ($0.rawValue, $0.displayName) }, selected: "REVOKE_SESSIONS"),
        ]
        people = protected.map { Person($0, clock) }
        hasPeople = !people.isEmpty
        personFields = [
            FormField(
                "email", "Address", type: "email", value: protection?.email, isRequired: true, hint: "Of somebody on the staff list.",
                error: errors[field: "email"]),
            FormField(
                "reason", "Reason", value: protection?.reason, placeholder: "Break-glass account", isRequired: true, error: errors[field: "reason"]),
        ]
    }
}

extension RemediationSettingsModel.Person {
    init(_ person: ProtectedPerson, _ clock: PageClock) {
        name = person.name ?? person.email
        email = person.email
        url = "/employees/\(person.employee)"
        reason = person.reason
        by = person.protectedBy ?? "somebody"
        since = clock.day(person.createdAt)
        removeURL = "/remediation/protected/\(person.employee)/delete"
    }
}
