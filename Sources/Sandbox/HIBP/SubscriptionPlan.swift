import Foundation

/// What a key is allowed, as `subscription/status` says it.
package struct SubscriptionPlan: Codable, Sendable, Equatable {
    package var name = "Sandbox"
    package var description = "A plan of the sandbox"
    package var subscribedUntil = "2099-12-31T23:59:59"
    /// What the plan says; what is enforced is `Sandbox.Configuration.rateLimit`.
    package var requestsPerMinute = 60_000
    /// nil is no limit.
    package var domainSearchMaxBreachedAccounts: Int?
    package var maxBreachedDomains: Int?
    package var includesStealerLogs = true
    package var includesKAnon = true

    package init() {}

    /// One of the plans on the price list: no k-anonymity, no stealer logs.
    package static let core1: SubscriptionPlan = {
        var plan = SubscriptionPlan()
        plan.name = "Core 1"
        plan.requestsPerMinute = 10
        plan.domainSearchMaxBreachedAccounts = 25
        plan.maxBreachedDomains = 1
        plan.includesStealerLogs = false
        plan.includesKAnon = false
        return plan
    }()

    /// The answer of `subscription/status`, with null where there is no limit.
    func json() -> [UInt8] {
        let object: [String: Any] = [
            "SubscriptionName": name, "Description": description, "SubscribedUntil": subscribedUntil, "Rpm": requestsPerMinute,
            "DomainSearchMaxBreachedAccounts": domainSearchMaxBreachedAccounts ?? NSNull(),
            "MaxBreachedDomains": maxBreachedDomains ?? NSNull(), "IncludesStealerLogs": includesStealerLogs,
            "IncludesBulkDomainAdd": includesStealerLogs, "IncludesAutoSubdomainVerification": includesStealerLogs,
            "IncludesCustomerDomains": includesStealerLogs, "IncludesKAnon": includesKAnon,
        ]
        // Strings, numbers, booleans and null can always be written.
        return Array((try? JSONSerialization.data(withJSONObject: object, options: .sortedKeys)) ?? Data("{}".utf8))
    }
}

/// So many requests in each block of time, measured per key, beginning with the first request after the last block.
package struct RateLimit: Codable, Sendable, Equatable {
    package var requests: Int
    package var seconds: Double
    /// How many more are answered, since the service counts a little late.
    package var tolerance: Int

    package init(requests: Int, perSeconds seconds: Double = 60, tolerance: Int = 0) {
        self.requests = requests
        self.seconds = seconds
        self.tolerance = tolerance
    }
}

/// The blocks of all keys.
struct RateBlocks: Sendable {
    private var blocks: [String: (start: Date, count: Int)] = [:]

    /// Counts a request.
    /// - Returns: nil when it is allowed, else after how many seconds to come again.
    mutating func take(_ key: String, _ limit: RateLimit, now: Date) -> Int? {
        var block = blocks[key] ?? (now, 0)
        if now.timeIntervalSince(block.start) >= limit.seconds { block = (now, 0) }
        guard block.count < limit.requests + limit.tolerance else {
            return max(1, Int((limit.seconds - now.timeIntervalSince(block.start)).rounded(.up)))
        }
        block.count += 1
        blocks[key] = block
        return nil
    }
}
