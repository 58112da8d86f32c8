import DataShieldTestSupport
import Foundation
import Sandbox
import Testing

@testable import DataShield

/// Directories over HTTP, with a stand-in of Okta as the directory.
@Suite(.freshDatabase) struct DirectoryRoutesTests {
    struct New: Codable, Sendable {
        var type: String
        var name: String?
        var config: [String: String]?
        var autoSyncIntervalMinutes: Int?
    }

    /// A server that finds Okta at the sandbox.
    func withOkta(_ body: @Sendable (TestClient, Sandbox) async throws -> Void) async throws {
        var configuration = Sandbox.Configuration()
        configuration.staff.people = 20
        configuration.staff.withoutMail = 0
        try await Sandbox.with(configuration) { url, sandbox in
            var settings = Settings.testing
            settings.directoryURLs["OKTA"] = URL(string: url)
            try await withServer(as: .admin, settings: settings) { client in try await body(client, sandbox) }
        }
    }

    func connect(_ client: TestClient) async throws -> DirectoryResponse {
        let answer = try await client.post("/api/directory", New(type: "OKTA", name: "Okta", config: DirectorySamples.okta))
        #expect(answer.status == 201)
        return try answer.decode(DirectoryResponse.self)
    }

    @Test func `a directory is connected, tested and synced, and its people are on the list`() async throws {
        try await withOkta { client, sandbox in
            let connection = try await connect(client)
            #expect(connection.status == .pending)
            let trial = try await client.post("/api/directory/\(connection.id)/test").decode(DirectoryTrialResponse.self)
            #expect(trial.ok)
            #expect(!trial.people.isEmpty)
            let answer = try await client.post("/api/directory/\(connection.id)/sync")
            #expect(answer.status == 202)
            let run = try answer.decode(SyncRunResponse.self)
            #expect(run.status == .pending)
            #expect(try await client.post("/api/directory/\(connection.id)/sync").status == 409)
            try await client.server.application.withWorker {
                // The stream ends with the run.
                let events = try await client.get("/api/directory/jobs/\(run.id)/events")
                #expect(events.text.contains("event: finished"))
            }
            let detail = try await client.get("/api/directory/jobs/\(run.id)").decode(SyncRunDetail.self)
            let present = sandbox.staff.members.filter { $0.isActive && !$0.isGuest && !$0.isStaged }.count
            #expect(detail.run.status == .succeeded)
            #expect(detail.run.added == present)
            #expect(detail.samples.added.count == present)
            let listed = try await client.get("/api/directory").decode(Page<DirectoryResponse>.self).items
            #expect(listed.map(\.status) == [.active])
            #expect(listed.first?.people == present)
            let jobs = try await client.get("/api/directory/\(connection.id)/jobs").decode(Page<SyncRunResponse>.self).items
            #expect(jobs.map(\.id) == [run.id])
            let coverage = try await client.get("/api/mfa").decode(MFACoverage.self)
            #expect(coverage.total.people == present)
            #expect(coverage.total.enabled > 0)
        }
    }

    @Test func `no answer and no page has a secret of a directory`() async throws {
        try await withOkta { client, _ in
            let connection = try await connect(client)
            let secret = try #require(DirectorySamples.okta["apiToken"])
            for path in ["/api/directory", "/directories", "/directories/\(connection.id)", "/directories/\(connection.id)/edit", "/api/audit"] {
                let answer = try await client.get(path)
                #expect(answer.status == 200)
                #expect(!answer.text.contains(secret), "\(path)")
            }
            // A form that was tested keeps what was typed, sealed.
            let fields = DirectorySamples.okta.map { ($0.key, $0.value) }
            let tested = try await client.submit("/directories/new/OKTA", fields + [("name", "Okta"), ("action", "test")])
            #expect(tested.text.contains("It works"))
            #expect(!tested.text.contains(secret))
            let draft = try #require(tested.text.firstMatch(of: #/name="draft" value="([^"]+)"/#)?.1)
            let known = fields.filter { $0.0 != "apiToken" }
            let saved = try await client.submit(
                "/directories/new/OKTA", known + [("name", "Second"), ("draft", String(draft)), ("apiToken", ""), ("action", "save")])
            #expect(saved.status == 303)
            // Another user's draft opens nothing: the secret is asked for again.
            let other = try await client.signedIn(as: .admin)
            let refused = try await other.submit(
                "/directories/new/OKTA", known + [("name", "Third"), ("draft", String(draft)), ("apiToken", ""), ("action", "save")])
            #expect(refused.status == 422)
        }
    }

