import DataShield
import DataShieldTestSupport
import Foundation
import Postgres
import Testing

/// What migration 0018 makes of breaches that companies had in common.
@Suite(.freshDatabase) struct BreachPartingTests {
    /// Two companies, a and b, with one person each and one more of a's; and breaches: of a catalogue, of both, of one of them, of nobody.
    private static let before = """
        CREATE FUNCTION id(kind text, number int) RETURNS text LANGUAGE sql RETURN 'c' || rpad(kind, 22, '0') || lpad(number::text, 2, '0');
        SET LOCAL ROLE datashield_system;
        INSERT INTO companies (id, name, domain) VALUES (id('a', 0), 'A', 'a.example'), (id('b', 0), 'B', 'b.example');
        INSERT INTO employees (id, company_id, email) VALUES
            (id('ea', 1), id('a', 0), '1@a.example'), (id('ea', 2), id('a', 0), '2@a.example'), (id('eb', 1), id('b', 0), '1@b.example');
        INSERT INTO breaches (id, name, title, canonical_key, source, breach_date, added_at, data_types, is_stealer_log, created_at, updated_at) VALUES
            (id('cat', 1), 'Adobe', 'Adobe Systems', 'adobe', 'HIBP', '2013-10-04', '2013-12-04', '{email}', false, '2026-01-01', '2026-01-01'),
            (id('mix', 1), 'Shop.SQL dump', '', 'shopsqldump', 'DARK_WEB', '2012-01-01', NULL, '{email,password,ssn}', false, '2026-01-01', '2026-01-01'),
            (id('mix', 2), 'Provider #1', '', 'provider1', 'STEALER_LOG', '2012-01-01', NULL, '{email,password,ssn}', true, '2026-01-01', '2026-01-01'),
            (id('mix', 3), 'credential-lists', '', 'credentiallists', 'DARK_WEB', NULL, NULL, '{email,password}', false, '2026-01-01', '2026-01-01'),
            (id('mix', 4), 'Said by both', '', 'saidbyboth', 'DARK_WEB', '2012-01-01', NULL, '{email}', false, '2026-01-01', '2026-01-01'),
            (id('own', 1), 'Only of A', '', 'onlyofa', 'DARK_WEB', '2015-05-05', NULL, '{email,password}', false, '2026-01-01', '2026-01-01'),
            (id('own', 2), 'A came later', '', 'acamelater', 'DARK_WEB', '2015-05-05', NULL, '{email,password,ssn}', false, '2026-01-01', '2026-01-01'),
            (id('own', 3), 'Said more-later', '', 'saidmorelater', 'HIBP', '2015-05-05', NULL, '{email,ssn}', false, '2026-01-01', '2026-01-02'),
            (id('log', 1), 'Stealer log 0123456789ab', '', 'stealerlog0123456789ab', 'STEALER_LOG', '2025-05-05', NULL, '{email}', true, '2026-01-01',
                '2026-01-01'),
            (id('orp', 1), 'Orphan', '', 'orphan', 'DARK_WEB', '2012-01-01', NULL, '{email}', false, '2026-01-01', '2026-01-01');
        INSERT INTO breach_records (id, company_id, employee_id, breach_id, exposed_data, sources, in_leak_file, machine_id, captured_at, created_at) VALUES
            (id('ra', 0), id('a', 0), id('ea', 1), id('cat', 1), '{email}', '{HIBP}', false, NULL, NULL, '2026-02-01'),
            (id('ra', 1), id('a', 0), id('ea', 1), id('mix', 1), '{email,password}', '{}', true, NULL, NULL, '2026-01-01'),
            (id('ra', 2), id('a', 0), id('ea', 2), id('mix', 1), '{email,phone}', '{}', true, NULL, NULL, '2026-02-01'),
            (id('rb', 1), id('b', 0), id('eb', 1), id('mix', 1), '{ssn}', '{}', true, NULL, NULL, '2026-03-01'),
            (id('ra', 3), id('a', 0), id('ea', 1), id('mix', 2), '{email}', '{DEHASHED}', false, NULL, NULL, '2026-02-01'),
            (id('rb', 3), id('b', 0), id('eb', 1), id('mix', 2), '{password}', '{HIBP_STEALER}', false, NULL, NULL, '2026-03-01'),
            (id('ra', 4), id('a', 0), id('ea', 1), id('mix', 3), '{email}', '{}', true, NULL, NULL, '2026-02-01'),
            (id('rb', 4), id('b', 0), id('eb', 1), id('mix', 3), '{password}', '{}', true, NULL, NULL, '2026-03-01'),
            (id('ra', 5), id('a', 0), id('ea', 1), id('own', 1), '{email}', '{}', true, NULL, NULL, '2026-01-01'),
            (id('ra', 6), id('a', 0), id('ea', 1), id('own', 2), '{email}', '{}', true, NULL, NULL, '2026-02-01'),
            (id('ra', 9), id('a', 0), id('ea', 1), id('own', 3), '{email}', '{}', true, NULL, NULL, '2026-01-01'),
            (id('ra', 7), id('a', 0), id('ea', 1), id('log', 1), '{email}', '{}', true, '0123456789ab', '2025-05-05', '2026-02-01'),
            (id('rb', 7), id('b', 0), id('eb', 1), id('log', 1), '{email}', '{}', true, '0123456789ab', '2025-05-05', '2026-03-01');
        INSERT INTO alerts (id, company_id, severity, message, employee_id, breach_id, created_at, updated_at)
            SELECT r.id, r.company_id, 'HIGH', concat('Exposed in ', coalesce(nullif(b.title, ''), b.name),
                CASE WHEN in_leak_file THEN ': password and email.' ELSE '. A stolen session is among it.' END), employee_id, breach_id, r.created_at, r.created_at
            FROM breach_records r JOIN breaches b ON b.id = breach_id;
        -- Of somebody who has been deleted: the company is told by the alert alone.
        INSERT INTO alerts (id, company_id, severity, message, breach_id, created_at) VALUES
            (id('ra', 8), id('a', 0), 'HIGH', 'Exposed in Said by both.', id('mix', 4), '2026-02-01'),
            (id('rb', 8), id('b', 0), 'HIGH', 'Exposed in Said by both.net: email.', id('mix', 4), '2026-03-01');
        INSERT INTO infected_machines (id, company_id, machine_id, breach_id, captured_at, created_at) VALUES
            (id('ma', 7), id('a', 0), '0123456789ab', id('log', 1), '2025-05-05 10:00Z', '2026-02-01'),
            (id('mb', 7), id('b', 0), '0123456789ab', id('log', 1), '2025-05-05 10:00Z', '2026-03-01');
        INSERT INTO exposure_register_entries (id, company_id, title, detected_at, breach_id, created_at)
            VALUES (id('na', 1), id('a', 0), 'x', '2026-02-01', id('mix', 1), '2026-02-01');
        INSERT INTO leak_dumps (company_id, beginning, name) VALUES
            (id('b', 0), '\\x01', 'shop_sql-Dump.com'), (id('a', 0), '\\x01', 'Said_more later.com'), (id('a', 0), '\\x02', '-'),
            (id('b', 0), '\\x02', 'Said more-later');
        INSERT INTO leaked_credentials (id, company_id, employee_id, record_id, identity, login, is_dated, first_seen_at, last_seen_at)
            SELECT id, company_id, employee_id, id, '\\x01', 'x', true, now(), now() FROM breach_records;
        INSERT INTO catalogue_state (provider, marker, synced_at) VALUES ('HIBP', 'x', now());
        RESET ROLE;
        """

