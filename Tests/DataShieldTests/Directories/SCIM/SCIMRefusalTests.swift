import DataShieldTestSupport
import Foundation
import JSON
import Logging
import Postgres
import SCIM
import Synchronization
import Testing

@testable import DataShield

/// A time that goes on by two seconds when it is told to.
private final class Moment: Sendable {
    private let seconds = Mutex(1_790_000_000.0)

    var date: Date { Date(timeIntervalSince1970: seconds.withLock { $0 }) }
    func goOn() { seconds.withLock { $0 += 2 } }
}

/// Which calls of a directory were refused, and who sees that.
@Suite(.freshDatabase) struct SCIMRefusalTests {
    private func listed(_ client: TestClient, _ scim: SCIMClient) async throws -> [SCIMRefusalResponse] {
        let answer = try await client.get("/api/directory/\(scim.connection)/refusals")
        #expect(answer.status == 200)
        return try answer.decode(Page<SCIMRefusalResponse>.self).items
    }

    private func rows(_ company: CompanyID) async throws -> Int {
        try await TestDatabase.current.tenant.query(
            for: company, "SELECT count(*) FROM scim_refusals WHERE company_id = \(company)", as: Int.self
        ).first ?? -1
    }

    @Test func `a refused call is listed with its reason, by the API and on the page, and the same again is counted`() async throws {
        try await withServer(as: .admin) { client in
            let scim = try await makeSCIMClient(client, in: client.company)
            #expect(try await listed(client, scim) == [])
            #expect(try await client.get("/directories/\(scim.connection)").text.contains("No call was refused"))
            let made = try await scim.makeUser("m@acme.example")
            for _ in 0..<3 { #expect(try await scim.makeUser("m@acme.example").status == 409) }
            #expect(try await scim.send("PUT", "/Users/\(made.id)", ["displayName": "x"]).status == 400)
            #expect(try await scim.get("/Users/c00000000?attributes=userName&x=m@acme.example").status == 404)
            #expect(try await scim.find("active gt true").status == 400)
            #expect(try await scim.get("/Me").status == 501)
            let calls = try await listed(client, scim)
            #expect(
                calls.map { "\($0.method) \($0.path) \($0.status) \($0.times)" }.sorted() == [
                    "GET /Me 501 1", "GET /Users 400 1", "GET /Users/c00000000 404 1", "POST /Users 409 3", "PUT /Users/\(made.id) 400 1",
                ])
            #expect(calls.first { $0.status == 409 }?.reason == "userName is in use already.")
            #expect(calls.first { $0.status == 404 }?.reason == "There is no User of this id.")
            #expect(calls.allSatisfy { $0.firstAt <= $0.lastAt && !$0.reason.isEmpty && !$0.reason.contains("acme.example") })
            let page = try await client.get("/directories/\(scim.connection)")
            #expect(page.text.contains("Refused calls") && page.text.contains("POST /Users") && page.text.contains("userName is in use already."))
            #expect(page.text.contains("3 times since") && page.text.contains("<p>7 calls</p>") && !page.text.contains(scim.token))
        }
    }

