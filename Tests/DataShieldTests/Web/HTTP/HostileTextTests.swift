import DataShieldTestSupport
import Foundation
import JSON
import Postgres
import Testing

@testable import DataShield

/// Sends hostile texts through every text field of the API and of every form that is registered: a new field is tried without a line here,
/// and has to give back what it takes, or to be named among those that cannot.
@Suite(.freshDatabase) struct HostileTextTests {
    /// Fields that hold something else than any text: addresses, words, keys, settings of a service. Each refuses with a word.
    private static let checked: Set = [
        "POST /api/employees email", "PATCH /api/employees/{id} email", "POST /api/remediation/protected email", "POST /api/users email",
        "POST /api/auth/login email", "POST /api/auth/login password", "POST /api/auth/login code", "POST /api/me/password currentPassword",
        "POST /api/me/password newPassword", "PATCH /api/company timezone", "PATCH /api/company riskWeights",
        "POST /api/company/risk/preview riskWeights", "POST /api/credentials key", "POST /api/directory config",
        "PATCH /api/directory/{id} config", "POST /api/directory/preview config", "POST /api/users password", "PATCH /api/users/{id} password",
    ]

    /// Fields that are taken and not answered: passwords.
    private static let unanswered: Set = ["POST /api/users password", "PATCH /api/users/{id} password"]

    /// What else a body needs.
    private static let samples: [String: [String: JSONValue]] = [
        "PATCH /api/alerts/{id}": ["status": .string("RESOLVED")], "POST /api/alerts/bulk": ["status": .string("RESOLVED")],
        "POST /api/credentials": ["provider": .string("HIBP"), "key": .string("0123456789abcdef0123456789abcdef")],
        "POST /api/directory": ["type": .string("SCIM")],
        "POST /api/directory/preview": ["type": .string("AZURE_AD"), "config": .object([:])],
        "POST /api/remediation/protected": ["reason": .string("Board")],
        "POST /api/auth/login": ["email": .string("nobody@nord.example"), "password": .string("nothing")],
        "POST /api/me/password": ["currentPassword": .string("nothing"), "newPassword": .string("river-otter-lantern-43")],
    ]

    private let database = TestDatabase.current

    /// A path with the id of something that was made for it.
    private func path(_ route: RegisteredRoute, _ client: TestClient) async throws -> String {
        let company = client.company
        guard route.path.contains("{") else { return route.path }
        let id: String
        switch route.path.split(separator: "/").first(where: { $0 != "api" }) {
        case "alerts": id = try await alert(company).rawValue
        case "employees": id = try await database.makeEmployee(in: company).rawValue
        case "users": id = try await database.makeUser(in: company).rawValue
        case "directory": id = try await client.post("/api/directory", ["type": "SCIM"]).decode(DirectoryResponse.self).id.rawValue
        default: id = CUID.make(at: Date())
        }
        return route.path.replacing("{id}", with: id).replacing("{type}", with: "AZURE_AD")
    }

    private func alert(_ company: CompanyID) async throws -> AlertID {
        try await database.makeAlert(
            in: company, employee: try await database.makeEmployee(in: company), breach: try await database.makeBreach())
    }

    /// A body with a text in one field.
    private func body(_ route: RegisteredRoute, _ field: Schema.Property, _ value: JSONValue, _ company: CompanyID) async throws -> JSONValue {
        let name = "\(route.method.rawValue) \(route.path)"
        var members = Self.samples[name] ?? [:]
        switch name {
        case "POST /api/employees", "POST /api/users": members["email"] = .string("\(CUID.make(at: Date()))@nord.example")
        case "POST /api/alerts/bulk": members["ids"] = .array([.string(try await alert(company).rawValue)])
        case "POST /api/remediation/protected":
            let email = "\(CUID.make(at: Date()))@nord.example"
            _ = try await database.makeEmployee(in: company, email: email)
            members["email"] = .string(email)
        default: break
        }
        members[field.name] = value
        return .object(members)
    }

    @Test func `every text field of the API gives back what it takes, to the scalar`() async throws {
        try await withServer { (client) async throws in
            var tried: Set<String> = []
            for route in try await bodies(client) {
                for field in HostileText.fields(of: route.body) {
                    tried.insert(Self.key(route, field))
                    for text in HostileText.few { try await offer(text, field, route, client) }
                }
            }
            #expect(tried.isSuperset(of: Self.checked), "\(Self.checked.subtracting(tried)) are no fields")
            #expect(tried.count >= 35)
        }
    }

