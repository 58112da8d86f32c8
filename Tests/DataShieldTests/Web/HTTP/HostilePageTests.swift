import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// Hostile texts in everything that pages show and take.
@Suite(.freshDatabase) struct HostilePageTests {
    private let database = TestDatabase.current

    /// A company in which everything has a hostile name, by route.
    private struct World {
        var ids: [String: String] = [:]
    }

    private func makeWorld(_ client: TestClient) async throws -> World {
        let text = HostileText.whole
        let company = client.company
        // Whoever calls has a password that can be compared.
        let hash = try await PasswordHasher(cost: 4).hash(ServerUnderTest.password)
        try await database.system.execute("UPDATE users SET hashed_password = \(hash) WHERE id = \(client.user)")
        // It stands on every page.
        #expect(try await client.patch("/api/company", ["name": HostileText.texts[0]]).status == 200)
        let employee = try await database.makeEmployee(
            in: company, email: "q@nord.example", firstName: text, lastName: HostileText.texts.last ?? "", department: text)
        #expect(try await client.patch("/api/employees/\(employee)", ["title": text, "externalId": text]).status == 200)
        let breach = try await database.makeBreach(dataTypes: ["email", "password", text])
        try await database.system.execute("UPDATE breaches SET title = \(text), description = \(text), domain = \(text) WHERE id = \(breach)")
        _ = try await database.makeBreachRecord(
            in: company, employee: employee, breach: breach, exposedData: ["email", "password", text], artifacts: [.password])
        // It certainly works, so that the first page names the person.
        try await database.system.execute("UPDATE employees SET password_changed_at = '2020-01-01' WHERE id = \(employee)")
        try await database.system.execute("UPDATE breaches SET breach_date = '2024-01-01' WHERE id = \(breach)")
        let alert = try await database.makeAlert(in: company, message: text, employee: employee, breach: breach)
        #expect(try await client.post("/api/alerts/\(alert)/comments", ["body": text]).status == 201)
        let user = try await database.makeUser(in: company, name: text)
        let directory = try await database.makeDirectoryConnection(in: company, name: text)
        let protection = try await client.post("/api/remediation/protected", ["email": "q@nord.example", "reason": text])
        #expect((200..<300).contains(protection.status))
        return World(ids: [
            "employees": employee.rawValue, "breaches": breach.rawValue, "alerts": alert.rawValue, "users": user.rawValue,
            "directories": directory.rawValue,
        ])
    }

    private func path(_ route: RegisteredRoute, _ world: World) -> String {
        let kind = route.path.split(separator: "/").first.map { String($0) } ?? ""
        return route.path.replacing("{id}", with: world.ids[kind] ?? CUID.make(at: Date())).replacing("{type}", with: "AZURE_AD")
    }

    private static func escaped(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "" }

    @Test func `no page has a value as it is, and each that shows it shows all of it`() async throws {
        try await withServer { (client) async throws in
            let world = try await makeWorld(client)
            var shown: Set<String> = []
            for route in client.application.routes where route.isPage && route.method == .get && route.path != "/assets/**" {
                let path = path(route, world)
                let page = try await client.get(path)
                #expect(page.status < 500, "\(path)")
                guard page.header("Content-Type")?.hasPrefix("text/html") == true else { continue }
                #expect(!HostileText.isRaw(in: page.bytes), "\(path)")
                if HostileText.isShown(HostileText.whole, in: page.bytes) { shown.insert(route.path) }
            }
            let expected: Set = [
                "/", "/dashboards", "/alerts", "/alerts/{id}", "/employees", "/employees/{id}", "/employees/{id}/edit", "/breaches", "/breaches/{id}",
                "/users",
                "/directories", "/remediation/settings",
            ]
            #expect(shown.isSuperset(of: expected), "\(expected.subtracting(shown)) do not show it")
        }
    }

