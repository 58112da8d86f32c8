import DataShield
import Foundation
import HTTPClient
import JSON

/// Calls a server as a browser or a program would, over a real connection.
package struct TestClient: Sendable {
    package let server: ServerUnderTest
    let http: HTTPClient
    /// The session's token; nil for nobody.
    package var token: String?
    package var user: UserID?

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// What came back.
    package struct Answer: Sendable {
        package let status: Int
        package let headers: [(name: String, value: String)]
        package let bytes: [UInt8]

        package var text: String { String(decoding: bytes, as: UTF8.self) }
        package func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
        package var json: JSONValue { get throws { try JSONParser.parse(bytes) } }
        package func decode<T: Decodable>(_ type: T.Type) throws -> T { try JSONCoding.decode(type, from: bytes) }
        package var problem: Problem { get throws { try decode(Problem.self) } }
        /// The fields that a 422 names.
        package var fields: [String] { get throws { try problem.errors?.map(\.field) ?? [] } }
    }

    package var company: CompanyID { server.company }
    /// As the cookie of a session is called here.
    package var cookieName: String { SessionCookie(isSecure: application.settings.isHTTPS).name }
    package var application: DataShield.Application { server.application }

    /// The same client without a session.
    package var anonymous: TestClient {
        var client = self
        client.token = nil
        client.user = nil
        return client
    }

    /// Makes a user with a role and signs them in, without the way over the password: it is tried where it belongs.
    package func signedIn(as role: Role, in company: CompanyID? = nil) async throws -> TestClient {
        let database = TestDatabase.current
        let company = company ?? server.company
        let user = try await database.makeUser(in: company, role: role)
        let token = Token()
        try await database.system.execute(
            """
            INSERT INTO sessions (id, company_id, user_id, token_hash, ip, user_agent, created_at, last_seen_at, expires_at)
            VALUES (\(SessionID()), \(company), \(user), \(token.hash), '127.0.0.1', 'test', now(), now(), now() + interval '100 years')
            """)
        var client = self
        client.token = token.text
        client.user = user
        return client
    }

    /// Sends a request.
    /// - Parameters:
    ///   - json: the body, as JSON.
    ///   - body: the body as it is; then its content type is named, too.
    package func send(
        _ method: String, _ path: String, json: (any Encodable & Sendable)? = nil, body: [UInt8]? = nil, contentType: String? = nil,
        headers: [(String, String)] = []
    ) async throws -> Answer {
        var request = try request(method, path)
        request.headers = headers.map { ($0, $1) } + request.headers
        if let json {
            request.headers.append(("Content-Type", "application/json"))
            request.body = .bytes(try JSONCoding.encode(json))
        } else if let body {
            if let contentType { request.headers.append(("Content-Type", contentType)) }
            request.body = .bytes(body)
        }
        return try await answer(to: request)
    }

    private func request(_ method: String, _ path: String) throws -> HTTPClient.Request {
        guard let url = URL(string: server.origin + path) else { throw Failure(description: "\(path) is no path.") }
        return HTTPClient.Request(
            method, url, headers: token.map { [("Cookie", "\(cookieName)=\($0)")] } ?? [], timeout: .seconds(60), responseLimit: 256 << 20)
    }

    private func answer(to request: HTTPClient.Request) async throws -> Answer {
        let response = try await http.execute(request)
        return Answer(status: response.status, headers: response.headers, bytes: response.body)
    }

    /// Sends a request whose body comes bit by bit.
    package func send(_ method: String, _ path: String, pieces: AsyncStream<[UInt8]>, contentType: String) async throws -> Answer {
        var request = try request(method, path)
        request.headers.append(("Content-Type", contentType))
        request.body = .pieces(pieces)
        return try await answer(to: request)
    }

    package func get(_ path: String, headers: [(String, String)] = []) async throws -> Answer { try await send("GET", path, headers: headers) }
    package func post(_ path: String, _ json: (any Encodable & Sendable)? = nil, headers: [(String, String)] = []) async throws -> Answer {
        try await send("POST", path, json: json, headers: headers)
    }
    package func patch(_ path: String, _ json: any Encodable & Sendable) async throws -> Answer { try await send("PATCH", path, json: json) }
    package func put(_ path: String, _ json: any Encodable & Sendable) async throws -> Answer { try await send("PUT", path, json: json) }
    package func delete(_ path: String) async throws -> Answer { try await send("DELETE", path) }

    /// Sends a form, as a browser does.
    package func submit(_ path: String, _ fields: [(String, String)]) async throws -> Answer {
        let allowed = CharacterSet.alphanumerics
        let text = fields.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")"
        }.joined(separator: "&")
        return try await send(
            "POST", path, body: Array(text.utf8), contentType: "application/x-www-form-urlencoded",
            headers: [("Sec-Fetch-Site", "same-origin"), ("Origin", server.origin)])
    }
}
