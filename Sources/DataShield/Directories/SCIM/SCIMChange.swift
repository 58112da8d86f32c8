import Foundation
import JSON
import Postgres
import SCIM

/// A change that a directory makes, in its transaction: the resource, the person on the staff list, and the audit trail together.
///
/// Locks are taken in one order by everybody: resources, employees by their ids, counts, the audit trail. What is
/// written is sent at once, so that the trail, which is one per company, is held for a moment only.
struct SCIMChange: Sendable {
    let db: TenantTransaction
    let access: SCIMAccess
    let now: Date

    private var store: SCIMStore { SCIMStore(db, access.connection) }
    private var people: EmployeeProvisioning { EmployeeProvisioning(db: db, connection: access.connection, now: now) }

    /// The resource that is to be changed, with its members.
    /// - Throws: ``SCIMError``: 404, or 412 when it is not of the version asked for.
    func locked(_ id: SCIMResourceID, _ kind: SCIMKind, _ ifMatch: String?) async throws -> SCIMResource {
        guard var resource = try await store.locked(id, kind) else { throw SCIMDirectory.notFound(kind) }
        if let ifMatch, !SCIMEntityTag.header(ifMatch, names: resource.version) { throw SCIMError.versionMismatch() }
        if kind == .group {
            let members = try await db.query(SCIMStore.members(of: [id], of: db.company), as: SCIMStore.Member.self)
            if !members.isEmpty { resource.attributes.members["members"] = .array(members.map(\.body)) }
        }
        return resource
    }

    // MARK: Making

    private func new(_ kind: SCIMKind, _ attributes: SCIMAttributes) -> SCIMResource {
        SCIMResource(
            id: SCIMResourceID(at: now), kind: kind, attributes: attributes, version: 1, createdAt: Self.rounded(now), updatedAt: Self.rounded(now))
    }

    /// As the database keeps it, so that what is answered is what will be read.
    private static func rounded(_ time: Date) -> Date { Date(timeIntervalSince1970: (time.timeIntervalSince1970 * 1_000).rounded() / 1_000) }

    /// Makes a user, or switches on again who has the name and was switched off.
    func createOrReviveUser(_ attributes: SCIMAttributes) async throws -> SCIMResource {
        let name = SCIMText.folded(attributes["userName"]?.text ?? "")
        guard attributes["active"] != false, let former = try await store.lockedInactive(named: name) else {
            return try await createUser(attributes)
        }
        return try await update(former, attributes, takesBack: false)
    }

    private func createUser(_ attributes: SCIMAttributes) async throws -> SCIMResource {
        var resource = new(.user, attributes)
        let person = SCIMPerson(attributes)
        let outcome = try await people.plan(person.person, linked: nil) { try await store.hold(on: $0, besides: resource.id) }
        resource.employee = outcome.employee
        resource.problem = outcome.problem
        let statements =
            outcome.statements + (try store.insertion(resource, department: SCIMPerson.department(attributes), addresses: person.addresses))
        // With further addresses there is more to do before the audit trail, which is one per company, is held.
        guard outcome.employee == nil || outcome.isNew && person.furtherAddresses.isEmpty else {
            try await send(statements)
            resource.problem = try await watch(person, resource)
            let entry = entry("scim.user_created", resource, before: nil, after: SCIMUserAudit(resource, person.person))
            try await AuditTrail.record([entry], by: access.subject, in: db)
            return resource
        }
        let entry = entry("scim.user_created", resource, before: nil, after: SCIMUserAudit(resource, person.person))
        try await send(statements + [try AuditTrail.statement([entry], by: access.subject)])
        return resource
    }

    /// Has a person's further addresses watched.
    /// - Returns: the resource's problem, which is written down.
    private func watch(_ person: SCIMPerson, _ resource: SCIMResource) async throws -> String? {
        guard let problem = try await store.watch(person, as: resource.employee), resource.problem == nil else { return resource.problem }
        try await store.setProblem(problem, of: resource.id)
        return problem
    }

    func createGroup(_ attributes: SCIMAttributes) async throws -> SCIMResource {
        let resource = new(.group, attributes)
        let members = attributes["members"]?.items ?? []
        try await send(
            try store.insertion(resource, department: SCIMPerson.clean(attributes["displayName"]), addresses: [])
                + (try store.memberInsertion(members, into: resource.id)))
        try await assignDepartments(members.compactMap { $0["value"]?.text }, takingBack: [])
        try await record("scim.group_created", resource, before: nil, after: SCIMGroupAudit(resource))
        return resource
    }

