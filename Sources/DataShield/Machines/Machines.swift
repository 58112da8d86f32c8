import Foundation
import HTTPTypes
import Postgres

/// Infected machines that hold data of a company's people.
package struct Machines: Sendable {
    private let database: TenantDatabase

    package init(database: TenantDatabase) { self.database = database }

    package enum Failure: FeatureError, Equatable {
        case notFound

        package var status: HTTPResponse.Status { .notFound }
        package var detail: String { "There is no such machine." }
    }

    /// Whose data were on a machine, and what of them.
    package struct Person: Sendable, Hashable, RowDecodable {
        package var record: BreachRecord
        package var firstName: String
        package var lastName: String
        package var email: String
        package var alertId: AlertID?
        package var alertSeverity: Severity?
        package var alertStatus: AlertStatus?

        package init(from row: inout Row) throws {
            record = try BreachRecord(from: &row)
            firstName = try row.next()
            lastName = try row.next()
            email = try row.next()
            alertId = try row.next()
            alertSeverity = try row.next()
            alertStatus = try row.next()
        }

        package var name: String { Employee.name(first: firstName, last: lastName, email: email) }
    }

    /// One page of the machines, those that were heard of last first.
    package func list(cursor: String? = nil, limit: Int? = nil, for subject: Subject) async throws -> Page<InfectedMachine> {
        let limit = try PageLimit.checked(limit)
        let after = try Cursor.decode(cursor, as: MachineCursor.self)
        let rows = try await database.query(
            for: subject.company, MachineQueries.page(of: subject.company, after: after, limit: limit), as: InfectedMachine.self)
        return try Page(rows, limit: limit, cursor: { try Cursor.encode(MachineCursor(id: $0.id)) }, item: { $0 })
    }

    /// A machine.
    /// - Throws: ``Failure/notFound``, also for another company's.
    package func find(_ id: InfectedMachineID, for subject: Subject) async throws -> InfectedMachine {
        let rows = try await database.query(for: subject.company, MachineQueries.one(id, of: subject.company), as: InfectedMachine.self)
        guard let machine = rows.first else { throw Failure.notFound }
        return machine
    }

    /// The people whose data were on a machine, the first 500.
    package func people(on machine: InfectedMachine, for subject: Subject) async throws -> [Person] {
        try await database.query(for: subject.company, MachineQueries.people(on: machine.breachId, of: subject.company), as: Person.self)
    }
}

/// Where a page of machines ended.
struct MachineCursor: Codable, Sendable {
    var id: InfectedMachineID
}

/// What is asked about machines in a company's name.
enum MachineQueries {
    /// A page first, then what belongs to its rows: the counts cost as much as the page is long.
    private static func listing(_ machines: SQL) -> SQL {
        """
        SELECT \(InfectedMachine.columns),
            (SELECT count(*) FROM breach_records r WHERE r.company_id = m.company_id AND r.breach_id = m.breach_id),
            (SELECT count(DISTINCT site) FROM breach_records r
                JOIN leaked_credentials c ON c.company_id = r.company_id AND c.record_id = r.id, unnest(c.sites) AS site
                WHERE r.company_id = m.company_id AND r.breach_id = m.breach_id),
            (SELECT count(*) FROM alerts a WHERE a.company_id = m.company_id AND a.breach_id = m.breach_id AND a.status = 'OPEN')
        FROM (\(machines)) m ORDER BY m.id DESC
        """
    }

    static func page(of company: CompanyID, after cursor: MachineCursor?, limit: Int) -> SQL {
        let behind: SQL = cursor.map { "AND id < \($0.id)" } ?? ""
        return listing("SELECT * FROM infected_machines WHERE company_id = \(company) \(behind) ORDER BY id DESC \(SQL.limit(limit + 1))")
    }

    static func one(_ id: InfectedMachineID, of company: CompanyID) -> SQL {
        listing("SELECT * FROM infected_machines WHERE company_id = \(company) AND id = \(id)")
    }

    static func people(on breach: BreachID, of company: CompanyID) -> SQL {
        """
        SELECT \(BreachRecord.columns), e.first_name, e.last_name, e.email, a.id, a.severity, a.status
        FROM breach_records r
        JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id
        LEFT JOIN LATERAL (
            SELECT id, severity, status FROM alerts
            WHERE company_id = r.company_id AND employee_id = r.employee_id AND breach_id = r.breach_id
            ORDER BY created_at DESC, id DESC LIMIT 1
        ) a ON true
        WHERE r.company_id = \(company) AND r.breach_id = \(breach)
        ORDER BY e.last_name, e.first_name, e.id LIMIT 500
        """
    }
}
