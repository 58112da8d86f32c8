import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct OpenAPITests {
    @Test func `the document has every route of the API and resolves by itself`() async throws {
        try await withServer(as: nil) { client in
            let answer = try await client.get("/api/openapi.json")
            #expect(answer.status == 200)
            let document = try #require(try JSONSerialization.jsonObject(with: Data(answer.bytes)) as? [String: Any])
            #expect(document["openapi"] as? String == "3.1.0")
            let paths = try #require(document["paths"] as? [String: [String: Any]])
            let components = try #require((document["components"] as? [String: Any])?["schemas"] as? [String: Any])
            var identifiers: Set<String> = []
            for route in client.application.routes where !route.isPage && !["/api/openapi.json", "/api/docs"].contains(route.path) {
                let operation = try #require(paths[route.path]?[route.method.rawValue.lowercased()] as? [String: Any], "\(route.path)")
                let id = try #require(operation["operationId"] as? String)
                #expect(identifiers.insert(id).inserted, "\(id) twice")
                #expect(!(operation["summary"] as? String ?? "").isEmpty, "\(route.path)")
                #expect((operation["responses"] as? [String: Any])?[String(route.status.code)] != nil)
                let names = (operation["parameters"] as? [[String: Any]] ?? []).filter { $0["in"] as? String == "path" }.compactMap {
                    $0["name"] as? String
                }
                #expect(route.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) } == names)
            }
            // Every reference leads somewhere.
            let references = answer.text.matches(of: /"\$ref":"#\/components\/schemas\/([^"]+)"/).map { String($0.output.1) }
            #expect(!references.isEmpty)
            for name in Set(references) {
                #expect(components[name] != nil, "\(name)")
                #expect(name.wholeMatch(of: /[A-Za-z0-9._-]+/) != nil, "\(name)")
            }
            #expect(!(components.values.contains { $0 is NSNull }))
        }
    }

    @Test func `one page is for people who are signed in and for those who are not, and asks nothing of another site`() async throws {
        try await withServer { client in
            for client in [client, client.anonymous] {
                let page = try await client.get("/api/docs")
                #expect(page.status == 200)
                for route in client.application.routes where !route.isPage && route.path.hasPrefix("/api/") {
                    #expect(page.text.contains(">\(route.path)</code>"), "\(route.path)")
                }
                #expect(page.text.contains("providers") && page.text.contains("required"), "Fields are shown, too.")
                #expect(page.text.contains("<nav") == (client.token != nil))
                #expect(page.text.firstMatch(of: /(src|href|action)="(https?:)?\/\//) == nil)
            }
        }
    }
}
