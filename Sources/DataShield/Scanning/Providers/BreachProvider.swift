import Foundation

/// A breach-intelligence service, with one company's key. A new one is a type that does this and a line in ``ProviderRegistry``.
///
/// Every call that counts against the key's limit waits for its turn in ``ProviderAccess/pace``. What throws, throws
/// ``ProviderFailure`` or `CancellationError`; an empty list is the service's word that it has nothing.
package protocol BreachProvider: Sendable {
    static var id: ApiProvider { get }
    /// Where the service is, unless the installation says otherwise.
    static var origin: URL { get }
    /// Calls per minute that are allowed until the service has said how many.
    static var usualRequestsPerMinute: Int { get }

    init(_ access: ProviderAccess)

    /// Tries the key with the cheapest call that needs it.
    func account() async throws -> ProviderAccount

    /// What the service has about an address.
    func lookUp(_ address: EmailAddress) async throws -> [Finding]

    /// What the service has about all addresses of a domain, by address; whom it does not name, it has nothing about.
    /// - Throws: ``ProviderFailure/domainNotVerified`` where this cannot be asked: then each address is.
    func lookUp(domain: String) async throws -> [EmailAddress: [Finding]]
}

extension BreachProvider {
    package func lookUp(domain: String) async throws -> [EmailAddress: [Finding]] { throw ProviderFailure.domainNotVerified }
}

/// What a service says of a key.
package struct ProviderAccount: Sendable, Hashable {
    /// The plan's name.
    package var plan: String?
    package var requestsPerMinute: Int?
    /// The domains that can be searched as a whole; nil when the service does not say.
    package var domains: Set<String>?

    package init(plan: String? = nil, requestsPerMinute: Int? = nil, domains: Set<String>? = nil) {
        self.plan = plan
        self.requestsPerMinute = requestsPerMinute
        self.domains = domains
    }
}

/// What a provider works with.
package struct ProviderAccess: Sendable {
    package var key: String
    package var origin: URL
    package var client: OutboundClient
    package var pace: Pace
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
        HIBPProvider.self
    ]

    package static func type(for id: ApiProvider) -> (any BreachProvider.Type)? { all.first { $0.id == id } }
}
