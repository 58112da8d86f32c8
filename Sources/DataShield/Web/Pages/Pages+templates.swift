import Foundation

extension Pages {
    /// The templates that pages name; `make lint` keeps the list complete. Those that are missing are found at start, not by whoever asks
    /// for the page.
    static let templates = [
        "accounts/password", "accounts/sessions", "accounts/sign-in", "alerts/confirm", "alerts/list", "alerts/show", "audit/list", "breaches/list",
        "breaches/show", "dashboards/show", "directories/choose", "directories/form", "directories/job", "directories/jobs",
        "directories/list", "directories/show", "docs/show", "employees/form", "employees/import", "employees/list", "employees/mfa",
        "employees/preview", "employees/show", "errors/show", "glossary/show", "ingest/list", "ingest/show", "machines/list", "machines/show",
        "remediation/confirm", "remediation/list", "remediation/policy", "remediation/settings", "scans/list", "scans/show", "settings/show",
        "sources/health", "sources/list", "today/settle", "today/show", "users/list",
    ]

    /// Checks that there are all templates which pages, layouts and other templates name.
    /// - Parameter texts: the templates that there are, by name.
    /// - Throws: ``Failure/templateMissing(_:neededBy:)``.
    static func checkTemplates(_ texts: [String: String]) throws {
        for name in templates + Frame.Layout.allCases.map(\.rawValue) where texts[name] == nil {
            throw Failure.templateMissing(name, neededBy: "the program")
        }
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
            for part in parts(of: text) where texts[part] == nil { throw Failure.templateMissing(part, neededBy: "the template \(name)") }
        }
    }

    /// The names behind `{{>`.
    static func parts(of text: String) -> [String] {
        var names: [String] = []
        var rest = text.utf8[...]
        while let start = rest.firstRange(of: Array("{{>".utf8)) {
            rest = rest[start.upperBound...]
            guard let end = rest.firstRange(of: Array("}}".utf8)) else { break }
            names.append(String(Substring(rest[..<end.lowerBound])).trimmingCharacters(in: .whitespaces))
            rest = rest[end.upperBound...]
        }
        return names
    }
}
