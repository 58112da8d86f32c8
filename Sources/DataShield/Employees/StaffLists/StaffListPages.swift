import Foundation
import HTTPTypes
import Hummingbird

/// | Method | Path                              | Permission         |
/// |--------|-----------------------------------|--------------------|
/// | GET    | `/employees/import`               | `employees:manage` |
/// | POST   | `/employees/import`               | `employees:manage` |
/// | GET    | `/employees/import/{id}`          | `employees:manage` |
/// | POST   | `/employees/import/{id}`          | `employees:manage` |
/// | POST   | `/employees/import/{id}/discard`  | `employees:manage` |
/// | GET    | `/employees/import/{id}/rejected` | `employees:manage` |
package struct StaffListPages: Sendable {
    let pages: Pages
    let employees: Employees
    let previews: StaffPreviews
    let now: Now

    package func add(to routes: PageRoutes) {
        let manage = Access.permission(.employeesManage)
        routes.get("/employees/import", manage) { request, context in uploadPage(request, context) }
        routes.post("/employees/import", manage, use: upload)
        routes.get("/employees/import/{id}", manage) { request, context in
            try await answer(request, context) { preview, _ in page(preview, request, context) }
        }
        routes.post("/employees/import/{id}", manage, use: write)
        routes.post("/employees/import/{id}/discard", manage, use: discard)
        routes.get("/employees/import/{id}/rejected", manage, use: rejected)
    }

    // MARK: The file

    private func uploadPage(_ request: Request, _ context: AppContext, problem: (any FeatureError)? = nil) -> Response {
        // Which columns were found helps whoever reads it.
        let words = problem.map { problem in problem.fields.first { $0.field == "file" }?.message ?? problem.detail }
        let model = StaffListModel(formError: words, limit: "\(StaffPreview.limit >> 20) MB")
        let frame = Frame("Import a staff list", in: .people, isNarrow: true, status: problem?.status ?? .ok)
        return pages.show("employees/import", model, frame, for: request, context)
    }

    func upload(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        do {
            let list = try await StaffListUpload.receive(request, context, limit: StaffPreview.limit)
            let preview = try await previews.make(list.file, name: list.name, by: subject)
            return Pages.redirect(to: "/employees/import/\(preview.id)")
        } catch let failure as any FeatureError where Self.isOfTheFile(failure) {
            return uploadPage(request, context, problem: failure)
        }
    }

    /// Whether another file would do. What is wrong with us is said as that, and logged.
    static func isOfTheFile(_ failure: any FeatureError) -> Bool { failure.status.code < 500 }

    // MARK: The preview

    /// Answers with a preview that there is; where there is none any more, with the form for the file.
    private func answer(
        _ request: Request, _ context: AppContext, _ body: (StaffPreview, Subject) async throws -> Response
    ) async throws -> Response {
        let subject = try context.subject
        let id = try context.id(as: StaffPreview.ID.self)
        do {
            return try await body(try await previews.find(id, by: subject), subject)
        } catch Employees.Failure.noPreview {
            return uploadPage(request, context, problem: Employees.Failure.noPreview)
        }
    }

    private func page(
        _ preview: StaffPreview, _ request: Request, _ context: AppContext, problem: (any FeatureError)? = nil
    ) -> Response {
        let model = StaffPreviewModel(preview, problem: problem, PageClock(now(), for: context.signedIn))
        return pages.show("employees/preview", model, Frame(model.heading, in: .people, status: problem?.status ?? .ok), for: request, context)
    }

    func write(_ request: Request, _ context: AppContext) async throws -> Response {
        try await answer(request, context) { preview, subject in
            do {
                _ = try await previews.write(preview.id, by: subject)
                return Pages.redirect(to: "/employees/import/\(preview.id)")
            } catch Employees.Failure.listChanged {
                return page(try await previews.find(preview.id, by: subject), request, context, problem: Employees.Failure.listChanged)
            }
        }
    }

    func discard(_ request: Request, _ context: AppContext) async throws -> Response {
        try await answer(request, context) { preview, subject in
            try await previews.discard(preview.id, by: subject)
            return Pages.redirect(to: "/employees/import", .done("The list was discarded. Nothing was saved."))
        }
    }

    func rejected(_ request: Request, _ context: AppContext) async throws -> Response {
        try await answer(request, context) { preview, subject in
            let file = try await previews.file(of: preview.id, by: subject)
            return EmployeeRoutes.csv(try await employees.rejectedCSV(file, by: subject), name: "rejected-rows.csv")
        }
    }
}
