import Foundation
import Hummingbird

/// | Method | Path             | Permission      |
/// |--------|------------------|-----------------|
/// | GET    | `/machines`      | `machines:read` |
/// | GET    | `/machines/{id}` | `machines:read` |
package struct MachinePages: Sendable {
    let pages: Pages
    let machines: Machines
    let now: Now

    package func add(to routes: PageRoutes) {
        routes.get("/machines", .permission(.machinesRead), use: list)
        routes.get("/machines/{id}", .permission(.machinesRead), use: show)
    }

    struct Query: Codable, Sendable {
        var open: Bool?
        var cursor: String?
    }

    func list(_ request: Request, _ context: AppContext) async throws -> Response {
        let query = try request.decodeQuery(Query.self)
        let isOpenOnly = query.open ?? false
        let page = try await machines.list(hasOpenAlert: isOpenOnly, cursor: query.cursor, for: try context.subject)
        let clock = PageClock(now(), for: context.signedIn)
        let model = MachineListModel(
            isOpenOnly: isOpenOnly, rows: page.items.map { .init($0, clock) }, hasRows: !page.items.isEmpty,
            pager: Pager(
                Format.count(page.items.count, "machine", "machines") + " on this page", path: "/machines",
                query: [("open", isOpenOnly ? "true" : nil)], cursor: query.cursor,
                next: page.nextCursor))
        return pages.show("machines/list", model, Frame("Machines", in: .machines), for: request, context)
    }

    func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let machine = try await machines.find(try context.id(as: InfectedMachineID.self), for: subject)
        let people = try await machines.people(on: machine, for: subject)
        let traces = try await machines.traces(of: [machine.id], on: "the machine", for: subject)[machine.id]
        let model = MachineModel(machine, people, traces, mayTrace: subject.may(.machinesTrace), PageClock(now(), for: context.signedIn))
        return pages.show("machines/show", model, Frame("Machine \(machine.shortName)", in: .machines), for: request, context)
    }
}

/// Infected machines, `machines/list`.
struct MachineListModel: Sendable {
    var isOpenOnly: Bool
    var rows: [Row]
    var hasRows: Bool
    var pager: Pager?

    struct Row: Sendable {
        var url: String
        var name: String
        var family: String
        var captured: String
        var people: String
        var sites: String
        var openAlerts: String
        var alerts: Badge
        var heard: String

        init(_ machine: InfectedMachine, _ clock: PageClock) {
            url = "/machines/\(machine.id)"
            name = machine.shortName
            family = machine.malwareFamily ?? "Unknown family"
            captured = machine.capturedAt.map(clock.day) ?? "date unknown"
            people = Format.count(machine.people)
            sites = Format.count(machine.sites)
            openAlerts = Format.count(machine.openAlerts)
            alerts =
                machine.openAlerts > 0
                ? Badge(Format.count(machine.openAlerts, "open alert", "open alerts"), .critical, icon: "siren")
                : Badge("No open alert", .neutral, icon: "check-circle")
            heard = clock.ago(machine.createdAt)
        }
    }
}

/// A machine on the page of something else.
struct MachineLine: Sendable {
    var url: String
    var name: String
    /// What finds it, in a few words.
    var found: String?

    init(_ machine: InfectedMachine, _ traces: InfectedMachine.Traces?) {
        url = "/machines/\(machine.id)"
        name = "Machine \(machine.shortName)"
        let words = [traces?.computer, traces?.userName.map { "user \($0)" }, traces?.addresses.first].compactMap { $0 }
        found = words.isEmpty ? nil : words.joined(separator: ", ")
    }
}

/// What finds a machine, in words.
enum MachineTraceFacts {
    static func all(_ traces: InfectedMachine.Traces) -> [Fact] {
        [
            traces.computer.map { Fact("Computer", $0) }, traces.userName.map { Fact("User", $0) },
            traces.operatingSystem.map { Fact("Operating system", $0) },
            traces.addresses.isEmpty ? nil : Fact("Addresses", traces.addresses.joined(separator: ", ")),
            traces.machineId.map { Fact("Id given by the malware", $0) },
            traces.antivirus.isEmpty ? nil : Fact("Antivirus", traces.antivirus.joined(separator: ", ")),
            traces.malwarePath.map { Fact("Path of the malware", $0) },
        ].compactMap { $0 }
    }
}

/// One infected machine, `machines/show`.
struct MachineModel: Sendable {
    var name: String
    var subtitle: String
    var facts: [Fact]
    /// What finds it.
    var traces: [Fact]
    var hasTraces: Bool
    /// Why nothing is shown.
    var noTraces: String
    var people: [Person]
    var alertsURL: String
    var cookies: [Cookie]
    var hasCookies: Bool
    var advice: [String]

    struct Person: Sendable {
        var url: String
        var name: String
        var email: String
        var initials: String
        var exposed: [DataTag]
        var artifacts: [String]
        var sites: String
        var alertURL: String?
        var alert: Badge?
    }
    struct Cookie: Sendable, Hashable {
        var domain: String
        var name: String
        var expires: String
    }

    init(_ machine: InfectedMachine, _ people: [Machines.Person], _ found: InfectedMachine.Traces?, mayTrace: Bool, _ clock: PageClock) {
        name = machine.shortName
        subtitle = "\(machine.malwareFamily ?? "Malware") ran on this machine. Treat everything typed or signed in to on it as known."
        facts = [
            Fact("Malware", machine.malwareFamily ?? "Unknown"), Fact("Taken", machine.capturedAt.map(clock.dateTime) ?? "Date unknown"),
            Fact("Country", machine.country ?? "Unknown"),
            Fact("Credentials in its log", Format.count(machine.credentialCount)), Fact("Cookies in its log", Format.count(machine.cookieCount)),
            Fact("Application tokens", machine.hasTokens ? "Taken" : "None found"), Fact("First seen", clock.dateTime(machine.createdAt)),
        ]
        traces = found.map(MachineTraceFacts.all) ?? []
        hasTraces = !traces.isEmpty
        noTraces =
            mayTrace
            ? "The log does not say, or your company no longer keeps it."
            : "Only administrators see the machine's name, user, system and addresses."
        self.people = people.map { person in
            let sites = person.record.evidence?.sites ?? []
            let shown = sites.prefix(5).joined(separator: ", ")
            return Person(
                url: "/employees/\(person.record.employeeId)", name: person.name, email: person.email, initials: Format.initials(person.name),
                exposed: DataTag.all(person.record.exposedData),
                artifacts: person.record.artifacts.map(\.label),
                sites: sites.isEmpty ? "none named" : sites.count > 5 ? "\(shown) and \(sites.count - 5) more" : shown,
                alertURL: person.alertId.map { "/alerts/\($0)" }, alert: person.alertStatus?.badge)
        }
        alertsURL = "/alerts?breach=\(machine.breachId)"
        cookies = Set(people.flatMap { $0.record.evidence?.cookies ?? [] }).sorted().map { cookie in
            Cookie(domain: cookie.domain, name: cookie.name, expires: cookie.expiresAt.map(clock.day) ?? "with the browser")
        }
        hasCookies = !cookies.isEmpty
        advice = [
            "Find the machine and set it up anew. A password changed on it now would be stolen again.",
            "End the sessions of everybody named here. Then have them change their passwords on another machine.",
            "Ask whether it is a private machine with company accounts on it.",
        ]
    }
}
