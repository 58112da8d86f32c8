import Hummingbird

/// | Method | Path                          | Permission       |
/// |--------|-------------------------------|------------------|
/// | GET    | `/api/employees/{id}/records` | `employees:read` |
package struct EmployeeRecordRoutes: Sendable {
    let breaches: Breaches
    let employees: Employees

    package func add(to api: APIRoutes) {
        api.get(
            "/api/employees/{id}/records", .permission(.employeesRead),
            summary: "The breaches that a person is in, and whether what was exposed still works", answers: Page<Breaches.RecordResponse>.self,
            use: records)
    }

    func records(_ request: Request, _ context: AppContext) async throws -> Page<Breaches.RecordResponse> {
        let subject = try context.subject
        let id = try context.id(as: EmployeeID.self)
        let records = try await breaches.records(of: id, for: subject)
        if records.isEmpty { _ = try await employees.find(id, for: subject) }
        return Page(items: records.map { Breaches.RecordResponse($0) }, nextCursor: nil)
    }
}
