import Foundation
import Hummingbird

/// | Method | Path                 | Permission      |
/// |--------|----------------------|-----------------|
/// | GET    | `/api/machines`      | `machines:read` |
/// | GET    | `/api/machines/{id}` | `machines:read` |
package struct MachineRoutes: Sendable {
    private let machines: Machines

    package init(machines: Machines) { self.machines = machines }

    package func add(to api: APIRoutes) {
        api.get(
            "/api/machines", .permission(.machinesRead),
            summary:
                "Infected machines with data of the company's people, the latest first; what finds them for administrators only, and each look is audited",
            query: ListQuery.self, answers: Page<MachineResponse>.self, use: list)
        api.get(
            "/api/machines/{id}", .permission(.machinesRead),
            summary: "One infected machine, and whose data were on it; what finds it for administrators only, and each look is audited",
            answers: MachineDetailResponse.self, use: find)
    }

    struct ListQuery: Codable, Sendable {
        /// true: only those with an alert that is not resolved.
        var open: Bool?
        var cursor: String?
        var limit: Int?
    }

    func list(_ request: Request, _ context: AppContext, _ query: ListQuery) async throws -> Page<MachineResponse> {
        let subject = try context.subject
        let page = try await machines.list(hasOpenAlert: query.open ?? false, cursor: query.cursor, limit: query.limit, for: subject)
        let traces = try await machines.traces(of: page.items.map(\.id), on: "the list of machines", for: subject)
        return Page(items: page.items.map { MachineResponse($0, traces[$0.id]) }, nextCursor: page.nextCursor)
    }

    func find(_ request: Request, _ context: AppContext) async throws -> MachineDetailResponse {
        let subject = try context.subject
        let machine = try await machines.find(try context.id(as: InfectedMachineID.self), for: subject)
        let traces = try await machines.traces(of: [machine.id], on: "the machine", for: subject)
        return MachineDetailResponse(
            machine: MachineResponse(machine, traces[machine.id]), people: try await machines.people(on: machine, for: subject).map { .init($0) })
    }
}

/// A machine as the API answers it.
package struct MachineResponse: Codable, Sendable, Hashable {
    package var id: InfectedMachineID
    /// Tells the machine from others in this installation.
    package var key: String
    /// The malware's own id of it, as given; null where there is none, and for whoever may not see it.
    package var machineId: String?
    package var breachId: BreachID
    package var malwareFamily: String?
    package var capturedAt: Date?
    /// As the malware wrote it down; null where it did not, and for whoever may not see it.
    package var operatingSystem: String?
    package var country: String?
    package var credentialCount: Int
    package var cookieCount: Int
    package var hasTokens: Bool
    package var people: Int
    package var sites: Int
    package var openAlerts: Int
    package var createdAt: Date
    /// What finds the machine; null where nothing is kept, and for whoever may not see it.
    package var traces: InfectedMachine.Traces?

    init(_ machine: InfectedMachine, _ traces: InfectedMachine.Traces?) {
        id = machine.id
        key = machine.key
        machineId = traces?.machineId
        self.traces = traces
        breachId = machine.breachId
        malwareFamily = machine.malwareFamily
        capturedAt = machine.capturedAt
        operatingSystem = traces?.operatingSystem
        country = machine.country
        credentialCount = machine.credentialCount
        cookieCount = machine.cookieCount
        hasTokens = machine.hasTokens
        people = machine.people
        sites = machine.sites
        openAlerts = machine.openAlerts
        createdAt = machine.createdAt
    }
}

/// A machine with the people whose data were on it.
package struct MachineDetailResponse: Codable, Sendable, Hashable {
    package var machine: MachineResponse
    package var people: [Person]

    package struct Person: Codable, Sendable, Hashable {
        package var employeeId: EmployeeID
        package var employeeName: String
        package var employeeEmail: String
        package var exposedData: [String]
        package var artifacts: [ArtifactKind]
        /// Sites and shortened logins; stolen sessions by domain and name.
        package var evidence: Evidence?
        package var alertId: AlertID?
        package var alertSeverity: Severity?
        package var alertStatus: AlertStatus?

        init(_ person: Machines.Person) {
            employeeId = person.record.employeeId
            employeeName = person.name
            employeeEmail = person.email
            exposedData = person.record.exposedData
            artifacts = person.record.artifacts
            evidence = person.record.evidence
            alertId = person.alertId
            alertSeverity = person.alertSeverity
            alertStatus = person.alertStatus
        }
    }
}
