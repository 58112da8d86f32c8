import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// How the sandbox is told what to do, from outside: by HTTP, or by the methods of ``Sandbox`` below.
///
/// | Method | Path                           | Body                                                              |
/// |--------|--------------------------------|-------------------------------------------------------------------|
/// | PUT    | `/_sandbox/domains/{domain}`   | `{"aliases": ["sam"], "exposures": {"sam": ["Adobe"]}}`           |
/// | DELETE | `/_sandbox/domains/{domain}`   |                                                                   |
/// | PUT    | `/_sandbox/misbehaviour`       | one `Misbehaviour` or an array; the first that strikes counts     |
/// | DELETE | `/_sandbox/misbehaviour`       |                                                                   |
/// | PUT    | `/_sandbox/ratelimit`          | a `RateLimit`, or `null`                                          |
/// | PUT    | `/_sandbox/breaches`           | `{"breach": {…}, "addresses": […]}`: one more in the catalogue    |
/// | GET    | `/_sandbox/staff`              | answers the accounts of the directories                           |
/// | POST   | `/_sandbox/staff`              | `{"login": "new@acme.example", "firstName": "Nova"}`: one more    |
/// | PATCH  | `/_sandbox/staff/{login}`      | what is to be different: `{"isActive": false}`                    |
/// | DELETE | `/_sandbox/staff/{login}`      |                                                                   |
/// | PUT    | `/_sandbox/directoryhabits`    | all of `DirectoryHabits`                                          |
/// | GET    | `/_sandbox/google-key`         | answers the key file of Google's service account                  |
/// | GET    | `/_sandbox/requests`           | answers ``RequestCounts``                                         |
/// | DELETE | `/_sandbox/requests`           | counts from zero                                                  |
struct SandboxAdmin: Sendable {
    let sandbox: Sandbox

    private struct Domain: Decodable {
        var aliases: [String]
        var exposures: [String: [String]]?
    }

    /// An account of the directories, or what is to be different about it.
    private struct Account: Codable {
        var login: String?
        var email: String?
        var firstName: String?
        var lastName: String?
        var department: String?
        var title: String?
        var isActive: Bool?
        var aliases: [String]?
        var hasMFA: Bool?
        var isGuest: Bool?
        /// How often its password was reset and its sessions were ended from outside; only told.
        var resets: Int?
        var revocations: Int?

        init(_ member: DirectoryStaff.Member) {
            (login, email, firstName, lastName) = (member.login, member.email, member.firstName, member.lastName)
            (department, title, isActive, hasMFA, isGuest) = (member.department, member.title, member.isActive, member.hasMFA, member.isGuest)
            aliases = member.aliases
            (resets, revocations) = (member.resets, member.revocations)
        }

        func apply(to member: inout DirectoryStaff.Member) {
            if let login { member.login = login }
            if let email { member.email = email }
            if let firstName { member.firstName = firstName }
            if let lastName { member.lastName = lastName }
            if let department { member.department = department }
            if let title { member.title = title }
            if let isActive { member.isActive = isActive }
            if let aliases { member.aliases = aliases }
            if let hasMFA { member.hasMFA = hasMFA }
        }
    }

    private struct Breach: Decodable {
        var breach: SandboxBreach
        var addresses: [String]?
    }

    func answer(_ request: Request, path: [String]) async -> Answer {
        do {
            let body = try await request.body.collect(upTo: 64 << 20)
            return try answer(request.method, path, Data(body.readableBytesView))
        } catch {
            return .refusal(.badRequest, "The body cannot be read: \(error)")
        }
    }

