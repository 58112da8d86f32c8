import Foundation
import JSON
import Postgres
import SCIM

/// The SQL of `scim_resources`, `scim_addresses` and `scim_members`, of one connection.
struct SCIMStore {
    let db: TenantTransaction
    let connection: DirectoryConnectionID

    init(_ db: TenantTransaction, _ connection: DirectoryConnectionID) {
        self.db = db
        self.connection = connection
    }

    // MARK: Reading

    /// One resource, and the department of a group that it is in.
    static func one(_ id: SCIMResourceID, _ kind: SCIMKind, of company: CompanyID, _ connection: DirectoryConnectionID) -> SQL {
        """
        SELECT \(SCIMResource.columns) FROM scim_resources r
        WHERE r.company_id = \(company) AND r.id = \(id) AND r.connection_id = \(connection) AND r.kind = \(kind.rawValue)
        """
    }

    /// A resource that is about to change: nobody else changes it meanwhile.
    func locked(_ id: SCIMResourceID, _ kind: SCIMKind) async throws -> SCIMResource? {
        try await db.first("\(Self.one(id, kind, of: db.company, connection)) FOR UPDATE", as: SCIMResource.self)
    }

    /// The user of a name who is switched off, about to change.
    /// - Parameter name: folded.
    func lockedInactive(named name: String) async throws -> SCIMResource? {
        try await db.first(
            """
            SELECT \(SCIMResource.columns) FROM scim_resources r
            WHERE r.company_id = \(db.company) AND r.connection_id = \(connection) AND r.kind = 'USER' AND r.name = \(name)
                AND r.body ->> 'active' = 'false' FOR UPDATE
            """, as: SCIMResource.self)
    }

    /// The department of the eldest group that a person is in.
    private static let groupDepartment: SQL = """
        (SELECT g.department FROM scim_members m
        JOIN scim_resources g ON g.company_id = m.company_id AND g.id = m.group_id AND g.connection_id = r.connection_id
        WHERE m.company_id = r.company_id AND m.member_id = r.id AND g.department IS NOT NULL
        ORDER BY g.id LIMIT 1)
        """

    /// - Parameter lock: a statement that is run before: what others are about to change is awaited, and then seen.
    func groupDepartment(of id: SCIMResourceID, after lock: SQL) async throws -> String? {
        let statement: SQL = """
            SELECT \(Self.groupDepartment) FROM scim_resources r WHERE r.company_id = \(db.company) AND r.id = \(id)
            """
        let results = try await db.pipeline([lock, statement])
        for var row in results[1] { return try row.next() }
        return nil
    }

    /// Locks the employees that people stand for, in the order in which everybody locks them.
    func lockEmployees(of members: [String]) async throws {
        try await db.execute(
            """
            SELECT FROM employees e
            WHERE e.company_id = \(db.company) AND e.id IN (
                SELECT r.employee_id FROM scim_resources r
                WHERE r.company_id = \(db.company) AND r.connection_id = \(connection) AND r.kind = 'USER' AND r.id = ANY (\(members)::text[]))
            ORDER BY e.id FOR NO KEY UPDATE
            """)
    }

    /// Which department people get from their groups: those of them who name none themselves and are on the staff list. Who asks has
    /// locked them by a statement before: of two groups that change at the same moment the later one has to see both.
    func groupDepartments(of members: [String]) async throws -> [(employee: EmployeeID, department: String?)] {
        guard !members.isEmpty else { return [] }
        return try await db.query(
            """
            SELECT r.employee_id, \(Self.groupDepartment) FROM scim_resources r
            WHERE r.company_id = \(db.company) AND r.connection_id = \(connection) AND r.kind = 'USER' AND r.id = ANY (\(members)::text[])
                AND r.employee_id IS NOT NULL AND r.department IS NULL
            """, as: Department.self
        ).map { ($0.employee, $0.department) }
    }

    private struct Department: RowDecodable {
        let employee: EmployeeID
        let department: String?
        init(from row: inout Row) throws {
            employee = try row.next()
            department = try row.next()
        }
    }

