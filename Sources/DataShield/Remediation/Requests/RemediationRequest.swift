import Foundation
import Postgres

/// Something that is to be done to one account. It goes forward only, so that its call is made at most once:
///
///     PENDING ──► STARTED ──► DONE
///        │           └──────► FAILED ──► DONE, only where it was not known whether it was done
///        └─────────► REFUSED
package struct RemediationRequest: Sendable, Hashable, RowDecodable {
    package var id: RemediationRequestID
    package var action: RemediationType
    package var status: RemediationRequestStatus
    package var employee: EmployeeID
    /// The person's address when it was asked for.
    package var target: String
    package var alert: AlertID?
    package var trigger: RemediationTrigger
    package var requestedBy: UserID?
    /// Who asked, or which policy, for people.
    package var performedBy: String
    package var connection: DirectoryConnectionID?
    /// Why it was refused or failed.
    package var reason: String?
    /// How it failed.
    package var failure: RemediationFailure?
    /// What somebody is to decide on next, where it was done in part or nobody knows.
    package var next: RemediationType?
    package var startedAt: Date?
    package var finishedAt: Date?
    package var createdAt: Date

    static let columns: SQL = """
        q.id, q.action, q.status, q.employee_id, q.target, q.alert_id, q.trigger, q.requested_by, q.performed_by, q.connection_id, q.reason, \
        q.failure, q.next_action, q.started_at, q.finished_at, q.created_at
        """

    package init(from row: inout Row) throws {
        id = try row.next()
        action = try row.next()
        status = try row.next()
        employee = try row.next()
        target = try row.next()
        alert = try row.next()
        trigger = try row.next()
        requestedBy = try row.next()
        performedBy = try row.next()
        connection = try row.next()
        reason = try row.next()
        failure = try row.next()
        next = try row.next()
        startedAt = try row.next()
        finishedAt = try row.next()
        createdAt = try row.next()
    }
}

package enum RemediationRequestStatus: String, NativeEnum {
    case pending = "PENDING"
    /// The directory is being asked, or the program ended while it was.
    case started = "STARTED"
    case done = "DONE"
    case failed = "FAILED"
    /// The directory was not asked.
    case refused = "REFUSED"

    package var isEnded: Bool {
        switch self {
        case .pending, .started: false
        case .done, .failed, .refused: true
        }
    }
}

/// What made a request.
package enum RemediationTrigger: String, NativeEnum {
    case manual
    case bulk
    case policy
    case command
}

/// One attempt, as the append-only log has it.
package struct RemediationAction: Sendable, Hashable, RowDecodable {
    package var id: RemediationActionID
    package var action: RemediationType
    package var status: RemediationStatus
    /// Whether it is known what the directory did. Where not, it may have been done, and FAILED says only that nobody knows.
    package var outcomeKnown: Bool
    /// The address of the person.
    package var target: String
    package var detail: String?
    package var performedBy: String?
    /// Plain values: the log outlives whom it names.
    package var employeeId: String?
    package var alertId: String?
    package var createdAt: Date

    static let columns: SQL =
        "l.id, l.action, l.status, l.outcome_known, l.target, l.detail, l.performed_by, l.employee_id, l.alert_id, l.created_at"

    package init(from row: inout Row) throws {
        id = try row.next()
        action = try row.next()
        status = try row.next()
        outcomeKnown = try row.next()
        target = try row.next()
        detail = try row.next()
        performedBy = try row.next()
        employeeId = try row.next()
        alertId = try row.next()
        createdAt = try row.next()
    }
}

package enum RemediationStatus: String, NativeEnum {
    case success = "SUCCESS"
    case failed = "FAILED"
}

/// Why the directory is not asked. The words are for whoever asked: no address of anybody.
package enum RemediationRefusal: Sendable, Hashable, CustomStringConvertible {
    case noPerson
    case switchedOff
    case protected(reason: String)
    /// No connected directory can do it.
    case unsupported(RemediationType)
    case underWay
    /// The address that is known belongs to an account of somebody else.
    case otherAccount(String)
    /// Between asking and starting.
    case personChanged
    case capUsed(limit: Int, hours: Int)
    case stopped
    /// The stop came while it waited.
    case stoppedMeanwhile
    /// Its job was tried as often as it may be, or the program ended again and again while it was at it.
    case givenUp
    /// As it was written down.
    case said(String)

    package var description: String {
        switch self {
        case .noPerson: "The person of this alert is no longer on the list."
        case .switchedOff: "Remediation is off for this company."
        case .protected(let reason): "This person is protected: \(reason)"
        case .unsupported(.revokeSessions): "No connected directory can revoke this person's sessions."
        case .unsupported(.forcePasswordReset): "No connected directory can reset this person's password."
        case .underWay: "This is already under way for this person."
        case .otherAccount(let directory): "\(directory): the account that answers to the address is another person's."
        case .personChanged: "The person's address or account has changed since this was requested. Check it, and ask again."
        case .capUsed(let limit, let hours):
            "The limit is reached: \(Format.count(limit, "person", "people")) within \(Format.count(hours, "hour", "hours")). Remediation is stopped until an administrator resumes it."
        case .stopped: "Remediation is stopped until an administrator resumes it."
        case .stoppedMeanwhile: "Remediation was stopped before this request began."
        case .givenUp:
            "It was tried again and again, but the program never got as far as asking the directory. Nothing was done. The program's log says why; ask again once that is fixed."
        case .said(let words): words
        }
    }

    /// Whether it is the governor that refuses, not something about this person.
    var isOfGovernor: Bool {
        switch self {
        case .capUsed, .stopped, .stoppedMeanwhile: true
        case .noPerson, .switchedOff, .protected, .unsupported, .underWay, .otherAccount, .personChanged, .givenUp, .said: false
        }
    }
}
