/// A way in which the sandbox fails on purpose.
package struct Misbehaviour: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        /// 429 with `retry-after`.
        case tooManyRequests
        /// 500.
        case internalError
        /// 503 with the HTML page of an edge server.
        case unavailable
        /// 404 with the HTML page of an edge server: no answer about the address.
        case lostPage
        /// The right answer, late.
        case slow
        /// The connection ends in the middle of the answer.
        case cutConnection
        /// 200 with something that is not JSON.
        case brokenJSON
        /// 200 with JSON that ends too early.
        case truncated
        /// 200 with the right JSON, called HTML.
        case wrongContentType
        /// As the service says that it does not know the key: 401, or 400.
        case refusedKey
        /// As the service says that the key may not do this: 403, as for a domain that is not verified, or 401.
        case forbidden
        /// As the service says that the plan's searches are used up.
        case quotaUsedUp
        /// 200 with the right JSON under other names.
        case schemaChange
        /// 200 with the right JSON, in which one value is another: that of `place`, which becomes `value`.
        case oddValue
        /// Of directories: 401 for a token that was good, or what the service says in its place; all tokens end.
        case expiredToken
        /// Of directories: that where a listing ended is no longer known, 410 or so.
        case stateExpired
    }

    package var kind: Kind
    /// Only requests to this service.
    package var service: SandboxService?
    /// Only requests whose path below the service's beginning (`/api/v3/`, `/dehashed/`) begins with this, in any case: `breachedaccount/`.
    package var pathPrefix: String?
    /// How many requests are served well first.
    package var skip: Int?
    /// How many requests suffer; nil is all.
    package var count: Int?
    /// For `tooManyRequests`, in seconds, in the header that the service uses; 2 when not given.
    package var retryAfter: Int?
    /// For `slow`; 1000 when not given.
    package var delayMilliseconds: Int?
    /// For `oddValue`: which of all values of the answer, counted from nought, names in the order of the alphabet.
    package var place: Int?
    /// For `oddValue`: what stands there, as JSON; `null` when not given, and nothing at all when empty.
    package var value: String?

    package init(
        _ kind: Kind, service: SandboxService? = nil, pathPrefix: String? = nil, skip: Int? = nil, count: Int? = nil, retryAfter: Int? = nil,
        delayMilliseconds: Int? = nil, place: Int? = nil, value: String? = nil
    ) {
        self.kind = kind
        self.service = service
        self.pathPrefix = pathPrefix
        self.skip = skip
        self.count = count
        self.retryAfter = retryAfter
        self.delayMilliseconds = delayMilliseconds
        self.place = place
        self.value = value
    }

    /// Whether a request suffers from this; counts it.
    mutating func strikes(_ path: String, of asked: SandboxService) -> Bool {
        guard service == nil || service == asked else { return false }
        guard pathPrefix.map({ path.hasPrefix($0.lowercased()) }) ?? true else { return false }
        if let remaining = skip, remaining > 0 {
            skip = remaining - 1
            return false
        }
        guard let remaining = count else { return true }
        count = max(0, remaining - 1)
        return remaining > 0
    }
}

/// What was asked of the sandbox: numbers only, no addresses.
package struct RequestCounts: Codable, Sendable, Equatable {
    package var total = 0
    /// By the service's name: `hibp`, `dehashed` ….
    package var byService: [String: Int] = [:]
    /// Of Have I Been Pwned by the first word of the path: `breachedaccount`, `breacheddomain`, `breaches` …. Of the others by service
    /// and path, without what was asked for: `dehashed/v2/search`, `leakcheck/api/v2/query`, `okta/api/v1/users/{id}/factors`.
    package var byEndpoint: [String: Int] = [:]
    package var byStatus: [Int: Int] = [:]
    /// How many of the 429s came from the rate limit rather than from misbehaviour.
    package var rateLimited = 0

    package init() {}

    mutating func count(_ service: SandboxService, _ endpoint: String) {
        total += 1
        byService[service.rawValue, default: 0] += 1
        byEndpoint[service == .hibp ? endpoint : "\(service.rawValue)/\(endpoint)", default: 0] += 1
    }

    /// Requests to one service.
    package subscript(_ service: SandboxService) -> Int { byService[service.rawValue] ?? 0 }
    /// Requests of one kind.
    package subscript(_ endpoint: String) -> Int { byEndpoint[endpoint] ?? 0 }
    /// Answers of one status.
    package func answers(_ status: Int) -> Int { byStatus[status] ?? 0 }
}