    @Test func `each company gets its own, with what can be known to be its own, and everything of it follows`() async throws {
        try await OldDatabase.with { pool in
            try await OldDatabase.migrate(pool, to: 17)
            try await pool.transaction { try await $0.executeScript(Self.before) }
            let old = Set(try await pool.query("SELECT id FROM breaches", as: String.self))
            let versions: SQL = "SELECT concat(id, updated_at) FROM breach_records UNION ALL SELECT concat(id, updated_at) FROM alerts ORDER BY 1"
            let before = try await pool.query(versions, as: String.self)
            try await OldDatabase.migrate(pool, to: 18)

            let stored = try await pool.query(
                """
                SELECT concat_ws(' | ', coalesce(substr(company_id, 2, 1), '-'), name, canonical_key, title_key, source, coalesce(breach_date::text, '?'),
                    data_types, is_stealer_log, created_at::date)
                FROM breaches ORDER BY company_id NULLS FIRST, name COLLATE "C"
                """, as: String.self)
            #expect(
                stored == [
                    "- | Adobe | adobe | adobesystems | HIBP | 2013-10-04 | {email} | f | 2026-01-01",
                    "a | Credential lists | credentiallists | DARK_WEB | ? | {email} | f | 2026-02-01",
                    "a | Only of A | onlyofa | DARK_WEB | 2015-05-05 | {email} | f | 2026-01-01",
                    "a | Provider #1 | provider1 | DARK_WEB | ? | {email} | f | 2026-02-01",
                    "a | Said_more later.com | saidmorelater | DARK_WEB | ? | {email} | f | 2026-01-01",
                    "a | Stealer log 0123456789ab | stealerlog0123456789ab | STEALER_LOG | 2025-05-05 | {email} | t | 2026-02-01",
                    "a | acamelater | acamelater | DARK_WEB | ? | {email} | f | 2026-02-01",
                    "a | saidbyboth | saidbyboth | DARK_WEB | ? | {} | f | 2026-02-01",
                    "a | shopsqldump | shopsqldump | DARK_WEB | ? | {email,password,phone} | f | 2026-01-01",
                    "b | Credential lists | credentiallists | DARK_WEB | ? | {password} | f | 2026-03-01",
                    "b | Provider #1 | provider1 | STEALER_LOG | ? | {password} | t | 2026-03-01",
                    "b | Stealer log 0123456789ab | stealerlog0123456789ab | STEALER_LOG | 2025-05-05 | {email} | t | 2026-03-01",
                    "b | saidbyboth | saidbyboth | DARK_WEB | ? | {} | f | 2026-03-01",
                    "b | shop_sql-Dump.com | shopsqldump | DARK_WEB | ? | {ssn} | f | 2026-03-01",
                ])
            // New ids, as the program makes them, that sort by when the company had it and not by when somebody was the first.
            let ids = try await pool.query(
                "SELECT concat(id, created_at) FROM breaches WHERE company_id IS NOT NULL ORDER BY created_at, id", as: String.self)
            #expect(ids == ids.sorted() && old.isDisjoint(with: ids.map { String($0.prefix(25)) }))
            #expect(ids.allSatisfy { BreachID(String($0.prefix(25))) != nil })

            // Every row is with the breach of its company, and has not changed otherwise.
            for table in ["breach_records", "alerts", "infected_machines", "exposure_register_entries", "breach_counts"] {
                let strangers = try await pool.first(
                    """
                    SELECT count(*) FILTER (WHERE b.company_id <> t.company_id OR b.id IS NULL) || ' of ' || (count(*) > 0)
                    FROM \(identifier: table) t LEFT JOIN breaches b ON b.id = t.breach_id
                    """, as: String.self)
                #expect(strangers == "0 of true", "\(table)")
            }
            #expect(try await pool.query(versions, as: String.self) == before)
            // An alert names its breach as the company's own is called, and nothing but a name is changed.
            let messages = try await pool.query(
                "SELECT substr(company_id, 2, 1) || ' ' || message FROM alerts ORDER BY company_id, message COLLATE \"C\"", as: String.self)
            #expect(
                messages == [
                    "a Exposed in Adobe Systems. A stolen session is among it.",
                    "a Exposed in Credential lists: password and email.",
                    "a Exposed in Only of A: password and email.",
                    "a Exposed in Provider #1. A stolen session is among it.",
                    "a Exposed in Said_more later.com: password and email.",
                    "a Exposed in Stealer log 0123456789ab: password and email.",
                    "a Exposed in acamelater: password and email.",
                    "a Exposed in saidbyboth.",
                    "a Exposed in shopsqldump: password and email.",
                    "a Exposed in shopsqldump: password and email.",
                    "b Exposed in Credential lists: password and email.",
                    "b Exposed in Provider #1. A stolen session is among it.",
                    "b Exposed in Said by both.net: email.",
                    "b Exposed in Stealer log 0123456789ab: password and email.",
                    "b Exposed in shop_sql-Dump.com: password and email.",
                ])
            #expect(try await RollupTests.wrongCounts(pool, but: ["department_counts", "alert_state_counts", "copies", "answers", "scores"]) == [])
            // A secret is dated where its breach still is, or malware says when it was taken.
            let dated: SQL = """
                SELECT string_agg(substr(record_id, 2, 2) || right(record_id, 1), ' ' ORDER BY record_id) FROM leaked_credentials WHERE is_dated
                """
            #expect(try await pool.first(dated, as: String.self) == "ra0 ra5 ra7 rb7")
            // The catalogue is taken anew with the next scan.
            #expect(try await pool.first("SELECT count(synced_at) FROM catalogue_state", as: Int.self) == 0)
            let left = try await pool.query(
                """
                SELECT relname::text FROM pg_class WHERE relname = 'parted_breaches'
                UNION ALL SELECT proname::text FROM pg_proc WHERE proname IN ('new_breach_id', 'breach_key_of_ascii')
                """, as: String.self)
            #expect(left == [])
        }
    }

    @Test func `where there is only one company, its breaches keep their dates, unless somebody said more of one later`() async throws {
        try await OldDatabase.with { pool in
            try await OldDatabase.migrate(pool, to: 17)
            try await pool.transaction { db in
                try await db.executeScript(Self.before)
                try await db.execute("DELETE FROM companies WHERE domain = 'b.example'")
            }
            try await OldDatabase.migrate(pool, to: 18)
            let dates = try await pool.query(
                "SELECT name || ' ' || coalesce(breach_date::text, '?') FROM breaches WHERE company_id IS NOT NULL ORDER BY name COLLATE \"C\"",
                as: String.self)
            #expect(
                dates == [
                    "A came later 2015-05-05", "Only of A 2015-05-05", "Provider #1 2012-01-01", "Said by both 2012-01-01",
                    "Said_more later.com ?", "Shop.SQL dump 2012-01-01", "Stealer log 0123456789ab 2025-05-05", "credential-lists ?",
                ])
        }
    }
}
