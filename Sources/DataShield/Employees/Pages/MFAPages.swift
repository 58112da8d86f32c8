import HTTPTypes
import Hummingbird
import NIOCore

/// | Method | Path              | Permission       |
/// |--------|-------------------|------------------|
/// | GET    | `/api/mfa`        | `employees:read` |
/// | GET    | `/api/mfa/export` | `employees:read` |
/// | GET    | `/mfa`            | `employees:read` |
/// | GET    | `/mfa/export`     | `employees:read` |
package struct MFAPages: Sendable {
    let pages: Pages
    let employees: Employees
    let now: Now

    package func add(to routes: Routes) {
        routes.pages.get("/mfa", .permission(.employeesRead), use: show)
        routes.pages.get("/mfa/export", .permission(.employeesRead), use: export)
        routes.api.respond(
            .get, "/api/mfa/export", .permission(.employeesRead), summary: "The same as CSV, a line for each department", answerType: "text/csv",
            use: export)
        routes.api.get(
            "/api/mfa", .permission(.employeesRead), summary: "How many people have a second factor, in all and by department",
            answers: MFACoverage.self
        ) { [employees] _, context in try await employees.mfaCoverage(for: try context.subject) }
    }

    func export(_ request: Request, _ context: AppContext) async throws -> Response {
        let coverage = try await employees.exportMFACoverage(for: try context.subject)
        return Response(
            status: .ok,
            headers: [.contentType: "text/csv; charset=utf-8", .contentDisposition: "attachment; filename=\"mfa.csv\""],
            body: .init(byteBuffer: ByteBuffer(bytes: coverage.csv)))
    }

    struct Query: Codable, Sendable {
        var cursor: String?
    }

    private static let filters: [(String, String?)] = [("exposed", "true"), ("active", "true"), ("mfa", MFAState.disabled.rawValue)]

    func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let cursor = try request.decodeQuery(Query.self).cursor
        let coverage = try await employees.mfaCoverage(for: subject)
        let page = try await employees.list(
            EmployeeFilter(isExposed: true, isActive: true, mfa: .disabled), sort: .risk, cursor: cursor, limit: 50, for: subject)
        let clock = PageClock(now(), for: context.signedIn)
        let rows = page.items.map { EmployeeRow($0, clock) }
        let model = MFAModel(
            subtitle: Self.subtitle(coverage.total), tiles: Self.tiles(coverage.total),
            departments: coverage.departments.map { MFAModel.DepartmentRow($0) }, hasDepartments: !coverage.departments.isEmpty, rows: rows,
            hasRows: !rows.isEmpty, emptyNote: Self.emptyNote(coverage.total), exportURL: URLText.path("/employees/export", Self.filters),
            pager: Pager(
                Format.count(rows.count, "person", "people") + " on this page", path: "/mfa", query: [], cursor: cursor, next: page.nextCursor))
        return pages.show("employees/mfa", model, Frame("People without a second factor", in: .withoutSecondFactor), for: request, context)
    }

    private static func subtitle(_ counts: MFACoverage.Counts) -> String {
        guard let share = counts.share else {
            return "Nobody's second factor is known yet. Connect a directory that tells: Entra, Google Workspace or Okta."
        }
        let known = Format.count(counts.enabled + counts.disabled, "person", "people")
        return "\(Format.percent(share)) of the \(known) whose second factor is known have one."
    }

    private static func emptyNote(_ counts: MFACoverage.Counts) -> String {
        let unknown = "People whose second factor is not known are not in this list."
        guard counts.withoutNotAsked > 0 else { return unknown }
        return
            "\(Format.count(counts.withoutNotAsked)) without a second factor were not checked yet. \(unknown)"
    }

    private static func tiles(_ counts: MFACoverage.Counts) -> [MFAModel.Tile] {
        // Shares are of those of whom it is known: who is unknown is in no denominator.
        let known = counts.enabled + counts.disabled
        func share(_ count: Int) -> String { known > 0 ? Format.percent(Format.share(count, of: known)) + " of those known" : "not known yet" }
        let all = counts.people > 0 ? Format.percent(Format.share(counts.unknown, of: counts.people)) + " of all" : "nobody is on the list"
        let exposed =
            counts.disabled == 0
            ? "nobody is known to have none"
            : counts.withoutNotAsked > 0
                ? "\(Format.count(counts.withoutNotAsked)) without one not checked yet" : "all without one were checked"
        return [
            .init(label: "With a second factor", value: Format.count(counts.enabled), note: share(counts.enabled)),
            .init(label: "Without", value: Format.count(counts.disabled), note: share(counts.disabled)),
            .init(label: "Unknown", value: Format.count(counts.unknown), note: all),
            .init(label: "Exposed, without one", value: Format.count(counts.exposedWithout), note: exposed),
        ]
    }
}

/// Who signs in with a second factor, `employees/mfa`.
struct MFAModel: Sendable {
    var subtitle: String
    var tiles: [Tile]
    var departments: [DepartmentRow]
    var hasDepartments: Bool
    var rows: [EmployeeRow]
    var hasRows: Bool
    var emptyNote: String
    var exportURL: String
    var pager: Pager?

    struct Tile: Sendable {
        var label: String
        var value: String
        var note: String
    }

    struct DepartmentRow: Sendable {
        var name: String
        var url: String
        var people: String
        var enabled: String
        var disabled: String
        var unknown: String
        var share: String
        var exposedWithout: String
    }
}

extension MFAModel.DepartmentRow {
    init(_ department: MFACoverage.Department) {
        let counts = department.counts
        name = department.name ?? "No department"
        url = URLText.path(
            "/employees",
            [
                department.name.map { ("department", $0) } ?? ("noDepartment", "true"), ("active", "true"), ("mfa", MFAState.disabled.rawValue),
            ])
        people = Format.count(counts.people)
        enabled = Format.count(counts.enabled)
        disabled = Format.count(counts.disabled)
        unknown = Format.count(counts.unknown)
        share = counts.share.map { Format.percent($0) } ?? "unknown"
        exposedWithout =
            Format.count(counts.exposedWithout) + (counts.withoutNotAsked > 0 ? " (\(Format.count(counts.withoutNotAsked)) not checked)" : "")
    }
}
