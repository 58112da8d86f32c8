import Foundation
import Logging
import Sandbox
import Synchronization
import Testing

@testable import DataShield

/// The directories that are asked over HTTP.
enum Cloud: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case entra
    case google
    case okta
    case aws

    var testDescription: String { rawValue }

    var connector: any DirectoryConnector.Type {
        switch self {
        case .entra: EntraConnector.self
        case .google: GoogleConnector.self
        case .okta: OktaConnector.self
        case .aws: AWSConnector.self
        }
    }

    var service: SandboxService {
        switch self {
        case .entra: .entra
        case .google: .google
        case .okta: .okta
        case .aws: .identityCenter
        }
    }

    /// The path of the list of people.
    var listPath: String? {
        switch self {
        case .entra: "v1.0/users"
        case .google: "admin/directory"
        case .okta: "api/v1/users"
        case .aws: nil
        }
    }

    /// Those with actions on accounts.
    static let acting: [Cloud] = [.entra, .google, .okta]
}

/// The stand-ins of directories over real HTTP, with a time that passes only when somebody waits.
struct CloudWorld: Sendable {
    let sandbox: Sandbox
    let url: String
    let clock: Clock
    private let outbound: OutboundClient

    /// Waiting moves it on, and takes no time.
    final class Clock: Sendable {
        private let state: Mutex<(now: Date, waits: [Duration])>
        /// When it was set going; nil for one that stands still while nobody waits.
        private let start: Date?

        /// - Parameter goesOn: whether it goes on by itself as well. An answer's `Date` is the time of the machine: beside a clock that stands still
        ///   it tells of less to wait, by as long as the test has run, than there is.
        init(goesOn: Bool = false) {
            let now = Date()
            state = Mutex((now: now, waits: []))
            start = goesOn ? now : nil
        }

        var now: Date { state.withLock { $0.now } + (start.map { max(0, Date().timeIntervalSince($0)) } ?? 0) }
        var waits: [Duration] { state.withLock { $0.waits } }

        func pass(_ duration: Duration) { state.withLock { $0.now += duration.inSeconds } }

        func wait(_ duration: Duration) {
            state.withLock { state in
                state.now += duration.inSeconds
                state.waits.append(duration)
            }
        }
    }

    /// - Parameters:
    ///   - people: how many are made up.
    ///   - pageSize: at most so many to a page.
    ///   - clock: what all go by.
    static func with(
        people: Int = 60, pageSize: Int? = 25, clock: Clock = Clock(), configure: (inout Sandbox.Configuration) -> Void = { _ in },
        _ body: @Sendable (CloudWorld) async throws -> Void
    ) async throws {
        var configuration = Sandbox.Configuration()
        configuration.staff.people = people
        configuration.staff.withoutMail = 0
        configuration.directoryHabits.pageSize = pageSize
        configure(&configuration)
        try await Sandbox.with(configuration, now: { clock.now }) { url, sandbox in
            let outbound = OutboundClient(ssrfGuard: SSRFGuard(allowed: []))
            let world = CloudWorld(sandbox: sandbox, url: url, clock: clock, outbound: outbound)
            let result: Result<Void, any Error>
            do { result = .success(try await body(world)) } catch { result = .failure(error) }
            await outbound.shutdown()
            try result.get()
        }
    }

    var access: DirectoryAccess {
        DirectoryAccess(
            outbound: outbound, ssrfGuard: SSRFGuard(allowed: []), origin: URL(string: url), now: { [clock] in clock.now },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, pause: { [clock] in clock.wait($0) })
    }

    static func sample(_ cloud: Cloud) throws -> [String: String] {
        switch cloud {
        case .entra: DirectorySamples.entra
        case .google: try DirectorySamples.google()
        case .okta: DirectorySamples.okta
        case .aws: DirectorySamples.aws
        }
    }

    /// A connector, configured as the wizard would.
    func connector(_ cloud: Cloud, _ changes: [String: String] = [:]) throws -> any DirectoryConnector {
        let values = try Self.sample(cloud).merging(changes) { _, new in new }
        return try cloud.connector.init(DirectoryConfiguration(values, of: cloud.connector.kind), access)
    }

    /// What a listing brought.
    struct Listed: Sendable {
        var pages: [DirectoryPage]
        var end: DirectoryListingEnd

        /// By id: of two the later holds.
        var people: [String: DirectoryPerson] {
            Dictionary(pages.flatMap(\.people).map { ($0.externalId, $0) }) { _, last in last }
        }
        var byEmail: [String: DirectoryPerson] {
            Dictionary(people.values.compactMap { person in person.email.map { ($0, person) } }) { _, last in last }
        }
        var removed: [String] { pages.flatMap(\.removed) }
    }

    func list(_ connector: any DirectoryConnector, _ listing: DirectoryListing = .everybody) async throws -> Listed {
        let pages = Mutex<[DirectoryPage]>([])
        let end = try await connector.list(listing) { page in pages.withLock { $0.append(page) } }
        return Listed(pages: pages.withLock { $0 }, end: end)
    }

    /// An active employee, with the id that a directory has for them.
    func somebody(_ cloud: Cloud) async throws -> (login: String, id: String) {
        let member = try #require(sandbox.staff.members.first { $0.isActive && !$0.isGuest && $0.email != nil })
        let person = try #require(try await list(try connector(cloud)).byEmail[member.email ?? ""])
        sandbox.resetRequests()
        return (member.login, person.externalId)
    }

    /// How many calls with the path of the list are made before its second page is asked for.
    func callsBeforeSecondPage(_ cloud: Cloud) -> Int {
        switch cloud {
        // The delta link, and the first page.
        case .entra: 2
        case .google, .aws: 1
        // The factors of those on the first page.
        case .okta: 1 + sandbox.staff.members.filter { !$0.isGuest }.prefix(25).filter(\.isActive).count
        }
    }
}