    // MARK: Changing

    func update(_ before: SCIMResource, _ attributes: SCIMAttributes, takesBack: Bool) async throws -> SCIMResource {
        // What could not be done for a person is tried again each time the directory speaks of them.
        let isSettled = before.kind == .group || (before.employee != nil && before.problem == nil)
        guard !attributes.isWritten(like: before.attributes) || !isSettled else { return before }
        var after = before
        after.attributes = attributes
        if !attributes.isWritten(like: before.attributes) {
            after.version += 1
            after.updatedAt = max(Self.rounded(now), before.updatedAt)
        }
        return switch before.kind {
        case .user: try await updateUser(before, after, takesBack: takesBack)
        case .group: try await updateGroup(before, after)
        }
    }

    private func updateUser(_ before: SCIMResource, _ after: SCIMResource, takesBack: Bool) async throws -> SCIMResource {
        var after = after
        let group = try await store.groupDepartment(of: before.id, after: people.lock(before.employee, SCIMPerson(after.attributes).person.email))
        let (former, person) = (SCIMPerson(before.attributes, groupDepartment: group), SCIMPerson(after.attributes, groupDepartment: group))
        let outcome = try await people.plan(person.person, linked: before.employee, former: former.person, takesBack: takesBack) {
            try await store.hold(on: $0, besides: before.id)
        }
        after.employee = outcome.employee
        after.problem = outcome.problem
        guard !after.isWritten(like: before) || !outcome.statements.isEmpty else { return before }
        if before.problem == EmployeeProvisioning.Problem.furtherAddressTaken, after.problem == nil, outcome.statements.isEmpty,
            after.attributes.isWritten(like: before.attributes), try await store.watch(person, as: after.employee) != nil
        {
            // Tried again, and as it was.
            return before
        }
        var statements = outcome.statements
        statements += try store.update(
            after, department: SCIMPerson.department(after.attributes), addresses: person.addresses == former.addresses ? nil : person.addresses)
        func entry(_ after: SCIMResource) -> AuditTrail.Entry {
            self.entry("scim.user_updated", after, before: SCIMUserAudit(before, former.person), after: SCIMUserAudit(after, person.person))
        }
        let isAddressFree = outcome.hasMoved || !person.person.isActive
        let isWatchedAnew =
            person.person.isActive
            && (person.furtherAddresses != former.furtherAddresses || before.employee != outcome.employee || !former.person.isActive
                || before.problem != nil)
        guard isAddressFree || isWatchedAnew, outcome.employee != nil else {
            try await send(statements + [try AuditTrail.statement([entry(after)], by: access.subject)])
            return after
        }
        try await send(statements)
        if isWatchedAnew { after.problem = try await watch(person, after) }
        var admitted: SCIMWaiting.Admitted?
        if isAddressFree, let address = outcome.formerAddress {
            admitted = try await SCIMWaiting(db: db, now: now).admit(address, of: access.connection)
        }
        try await record([entry(after)], admitted)
        return after
    }

    private func updateGroup(_ before: SCIMResource, _ after: SCIMResource) async throws -> SCIMResource {
        let (old, new) = (Self.members(before), Self.members(after))
        let gone = old.keys.filter { new[$0] == nil }
        let changed = (after.attributes["members"]?.items ?? []).filter { member in
            guard let id = member["value"]?.text else { return false }
            return old[id] != member
        }
        let (formerName, name) = (SCIMPerson.clean(before.attributes["displayName"]), SCIMPerson.clean(after.attributes["displayName"]))
        try await send(
            try store.update(after, department: name, addresses: nil) + store.memberDeletion(gone, from: before.id)
                + (try store.memberInsertion(changed, into: before.id)))
        let isRenamed = formerName != name
        let concerned = gone + (isRenamed ? Array(new.keys) : changed.compactMap { $0["value"]?.text }.filter { old[$0] == nil })
        try await assignDepartments(concerned, takingBack: [formerName].compactMap { $0 })
        try await record("scim.group_updated", after, before: SCIMGroupAudit(before), after: SCIMGroupAudit(after))
        return after
    }

    private static func members(_ group: SCIMResource) -> [String: JSONValue] {
        Dictionary((group.attributes["members"]?.items ?? []).compactMap { member in member["value"]?.text.map { ($0, member) } }) { $1 }
    }

