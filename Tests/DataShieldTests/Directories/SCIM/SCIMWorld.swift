import DataShieldTestSupport
import Foundation
import JSON
import Postgres
import SCIM
import Testing

@testable import DataShield

/// A directory with a token, that calls a server as Entra or Okta would.
struct SCIMClient: Sendable {
    let client: TestClient
    let company: CompanyID
    let connection: DirectoryConnectionID
    var token: String

    var admin: Subject { Subject(actor: .program("test"), company: company, role: .admin) }
    var base: String { "/api/scim/\(connection)" }

    struct Reply: Sendable {
        let status: Int
        let body: JSONValue
        let answer: TestClient.Answer

        var id: String { body["id"]?.text ?? "" }
        var detail: String { body["detail"]?.text ?? "" }
        var total: Int? { if case .integer(let count)? = body["totalResults"] { count } else { nil } }
        var resources: [JSONValue] { body["Resources"]?.items ?? [] }
    }

    /// Sends a request below the connection's address.
    /// - Parameter raw: the body as it is, in place of `body`.
    func send(
        _ method: String, _ path: String, _ body: JSONValue? = nil, raw: String? = nil, type: String = "application/scim+json; charset=utf-8",
        headers: [(String, String)] = []
    ) async throws -> Reply {
        let bytes = try raw.map { Array($0.utf8) } ?? body.map { try JSONWriter.bytes($0) }
        let authorization = token.isEmpty ? [] : [("Authorization", "Bearer \(token)")]
        let answer = try await client.send(method, base + path, body: bytes, contentType: type, headers: headers + authorization)
        return Reply(status: answer.status, body: answer.bytes.isEmpty ? .null : try SCIMJSON.parse(answer.bytes), answer: answer)
    }

    func get(_ path: String, headers: [(String, String)] = []) async throws -> Reply { try await send("GET", path, headers: headers) }

    /// Asks with a filter, escaped as a browser would.
    func find(_ filter: String, in path: String = "/Users", _ rest: String = "") async throws -> Reply {
        try await get("\(path)?filter=\(filter.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")\(rest)")
    }

    func patch(_ path: String, _ operations: JSONValue...) async throws -> Reply {
        try await send("PATCH", path, ["schemas": [.string(SCIMMessage.patch)], "Operations": .array(operations)])
    }

    /// A user with an address that is the user name.
    func makeUser(_ userName: String, _ more: [String: JSONValue] = [:]) async throws -> Reply {
        let body: [String: JSONValue] = [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", .string(enterprise)], "userName": .string(userName),
            "name": ["givenName": "Mara", "familyName": "Lind"], "emails": [["value": .string(userName), "type": "work", "primary": true]],
            "active": true,
        ]
        return try await send("POST", "/Users", .object(body.merging(more) { $1 }))
    }

    func makeGroup(_ name: String, _ members: [String] = []) async throws -> Reply {
        try await send(
            "POST", "/Groups",
            [
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": .string(name),
                "members": .array(members.map { ["value": .string($0)] }),
            ])
    }

    /// Somebody on the staff list.
    func employee(_ email: String) async throws -> Employee? {
        try await TestDatabase.current.tenant.query(
            for: company, "SELECT \(EmployeeStore.columns) FROM employees e WHERE e.company_id = \(company) AND e.email = \(email)", as: Employee.self
        ).first
    }

    func employeeCount() async throws -> Int {
        try await TestDatabase.current.tenant.query(
            for: company, "SELECT count(*) FROM employees WHERE company_id = \(company)", as: Int.self
        ).first ?? 0
    }
}

let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

/// Runs a server with a connection to it.
func withSCIM(settings: Settings = .testing, _ body: (SCIMClient) async throws -> Void) async throws {
    try await withServer(as: nil, settings: settings) { client in
        try await body(try await makeSCIMClient(client, in: client.company))
    }
}

/// Another connection to the same server.
func makeSCIMClient(_ client: TestClient, in company: CompanyID) async throws -> SCIMClient {
    let (plain, hash) = SCIMTokens.makeToken()
    let connection = try await TestDatabase.current.makeDirectoryConnection(in: company, type: .scim, tokenHash: hash)
    return SCIMClient(client: client, company: company, connection: connection, token: plain)
}
