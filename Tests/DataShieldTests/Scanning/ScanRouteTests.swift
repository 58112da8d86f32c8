import DataShieldTestSupport
import Foundation
import Postgres
import Sandbox
import Testing

@testable import DataShield

/// Keys, scans and breaches as a program uses them: over HTTP, with a worker and Have I Been Pwned as the Sandbox has it.
@Suite(.freshDatabasePerTest) struct ScanRouteTests {
    private static let key = "0123456789abcdef0123456789abcdef"
    private static let domain = "routes.example"

    /// Runs a server for a company of three people, two of whom are exposed.
    private func withCompany(hasKey: Bool = true, _ body: @Sendable (TestClient, Sandbox) async throws -> Void) async throws {
        let database = TestDatabase.current
        let company = try await database.makeCompany(domain: Self.domain)
        var configuration = Sandbox.Configuration()
        configuration.exposedShare = 0
        let people = ["ada": ["Adobe", "LinkedIn"], "bob": ["Adobe"], "cyd": []]
        for (alias, breaches) in people {
            configuration.exposures["\(alias)@\(Self.domain)"] = breaches
            _ = try await database.makeEmployee(in: company, email: "\(alias)@\(Self.domain)", firstName: alias)
        }
        configuration.domains = [Self.domain: Array(people.keys)]
        try await Sandbox.with(configuration) { url, sandbox in
            var settings = Settings.testing
            settings.providerURLs = [ApiProvider.hibp.rawValue: try #require(URL(string: url))]
            try await withServer(in: company, settings: settings) { client in
                if hasKey {
                    let added = try await client.post("/api/credentials", ["provider": "HIBP", "key": Self.key])
                    #expect(added.status == 201)
                }
                try await body(client, sandbox)
            }
        }
    }

    // MARK: Keys

    @Test func `a key is added, tried and removed, and never shown`() async throws {
        try await withCompany(hasKey: false) { client, sandbox in
            let added = try await client.post("/api/credentials", ["provider": "HIBP", "label": "Ours", "key": Self.key])
            #expect(added.status == 201)
            let key = try added.decode(CredentialResponse.self)
            #expect(key.status == .pending)
            #expect(key.keyHint == "cdef")
            let list = try await client.get("/api/credentials")
            #expect(try list.decode(Page<CredentialResponse>.self).items == [key])

            let good = try await client.post("/api/credentials/\(key.id)/test")
            #expect(good.status == 200)
            #expect(try good.decode(CredentialTrialResponse.self).ok)
            #expect(try good.decode(CredentialTrialResponse.self).credential.status == .active)
            sandbox.misbehave(.init(.refusedKey))
            let bad = try await client.post("/api/credentials/\(key.id)/test")
            #expect(bad.status == 200)
            #expect(try bad.decode(CredentialTrialResponse.self).ok == false)
            #expect(try bad.decode(CredentialTrialResponse.self).credential.errorMessage == "The key is refused.")
            for answer in [added, list, good, bad] { #expect(!answer.text.contains(Self.key)) }

            #expect(try await client.delete("/api/credentials/\(key.id)").status == 204)
            #expect(try await client.delete("/api/credentials/\(key.id)").status == 404)
            #expect(try await client.post("/api/credentials/\(key.id)/test").status == 404)
        }
    }

    @Test(arguments: [
        (["provider": "HIBP", "key": "short"], ["key"]), (["provider": "HIBP", "key": "has a blank in it"], ["key"]), (["provider": "HIBP"], ["key"]),
        (["provider": "NOBODY", "key": key], ["provider"]), (["provider": "HIBP", "key": key, "secret": "x"], ["secret"]),
        (["provider": "HIBP", "key": key, "label": String(repeating: "x", count: 101)], ["label"]),
    ])
    func `what is no key is refused by field`(body: [String: String], fields: [String]) async throws {
        try await withServer { client in
            let answer = try await client.post("/api/credentials", body)
            #expect(answer.status == 422)
            #expect(try answer.fields == fields)
            #expect(!answer.text.contains(Self.key))
        }
    }

    @Test func `a viewer sees keys and scans, starts scans, and does not change keys`() async throws {
        try await withCompany { client, _ in
            let viewer = try await client.signedIn(as: .viewer)
            let id = try #require(try await viewer.get("/api/credentials").decode(Page<CredentialResponse>.self).items.first).id
            #expect(try await viewer.post("/api/credentials", ["provider": "HIBP", "key": Self.key]).status == 403)
            #expect(try await viewer.post("/api/credentials/\(id)/test").status == 403)
            #expect(try await viewer.delete("/api/credentials/\(id)").status == 403)
            #expect(try await viewer.post("/api/employees/scan").status == 202)
            #expect(try await viewer.get("/api/scans").status == 200)
        }
    }

    @Test func `another company's keys and scans are not found`() async throws {
        try await withCompany { client, _ in
            let key = try #require(try await client.get("/api/credentials").decode(Page<CredentialResponse>.self).items.first).id
            let run = try await client.post("/api/employees/scan").decode(ScanRun.Response.self).id
            let stranger = try await client.signedIn(as: .admin, in: try await TestDatabase.current.makeCompany())
            #expect(try await stranger.get("/api/credentials").decode(Page<CredentialResponse>.self).items.isEmpty)
            #expect(try await stranger.post("/api/credentials/\(key)/test").status == 404)
            #expect(try await stranger.delete("/api/credentials/\(key)").status == 404)
            #expect(try await stranger.get("/api/scans").decode(Page<ScanRun.Response>.self).items.isEmpty)
            #expect(try await stranger.get("/api/scans/\(run)").status == 404)
            let events = try await stranger.get("/api/scans/\(run)/events")
            #expect(events.status == 404)
            #expect(events.header("Content-Type") == "application/problem+json")
        }
    }

    // MARK: Scans

    @Test func `without a key no scan starts, and only one runs at a time`() async throws {
        try await withCompany(hasKey: false) { client, _ in
            let keyless = try await client.post("/api/employees/scan")
            #expect(keyless.status == 503)
            #expect(try keyless.problem.detail.contains("No key"))
            #expect(try await client.post("/api/credentials", ["provider": "HIBP", "key": Self.key]).status == 201)
            let started = try await client.post("/api/employees/scan")
            #expect(started.status == 202)
            let run = try started.decode(ScanRun.Response.self)
            #expect(run.status == .pending)
            #expect(run.total == 3)
            #expect(run.startedBy == client.user)
            let second = try await client.post("/api/employees/scan")
            #expect(second.status == 409)
            #expect(second.header("Retry-After") != nil)
            #expect(second.header("Content-Type") == "application/problem+json")
        }
    }

    @Test func `a scan's events lead from its beginning to its end`() async throws {
        try await withCompany { client, sandbox in
            // So that it can be seen on its way.
            sandbox.misbehave(.init(.slow, pathPrefix: "breacheddomain/", delayMilliseconds: 1_000))
            let run = try await client.post("/api/employees/scan").decode(ScanRun.Response.self).id
            let stream = try await client.application.withWorker { try await client.get("/api/scans/\(run)/events") }
            #expect(stream.status == 200)
            #expect(stream.header("Content-Type") == "text/event-stream")
            #expect(stream.header("Cache-Control") == "no-cache")
            let events = try Self.events(stream.text)
            #expect(events.count >= 2)
            #expect(events.first?.name == "progress")
            #expect(events.dropLast().allSatisfy { $0.name == "progress" && !$0.run.status.isFinished && $0.run.percent < 100 })
            let end = try #require(events.last)
            #expect(end.name == "finished")
            #expect(end.run.status == .succeeded)
            #expect(numbers(end.run.percent, end.run.scanned, end.run.newRecords, end.run.newAlerts, end.run.errors) == [100, 3, 3, 3, 0])

            // Whoever comes late is told the end at once.
            let late = try Self.events(try await client.get("/api/scans/\(run)/events").text)
            #expect(late.map(\.name) == ["finished"])
            #expect(late.first?.run == end.run)
            #expect(try await client.get("/api/scans/\(run)").decode(ScanRun.Response.self) == end.run)
            let list = try await client.get("/api/scans?limit=1").decode(Page<ScanRun.Response>.self)
            #expect(list.items == [end.run])
            #expect(list.nextCursor == nil)
            #expect(try await client.get("/api/scans?cursor=nonsense").status == 422)
        }
    }

    private struct Event {
        var name: String
        var run: ScanRun.Response
    }

    private static func events(_ text: String) throws -> [Event] {
        try text.components(separatedBy: "\n\n").filter { !$0.isEmpty && !$0.hasPrefix(":") }.map { block in
            let lines = block.components(separatedBy: "\n")
            #expect(lines.count == 2)
            let name = try #require(lines.first { $0.hasPrefix("event: ") }).dropFirst("event: ".count)
            let data = try #require(lines.first { $0.hasPrefix("data: ") }).dropFirst("data: ".count)
            return Event(name: String(name), run: try JSONCoding.decode(ScanRun.Response.self, from: Array(data.utf8)))
        }
    }

    // MARK: Breaches

    @Test func `a company's breaches, and who is in each`() async throws {
        try await withCompany { client, _ in
            #expect(try await client.get("/api/breaches").decode(Page<Breaches.Response>.self).items.isEmpty)
            let run = try await client.post("/api/employees/scan").decode(ScanRun.Response.self).id
            _ = try await client.application.withWorker { try await client.get("/api/scans/\(run)/events") }

            let breaches = try await client.get("/api/breaches").decode(Page<Breaches.Response>.self).items
            #expect(breaches.map(\.name) == ["Adobe", "LinkedIn"])
            #expect(breaches.map(\.affected) == [2, 1])
            let adobe = try #require(breaches.first)
            #expect(try await client.get("/api/breaches/\(adobe.id)").decode(Breaches.Response.self) == adobe)
            let first = try await client.get("/api/breaches/\(adobe.id)/employees?limit=1").decode(Page<Breaches.AffectedResponse>.self)
            let cursor = try #require(first.nextCursor)
            let second = try await client.get("/api/breaches/\(adobe.id)/employees?limit=1&cursor=\(cursor)").decode(
                Page<Breaches.AffectedResponse>.self)
            #expect(second.nextCursor == nil)
            let affected = first.items + second.items
            #expect(Set(affected.map(\.employeeEmail)) == ["ada@\(Self.domain)", "bob@\(Self.domain)"])
            #expect(affected.allSatisfy { $0.alertStatus == .open && $0.sources == [.hibp] && $0.exposedData.contains("password") })

            #expect(try await client.get("/api/breaches?q=linked").decode(Page<Breaches.Response>.self).items.map(\.name) == ["LinkedIn"])
            #expect(try await client.get("/api/breaches?all=true&limit=200").decode(Page<Breaches.Response>.self).items.count > 2)
            #expect(try await client.get("/api/breaches?dataType=ssn").decode(Page<Breaches.Response>.self).items.isEmpty)
            #expect(try await client.get("/api/breaches?sort=nonsense").status == 422)
            #expect(try await client.get("/api/breaches/\(BreachID())").status == 404)
            #expect(try await client.get("/api/breaches/\(BreachID())/employees").status == 404)

            // The catalogue is everybody's; who is in it is not.
            let stranger = try await client.signedIn(as: .admin, in: try await TestDatabase.current.makeCompany())
            #expect(try await stranger.get("/api/breaches").decode(Page<Breaches.Response>.self).items.isEmpty)
            #expect(try await stranger.get("/api/breaches/\(adobe.id)").decode(Breaches.Response.self).affected == 0)
            #expect(try await stranger.get("/api/breaches/\(adobe.id)/employees").decode(Page<Breaches.AffectedResponse>.self).items.isEmpty)
        }
    }
}