    private func answer(_ method: HTTPRequest.Method, _ path: [String], _ body: Data) throws -> Answer {
        let decoder = JSONDecoder()
        switch (method, path.first ?? "", path.count) {
        case (.put, "domains", 2):
            let domain = try decoder.decode(Domain.self, from: body)
            sandbox.setDomain(path[1], aliases: domain.aliases, exposures: domain.exposures ?? [:])
        case (.delete, "domains", 2):
            sandbox.removeDomain(path[1])
        case (.put, "misbehaviour", 1):
            let single = try? decoder.decode(Misbehaviour.self, from: body)
            try sandbox.misbehave(single.map { [$0] } ?? decoder.decode([Misbehaviour].self, from: body))
        case (.get, "misbehaviour", 1):
            return .json(sandbox.state.withLock { $0.misbehaviour })
        case (.delete, "misbehaviour", 1):
            sandbox.behave()
        case (.put, "ratelimit", 1):
            sandbox.setRateLimit(try decoder.decode(RateLimit?.self, from: body))
        case (.put, "breaches", 1):
            let breach = try decoder.decode(Breach.self, from: body)
            try sandbox.addBreach(breach.breach, exposing: breach.addresses ?? [])
        case (.get, "staff", 1):
            return .json(sandbox.staff.members.map(Account.init))
        case (.post, "staff", 1):
            let account = try decoder.decode(Account.self, from: body)
            guard let login = account.login else { return .refusal(.badRequest, "login is missing") }
            sandbox.staff.add(login, isGuest: account.isGuest ?? false)
            sandbox.staff.edit(login) { account.apply(to: &$0) }
        case (.patch, "staff", 2):
            let account = try decoder.decode(Account.self, from: body)
            guard sandbox.staff.edit(path[1], { account.apply(to: &$0) }) else { return .nothing }
        case (.delete, "staff", 2):
            guard sandbox.staff.delete(path[1]) else { return .nothing }
        case (.put, "directoryhabits", 1):
            sandbox.staff.habits = try decoder.decode(DirectoryHabits.self, from: body)
        case (.get, "google-key", 1):
            return .object(try GoogleAccount.keyFile())
        case (.get, "requests", 1):
            return .json(sandbox.requests)
        case (.delete, "requests", 1):
            sandbox.resetRequests()
        default:
            return .nothing
        }
        return Answer(status: .noContent, body: [])
    }
}

extension Sandbox {
    /// What it was asked so far.
    package var requests: RequestCounts { state.withLock { $0.counts } }

    /// Where the last odd value was put: `users[1].name.givenName`. nil when no answer had such a place since it was asked last.
    package func takeOddPlace() -> String? {
        state.withLock { state in
            defer { state.oddPlace = nil }
            return state.oddPlace
        }
    }

    package func resetRequests() {
        state.withLock { $0.counts = RequestCounts() }
    }

    /// Verifies a domain and says who is there.
    /// - Parameters:
    ///   - domain: the domain.
    ///   - aliases: the parts before the `@`.
    ///   - exposures: by alias: those who are in exactly these breaches; of the others, the seed decides.
    package func setDomain(_ domain: String, aliases: [String], exposures: [String: [String]] = [:]) {
        let domain = domain.lowercased()
        state.withLock { state in
            state.world.domains[domain] = aliases.map { $0.lowercased() }
            for (alias, breaches) in exposures { state.world.pinned["\(alias.lowercased())@\(domain)"] = breaches }
            state.version += 1
        }
    }

    package func removeDomain(_ domain: String) {
        state.withLock { state in
            state.world.domains[domain.lowercased()] = nil
            state.version += 1
        }
    }

    /// Exposes an address to exactly these breaches, or to none.
    package func setExposure(of address: String, breaches: [String]) {
        state.withLock { state in
            state.world.pinned[address.lowercased()] = breaches
            state.version += 1
        }
    }

    /// Adds a breach to the catalogue, as the service does from time to time.
    package func addBreach(_ breach: SandboxBreach, exposing addresses: [String] = []) throws {
        let catalogue = try state.withLock { $0.world.catalogue }.with(breach)
        state.withLock { state in
            state.world.catalogue = catalogue
            for address in addresses { state.world.added[address.lowercased(), default: []].append(breach.name) }
            state.version += 1
        }
    }

    /// Fails on purpose from now on; what was said before is forgotten.
    package func misbehave(_ misbehaviour: [Misbehaviour]) {
        state.withLock { $0.misbehaviour = misbehaviour }
    }

    package func misbehave(_ misbehaviour: Misbehaviour) { misbehave([misbehaviour]) }

    /// Works as it should again.
    package func behave() { misbehave([]) }

    package func setRateLimit(_ limit: RateLimit?, of service: SandboxService = .hibp) {
        state.withLock { state in
            state.rateLimits[service] = limit
            state.blocks = RateBlocks()
        }
    }

    package func setPlan(_ plan: SubscriptionPlan) {
        state.withLock { state in
            state.plan = plan
            state.version += 1
        }
    }

    /// The breaches by name that the service would tell about an address.
    /// - Parameter isOwner: whether the domain's owner asks, by domain search.
    package func breaches(of address: String, isOwner: Bool) -> [String] {
        let world = state.withLock { $0.world }
        return world.breaches(of: world.facts(of: address), isOwner: isOwner).map { world.catalogue.breaches[$0].name }
    }

    /// One breach of the catalogue.
    package func breach(_ name: String) -> SandboxBreach? {
        let catalogue = state.withLock { $0.world.catalogue }
        return catalogue.index(of: name).map { catalogue.breaches[$0] }
    }
}

extension Sandbox {
    /// The leaks by title in which a service that is not Have I Been Pwned knows an address.
    package func leakNames(of address: String, in service: SandboxService) -> [String] {
        state.withLock { $0.world }.leaks(of: address, in: service).map(\.title)
    }
}
