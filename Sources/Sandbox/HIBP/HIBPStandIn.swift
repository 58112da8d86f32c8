import HTTPTypes
import Synchronization

/// Have I Been Pwned below `/api/v3`.
final class HIBPStandIn: StandIn {
    /// What domain search answered, until something changes.
    private let remembered = Mutex<(version: Int, answers: [String: Answer])>((0, [:]))

    /// The first word, which is in any case.
    func endpoint(of request: ServiceRequest) -> String { request.path[0].lowercased() }

    func limitedKey(of request: ServiceRequest) -> String? {
        HIBPService.keyless.contains(endpoint(of: request)) ? nil : request.header("hibp-api-key")
    }

    func refusal(_ request: ServiceRequest, keys: Set<String>?) -> Answer? {
        guard request.method == .get || request.method == .head else { return .refusal(.methodNotAllowed, "The method is not allowed.") }
        guard let agent = request.headers[.userAgent], !agent.trimmingCharacters(in: .whitespaces).isEmpty else {
            return .refusal(.forbidden, "Access denied due to missing user agent.")
        }
        guard !HIBPService.keyless.contains(endpoint(of: request)) else { return nil }
        guard let key = request.header("hibp-api-key"), !key.isEmpty else {
            return .refusal(.unauthorized, "Access denied due to missing hibp-api-key.")
        }
        guard key.utf8.count == 32, key.allSatisfy(\.isHexDigit) else {
            return .refusal(.unauthorized, "Access denied due to improperly formed hibp-api-key.")
        }
        let isForTests = request.path.last?.lowercased().hasSuffix("@\(TestAccounts.domain)") ?? false
        let isGood = key == TestAccounts.key ? isForTests : (keys?.contains(key) ?? true)
        return isGood ? nil : refusedKey
    }

    func answer(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        var path = request.path
        path[0] = path[0].lowercased()
        let service = HIBPService(world: context.world, plan: context.plan)
        let (asked, version) = (HIBPService.Request(path: path, query: request.query), context.version)
        guard path[0] == "breacheddomain" else { return service.answer(asked) }
        let joined = request.joined
        if let known = remembered.withLock({ $0.version == version ? $0.answers[joined] : nil }) { return known }
        let answer = service.answer(asked)
        remembered.withLock { remembered in
            if remembered.version != version { remembered = (version, [:]) }
            remembered.answers[joined] = answer
        }
        return answer
    }

    func tooManyRequests(after seconds: Int?) -> Answer { .tooManyRequests(after: seconds ?? 2) }
    var internalError: Answer { .refusal(.internalServerError, "An error has occurred.") }
    var refusedKey: Answer { .refusal(.unauthorized, "Access denied due to invalid hibp-api-key.") }
    var forbidden: Answer { .refusal(.forbidden, "The domain has not been verified by the owner of this API key.") }
    /// Not documented: its plans limit the rate and no number. It is what a service says whose bill was not paid.
    var quotaUsedUp: Answer { .refusal(.init(code: 402), "Payment required.") }
    var renamed: [String: String] { ["Name": "Identifier", "Rpm": "RequestsPerMinute", "DomainName": "Domain", "[]": "Value"] }
}
