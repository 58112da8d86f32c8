import DataShield
import DataShieldTestSupport
import Foundation
import Postgres
import Testing

/// The audit trail and the log of remediation: what is written stays, and a change behind our back shows.
// One after the other: emptying all tables locks them, and two that do so at once may meet in a deadlock instead of the trigger.
@Suite(.freshDatabase, .serialized) struct AppendOnlyTests {
    private var database: TestDatabase { .current }

    private func event(_ company: CompanyID, _ action: String, after: String = "{}") -> SQL {
        """
        INSERT INTO audit_events (id, company_id, actor_kind, actor_id, action, after)
        VALUES (\(CUID.make(at: Date())), \(company), 'program', 'test', \(action), \(after))
        """
    }

    private func company(events: Int) async throws -> CompanyID {
        let company = try await database.makeCompany()
        try await database.tenant.transaction(for: company) { db in
            for number in 0..<events { try await db.execute(event(company, "event.\(number)")) }
        }
        return company
    }

    private func broken(_ company: CompanyID) async throws -> Int? {
        try await database.tenant.query(for: company, "SELECT broken_audit_event(\(company))", as: Int?.self).first ?? nil
    }

    @Test(arguments: ["audit_events", "remediation_actions"]) func `neither the app nor the owner changes what is written`(
        table: String
    ) async throws {
        let company = try await company(events: 1)
        try await database.system.execute(
            """
            INSERT INTO remediation_actions (id, company_id, action, status, target)
            VALUES (\(CUID.make(at: Date())), \(company), 'REVOKE_SESSIONS', 'SUCCESS', 'x')
            """)
        let table = SQL.identifier(table)
        let statements: [SQL] = [
            "UPDATE \(table) SET created_at = now() WHERE company_id = \(company)", "DELETE FROM \(table) WHERE company_id = \(company)",
            "TRUNCATE \(table)",
        ]
        for statement in statements {
            let refused = await #expect(throws: PostgresError.self, "\(statement)") {
                try await database.tenant.transaction(for: company) { try await $0.execute(statement) }
            }
            #expect(refused?.sqlState == .insufficientPrivilege)
            // The owner has the privilege, and meets the trigger.
            let stopped = await #expect(throws: PostgresError.self, "\(statement)") { try await database.owner.execute(statement) }
            #expect(stopped?.message.contains("append-only") == true)
        }
        let cascade = await #expect(throws: PostgresError.self) { try await database.owner.execute("TRUNCATE companies CASCADE") }
        #expect(cascade?.message.contains("append-only") == true)
    }

    @Test func `a trigger of somebody's own does not get around it`() async throws {
        let company = try await company(events: 1)
        let stopped = await #expect(throws: PostgresError.self) {
            try await database.owner.transaction { db in
                try await db.executeScript(
                    """
                    CREATE TABLE bait (n int);
                    CREATE FUNCTION erase() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM audit_events; RETURN NULL; END';
                    CREATE TRIGGER erase AFTER INSERT ON bait FOR EACH STATEMENT EXECUTE FUNCTION erase();
                    INSERT INTO bait VALUES (1);
                    """)
            }
        }
        #expect(stopped?.message.contains("append-only") == true)
        #expect(try await broken(company) == nil)
    }

    @Test func `a whole chain is whole, also with no event and with many companies at once`() async throws {
        let empty = try await database.makeCompany()
        #expect(try await broken(empty) == nil)
        let companies = [try await company(events: 3), try await company(events: 5)]
        // Writers of one company wait for each other, so that its numbers have no gap.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                let company = companies[number % 2]
                group.addTask { try await database.tenant.transaction(for: company) { _ = try await $0.execute(event(company, "at once")) } }
            }
            try await group.waitForAll()
        }
        for (company, count) in zip(companies, [13, 15]) {
            #expect(try await broken(company) == nil)
            let numbers: SQL = "SELECT sequence FROM audit_events ORDER BY sequence"
            #expect(try await database.tenant.query(for: company, numbers, as: Int.self) == Array(1...count))
        }
    }

    @Test func `an event that is not committed leaves no gap`() async throws {
        let company = try await company(events: 2)
        struct Undone: Error {}
        await #expect(throws: Undone.self) {
            try await database.tenant.transaction(for: company) { db in
                try await db.execute(event(company, "undone"))
                throw Undone()
            }
        }
        try await database.tenant.transaction(for: company) { _ = try await $0.execute(event(company, "done")) }
        #expect(try await broken(company) == nil)
    }

    @Test func `what the writer claims about its place in the chain is ignored`() async throws {
        let company = try await company(events: 2)
        try await database.tenant.transaction(for: company) { db in
            try await db.execute(
                """
                INSERT INTO audit_events (id, company_id, actor_kind, action, sequence, previous_hash, hash)
                VALUES (\(CUID.make(at: Date())), \(company), 'program', 'forged', 1, '\\x00', '\\x00')
                """)
        }
        #expect(try await broken(company) == nil)
    }

    @Test(arguments: [
        ("UPDATE audit_events SET action = 'innocent' WHERE company_id = $ AND sequence = 3", 3),
        ("UPDATE audit_events SET after = '{\"a\": 2}' WHERE company_id = $ AND sequence = 5", 5),
        ("UPDATE audit_events SET created_at = created_at + interval '1 ms' WHERE company_id = $ AND sequence = 1", 1),
        ("UPDATE audit_events SET actor_id = NULL WHERE company_id = $ AND sequence = 2", 2),
        ("DELETE FROM audit_events WHERE company_id = $ AND sequence = 3", 3),
        ("DELETE FROM audit_events WHERE company_id = $ AND sequence = 1", 1),
        // The newest, which no other event remembers.
        ("DELETE FROM audit_events WHERE company_id = $ AND sequence = 6", 6),
        ("DELETE FROM audit_events WHERE company_id = $", 1),
        // Somebody who knows how the hash is made.
        (
            "UPDATE audit_events e SET action = 'x', hash = sha256(previous_hash || convert_to(audit_event_text(e), 'UTF8')) WHERE company_id = $ AND sequence = 4",
            4
        ),
    ]) func `tampering is found where it was done`(statement: String, place: Int) async throws {
        let company = try await company(events: 6)
        let other = try await self.company(events: 2)
        // Only a superuser can do this: it switches all triggers off.
        try await database.owner.transaction { db in
            try await db.execute("SET LOCAL session_replication_role = replica")
            try await db.execute(SQL(unsafe: statement.replacing("$", with: "'\(company)'")))
        }
        #expect(try await broken(company) == place)
        #expect(try await broken(other) == nil)
    }
}
