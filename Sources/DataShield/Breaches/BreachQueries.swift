import Foundation
import Postgres

/// Where a page of breaches ended.
struct BreachCursor: Codable, Sendable {
    var order: Breaches.Order
    var affected: Int
    var date: Date?
    var name: String
    var id: BreachID

    init(_ listing: Breaches.Listing, order: Breaches.Order) {
        self.order = order
        affected = listing.affected
        date = listing.breach.breachDate
        name = listing.shownName
        id = listing.breach.id
    }
}

/// Where a page of affected people ended.
struct AffectedCursor: Codable, Sendable {
    var employee: EmployeeID
}

/// What is asked about breaches in a company's name.
enum BreachQueries {
    /// In lower case as the database has it, by which the list is ordered and read on: Swift's differs in some letters.
    private static let shownName: SQL = "lower(CASE WHEN b.title = '' THEN b.name ELSE b.title END)"

    /// One of the company's own that nobody is in any more says nothing.
    private static let isShown: SQL = "(n.people > 0 OR b.company_id IS NULL)"

    /// The catalogue's and the company's own; the database shows no others, and by this it need not look at them.
    private static func areOf(_ company: CompanyID) -> SQL { "(b.company_id IS NULL OR b.company_id = \(company))" }

    static func page(of company: CompanyID, _ filter: Breaches.Filter, after cursor: BreachCursor?, limit: Int) -> SQL {
        var conditions: [SQL] = [areOf(company), filter.includesOthers ? isShown : "n.people > 0"]
        if let text = filter.text, !text.isEmpty {
            let pattern: SQL = "lower(\(LikePattern.containing(text))::text)"
            conditions.append("(\(shownName) LIKE \(pattern) OR lower(b.name) LIKE \(pattern) OR lower(b.domain) LIKE \(pattern))")
        }
        if let source = filter.source { conditions.append("b.source = \(source)") }
        if let dataType = filter.dataType { conditions.append("\(dataType) = ANY(b.data_types)") }
        let order: SQL
        switch filter.order {
        case .affected:
            order = "coalesce(n.people, 0) DESC, b.id DESC"
            if let cursor { conditions.append("(coalesce(n.people, 0), b.id) < (\(cursor.affected), \(cursor.id))") }
        case .date:
            // Those without a date come last.
            order = "coalesce(b.breach_date, '-infinity') DESC, b.id DESC"
            if let cursor {
                let date: SQL = cursor.date.map { "\(String(Timestamp.text($0).prefix(10)))::date" } ?? "'-infinity'::date"
                conditions.append("(coalesce(b.breach_date, '-infinity'), b.id) < (\(date), \(cursor.id))")
            }
        case .name:
            order = "\(shownName) COLLATE \"C\", b.id"
            if let cursor { conditions.append("(\(shownName) COLLATE \"C\", b.id) > (\(cursor.name), \(cursor.id))") }
        }
        return """
            SELECT \(Breach.columns), coalesce(n.people, 0), \(shownName) FROM breaches b
            LEFT JOIN breach_counts n ON n.company_id = \(company) AND n.breach_id = b.id
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(order) \(SQL.limit(limit + 1))
            """
    }

    static func one(_ id: BreachID, of company: CompanyID) -> SQL {
        """
        SELECT \(Breach.columns), coalesce(n.people, 0), \(shownName) FROM breaches b
        LEFT JOIN breach_counts n ON n.company_id = \(company) AND n.breach_id = b.id
        WHERE b.id = \(id) AND \(areOf(company)) AND \(isShown)
        """
    }

    /// The alert that goes with a record.
    private static let alert: SQL = """
        LEFT JOIN LATERAL (
            SELECT id, severity, status FROM alerts
            WHERE company_id = r.company_id AND employee_id = r.employee_id AND breach_id = r.breach_id
            ORDER BY created_at DESC, id DESC LIMIT 1
        ) a ON true
        """

    static func affected(by id: BreachID, of company: CompanyID, after cursor: AffectedCursor?, limit: Int) -> SQL {
        let behind: SQL = cursor.map { "AND r.employee_id > \($0.employee)" } ?? ""
        return """
            SELECT \(BreachRecord.columns), e.first_name, e.last_name, e.email, e.department, e.risk_score, a.id, a.severity, a.status
            FROM breach_records r JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id \(alert)
            WHERE r.company_id = \(company) AND r.breach_id = \(id) \(behind)
            ORDER BY r.employee_id \(SQL.limit(limit + 1))
            """
    }

    static func records(of employee: EmployeeID, in company: CompanyID) -> SQL {
        """
        SELECT \(BreachRecord.columns), \(Breach.columns), a.id, a.severity, a.status, \(ExposureLiveness.columns)
        FROM breach_records r JOIN breaches b ON b.id = r.breach_id JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id \(alert)
        WHERE r.company_id = \(company) AND r.employee_id = \(employee)
        ORDER BY r.detected_at DESC, r.id DESC LIMIT 500
        """
    }
}
