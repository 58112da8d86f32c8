import Foundation
import HTTPTypes
import Postgres

/// Everything that can be done with alerts.
package struct Alerts: Sendable {
    let database: TenantDatabase
    let now: Now

    package init(database: TenantDatabase, now: @escaping Now = { Date() }) {
        self.database = database
        self.now = now
    }

    package enum Failure: FeatureError, Hashable {
        case notFound
        case cannotMove(from: AlertStatus, to: AlertStatus)
        /// Whoever it was about is deleted.
        case aboutNobody
        /// What was exposed still works, and nobody has said that the alert is to be resolved all the same.
        case stillLive(LiveAlerts, of: Int)

        package var status: HTTPResponse.Status {
            switch self {
            case .notFound: .notFound
            case .cannotMove, .aboutNobody, .stillLive: .conflict
            }
        }
        package var detail: String {
            switch self {
            case .notFound: "There is no such alert."
            case .cannotMove(let from, let to) where from == to: "The alert is \(to.rawValue) already."
            case .aboutNobody: "The person was deleted, so that there is nobody to act on. The alert stays resolved."
            case .stillLive(let live, of: 1): "\(live.words(of: 1)) To resolve the alert all the same, send confirmLive: true."
            case .stillLive(let live, of: let all): "\(live.words(of: all)) To resolve them all the same, send confirmLive: true."
            case .cannotMove(let from, let to): "An alert cannot go from \(from.rawValue) to \(to.rawValue)."
            }
        }
    }

    /// A change of an alert: what is absent stays, `clear` takes away.
    package struct Change: Sendable {
        package var status: AlertStatus?
        package var assignee: Patch<UserID> = .absent
        /// Belongs to a resolved alert: set with or after its resolving.
        package var resolution: Patch<String> = .absent
        /// Whether what still works may be resolved.
        package var confirmsLive: Bool = false

        /// How many alerts it would resolve about something that still works, and that is not confirmed.
        func unconfirmed(_ alerts: some Sequence<Alert>) -> LiveAlerts {
            var live = LiveAlerts()
            guard status == .resolved, !confirmsLive else { return live }
            for alert in alerts where alert.state == .live && alert.status.permits(.resolved) {
                if alert.certainty == .ifReused { live.ifReused += 1 } else { live.certain += 1 }
            }
            return live
        }

        var isEmpty: Bool { status == nil && assignee.isAbsent && resolution.isAbsent }

        /// The change with its text checked.
        /// - Throws: ``InvalidInput`` for a text that is not valid, and for a change that changes nothing.
        func checked() throws -> Change {
            guard !isEmpty else { throw InvalidInput("", "Give a status, an assignee or a resolution.") }
            guard case .set(let text) = resolution else { return self }
            var change = self
            change.resolution = try AlertText.clean(text, field: "resolution").isEmpty ? .clear : .set(AlertText.clean(text, field: "resolution"))
            return change
        }

        /// Makes the change. Who acknowledges an alert that nobody has takes it up, and has it no longer when they give it back.
        func apply(to alert: inout Alert, by user: UserID?, at now: Date) throws {
            let before = alert.status
            if let status { try alert.move(to: status, at: now) }
            if assignee.isAbsent, let user {
                if before == .open, alert.status == .acknowledged, alert.assigneeId == nil { alert.assigneeId = user }
                if before == .acknowledged, alert.status == .open, alert.assigneeId == user { alert.assigneeId = nil }
            }
            alert.assigneeId = assignee.applied(to: alert.assigneeId)
            if case .set = resolution, alert.status != .resolved {
                throw InvalidInput("resolution", "Only a resolved alert has a resolution.")
            }
            alert.resolution = resolution.applied(to: alert.resolution)
        }
    }

    /// One page of the alerts, in one round trip to the database.
    /// - Parameters:
    ///   - cursor: `nextCursor` of the page before.
    ///   - limit: 1 to 200, 50 when nil.
    /// - Throws: ``InvalidInput`` for a cursor or limit that is not valid.
    package func list(
        _ filter: AlertFilter = .init(), _ order: AlertOrder = .news, cursor: String? = nil, limit: Int? = nil, for subject: Subject
    ) async throws
        -> Page<AlertListing>
    {
        let limit = try PageLimit.checked(limit)
        let after = try Cursor.decode(cursor, as: AlertCursor.self)
        let rows = try await database.query(
            for: subject.company, AlertStore.page(of: subject.company, filter, order, after: after, limit: limit), as: AlertListing.self)
        return try Page(rows, limit: limit, cursor: { try Cursor.encode(AlertCursor($0)) }, item: { $0 })
    }

    /// - Throws: ``Failure/notFound``, also for an alert of another company.
    package func find(_ id: AlertID, for subject: Subject) async throws -> AlertListing {
        let found = try await database.query(for: subject.company, AlertStore.one(id, of: subject.company), as: AlertListing.self)
        guard let alert = found.first else { throw Failure.notFound }
        return alert
    }

    /// What is exposed according to the record behind the alert; nil when it is gone with its employee.
    package func evidence(of id: AlertID, for subject: Subject) async throws -> AlertExposure? {
        try await database.query(for: subject.company, AlertStore.evidence(of: id, of: subject.company), as: AlertExposure.self).first
    }

    /// Moves an alert to another status.
    /// - Returns: the alert as it is afterwards.
    /// - Throws: ``Failure`` when there is no such alert or it cannot go there from where it is.
    package func move(_ id: AlertID, to status: AlertStatus, by subject: Subject) async throws -> AlertListing {
        try await change(id, Change(status: status), by: subject)
    }

    /// Changes status, assignee and resolution, with the audit event and the employee's score, in one transaction.
    /// - Returns: the alert as it is afterwards.
    /// - Throws: ``Failure`` when there is no such alert, it cannot go there, or it would be resolved although what was exposed still works and
    ///   the change does not confirm that; ``InvalidInput`` for an assignee who is not of this company.
    package func change(_ id: AlertID, _ change: Change, by subject: Subject) async throws -> AlertListing {
        let change = try change.checked()
        let now = now()
        return try await database.transaction(for: subject.company) { db in
            let store = AlertStore(db)
            try await Self.checkAssignee(change, store)
            let id = try await store.current(id)
            guard let before = try await store.lock([id]).first else { throw Failure.notFound }
            let live = change.unconfirmed([before])
            guard live.all == 0 else { throw Failure.stillLive(live, of: 1) }
            var alert = before
            try change.apply(to: &alert, by: subject.user, at: now)
            if !alert.isWritten(like: before) {
                try await store.save(alert, at: now)
                try await Self.record([(before, alert)], by: subject, in: db)
            }
            guard let listing = try await store.find(id) else { throw Failure.notFound }
            return listing
        }
    }

    /// Resolves what is open about a person who is about to be deleted, in the transaction that deletes them: nobody is left to act on. The
    /// schema does the same for whoever deletes a person by another way, and knows of nobody to name.
    static func resolve(about employee: EmployeeID, at now: Date, by subject: Subject, in db: TenantTransaction) async throws {
        let store = AlertStore(db)
        let open = try await store.lock(try await store.unresolved(about: employee))
        let changes = open.filter { $0.status != .resolved }.map { before in
            var alert = before
            (alert.status, alert.resolvedAt, alert.resolution) = (.resolved, now, deletionReason)
            return (before: before, after: alert)
        }
        guard !changes.isEmpty else { return }
        try await store.save(changes.map(\.after), at: now)
        try await AuditTrail.record(
            changes.map { before, after in
                .init("alert.status_changed", target: .init("alert", after.id), before: AlertAudit(before), after: AlertAudit(after))
            }, by: subject, in: db)
    }

    /// As the schema says it, too.
    static let deletionReason = "The person was deleted."

    private static func checkAssignee(_ change: Change, _ store: AlertStore) async throws {
        guard case .set(let user) = change.assignee else { return }
        guard try await store.canAssign(user) else { throw InvalidInput("assignee", "There is no such user.") }
    }

    /// Writes the audit events of changes.
    private static func record(_ changes: [(before: Alert, after: Alert)], by subject: Subject, in db: TenantTransaction) async throws {
        try await AuditTrail.record(
            changes.map { before, after in
                .init(
                    before.status == after.status ? "alert.updated" : "alert.status_changed", target: .init("alert", after.id),
                    before: AlertAudit(before), after: AlertAudit(after))
            }, by: subject, in: db)
    }
}

