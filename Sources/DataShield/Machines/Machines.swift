import Foundation
import HTTPTypes
import Jobs
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

        package var name: String { PersonName.of(first: firstName, last: lastName, email: email) }
    }

    /// One page of the machines, those that were heard of last first.
    /// - Parameter hasOpenAlert: whether only those with an alert that is not resolved.
    package func list(
        hasOpenAlert: Bool = false, cursor: String? = nil, limit: Int? = nil, for subject: Subject
    ) async throws -> Page<InfectedMachine> {
        let limit = try PageLimit.checked(limit)
        let after = try Cursor.decode(cursor, as: MachineCursor.self)
        let rows = try await database.query(
            for: subject.company, MachineQueries.page(of: subject.company, hasOpenAlert: hasOpenAlert, after: after, limit: limit),
            as: InfectedMachine.self)
        return try Page(rows, limit: limit, cursor: { try Cursor.encode(MachineCursor(id: $0.id)) }, item: { $0 })
    }

    /// A machine.
    /// - Throws: ``Failure/notFound``, also for another company's.
    package func find(_ id: InfectedMachineID, for subject: Subject) async throws -> InfectedMachine {
        let rows = try await database.query(for: subject.company, MachineQueries.one(id, of: subject.company), as: InfectedMachine.self)
        guard let machine = rows.first else { throw Failure.notFound }
        return machine
    }

    /// What finds machines, by machine: nothing for whoever may not see it. That somebody looked is on record.
    /// - Parameter occasion: where they looked, for the audit trail.
    package func traces(
        of machines: [InfectedMachineID], on occasion: String, for subject: Subject
    ) async throws -> [InfectedMachineID: InfectedMachine
        .Traces]
    {
        guard subject.may(.machinesTrace), !machines.isEmpty else { return [:] }
        return try await database.transaction(for: subject.company) { db in
            let found = try await db.query(MachineQueries.traces(of: machines, of: subject.company), as: MachineTraceRow.self)
            // A machine of which nothing is known shows nothing. One page is one look, however many it shows.
            if let only = found.first, found.count == 1 {
                try await AuditTrail.record("machine.traced", target: .init("machine", only.machine), after: ["on": occasion], by: subject, in: db)
            } else if !found.isEmpty {
                try await AuditTrail.record(
                    "machines.traced", target: nil, after: MachineLook(on: occasion, machines: found.map(\.machine)), by: subject, in: db)
            }
            return Dictionary(uniqueKeysWithValues: found.map { ($0.machine, $0.traces) })
        }
    }

    /// The machines behind breaches, by breach.
    package func machines(of breaches: [BreachID], for subject: Subject) async throws -> [BreachID: InfectedMachine] {
        guard !breaches.isEmpty else { return [:] }
        let machines = try await database.query(
            for: subject.company, MachineQueries.of(breaches, company: subject.company), as: InfectedMachine.self)
        return Dictionary(machines.map { ($0.breachId, $0) }) { first, _ in first }
    }

    /// The machines behind breaches, with what finds them where whoever looks may see it, by breach.
    func lines(of breaches: [BreachID], on occasion: String, for subject: Subject) async throws -> [BreachID: MachineLine] {
        let machines = try await machines(of: breaches, for: subject)
        let traces = try await traces(of: machines.values.map(\.id).sorted(), on: occasion, for: subject)
        return machines.mapValues { MachineLine($0, traces[$0.id]) }
    }

    /// Lets what finds machines go that is older than the company keeps anything.
    package static func schedule(now: @escaping Now) -> ScheduledWork {
        ScheduledWork("what finds machines, beyond retention") { db in
            try await db.execute(
                """
                WITH gone AS (
                    DELETE FROM machine_traces t USING companies c
                    WHERE c.retention_days IS NOT NULL AND t.company_id = c.id AND t.created_at < \(now())::timestamptz - make_interval(days => c.retention_days)
                    RETURNING t.company_id, t.machine_id
                )
                UPDATE breach_records r SET machine_id = NULL
                FROM gone JOIN infected_machines m ON m.company_id = gone.company_id AND m.id = gone.machine_id
                WHERE r.company_id = m.company_id AND r.breach_id = m.breach_id AND r.machine_id IS NOT NULL
                """)
        }
    }

    /// The people whose data were on a machine, the first 500.
    package func people(on machine: InfectedMachine, for subject: Subject) async throws -> [Person] {
        try await database.query(for: subject.company, MachineQueries.people(on: machine.breachId, of: subject.company), as: Person.self)
    }
}

/// What the audit trail keeps of a look at several machines.
private struct MachineLook: Encodable, Sendable {
    var on: String
    var machines: [InfectedMachineID]
}

private struct MachineTraceRow: RowDecodable {
    var machine: InfectedMachineID
    var traces: InfectedMachine.Traces

    init(from row: inout Row) throws {
        machine = try row.next()
        traces = InfectedMachine.Traces()
        traces.machineId = try row.next()
        traces.computer = try row.next()
        traces.userName = try row.next()
        traces.operatingSystem = try row.next()
        traces.addresses = try row.next()
        traces.antivirus = try row.next()
        traces.malwarePath = try row.next()
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

    /// Whether an alert about a machine `m` is not resolved.
    static let hasOpenAlert: SQL =
        "EXISTS (SELECT FROM alerts o WHERE o.company_id = m.company_id AND o.breach_id = m.breach_id AND o.status <> 'RESOLVED')"

    static func page(of company: CompanyID, hasOpenAlert: Bool, after cursor: MachineCursor?, limit: Int) -> SQL {
        var condition: SQL = "m.company_id = \(company)"
        if hasOpenAlert { condition = "\(condition) AND \(Self.hasOpenAlert)" }
        if let cursor { condition = "\(condition) AND m.id < \(cursor.id)" }
        return listing("SELECT * FROM infected_machines m WHERE \(condition) ORDER BY m.id DESC \(SQL.limit(limit + 1))")
    }

    static func one(_ id: InfectedMachineID, of company: CompanyID) -> SQL {
        listing("SELECT * FROM infected_machines WHERE company_id = \(company) AND id = \(id)")
    }

    static func of(_ breaches: [BreachID], company: CompanyID) -> SQL {
        listing("SELECT * FROM infected_machines WHERE company_id = \(company) AND breach_id = ANY(\(breaches)::text[])")
    }

    static func traces(of machines: [InfectedMachineID], of company: CompanyID) -> SQL {
        """
        SELECT machine_id, hardware_id, computer, user_name, operating_system, addresses, antivirus, malware_path FROM machine_traces
        WHERE company_id = \(company) AND machine_id = ANY(\(machines)::text[]) ORDER BY machine_id
        """
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
