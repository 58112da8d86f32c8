import Foundation

/// Makes providers, as this installation reaches them.
package struct Providers: Sendable {
    private let client: OutboundClient
    private let origins: [String: URL]
    private let rates: [String: Int]
    private let system: SystemDatabase
    private let now: Now

    /// - Parameters:
    ///   - origins: by a provider's id, where it is not where it usually is: a sandbox, a proxy.
    ///   - rates: calls per minute by a provider's id, where the installation knows better than the service's documentation and plans.
    package init(
        client: OutboundClient, origins: [String: URL] = [:], rates: [String: Int] = [:], system: SystemDatabase, now: @escaping Now = { Date() }
    ) {
        self.client = client
        self.origins = origins
        self.rates = rates
        self.system = system
        self.now = now
    }

    /// A provider with a key, at its own pace.
    /// - Throws: ``ProviderFailure/notPermitted`` for one that is not built in; the registry is asked before.
    func make(
        _ id: ApiProvider, key: String, pace: Pace, allowance: Allowance = Allowance(), catalogue: BreachCatalogue? = nil,
        timeout: Duration = .seconds(20)
    ) throws -> any BreachProvider {
        guard let type = ProviderRegistry.type(for: id) else { throw ProviderFailure.notPermitted }
        return type.init(
            ProviderAccess(
                key: key, origin: origin(of: type), client: client, pace: pace, allowance: allowance,
                catalogue: catalogue ?? BreachCatalogue(system: system), timeout: timeout, now: now))
    }

    /// The pace of a key.
    /// - Parameter known: calls per minute that its plan allows, as the service has said before.
    func pace(for id: ApiProvider, known: Int?) -> Pace {
        Pace(requestsPerMinute: rates[id.rawValue] ?? known ?? ProviderRegistry.type(for: id)?.usualRequestsPerMinute ?? 10)
    }

    /// Takes the rate that a service has said, unless the installation knows better.
    func adjust(_ pace: Pace, of id: ApiProvider, to requestsPerMinute: Int?) {
        guard rates[id.rawValue] == nil, let requestsPerMinute else { return }
        pace.set(requestsPerMinute: requestsPerMinute)
    }

    /// A catalogue for one scan.
    func catalogue() -> BreachCatalogue { BreachCatalogue(system: system) }

    /// The calls of Have I Been Pwned that need no key.
    package var hibp: HIBPClient { HIBPClient(origin: origin(of: HIBPProvider.self), client: client, now: now) }

    private func origin(of type: any BreachProvider.Type) -> URL { origins[type.id.rawValue] ?? type.origin }
}
