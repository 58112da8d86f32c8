import Foundation
import Postgres

extension RemediationPolicy {
    /// Somebody about whom a policy has something done.
    struct Due: RowDecodable {
        let alert: AlertID
        let employee: EmployeeID
        let target: String
        /// What of the alert it is about: its raising, or what it told since.
        let news: Date?

        init(from row: inout Row) throws {
            alert = try row.next()
            employee = try row.next()
            target = try row.next()
            news = try row.next()
        }

        /// One request for each piece of news.
        func cause(_ action: RemediationType) -> String {
            let cause = "policy:\(action.rawValue):\(alert)"
            return news.map { "\(cause):\(Int64(($0.timeIntervalSince1970 * 1000).rounded()))" } ?? cause
        }
    }

    /// Whom it is about: those with open alerts that meet it, each with the latest of theirs, the most severe first.
    ///
    /// An alert is new when it was raised, and again when it told of something that was not known before: when it was opened again, became
    /// more severe, or when more data turned out to be in it (`news_at`).
    /// - Parameter start: of alerts that are new since then, and that nothing of the kind was asked for since. An alert is answered for by any
    ///   request of the same kind that was made after it, however that ended: what failed or was refused is for a person to decide.
    ///   nil: of all.
    func due(in company: CompanyID, after start: Date?) -> SQL {
        let requirement: SQL =
            switch requires {
            case .session: "exposes_session(r.artifacts)"
            case .password: "exposes_password(r.exposed_data, r.artifacts)"
            case .anything: "true"
            }
        let isNew: SQL =
            start.map { start in
                """
                (a.created_at > \(start) OR a.news_at > \(start)) AND NOT EXISTS (
                    SELECT FROM remediation_requests q
                    WHERE q.company_id = a.company_id AND q.employee_id = a.employee_id AND q.action = \(action)
                        AND q.created_at >= coalesce(a.news_at, a.created_at))
                """
            } ?? "true"
        return """
            SELECT id, employee_id, email, news_at FROM (
                SELECT DISTINCT ON (a.employee_id) a.id, a.employee_id, e.email, a.news_at, a.severity, coalesce(a.news_at, a.created_at) AS new_at
                FROM alerts a
                JOIN employees e ON e.company_id = a.company_id AND e.id = a.employee_id AND e.deactivated_at IS NULL
                JOIN breach_records r ON r.company_id = a.company_id AND r.employee_id = a.employee_id AND r.breach_id = a.breach_id
                WHERE a.company_id = \(company) AND a.status <> 'RESOLVED' AND a.severity <= \(minSeverity) AND \(requirement) AND \(isNew)
                ORDER BY a.employee_id, a.severity, new_at DESC, a.id DESC
            ) AS latest
            ORDER BY severity, new_at, id
            """
    }
}