    @Test(
        arguments: [
            (New(type: "OKTA", config: ["domain": "acme.okta.example"]), "apiToken"),
            (New(type: "OKTA", config: DirectorySamples.okta.merging(["domain": "https://acme.okta.example/"]) { $1 }), "domain"),
            (New(type: "OKTA", config: DirectorySamples.okta.merging(["realm": "x"]) { $1 }), "realm"),
            (New(type: "OKTA", config: DirectorySamples.okta, autoSyncIntervalMinutes: 1), "autoSyncIntervalMinutes"),
            (New(type: "AZURE_AD", config: DirectorySamples.entra.merging(["tenantId": "not one"]) { $1 }), "tenantId"),
            (New(type: "LDAP", config: ["host": "ldap://x", "bindDN": "cn=a", "bindPassword": "p", "baseDN": "dc=a"]), "host"),
            (New(type: "SCIM", config: ["domain": "x"]), "config"),
        ])
    func `settings that cannot be right are refused by field`(new: New, field: String) async throws {
        try await withServer(as: .admin) { client in
            let answer = try await client.post("/api/directory", new)
            #expect(answer.status == 422)
            #expect(answer.text.contains(#""field":"\#(field)""#))
            #expect(try await client.get("/api/directory").decode(Page<DirectoryResponse>.self).items.isEmpty)
        }
    }

    @Test func `a secret that is left out stays when settings are changed`() async throws {
        try await withOkta { client, _ in
            let connection = try await connect(client)
            struct Change: Codable, Sendable {
                var name: String?
                var config: [String: String]?
            }
            let known = DirectorySamples.okta.filter { $0.key != "apiToken" }
            #expect(try await client.patch("/api/directory/\(connection.id)", Change(name: "Renamed", config: known)).status == 200)
            let trial = try await client.post("/api/directory/\(connection.id)/test").decode(DirectoryTrialResponse.self)
            #expect(trial.ok)
        }
    }

    @Test func `a wrong token puts the directory into error, with the reason`() async throws {
        try await withOkta { client, _ in
            let config = DirectorySamples.okta.merging(["apiToken": "00anotherTokenThatOktaDoesNotKnowAbcdefghij"]) { $1 }
            let connection = try await client.post("/api/directory", New(type: "OKTA", config: config)).decode(DirectoryResponse.self)
            let trial = try await client.post("/api/directory/\(connection.id)/test").decode(DirectoryTrialResponse.self)
            #expect(!trial.ok)
            let listed = try await client.get("/api/directory").decode(Page<DirectoryResponse>.self).items
            #expect(listed.first?.status == .error)
            #expect(listed.first?.errorMessage == trial.error)
        }
    }

    @Test func `a SCIM connection answers its endpoint and token once`() async throws {
        try await withServer(as: .admin) { client in
            let made = try await client.post("/api/directory", New(type: "SCIM", name: "Entra")).decode(DirectoryResponse.self)
            let token = try #require(made.bearerToken)
            #expect(made.endpoint?.hasSuffix("/api/scim/\(made.id)") == true)
            let again = try await client.get("/api/directory").decode(Page<DirectoryResponse>.self).items
            #expect(again.first?.bearerToken == nil)
            #expect(again.first?.endpoint == made.endpoint)
            let users = try await client.send("GET", "/api/scim/\(made.id)/Users", headers: [("Authorization", "Bearer \(token)")])
            #expect(users.status == 200)
            #expect(try await client.post("/api/directory/\(made.id)/sync").status == 409)
        }
    }