    @Test func `without a good token nothing is written, and a token in an address is not shown`() async throws {
        try await withServer(as: .admin) { client in
            let scim = try await makeSCIMClient(client, in: client.company)
            for token in ["", "wrong", "dsscim_" + String(repeating: "A", count: 43)] {
                var stranger = scim
                stranger.token = token
                for path in ["/Users", "/Users/c1", "/Me", "/Nothing"] { #expect(try await stranger.get(path).status >= 401) }
                #expect(try await stranger.makeUser("x@acme.example").status == 401)
            }
            #expect(try await rows(scim.company) == 0)
            #expect(try await scim.get("/Users/\(scim.token)").status == 404)
            #expect(try await scim.get("/Users/mara%40acme.example?filter=jo@acme.example").status == 404)
            let calls = try await listed(client, scim)
            #expect(calls.map { "\($0.path) \($0.times)" } == ["/Users/… 2"])
            let page = try await client.get("/directories/\(scim.connection)").text
            #expect(!page.contains(scim.token) && !page.contains("acme.example"))
        }
    }

    @Test(
        arguments: [
            ("/Users/mara@acme.example", "/Users/…"), ("/Users/mara%40acme.example/x", "/Users/…/x"), ("/Users/mara%2540acme.example", "/Users/…"),
            ("/Users/mara%ff%40acme.example", "/Users/…"), ("/Users/mara%zz%40acme.example", "/Users/…"),
            ("/Users/mara\u{FF20}acme.example", "/Users/…"), ("/Users/mara@\u{301}acme.example", "/Users/…"),
            (#"/Bulk/Users/c1?filter=userName eq "mara""#, "/Bulk/Users/c1"), ("/Users#mara", "/Users"),
            ("/Users%3Ffilter=userName%20eq%20mara", "/…"),
            ("/Users/dsscim_abc", "/Users/…"), ("/Users/x%64SSCIM%5fabc", "/Users/…"),
            ("/Users/aZ0_aZ0_aZ0_aZ0_aZ0_aZ0_aZ0_aZ0_aZ0_aZ0_", "/Users/…"),
            // What helps is left.
            ("/v2/Users/c0123456789abcdefghijklmn", "/v2/Users/c0123456789abcdefghijklmn"),
            ("/Users/0f0e0d0c-0b0a-4988-8776-655443322110", "/Users/0f0e0d0c-0b0a-4988-8776-655443322110"),
            (
                "/Schemas/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
                "/Schemas/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
            ),
        ]) func `an address and a token in a path are not kept`(path: String, kept: String)
    {
        #expect(SCIMRefusals.Call(method: "GET", path: path, status: 404, reason: "x").path == kept)
        let call = SCIMRefusals.Call(method: "PATCH", path: "/Users/{id}", status: 200, reason: "Passed over: urn:mara@acme.example:x dsscim_abc.")
        #expect(call.reason == "Passed over: … …")
    }

    @Test func `calls that come too fast are one row, whatever they were`() async throws {
        var settings = Settings.testing
        settings.scimRate = 1
        try await withServer(as: .admin, settings: settings) { client in
            let scim = try await makeSCIMClient(client, in: client.company)
            var refused = 0
            for number in 0..<60 {
                let path = ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"][number % 3]
                if try await scim.get(path).status == 429 { refused += 1 }
            }
            let calls = try await listed(client, scim)
            #expect(calls.map { "\($0.path) \($0.status) \($0.times)" } == ["… 429 \(refused)"])
            let page = try await client.get("/directories/\(scim.connection)").text
            #expect(page.contains("Calls of any kind") && page.contains("sent requests faster than it may"))
        }
    }

    @Test func `what another connection's address refuses is listed at the token's own, and nowhere else`() async throws {
        try await withServer(as: .admin) { client in
            let scim = try await makeSCIMClient(client, in: client.company)
            let theirs = try await makeSCIMClient(client, in: try await TestDatabase.current.makeCompany())
            let crossed = SCIMClient(client: client, company: scim.company, connection: theirs.connection, token: scim.token)
            #expect(try await crossed.get("/Users").status == 404)
            #expect(try await listed(client, scim).map(\.path) == ["/Users"])
            #expect(try await rows(theirs.company) == 0)
            #expect(try await theirs.get("/Users/x").status == 404)
            // Theirs is not there for us, with calls or without.
            #expect(try await client.get("/api/directory/\(theirs.connection)/refusals").status == 404)
            #expect(try await client.anonymous.get("/api/directory/\(scim.connection)/refusals").status == 401)
            #expect(try await client.signedIn(as: .viewer).get("/api/directory/\(scim.connection)/refusals").status == 200)
        }
    }

    @Test func `each operation of a bulk request that fails is listed, and so is what was passed over`() async throws {
        try await withServer(as: .admin) { client in
            let scim = try await makeSCIMClient(client, in: client.company)
            let made = try await scim.makeUser("m@acme.example")
            _ = try await scim.patch(
                "/Users/\(made.id)", ["op": "replace", "path": "isEnabled", "value": false], ["op": "add", "path": "phoneNumbers", "value": []],
                ["op": "replace", "value": ["costCentre": "7", "title": "T"]], ["op": "remove", "path": #"emails[kind eq "x"]"#])
            let group = try await scim.makeGroup("Finance")
            #expect(try await scim.patch("/Groups/\(group.id)", ["op": "add", "path": "costCentre", "value": "7"]).status == 204)
            let bulk: JSONValue = [
                "Operations": [
                    ["method": "POST", "path": "/Users", "bulkId": "a", "data": ["userName": "m@acme.example"]],
                    ["method": "DELETE", "path": "/Groups/c00000000"],
                ]
            ]
            #expect(try await scim.send("POST", "/Bulk", bulk).status == 200)
            let calls = try await listed(client, scim).map { "\($0.method) \($0.path) \($0.status): \($0.reason)" }.sorted()
            #expect(
                calls == [
                    "DELETE /Bulk/Groups/c00000000 404: There is no Group of this id.",
                    "PATCH /Groups/{id} 204: Passed over, because no attribute is called so: costCentre",
                    "PATCH /Users/{id} 200: Passed over, because no attribute is called so: costCentre",
                    "PATCH /Users/{id} 200: Passed over, because no attribute is called so: emails[kind]",
                    "PATCH /Users/{id} 200: Passed over, because no attribute is called so: isEnabled",
                    "POST /Bulk/Users 409: userName is in use already.",
                ])
            #expect(try await client.get("/directories/\(scim.connection)").text.contains("Done in part"))
        }
    }

    @Test func `what a resource has beyond ours is taken without complaint, and listed by its name`() async throws {
        try await withServer(as: .admin) { client in
            let scim = try await makeSCIMClient(client, in: client.company)
            let oneLogin = "urn:ietf:params:scim:schemas:extension:OneLogin:2.0:User"
            // As Entra, Okta and OneLogin send it.
            let more: [String: JSONValue] = [
                "name": ["givenName": "Mara", "familyName": "Lind", "middleName": "X"], oneLogin: ["status": 1], "roles": [], "password": "hush-hush",
                "phoneNumbers": [["type": "work", "value": "1"]], "costCentre": "7", "preferredLanguage": .null,
                enterprise: ["department": "Finance", "building": "B"],
            ]
            let made = try await scim.makeUser("m@acme.example", more)
            #expect(made.status == 201 && made.body["costCentre"] == nil && made.body[oneLogin] == nil)
            #expect(made.body["name"] == ["givenName": "Mara", "familyName": "Lind"])
            let again: JSONValue = .object(more.merging(["userName": "m@acme.example"]) { $1 })
            for _ in 0..<2 { #expect(try await scim.send("PUT", "/Users/\(made.id)", again).status == 200) }
            let patched = try await scim.patch(
                "/Users/\(made.id)", ["op": "add", "path": "name", "value": ["middleName": "Y"]],
                ["op": "replace", "value": [oneLogin: ["status": 2]]], ["op": "replace", "path": "urn:acme:1.0:User:tag", "value": "hush-hush"])
            #expect(patched.status == 200)
            let operations: JSONValue = [
                ["method": "POST", "path": "/Groups", "bulkId": "g", "data": ["displayName": "G", "owner": "x"]],
                ["method": "PUT", "path": .string("/Users/\(made.id)"), "data": again],
            ]
            #expect(try await scim.send("POST", "/Bulk", ["Operations": operations]).status == 200)
            let calls = try await listed(client, scim)
            let names = calls.map { call in
                "\(call.method) \(call.path) \(call.status) \(call.times) \(call.reason.split(separator: " ").last ?? "")"
            }
            let ofResources = ["costCentre", "name.middleName", "\(enterprise):building", "\(oneLogin):status"]
            #expect(
                names.sorted()
                    == (ofResources.map { "POST /Users 201 1 \($0)" } + ofResources.map { "PUT /Users/{id} 200 3 \($0)" } + [
                        "PATCH /Users/{id} 200 1 \(oneLogin):status", "PATCH /Users/{id} 200 1 name.middleName",
                        "PATCH /Users/{id} 200 1 urn:acme:1.0:User:tag", "POST /Groups 201 1 owner",
                    ]).sorted())
            let page = try await client.get("/directories/\(scim.connection)").text
            #expect(page.contains("Attributes that are not kept") && page.contains("No call was refused"))
            // Twelve rows: a name that came by POST, by PUT and by PATCH is one.
            #expect(page.contains("<p>6 names</p>"))
            #expect(page.contains("urn:acme:1.0:User:tag") && page.contains("3 times since") && !page.contains("hush-hush"))
            #expect(try await scim.employee("m@acme.example")?.department == "Finance")
        }
    }

    @Test func `endless names fill nothing, and hide no call that was refused`() async throws {
        try await withServer(as: .admin) { client in
            let scim = try await makeSCIMClient(client, in: client.company)
            #expect(try await scim.get("/Users/c00000000").status == 404)
            for number in 0..<30 {
                var body: [String: JSONValue] = ["userName": .string("p\(number)")]
                for name in 0..<200 { body["x\(number)n\(name)" + String(repeating: "y", count: 400)] = "x" }
                #expect(try await scim.send("POST", "/Users", .object(body)).status == 201)
            }
            let calls = try await listed(client, scim)
            #expect(calls.count(where: { $0.status == 404 }) == 1 && calls.count <= 101)
            #expect(try await rows(scim.company) <= 101)
            // What there was no room for is counted.
            #expect(calls.contains { $0.reason == "Passed over: more names that no attribute has than are listed one by one." && $0.times > 1 })
            #expect(calls.allSatisfy { $0.reason.unicodeScalars.count <= 300 })
            #expect(try await client.get("/directories/\(scim.connection)").text.contains("There is no User of this id."))
        }
    }

    @Test func `an odd operation of a bulk request is answered and listed by itself`() async throws {
        try await withServer(as: .admin) { client in
            let scim = try await makeSCIMClient(client, in: client.company)
            let made = try await scim.makeUser("m@acme.example")
            let operations: [JSONValue] = [
                ["method": "POST", "path": "/Users", "bulkId": "a", "data": ["userName": "a@acme.example"]],
                ["method": "GET", "path": .string("/Users/\(made.id)"), "bulkId": "odd"], "x",
                ["method": "POST", "path": "/Groups", "bulkId": "g", "data": ["displayName": "G", "members": [["value": "bulkId:nobody"]]]],
                [
                    "method": "PATCH", "path": .string("/Users/\(made.id)"), "bulkId": "p",
                    "data": ["Operations": [["op": "replace", "path": "active", "value": false]]],
                ],
            ]
            let reply = try await scim.send("POST", "/Bulk", ["Operations": .array(operations)])
            #expect(reply.status == 200)
            let outcomes = reply.body["Operations"]?.items ?? []
            #expect(outcomes.map { $0["status"]?.text } == ["201", "400", "400", "409", "200"])
            #expect(outcomes.map { $0["bulkId"]?.text } == ["a", "odd", nil, "g", "p"])
            #expect(outcomes[1]["method"] == "GET" && outcomes[1]["response"]?["scimType"] == "invalidSyntax")
            #expect(outcomes[1]["response"]?["detail"] == "Operation 2: method has to be POST, PUT, PATCH or DELETE.")
            #expect(outcomes[2]["response"]?["detail"] == "Operation 3: Each of Operations has to be an object, and this one is a text.")
            // The rest is done: who left is deactivated.
            #expect(try await scim.employee("a@acme.example") != nil)
            #expect(try await scim.employee("m@acme.example")?.deactivatedAt != nil)
            let calls = try await listed(client, scim).map { "\($0.method) \($0.path) \($0.status): \($0.reason)" }.sorted()
            #expect(
                calls == [
                    "GET /Bulk/Users/\(made.id) 400: method has to be POST, PUT, PATCH or DELETE.",
                    "POST /Bulk 400: Each of Operations has to be an object, and this one is a text.",
                    "POST /Bulk/Groups 409: The operation refers to a bulkId under which nothing was made.",
                ])
            // As many errors as it says end it, odd ones among them.
            let stopped = try await scim.send(
                "POST", "/Bulk", ["failOnErrors": 1, "Operations": .array(["x", operations[0], operations[4]])])
            #expect(stopped.body["Operations"]?.items?.map { $0["status"]?.text } == ["400"])
        }
    }

    @Test func `a call that no route takes is listed, with where the endpoint is`() async throws {
        try await withServer(as: .admin) { client in
            let scim = try await makeSCIMClient(client, in: client.company)
            #expect(try await scim.get("/v2/Users?filter=userName").status == 404)
            #expect(try await scim.send("POST", "/Schemas", [:]).status == 405)
            var stranger = scim
            stranger.token = "wrong"
            #expect(try await stranger.get("/v2/Groups").status == 404)
            let calls = try await listed(client, scim)
            #expect(calls.map { "\($0.method) \($0.path) \($0.status)" }.sorted() == ["GET /v2/Users 404", "POST /Schemas 405"])
            #expect(calls.allSatisfy { $0.reason.contains(scim.base + ", with nothing behind it") })
        }
    }

    private func call(_ path: String) -> SCIMRefusals.Call { SCIMRefusals.Call(method: "GET", path: path, status: 404, reason: "x") }

    @Test func `of each connection the latest hundred are kept`() async throws {
        let company = try await TestDatabase.current.makeCompany()
        let connection = try await TestDatabase.current.makeDirectoryConnection(in: company, type: .scim)
        let clock = Moment()
        let refusals = SCIMRefusals(database: TestDatabase.current.tenant, logger: Logger(label: "test"), now: { clock.date })
        for number in 0..<150 {
            clock.goOn()
            await refusals.note([call("/\(number)")], of: connection, in: company)
        }
        let subject = Subject(actor: .program("test"), company: company, role: .admin)
        let calls = try await refusals.list(of: connection, for: subject)
        #expect(calls.map(\.path) == (50..<150).reversed().map { "/\($0)" })
        #expect(try await rows(company) == 100)
        // The same as long ago is the latest again.
        clock.goOn()
        await refusals.note([call("/60")], of: connection, in: company)
        let again = try await refusals.list(of: connection, for: subject)
        #expect(again.first?.path == "/60" && again.first?.times == 2 && again.count == 100)
    }

    @Test func `however fast a directory calls, few writes tell of all`() async throws {
        let company = try await TestDatabase.current.makeCompany()
        let connection = try await TestDatabase.current.makeDirectoryConnection(in: company, type: .scim)
        let clock = Moment()
        let refusals = SCIMRefusals(database: TestDatabase.current.tenant, logger: Logger(label: "test"), now: { clock.date })
        // 5,000 different ones at one moment.
        for number in 0..<5_000 { await refusals.note([call("/\(number)")], of: connection, in: company) }
        #expect(try await rows(company) == 20)
        let subject = Subject(actor: .program("test"), company: company, role: .admin)
        let calls = try await refusals.list(of: connection, for: subject)
        #expect(calls.map(\.times).reduce(0, +) == 5_000)
        #expect(calls.count == 20 + SCIMRefusals.waiting + 1)
        let others = calls.first { $0.path == "…" }
        #expect(others?.status == 404 && others?.times == 5_000 - 20 - SCIMRefusals.waiting)
    }

    @Test func `texts are cut, and a connection that is gone is no failure`() async throws {
        let long = SCIMRefusals.Call(
            method: String(repeating: "M", count: 30), path: "/" + String(repeating: "é", count: 300), status: 400,
            reason: String(repeating: "🦊", count: 400) + "\u{0}")
        #expect(long.method.unicodeScalars.count == 20 && long.path.unicodeScalars.count == 200 && long.reason.unicodeScalars.count == 300)
        let company = try await TestDatabase.current.makeCompany()
        let refusals = SCIMRefusals(database: TestDatabase.current.tenant, logger: Logger(label: "test"))
        await refusals.note([long], of: DirectoryConnectionID(), in: company)
        #expect(try await rows(company) == 0)
        let connection = try await TestDatabase.current.makeDirectoryConnection(in: company, type: .scim)
        await refusals.note([long], of: connection, in: company)
        #expect(try await rows(company) == 1)
        try await TestDatabase.current.tenant.transaction(for: company) { db in try await DirectoryStore(db).delete(connection) }
        #expect(try await rows(company) == 0)
    }

    // MARK: Tokens by API

    @Test func `a token is changed by the API without a gap, shown once, and in the trail`() async throws {
        struct New: Codable, Sendable {
            var type = "SCIM"
            var name = "Entra"
        }
        try await withServer(as: .admin) { client in
            let made = try await client.post("/api/directory", New()).decode(DirectoryResponse.self)
            let first = try #require(made.bearerToken)
            let path = "/api/directory/\(made.id)/token"
            func isGood(_ token: String) async throws -> Bool {
                try await SCIMClient(client: client, company: client.company, connection: made.id, token: token).get("/Users").status == 200
            }
            // Only one is there.
            #expect(try await client.post("\(path)/revoke").status == 409)
            let answer = try await client.post(path)
            #expect(answer.status == 201 && answer.header("Cache-Control")?.contains("no-store") == true)
            let second = try answer.decode(DirectoryRoutes.NewToken.self)
            #expect(second.endpoint == made.endpoint && second.isFormerTokenGood && second.bearerToken != first)
            #expect(try await isGood(first))
            #expect(try await isGood(second.bearerToken))
            let third = try await client.post(path)
            #expect(third.status == 409 && third.text.contains("revoke the old one; then another can be made"))
            #expect(try await client.post("\(path)/revoke").status == 204)
            #expect(try await isGood(first) == false)
            #expect(try await isGood(second.bearerToken))
            for read in ["/api/directory", "/directories/\(made.id)", "/api/audit"] {
                let shown = try await client.get(read).text
                #expect(!shown.contains(second.bearerToken), "\(read)")
            }
            let trail = try await client.get("/api/audit").text
            #expect(trail.contains("scim.token_rotated") && trail.contains("scim.previous_token_revoked"))
        }
    }

    @Test func `only who manages connections changes a token, and only of a SCIM directory of the company`() async throws {
        try await withServer(as: .admin) { client in
            let scim = try await makeSCIMClient(client, in: client.company)
            let theirs = try await makeSCIMClient(client, in: try await TestDatabase.current.makeCompany())
            let ldap = try await TestDatabase.current.makeDirectoryConnection(in: client.company, type: .ldap)
            for rest in ["token", "token/revoke"] {
                #expect(try await client.signedIn(as: .viewer).post("/api/directory/\(scim.connection)/\(rest)").status == 403)
                #expect(try await client.anonymous.post("/api/directory/\(scim.connection)/\(rest)").status == 401)
                #expect(try await client.post("/api/directory/\(theirs.connection)/\(rest)").status == 404)
                #expect(try await client.post("/api/directory/\(ldap)/\(rest)").status == 404)
            }
            #expect(try await scim.get("/Users").status == 200)
            #expect(try await theirs.get("/Users").status == 200)
        }
    }
}
