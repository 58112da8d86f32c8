import Foundation
import Postgres

/// Which alerts a list shows. What is nil or empty does not matter.
package struct AlertFilter: Sendable, Hashable {
    package enum Assignee: Sendable, Hashable {
        case nobody
        case user(UserID)
    }

    package var statuses: Set<AlertStatus> = []
    package var severities: Set<Severity> = []
    package var employee: EmployeeID?
    package var breach: BreachID?
    package var assignee: Assignee?
    /// Part of the message, of the employee's name or address, or of the breach's name, in any case.
    package var search: String?
    /// The earliest moment of creation.
    package var from: Date?
    /// The first moment after the latest.
    package var until: Date?
    /// Whether what was exposed still works.
    package var liveness: Set<Liveness> = []

    /// The conditions, joined by AND. One value is compared with `=`, so that its index gives the order too.
    func condition(for company: CompanyID) -> SQL {
        var parts: [SQL] = ["a.company_id = \(company)"]
        if let status = statuses.first, statuses.count == 1 {
            parts.append("a.status = \(status)")
        } else if !statuses.isEmpty, statuses.count < AlertStatus.allCases.count {
            parts.append("a.status = ANY(\(statuses.sorted { $0.rawValue < $1.rawValue }))")
        }
        if let severity = severities.first, severities.count == 1 {
            parts.append("a.severity = \(severity)")
        } else if !severities.isEmpty, severities.count < Severity.allCases.count {
            parts.append("a.severity = ANY(\(severities.sorted()))")
        }
        if let employee { parts.append("a.employee_id = \(employee)") }
        if let breach { parts.append("a.breach_id = \(breach)") }
        switch assignee {
        case .nobody?: parts.append("a.assignee_id IS NULL")
        case .user(let id)?: parts.append("a.assignee_id = \(id)")
        case nil: break
        }
        if let search, !search.isEmpty {
            let pattern = LikePattern.containing(search)
            parts.append(
                """
                (a.message ILIKE \(pattern)
                    OR a.employee_id IN (SELECT id FROM employees WHERE company_id = \(company)
                        AND (first_name || ' ' || last_name || ' ' || email) ILIKE \(pattern))
                    OR a.breach_id IN (SELECT id FROM breaches WHERE (company_id IS NULL OR company_id = \(company))
                        AND (name ILIKE \(pattern) OR title ILIKE \(pattern))))
                """)
        }
        if let from { parts.append("a.created_at >= \(from)") }
        if let until { parts.append("a.created_at < \(until)") }
        if !liveness.isEmpty { parts.append(ExposureLiveness.condition(liveness)) }
        return parts.joined(separator: " AND ")
    }
}

/// Where a page of alerts ended.
struct AlertCursor: Codable, Sendable {
    var toldAt: Date
    var id: AlertID
}

/// An alert with the names that a list shows beside it; in JSON they stand among the fields of the alert.
@dynamicMemberLookup
package struct AlertListing: Sendable, Hashable, RowDecodable {
    package var alert: Alert
    package var employeeName: String?
    package var employeeEmail: String?
    package var breachName: String?
    package var assigneeName: String?

    package subscript<Value>(dynamicMember field: KeyPath<Alert, Value>) -> Value { alert[keyPath: field] }

    package init(from row: inout Row) throws {
        alert = try Alert(from: &row)
        let firstName: String? = try row.next()
        let lastName: String? = try row.next()
        employeeEmail = try row.next()
        breachName = try row.next()
        assigneeName = try row.next()
        employeeName = employeeEmail.map { PersonName.of(first: firstName ?? "", last: lastName ?? "", email: $0) }
    }
}

extension AlertListing: Codable {
    private enum CodingKeys: String, CodingKey { case employeeName, employeeEmail, breachName, assigneeName }

    package init(from decoder: any Decoder) throws {
        alert = try Alert(from: decoder)
        let names = try decoder.container(keyedBy: CodingKeys.self)
        employeeName = try names.decodeIfPresent(String.self, forKey: .employeeName)
        employeeEmail = try names.decodeIfPresent(String.self, forKey: .employeeEmail)
        breachName = try names.decodeIfPresent(String.self, forKey: .breachName)
        assigneeName = try names.decodeIfPresent(String.self, forKey: .assigneeName)
    }

    package func encode(to encoder: any Encoder) throws {
        try alert.encode(to: encoder)
        var names = encoder.container(keyedBy: CodingKeys.self)
        try names.encodeIfPresent(employeeName, forKey: .employeeName)
        try names.encodeIfPresent(employeeEmail, forKey: .employeeEmail)
        try names.encodeIfPresent(breachName, forKey: .breachName)
        try names.encodeIfPresent(assigneeName, forKey: .assigneeName)
    }
}

extension Alert: RowDecodable {
    package init(from row: inout Row) throws {
        id = try row.next()
        severity = try row.next()
        status = try row.next()
        confidence = try row.next()
        message = try row.next()
        employeeId = try row.next()
        breachId = try row.next()
        assigneeId = try row.next()
        acknowledgedAt = try row.next()
        resolvedAt = try row.next()
        resolution = try row.next()
        state = try row.next()
        certainty = try row.next()
        toldAt = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }
}

extension AlertComment: RowDecodable {
    package init(from row: inout Row) throws {
        id = try row.next()
        alertId = try row.next()
        authorId = try row.next()
        authorName = try row.next()
        body = try row.next()
        createdAt = try row.next()
    }
}

/// What the record behind an alert says was exposed.
package struct AlertExposure: Sendable, Hashable, RowDecodable {
    package var exposedData: [String]
    package var artifacts: [ArtifactKind]
    package var sources: [ApiProvider]
    package var isInLeakFile: Bool
    package var breachDate: Date?
    package var detectedAt: Date
    package var liveness: ExposureLiveness

    package init(from row: inout Row) throws {
        exposedData = try row.next()
        artifacts = try row.next()
        sources = try row.next()
        isInLeakFile = try row.next()
        breachDate = try row.next()
        detectedAt = try row.next()
        liveness = try ExposureLiveness(from: &row)
    }
}
