import Foundation
import HTTPTypes
import Postgres

/// Everything that can be done with a company's staff list.
package struct Employees: Sendable {
    let database: TenantDatabase
    let now: Now

    package init(database: TenantDatabase, now: @escaping Now = { Date() }) {
        self.database = database
        self.now = now
    }

    package enum Failure: FeatureError, Hashable {
        case notFound
        case addressTaken
        case noAddressColumn(found: [String])
        case emptyFile
        case notCSV
        /// A file of a spreadsheet program in its own format.
        case workbook
        /// Of so many bytes at most.
        case tooLarge(limit: Int)
        /// There is no such preview: it was written, thrown away, or is too old.
        case noPreview
        /// What would be done is not what was shown.
        case listChanged

        package var status: HTTPResponse.Status {
            switch self {
            case .notFound, .noPreview: .notFound
            case .addressTaken, .listChanged: .conflict
            case .noAddressColumn, .emptyFile, .notCSV, .workbook: .unprocessableContent
            case .tooLarge: .contentTooLarge
            }
        }
        package var detail: String {
            switch self {
            case .notFound: "There is no such employee."
            case .addressTaken: "Somebody on the list has this e-mail address already."
            case .noAddressColumn:
                "One of the first \(StaffListReader.rowsAbove) lines has to name the columns, and one of them has to be the e-mail address (email, "
                    + "e-mail, mail, work email, userPrincipalName …)."
            case .emptyFile: "The file is empty."
            case .notCSV: "The file is not CSV: very many quotation marks are never closed."
            case .workbook: "The file is a workbook of a spreadsheet program. Save it as CSV and choose that file."
            case .tooLarge(let limit):
                "The list is larger than \(limit) bytes (\(limit >> 20) MB). Leave out columns that are not read, or part the list into several."
                    + (limit < Employees.importLimit
                        ? " `datashield employees import` and POST /api/employees/import take \(Employees.importLimit >> 20) MB." : "")
            case .noPreview: "There is no such preview any more: it is kept for an hour. Choose the file again."
            case .listChanged: "The staff list has changed since the preview was made. Nothing was written: look at the preview again."
            }
        }
        package var fields: [FieldError] {
            switch self {
            case .notFound, .emptyFile, .notCSV, .workbook, .tooLarge, .noPreview, .listChanged: []
            case .addressTaken: [FieldError(field: "email", message: detail)]
            case .noAddressColumn(let found):
                [FieldError(field: "file", message: found.isEmpty ? detail : "\(detail) Found: \(found.prefix(20).joined(separator: ", ")).")]
            }
        }
    }

    /// One page of the staff list.
    /// - Parameters:
    ///   - cursor: `nextCursor` of the page before.
    ///   - limit: 1 to 200, 50 when nil.
    /// - Throws: ``InvalidInput`` for a cursor or limit that is not valid.
    package func list(
        _ filter: EmployeeFilter = .init(), sort: EmployeeSort = .name, cursor: String? = nil, limit: Int? = nil, for subject: Subject
    ) async throws -> Page<Employee> {
        let limit = try PageLimit.checked(limit)
        let after = try Cursor.decode(cursor, as: EmployeeCursor.self)
        let rows = try await rows(filter, sort: sort, after: after, limit: limit, of: subject.company)
        return try Page(rows, limit: limit, cursor: { try Cursor.encode(EmployeeCursor($0, sort: sort)) }, item: { $0 })
    }

    func rows(_ filter: EmployeeFilter, sort: EmployeeSort, after: EmployeeCursor?, limit: Int, of company: CompanyID) async throws -> [Employee] {
        let statement = try EmployeeStore.page(of: company, filter, sort: sort, after: after, limit: limit)
        return try await database.query(for: company, statement, as: Employee.self)
    }

    /// - Throws: ``Failure/notFound``, also for an employee of another company.
    package func find(_ id: EmployeeID, for subject: Subject) async throws -> Employee {
        let found = try await database.query(for: subject.company, EmployeeStore.one(id, of: subject.company), as: Employee.self)
        guard let employee = found.first else { throw Failure.notFound }
        return employee
    }

    /// The departments that have active people, by name.
    package func departments(for subject: Subject) async throws -> [DepartmentCount] {
        try await database.query(for: subject.company, EmployeeStore.departments(of: subject.company), as: DepartmentCount.self)
    }

    /// How many active people there are, and of how many of them something is known.
    package func population(for subject: Subject) async throws -> Population {
        guard
            let found = try await database.query(for: subject.company, RiskStore.population(of: subject.company), as: RiskStore.Population.self).first
        else { return Population(people: 0, exposed: 0, notAsked: 0) }
        return Population(people: found.people, exposed: found.exposed, notAsked: found.notAsked)
    }

    /// The active people of a company.
    package struct Population: Sendable, Hashable {
        package var people: Int
        /// In at least one breach.
        package var exposed: Int
        /// Nobody has answered about them.
        package var notAsked: Int

        /// What the head of the list says.
        var sentence: String {
            let known = "\(Format.count(people, "person", "people")), \(Format.count(exposed)) exposed."
            guard notAsked > 0 else { return known }
            return known + " \(Format.count(notAsked)) not asked about yet."
        }
    }

    /// Puts a person on the list.
    /// - Throws: ``InvalidInput`` naming each wrong field; ``Failure/addressTaken``.
    package func create(_ creation: EmployeeCreation, by subject: Subject) async throws -> Employee {
        let details = try creation.details()
        return try await database.transaction(for: subject.company) { db in
            guard let employee = try await EmployeeStore(db).insert(details) else { throw Failure.addressTaken }
            try await AuditTrail.record(
                "employee.created", target: .init("employee", employee.id), before: nil, after: EmployeeAudit(employee), by: subject, in: db)
            return employee
        }
    }

    /// Changes what is in the change, and nothing else. Under another address nothing is known yet: its coverage begins anew.
    /// - Throws: ``InvalidInput``; ``Failure/notFound``; ``Failure/addressTaken``.
    package func update(_ id: EmployeeID, _ change: EmployeeChange, by subject: Subject) async throws -> Employee {
        let now = now()
        return try await addressesDiffer(subject.company) { db in
            let store = EmployeeStore(db)
            guard let before = try await store.find(id, locking: true) else { throw Failure.notFound }
            var employee = before
            try change.apply(to: &employee, at: now)
            guard !employee.isWritten(like: before) else { return before }
            let moved = employee.email != before.email
            guard let saved = try await store.save(employee) else { throw Failure.notFound }
            try await AuditTrail.record(
                "employee.updated", target: .init("employee", id), before: EmployeeAudit(before), after: EmployeeAudit(saved), by: subject, in: db)
            // Under another address the score is another one.
            return moved ? try await store.find(id) ?? saved : saved
        }
    }

    /// A transaction in which an address that somebody has already is said to be that.
    private func addressesDiffer<R: Sendable>(
        _ company: CompanyID, _ body: @Sendable (TenantTransaction) async throws -> R
    ) async throws -> R {
        do { return try await database.transaction(for: company, body) } catch let error as PostgresError
            where error.constraint == "addresses_of_employees_are_unique_in_a_company"
        {
            throw Failure.addressTaken
        }
    }

    /// Takes a person off the list, with what is known of them; their alerts stay, without a name, and none of them open.
    /// - Throws: ``Failure/notFound``.
    package func delete(_ id: EmployeeID, by subject: Subject) async throws {
        try await database.transaction(for: subject.company) { db in
            let store = EmployeeStore(db)
            guard let employee = try await store.find(id, locking: true) else { throw Failure.notFound }
            try await Alerts.resolve(about: id, at: now(), by: subject, in: db)
            try await store.delete(id)
            try await AuditTrail.record(
                "employee.deleted", target: .init("employee", id), before: EmployeeAudit(employee), after: nil, by: subject, in: db)
        }
    }
}

/// What the audit trail keeps of an employee.
struct EmployeeAudit: Codable, Sendable {
    var email: String
    var firstName: String
    var lastName: String
    var department: String?
    var title: String?
    var isVip: Bool
    var mfaEnabled: Bool?
    var externalId: String?
    var deactivatedAt: Date?

    init(_ employee: Employee) {
        email = employee.email.text
        firstName = employee.firstName
        lastName = employee.lastName
        department = employee.department
        title = employee.title
        isVip = employee.isVip
        mfaEnabled = employee.mfaEnabled
        externalId = employee.externalId
        deactivatedAt = employee.deactivatedAt
    }
}
