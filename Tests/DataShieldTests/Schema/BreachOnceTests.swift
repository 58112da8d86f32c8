import DataShield
import DataShieldTestSupport
import Foundation
import Postgres
import Testing

/// What migration 0027 does about what is there already.
@Suite(.freshDatabase) struct BreachOnceTests {
    private static let before = """
        CREATE FUNCTION id(kind text, number int) RETURNS text LANGUAGE sql RETURN 'c' || rpad(kind, 22, '0') || lpad(number::text, 2, '0');
        SET LOCAL ROLE datashield_system;
        INSERT INTO companies (id, name, domain) VALUES (id('a', 0), 'A', 'a.example'), (id('b', 0), 'B', 'b.example');
        INSERT INTO breaches (id, company_id, name, canonical_key, source, domain, added_at) VALUES
            (id('cat', 1), NULL, 'VNG', 'vng', 'HIBP', 'Zing.vn', '2015-06-01'), (id('cat', 2), NULL, 'Adobe', 'adobe', 'HIBP', 'www.adobe.com', '2013-12-04'),
            (id('cat', 3), NULL, 'PDL', 'pdl', 'HIBP', '', '2019-11-01'), (id('own', 1), id('a', 0), 'zing.vn', 'zingvn', 'DARK_WEB', NULL, NULL);
        RESET ROLE;
        """

    @Test func `each company's breaches are looked through once after the upgrade, and the catalogue's are known by their sites`() async throws {
        try await OldDatabase.with { pool in
            try await OldDatabase.migrate(pool, to: 23)
            try await pool.transaction { try await $0.executeScript(Self.before) }
            try await OldDatabase.migrate(pool, to: 27)
            let jobs = try await pool.query(
                """
                SELECT concat_ws(' ', kind, substr(company_id, 2, 1), payload = jsonb_build_object('company', company_id), status, max_attempts)
                FROM jobs ORDER BY company_id
                """, as: String.self)
            #expect(jobs == ["breaches.unite a t PENDING 20", "breaches.unite b t PENDING 20"])
            let ids = try await pool.query("SELECT id FROM jobs", as: String.self)
            #expect(Set(ids).count == 2 && ids.allSatisfy { BreachID($0) != nil })
            let sites = try await pool.query("SELECT concat_ws(' ', name, domain_key) FROM breaches ORDER BY name", as: String.self)
            #expect(sites == ["Adobe adobecom", "PDL", "VNG zingvn", "zing.vn"])
        }
    }
}
