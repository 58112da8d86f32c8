import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct RoutesTests {
    /// A path with an id that nobody has.
    private func path(_ route: RegisteredRoute) -> String {
        route.path.split(separator: "/", omittingEmptySubsequences: false).map { $0.hasPrefix("{") ? CUID.make(at: Date()) : String($0) }
            .joined(separator: "/")
    }

    @Test func `no route answers whoever is not signed in`() async throws {
        try await withServer(as: nil) { client in
            for route in client.application.routes where route.access != .public {
                let answer = try await client.send(route.method.rawValue, path(route))
                if route.isPage, route.method == .get {
                    #expect(answer.status == 303, "\(route.method) \(route.path)")
                    #expect(answer.header("Location")?.hasPrefix("/login") == true, "\(route.path)")
                } else {
                    #expect(answer.status == 401, "\(route.method) \(route.path)")
                }
            }
        }
    }

    @Test func `a viewer is refused what only an administrator may`() async throws {
        try await withServer(as: .viewer) { client in
            var count = 0
            for route in client.application.routes {
                guard case .permission(let permission) = route.access, !Role.viewer.permissions.contains(permission) else { continue }
                count += 1
                let answer = try await client.send(route.method.rawValue, path(route))
                #expect(answer.status == 403, "\(route.method) \(route.path)")
            }
            #expect(count >= 6)
        }
    }

    /// Handlers do not ask again: what a route names is all there is between a viewer and what it does. A change of this list is a decision.
    @Test func `what a viewer may not call is this and no less`() async throws {
        let expected: Set = [
            "GET /audit", "GET /api/audit",
            "POST /sources", "POST /sources/{id}/test", "POST /sources/{id}/delete",
            "POST /api/credentials", "POST /api/credentials/{id}/test", "DELETE /api/credentials/{id}",
            "GET /directories/new", "GET /directories/new/{type}", "POST /directories/new/{type}", "GET /directories/{id}/edit",
            "POST /directories/{id}/edit", "POST /directories/{id}/sync", "POST /directories/{id}/test", "POST /directories/{id}/delete",
            "POST /directories/{id}/token", "POST /directories/{id}/token/revoke",
            "POST /api/directory", "POST /api/directory/preview", "PATCH /api/directory/{id}", "DELETE /api/directory/{id}",
            "POST /api/directory/{id}/sync", "POST /api/directory/{id}/test", "POST /api/directory/{id}/token",
            "POST /api/directory/{id}/token/revoke",
            "GET /employees/new", "POST /employees", "GET /employees/{id}/edit", "POST /employees/{id}", "POST /employees/{id}/delete",
            "GET /employees/import", "POST /employees/import", "GET /employees/import/{id}", "POST /employees/import/{id}",
            "POST /employees/import/{id}/discard", "GET /employees/import/{id}/rejected",
            "POST /api/employees", "PATCH /api/employees/{id}", "DELETE /api/employees/{id}", "POST /api/employees/import",
            "POST /api/employees/import/rejected",
            "POST /ingest", "POST /api/ingest",
            "POST /remediation/confirm", "POST /remediation/run", "POST /api/remediation/bulk", "POST /api/alerts/{id}/remediate",
            "POST /remediation/settings", "POST /remediation/policies", "POST /remediation/policies/confirm", "POST /remediation/policies/delete",
            "POST /remediation/protected", "POST /remediation/protected/{employeeId}/delete", "POST /remediation/resume",
            "PATCH /api/remediation/settings", "POST /api/remediation/protected", "DELETE /api/remediation/protected/{employeeId}",
            "POST /api/remediation/resume",
            "POST /settings", "POST /settings/weights", "PATCH /api/company", "POST /api/company/risk/preview",
            "GET /users", "POST /users", "POST /users/{id}/role", "POST /users/{id}/password", "POST /users/{id}/disable",
            "POST /users/{id}/enable",
            "GET /api/users", "POST /api/users", "GET /api/users/{id}", "PATCH /api/users/{id}", "DELETE /api/users/{id}",
        ]
        try await withServer(as: nil) { client in
            let found = client.application.routes.filter { route in
                if case .permission(let permission) = route.access { !Role.viewer.permissions.contains(permission) } else { false }
            }
            let names = Set(found.map { "\($0.method.rawValue) \($0.path)" })
            #expect(names == expected, "\(names.symmetricDifference(expected).sorted())")
        }
    }

    @Test func `every change that another site sends is refused`() async throws {
        try await withServer { (client) async throws in
            for route in client.application.routes where route.method != .get && route.method != .head {
                for headers in [
                    [("Sec-Fetch-Site", "cross-site")], [("Sec-Fetch-Site", "same-site")], [("Origin", "https://evil.example")], [("Origin", "null")],
                ] {
                    let answer = try await client.send(route.method.rawValue, path(route), headers: headers)
                    #expect(answer.status == 403, "\(route.method) \(route.path) \(headers)")
                }
            }
        }
    }

    @Test func `only what has to be is open to everybody`() async throws {
        try await withServer(as: nil) { client in
            let open = Set(client.application.routes.filter { $0.access == .public }.map { "\($0.method.rawValue) \($0.path)" })
            let expected: Set = [
                "POST /api/auth/login", "GET /api/health", "GET /metrics", "GET /api/openapi.json", "GET /api/docs", "GET /assets/**",
                "GET /favicon.ico", "GET /login", "POST /login",
                "POST /logout", "POST /account/theme",
            ]
            #expect(open.isSubset(of: expected), "\(open.subtracting(expected))")
        }
    }

    @Test func `no two routes are the same`() async throws {
        try await withServer(as: nil) { client in
            let names = client.application.routes.map { "\($0.method.rawValue) \($0.path)" }
            #expect(Set(names).count == names.count)
        }
    }

    @Test func `what is not there and what is not taken are told apart`() async throws {
        try await withServer { (client) async throws in
            let missing = try await client.get("/api/nothing")
            #expect(missing.status == 404)
            #expect(missing.header("Content-Type") == "application/problem+json")
            let wrong = try await client.send("DELETE", "/api/me")
            #expect(wrong.status == 405)
            #expect(wrong.header("Allow") == "GET, HEAD, OPTIONS")
            let page = try await client.get("/nothing")
            #expect(page.status == 404)
            #expect(page.header("Content-Type")?.hasPrefix("text/html") == true)
            let head = try await client.send("HEAD", "/api/me")
            #expect(head.status == 200 && head.bytes.isEmpty)
        }
    }

    @Test func `every answer has the security headers`() async throws {
        try await withServer { (client) async throws in
            for path in ["/api/me", "/api/nothing", "/nothing", "/api/docs", "/assets/none"] {
                let answer = try await client.get(path)
                #expect(answer.header("Content-Security-Policy")?.contains("default-src 'none'") == true, "\(path)")
                #expect(answer.header("Content-Security-Policy")?.contains("unsafe") == false)
                #expect(answer.header("X-Content-Type-Options") == "nosniff")
                #expect(answer.header("X-Frame-Options") == "DENY")
                #expect(answer.header("Referrer-Policy") == "same-origin")
                #expect(answer.header("Cache-Control") != nil)
                #expect(answer.header("X-Request-Id")?.isEmpty == false)
                #expect(answer.header("Strict-Transport-Security") == nil)
            }
        }
        var settings = Settings.testing
        settings.publicURL = URL(string: "https://shield.example")
        try await withServer(settings: settings) { (client) async throws in
            #expect(try await client.get("/api/me").header("Strict-Transport-Security") != nil)
        }
    }

    @Test func `health answers`() async throws {
        try await withServer(as: nil) { client in
            let answer = try await client.get("/api/health")
            #expect(answer.status == 200)
            #expect(try answer.decode(ServerRoutes.Health.self).database == "ok")
        }
    }

    @Test func `metrics are for this machine or a token`() async throws {
        var settings = Settings.testing
        settings.metricsToken = Secret("metrics-token-0123456789")
        try await withServer(settings: settings) { (client) async throws in
            _ = try await client.get("/api/me?secret=1")
            let answer = try await client.get("/metrics")
            #expect(answer.status == 200)
            #expect(answer.text.contains(#"datashield_http_requests_total{method="GET",route="/api/me",status="200"} 1"#))
            #expect(!answer.text.contains("secret"))
            let elsewhere = [("X-Forwarded-For", "203.0.113.7")]
            #expect(try await client.get("/metrics", headers: elsewhere).status == 404)
            #expect(try await client.get("/metrics", headers: elsewhere + [("Authorization", "Bearer metrics-token-0123456789")]).status == 200)
            #expect(try await client.get("/metrics", headers: elsewhere + [("Authorization", "Bearer wrong-token")]).status == 404)
        }
    }

    @Test func `assets are kept for ever under their version and asked for anew without it`() async throws {
        try await withServer(as: nil) { client in
            let base = client.application.assets.base
            let answer = try await client.get("\(base)/favicon.svg")
            #expect(answer.status == 200)
            #expect(answer.header("Cache-Control")?.contains("immutable") == true)
            #expect(answer.header("Content-Type") == "image/svg+xml")
            let tag = try #require(answer.header("ETag"))
            #expect(try await client.get("/assets/favicon.svg", headers: [("If-None-Match", tag)]).status == 304)
            #expect(try await client.get("/assets/favicon.svg").header("Cache-Control") == "public, no-cache")
            for path in [
                "/assets/../Migrations/0001_foundation.sql", "/assets/%2e%2e/Migrations/0001_foundation.sql", "\(base)/none.css", "/assets/",
            ] {
                #expect(try await client.get(path).status == 404)
            }
        }
    }
}
