import Foundation
import JSON
import Postgres
import SCIM

/// Everything that a directory can do with the people and groups that it pushes. Each call is one transaction, in the company of the
/// connection that asks; what another connection pushed is not there.
package struct SCIMDirectory: Sendable {
    let database: TenantDatabase
    let now: Now
    /// How many members the groups of one page may have together, unless one alone has more: a page is made in memory.
    var memberLimit = 50_000

    package init(database: TenantDatabase, now: @escaping Now = { Date() }) {
        self.database = database
        self.now = now
    }

    static func notFound(_ kind: SCIMKind) -> SCIMError { .notFound("There is no \(kind.type.name) of this id.") }

    // MARK: Reading

    /// - Throws: ``SCIMError`` 404.
    func find(_ id: SCIMResourceID, _ kind: SCIMKind, withMembers: Bool = true, _ access: SCIMAccess) async throws -> SCIMResource {
        let statement = SCIMStore.one(id, kind, of: access.company, access.connection)
        guard var resource = try await database.query(for: access.company, statement, as: SCIMResource.self).first else {
            throw Self.notFound(kind)
        }
        if kind == .group, withMembers { try await addMembers([id], access) { resource.attributes.members["members"] = $1 } }
        return resource
    }

    /// - Throws: ``SCIMError`` for a filter or an order that makes no sense.
    func list(_ query: SCIMQuery, _ kinds: [SCIMKind], _ access: SCIMAccess) async throws -> SCIMList {
        let listing = try SCIMListing(query, kinds, access)
        var rows: [SCIMResource] = []
        if listing.page.count > 0 { rows = try await database.query(for: access.company, listing.rows, as: SCIMResource.self) }
        let total: Int
        if let known = listing.total(after: rows.count) {
            total = known
        } else {
            total = try await database.query(for: access.company, listing.count, as: Int.self).first ?? 0
        }
        let isWithMembers = !query.projection.leavesOut("members", of: .group)
        if isWithMembers { rows = try await fitting(rows, access) }
        let groups = rows.filter { $0.kind == .group }.map(\.id)
        if !groups.isEmpty, isWithMembers {
            let places = Dictionary(rows.enumerated().map { ($1.id, $0) }) { first, _ in first }
            try await addMembers(groups, access) { group, members in
                if let place = places[group] { rows[place].attributes.members["members"] = members }
            }
        }
        let resources = rows.map { query.projection.applied(to: $0.value(access), of: $0.kind.type) }
        return SCIMList(resources, totalResults: total, startIndex: listing.page.startIndex)
    }

    /// The first of a page's resources, as many as their members leave room for. Fewer than were asked for are allowed: `itemsPerPage`
    /// says how many there are, and the next page begins behind them (RFC 7644 §3.4.2.4).
    private func fitting(_ rows: [SCIMResource], _ access: SCIMAccess) async throws -> [SCIMResource] {
        let groups = rows.filter { $0.kind == .group }.map(\.id)
        guard groups.count > 1 else { return rows }
        let counts = try await database.query(
            for: access.company, SCIMStore.memberCounts(of: groups, upTo: memberLimit, of: access.company), as: Int.self)
        var (members, next) = (0, 0)
        for (place, row) in rows.enumerated() where row.kind == .group {
            members += counts[next]
            next += 1
            if members > memberLimit, next > 1 { return Array(rows.prefix(place)) }
        }
        return rows
    }

    private func addMembers(
        _ groups: [SCIMResourceID], _ access: SCIMAccess, _ add: (SCIMResourceID, JSONValue) -> Void
    ) async throws {
        let members = try await database.query(
            for: access.company, SCIMStore.members(of: groups, of: access.company), as: SCIMStore.Member.self)
        for (group, members) in Dictionary(grouping: members, by: \.group) { add(group, .array(members.map(\.body))) }
    }

    /// Those whom a connection pushed as active and who are not on the staff list, or not as the directory has them, the latest first.
    /// - Parameter limit: how many at most.
    package func skipped(of connection: DirectoryConnectionID, limit: Int = 200, for subject: Subject) async throws -> [SCIMSkippedPerson] {
        try await database.query(
            for: subject.company,
            """
            SELECT r.id, r.body::text, r.problem, r.updated_at FROM scim_resources r
            WHERE r.company_id = \(subject.company) AND r.connection_id = \(connection) AND \(SCIMStore.isSkipped)
            ORDER BY r.id DESC \(SQL.limit(limit.clamped(to: 1...1_000)))
            """, as: SCIMSkippedPerson.self)
    }

    /// How many people and groups a connection has pushed.
    package func counts(of connection: DirectoryConnectionID, for subject: Subject) async throws -> (people: Int, groups: Int) {
        let rows = try await database.query(
            for: subject.company,
            """
            SELECT (SELECT count(*) FROM scim_resources WHERE company_id = \(subject.company) AND connection_id = \(connection) AND kind = k.kind)
            FROM unnest(ARRAY['USER', 'GROUP']) WITH ORDINALITY AS k (kind, place) ORDER BY k.place
            """, as: Int.self)
        return (rows.first ?? 0, rows.last ?? 0)
    }

    // MARK: Writing

    /// Takes a new resource. Somebody who is made again under the user name of an account that was switched off is the same, switched on:
    /// what Okta and others send instead of a change. Their resource keeps its id.
    /// - Throws: ``SCIMError``: 400 when it is not valid, 409 when its name is taken.
    func create(_ kind: SCIMKind, _ body: JSONValue, _ access: SCIMAccess) async throws -> SCIMResource {
        let attributes = try kind.type.read(body)
        return try await write(kind, access) { change in
            switch kind {
            case .user: try await change.createOrReviveUser(attributes)
            case .group: try await change.createGroup(attributes)
            }
        }
    }

    /// Replaces a resource.
    /// - Parameter ifMatch: the header of this name: the change is made only to a version that it names.
    /// - Throws: ``SCIMError``: 404, 412, and as ``create(_:_:_:)``.
    func replace(_ id: SCIMResourceID, _ kind: SCIMKind, _ body: JSONValue, ifMatch: String?, _ access: SCIMAccess) async throws -> SCIMResource {
        try await write(kind, access) { change in
            let before = try await change.locked(id, kind, ifMatch)
            let attributes = try kind.type.read(body, replacing: before.attributes)
            // What a whole resource leaves out was not given: it blanks nothing on the staff list.
            return try await change.update(before, attributes, takesBack: false)
        }
    }

    /// Changes a resource: all operations, or none.
    /// - Throws: ``SCIMError``: 404, 412, 400 with the reason, 409.
    func patch(_ id: SCIMResourceID, _ kind: SCIMKind, _ patch: SCIMPatch, ifMatch: String?, _ access: SCIMAccess) async throws -> SCIMResource {
        try await write(kind, access) { change in
            let before = try await change.locked(id, kind, ifMatch)
            return try await change.update(before, try patch.applied(to: before.attributes, of: kind.type), takesBack: true)
        }
    }

    /// Takes a resource away. A person is deactivated, and kept.
    /// - Throws: ``SCIMError``: 404, 412.
    func delete(_ id: SCIMResourceID, _ kind: SCIMKind, ifMatch: String?, _ access: SCIMAccess) async throws {
        try await write(kind, access) { change in
            let before = try await change.locked(id, kind, ifMatch)
            try await change.delete(before)
        }
    }

    private func write<R: Sendable>(_ kind: SCIMKind, _ access: SCIMAccess, _ body: @Sendable (SCIMChange) async throws -> R) async throws -> R {
        var attempt = 0
        while true {
            do {
                return try await database.transaction(for: access.company) { db in
                    try await body(SCIMChange(db: db, access: access, now: now()))
                }
            } catch let error as PostgresError {
                switch error.constraint {
                case "names_of_scim_resources_are_unique":
                    throw SCIMError.uniqueness("\(kind == .user ? "userName" : "displayName") is in use already.")
                case "scim_resources_go_with_their_connection", "employees_outlive_their_connection":
                    // Removed by another process a moment ago, whose token this one still takes for good.
                    throw SCIMError.unauthorized
                case "addresses_of_employees_are_unique_in_a_company", "an_employee_is_one_scim_resource":
                    // Somebody came onto the list at the same moment: the next look finds them.
                    attempt += 1
                    guard attempt < 5 else { throw error }
                default: throw error
                }
            }
        }
    }
}
