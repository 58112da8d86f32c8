import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct AuditTests {
    private func subject(_ company: CompanyID) -> Subject { Subject(actor: .program("test"), company: company, role: .admin, address: "192.0.2.1") }

    @Test func `many events at once keep their order and their chain`() async throws {
        let database = TestDatabase.current
        let company = try await database.makeCompany()
        let entries = (0..<50).map { AuditTrail.Entry("thing.number_\($0)", target: .init("thing", id: "\($0)"), after: ["n": $0]) }
        try await database.tenant.transaction(for: company) { db in try await AuditTrail.record(entries, by: subject(company), in: db) }
        let actions = try await database.system.query(
            "SELECT action FROM audit_events WHERE company_id = \(company) ORDER BY sequence", as: String.self)
        #expect(actions == entries.map(\.action))
        #expect(try await Audit(database: database.tenant).firstBrokenEvent(of: company) == nil)
    }

    @Test func `an event goes with the change: undone together`() async throws {
        struct Undo: Error {}
        let database = TestDatabase.current
        let company = try await database.makeCompany()
        await #expect(throws: Undo.self) {
            try await database.tenant.transaction(for: company) { db in
                try await AuditTrail.record("thing.done", target: nil, by: subject(company), in: db)
                throw Undo()
            }
        }
        #expect(try await Audit(database: database.tenant).list(for: subject(company)).items.isEmpty)
    }

    @Test func `a company sees its own events, filtered and page by page`() async throws {
        try await withServer { client in
            let company = client.company
            let other = try await TestDatabase.current.makeCompany()
            for (owner, count) in [(company, 5), (other, 3)] {
                try await TestDatabase.current.tenant.transaction(for: owner) { db in
                    for number in 0..<count {
                        try await AuditTrail.record("thing.\(number % 2)", target: .init("thing", id: "x"), by: subject(owner), in: db)
                    }
                }
            }
            var seen = 0
            var cursor: String?
            repeat {
                let page = try await client.get("/api/audit?limit=2" + (cursor.map { "&cursor=\($0)" } ?? "")).decode(Page<AuditEvent>.self)
                seen += page.items.count
                cursor = page.nextCursor
            } while cursor != nil
            #expect(seen == 5)
            #expect(try await client.get("/api/audit?action=thing.1").decode(Page<AuditEvent>.self).items.count == 2)
            #expect(try await client.get("/api/audit?from=2099-01-01").decode(Page<AuditEvent>.self).items.isEmpty)
            #expect(try await client.get("/api/audit?target=x").decode(Page<AuditEvent>.self).items.count == 5)
            #expect(try await client.signedIn(as: .viewer).get("/api/audit").status == 403)
        }
    }

    @Test func `the page says whether the trail is whole`() async throws {
        try await withServer { client in
            let (database, company) = (TestDatabase.current, client.company)
            try await database.tenant.transaction(for: company) { db in
                for number in 1...3 { try await AuditTrail.record("thing.\(number)", target: nil, by: subject(company), in: db) }
            }
            #expect(try await client.get("/audit").text.contains("Chain whole: 3 events"))
            #expect(try await Audit(database: database.tenant).check(of: company) == .init(events: 3, firstBroken: nil))
            // As somebody would who has the server itself; undone for the suite's other tests with the connection's transaction.
            try await database.owner.transaction { db in
                try await db.execute("SET LOCAL session_replication_role = replica")
                try await db.execute("UPDATE audit_events SET action = 'thing.other' WHERE company_id = \(company) AND action = 'thing.2'")
            }
            #expect(try await client.get("/audit").text.contains("Chain broken at event 2"))
            #expect(try await Audit(database: database.tenant).check(of: company) == .init(events: 3, firstBroken: 2))
            #expect(try await !client.get("/audit?action=thing.1").text.contains("Chain"))
        }
    }

    @Test func `an event is neither changed nor deleted`() async throws {
        let database = TestDatabase.current
        let company = try await database.makeCompany()
        try await database.tenant.transaction(for: company) { db in
            try await AuditTrail.record("thing.done", target: nil, by: subject(company), in: db)
        }
        await #expect(throws: PostgresError.self) {
            try await database.owner.execute("UPDATE audit_events SET action = 'x' WHERE company_id = \(company)")
        }
        await #expect(throws: PostgresError.self) { try await database.owner.execute("DELETE FROM audit_events WHERE company_id = \(company)") }
    }
}
