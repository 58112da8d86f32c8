import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct AlertRoutesTests {
    @Test func `a viewer sees an alert, acknowledges it, and notes something`() async throws {
        try await withServer(as: .viewer) { client in
            let id = try await TestDatabase.current.makeAlert(in: client.company, message: "<script>alert(1)</script>")
            let list = try await client.get("/api/alerts").decode(Page<AlertListing>.self)
            #expect(list.items.map(\.id) == [id])
            #expect(list.items.map(\.message) == ["<script>alert(1)</script>"])
            let changed = try await client.patch("/api/alerts/\(id)", ["status": "ACKNOWLEDGED"])
            #expect(changed.status == 200)
            #expect(try changed.decode(AlertListing.self).acknowledgedAt != nil)
            let comment = try await client.post("/api/alerts/\(id)/comments", ["body": "Called her."])
            #expect(comment.status == 201)
            #expect(try await client.get("/api/alerts/\(id)/comments").decode(Page<AlertCommentResponse>.self).items.map(\.body) == ["Called her."])
            let detail = try await client.get("/api/alerts/\(id)")
            let decoded = try detail.decode(AlertDetailResponse.self)
            #expect(decoded.status == .acknowledged)
            #expect(decoded.history.map(\.action) == ["alert.commented", "alert.status_changed"])
            // What the trail keeps beyond that is not for everybody.
            #expect(!detail.text.contains("127.0.0.1"))
        }
    }

    @Test func `a wrong step is a conflict, a wrong word is named`() async throws {
        try await withServer(as: .admin) { client in
            let id = try await TestDatabase.current.makeAlert(in: client.company, status: .resolved)
            #expect(try await client.patch("/api/alerts/\(id)", ["status": "ACKNOWLEDGED"]).status == 409)
            let wrong = try await client.patch("/api/alerts/\(id)", ["status": "DONE"])
            #expect(wrong.status == 422)
            #expect(try wrong.fields == ["status"])
            #expect(try await client.patch("/api/alerts/\(id)", ["owner": "x"]).fields == ["owner"])
            #expect(try await client.patch("/api/alerts/\(id)", [:] as [String: String]).status == 422)
            let assigned = try await client.patch("/api/alerts/\(id)", ["assignee": client.user?.rawValue])
            #expect(try assigned.decode(AlertListing.self).assigneeId == client.user)
            let cleared = try await client.patch("/api/alerts/\(id)", ["assignee": nil] as [String: String?])
            #expect(try cleared.decode(AlertListing.self).assigneeId == nil)
            #expect(try await client.patch("/api/alerts/\(id)", ["assignee": UserID().rawValue]).fields == ["assignee"])
            for query in ["cursor=x", "limit=0", "status=DONE", "severity=BAD", "assignee=x", "from=x", "to=x", "employee=x", "offset=1"] {
                let answer = try await client.get("/api/alerts?\(query)")
                #expect(answer.status == 422, "\(query)")
                #expect(try answer.fields.first?.hasPrefix(String(query.prefix { $0 != "=" })) == true, "\(query)")
            }
        }
    }

    @Test func `filters are read from the query string`() async throws {
        try await withServer(as: .viewer) { client in
            let database = TestDatabase.current
            let jane = try await database.makeEmployee(in: client.company)
            let first = try await database.makeAlert(in: client.company, severity: .critical, employee: jane)
            let second = try await database.makeAlert(in: client.company, severity: .low, status: .acknowledged)
            func shown(_ query: String) async throws -> Set<AlertID> {
                Set(try await client.get("/api/alerts?\(query)").decode(Page<AlertListing>.self).items.map(\.id))
            }
            #expect(try await shown("status=OPEN,ACKNOWLEDGED") == [first, second])
            #expect(try await shown("status=OPEN&status=ACKNOWLEDGED&severity=LOW") == [second])
            #expect(try await shown("employee=\(jane)") == [first])
            #expect(try await shown("assignee=none&from=2020-01-01&to=2200-01-01&q=exposed&breach=") == [first, second])
            #expect(try await shown("assignee=me") == [])
        }
    }

    @Test func `many are changed in one request`() async throws {
        try await withServer(as: .viewer) { client in
            let id = try await TestDatabase.current.makeAlert(in: client.company)
            let strange = try await TestDatabase.current.makeAlert(in: try await TestDatabase.current.makeCompany())
            struct Body: Encodable { var ids: [AlertID], status: String }
            let answer = try await client.post("/api/alerts/bulk", Body(ids: [id, strange], status: "RESOLVED"))
            #expect(answer.status == 200)
            let result = try answer.decode(AlertBulkResponse.self)
            #expect(result.changed == 1)
            #expect(result.results.map(\.outcome) == [.changed, .notFound])
            #expect(try await client.post("/api/alerts/bulk", Body(ids: [], status: "OPEN")).fields == ["ids"])
        }
    }

    @Test func `another company's alert is not found`() async throws {
        try await withServer(as: .admin) { client in
            let other = try await TestDatabase.current.makeCompany()
            let id = try await TestDatabase.current.makeAlert(in: other)
            for path in ["/api/alerts/\(id)", "/api/alerts/\(AlertID())", "/api/alerts/x"] {
                #expect(try await client.get(path).status == 404)
                #expect(try await client.patch(path, ["status": "RESOLVED"]).status == 404)
                #expect(try await client.get("\(path)/comments").status == 404)
                #expect(try await client.post("\(path)/comments", ["body": "x"]).status == 404)
            }
            #expect(try await client.anonymous.get("/api/alerts").status == 401)
            #expect(try await client.anonymous.patch("/api/alerts/\(id)", ["status": "RESOLVED"]).status == 401)
        }
    }
}
