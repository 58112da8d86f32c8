import DataShieldTestSupport
import Foundation
import JSON
import Sandbox
import Testing

@testable import DataShield

/// What leaves an event, besides the changes that other suites are about.
@Suite(.freshDatabase) struct AuditEventTests {
    private func events(_ client: TestClient, _ action: String? = nil) async throws -> [AuditEvent] {
        let subject = Subject(actor: .program("test"), company: client.company, role: .admin)
        return try await client.application.audit.list(.init(action: action), limit: 200, for: subject).items
    }

    private func members(_ value: JSONValue?) -> [String: JSONValue] {
        if case .object(let members)? = value { members } else { [:] }
    }

    // MARK: What was taken out

    private static let list = "email,name\nann@acme.test,Ann Lee\nnobody,Bob Stone\n"

    /// Where somebody takes out what a route gives. The rows of a list that do not go in are those of a preview of theirs.
    private func path(of route: RegisteredRoute, for browser: TestClient) async throws -> String {
        guard route.path == "/employees/import/{id}/rejected" else { return route.path }
        let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"staff.csv\"\r\n\r\n"
        let preview = try await browser.send(
            "POST", "/employees/import", body: Array("\(head)\(Self.list)\r\n--b--\r\n".utf8), contentType: "multipart/form-data; boundary=b")
        try #require(preview.status == 303, "\(preview.text)")
        let url = try #require(preview.header("Location"))
        return "\(url)/rejected"
    }

    /// Takes out what there is at a path; for the API's rows that do not go in the list is sent along.
    private func take(_ path: String, _ browser: TestClient) async throws -> TestClient.Answer {
        guard path == "/api/employees/import/rejected" else { return try await browser.get(path) }
        return try await browser.send("POST", path, body: Array(Self.list.utf8), contentType: "text/csv")
    }

    @Test func `every export leaves an event, whoever takes it`() async throws {
        try await withServer { (client) async throws in
            let exports = client.application.routes.filter {
                $0.path.hasSuffix("/export") || $0.path.hasSuffix("/rejected") || ($0.answerType ?? "").hasPrefix("text/csv")
            }
            #expect(exports.count >= 8)
            let takers: [(TestClient, Role)] = [
                (client, .admin), (try await client.signedIn(as: .admin), .admin), (try await client.signedIn(as: .viewer), .viewer),
            ]
            for (browser, role) in takers {
                for route in exports {
                    if case .permission(let permission) = route.access, !role.permissions.contains(permission) { continue }
                    // A preview is none: it is made before.
                    let path = try await self.path(of: route, for: browser)
                    let before = try await events(client).count
                    #expect(try await take(path, browser).status == 200, "\(route.path)")
                    let after = try await events(client)
                    #expect(after.count == before + 1, "\(route.path)")
                    #expect(after.first?.action.hasSuffix(".exported") == true && after.first?.actorId == browser.user?.rawValue, "\(route.path)")
                }
            }
        }
    }