/// How many alerts are about something that still works.
package struct LiveAlerts: Sendable, Hashable {
    package var certain = 0
    /// Those about a password that opens the account at work only where the person uses it there, too.
    package var ifReused = 0

    package var all: Int { certain + ifReused }

    /// What that means for whoever resolves them.
    package func words(of alerts: Int) -> String {
        let reuse = "whoever has it can sign in where the person uses the same password at work"
        guard alerts > 1 else {
            return certain > 0 ? "What was exposed still works: whoever has it can sign in." : "The password that was exposed still works: \(reuse)."
        }
        let some = "\(Format.count(all)) of the \(Format.count(alerts)) alerts \(all == 1 ? "is" : "are") about something that still works"
        if ifReused == 0 { return "\(some): whoever has it can sign in." }
        if certain == 0 { return "\(some): \(reuse)." }
        return "\(some): whoever has it can sign in, with \(Format.count(ifReused)) of them where the person uses the same password at work."
    }
}

// MARK: - Many at once

extension Alerts {
    /// What became of one alert of a bulk change.
    package struct BulkResult: Codable, Sendable, Hashable {
        package enum Outcome: String, Codable, Sendable, CaseIterable {
            case changed = "CHANGED"
            case unchanged = "UNCHANGED"
            /// It cannot go there from where it is.
            case refused = "REFUSED"
            case notFound = "NOT_FOUND"
        }
        package var id: AlertID
        package var outcome: Outcome
        package var detail: String?
    }

