import Foundation
import Hummingbird
import NIOCore

/// | Method | Path                              | Permission         |
/// |--------|-----------------------------------|--------------------|
/// | GET    | `/api/employees`                  | `employees:read`   |
/// | POST   | `/api/employees`                  | `employees:manage` |
/// | GET    | `/api/employees/{id}`             | `employees:read`   |
/// | PATCH  | `/api/employees/{id}`             | `employees:manage` |
/// | DELETE | `/api/employees/{id}`             | `employees:manage` |
/// | GET    | `/api/employees/{id}/credentials` | `employees:read`   |
/// | POST   | `/api/employees/import`           | `employees:manage` |
/// | POST   | `/api/employees/import/rejected`  | `employees:manage` |
/// | GET    | `/api/employees/export`           | `employees:read`   |
/// | GET    | `/api/employees/departments`      | `employees:read`   |
package struct EmployeeRoutes: Sendable {
    let employees: Employees
    let credentials: LeakedCredentials

    package func add(to api: APIRoutes) {
        api.get(
            "/api/employees", .permission(.employeesRead), summary: "The staff list", query: EmployeeListQuery.self,
            answers: Page<EmployeeResponse>.self, use: list)
        api.post(
            "/api/employees", .permission(.employeesManage), summary: "Put a person on the list", body: EmployeeCreation.self,
            answers: EmployeeResponse.self, status: .created, use: create)
        api.respond(
            .post, "/api/employees/import", .permission(.employeesManage),
            summary: "Read a staff list from a CSV file; with preview=true say what would be done, and write nothing", query: ImportQuery.self,
            bodyType: "text/csv", limit: Employees.importLimit, answers: ImportReport.self, use: importFile)
        api.respond(
            .post, "/api/employees/import/rejected", .permission(.employeesManage),
            summary: "The rows of a staff list that do not go in, with their line and the reason; nothing is written", bodyType: "text/csv",
            limit: Employees.importLimit, answerType: "text/csv", use: rejectedRows)
        api.respond(
            .get, "/api/employees/export", .permission(.employeesRead), summary: "The staff list as CSV", query: EmployeeListQuery.self,
            answerType: "text/csv", use: exportFile)
        api.get(
            "/api/employees/departments", .permission(.employeesRead), summary: "The departments and how many people they have",
            answers: Departments.self, use: departments)
        api.get("/api/employees/{id}", .permission(.employeesRead), summary: "One employee", answers: EmployeeResponse.self, use: find)
        api.patch(
            "/api/employees/{id}", .permission(.employeesManage), summary: "Change an employee", body: EmployeeChange.self,
            answers: EmployeeResponse.self, use: change)
        api.delete("/api/employees/{id}", .permission(.employeesManage), summary: "Take a person off the list", use: delete)
        api.get(
            "/api/employees/{id}/credentials", .permission(.employeesRead),
            summary: "A person's logins in leak files: sites, sightings and whether the secret is used again; never the secret",
            answers: Page<LeakedCredential>.self, use: credentials)
    }

    func credentials(_ request: Request, _ context: AppContext) async throws -> Page<LeakedCredential> {
        let subject = try context.subject
        let employee = try await employees.find(try context.id(as: EmployeeID.self), for: subject)
        return Page(items: try await credentials.of(employee.id, for: subject), nextCursor: nil)
    }

    struct Departments: Codable, Sendable {
        var items: [DepartmentCount]
    }

    func list(_ request: Request, _ context: AppContext, _ query: EmployeeListQuery) async throws -> Page<EmployeeResponse> {
        let subject = try context.subject
        let page = try await employees.list(
            try query.filter(), sort: query.sort ?? .name, cursor: query.cursor, limit: query.limit, for: subject)
        return Page(items: page.items.map { EmployeeResponse($0) }, nextCursor: page.nextCursor)
    }

    func departments(_ request: Request, _ context: AppContext) async throws -> Departments {
        Departments(items: try await employees.departments(for: try context.subject))
    }

    func find(_ request: Request, _ context: AppContext) async throws -> EmployeeResponse {
        let subject = try context.subject
        return EmployeeResponse(try await employees.find(try context.id(as: EmployeeID.self), for: subject))
    }

    func create(_ request: Request, _ context: AppContext, _ body: EmployeeCreation) async throws -> EmployeeResponse {
        EmployeeResponse(try await employees.create(body, by: try context.subject))
    }

    func change(_ request: Request, _ context: AppContext, _ body: EmployeeChange) async throws -> EmployeeResponse {
        let subject = try context.subject
        return EmployeeResponse(try await employees.update(try context.id(as: EmployeeID.self), body, by: subject))
    }

    func delete(_ request: Request, _ context: AppContext) async throws {
        let subject = try context.subject
        try await employees.delete(try context.id(as: EmployeeID.self), by: subject)
    }

    struct ImportQuery: Codable, Sendable {
        /// true: nothing is written, and the report says what would be.
        var preview: Bool?
    }

    func importFile(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let query = try request.decodeQuery(ImportQuery.self)
        let list = try await StaffListUpload.receive(request, context, limit: Employees.importLimit)
        return try .json(try await employees.importCSV(list.file, isPreview: query.preview ?? false, by: subject))
    }

    func rejectedRows(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let list = try await StaffListUpload.receive(request, context, limit: Employees.importLimit)
        return Self.csv(try await employees.rejectedCSV(list.file, by: subject), name: "rejected-rows.csv")
    }

    /// A file of ours as an answer.
    static func csv(_ file: SpooledFile, name: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "text/csv; charset=utf-8", .contentDisposition: "attachment; filename=\"\(name)\""],
            body: ResponseBody { writer in
                for try await piece in file { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            })
    }

    func exportFile(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let query = try request.decodeQuery(EmployeeListQuery.self)
        let export = try await employees.exportCSV(try query.filter(), for: subject)
        return Response(
            status: .ok,
            headers: [.contentType: "text/csv; charset=utf-8", .contentDisposition: "attachment; filename=\"employees.csv\""],
            body: ResponseBody { writer in
                for try await piece in export { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            })
    }
}