    /// Whether an employee stands for another person whom one of the company's directories pushed.
    ///
    /// Who has left is let go of when nobody is changing them at this moment: whoever does holds them and wants the employee next, which
    /// we have, and finds out about us afterwards.
    func hold(on employee: EmployeeID, besides id: SCIMResourceID) async throws -> EmployeeProvisioning.Hold {
        let other: SQL = "company_id = \(db.company) AND employee_id = \(employee) AND id <> \(id)"
        guard try await db.first("SELECT true FROM scim_resources WHERE \(other)", as: Bool.self) ?? false else { return .free }
        let left = try await db.first(
            "SELECT id FROM scim_resources WHERE \(other) AND body ->> 'active' = 'false' FOR NO KEY UPDATE SKIP LOCKED", as: SCIMResourceID.self)
        guard let left else { return .held }
        return .left(
            """
            UPDATE scim_resources SET employee_id = NULL, problem = CASE WHEN connection_id = \(connection)
                THEN \(EmployeeProvisioning.Problem.otherPerson)::text ELSE \(EmployeeProvisioning.Problem.otherDirectory)::text END
            WHERE company_id = \(db.company) AND id = \(left)
            """)
    }

    /// The members of groups, in the order in which they came.
    static func members(of groups: [SCIMResourceID], of company: CompanyID) -> SQL {
        """
        SELECT m.group_id, m.member_id, m.body::text FROM scim_members m
        WHERE m.company_id = \(company) AND m.group_id = ANY (\(groups.map(\.rawValue))::text[]) ORDER BY m.group_id, m.place
        """
    }

    /// How many members groups have, in the order in which the groups are named; counting ends where it is too many.
    static func memberCounts(of groups: [SCIMResourceID], upTo limit: Int, of company: CompanyID) -> SQL {
        """
        SELECT (SELECT count(*) FROM (
            SELECT FROM scim_members m WHERE m.company_id = \(company) AND m.group_id = g.id \(SQL.limit(limit + 1))) AS counted)
        FROM unnest(\(groups.map(\.rawValue))::text[]) WITH ORDINALITY AS g (id, place) ORDER BY g.place
        """
    }

    /// That a person should be watched and is not, or not as the directory has them. Who has left lacks nothing.
    static let isSkipped: SQL = "r.problem IS NOT NULL AND r.body ->> 'active' = 'true'"

    struct Member: RowDecodable {
        let group: SCIMResourceID
        let id: String
        let body: JSONValue
        init(from row: inout Row) throws {
            group = try row.next()
            id = try row.next()
            body = try SCIMJSON.stored(try row.next())
        }
    }

    // MARK: Writing

    /// The statements that store a new resource; members apart.
    func insertion(_ resource: SCIMResource, department: String?, addresses: [String]) throws -> [SQL] {
        let type = resource.kind.type
        let body = try SCIMJSON.text(.object(resource.attributes.members.filter { $0.key != "members" }))
        var search = resource.attributes
        search.members["members"] = nil
        return [
            """
            INSERT INTO scim_resources (id, company_id, connection_id, kind, name, external_id, body, search, department, version, employee_id, problem,
                created_at, updated_at)
            VALUES (\(resource.id), \(db.company), \(connection), \(resource.kind.rawValue), \(resource.name),
                \(resource.attributes["externalId"]?.text), \(body)::jsonb, \(try SCIMJSON.text(search.searchForm(of: type)))::jsonb, \(department),
                \(resource.version), \(resource.employee), \(resource.problem), \(resource.createdAt), \(resource.updatedAt))
            """
        ] + addressInsertion(addresses, of: resource.id)
    }

    private func addressInsertion(_ addresses: [String], of id: SCIMResourceID) -> [SQL] {
        guard !addresses.isEmpty else { return [] }
        return [
            """
            INSERT INTO scim_addresses (company_id, connection_id, resource_id, address)
            SELECT \(db.company), \(connection), \(id), a.address FROM unnest(\(addresses)::text[]) AS a (address)
            """
        ]
    }

