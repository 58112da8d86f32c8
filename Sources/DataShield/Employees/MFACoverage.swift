import Foundation
import Postgres

/// How many people sign in with a second factor, as far as directories say. Unknown is counted apart: it is neither.
package struct MFACoverage: Codable, Sendable, Hashable {
    package var total: Counts
    /// By name; nil for those without a department.
    package var departments: [Department]

    package struct Counts: Codable, Sendable, Hashable {
        package var people: Int
        package var enabled: Int
        package var disabled: Int
        package var unknown: Int
        /// In at least one breach, and without a second factor.
        package var exposedWithout: Int
        /// Without a second factor, and nobody has answered about them: whether they are exposed is not known.
        package var withoutNotAsked: Int

        /// Those with a second factor, of those of whom it is known; nil when it is known of nobody.
        package var share: Double? { enabled + disabled > 0 ? Double(enabled) / Double(enabled + disabled) : nil }
    }

    package struct Department: Codable, Sendable, Hashable {
        package var name: String?
        package var counts: Counts
    }
}

extension Employees {
    /// The coverage of all active people.
    package func mfaCoverage(for subject: Subject) async throws -> MFACoverage {
        let rows = try await database.query(
            for: subject.company,
            """
            SELECT d.department, d.people, d.mfa_enabled, d.mfa_disabled, d.mfa_unknown, d.exposed_without_mfa, coalesce(n.without_mfa, 0)::bigint
            FROM department_counts d LEFT JOIN (\(EmployeeStore.notAsked(of: subject.company))) n ON n.department = d.department
            WHERE d.company_id = \(subject.company) AND d.people > 0 ORDER BY d.department
            """, as: MFARow.self)
        var total = MFACoverage.Counts(people: 0, enabled: 0, disabled: 0, unknown: 0, exposedWithout: 0, withoutNotAsked: 0)
        for row in rows {
            total.people += row.counts.people
            total.enabled += row.counts.enabled
            total.disabled += row.counts.disabled
            total.unknown += row.counts.unknown
            total.exposedWithout += row.counts.exposedWithout
            total.withoutNotAsked += row.counts.withoutNotAsked
        }
        return MFACoverage(total: total, departments: rows.map { .init(name: $0.department.isEmpty ? nil : $0.department, counts: $0.counts) })
    }

    /// The coverage, to be taken out as a file. That it was is an audit event.
    package func exportMFACoverage(for subject: Subject) async throws -> MFACoverage {
        let coverage = try await mfaCoverage(for: subject)
        try await database.transaction(for: subject.company) { db in
            try await AuditTrail.record("mfa.exported", target: nil, after: ["departments": coverage.departments.count], by: subject, in: db)
        }
        return coverage
    }
}

private struct MFARow: RowDecodable {
    let department: String
    let counts: MFACoverage.Counts

    init(from row: inout Row) throws {
        department = try row.next()
        counts = MFACoverage.Counts(
            people: try row.next(), enabled: try row.next(), disabled: try row.next(), unknown: try row.next(), exposedWithout: try row.next(),
            withoutNotAsked: try row.next())
    }
}

extension MFACoverage {
    static let headings = ["department", "people", "enabled", "disabled", "unknown", "exposedWithout", "withoutNotAsked"]

    /// A line for each department, and the last one for all; those without a department have no name.
    var csv: [UInt8] {
        // Excel takes CSV for the local code page unless it begins with a byte-order mark.
        var bytes: [UInt8] = [0xEF, 0xBB, 0xBF]
        CSVWriter.append(Self.headings, to: &bytes)
        for (name, counts) in departments.map({ ($0.name ?? "", $0.counts) }) + [("All", total)] {
            let numbers = [counts.people, counts.enabled, counts.disabled, counts.unknown, counts.exposedWithout, counts.withoutNotAsked]
            CSVWriter.append([name] + numbers.map { String($0) }, to: &bytes)
        }
        return bytes
    }
}

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

    package init(pages: Pages, employees: Employees, now: @escaping Now) {
        self.pages = pages
        self.employees = employees
        self.now = now
    }

    package func add(to routes: Routes) {
        routes.pages.get("/mfa", .permission(.employeesRead), use: show)
        routes.pages.get("/mfa/export", .permission(.employeesRead), use: export)
        routes.api.respond(
            .get, "/api/mfa/export", .permission(.employeesRead), summary: "The same as CSV, a line for each department", answerType: "text/csv",
            use: export)
        routes.api.get(
            "/api/mfa", .permission(.employeesRead), summary: "How many people have a second factor, in all and by department",
            answers: MFACoverage.self
        ) { [employees] _, context in try await employees.mfaCoverage(for: try context.require(.employeesRead)) }
    }

    func export(_ request: Request, _ context: AppContext) async throws -> Response {
        let coverage = try await employees.exportMFACoverage(for: try context.require(.employeesRead))
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
        let subject = try context.require(.employeesRead)
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
        return pages.show("employees/mfa", model, Frame("MFA coverage", in: .mfa), for: request, context)
    }

    private static func subtitle(_ counts: MFACoverage.Counts) -> String {
        guard let share = counts.share else {
            return "Nothing is known of anybody's second factor yet. Connect a directory that says so: Entra, Google Workspace or Okta."
        }
        return "\(Format.percent(share)) of the \(Format.count(counts.enabled + counts.disabled, "person", "people")) of whom it is known."
    }

    private static func emptyNote(_ counts: MFACoverage.Counts) -> String {
        let unknown = "Those of whom no directory says whether they have a second factor are not in this list."
        guard counts.withoutNotAsked > 0 else { return unknown }
        return
            "\(Format.count(counts.withoutNotAsked)) without a second factor were not asked about yet: whether they are exposed is not known. \(unknown)"
    }

    private static func tiles(_ counts: MFACoverage.Counts) -> [MFAModel.Tile] {
        // Shares are of those of whom it is known: who is unknown is in no denominator.
        let known = counts.enabled + counts.disabled
        func share(_ count: Int) -> String { known > 0 ? Format.percent(Format.share(count, of: known)) + " of those known" : "nothing is known yet" }
        let all = counts.people > 0 ? Format.percent(Format.share(counts.unknown, of: counts.people)) + " of all" : "nobody is on the list"
        let exposed =
            counts.disabled == 0
            ? "nobody is known to be without"
            : counts.withoutNotAsked > 0
                ? "\(Format.count(counts.withoutNotAsked)) of those without not asked about yet" : "all of those without were asked about"
        return [
            .init(label: "With a second factor", value: Format.count(counts.enabled), note: share(counts.enabled)),
            .init(label: "Without", value: Format.count(counts.disabled), note: share(counts.disabled)),
            .init(label: "Unknown", value: Format.count(counts.unknown), note: all),
            .init(label: "Exposed and without", value: Format.count(counts.exposedWithout), note: exposed),
        ]
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
            Format.count(counts.exposedWithout) + (counts.withoutNotAsked > 0 ? " (\(Format.count(counts.withoutNotAsked)) not asked)" : "")
    }
}
