import Foundation
import HTTPTypes
import JSON
import Scalars

/// A call to a service.
struct ProviderCall: Sendable {
    var method: HTTPRequest.Method
    /// Below the service's origin, with its query, escaped: ``PercentEncoding/of(_:)``.
    var path: String
    var headers: HTTPFields
    var body: [UInt8]?
    var timeout: Duration

    static func get(_ path: String, headers: HTTPFields = [:], timeout: Duration) -> ProviderCall {
        ProviderCall(method: .get, path: path, headers: headers, body: nil, timeout: timeout)
    }

    /// - Parameter body: what is sent, as JSON.
    static func post(_ path: String, headers: HTTPFields, body: some Encodable, timeout: Duration) throws -> ProviderCall {
        var headers = headers
        headers[.contentType] = "application/json"
        return ProviderCall(method: .post, path: path, headers: headers, body: try JSONCoding.encode(body), timeout: timeout)
    }
}

/// What a service answered, whatever its status, and no web page where an answer was to be.
struct ProviderAnswer: Sendable {
    var status: Int
    var headers: HTTPFields
    var bytes: [UInt8]

    /// The body as JSON.
    /// - Throws: ``ProviderFailure/malformed(_:)``.
    func json() throws(ProviderFailure) -> JSONValue { try JSONValue.answer(bytes) }

    /// A header that holds a whole number, which is never taken for less than none.
    func number(_ header: String) -> Int? {
        guard let name = HTTPField.Name(header), let text = headers[name], let number = Double(text.trimmingCharacters(in: .whitespaces)) else {
            return nil
        }
        return number.isFinite ? Int(number.clamped(to: 0...1e12)) : nil
    }

    /// What a status means at most services; what one of them means by it otherwise, its provider says first.
    /// - Returns: nil for an answer.
    func usualFailure(now: Date) -> ProviderFailure? {
        switch status {
        case 200..<300: nil
        case 400, 422: .notAcceptable
        case 401: .refusedKey
        case 402: .quota
        case 403: .notPermitted
        case 429: .rateLimited(retryAfter: OutboundResponse(status: .tooManyRequests, headers: headers, body: []).retryAfter(now: now))
        default: .unavailable(status: status)
        }
    }
}

/// The way to a service, for every provider: makes a call, and sorts out what is no answer of the service at all.
struct ProviderClient: Sendable {
    let origin: URL
    let client: OutboundClient
    let now: Now

    /// How large an answer may be: a large domain comes in one.
    private static let responseLimit = 256 << 20

    /// Makes a call.
    /// - Returns: the service's answer, whatever its status.
    /// - Throws: ``ProviderFailure`` when there is none, or what came is a page of something in front of the service; `CancellationError`.
    func send(_ call: ProviderCall) async throws -> ProviderAnswer {
        guard let url = URL(string: call.path, relativeTo: directory) else { throw ProviderFailure.notAcceptable }
        var headers = call.headers
        headers[.userAgent] = OutboundClient.userAgent
        headers[.accept] = "application/json"
        let response: OutboundResponse
        do {
            response = try await client.execute(
                OutboundRequest(
                    method: call.method, url: url.absoluteURL, headers: headers, body: call.body, timeout: call.timeout,
                    responseLimit: Self.responseLimit))
        } catch let failure as OutboundFailure {
            throw Self.failure(failure)
        }
        let answer = ProviderAnswer(status: response.status.code, headers: response.headers, bytes: response.body)
        if let failure = Self.failure(ofPage: answer) { throw failure }
        return answer
    }

    /// The origin with a slash at its end, so that paths are put behind whatever path it has.
    private var directory: URL { origin.absoluteString.ends(with: "/") ? origin : URL(string: origin.absoluteString + "/") ?? origin }

    private static func failure(_ failure: OutboundFailure) -> ProviderFailure {
        switch failure {
        case .timedOut: .timeout
        case .tooLarge: .malformed("larger than can be read")
        case .badStatus(let status): .unavailable(status: status)
        case .invalidURL, .unknownHost, .forbiddenAddress, .refused, .tls, .connectionLost, .other: .unavailable(status: nil)
        }
    }

    /// A page of HTML is from something in front of the service, whatever its status: no 404 of that kind says "clean".
    private static func failure(ofPage answer: ProviderAnswer) -> ProviderFailure? {
        guard isPage(answer) else { return nil }
        switch answer.status {
        case 200..<300: return .malformed("a web page")
        case 401, 403: return .blocked
        // The status says all that matters.
        case 402, 429: return nil
        default: return .unavailable(status: answer.status)
        }
    }

    private static func isPage(_ answer: ProviderAnswer) -> Bool {
        if answer.headers[.contentType]?.lowercased().contains("html") == true { return true }
        return answer.bytes.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 } == UInt8(ascii: "<")
    }
}

extension ProviderAccess {
    /// Makes a call that counts against the key's limit: waits for its turn, and lets everybody with this key pause when the service says
    /// so.
    /// - Parameter meaning: why an answer is none, by its status and body; nil when it is one.
    /// - Throws: ``ProviderFailure``, `CancellationError`.
    func call(_ call: ProviderCall, meaning: (ProviderAnswer) throws -> ProviderFailure?) async throws -> ProviderAnswer {
        try await pace.turn()
        let answer = try await ProviderClient(origin: origin, client: client, now: now).send(call)
        guard let failure = try meaning(answer) else {
            pace.isNoLongerLimited()
            return answer
        }
        if case .rateLimited(let retryAfter) = failure { pace.pause(for: retryAfter) }
        throw failure
    }
}

extension URL {
    /// An address that we wrote ourselves.
    init(staticString: StaticString) {
        guard let url = URL(string: "\(staticString)") else { preconditionFailure("This address is not one: \(staticString)") }
        self = url
    }
}
