import AsyncHTTPClient
import Foundation
import HTTPTypes
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// What is asked of another server.
package struct OutboundRequest: Sendable {
    package var method: HTTPRequest.Method
    package var url: URL
    package var headers: HTTPFields
    package var body: ByteBuffer?
    /// For the whole call, the answer's body included.
    package var timeout: Duration
    /// How large the answer may be.
    package var responseLimit: Int
    /// Whether a user typed the address: then it goes through the ``SSRFGuard``. Origins that the operator set do not.
    package var isAddressTypedByUser: Bool

    package init(
        method: HTTPRequest.Method = .get, url: URL, headers: HTTPFields = [:], body: ByteBuffer? = nil, timeout: Duration = .seconds(30),
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
    package var body: ByteBuffer

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
    private let checked: CheckedClients

    package convenience init(guardian: SSRFGuard) { self.init(guardian: guardian, configuration: Self.configuration()) }

    /// - Parameter configuration: of every connection, whoever typed its address.
    init(guardian: SSRFGuard, configuration: HTTPClient.Configuration) {
        checked = CheckedClients(guardian: guardian, configuration: configuration)
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    static func configuration() -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        // By itself the library offers TLS 1.0, and a key that goes out with a call is worth no more than what protects it.
        tls.minimumTLSVersion = .tlsv12
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: .seconds(10), read: .seconds(60))
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        return configuration
    }

    /// Lives until the program stops, then closes its connections.
    package func run() async throws {
        // try?: being cancelled is how the wait ends when there is no graceful shutdown.
        try? await gracefulShutdown()
        try await shutdown()
    }

    package func shutdown() async throws {
        await checked.shutdown()
        try await client.shutdown()
    }

    /// Makes a call.
    /// - Returns: the answer, whatever its status.
    /// - Throws: ``OutboundFailure``, or `CancellationError`.
    package func execute(_ request: OutboundRequest) async throws -> OutboundResponse {
        guard let scheme = request.url.scheme?.lowercased(), ["http", "https"].contains(scheme), let host = request.url.host, !host.isEmpty else {
            throw OutboundFailure.invalidURL
        }
        guard request.isAddressTypedByUser else { return try await execute(request, with: client) }
        let lease = try await checked.lend(for: request.url)
        let result: Result<OutboundResponse, any Error>
        do { result = .success(try await execute(request, with: lease.client)) } catch { result = .failure(error) }
        await checked.giveBack(lease)
        return try result.get()
    }

    private func execute(_ request: OutboundRequest, with client: HTTPClient) async throws -> OutboundResponse {
        var call = HTTPClientRequest(url: request.url.absoluteString)
        call.method = .init(rawValue: request.method.rawValue)
        for field in request.headers { call.headers.add(name: field.name.rawName, value: field.value) }
        if request.headers[.userAgent] == nil { call.headers.add(name: "User-Agent", value: Self.userAgent) }
        if let body = request.body { call.body = .bytes(body) }
        do {
            let nanoseconds = request.timeout.components.seconds * 1_000_000_000 + request.timeout.components.attoseconds / 1_000_000_000
            let response = try await client.execute(call, timeout: .nanoseconds(nanoseconds))
            let body = try await response.body.collect(upTo: request.responseLimit)
            var headers = HTTPFields()
            for (name, value) in response.headers {
                if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
            }
            return OutboundResponse(status: .init(code: Int(response.status.code)), headers: headers, body: body)
        } catch {
            throw try Self.failure(error, limit: request.responseLimit)
        }
    }

    /// Sorts what can go wrong; the original error is dropped, because it may hold the address.
    private static func failure(_ error: any Error, limit: Int) throws -> OutboundFailure {
        switch error {
        case is CancellationError: throw error
        case is NIOTooManyBytesError: return .tooLarge(limit: limit)
        case let error as HTTPClientError:
            switch error {
            case .cancelled: throw CancellationError()
            case .connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout:
                return .timedOut
            case .remoteConnectionClosed, .uncleanShutdown: return .connectionLost
            case .invalidURL, .emptyHost, .emptyScheme: return .invalidURL
            default: return .other
            }
        case let error as NIOConnectionError:
            return error.dnsAError != nil && error.dnsAAAAError != nil ? .unknownHost : .refused
        case let error as IOError:
            switch error.errnoCode {
            case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH: return .refused
            case ETIMEDOUT: return .timedOut
            default: return .connectionLost
            }
        case is ChannelError: return .connectionLost
        default: return String(describing: type(of: error)).contains("SSL") ? .tls : .other
        }
    }
}
