extension OpenAPI {
    /// What routes do that their types do not tell, by method and path.
    struct Facts: Sendable {
        /// Answers 409 when something is in the way.
        var conflicting: Set<String>
        /// Answers 429 to whoever asks too often.
        var throttled: Set<String>
        /// Answers 202 when it takes longer.
        var accepted: Set<String>
        /// Takes an `Idempotency-Key`.
        var idempotent: Set<String>
        /// Answers 401 to whoever does not show who they are.
        var authenticating: Set<String>
        /// Answers 404 although its path has no id: what the body names is not there, or whoever asks may not know of it.
        var missing: Set<String>
        /// Answers 502 when the directory that it asks fails, with the request in the problem.
        var asking: Set<String>

        var all: Set<String> {
            conflicting.union(throttled).union(accepted).union(idempotent).union(authenticating).union(missing).union(asking)
        }
    }

    static let facts = Facts(
        conflicting: [
            "POST /api/users", "PATCH /api/users/{id}", "DELETE /api/users/{id}", "POST /api/employees", "PATCH /api/employees/{id}",
            "POST /api/employees/scan", "PATCH /api/alerts/{id}", "POST /api/alerts/bulk", "POST /api/ingest", "POST /api/alerts/{id}/remediate",
            "POST /api/remediation/bulk",
            "POST /api/remediation/resume", "PATCH /api/directory/{id}", "POST /api/directory/{id}/test", "POST /api/directory/{id}/sync",
            "POST /api/directory/{id}/token", "POST /api/directory/{id}/token/revoke",
        ],
        throttled: [
            "POST /api/auth/login", "POST /api/me/password", "POST /api/employees/scan", "GET /api/employees/export", "GET /api/mfa/export",
            "GET /api/remediation/export", "POST /api/employees/import/rejected",
        ],
        accepted: ["POST /api/alerts/{id}/remediate"],
        idempotent: ["POST /api/alerts/{id}/remediate", "POST /api/remediation/bulk"],
        authenticating: ["POST /api/auth/login"],
        missing: ["GET /metrics", "POST /api/remediation/bulk", "POST /api/remediation/protected"],
        asking: ["POST /api/alerts/{id}/remediate"])
}

extension RegisteredRoute {
    /// `PATCH /api/alerts/{id}`.
    package var name: String { "\(method.rawValue) \(path)" }
}
