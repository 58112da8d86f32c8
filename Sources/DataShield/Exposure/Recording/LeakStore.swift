import Foundation
import Postgres

/// What a leak file says, with the record that it belongs to.
struct RecordedLeak {
    var record: BreachRecordID
    var employee: EmployeeID
    var breach: BreachID
    var finding: LeakFinding
}

/// The SQL of what leak files say beyond the breach: credentials, their sightings, machines. Part of the recorder.
struct LeakStore {
    /// How many sites of one credential are kept: the first of all in the order of their bytes, whichever were found first.
    static let siteLimit = 100

    let db: TenantTransaction

    private struct Identity: RowDecodable {
        var record: BreachRecordID
        var identity: [UInt8]

        init(from row: inout Row) throws {
            record = try row.next()
            identity = try row.next()
        }
    }

    /// Adds to known records which credentials they have.
    func addIdentities(to known: inout [RecordStore.KnownKey: RecordStore.KnownSources]) async throws {
        let records = known.values.filter(\.isInLeakFile).map(\.id)
        guard !records.isEmpty else { return }
        let identities = try await db.query(
            "SELECT record_id, identity FROM leaked_credentials WHERE company_id = \(db.company) AND record_id = ANY(\(records)::text[])",
            as: Identity.self)
        let byRecord = Dictionary(grouping: identities, by: \.record).mapValues { Set($0.map(\.identity)) }
        for key in known.keys {
            guard let record = known[key]?.id, let identities = byRecord[record] else { continue }
            known[key]?.identities = identities
        }
    }

    /// A credential of a record, with all that the batch says of it.
    private struct Entry {
        var leak: RecordedLeak
        var credential: FoundCredential
        var sites: Set<String>
    }

    private struct RowKey: Hashable {
        var record: BreachRecordID
        var identity: [UInt8]
    }

    /// Writes credentials, sightings and machines.
    /// - Returns: how many credentials are new.
    func write(_ leaks: [RecordedLeak], at now: Date) async throws -> Int {
        var order: [RowKey] = []
        var rows: [RowKey: Entry] = [:]
        for leak in leaks {
            for credential in leak.finding.credentials {
                let key = RowKey(record: leak.record, identity: credential.identity)
                if rows[key] == nil {
                    order.append(key)
                    rows[key] = Entry(leak: leak, credential: credential, sites: [])
                }
                if let site = credential.site { rows[key]?.sites.insert(site) }
            }
        }
        var statements = machines(leaks)
        let credentials = order.compactMap { rows[$0] }
        if !credentials.isEmpty { statements += [insertion(credentials, at: now), sites(credentials), sightings(credentials, at: now)] }
        guard !statements.isEmpty else { return 0 }
        let results = try await db.pipeline(statements)
        guard !credentials.isEmpty else { return 0 }
        // A text that was not understood is no credential that anybody knows of.
        return try results[statements.count - 3].reduce(0) { count, row in
            var row = row
            return try row.next(as: Bool.self) ? count : count + 1
        }
    }

    private func insertion(_ rows: [Entry], at now: Date) -> SQL {
        """
        INSERT INTO leaked_credentials (id, company_id, employee_id, record_id, identity, login, sites, secret_kind, length_class, fingerprint,
            is_dated, is_unread, first_seen_at, last_seen_at)
        SELECT id, \(db.company), employee_id, record_id, identity, login, sites::text[], kind, length, fingerprint, is_dated, is_unread, \(now), \(now)
        FROM unnest(
            \(rows.map { _ in CUID.make(at: now) })::text[], \(rows.map(\.leak.employee))::text[], \(rows.map(\.leak.record))::text[],
            \(rows.map(\.credential.identity))::bytea[], \(rows.map(\.credential.login))::text[],
            \(rows.map { ArrayText.of(Self.kept($0.sites)) })::text[],
            \(rows.map(\.credential.secret?.kind))::text[], \(rows.map(\.credential.secret?.lengthClass))::text[],
            \(rows.map(\.credential.secret?.fingerprint))::bytea[], \(rows.map(\.leak.finding.isDated))::bool[],
            \(rows.map(\.credential.isUnread))::bool[]
        ) AS c (id, employee_id, record_id, identity, login, sites, kind, length, fingerprint, is_dated, is_unread)
        ON CONFLICT (company_id, record_id, identity) DO NOTHING
        RETURNING is_unread
        """
    }

