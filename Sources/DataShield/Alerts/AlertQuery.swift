import Foundation
import Postgres

/// Which alerts a list shows. What is nil or empty does not matter.
package struct AlertFilter: Sendable, Hashable {
    package enum Assignee: Sendable, Hashable {
        case nobody
        /// Whoever asks is no user, and has no alerts.
        case noUser
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
    /// Of what is live: how sure that is.
    package var certainty: LivenessCertainty?
    package var urgency: Set<UrgencyBand> = []
    /// Whether it had to be opened again, and since when at the earliest.
    package var cameBackFrom: Date?
    /// The earliest moment of resolving.
    package var resolvedFrom: Date?
    /// The earliest moment at which it had something to tell.
    package var toldFrom: Date?
    /// Whether the schema resolved it, because what was exposed is neutralised.
    package var isResolvedAsNeutralised = false

    /// The conditions, joined by AND. One value is compared with `=`, so that its index gives the order too.
    func condition(for company: CompanyID) -> SQL {
        var parts: [SQL] = ["a.company_id = \(company)"]
        if let status = statuses.first, statuses.count == 1 {
            parts.append("a.status = \(status)")
        } else if statuses == [.open, .acknowledged] {
            // As the index has it that gives the order of work.
            parts.append("a.status <> 'RESOLVED'")
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
        case .noUser?: parts.append("false")
        case .user(let id)?: parts.append("a.assignee_id = \(id)")
        case nil: break
        }
        if let search, !search.isEmpty {
            let pattern = LikePattern.containing(search)
            parts.append(
                """
                (a.message ILIKE \(pattern)
                    OR (a.employee_name || ' ' || a.employee_email) ILIKE \(pattern) OR a.breach_title ILIKE \(pattern)
                    OR a.breach_id IN (SELECT id FROM breaches WHERE (company_id IS NULL OR company_id = \(company)) AND name ILIKE \(pattern)))
                """)
        }
        if let from { parts.append("a.created_at >= \(from)") }
        if let until { parts.append("a.created_at < \(until)") }
        if !liveness.isEmpty { parts.append(ExposureLiveness.condition(liveness)) }
        if let certainty { parts.append("a.certainty = \(certainty)") }
        if !urgency.isEmpty { parts.append(Urgency.condition(urgency)) }
        if let cameBackFrom { parts.append("a.came_back_at IS NOT NULL AND a.came_back_at >= \(cameBackFrom)") }
        if let resolvedFrom { parts.append("a.resolved_at >= \(resolvedFrom)") }
        if let toldFrom { parts.append("a.told_at >= \(toldFrom)") }
        if isResolvedAsNeutralised { parts.append("a.resolved_as_neutralised") }
        return parts.joined(separator: " AND ")
    }
}

/// An alert with the names that a list shows beside it; in JSON they stand among the fields of the alert.
@dynamicMemberLookup
package struct AlertListing: Sendable, Hashable, RowDecodable {
    package var alert: Alert
    package var employeeName: String?
    package var employeeEmail: String?
    package var department: String?
    package var breachName: String?
    package var assigneeName: String?

    package subscript<Value>(dynamicMember field: KeyPath<Alert, Value>) -> Value { alert[keyPath: field] }

    package init(from row: inout Row) throws {
        alert = try Alert(from: &row)
        employeeName = try row.next()
        employeeEmail = try row.next()
        department = try row.next()
        breachName = try row.next()
        assigneeName = try row.next()
    }
}

extension AlertListing: Codable {
    private enum CodingKeys: String, CodingKey { case employeeName, employeeEmail, department, breachName, assigneeName }

    package init(from decoder: any Decoder) throws {
        alert = try Alert(from: decoder)
        let names = try decoder.container(keyedBy: CodingKeys.self)
        employeeName = try names.decodeIfPresent(String.self, forKey: .employeeName)
        employeeEmail = try names.decodeIfPresent(String.self, forKey: .employeeEmail)
        department = try names.decodeIfPresent(String.self, forKey: .department)
        breachName = try names.decodeIfPresent(String.self, forKey: .breachName)
        assigneeName = try names.decodeIfPresent(String.self, forKey: .assigneeName)
    }

    package func encode(to encoder: any Encoder) throws {
        try alert.encode(to: encoder)
        var names = encoder.container(keyedBy: CodingKeys.self)
        try names.encodeIfPresent(employeeName, forKey: .employeeName)
        try names.encodeIfPresent(employeeEmail, forKey: .employeeEmail)
        try names.encodeIfPresent(department, forKey: .department)
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
        let urgency = Urgency(rank: try row.next())
        (self.urgency, urgencyRank) = (urgency.band, urgency.rank)
        exposedAt = try row.next()
        cameBackAt = try row.next()
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
    package var malwareFamily: String?
    package var liveness: ExposureLiveness

    package init(from row: inout Row) throws {
        exposedData = try row.next()
        artifacts = try row.next()
        sources = try row.next()
        isInLeakFile = try row.next()
        breachDate = try row.next()
        detectedAt = try row.next()
        malwareFamily = try row.next()
        liveness = try ExposureLiveness(from: &row)
    }
}
