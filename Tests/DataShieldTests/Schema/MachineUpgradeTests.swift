import DataShield
import DataShieldTestSupport
import Foundation
import Postgres
import Testing

/// What migration 0028 does about machines that are known already.
@Suite(.freshDatabase) struct MachineUpgradeTests {
    /// Two machines of a company, one with data of somebody and one of nobody any more.
    private static let before = """
        CREATE FUNCTION id(kind text, number int) RETURNS text LANGUAGE sql RETURN 'c' || rpad(kind, 22, '0') || lpad(number::text, 2, '0');
        SET LOCAL ROLE datashield_system;
        INSERT INTO companies (id, name, domain) VALUES (id('a', 0), 'A', 'a.example');
        INSERT INTO employees (id, company_id, email) VALUES (id('ea', 1), id('a', 0), '1@a.example');
        INSERT INTO breaches (id, company_id, name, canonical_key, source) VALUES
            (id('log', 1), id('a', 0), 'Stealer log 1', 'stealerlog1', 'STEALER_LOG'),
            (id('log', 2), id('a', 0), 'Stealer log 2', 'stealerlog2', 'STEALER_LOG');
        INSERT INTO breach_records (id, company_id, employee_id, breach_id, exposed_data, sources, in_leak_file, machine_id) VALUES
            (id('ra', 1), id('a', 0), id('ea', 1), id('log', 1), '{email}', '{}', true, repeat('0123456789abcdef', 4));
        INSERT INTO infected_machines (id, company_id, machine_id, breach_id, operating_system, created_at) VALUES
            (id('ma', 1), id('a', 0), repeat('0123456789abcdef', 4), id('log', 1), 'Windows 11', '2026-02-01'),
            (id('ma', 2), id('a', 0), 'x', id('log', 2), 'Windows 10', '2026-02-01');
        RESET ROLE;
        """

    @Test func `the system of a machine is one of its traces, and as old as it`() async throws {
        try await OldDatabase.with { pool in
            try await OldDatabase.migrate(pool, to: 23)
            try await pool.transaction { try await $0.executeScript(Self.before) }
            try await OldDatabase.migrate(pool, to: 28)
            let traces = try await pool.query(
                "SELECT concat_ws(' ', right(machine_id, 1), operating_system, created_at::date) FROM machine_traces", as: String.self)
            #expect(traces == ["1 Windows 11 2026-02-01"])
            let everybodys = try await pool.query("SELECT m::text FROM infected_machines m", as: String.self)
            #expect(everybodys.count == 2 && everybodys.allSatisfy { !$0.contains("Windows") })
            let records = try await pool.query("SELECT coalesce(machine_id, '-') FROM breach_records", as: String.self)
            #expect(records == ["-"])
        }
    }
}
