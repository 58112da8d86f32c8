import Foundation
import HTTPTypes
import Hummingbird

/// | Method | Path                     | Permission         |
/// |--------|--------------------------|--------------------|
/// | GET    | `/employees`             | `employees:read`   |
/// | GET    | `/employees/export`      | `employees:read`   |
/// | GET    | `/employees/new`         | `employees:manage` |
/// | POST   | `/employees`             | `employees:manage` |
/// | GET    | `/employees/{id}`        | `employees:read`   |
/// | GET    | `/employees/{id}/edit`   | `employees:manage` |
/// | POST   | `/employees/{id}`        | `employees:manage` |
/// | POST   | `/employees/{id}/delete` | `employees:manage` |
package struct EmployeePages: Sendable {
    let pages: Pages
    let employees: Employees
    let breaches: Breaches
    let alerts: Alerts
    let risk: Risk
    let coverage: Coverage
    let credentials: LeakedCredentials
    let machines: Machines
    let now: Now

    package func add(to routes: PageRoutes) {
        let manage = Access.permission(.employeesManage)
        routes.get("/employees", .permission(.employeesRead), use: list)
        routes.get("/employees/export", .permission(.employeesRead), use: EmployeeRoutes(employees: employees, credentials: credentials).exportFile)
        routes.get("/employees/new", manage) { request, context in
            formPage(EmployeeFormModel(nil, EmployeeForm(), problem: nil), nil, request, context)
        }
        routes.post("/employees", manage, form: EmployeeForm.self, use: create)
        routes.get("/employees/{id}", .permission(.employeesRead), use: show)
        routes.get("/employees/{id}/edit", manage, use: edit)
        routes.post("/employees/{id}", manage, form: EmployeeForm.self, use: save)
        routes.post("/employees/{id}/delete", manage, use: delete)
    }

    // MARK: The list

    func list(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let query = try request.decodeQuery(EmployeeListQuery.self)
        let page = try await employees.list(
            try query.filter(), sort: query.sort ?? .name, cursor: query.cursor, limit: query.limit, for: subject)
        let departments = try await employees.departments(for: subject)
        let clock = PageClock(now(), for: context.signedIn)
        let filters: [(String, String?)] = [
            ("q", query.q), ("department", query.department), ("risk", query.risk?.rawValue), ("exposed", query.exposed.map { "\($0)" }),
            ("active", query.active.map { "\($0)" }), ("vip", query.vip.map { "\($0)" }), ("mfa", query.mfa?.rawValue),
            ("asked", query.asked.map { "\($0)" }), ("inDirectory", query.inDirectory.map { "\($0)" }),
            ("noDepartment", query.noDepartment == true ? "true" : nil), ("unreadIn", query.unreadIn?.rawValue),
            ("liveness", query.liveness.map { $0.map(\.rawValue).joined(separator: ",") }),
        ]
        let all = filters + [("sort", query.sort?.rawValue)]
        let population = try await employees.population(for: subject)
        let rows = page.items.map { EmployeeRow($0, clock) }
        let tab = query.tab
        // What makes the tab is no filter that could be cleared.
        let own: Set<String> = tab == .people ? [] : ["exposed", "active"]
        let model = EmployeeListModel(
            heading: Self.heading(tab), subtitle: Self.fact(tab, population), clearURL: tab.url, isAll: tab == .people, q: query.q,
            departmentFilter: Choice(
                "department", "Department",
                [("", "Any department")] + departments.map { ($0.department, $0.department) }.filter { !$0.0.isEmpty }, selected: query.department),
            riskFilter: Choice(
                "risk", "Risk", [("", "Any risk")] + RiskFilter.allCases.map { ($0.rawValue, $0.level?.label ?? RiskLevel.notAsked.label) },
                selected: query.risk?.rawValue),
            exposedFilter: Choice(
                "exposed", "Exposure", [("", "Any exposure"), ("true", "Exposed"), ("false", "Not exposed")],
                selected: query.exposed.map { "\($0)" }),
            activeFilter: Choice(
                "active", "Employment", [("", "Any employment"), ("true", "Employed"), ("false", "Left")], selected: query.active.map { "\($0)" }),
            mfaFilter: Choice(
                "mfa", "Second factor",
                [
                    ("", "Any second factor"), (MFAState.enabled.rawValue, "Second factor on"),
                    (MFAState.disabled.rawValue, "Second factor off"), (MFAState.unknown.rawValue, "Second factor not known"),
                ], selected: query.mfa?.rawValue),
            livenessFilter: Choice(
                "liveness", "State", [("", "Any state")] + Liveness.allCases.map { ($0.rawValue, $0.label) },
                selected: query.liveness.map { $0.map(\.rawValue).joined(separator: ",") }),
            isWithoutDepartment: query.noDepartment == true,
            narrowings: Narrowing.all([
                ("asked", query.asked.map { "\($0)" }, query.asked == true ? "Answered by a source" : "Without an answer"),
                ("inDirectory", query.inDirectory.map { "\($0)" }, query.inDirectory == true ? "In a directory" : "Outside a directory"),
                ("vip", query.vip.map { "\($0)" }, query.vip == true ? "VIP" : "Not VIP"),
            ]),
            unreadIn: query.unreadIn?.rawValue,
            sortFilter: Choice(
                "sort", "Order", [("name", "By name"), ("risk", "Highest risk first"), ("newest", "Newest first")],
                selected: (query.sort ?? .name).rawValue),
            isFiltered: filters.contains { !($0.1 ?? "").isEmpty && !own.contains($0.0) }, formError: nil,
            exportURL: URLText.path("/employees/export", filters), rows: rows,
            hasRows: !rows.isEmpty,
            pager: Pager(
                Format.count(rows.count, "person", "people") + " on this page", path: "/employees", query: all, cursor: query.cursor,
                next: page.nextCursor))
        return pages.show("employees/list", model, Frame(model.heading, in: tab, showsHIBP: true), for: request, context)
    }

    private static func heading(_ tab: NavigationItem) -> String {
        switch tab {
        case .exposed: "Exposed people"
        case .left: "People who have left"
        default: "People"
        }
    }

    private static func fact(_ tab: NavigationItem, _ population: Employees.Population) -> String {
        switch tab {
        case .exposed: "\(Format.count(population.exposed)) of \(Format.count(population.people, "person", "people")) are in at least one breach."
        case .left: "They stay on the list, but are neither scanned nor counted."
        default: population.sentence
        }
    }

    // MARK: One person

    func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let id = try context.id(as: EmployeeID.self)
        let employee = try await employees.find(id, for: subject)
        let score = try await risk.employee(id, of: subject.company)
        let records = try await breaches.records(of: id, for: subject)
        let sources = try await coverage.person(id, for: subject)
        let recent = try await alerts.list(AlertFilter(employee: id), limit: 10, for: subject).items
        let model = EmployeeModel(
            employee, score: score, records: records, coverage: sources, alerts: recent,
            credentials: try await credentials.of(id, for: subject),
            machines: try await machines.lines(of: records.map(\.record.breachId), on: "a person", for: subject),
            clock: PageClock(now(), for: context.signedIn))
        return pages.show("employees/show", model, Frame(employee.name, in: .people, showsHIBP: true), for: request, context)
    }

    // MARK: The form

    /// A person as the form gives them.
    struct EmployeeForm: Codable, Sendable {
        var email: String?
        var firstName: String?
        var lastName: String?
        var department: String?
        var title: String?
        var externalId: String?
        var mfaEnabled: Bool?
        var isVip: Bool?
        var isActive: Bool?
    }

    private func formPage(_ model: EmployeeFormModel, _ problem: (any FeatureError)?, _ request: Request, _ context: AppContext) -> Response {
        let frame = Frame(model.heading, in: .people, isNarrow: true, status: problem?.status ?? .ok)
        return pages.show("employees/form", model, frame, for: request, context)
    }

    func create(_ request: Request, _ context: AppContext, _ form: EmployeeForm) async throws -> Response {
        do {
            let employee = try await employees.create(form.creation, by: try context.subject)
            return Pages.redirect(to: "/employees/\(employee.id)", .done("\(employee.name) is on the list. The next scan checks them."))
        } catch let failure as any FeatureError {
            return formPage(EmployeeFormModel(nil, form, problem: failure), failure, request, context)
        }
    }

    func edit(_ request: Request, _ context: AppContext) async throws -> Response {
        let employee = try await employees.find(try context.id(as: EmployeeID.self), for: try context.subject)
        return formPage(EmployeeFormModel(employee, EmployeeForm(employee), problem: nil), nil, request, context)
    }

    func save(_ request: Request, _ context: AppContext, _ form: EmployeeForm) async throws -> Response {
        let subject = try context.subject
        let id = try context.id(as: EmployeeID.self)
        do {
            let employee = try await employees.update(id, form.change, by: subject)
            return Pages.redirect(to: "/employees/\(id)", .done("\(employee.name) is saved."))
        } catch let failure as any FeatureError where failure.status != .notFound {
            let employee = try await employees.find(id, for: subject)
            return formPage(EmployeeFormModel(employee, form, problem: failure), failure, request, context)
        }
    }

    func delete(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let id = try context.id(as: EmployeeID.self)
        let name = try await employees.find(id, for: subject).name
        try await employees.delete(id, by: subject)
        return Pages.redirect(to: "/employees", .done("\(name) is deleted."))
    }
}

