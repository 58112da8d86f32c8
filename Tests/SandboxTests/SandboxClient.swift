import Foundation
import HTTPClient
import NIOHTTP1
import Sandbox

/// Asks a sandbox over real HTTP.
struct SandboxClient {
    let url: String
    private static let http = HTTPClient()
    static let goodKey = "0123456789abcdef0123456789abcdef"

    struct Reply {
        let status: Int
        let headers: HTTPHeaders
        let body: Data

        func json<T: Decodable>(_ type: T.Type = T.self) throws -> T { try JSONDecoder().decode(T.self, from: body) }
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    func get(_ path: String, key: String? = goodKey, agent: String? = "SandboxTests/1.0", timeout: Duration = .seconds(20)) async throws -> Reply {
        try await send(.GET, "/api/v3/\(path)", key: key, agent: agent, timeout: timeout)
    }

    /// A call to a service that is not Have I Been Pwned, with its own header for the key.
    func call(
        _ service: SandboxService, _ method: HTTPMethod = .GET, _ path: String, key: String?, body: String = ""
    ) async throws -> Reply {
        let header =
            switch service {
            case .hibp: "hibp-api-key"
            case .dehashed: "Dehashed-Api-Key"
            case .leakcheck: "X-API-Key"
            case .intelx: "x-key"
            case .snusbase: "Auth"
            case .entra, .google, .okta, .identityCenter: "Authorization"
            }
        var headers: HTTPHeaders = ["user-agent": "SandboxTests/1.0"]
        if let key { headers.add(name: header, value: key) }
        return try await send(method, "\(service.path)/\(path)", headers: headers, body: body)
    }

    func admin(_ method: HTTPMethod, _ path: String, _ body: String = "") async throws -> Reply {
        try await send(method, "/_sandbox/\(path)", body: body)
    }

    func send(
        _ method: HTTPMethod, _ path: String, key: String? = nil, agent: String? = nil, headers: HTTPHeaders = [:], body: String = "",
        timeout: Duration = .seconds(20)
    ) async throws -> Reply {
        guard let url = URL(string: url + path) else { throw URLError(.badURL) }
        var request = HTTPClient.Request(
            method.rawValue, url, headers: headers.map { ($0.name, $0.value) }, timeout: timeout, responseLimit: 64 << 20)
        if let key { request.headers.append(("hibp-api-key", key)) }
        if let agent { request.headers.append(("user-agent", agent)) }
        if !body.isEmpty { request.body = .bytes(Array(body.utf8)) }
        let response = try await Self.http.execute(request)
        return Reply(
            status: response.status, headers: HTTPHeaders(response.headers.map { ($0.name, $0.value) }), body: Data(response.body))
    }
}

/// A breach as short answers have it.
struct NamedBreach: Decodable {
    let name: String

    enum CodingKeys: String, CodingKey {
        case name = "Name"
    }
}