    /// Gives people the department of their groups, where they name none themselves.
    private func assignDepartments(_ members: [String], takingBack former: [String]) async throws {
        guard !members.isEmpty else { return }
        try await store.lockEmployees(of: members)
        let departments = try await store.groupDepartments(of: members)
        guard !departments.isEmpty else { return }
        try await db.execute(people.assignment(departments, takingBack: former))
    }

    // MARK: Taking away

    func delete(_ before: SCIMResource) async throws {
        switch before.kind {
        case .user:
            let entry = entry("scim.user_deleted", before, before: SCIMUserAudit(before, SCIMPerson(before.attributes).person), after: nil)
            var admitted: SCIMWaiting.Admitted?
            try await send(store.deletion(before.id, at: Self.rounded(now)))
            if let employee = before.employee, let known = try await db.first(people.lock(employee, nil), as: Employee.self) {
                try await db.execute(people.deactivation(of: employee))
                admitted = try await SCIMWaiting(db: db, now: now).admit(known.email, of: access.connection)
            }
            try await record([entry], admitted)
        case .group:
            try await send(store.deletion(before.id, at: Self.rounded(now)))
            let former = [SCIMPerson.clean(before.attributes["displayName"])].compactMap { $0 }
            try await assignDepartments(Array(Self.members(before).keys), takingBack: former)
            try await record("scim.group_deleted", before, before: SCIMGroupAudit(before), after: nil)
        }
    }

    // MARK: Writing

    private func send(_ statements: [SQL]) async throws { _ = try await db.pipeline(statements) }

    private func entry(
        _ action: String, _ resource: SCIMResource, before: (any Encodable & Sendable)?, after: (any Encodable & Sendable)?
    ) -> AuditTrail.Entry {
        AuditTrail.Entry(action, target: resource.auditTarget, before: before, after: after)
    }

    /// Writes what was done, and who followed: that is another directory's doing where they are another's.
    private func record(_ entries: [AuditTrail.Entry], _ admitted: SCIMWaiting.Admitted?) async throws {
        guard let admitted else { return try await AuditTrail.record(entries, by: access.subject, in: db) }
        if admitted.actor == access.subject.actor {
            return try await AuditTrail.record(entries + [admitted.entry], by: access.subject, in: db)
        }
        try await AuditTrail.record(entries, by: access.subject, in: db)
        try await admitted.record(in: db)
    }

    private func record(
        _ action: String, _ resource: SCIMResource, before: (any Encodable & Sendable)?, after: (any Encodable & Sendable)?
    ) async throws {
        try await AuditTrail.record([entry(action, resource, before: before, after: after)], by: access.subject, in: db)
    }
}

extension SCIMResource {
    /// What an event of the audit trail is about.
    fileprivate var auditTarget: AuditTrail.Target { employee.map { .init("employee", $0) } ?? .init("scim_resource", id) }
}

extension SCIMWaiting.Admitted {
    /// What the audit trail keeps of it.
    fileprivate var entry: AuditTrail.Entry {
        AuditTrail.Entry(
            "scim.user_updated", target: after.auditTarget, before: SCIMUserAudit(before, person), after: SCIMUserAudit(after, person))
    }

    /// Writes it down as done by the directory that pushed the person.
    func record(in db: TenantTransaction) async throws {
        try await AuditTrail.record([entry], by: Subject(actor: actor, company: db.company, role: .viewer), in: db)
    }
}

/// What the audit trail keeps of a person that a directory pushed.
private struct SCIMUserAudit: Codable, Sendable {
    var userName: String?
    var email: String?
    var firstName: String?
    var lastName: String?
    var department: String?
    var title: String?
    var isActive: Bool
    var problem: String?

    init(_ resource: SCIMResource, _ person: ProvisionedPerson) {
        userName = resource.attributes["userName"]?.text
        email = person.email?.text
        firstName = person.firstName
        lastName = person.lastName
        department = person.department
        title = person.title
        isActive = person.isActive
        problem = resource.problem
    }
}

/// What the audit trail keeps of a group that a directory pushed.
private struct SCIMGroupAudit: Codable, Sendable {
    var displayName: String?
    var memberCount: Int

    init(_ resource: SCIMResource) {
        displayName = resource.attributes["displayName"]?.text
        memberCount = resource.attributes["members"]?.items?.count ?? 0
    }
}
