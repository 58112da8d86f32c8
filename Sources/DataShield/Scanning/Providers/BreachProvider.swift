import Foundation
import Synchronization

/// A breach-intelligence service, with one company's key. A new one is a type that does this and a line in ``ProviderRegistry``.
///
/// Every call that counts against the key's limit waits for its turn in ``ProviderAccess/pace``. What throws, throws
/// ``ProviderFailure`` or `CancellationError`; an answer without findings is the service's word that it has nothing.
package protocol BreachProvider: Sendable {
    static var id: ApiProvider { get }
    /// Where the service is, unless the installation says otherwise.
    static var origin: URL { get }
    /// Calls per minute that are allowed until the service has said how many.
    static var usualRequestsPerMinute: Int { get }
    /// Whether trying a key uses up none of what its plan counts. Where it does, a scan does not try it first: its first look-up shows the
    /// same.
    static var isTrialFree: Bool { get }
    /// How many addresses may be asked about at the same time.
    static var concurrentLookUps: Int { get }
    /// Whether the service says what is left of a key's searches only when it is asked that, and with no answer to a search.
    static var tellsAllowanceWhenAsked: Bool { get }
    /// Whether nothing new can be known of anybody while Have I Been Pwned's catalogue has no new breach.
    static var followsHIBPCatalogue: Bool { get }

    init(_ access: ProviderAccess)

    /// Tries the key with the cheapest call that needs it.
    func account() async throws -> ProviderAccount

    /// What the service has about an address.
    func lookUp(_ address: EmailAddress) async throws -> LookUp

    /// What the service has about all addresses of a domain; whom the answer does not name, it has nothing about.
    /// - Throws: ``ProviderFailure/domainNotVerified`` where this cannot be asked, ``ProviderFailure/incomplete(_:)`` where the answer
    ///   leaves people out: then each address is asked about.
    func lookUp(domain: String) async throws -> DomainLookUp
}

extension BreachProvider {
    package static var isTrialFree: Bool { true }
    package static var concurrentLookUps: Int { .max }
    package static var tellsAllowanceWhenAsked: Bool { false }
    package static var followsHIBPCatalogue: Bool { false }
    package func lookUp(domain: String) async throws -> DomainLookUp { throw ProviderFailure.domainNotVerified }
}

/// What a service has about an address.
package struct LookUp: Sendable, Hashable {
    /// None is the service's word that it has nothing.
    package var findings: [Finding]
    /// What keeps this from being all: shown with the run.
    package var warning: String?

    package init(_ findings: [Finding] = [], warning: String? = nil) {
        self.findings = findings
        self.warning = warning
    }
}

/// What a service has about the addresses of a domain.
package struct DomainLookUp: Sendable, Hashable {
    /// By address.
    package var findings: [EmailAddress: [Finding]]
    /// Whom the service knows, and says no more of until it is asked about them. It has nothing about those who are in neither.
    package var toAsk: Set<EmailAddress>

    package init(_ findings: [EmailAddress: [Finding]] = [:], toAsk: Set<EmailAddress> = []) {
        self.findings = findings
        self.toAsk = toAsk
    }
}

/// What a service says of a key.
package struct ProviderAccount: Sendable, Hashable {
    /// The plan's name.
    package var plan: String?
    package var requestsPerMinute: Int?
    /// Searches that are left; nil when the service does not count them, or says so only with a search.
    package var quotaLeft: Int?
    /// When there are more again.
    package var quotaResetsAt: Date?
}

/// What is left of a key's searches, as the service said last: some say it with each answer.
package final class Allowance: Sendable {
    private struct State {
        var left: Int?
        var resetsAt: Date?
    }

    private let state = Mutex(State())

    package init() {}

    /// Notes what an answer says. Answers overtake each other, so that within a window the least counts.
    /// - Parameter resetsAt: when there are more again; nil when the service does not say.
    func note(left: Int?, resetsAt: Date? = nil) {
        guard let left else { return }
        state.withLock { state in
            // Told in seconds from now, the same moment differs by a little.
            let isNewWindow = resetsAt.map { $0.timeIntervalSince(state.resetsAt ?? $0) > 60 } ?? false
            let least = isNewWindow ? left : min(left, state.left ?? left)
            state = State(left: max(0, least), resetsAt: resetsAt)
        }
    }

    var left: Int? { state.withLock { $0.left } }
    var resetsAt: Date? { state.withLock { $0.resetsAt } }
}

/// What a provider works with.
package struct ProviderAccess: Sendable {
    package var key: String
    package var origin: URL
    package var client: OutboundClient
    package var pace: Pace
    package var allowance: Allowance
    /// What is known of breaches, for services that name them only.
    package var catalogue: BreachCatalogue
    /// For one call about one address.
    package var timeout: Duration
    package var now: Now
}

/// All providers there are.
package enum ProviderRegistry {
    /// One line each.
    package static let all: [any BreachProvider.Type] = [
        HIBPProvider.self, HIBPStealerProvider.self, DehashedProvider.self, LeakCheckProvider.self, IntelXProvider.self, SnusbaseProvider.self,
    ]

    package static func type(for id: ApiProvider) -> (any BreachProvider.Type)? { all.first { $0.id == id } }
}
