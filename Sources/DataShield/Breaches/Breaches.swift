import Foundation
import HTTPTypes
import Postgres

/// What is known of breaches, and who of a company is in them. Reading alone: they are written by the recorder and the catalogue.
package struct Breaches: Sendable {
    private let database: TenantDatabase

    package init(database: TenantDatabase) { self.database = database }

    package enum Failure: FeatureError, Hashable {
        case notFound

        package var status: HTTPResponse.Status { .notFound }
        package var detail: String { "There is no such breach." }
    }

    /// The order of a list of breaches.
    package enum Order: String, Codable, CaseIterable, Sendable {
        /// Those with the most people of the company first.
        case affected
        /// The latest first.
        case date
        case name
    }

    /// Which breaches a list shows. What is nil does not matter.
    package struct Filter: Sendable, Hashable {
        /// Part of the name, the title or the domain, in any case.
        package var text: String?
        package var source: BreachSource?
        package var dataType: String?
        /// Also those of the catalogue that none of the company's people is in.
        package var includesOthers: Bool = false
        package var order: Order = .affected
    }

    /// One page of breaches.
    /// - Parameters:
    ///   - cursor: `nextCursor` of the page before.
    ///   - limit: 1 to 200, 50 when nil.
    /// - Throws: ``InvalidInput`` for a cursor or limit that is not valid.
    package func list(_ filter: Filter = .init(), cursor: String? = nil, limit: Int? = nil, for subject: Subject) async throws -> Page<Response> {
        let limit = try PageLimit.checked(limit)
        let after = try Cursor.decode(cursor, as: BreachCursor.self)
        if let after, after.order != filter.order {
            throw InvalidInput("cursor", "is of a list in another order. Leave it out to begin anew.")
        }
        var filter = filter
        filter.text = try ListText.search(filter.text)
        let rows = try await database.query(
            for: subject.company, BreachQueries.page(of: subject.company, filter, after: after, limit: limit), as: Listing.self)
        return try Page(rows, limit: limit, cursor: { try Cursor.encode(BreachCursor($0, order: filter.order)) }, item: { Response($0) })
    }

    /// - Throws: ``Failure/notFound``.
    package func find(_ id: BreachID, for subject: Subject) async throws -> Listing {
        let found = try await database.query(for: subject.company, BreachQueries.one(id, of: subject.company), as: Listing.self)
        guard let breach = found.first else { throw Failure.notFound }
        return breach
    }

    /// Who of the company is in this one breach, a page at a time.
    package func affected(
        by id: BreachID, cursor: String? = nil, limit: Int? = nil, for subject: Subject
    ) async throws -> Page<AffectedResponse> {
        let limit = try PageLimit.checked(limit)
        let after = try Cursor.decode(cursor, as: AffectedCursor.self)
        let rows = try await database.query(
            for: subject.company, BreachQueries.affected(by: id, of: subject.company, after: after, limit: limit), as: Affected.self)
        return try Page(
            rows, limit: limit, cursor: { try Cursor.encode(AffectedCursor(employee: $0.record.employeeId)) }, item: { AffectedResponse($0) })
    }

    /// The breaches that one person is in, the latest detected first.
    package func records(of employee: EmployeeID, for subject: Subject) async throws -> [Record] {
        try await database.query(for: subject.company, BreachQueries.records(of: employee, in: subject.company), as: Record.self)
    }
}

extension Breaches {
    /// A breach with how many of the company's people are in it.
    package struct Listing: Sendable, Hashable, RowDecodable {
        package var breach: Breach
        package var affected: Int
        /// The name for people in lower case, as the database has it.
        var shownName: String

        package init(from row: inout Row) throws {
            breach = try Breach(from: &row)
            affected = try row.next()
            shownName = try row.next()
        }
    }

    /// A person in a breach, with the alert that goes with it.
    package struct Affected: Sendable, Hashable, RowDecodable {
        package var record: BreachRecord
        package var employeeName: String
        package var employeeEmail: String
        package var department: String?
        package var riskScore: Int
        package var alertId: AlertID?
        package var alertSeverity: Severity?
        package var alertStatus: AlertStatus?

        package init(from row: inout Row) throws {
            record = try BreachRecord(from: &row)
            let first: String = try row.next()
            let last: String = try row.next()
            employeeEmail = try row.next()
            employeeName = PersonName.of(first: first, last: last, email: employeeEmail)
            department = try row.next()
            riskScore = try row.next()
            alertId = try row.next()
            alertSeverity = try row.next()
            alertStatus = try row.next()
        }
    }

    /// A breach that a person is in, with the alert that goes with it.
    package struct Record: Sendable, Hashable, RowDecodable {
        package var record: BreachRecord
        package var breach: Breach
        package var alertId: AlertID?
        package var alertSeverity: Severity?
        package var alertStatus: AlertStatus?
        package var liveness: ExposureLiveness

        package init(from row: inout Row) throws {
            record = try BreachRecord(from: &row)
            breach = try Breach(from: &row)
            alertId = try row.next()
            alertSeverity = try row.next()
            alertStatus = try row.next()
            liveness = try ExposureLiveness(from: &row)
        }
    }
}