    /// How many alerts one bulk change takes.
    package static let bulkLimit = 1_000

    /// Changes many alerts in one transaction. Those that cannot change say why; the others do.
    /// - Returns: a result for each id, in the order given, each id once.
    /// - Throws: ``InvalidInput`` for no ids, too many, or an assignee who is not of this company; ``Failure/stillLive(_:of:)``, and nothing is
    ///   changed, when some are about what still works and the change does not confirm that.
    ///
    /// - Parameters:
    ///   - at: the moment that the change is given; now when nil.
    ///   - isNews: whether what is opened again has something to tell.
    ///   - isMeant: which of them are to be changed, as they are when they are locked; the others stay.
    package func bulk(
        _ ids: [AlertID], _ change: Change, at: Date? = nil, isNews: Bool = true, by subject: Subject,
        where isMeant: @Sendable (Alert) -> Bool = { _ in true }
    ) async throws -> [BulkResult] {
        let change = try change.checked()
        var seen: Set<AlertID> = []
        let ids = ids.filter { seen.insert($0).inserted }
        guard !ids.isEmpty else { throw InvalidInput("ids", "At least one id is needed.") }
        guard ids.count <= Self.bulkLimit else { throw InvalidInput("ids", "At most \(Self.bulkLimit) alerts can be changed at once.") }
        let now = at ?? now()
        return try await database.transaction(for: subject.company) { db in
            let store = AlertStore(db)
            try await Self.checkAssignee(change, store)
            let found = Dictionary(uniqueKeysWithValues: try await store.lock(ids).map { ($0.id, $0) })
            let live = change.unconfirmed(found.values.filter(isMeant))
            guard live.all == 0 else { throw Failure.stillLive(live, of: ids.count) }
            var changes: [(before: Alert, after: Alert)] = []
            let results = ids.map { id -> BulkResult in
                guard let before = found[id] else { return BulkResult(id: id, outcome: .notFound, detail: Failure.notFound.detail) }
                guard isMeant(before) else { return BulkResult(id: id, outcome: .unchanged, detail: nil) }
                var alert = before
                // What is there already is no reason to refuse the rest.
                var change = change
                if change.status == before.status { change.status = nil }
                do { try change.apply(to: &alert, by: subject.user, at: now) } catch {
                    return BulkResult(id: id, outcome: .refused, detail: (error as? any FeatureError)?.detail)
                }
                guard !alert.isWritten(like: before) else { return BulkResult(id: id, outcome: .unchanged, detail: nil) }
                changes.append((before, alert))
                return BulkResult(id: id, outcome: .changed, detail: nil)
            }
            if !changes.isEmpty {
                try await store.save(changes.map(\.after), at: now, isNews: isNews)
                try await Self.record(changes, by: subject, in: db)
            }
            return results
        }
    }
}

// MARK: - Comments

extension Alerts {
    /// The comments on an alert from the oldest on, a page at a time.
    /// - Throws: ``Failure/notFound``; ``InvalidInput`` for a cursor or limit that is not valid.
    package func comments(on id: AlertID, cursor: String? = nil, limit: Int? = nil, for subject: Subject) async throws -> Page<AlertComment> {
        let limit = try PageLimit.checked(limit)
        let after = try Cursor.decode(cursor, as: AlertCommentCursor.self)
        let rows = try await database.read(for: subject.company) { db in
            let store = AlertStore(db)
            guard try await store.exists(id) else { throw Failure.notFound }
            return try await store.comments(on: id, after: after, limit: limit)
        }
        return try Page(rows, limit: limit, cursor: { try Cursor.encode(AlertCommentCursor(createdAt: $0.createdAt, id: $0.id)) }, item: { $0 })
    }

    /// Notes something about an alert.
    /// - Throws: ``Failure/notFound``; ``InvalidInput`` for an empty text or one that is too long.
    package func comment(on id: AlertID, _ text: String, by subject: Subject) async throws -> AlertComment {
        let body = try AlertText.clean(text, field: "body")
        guard !body.isEmpty else { throw InvalidInput("body", "A comment needs a text.") }
        return try await database.transaction(for: subject.company) { db in
            guard let comment = try await AlertStore(db).insertComment(on: id, by: subject.user, body: body) else { throw Failure.notFound }
            try await AuditTrail.record(
                "alert.commented", target: .init("alert", comment.alertId), before: nil, after: CommentAudit(comment: comment.id), by: subject, in: db
            )
            return comment
        }
    }
}

/// What the audit trail keeps of an alert.
struct AlertAudit: Codable, Sendable {
    var status: AlertStatus
    var assigneeId: UserID?
    var resolution: String?
}

extension AlertAudit {
    init(_ alert: Alert) { self.init(status: alert.status, assigneeId: alert.assigneeId, resolution: alert.resolution) }
}

/// The text of a comment stays with the alert: what people write is not repeated in the trail.
private struct CommentAudit: Codable, Sendable {
    var comment: AlertCommentID
}
