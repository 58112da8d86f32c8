import Foundation
import Postgres
import Scalars

/// Which employees a list shows. What is nil does not matter.
package struct EmployeeFilter: Sendable, Hashable {
    /// Part of a name or of the address, in any case.
    package var search: String?
    package var department: String?
    /// Only those without a department.
    package var isWithoutDepartment = false
    package var level: RiskFilter?
    /// Whether they are in any breach.
    package var isExposed: Bool?
    /// false: those who have left.
    package var isActive: Bool?
    package var isVip: Bool?
    package var mfa: MFAState?
    /// Whether any source has answered about them.
    package var isAsked: Bool?
    /// Whether a directory tells of them.
    package var isInDirectory: Bool?
    /// Of somebody the worst of their exposures counts; who has none is nowhere.
    package var liveness: Set<Liveness>?
    /// Only those about whom this reading of leak files found text that was not understood.
    package var unreadIn: IngestRunID?
}

/// The level of somebody's score, or that there is none.
package enum RiskFilter: String, Codable, CaseIterable, Sendable {
    case critical = "CRITICAL"
    case high = "HIGH"
    case medium = "MEDIUM"
    case low = "LOW"
    /// Nobody was asked about them, and nothing was found.
    case notAsked = "NOT_ASKED"

    package var level: RiskLevel? { RiskLevel(rawValue: rawValue) }

    /// As ``RiskStore/score`` has them.
    var scores: ClosedRange<Int> { level?.scores ?? -1...(-1) }
}

/// Whether somebody signs in with a second factor, as far as a directory says.
package enum MFAState: String, Codable, CaseIterable, Sendable {
    case enabled = "ENABLED"
    case disabled = "DISABLED"
    /// No directory says.
    case unknown = "UNKNOWN"
}

/// The order of a list of employees.
package enum EmployeeSort: String, Codable, CaseIterable, Sendable {
    case name
    /// The highest score first.
    case risk
    /// By id, which begins with the time.
    case newest
}

/// Where a page of employees ended: the sort key of its last row.
struct EmployeeCursor: Codable, Sendable {
    var sort: EmployeeSort
    var lastName: String?
    var firstName: String?
    var score: Int?
    var id: EmployeeID

    init(_ employee: Employee, sort: EmployeeSort) {
        self.sort = sort
        id = employee.id
        switch sort {
        case .name: (lastName, firstName) = (employee.lastName, employee.firstName)
        case .risk: score = employee.riskScore ?? -1
        case .newest: break
        }
    }

    /// What comes behind it.
    /// - Throws: ``InvalidInput`` when the cursor is of another order.
    func condition(for sort: EmployeeSort) throws -> SQL {
        switch (sort, self.sort, lastName, firstName, score) {
        case (.name, .name, let last?, let first?, _): "(e.last_name, e.first_name, e.id) > (\(last), \(first), \(id))"
        case (.risk, .risk, _, _, let score?): "(\(RiskStore.score), e.id) < (\(score), \(id))"
        case (.newest, .newest, _, _, _): "e.id < \(id)"
        default: throw InvalidInput("cursor", "is of a list in another order. Leave it out to begin anew.")
        }
    }
}

extension EmployeeFilter {
    /// The conditions, joined by AND.
    func condition(for company: CompanyID) -> SQL {
        var parts: [SQL] = ["e.company_id = \(company)"]
        if let search, !search.isEmpty {
            parts.append("(e.first_name || ' ' || e.last_name || ' ' || e.email) ILIKE \(LikePattern.containing(search))")
        }
        if let department { parts.append("e.department = \(department)") }
        if isWithoutDepartment { parts.append("e.department IS NULL") }
        if let scores = level?.scores {
            parts.append("\(RiskStore.score) BETWEEN \(scores.lowerBound) AND \(scores.upperBound)")
        }
        switch isExposed {
        case true?: parts.append("e.record_count > 0")
        case false?: parts.append("e.record_count = 0")
        case nil: break
        }
        switch isActive {
        case true?: parts.append("e.deactivated_at IS NULL")
        case false?: parts.append("e.deactivated_at IS NOT NULL")
        case nil: break
        }
        if let isVip { parts.append("e.is_vip = \(isVip)") }
        switch mfa {
        case .enabled?: parts.append("e.mfa_enabled")
        case .disabled?: parts.append("NOT e.mfa_enabled")
        case .unknown?: parts.append("e.mfa_enabled IS NULL")
        case nil: break
        }
        if let isAsked { parts.append(isAsked ? "e.is_asked" : "NOT e.is_asked") }
        if let isInDirectory { parts.append(isInDirectory ? "e.source_connection_id IS NOT NULL" : "e.source_connection_id IS NULL") }
        if let unreadIn { parts.append(LeakedCredentials.isUnread(in: unreadIn, of: company)) }
        if let liveness { parts.append(ExposureLiveness.worstCondition(liveness)) }
        return parts.joined(separator: " AND ")
    }
}
