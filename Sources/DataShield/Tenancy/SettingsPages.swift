import Foundation
import HTTPTypes
import Hummingbird

/// | Method | Path                | Permission      |
/// |--------|---------------------|-----------------|
/// | GET    | `/settings`         | `company:read`  |
/// | POST   | `/settings`         | `policy:manage` |
/// | POST   | `/settings/weights` | `policy:manage` |
package struct SettingsPages: Sendable {
    let pages: Pages
    let companies: Companies
    let risk: Risk
    let now: Now

    package func add(to routes: PageRoutes) {
        routes.get("/settings", .permission(.companyRead)) { request, context in try await page(request, context) }
        routes.post("/settings", .permission(.policyManage), form: CompanyForm.self, use: save)
        routes.post("/settings/weights", .permission(.policyManage), form: WeightsForm.self, use: weigh)
    }

    struct CompanyForm: Codable, Sendable {
        var name: String
        var timezone: String
        var scanIntervalMinutes: Int?
        var resolvesNeutralised: Bool?
    }

    struct WeightsForm: Codable, Sendable {
        var session: Double?
        var recency: Double?
        var criticalData: Double?
        var domainMatch: Double?
        var openAlerts: Double?
        var breaches: Double?
        var action: String?

        /// Only the weights that differ from the standard ones; nil when none does.
        var override: [String: Double]? {
            let given = [
                "session": session, "recency": recency, "criticalData": criticalData, "domainMatch": domainMatch, "openAlerts": openAlerts,
                "breaches": breaches,
            ]
            let own = given.compactMapValues { $0 }.filter { $0.value != RiskWeights.standard[$0.key] }
            return own.isEmpty ? nil : own
        }
    }

    /// The page, with what a form gave when it is not saved.
    /// - Parameter preview: what other weights would change; nothing when nil.
    private func page(
        _ request: Request, _ context: AppContext, form: CompanyForm? = nil, weights: WeightsForm? = nil, preview: RiskPreview? = nil,
        problem: (any FeatureError)? = nil
    ) async throws -> Response {
        let subject = try context.subject
        let company = try await companies.find(subject.company)
        let override = weights.map(\.override) ?? company.riskWeights
        let shown: RiskPreview
        if let preview { shown = preview } else { shown = try await risk.preview(company.riskWeights, of: subject.company) }
        let model = SettingsModel(
            company, form: form, override: override ?? [:], preview: shown, problem: problem, clock: PageClock(now(), for: context.signedIn))
        return pages.show(
            "settings/show", model, Frame("Company", in: .company, isNarrow: true, status: problem?.status ?? .ok), for: request, context)
    }

    func save(_ request: Request, _ context: AppContext, _ form: CompanyForm) async throws -> Response {
        let change = Companies.Change(
            name: form.name, scanIntervalMinutes: form.scanIntervalMinutes.map { .set($0) } ?? .clear, timezone: form.timezone,
            resolvesNeutralised: form.resolvesNeutralised)
        do {
            _ = try await companies.update(change, by: try context.subject)
        } catch let failure as InvalidInput {
            return try await page(request, context, form: form, problem: failure)
        }
        return Pages.redirect(to: "/settings", .done("The settings are saved."))
    }

    func weigh(_ request: Request, _ context: AppContext, _ form: WeightsForm) async throws -> Response {
        let subject = try context.subject
        let weights = form.action == "reset" ? nil : form.override
        let change = Companies.Change(riskWeights: weights.map { .set($0) } ?? .clear)
        do {
            guard form.action == "preview" else {
                // The change has the scores brought up to date in the background: here they would be reckoned once more, while somebody waits.
                _ = try await companies.update(change, by: subject)
                return Pages.redirect(to: "/settings", .done("The weights are saved. The scores change in a moment."))
            }
            try await companies.check(change, for: subject)
            return try await page(request, context, weights: form, preview: risk.preview(weights, by: subject))
        } catch let failure as InvalidInput {
            return try await page(request, context, weights: form, problem: failure)
        }
    }
}

extension SettingsModel {
    init(
        _ company: Company, form: SettingsPages.CompanyForm?, override: [String: Double], preview: RiskPreview, problem: (any FeatureError)?,
        clock: PageClock
    ) {
        let errors = problem?.fields ?? []
        formError = errors.isEmpty ? problem?.detail : nil
        name = FormField("name", "Company name", value: form?.name ?? company.name, isRequired: true, error: errors[field: "name"])
        timezoneField = FormField(
            "timezone", "Time zone", value: form?.timezone ?? company.timezone, isRequired: true, hint: "Such as Europe/Berlin or UTC.",
            error: errors[field: "timezone"])
        let interval = form.map(\.scanIntervalMinutes) ?? company.scanIntervalMinutes
        var choices = [
            ("", "Only by hand"), ("60", "Every hour"), ("360", "Every 6 hours"), ("720", "Every 12 hours"), ("1440", "Every day"),
            ("10080", "Every week"),
        ]
        if let interval, !choices.contains(where: { $0.0 == String(interval) }) {
            choices.append((String(interval), "Every \(Format.duration(seconds: interval * 60))"))
        }
        self.interval = Choice(
            "scanIntervalMinutes", "Scans", choices.map { (value: $0.0, label: $0.1) }, selected: interval.map { String($0) },
            error: errors[field: "scanIntervalMinutes"])
        neutralised = Choice(
            "resolvesNeutralised", "When a finding is neutralised",
            [("true", "Resolve its alert"), ("false", "Leave its alert open")],
            selected: String(form?.resolvesNeutralised ?? company.resolvesNeutralised), error: errors[field: "resolvesNeutralised"])
        lastScan = company.lastScanAt.map { "The last scan was \(clock.ago($0))." } ?? "No scan yet."
        var weights = RiskWeights.standard
        for (key, value) in override { weights[key] = value }
        self.weights = Self.texts.map { key, title, hint in
            Weight(
                key: key, title: title, value: SVG.number(weights[key]), standard: SVG.number(RiskWeights.standard[key]), hint: hint,
                error: errors[field: "riskWeights.\(key)"])
        }
        self.preview = Preview(preview)
    }

    private static let texts = [
        ("session", "Stolen session", "Malware took a cookie or token, and the session may still work."),
        ("recency", "Recency", "Full on the day of the breach, nothing after 180 days."),
        ("criticalData", "Critical data", "A password that may still work, or a payment or identity number."),
        ("domainMatch", "Company address", "The address is on your own domain."),
        ("openAlerts", "Open alerts", "Not resolved, and still live or not known. Three or more count fully."),
        ("breaches", "Breaches", "Five or more count fully."),
    ]
}

extension SettingsModel.Preview {
    init(_ preview: RiskPreview) {
        caption = "People in each level" + (preview.isEstimate ? ", estimated from 5,000 of them" : "")
        func row(_ level: Badge, _ before: Int, _ after: Int) -> SettingsModel.Row {
            SettingsModel.Row(
                level: level, before: Format.count(before), after: Format.count(after),
                change: after == before ? "none" : (after > before ? "+" : "") + Format.count(after - before))
        }
        rows = [RiskLevel.critical, .high, .medium, .low].map { row($0.badge, preview.before[$0], preview.after[$0]) }
        rows.append(row(RiskLevel.notAsked, preview.before.notAsked, preview.after.notAsked))
    }
}