    @Test func `a token is changed over the page in two steps, and a third is not made`() async throws {
        try await withServer(as: .admin) { client in
            let made = try await client.post("/api/directory", New(type: "SCIM", name: "Entra")).decode(DirectoryResponse.self)
            let first = try #require(made.bearerToken)
            let page = "/directories/\(made.id)"
            func status(_ token: String) async throws -> Int {
                try await client.anonymous.get("/api/scim/\(made.id)/Users", headers: [("Authorization", "Bearer \(token)")]).status
            }
            let shown = try await client.get(page).text
            #expect(shown.contains("New token") && !shown.contains("Revoke the old token"))
            let renewed = try await client.submit("\(page)/token", [])
            #expect(renewed.status == 200)
            let second = try #require(renewed.text.firstMatch(of: /dsscim_[A-Za-z0-9_-]+/)).output
            #expect(String(second) != first && renewed.text.contains("Revoke the old token"))
            // Loaded again, or asked for once more: both stay good, and the page says why.
            let again = try await client.submit("\(page)/token", [])
            #expect(again.status == 303 && again.header("Location") == page)
            #expect(try await status(first) == 200)
            #expect(try await status(String(second)) == 200)
            #expect(try await client.get(page).text.contains("dsscim_") == false)
            let viewer = try await client.signedIn(as: .viewer)
            for path in ["/token", "/token/revoke"] {
                #expect(try await viewer.submit(page + path, []).status == 403)
                let stranger = try await client.signedIn(as: .admin, in: try await TestDatabase.current.makeCompany())
                #expect(try await stranger.submit(page + path, []).status == 404)
            }
            #expect(try await client.submit("\(page)/token/revoke", []).status == 303)
            #expect(try await status(first) == 401)
            #expect(try await status(String(second)) == 200)
            #expect(try await client.submit("\(page)/token/revoke", []).status == 303)
            #expect(try await status(String(second)) == 200)
            #expect(try await client.submit("\(page)/token", []).status == 200)
        }
    }

    @Test func `a removed connection's token opens nothing from that moment on`() async throws {
        try await withServer(as: .admin) { client in
            let made = try await client.post("/api/directory", New(type: "SCIM", name: "Entra")).decode(DirectoryResponse.self)
            let headers = [("Authorization", "Bearer \(made.bearerToken ?? "")")]
            #expect(try await client.anonymous.get("/api/scim/\(made.id)/Users", headers: headers).status == 200)
            #expect(try await client.delete("/api/directory/\(made.id)").status == 204)
            #expect(try await client.anonymous.get("/api/scim/\(made.id)/Users", headers: headers).status == 401)
        }
    }

    @Test func `who could not be taken is on the directory's page, with the reason`() async throws {
        try await withServer(as: .admin) { client in
            let scim = try await makeSCIMClient(client, in: client.company)
            let page = "/directories/\(scim.connection)"
            _ = try await scim.makeUser("one", ["emails": [["value": "dup@acme.example"]]])
            let working = try await client.get(page).text
            #expect(working.contains("Working") && !working.contains("People who could not be taken") && working.contains("1 person, 0 groups"))
            _ = try await scim.makeUser("two<b>", ["emails": [["value": "dup@acme.example"]]])
            _ = try await scim.makeUser("nobody", ["emails": .null])
            _ = try await scim.makeUser("left", ["emails": .null, "active": false])
            let shown = try await client.get(page).text
            #expect(shown.contains("Some not taken") && !shown.contains("Working") && shown.contains("People who could not be taken"))
            #expect(shown.contains("two&lt;b&gt;") && shown.contains("dup@acme.example") && shown.contains("4 people, 0 groups"))
            #expect(shown.contains(EmployeeProvisioning.Problem.otherPerson) && shown.contains(EmployeeProvisioning.Problem.noAddress))
            // Who has left lacks nothing.
            #expect(shown.contains("2 people") && !shown.contains(">left<"))
            #expect(try await client.get("/directories").text.contains("Some not taken"))
            for person in try await client.application.scim.skipped(of: scim.connection, for: scim.admin) {
                #expect(try await scim.send("DELETE", "/Users/\(person.id)").status == 204)
            }
            #expect(try await client.get(page).text.contains("Working"))
        }
    }

    @Test func `a viewer sees directories and changes none, and another company finds nothing`() async throws {
        try await withOkta { client, _ in
            let connection = try await connect(client)
            let viewer = try await client.signedIn(as: .viewer)
            #expect(try await viewer.get("/api/directory").status == 200)
            #expect(try await viewer.get("/directories/\(connection.id)").status == 200)
            #expect(try await viewer.post("/api/directory", New(type: "SCIM")).status == 403)
            #expect(try await viewer.post("/api/directory/\(connection.id)/sync").status == 403)
            #expect(try await viewer.delete("/api/directory/\(connection.id)").status == 403)
            let stranger = try await client.signedIn(as: .admin, in: try await TestDatabase.current.makeCompany())
            for (method, path) in [
                ("POST", "/test"), ("POST", "/sync"), ("GET", "/jobs"), ("DELETE", ""),
            ] {
                #expect(try await stranger.send(method, "/api/directory/\(connection.id)\(path)").status == 404, "\(method) \(path)")
            }
            #expect(try await stranger.get("/directories/\(connection.id)").status == 404)
            #expect(try await client.delete("/api/directory/\(connection.id)").status == 204)
        }
    }
}
