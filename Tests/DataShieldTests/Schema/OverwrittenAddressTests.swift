import DataShield
import DataShieldTestSupport
import Foundation
import Postgres
import Testing

/// What migration 0031 does about addresses that Entra's name for a deleted account has overwritten.
@Suite(.freshDatabase) struct OverwrittenAddressTests {
    private static let mark = "0d3c1a527f104a6e9b1d5a4d1c0f7e11"
    private static let before = """
        CREATE FUNCTION id(kind text, number int) RETURNS text LANGUAGE sql RETURN 'c' || rpad(kind, 22, '0') || lpad(number::text, 2, '0');
        SET LOCAL ROLE datashield_system;
        INSERT INTO companies (id, name, domain) VALUES (id('a', 0), 'A', 'a.example'), (id('b', 0), 'B', 'b.example');
        INSERT INTO directory_connections (id, company_id, type, name, encrypted_config) VALUES
            (id('sa', 1), id('a', 0), 'SCIM', 'Entra', ''), (id('la', 1), id('a', 0), 'LDAP', 'LDAP', ''),
            (id('sb', 1), id('b', 0), 'SCIM', 'Entra', '');
        INSERT INTO employees (id, company_id, email, source_connection_id, deactivated_at) VALUES
            (id('ea', 1), id('a', 0), '\(mark)fay@a.example', id('sa', 1), now()),
            (id('ea', 2), id('a', 0), '1d3c1a527f104a6e9b1d5a4d1c0f7e11fay@a.example', id('sa', 1), now()),
            (id('ea', 3), id('a', 0), '\(mark)gil@a.example', id('sa', 1), now()), (id('ea', 4), id('a', 0), 'gil@a.example', NULL, NULL),
            (id('ea', 5), id('a', 0), '\(mark)hal@a.example', id('sa', 1), NULL),
            (id('ea', 6), id('a', 0), '\(mark)ida@a.example', id('la', 1), now()),
            (id('ea', 7), id('a', 0), '\(mark)@a.example', id('sa', 1), now()),
            (id('eb', 1), id('b', 0), '\(mark)fay@a.example', id('sb', 1), now());
        RESET ROLE;
        """

    @Test func `who has left gets back the address that was overwritten, unless somebody has it by now`() async throws {
        try await OldDatabase.with { pool in
            try await OldDatabase.migrate(pool, to: 23)
            try await pool.transaction { try await $0.executeScript(Self.before) }
            try await OldDatabase.migrate(pool, to: 31)
            let stored = try await pool.query("SELECT concat_ws(' ', substr(company_id, 2, 1), email) FROM employees ORDER BY id", as: String.self)
            #expect(
                stored == [
                    // Of two with one address the first gets it back.
                    "a fay@a.example", "a 1d3c1a527f104a6e9b1d5a4d1c0f7e11fay@a.example",
                    // Somebody else has it; somebody active; of another kind of directory; with nothing but an id.
                    "a \(Self.mark)gil@a.example", "a gil@a.example", "a \(Self.mark)hal@a.example", "a \(Self.mark)ida@a.example",
                    "a \(Self.mark)@a.example",
                    // Another company's is another.
                    "b fay@a.example",
                ])
        }
    }
}
