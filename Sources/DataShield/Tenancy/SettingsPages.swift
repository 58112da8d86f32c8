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

    package init(pages: Pages, companies: Companies, risk: Risk, now: @escaping Now) {
        self.pages = pages
        self.companies = companies
        self.risk = risk
        self.now = now
    }

    package func add(to routes: PageRoutes) {
        routes.get("/settings", .permission(.companyRead)) { request, context in try await page(request, context) }
        routes.post("/settings", .permission(.policyManage), form: CompanyForm.self, use: save)
        routes.post("/settings/weights", .permission(.policyManage), form: WeightsForm.self, use: weigh)
    }

    struct CompanyForm: Codable, Sendable {
        var name: String
        var timezone: String
        var scanIntervalMinutes: Int?
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
    private func page(
        _ request: Request, _ context: AppContext, form: CompanyForm? = nil, weights: WeightsForm? = nil, problem: (any FeatureError)? = nil
    ) async throws -> Response {
        let subject = try context.require(.companyRead)
        let company = try await companies.find(subject.company)
        let override = weights.map(\.override) ?? company.riskWeights
        let isRefused = weights != nil && problem != nil
        let preview = try await risk.preview(
            (isRefused ? company.riskWeights : override).map { .object($0.mapValues { .number($0) }) }, of: subject.company)
        let model = SettingsModel(
            company, form: form, override: override ?? [:], preview: preview, problem: problem, clock: PageClock(now(), for: context.signedIn))
        return pages.show(
            "settings/show", model, Frame("Settings", in: .settings, isNarrow: true, status: problem?.status ?? .ok), for: request, context)
    }

    func save(_ request: Request, _ context: AppContext, _ form: CompanyForm) async throws -> Response {
        let change = Companies.Change(
            name: form.name, scanIntervalMinutes: form.scanIntervalMinutes.map { .set($0) } ?? .clear, timezone: form.timezone)
        do {
            _ = try await companies.update(change, by: try context.require(.policyManage))
        } catch let failure as InvalidInput {
            return try await page(request, context, form: form, problem: failure)
        }
        return Pages.redirect(to: "/settings", .done("The settings are saved."))
    }

    func weigh(_ request: Request, _ context: AppContext, _ form: WeightsForm) async throws -> Response {
        let subject = try context.require(.policyManage)
        if form.action == "preview" { return try await page(request, context, weights: form) }
        let weights = form.action == "reset" ? nil : form.override
        do {
            _ = try await companies.update(.init(riskWeights: weights.map { .set($0) } ?? .clear), by: subject)
        } catch let failure as InvalidInput {
            return try await page(request, context, weights: form, problem: failure)
        }
        _ = try await risk.refreshAll(of: subject.company)
        return Pages.redirect(to: "/settings", .done("The weights are saved, and all scores are up to date."))
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
            ("", "Only when somebody starts one"), ("60", "Every hour"), ("360", "Every 6 hours"), ("720", "Every 12 hours"), ("1440", "Every day"),
            ("10080", "Every week"),
        ]
        if let interval, !choices.contains(where: { $0.0 == String(interval) }) {
            choices.append((String(interval), "Every \(Format.duration(seconds: interval * 60))"))
        }
        self.interval = Choice(
            "scanIntervalMinutes", "Scans", choices.map { (value: $0.0, label: $0.1) }, selected: interval.map { String($0) },
            error: errors[field: "scanIntervalMinutes"])
        lastScan = company.lastScanAt.map { "The last scan was \(clock.ago($0))." } ?? "There was no scan yet."
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
        ("session", "Stolen session", "A cookie or token was taken."),
        ("recency", "Recency", "Full on the day of detection, nothing after 180 days."),
        ("criticalData", "Critical data", "A password, payment or identity number."),
        ("domainMatch", "Company address", "The address is on your own domain."),
        ("openAlerts", "Open alerts", "Three or more count fully."),
        ("breaches", "Breaches", "Five or more count fully."),
    ]
}

extension SettingsModel.Preview {
    init(_ preview: RiskPreview) {
        caption = "People in each level" + (preview.isEstimate ? ", estimated from 5,000 of them" : "")
        rows = [RiskLevel.critical, .high, .medium, .low].map { level in
            let (before, after) = (preview.before[level], preview.after[level])
            return SettingsModel.Row(
                level: level.badge, before: Format.count(before), after: Format.count(after),
                change: after == before ? "none" : (after > before ? "+" : "") + Format.count(after - before))
        }
    }
}