    @Test func `no page has what stands in its address as it is`() async throws {
        try await withServer { (client) async throws in
            let world = try await makeWorld(client)
            let names = ["q", "department", "cursor", "next"]
            let text = Self.escaped(HostileText.whole)
            for route in client.application.routes where route.isPage && route.method == .get && route.path != "/assets/**" {
                let path = path(route, world)
                for query in names.map({ "\($0)=\(text)" }) + ["\(text)=1"] {
                    let page = try await client.get("\(path)?\(query)")
                    #expect(page.status < 500, "\(path) \(query.prefix(12)): \(page.status)")
                    guard page.header("Content-Type")?.hasPrefix("text/html") == true else { continue }
                    #expect(!HostileText.isRaw(in: page.bytes), "\(path) \(query.prefix(12))")
                }
            }
            let page = try await client.get("/employees?q=\(text)")
            #expect(HostileText.isShown(HostileText.whole, in: page.bytes))
            #expect(try await client.get("/\(text)").status == 404)
        }
    }

    /// What else a form needs, by path.
    private static let samples: [String: [(String, String)]] = [
        "/alerts/{id}/handling": [("resolution", "Done")], "/remediation/protected": [("email", "q@nord.example"), ("reason", "Board")],
        "/employees": [("email", "r@nord.example")], "/employees/{id}": [("email", "q@nord.example")], "/users": [("role", "VIEWER")],
        "/settings": [("name", "Nord"), ("timezone", "UTC")], "/sources": [("provider", "HIBP")], "/account/theme": [("theme", "dark")],
        "/account/navigation": [("navigation", "folded")],
        "/login": [("email", "q@nord.example"), ("password", "x")],
        "/account/password": [("currentPassword", "x"), ("newPassword", "river-otter-lantern-43")],
    ]

    @Test func `every text field of every form is taken or shown again, escaped`() async throws {
        try await withServer { (client) async throws in
            let world = try await makeWorld(client)
            var tried = 0
            for route in client.application.routes where route.isPage && route.method == .post {
                for field in HostileText.fields(of: route.body) {
                    tried += 1
                    for text in [HostileText.whole, "\u{301}va", "a\0b", "a" + String(repeating: "\u{301}", count: 100_000)] {
                        var fields = Self.samples[route.path] ?? []
                        if route.path == "/users", field.name != "email" { fields.append(("email", "\(CUID.make(at: Date()))@nord.example")) }
                        fields.removeAll { $0.0 == field.name }
                        fields.append((field.name, text))
                        let answer = try await client.submit(path(route, world), fields)
                        let what = "\(route.path) \(field.name) with \(text.utf8.count) bytes: \(answer.status)"
                        #expect(answer.status < 500, "\(what)")
                        #expect(!HostileText.isRaw(in: answer.bytes), "\(what)")
                        if text.utf8.contains(0) { #expect((400..<500).contains(answer.status), "\(what)") }
                        // Neither a header nor a cookie has the text in it as it is.
                        for header in answer.headers { #expect(header.value.utf8.allSatisfy { $0 < 0x80 }, "\(what)") }
                        if let next = answer.header("Location") {
                            let page = try await client.get(next, headers: Self.cookies(answer))
                            #expect(page.status < 500 && !HostileText.isRaw(in: page.bytes), "\(what), then \(next)")
                        }
                    }
                }
            }
            #expect(tried >= 20)
        }
    }

    /// A flash message, as a browser brings it back.
    private static func cookies(_ answer: TestClient.Answer) -> [(String, String)] {
        answer.headers.filter { $0.name.lowercased() == "set-cookie" }.compactMap { header in
            header.value.split(separator: ";").first.map { ("Cookie", String($0)) }
        }
    }

    @Test func `forms whose fields are known at run time are no other`() async throws {
        try await withServer { (client) async throws in
            let text = HostileText.whole
            for type in DirectoryType.allCases {
                let fields = DirectoryRegistry.connector(for: type)?.kind.fields.map(\.name) ?? []
                for field in ["name"] + fields {
                    let answer = try await client.submit("/directories/new/\(type.rawValue)", [(field, text)])
                    #expect(answer.status < 500, "\(type) \(field)")
                    #expect(!HostileText.isRaw(in: answer.bytes), "\(type) \(field)")
                }
            }
            let file = "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22\u{301}<\u{301}.csv\"\r\n\r\n\(text)\n\r\n--xyz--\r\n"
            let page = try await client.send(
                "POST", "/employees/import", body: Array(file.utf8), contentType: "multipart/form-data; boundary=xyz",
                headers: [("Sec-Fetch-Site", "same-origin"), ("Origin", client.server.origin)])
            #expect(page.status < 500)
            #expect(!HostileText.isRaw(in: page.bytes))
        }
    }
}