    /// Those of a credential's sites that are kept.
    private static func kept(_ sites: Set<String>) -> [String] {
        Array(sites.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(siteLimit))
    }

    /// Adds sites to credentials that were known at others.
    private func sites(_ rows: [Entry]) -> SQL {
        """
        UPDATE leaked_credentials c SET sites = together.sites
        FROM unnest(
            \(rows.map(\.leak.record))::text[], \(rows.map(\.credential.identity))::bytea[], \(rows.map { ArrayText.of(Self.kept($0.sites)) })::text[]
        ) AS n (record_id, identity, sites)
        JOIN leaked_credentials known ON known.company_id = \(db.company) AND known.record_id = n.record_id AND known.identity = n.identity
        CROSS JOIN LATERAL (
            SELECT array_agg(site) AS sites FROM (
                SELECT DISTINCT site COLLATE "C" AS site FROM unnest(known.sites || n.sites::text[]) AS site ORDER BY 1 LIMIT \(Self.siteLimit)
            ) AS first
        ) AS together
        WHERE c.company_id = \(db.company) AND c.id = known.id AND NOT known.sites @> n.sites::text[] AND together.sites <> known.sites COLLATE "C"
        """
    }

    private func sightings(_ rows: [Entry], at now: Date) -> SQL {
        """
        WITH added AS (
            INSERT INTO leak_sightings (company_id, credential_id, file_id, created_at)
            SELECT \(db.company), c.id, n.file_id, \(now)
            FROM unnest(
                \(rows.map(\.leak.record))::text[], \(rows.map(\.credential.identity))::bytea[], \(rows.map(\.leak.finding.file))::text[]
            ) AS n (record_id, identity, file_id)
            JOIN leaked_credentials c ON c.company_id = \(db.company) AND c.record_id = n.record_id AND c.identity = n.identity
            ON CONFLICT DO NOTHING
            RETURNING credential_id
        )
        UPDATE leaked_credentials c SET last_seen_at = \(now)
        FROM added WHERE c.company_id = \(db.company) AND c.id = added.credential_id AND c.last_seen_at < \(now)
        """
    }

    private func machines(_ leaks: [RecordedLeak]) -> [SQL] {
        var machines: [(InfectedMachine.Facts, BreachID)] = []
        var places: [String: Int] = [:]
        for leak in leaks {
            guard let machine = leak.finding.machine else { continue }
            if let place = places[machine.key] {
                machines[place].0 = machines[place].0.merged(with: machine)
            } else {
                places[machine.key] = machines.count
                machines.append((machine, leak.breach))
            }
        }
        guard !machines.isEmpty else { return [] }
        let facts = machines.map(\.0)
        return [
            """
            INSERT INTO infected_machines AS known (id, company_id, machine_key, breach_id, malware_family, captured_at, country,
                credential_count, cookie_count, has_tokens)
            SELECT id, \(db.company), machine_key, breach_id, family, captured_at, country, credentials, cookies, tokens
            FROM unnest(
                \(facts.map { _ in InfectedMachineID() })::text[], \(facts.map(\.key))::text[], \(machines.map(\.1))::text[],
                \(facts.map(\.malwareFamily))::text[], \(facts.map(\.capturedAt))::timestamptz[],
                \(facts.map(\.country))::text[], \(facts.map(\.credentialCount))::int4[], \(facts.map(\.cookieCount))::int4[],
                \(facts.map(\.hasTokens))::bool[]
            ) AS m (id, machine_key, breach_id, family, captured_at, country, credentials, cookies, tokens)
            ON CONFLICT (company_id, machine_key) DO UPDATE SET
                malware_family = coalesce(known.malware_family, excluded.malware_family),
                captured_at = coalesce(known.captured_at, excluded.captured_at),
                country = coalesce(known.country, excluded.country),
                credential_count = greatest(known.credential_count, excluded.credential_count),
                cookie_count = greatest(known.cookie_count, excluded.cookie_count),
                has_tokens = known.has_tokens OR excluded.has_tokens
            WHERE (excluded.credential_count, excluded.cookie_count, excluded.has_tokens)
                    IS DISTINCT FROM (known.credential_count, known.cookie_count, known.has_tokens)
                OR num_nulls(known.malware_family, known.captured_at, known.country) > 0
            """
        ] + marks(facts) + traces(facts) + ids(facts)
    }