/// The filters of the staff list as a query string has them; the page of employees takes the same.
package struct EmployeeListQuery: Codable, Sendable {
    package var q: String?
    package var department: String?
    /// true: only those without a department.
    package var noDepartment: Bool?
    /// A level, or NOT_ASKED: nobody was asked about them, and nothing was found.
    package var risk: RiskFilter?
    package var exposed: Bool?
    package var active: Bool?
    package var vip: Bool?
    package var mfa: MFAState?
    /// Whether any source has answered about them.
    package var asked: Bool?
    /// Whether a directory tells of them.
    package var inDirectory: Bool?
    /// One or more, with commas between: of each person the worst of their exposures counts.
    package var liveness: [Liveness]?
    /// A reading of leak files: only those about whom it found text that was not understood.
    package var unreadIn: IngestRunID?
    package var sort: EmployeeSort?
    package var cursor: String?
    package var limit: Int?

    package init() {}

    /// - Throws: ``InvalidInput`` naming what is not understood.
    package func filter() throws -> EmployeeFilter {
        EmployeeFilter(
            search: try ListText.search(q), department: department.nonEmpty, isWithoutDepartment: noDepartment ?? false, level: risk,
            isExposed: exposed, isActive: active, isVip: vip,
            mfa: mfa, isAsked: asked, isInDirectory: inDirectory, liveness: liveness.flatMap { $0.isEmpty ? nil : Set($0) }, unreadIn: unreadIn)
    }
}

/// An employee as the API answers it.
package struct EmployeeResponse: Codable, Sendable, Hashable {
    package var id: EmployeeID
    package var email: String
    /// What else reaches them, as their directory tells: looked up and searched for like `email`.
    package var aliases: [String]
    package var firstName: String
    package var lastName: String
    package var department: String?
    package var title: String?
    package var isVip: Bool
    package var mfaEnabled: Bool?
    package var sourceConnectionId: String?
    package var externalId: String?
    package var deactivatedAt: Date?
    /// null: nobody has been asked about this address yet, so that nothing is known.
    package var lastCheckedAt: Date?
    /// null: nobody was asked about them, and nothing was found. That is not 0.
    package var riskScore: Int?
    package var riskLevel: RiskLevel?
    package var recordCount: Int
    package var openAlertCount: Int
    package var latestDetectionAt: Date?
    package var createdAt: Date
    package var updatedAt: Date

    package init(_ employee: Employee) {
        id = employee.id
        email = employee.email.text
        aliases = employee.aliases
        firstName = employee.firstName
        lastName = employee.lastName
        department = employee.department
        title = employee.title
        isVip = employee.isVip
        mfaEnabled = employee.mfaEnabled
        sourceConnectionId = employee.sourceConnectionId
        externalId = employee.externalId
        deactivatedAt = employee.deactivatedAt
        lastCheckedAt = employee.lastCheckedAt
        riskScore = employee.riskScore
        riskLevel = employee.riskLevel
        recordCount = employee.recordCount
        openAlertCount = employee.openAlertCount
        latestDetectionAt = employee.latestDetectionAt
        createdAt = employee.createdAt
        updatedAt = employee.updatedAt
    }
}