    @Test func `exports of a user are bounded, and each that happens has its event`() async throws {
        let clock = MovableClock()
        try await withServer(now: clock.now) { (client) async throws in
            let viewer = try await client.signedIn(as: .viewer)
            for _ in 0..<ExportLimit.perMinute { #expect(try await viewer.get("/api/mfa/export").status == 200) }
            for route in client.application.routes where route.path.hasSuffix("/export") {
                let refused = try await viewer.get(route.path)
                #expect(refused.status == 429 && refused.header("Retry-After") == "60", "\(route.path)")
            }
            let admin = try await client.signedIn(as: .admin)
            for _ in 0..<ExportLimit.perMinute { #expect(try await admin.get("/api/mfa/export").status == 200) }
            for path in ["/api/employees/import/rejected", "/employees/import/\(StaffPreview.ID())/rejected"] {
                #expect(try await take(path, admin).status == 429, "\(path)")
            }
            #expect(try await events(client).filter { $0.actorId == viewer.user?.rawValue && $0.action.hasSuffix(".exported") }.count == 30)
            #expect(try await client.get("/api/mfa/export").status == 200)
            clock.advance(61)
            #expect(try await viewer.get("/employees/export").status == 200)
        }
    }

    // MARK: What was tried

    @Test func `trying weights is an event, and moving a slider not many`() async throws {
        try await withServer { (client) async throws in
            for weight in 1...5 {
                let body = JSONValue.object(["riskWeights": .object(["session": .integer(weight)])])
                #expect(try await client.post("/api/company/risk/preview", body).status == 200)
            }
            let events = try await events(client, "company.weights_previewed")
            #expect(events.count == 1)
            #expect(members(events.first?.after)["session"] == .integer(1) || members(events.first?.after)["session"] == .number(1))
            let form = [
                ("session", "3"), ("recency", "1"), ("criticalData", "1"), ("domainMatch", "1"), ("openAlerts", "1"), ("breaches", "1"),
                ("action", "preview"),
            ]
            let other = try await client.signedIn(as: .admin)
            #expect(try await other.submit("/settings/weights", form).status == 200)
            #expect(try await self.events(client, "company.weights_previewed").count == 2)
        }
    }

    @Test func `a dry run is an event, on a page and by the API`() async throws {
        let world = try await RemediationWorld(clock: MovedClock(Date()))
        let alert = try await world.makeAlert(about: try await world.makePerson())
        try await withServer(in: world.company, directories: world.directory) { (client) async throws in
            let order = JSONValue.object(["action": .string("REVOKE_SESSIONS"), "dryRun": .bool(true)])
            #expect(try await client.post("/api/alerts/\(alert)/remediate", order).status == 200)
            let bulk = JSONValue.object(["ids": .array([.string(alert.rawValue)]), "action": .string("REVOKE_SESSIONS"), "dryRun": .bool(true)])
            #expect(try await client.post("/api/remediation/bulk", bulk).status == 200)
            #expect(try await client.submit("/remediation/confirm", [("id", alert.rawValue), ("action", "FORCE_PASSWORD_RESET")]).status == 200)
            let single = try await events(client, "remediation.previewed")
            #expect(single.count == 3 && single.allSatisfy { $0.targetId == alert.rawValue })
            // What is done is no dry run, though it begins with one.
            // 202 where the machine is busy.
            let status = try await client.post("/api/alerts/\(alert)/remediate", ["action": "REVOKE_SESSIONS"]).status
            #expect([200, 202].contains(status))
            #expect(try await events(client, "remediation.previewed").count == 3)
            let policy = ["minSeverity": "CRITICAL", "requires": "SESSION", "action": "REVOKE_SESSIONS"]
            let viewer = try await client.signedIn(as: .viewer)
            for _ in 0..<5 { #expect(try await viewer.post("/api/remediation/policies/dry-run", policy).status == 200) }
            #expect(try await client.submit("/remediation/policies/confirm", policy.map { ($0.key, $0.value) }).status == 200)
            let policies = try await events(client, "remediation.previewed").filter { members($0.after)["policy"].map { $0 != .null } ?? false }
            #expect(Set(policies.compactMap(\.actorId)) == Set([viewer.user, client.user].compactMap { $0?.rawValue }))
            #expect(policies.count == 2)
        }
    }

    // MARK: Directories

    private struct New: Codable, Sendable {
        var type = "OKTA"
        var name: String?
        var config: [String: String]
    }

    @Test func `trying a directory, connecting and moving it say where it leads, and never a secret`() async throws {
        try await Sandbox.with(.init()) { url, _ in
            var settings = Settings.testing
            settings.directoryURLs["OKTA"] = URL(string: url)
            try await withServer(settings: settings) { (client) async throws in
                let (secret, other) = (try #require(DirectorySamples.okta["apiToken"]), "00anotherTokenOfSomebodyElse0123456789abcd")
                let unsaved = JSONValue.object(["type": .string("OKTA"), "config": .object(DirectorySamples.okta.mapValues { .string($0) })])
                #expect(try await client.post("/api/directory/preview", unsaved).status == 200)
                let tried = members(try await events(client, "directory.previewed").first?.after)
                #expect(tried["config.domain"] == .string("acme.okta.example") && tried["config.apiToken"] == .string("given"))
                let made = try await client.post("/api/directory", New(name: "Okta", config: DirectorySamples.okta)).decode(DirectoryResponse.self)
                #expect(members(try await events(client, "directory.added").first?.after)["config.domain"] == .string("acme.okta.example"))
                let moved = JSONValue.object(["config": .object(["domain": .string("elsewhere.okta.example"), "apiToken": .string(other)])])
                #expect(try await client.patch("/api/directory/\(made.id)", moved).status == 200)
                let event = try #require(try await events(client, "directory.reconfigured").first)
                #expect(members(event.before)["config.domain"] == .string("acme.okta.example"))
                #expect(members(event.after)["config.domain"] == .string("elsewhere.okta.example"))
                #expect(members(event.before)["config.apiToken"] != members(event.after)["config.apiToken"])
                let page = try await client.get("/audit").text
                #expect(page.contains("config.domain: acme.okta.example → elsewhere.okta.example"))
                let trail = try await TestDatabase.current.system.query(
                    "SELECT coalesce(before::text, '') || coalesce(after::text, '') FROM audit_events WHERE company_id = \(client.company)",
                    as: String.self)
                #expect(!trail.contains { $0.contains(secret) || $0.contains(other) })
            }
        }
    }

    @Test func `of a configuration the fields that changed are kept, with values that may be seen`() throws {
        let kind = LDAPConnector.kind
        let common = ["bindDN": "cn=reader", "baseDN": "dc=acme", "ssl": "ldaps", "bindPassword": "first-secret"]
        let former = DirectoryConfiguration(stored: common.merging(["host": "dc1.acme.example", "port": "636"]) { $1 })
        let new = DirectoryConfiguration(
            stored: common.merging([
                "host": "dc9.evil.example", "bindPassword": "second-secret", "caCertificate": "-----BEGIN CERTIFICATE-----\nMIIB…",
            ]) { $1 })
        let pair = DirectoryAudit.difference(kind, former, new)
        #expect(Set(pair.before.members.keys) == ["config.host", "config.port", "config.bindPassword", "config.caCertificate"])
        #expect(pair.before.members["config.host"] == .string("dc1.acme.example") && pair.after.members["config.host"] == .string("dc9.evil.example"))
        #expect(pair.before.members["config.port"] == .string("636") && pair.after.members["config.port"] == .null)
        guard case .string(let digest)? = pair.after.members["config.caCertificate"] else {
            Issue.record("The certificate is not in it.")
            return
        }
        #expect(digest.hasPrefix("SHA-256 ") && !"\(pair)".contains("secret"))
        #expect(DirectoryAudit.difference(kind, former, former).before.members.isEmpty)
    }

    // MARK: Whom their role kept from it

    @Test func `a refusal by role is an event, one for each user, route and minute`() async throws {
        let clock = MovableClock()
        try await withServer(now: clock.now) { (client) async throws in
            let viewer = try await client.signedIn(as: .viewer)
            for _ in 0..<20 { #expect(try await viewer.get("/api/users").status == 403) }
            #expect(try await viewer.get("/users").status == 403)
            #expect(try await viewer.patch("/api/company", ["name": "Mine"]).status == 403)
            let other = try await client.signedIn(as: .viewer)
            #expect(try await other.get("/api/users").status == 403)
            // Whoever may is not refused, nor is whoever is not signed in by a role.
            #expect(try await client.get("/api/users").status == 200)
            #expect(try await client.anonymous.get("/api/users").status == 401)
            var refused = try await events(client, "access.refused")
            #expect(refused.compactMap(\.targetId).sorted() == ["GET /api/users", "GET /api/users", "GET /users", "PATCH /api/company"])
            #expect(Set(refused.compactMap(\.actorId)) == Set([viewer.user, other.user].compactMap { $0?.rawValue }))
            #expect(members(refused.first { $0.targetId == "PATCH /api/company" }?.after)["permission"] == .string("policy:manage"))
            clock.advance(61)
            #expect(try await viewer.get("/api/users").status == 403)
            refused = try await events(client, "access.refused")
            #expect(refused.count == 5)
            #expect(try await client.get("/audit?action=access.refused").text.contains("GET /api/users"))
            #expect(try await client.application.audit.firstBrokenEvent(of: client.company) == nil)
        }
    }

    @Test func `asked twenty times at once, it is one event`() async throws {
        try await withServer(as: .viewer) { (client) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        let status = try await client.get("/api/audit").status
                        #expect(status == 403)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await events(client, "access.refused").count == 1)
        }
    }
}