    /// By what the machines are known again.
    private func marks(_ machines: [InfectedMachine.Facts]) -> [SQL] {
        let marks = machines.flatMap { machine in machine.marks.map { (machine.key, $0) } }
        guard !marks.isEmpty else { return [] }
        return [
            """
            INSERT INTO machine_marks (company_id, mark, kind, machine_id)
            SELECT \(db.company), n.mark, n.kind, m.id
            FROM unnest(\(marks.map(\.0))::text[], \(marks.map(\.1.mark))::bytea[], \(marks.map(\.1.kind.rawValue))::text[]) AS n (machine_key, mark, kind)
            JOIN infected_machines m ON m.company_id = \(db.company) AND m.machine_key = n.machine_key
            ON CONFLICT DO NOTHING
            """
        ]
    }

    /// Gives the malware's id of a machine to records that were made when no log had said it.
    private func ids(_ machines: [InfectedMachine.Facts]) -> [SQL] {
        let machines = machines.filter { $0.traces.machineId != nil }
        guard !machines.isEmpty else { return [] }
        return [
            """
            UPDATE breach_records r SET machine_id = n.hardware_id
            FROM unnest(\(machines.map(\.key))::text[], \(machines.map(\.traces.machineId))::text[]) AS n (machine_key, hardware_id)
            JOIN infected_machines m ON m.company_id = \(db.company) AND m.machine_key = n.machine_key
            WHERE r.company_id = \(db.company) AND r.breach_id = m.breach_id AND r.machine_id IS NULL
            """
        ]
    }

    /// What finds the machines. A log that says less takes nothing away.
    private func traces(_ machines: [InfectedMachine.Facts]) -> [SQL] {
        let machines = machines.filter { !$0.traces.isEmpty }
        guard !machines.isEmpty else { return [] }
        let traces = machines.map(\.traces)
        return [
            """
            INSERT INTO machine_traces AS known (company_id, machine_id, hardware_id, computer, user_name, operating_system, addresses, antivirus,
                malware_path)
            SELECT \(db.company), m.id, n.hardware_id, n.computer, n.user_name, n.operating_system, n.addresses::text[], n.antivirus::text[],
                n.malware_path
            FROM unnest(
                \(machines.map(\.key))::text[], \(traces.map(\.machineId))::text[], \(traces.map(\.computer))::text[],
                \(traces.map(\.userName))::text[], \(traces.map(\.operatingSystem))::text[],
                \(traces.map { ArrayText.of($0.addresses) })::text[],
                \(traces.map { ArrayText.of($0.antivirus) })::text[], \(traces.map(\.malwarePath))::text[]
            ) AS n (machine_key, hardware_id, computer, user_name, operating_system, addresses, antivirus, malware_path)
            JOIN infected_machines m ON m.company_id = \(db.company) AND m.machine_key = n.machine_key
            ON CONFLICT (company_id, machine_id) DO UPDATE SET
                hardware_id = coalesce(known.hardware_id, excluded.hardware_id),
                computer = coalesce(known.computer, excluded.computer),
                user_name = coalesce(known.user_name, excluded.user_name),
                operating_system = coalesce(known.operating_system, excluded.operating_system),
                addresses = CASE WHEN known.addresses = '{}' THEN excluded.addresses ELSE known.addresses END,
                antivirus = CASE WHEN known.antivirus = '{}' THEN excluded.antivirus ELSE known.antivirus END,
                malware_path = coalesce(known.malware_path, excluded.malware_path)
            WHERE num_nulls(known.hardware_id, known.computer, known.user_name, known.operating_system, known.malware_path) > 0
                OR known.addresses = '{}' OR known.antivirus = '{}'
            """
        ]
    }
}
