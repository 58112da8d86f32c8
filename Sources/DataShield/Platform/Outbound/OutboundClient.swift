import Foundation
import HTTPClient
import HTTPTypes
import ServiceLifecycle

/// What is asked of another server.
package struct OutboundRequest: Sendable {
    package var method: HTTPRequest.Method
    package var url: URL
    package var headers: HTTPFields
    package var body: [UInt8]?
    /// For the whole call, from asking for the name to the end of the answer's body.
    package var timeout: Duration
    /// How large the answer may be.
    package var responseLimit: Int
    /// Whether a user typed the address: then it goes through the ``SSRFGuard``. Origins that the operator set do not.
    package var isAddressTypedByUser: Bool

    package init(
        method: HTTPRequest.Method = .get, url: URL, headers: HTTPFields = [:], body: [UInt8]? = nil, timeout: Duration = .seconds(30),
        responseLimit: Int = 16 << 20, isAddressTypedByUser: Bool = false
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.responseLimit = responseLimit
        self.isAddressTypedByUser = isAddressTypedByUser
    }
}

/// What another server answered, whatever its status.
package struct OutboundResponse: Sendable {
    package var status: HTTPResponse.Status
    package var headers: HTTPFields
    package var body: [UInt8]

    /// - Throws: ``OutboundFailure/badStatus(_:)`` unless the status is 2xx.
    package func requireSuccess() throws {
        guard (200..<300).contains(status.code) else { throw OutboundFailure.badStatus(status.code) }
    }

    /// How long the server asks us to wait: `Retry-After` in seconds or as a date.
    package func retryAfter(now: Date) -> Duration? {
        guard let text = headers[.retryAfter]?.trimmingCharacters(in: .whitespaces) else { return nil }
        if let seconds = Double(text), seconds.isFinite { return .milliseconds(Int64(seconds.clamped(to: 0...86_400) * 1000)) }
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        guard let date = formatter.date(from: text) else { return nil }
        return .milliseconds(Int64(date.timeIntervalSince(now).clamped(to: 0...86_400) * 1000))
    }
}

/// Why a call did not succeed. Its text names no address, no key and nothing of the answer.
package enum OutboundFailure: Error, Sendable, Hashable, CustomStringConvertible {
    case invalidURL
    case unknownHost
    /// The address is in a network that calls to typed addresses must not reach.
    case forbiddenAddress
    case refused
    case timedOut
    case tls
    case connectionLost
    case tooLarge(limit: Int)
    case badStatus(Int)
    case other

    package var description: String {
        switch self {
        case .invalidURL: "The address is not one that can be called."
        case .unknownHost: "The server's name cannot be found."
        case .forbiddenAddress: "The address is in a private network. Whoever runs DataShield can allow it in DATASHIELD_ALLOWED_HOSTS."
        case .refused: "The server refused the connection."
        case .timedOut: "The server did not answer in time."
        case .tls: "The server's certificate or encryption could not be agreed on."
        case .connectionLost: "The connection broke before the answer was complete."
        case .tooLarge(let limit): "The answer is larger than \(limit) bytes."
        case .badStatus(let status): "The server answered with status \(status)."
        case .other: "The call failed."
        }
    }

    /// Whether trying again later may help.
    package var isTransient: Bool {
        switch self {
        case .unknownHost, .refused, .timedOut, .connectionLost, .other: true
        case .badStatus(let status): status == 408 || status == 425 || status == 429 || status >= 500
        case .invalidURL, .forbiddenAddress, .tls, .tooLarge: false
        }
    }
}

/// The one way out to other servers: with time and size limits, no redirects, and errors that tell nothing secret.
package final class OutboundClient: Service {
    package static let userAgent = "DataShield/1 (+self-hosted)"
    private let client: HTTPClient
    private let checked: CheckedAddresses

    package convenience init(ssrfGuard: SSRFGuard) { self.init(ssrfGuard: ssrfGuard, configuration: Self.configuration()) }

    /// - Parameter configuration: of every connection, whoever typed its address.
    init(ssrfGuard: SSRFGuard, configuration: HTTPClient.Configuration) {
        checked = CheckedAddresses(ssrfGuard: ssrfGuard)
        client = HTTPClient(configuration)
    }

    static func configuration() -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        // A key that goes out with a call is worth no more than what protects it.
        configuration.minimumTLSVersion = .tls12
        configuration.connectTimeout = .seconds(10)
        configuration.silenceTimeout = .seconds(60)
        configuration.connectionsPerHost = 32
        return configuration
    }

    /// Lives until the program stops, then closes its connections.
    package func run() async throws {
        // try?: being cancelled is how the wait ends when there is no graceful shutdown.
        try? await gracefulShutdown()
        await shutdown()
    }

    package func shutdown() async { await client.shutdown() }

    /// Makes a call.
    /// - Returns: the answer, whatever its status.
    /// - Throws: ``OutboundFailure``, or `CancellationError`.
    package func execute(_ request: OutboundRequest) async throws -> OutboundResponse {
        guard let scheme = request.url.scheme?.lowercased(), ["http", "https"].contains(scheme), let host = request.url.host, !host.isEmpty else {
            throw OutboundFailure.invalidURL
        }
        var call = HTTPClient.Request(
            request.method.rawValue, request.url, headers: request.headers.map { ($0.name.rawName, $0.value) }, timeout: request.timeout,
            responseLimit: request.responseLimit)
        if request.headers[.userAgent] == nil { call.headers.append(("User-Agent", Self.userAgent)) }
        if let body = request.body { call.body = .bytes(body) }
        if request.isAddressTypedByUser {
            let start = ContinuousClock.now
            call.address = try await checked.address(for: request.url, within: request.timeout).description
            call.timeout = request.timeout - start.duration(to: .now)
            guard call.timeout > .zero else { throw OutboundFailure.timedOut }
        }
        do {
            let response = try await client.execute(call)
            var headers = HTTPFields()
            for (name, value) in response.headers {
                if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
            }
            return OutboundResponse(status: .init(code: response.status), headers: headers, body: response.body)
        } catch let failure as HTTPClient.Failure {
            throw OutboundFailure(failure, limit: request.responseLimit)
        }
    }
}

extension OutboundFailure {
    fileprivate init(_ failure: HTTPClient.Failure, limit: Int) {
        self =
            switch failure {
            case .invalidURL: .invalidURL
            case .unknownHost: .unknownHost
            case .otherAddress: .forbiddenAddress
            case .refused: .refused
            case .timedOut: .timedOut
            case .tls: .tls
            case .connectionLost: .connectionLost
            case .tooLarge: .tooLarge(limit: limit)
            case .invalidRequest, .unreadable, .other: .other
            }
    }
}