    /// The statements that store a changed resource; members apart.
    /// - Parameter addresses: nil when they are the same.
    func update(_ resource: SCIMResource, department: String?, addresses: [String]?) throws -> [SQL] {
        var attributes = resource.attributes
        attributes.members["members"] = nil
        let body = try SCIMJSON.text(.object(attributes.members))
        let search = try SCIMJSON.text(attributes.searchForm(of: resource.kind.type))
        var statements: [SQL] = [
            """
            UPDATE scim_resources SET name = \(resource.name), external_id = \(resource.attributes["externalId"]?.text), body = \(body)::jsonb,
                search = \(search)::jsonb, department = \(department), version = \(resource.version), employee_id = \(resource.employee),
                problem = \(resource.problem), updated_at = \(resource.updatedAt)
            WHERE company_id = \(db.company) AND id = \(resource.id)
            """
        ]
        if let addresses {
            statements.append("DELETE FROM scim_addresses WHERE company_id = \(db.company) AND resource_id = \(resource.id)")
            statements += addressInsertion(addresses, of: resource.id)
        }
        return statements
    }

    /// Writes down why a person is not on the staff list as the directory has them.
    func setProblem(_ problem: String, of id: SCIMResourceID) async throws {
        try await db.execute("UPDATE scim_resources SET problem = \(problem) WHERE company_id = \(db.company) AND id = \(id)")
    }

    /// Gives a person the further addresses that their directory tells, where they are on the list and active.
    /// - Returns: why not all of them are watched for them.
    func watch(_ person: SCIMPerson, as employee: EmployeeID?) async throws -> String? {
        guard let employee, person.person.isActive else { return nil }
        let refused = try await EmployeeAddresses(db).replace(person.furtherAddresses, of: employee)
        return refused.isEmpty ? nil : EmployeeProvisioning.Problem.furtherAddressTaken
    }

    /// The statement that puts members into a group, or says anew what is said of them.
    func memberInsertion(_ members: [JSONValue], into group: SCIMResourceID) throws -> [SQL] {
        guard !members.isEmpty, let attribute = SCIMResourceType.group.schema.attributes.first(where: { $0.name == "members" }) else { return [] }
        let ids = members.map { $0["value"]?.text ?? "" }
        let bodies = try members.map { try SCIMJSON.text($0) }
        let searches = try members.map { try SCIMJSON.text(SCIMAttributes.searchForm(ofElement: $0, of: attribute)) }
        return [
            """
            INSERT INTO scim_members (company_id, group_id, member_id, body, search)
            SELECT \(db.company), \(group), m.id, m.body::jsonb, m.search::jsonb
            FROM unnest(\(ids)::text[], \(bodies)::text[], \(searches)::text[]) WITH ORDINALITY AS m (id, body, search, place)
            ORDER BY m.place
            ON CONFLICT (company_id, group_id, member_id) DO UPDATE SET body = excluded.body, search = excluded.search
            """
        ]
    }

    func memberDeletion(_ ids: [String], from group: SCIMResourceID) -> [SQL] {
        guard !ids.isEmpty else { return [] }
        return ["DELETE FROM scim_members WHERE company_id = \(db.company) AND group_id = \(group) AND member_id = ANY (\(ids)::text[])"]
    }

    /// The statements that take a resource away, also out of the groups that it is in, whose versions are others then; groups are
    /// locked in the order of their ids, and before any employee.
    func deletion(_ id: SCIMResourceID, at now: Date) -> [SQL] {
        [
            """
            WITH held AS MATERIALIZED (
                SELECT g.id FROM scim_resources g
                WHERE g.company_id = \(db.company) AND g.connection_id = \(connection)
                    AND g.id IN (SELECT m.group_id FROM scim_members m WHERE m.company_id = \(db.company) AND m.member_id = \(id))
                ORDER BY g.id FOR UPDATE
            ), gone AS (
                DELETE FROM scim_members m USING held WHERE m.company_id = \(db.company) AND m.group_id = held.id AND m.member_id = \(id)
                RETURNING m.group_id
            )
            UPDATE scim_resources r SET version = r.version + 1, updated_at = \(now) FROM gone
            WHERE r.company_id = \(db.company) AND r.id = gone.group_id
            """,
            "DELETE FROM scim_resources WHERE company_id = \(db.company) AND id = \(id)",
        ]
    }
}