    /// The routes with a JSON body. Whoever calls them has a password that can be compared.
    private func bodies(_ client: TestClient) async throws -> [RegisteredRoute] {
        let hash = try await PasswordHasher(cost: 4).hash(ServerUnderTest.password)
        try await database.system.execute("UPDATE users SET hashed_password = \(hash) WHERE id = \(client.user)")
        return client.application.routes.filter { !$0.isPage && $0.access != .directoryToken && $0.body != nil }
    }

    private static func key(_ route: RegisteredRoute, _ field: Schema.Property) -> String { "\(route.method.rawValue) \(route.path) \(field.name)" }

    private func send(_ text: String, _ field: Schema.Property, _ route: RegisteredRoute, _ client: TestClient) async throws -> TestClient.Answer {
        let body = try await body(route, field, HostileText.value(text, as: field.schema), client.company)
        return try await client.send(route.method.rawValue, try await path(route, client), json: body)
    }

    private func offer(_ text: String, _ field: Schema.Property, _ route: RegisteredRoute, _ client: TestClient) async throws {
        let key = Self.key(route, field)
        let answer = try await send(text, field, route, client)
        switch answer.status {
        case 200..<300:
            if Self.unanswered.contains(key) { return }
            var found = try answer.json
            // It answers what became of each, and not the alerts themselves.
            if route.path == "/api/alerts/bulk" { found = try await client.get("/api/alerts?limit=1&status=RESOLVED").json }
            let isHeld = HostileText.isHeld(text, in: found)
            #expect(isHeld, "\(key) lost something of \(Array(text.unicodeScalars))")
        case 400..<500: #expect(Self.checked.contains(key), "\(key): \(answer.status) \(answer.text)")
        default: Issue.record("\(key): \(answer.status) for \(Array(text.unicodeScalars))")
        }
    }

    @Test func `what no field can hold is refused in words and never ends in a fault`() async throws {
        try await withServer { (client) async throws in
            for route in try await bodies(client) {
                for field in HostileText.fields(of: route.body) { try await strain(field, route, client) }
            }
        }
    }

    private static let long = [String(repeating: "x", count: 100_000), "a" + String(repeating: "\u{301}", count: 100_000)]

    private func strain(_ field: Schema.Property, _ route: RegisteredRoute, _ client: TestClient) async throws {
        let key = Self.key(route, field)
        let zero = try await send("a\0b", field, route, client)
        #expect(zero.status == 422, "\(key): \(zero.status)")
        let names = (try? zero.fields) ?? []
        #expect(names.contains { $0.hasPrefix(field.name) }, "\(key): \(names)")
        for text in Self.long {
            let status = try await send(text, field, route, client).status
            #expect((400..<500).contains(status) || Self.unanswered.contains(key) && status == 200, "\(key) with \(text.utf8.count) bytes: \(status)")
        }
        let whole = try JSONCoding.encode(try await body(route, field, HostileText.value("HALF", as: field.schema), client.company))
        let path = try await path(route, client)
        for half in ["\\ud800", "x\\udc00"] {
            let bytes = Array(String(decoding: whole, as: UTF8.self).replacing("HALF", with: half).utf8)
            let status = try await client.send(route.method.rawValue, path, body: bytes, contentType: "application/json").status
            #expect(status == 400, "\(key) with \(half): \(status)")
        }
    }

    @Test func `every text of a query string is taken or refused`() async throws {
        try await withServer { (client) async throws in
            let routes = client.application.routes.filter { !$0.isPage && $0.method == .get && $0.access != .directoryToken }
            for route in routes { try await ask(route, client) }
        }
    }

    /// Asks a list by each text of its query string.
    private func ask(_ route: RegisteredRoute, _ client: TestClient) async throws {
        let path = try await path(route, client)
        for name in HostileText.fields(of: route.query).map(\.name) {
            // Somebody else for each field: nobody exports more than thirty times a minute.
            let reader = try await client.signedIn(as: .admin, in: client.company)
            for text in HostileText.few {
                let status = try await reader.get("\(path)?\(name)=\(Self.escaped(text))").status
                #expect([200, 404, 422].contains(status), "\(route.path) \(name): \(status)")
            }
            #expect(try await reader.get("\(path)?\(name)=a%00b").status == 422, "\(route.path) \(name)")
        }
    }

    private static func escaped(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "" }
}
