import Foundation

/// Makes providers, as this installation reaches them.
package struct Providers: Sendable {
    private let client: OutboundClient
    private let origins: [String: URL]
    private let system: SystemDatabase
    private let now: Now

    /// - Parameter origins: by a provider's id, where it is not where it usually is: a sandbox, a proxy.
    package init(client: OutboundClient, origins: [String: URL] = [:], system: SystemDatabase, now: @escaping Now = { Date() }) {
        self.client = client
        self.origins = origins
        self.system = system
        self.now = now
    }

    /// A provider with a key, at its own pace.
    /// - Throws: ``ProviderFailure/notPermitted`` for one that is not built in; the registry is asked before.
    func make(
        _ id: ApiProvider, key: String, requestsPerMinute: Int? = nil, pace: Pace? = nil, catalogue: BreachCatalogue? = nil,
        timeout: Duration = .seconds(20)
    ) throws -> any BreachProvider {
        guard let type = ProviderRegistry.type(for: id) else { throw ProviderFailure.notPermitted }
        return type.init(
            ProviderAccess(
                key: key, origin: origin(of: type), client: client,
                pace: pace ?? Pace(requestsPerMinute: requestsPerMinute ?? type.usualRequestsPerMinute),
                catalogue: catalogue ?? BreachCatalogue(system: system), timeout: timeout, now: now))
    }

    /// A catalogue for one scan.
    func catalogue() -> BreachCatalogue { BreachCatalogue(system: system) }

    /// The calls of Have I Been Pwned that need no key.
    package var hibp: HIBPClient { HIBPClient(origin: origin(of: HIBPProvider.self), client: client, now: now) }

    private func origin(of type: any BreachProvider.Type) -> URL { origins[type.id.rawValue] ?? type.origin }
}