extension EmployeeListQuery {
    /// The tab that shows just these people.
    fileprivate var tab: NavigationItem {
        if active == false { return .left }
        return exposed == true && active == true ? .exposed : .people
    }
}

extension EmployeePages.EmployeeForm {
    init(_ employee: Employee) {
        email = employee.email.text
        firstName = employee.firstName
        lastName = employee.lastName
        department = employee.department
        title = employee.title
        externalId = employee.externalId
        mfaEnabled = employee.mfaEnabled
        isVip = employee.isVip
        isActive = employee.deactivatedAt == nil
    }

    var creation: EmployeeCreation {
        EmployeeCreation(
            email: email ?? "", firstName: firstName, lastName: lastName, department: department, title: title, isVip: isVip, mfaEnabled: mfaEnabled,
            externalId: externalId)
    }

    /// Everything that the form shows: an empty field takes away, an empty box is a no.
    var change: EmployeeChange {
        func patch(_ text: String?) -> Patch<String> { text.map { .set($0) } ?? .clear }
        var change = EmployeeChange()
        change.email = .set(email ?? "")
        change.firstName = patch(firstName)
        change.lastName = patch(lastName)
        change.department = patch(department)
        change.title = patch(title)
        change.externalId = patch(externalId)
        change.isVip = .set(isVip ?? false)
        change.mfaEnabled = mfaEnabled.map { .set($0) } ?? .clear
        change.isActive = .set(isActive ?? false)
        return change
    }
}
