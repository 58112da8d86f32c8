import DataShieldTestSupport
import Foundation
import JSON
import Postgres
import SCIM
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct SCIMAccessTests {
    private func admin(_ scim: SCIMClient) -> Subject { Subject(actor: .program("test"), company: scim.company, role: .admin) }

    @Test(arguments: ["", "wrong", "dsscim_" + String(repeating: "A", count: 43), String(repeating: "x", count: 5_000)])
    func `without the token everything is refused in the words of SCIM`(token: String) async throws {
        try await withSCIM { scim in
            var stranger = scim
            stranger.token = token
            for path in ["/Users", "/Groups", "/ServiceProviderConfig", "/Schemas", "/Me", "/Users/c1", ""] {
                let refused = try await stranger.get(path)
                #expect(refused.status == 401 && refused.body["status"] == "401" && !refused.detail.isEmpty, "\(path)")
                #expect(refused.body["schemas"] == [.string(SCIMMessage.error)])
                #expect(refused.answer.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
                #expect(refused.answer.header("Content-Type")?.hasPrefix("application/scim+json") == true)
            }
            #expect(try await stranger.makeUser("m@acme.example").status == 401)
            #expect(try await scim.employeeCount() == 0)
        }
    }

    @Test func `another scheme is no token, and a session opens nothing here`() async throws {
        try await withServer(as: .admin) { client in
            let scim = try await makeSCIMClient(client, in: client.company)
            for header in ["non-token", "Basic \(scim.token)", "Bearer", "Bearer  "] {
                let refused = try await client.anonymous.get("\(scim.base)/Users", headers: [("Authorization", header)])
                #expect(refused.status == 401, "\(header)")
            }
            #expect(try await client.get("\(scim.base)/Users").status == 401)
            #expect(try await client.anonymous.get("\(scim.base)/Users", headers: [("Authorization", "bearer \(scim.token)")]).status == 200)
            // And the token opens nothing else.
            #expect(try await client.anonymous.get("/api/employees", headers: [("Authorization", "Bearer \(scim.token)")]).status == 401)
        }
    }

    @Test func `a token is good for its own connection, and what another pushed is not there`() async throws {
        try await withSCIM { scim in
            let theirs = try await makeSCIMClient(scim.client, in: try await TestDatabase.current.makeCompany())
            let mine = try await scim.makeUser("m@acme.example"), other = try await theirs.makeUser("m@acme.example")
            #expect(other.status == 201)
            let group = try await theirs.makeGroup("Finance", [mine.id])
            #expect(group.status == 201)
            for path in ["/Users/\(other.id)", "/Groups/\(group.id)"] {
                for method in ["GET", "PUT", "PATCH", "DELETE"] {
                    let body: JSONValue? =
                        method == "PUT"
                        ? ["userName": "x", "displayName": "x"] : method == "PATCH" ? ["Operations": [["op": "remove", "path": "title"]]] : nil
                    #expect(try await scim.send(method, path, body).status == 404, "\(method) \(path)")
                }
            }
            #expect(try await scim.get("/Users").total == 1)
            #expect(try await scim.get("/Groups").total == 0)
            #expect(try await scim.find("id eq \"\(other.id)\"").total == 0)
            // Their address with our token.
            let crossed = SCIMClient(client: scim.client, company: scim.company, connection: theirs.connection, token: scim.token)
            let refused = try await crossed.get("/Users")
            #expect(refused.status == 404 && refused.body["schemas"] == [.string(SCIMMessage.error)] && refused.body["Resources"] == nil)
            #expect(try await crossed.makeUser("x@acme.example").status == 404)
            // Their group gave our person no department, and the other connection of our own company sees nothing either.
            #expect(try await scim.employee("m@acme.example")?.department == nil)
            let second = try await makeSCIMClient(scim.client, in: scim.company)
            #expect(try await second.get("/Users/\(mine.id)").status == 404)
            #expect(try await second.get("/Users").total == 0)
            #expect(try await second.makeUser("M@acme.example").status == 201)
        }
    }

    @Test func `two tokens are good at once, until the former is taken back`() async throws {
        try await withSCIM { scim in
            let tokens = scim.client.application.scimTokens
            var renewed = scim
            renewed.token = try await tokens.rotate(scim.connection, by: admin(scim))
            for good in [scim, renewed] { #expect(try await good.get("/Users").status == 200) }
            // A third would take away the first, which the directory may be using.
            await #expect(throws: SCIMTokens.Failure.formerStillGood) { _ = try await tokens.rotate(scim.connection, by: admin(scim)) }
            for good in [scim, renewed] { #expect(try await good.get("/Users").status == 200) }
            #expect(try await tokens.hasFormer(scim.connection, for: admin(scim)))
            try await tokens.revokePrevious(scim.connection, by: admin(scim))
            #expect(try await scim.get("/Users").status == 401)
            #expect(try await renewed.get("/Users").status == 200)
            await #expect(throws: SCIMTokens.Failure.nothingToRevoke) { try await tokens.revokePrevious(scim.connection, by: admin(scim)) }
            var issued = scim
            issued.token = try await tokens.issue(for: scim.connection, by: admin(scim))
            #expect(try await renewed.get("/Users").status == 401)
            #expect(try await issued.get("/Users").status == 200)
            #expect(tokens.endpoint(of: scim.connection).hasSuffix(scim.base))
        }
    }

    @Test func `a connection that another process removed a moment ago is refused as one without a token`() async throws {
        try await withSCIM { scim in
            #expect(try await scim.get("/Users").status == 200)
            try await TestDatabase.current.tenant.transaction(for: scim.company) { db in try await DirectoryStore(db).delete(scim.connection) }
            // The token is still remembered here.
            #expect(try await scim.makeGroup("Finance").status == 401)
            #expect(try await scim.makeUser("m@acme.example").status == 401)
            #expect(try await scim.employeeCount() == 0)
        }
    }

    @Test func `tokens are given to SCIM connections of one's own company only, and stored as hashes`() async throws {
        try await withSCIM { scim in
            let tokens = scim.client.application.scimTokens
            let ldap = try await TestDatabase.current.makeDirectoryConnection(in: scim.company, type: .ldap)
            let stranger = Subject(actor: .program("test"), company: try await TestDatabase.current.makeCompany(), role: .admin)
            await #expect(throws: SCIMTokens.Failure.notFound) { _ = try await tokens.issue(for: ldap, by: admin(scim)) }
            await #expect(throws: SCIMTokens.Failure.notFound) { _ = try await tokens.rotate(scim.connection, by: stranger) }
            await #expect(throws: SCIMTokens.Failure.notFound) { try await tokens.revokePrevious(scim.connection, by: stranger) }
            let stored = try await TestDatabase.current.owner.first(
                "SELECT bearer_token_hash FROM directory_connections WHERE id = \(scim.connection)", as: [UInt8].self)
            #expect(stored == Token.hash(of: scim.token))
            #expect(SCIMTokens.makeToken().plain != SCIMTokens.makeToken().plain)
        }
    }

    @Test func `a connection that was heard of is active, and knows how many people it has`() async throws {
        try await withSCIM { scim in
            _ = try await scim.get("/ServiceProviderConfig")
            let row = try await TestDatabase.current.tenant.query(
                for: scim.company, "SELECT \(DirectoryConnection.columns) FROM directory_connections d WHERE d.id = \(scim.connection)",
                as: DirectoryConnection.self
            ).first
            #expect(row?.status == .active && row?.lastSyncAt != nil && row?.lastSyncCount == 0)
        }
    }

    @Test func `whoever asks too fast is told when to come again, and others are not`() async throws {
        var settings = Settings.testing
        settings.scimRate = 1
        try await withSCIM(settings: settings) { scim in
            var last: SCIMClient.Reply?
            for _ in 0..<60 where last?.status != 429 { last = try await scim.get("/ServiceProviderConfig") }
            #expect(last?.status == 429 && last?.body["status"] == "429")
            #expect(last?.answer.header("Retry-After").flatMap { Int($0) } ?? 0 >= 1)
            #expect(try await makeSCIMClient(scim.client, in: scim.company).get("/Users").status == 200)
        }
    }

    @Test func `operations of a change are paid for as those of a bulk request`() async throws {
        var settings = Settings.testing
        settings.scimRate = 10
        for isBulk in [false, true] {
            try await withSCIM(settings: settings) { scim in
                let made = try await scim.makeGroup("Finance")
                let operations = JSONValue.array((0..<300).map { ["op": "add", "path": "members", "value": .string("m\($0)")] })
                let change: JSONValue = ["Operations": operations]
                if isBulk {
                    let bulk: JSONValue = ["Operations": [["method": "PATCH", "path": .string("/Groups/\(made.id)"), "data": change]]]
                    #expect(try await scim.send("POST", "/Bulk", bulk).status == 200)
                } else {
                    #expect(try await scim.send("PATCH", "/Groups/\(made.id)", change).status == 204)
                }
                #expect(try await scim.get("/Groups").status == 429)
            }
        }
    }

    @Test func `a rate refills with time, and what is owed is paid first`() throws {
        let limit = SCIMRateLimit(rate: 10), connection = DirectoryConnectionID(), start = Date(timeIntervalSince1970: 1_000_000)
        for _ in 0..<200 { try limit.take(connection, now: start) }
        #expect(throws: SCIMRateLimit.TooMany.self) { try limit.take(connection, now: start) }
        try limit.take(connection, now: start.addingTimeInterval(0.2))
        limit.owe(100, connection, now: start.addingTimeInterval(0.2))
        let refusal = #expect(throws: SCIMRateLimit.TooMany.self) { try limit.take(connection, now: start.addingTimeInterval(1)) }
        #expect((9...11).contains(refusal?.retryAfterSeconds ?? 0))
        try limit.take(connection, now: start.addingTimeInterval(12))
    }

    @Test func `an address below the connection's that there is not is a 404 of SCIM, a wrong method a 405`() async throws {
        try await withSCIM { scim in
            for path in ["/Nothing", "/Users/a/b", "/a/b/c/d", "/Schemas/a/b", "/Users/.search"] {
                let missing = try await scim.get(path)
                #expect(
                    [404, 405].contains(missing.status) && missing.body["schemas"] == [.string(SCIMMessage.error)] && !missing.detail.isEmpty,
                    "\(path)")
            }
            for path in [
                "/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", "/ResourceTypes/User",
            ] {
                for method in ["POST", "PUT", "PATCH", "DELETE"] {
                    let refused = try await scim.send(method, path, [:])
                    #expect(
                        refused.status == 405 && refused.body["status"] == "405" && refused.answer.header("Allow") == "GET, HEAD, OPTIONS",
                        "\(method) \(path)"
                    )
                }
                #expect(try await scim.get(path + "?filter=id%20pr").status == 403)
            }
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] { #expect(try await scim.send(method, "/Me", [:]).status == 501) }
            for id in ["010101001010101011001010101011", "00919288221112222", "urn:x", "%00", "c0000000000000000000000zz"] {
                let missing = try await scim.get("/Users/\(id)")
                #expect(missing.status == 404 && missing.body["status"] == "404" && !missing.detail.isEmpty, "\(id)")
            }
        }
    }

    @Test func `what the service is, is described`() async throws {
        try await withSCIM { scim in
            let config = try await scim.get("/ServiceProviderConfig").body
            #expect(config["patch"]?["supported"] == true && config["bulk"]?["maxPayloadSize"] == 1_048_576 && config["etag"]?["supported"] == true)
            #expect(config["authenticationSchemes"]?.items?.first?["type"] == "oauthbearertoken")
            for (path, count) in [("/ResourceTypes", 2), ("/Schemas", 3)] {
                let list = try await scim.get(path)
                #expect(list.total == count && list.resources.count == count)
                for item in list.resources {
                    let one = try await scim.get("\(path)/\(item["id"]?.text ?? "")")
                    #expect(one.status == 200 && one.body == item)
                    #expect(item["meta"]?["location"]?.text == "\(scim.client.server.origin)\(scim.base)\(path)/\(item["id"]?.text ?? "")")
                }
                #expect(try await scim.get("\(path)/unheardOf").status == 404)
            }
        }
    }

    @Test(arguments: [
        ("", 400), ("{", 400), ("[]", 400), ("null", 400), ("\"x\"", 400), ("{}", 400), ("{\"userName\": \"a\"} x", 400),
        ("{\"userName\": \"a\", \"userName\": \"b\"}", 400),
        ("{\"userName\": true}", 400), ("{\"userName\": null}", 400), ("{\"userName\": {\"a\": \"b\"}}", 400), ("{\"userName\": \"a\\u0000\"}", 400),
        ("{\"userName\": \"\\ud800\"}", 400), (String(repeating: "[", count: 5_000), 400), ("{\"userName\": \"a\", \"active\": \"sometimes\"}", 400),
        ("{\"userName\": \"a\", \"emails\": \"x\", \"name\": 3}", 400), ("{\"userName\": \"a\", \"schemas\": {}}", 400), ("<xml/>", 400),
        ("{\"userName\": \"" + String(repeating: "a", count: 1 << 20) + "\"}", 413),
    ]) func `a body of every malformed kind is refused with the reason, and nothing is written`(body: String, status: Int) async throws {
        try await withSCIM { scim in
            for (method, path) in [("POST", "/Users"), ("POST", "/Groups"), ("POST", "/Bulk")] {
                let refused = try await scim.send(method, path, raw: body)
                // A group's body may be larger; then its name is missing.
                let status = path == "/Groups" && status == 413 ? 400 : status
                #expect(refused.status == status && refused.body["status"] == .string("\(status)") && !refused.detail.isEmpty, "\(method) \(path)")
                #expect(status == 413 || refused.body["scimType"] != nil, "\(method) \(path)")
            }
            let made = try await scim.makeUser("kept@acme.example")
            let patched = try await scim.send("PATCH", "/Users/\(made.id)", raw: body)
            #expect(patched.status == status)
            #expect(try await scim.get("/Users").total == 1)
        }
    }

    @Test func `a body that is no UTF-8, or no JSON by its type, is refused`() async throws {
        try await withSCIM { scim in
            let bytes: [UInt8] = Array("{\"userName\": \"".utf8) + [0xFF, 0xFE] + Array("\"}".utf8)
            let headers = [("Authorization", "Bearer \(scim.token)")]
            let broken = try await scim.client.send("POST", "\(scim.base)/Users", body: bytes, contentType: "application/json", headers: headers)
            #expect(broken.status == 400)
            let text = try await scim.send("POST", "/Users", ["userName": "a"], type: "text/plain")
            #expect(text.status == 415 && text.body["status"] == "415")
            for type in ["application/json", "application/scim+json", "Application/JSON; charset=utf-8"] {
                #expect(try await scim.send("POST", "/Users", ["userName": .string(type)], type: type).status == 201)
            }
        }
    }

    @Test(arguments: [
        "filter=userName", "filter=userName%20eq", "filter=(((", "filter=active%20gt%20true", "filter=emails%5Btype%20eq", "sortBy=unheardOf",
        "sortOrder=up", "count=many",
        "startIndex=x", "attributes=userName&excludedAttributes=title", "filter=%ZZ", "attributes=a%20b!",
        "filter=title%20eq%20%22%5Cu0000%22", "filter=title%20eq%20%22%00%22", "filter=emails%5Bvalue%20eq%20%22%00%22%5D",
        "filter=meta.created%20gt%20%22294277-01-01T00:00:00Z%22", "filter=meta.lastModified%20lt%20%220000-01-01T00:00:00Z%22",
    ]) func `a question that makes no sense is refused with the reason`(query: String) async throws {
        try await withSCIM { scim in
            let refused = try await scim.get("/Users?\(query)")
            #expect(refused.status == 400 && refused.body["scimType"] != nil && !refused.detail.isEmpty)
        }
    }

    @Test func `SQL in a filter is a text like any other`() async throws {
        try await withSCIM { scim in
            _ = try await scim.makeUser("m@acme.example")
            for text in ["' OR '1'='1", "'; DROP TABLE scim_resources; --", "$1", "%", "_", "\\\\"] {
                for comparison in ["eq", "co", "sw", "ew", "gt"] {
                    let found = try await scim.find(
                        "title \(comparison) \"\(text)\" or userName \(comparison) \"\(text)\" and emails[value co \"\(text)\"]")
                    #expect(found.status == 200 && found.total == 0, "\(comparison) \(text)")
                }
            }
            #expect(try await scim.get("/Users").total == 1)
        }
    }
}
