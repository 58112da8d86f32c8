import Foundation
import Postgres

/// Brings the staff list up to what a directory has listed, in one transaction: who is new is added, what is different is changed,
/// who is gone or disabled is deactivated, who is back is reactivated. A row that says what we know already is not written, and
/// nothing is blanked.
///
/// A person is known by the directory's own id; who is not yet, by the address. Of two people with one address the active one that came
/// first has it. Somebody whom another directory watches over stays with that one for as long as they are active there.
struct SyncMerge {
    let db: TenantTransaction
    let connection: DirectoryConnectionID
    /// Whether everybody was listed: only then is a listing of nobody an error.
    let isFull: Bool
    /// How many may go although that is more than half; nil: nobody has accepted that.
    let acceptedDepartures: Int?
    let now: Date

    /// Why a listing is not taken as the truth.
    enum Refusal: Error, Equatable, CustomStringConvertible {
        case nobodyListed
        case tooManyGone(gone: Int, of: Int, accepted: Int?)

        var description: String {
            switch self {
            case .nobodyListed: "The directory lists nobody. Check what is searched, and whether it may be read."
            case .tooManyGone(let gone, let known, let accepted):
                "\(gone) of \(known) people would be deactivated, which is more than "
                    + (accepted.map { "the \($0) that were accepted" } ?? "half")
                    + ": nothing was changed. If they have really left, sync again and accept it."
            }
        }
    }

    func perform(_ listing: WholeListing) async throws -> SyncOutcome {
        if isFull, listing.people.isEmpty, listing.unchanged == 0 { throw Refusal.nobodyListed }
        try await stage(listing)
        let moved = try await AddressMoves(db: db, connection: connection).perform()
        try await decide(listing.people.count)
        try await refuseIfTooManyWouldGo(listing)
        let results = try await db.pipeline([update, insert, deactivate, explain])
        var outcome = SyncOutcome()
        var touched = Set<EmployeeID>()
        for var row in results[0] {
            let person = SyncSamples.Person(id: try row.next(), email: try row.next(), fields: try row.next() as [String])
            touched.insert(person.id)
            let isBack: Bool = try row.next()
            if isBack {
                outcome.reactivated += 1
                Self.keep(person, in: &outcome.samples.reactivated)
            } else {
                outcome.changed += 1
                Self.keep(person, in: &outcome.samples.changed)
            }
        }
        // Each counts once, whatever of them is another.
        for person in moved where touched.insert(person.id).inserted {
            outcome.changed += 1
            Self.keep(person, in: &outcome.samples.changed)
        }
        outcome.added = results[1].affectedRows
        for var row in results[1].prefix(SyncSamples.kept) {
            outcome.samples.added.append(.init(id: try row.next(), email: try row.next()))
        }
        try await giveAddresses(listing, into: &outcome, touched: touched)
        outcome.deactivated = results[2].affectedRows
        for var row in results[2].prefix(SyncSamples.kept) {
            outcome.samples.deactivated.append(.init(id: try row.next(), email: try row.next()))
        }
        try await count(listing, into: &outcome)
        return outcome
    }

    /// Gives people the further addresses that the directory tells, after they have been put on the list.
    private func giveAddresses(_ listing: WholeListing, into outcome: inout SyncOutcome, touched: Set<EmployeeID>) async throws {
        guard listing.people.contains(where: { $0.addresses != nil }) else { return }
        let changes = try await EmployeeAddresses(db).merge(of: connection)
        // Who is new has all that they have for the first time.
        for person in changes.changed where !person.isNew && !touched.contains(person.id) {
            outcome.changed += 1
            Self.keep(.init(id: person.id, email: person.email, fields: ["addresses"]), in: &outcome.samples.changed)
        }
        if let first = changes.firstRefused, changes.refused > 0 {
            let words =
                changes.refused == 1
                ? "1 further address that the directory gives to one person is another's, and stays theirs; it is claimed for"
                : "\(Format.count(changes.refused)) further addresses that the directory gives to one person are another's, and stay theirs; the first is claimed for"
            outcome.warnings.append("\(words) \(PlainText.oneLine(String(first.beginning(200)))).")
        }
    }

    private static func keep(_ person: SyncSamples.Person, in list: inout [SyncSamples.Person]) {
        if list.count < SyncSamples.kept { list.append(person) }
    }

    // MARK: What was listed

    /// Copies who may be different, and who is gone, to where they can be joined with the staff list.
    private func stage(_ listing: WholeListing) async throws {
        // A large directory takes longer than a request's statement may.
        try await db.setStatementTimeout(.seconds(600))
        _ = try await db.pipeline([
            // Plans need to know how many rows there are, and little more.
            "SELECT set_config('default_statistics_target', '10', true)",
            """
            CREATE TEMPORARY TABLE sync_listed (
                line integer NOT NULL, id text COLLATE "C" NOT NULL, external_id text NOT NULL, email text COLLATE "C", first_name text,
                last_name text, department text, title text, is_active boolean NOT NULL, is_disabled boolean NOT NULL, mfa_enabled boolean,
                password_changed_at timestamptz, sessions_valid_from timestamptz, problem text, has_claim boolean NOT NULL,
                tells_addresses boolean NOT NULL
            ) ON COMMIT DROP
            """,
            "CREATE TEMPORARY TABLE sync_addresses (external_id text NOT NULL, address text COLLATE \"C\" NOT NULL) ON COMMIT DROP",
            "CREATE TEMPORARY TABLE sync_gone (external_id text NOT NULL) ON COMMIT DROP",
        ])
        try await db.copyIn("sync_listed", columns: Self.columns) { writer in
            for person in listing.people {
                try Self.append(person, to: &writer)
                try await writer.endRow()
            }
        }
        try await db.copyIn("sync_addresses", columns: ["external_id", "address"]) { writer in
            for person in listing.people where person.isActive {
                for address in person.addresses ?? [] {
                    try writer.append(person.externalId)
                    try writer.append(address)
                    try await writer.endRow()
                }
            }
        }
        try await db.copyIn("sync_gone", columns: ["external_id"]) { writer in
            for id in listing.gone {
                try writer.append(id)
                try await writer.endRow()
            }
        }
        _ = try await db.pipeline([
            // What is known of employees may be from before yesterday: with an index no plan reads all of one for each of the other.
            "CREATE INDEX ON sync_listed (external_id)", "CREATE INDEX ON sync_gone (external_id)", "ANALYZE sync_listed", "ANALYZE sync_gone",
        ])
    }

    private static let columns = [
        "line", "id", "external_id", "email", "first_name", "last_name", "department", "title", "is_active", "is_disabled", "mfa_enabled",
        "password_changed_at", "sessions_valid_from", "problem", "has_claim", "tells_addresses",
    ]

    private static func append(_ person: ListedPerson, to writer: inout CopyWriter) throws {
        try writer.append(person.line)
        try writer.append(EmployeeID())
        try writer.append(person.externalId)
        try writer.append(person.email)
        try writer.append(person.firstName)
        try writer.append(person.lastName)
        try writer.append(person.department)
        try writer.append(person.title)
        try writer.append(person.isActive)
        try writer.append(person.isDisabled)
        try writer.append(person.mfaEnabled)
        try writer.append(person.passwordChangedAt)
        try writer.append(person.sessionsValidFrom)
        try writer.append(person.problem)
        try writer.append(person.hasClaim)
        try writer.append(person.addresses != nil)
    }

    /// Those whom this directory brought and who are active: e.
    private var ours: SQL { "e.company_id = \(db.company) AND e.source_connection_id = \(connection) AND e.deactivated_at IS NULL" }

    /// Of these, whom it no longer has or has disabled.
    private var leaving: SQL { "\(ours) AND e.external_id IN (SELECT external_id FROM sync_gone)" }

    /// Whose former account is gone and who has another one stays.
    private func refuseIfTooManyWouldGo(_ listing: WholeListing) async throws {
        guard !listing.gone.isEmpty else { return }
        let counts = try await db.pipeline([
            """
            SELECT count(*) FROM employees e WHERE \(leaving)
                AND NOT EXISTS (SELECT FROM sync_people p WHERE p.employee_id = e.id AND p.is_active)
            """,
            "SELECT count(*) FROM employees e WHERE \(ours)",
        ]).map { rows in
            for var row in rows { return try row.next() as Int }
            return 0
        }
        let (gone, known) = (counts[0], counts[1])
        guard gone * 2 > known, gone > acceptedDepartures ?? 0 else { return }
        throw Refusal.tooManyGone(gone: gone, of: known, accepted: acceptedDepartures)
    }

    // MARK: Who is who

    /// Finds whom each listed person is, or why they cannot be taken. Whose account is gone leaves the address to the next one.
    private func decide(_ count: Int) async throws {
        _ = try await db.pipeline([
            // As above: for many, joining by hash is right whatever is known of employees; a nested loop may read all of them for each.
            "SELECT set_config('enable_nestloop', \(count > Self.many ? "off" : "on"), true)",
            decision, "CREATE INDEX ON sync_people (employee_id)", "ANALYZE sync_people",
            "SELECT set_config('enable_nestloop', 'on', true)",
        ])
    }

    private static let many = 500

    private var decision: SQL {
        """
        CREATE TEMPORARY TABLE sync_people ON COMMIT DROP AS
        SELECT l.*,
            coalesce(own.id, CASE WHEN l.has_claim AND l.is_active AND (
                NOT \(Custody.isHeld("other"))
                OR other.source_connection_id = \(connection) AND other.external_id IN (SELECT external_id FROM sync_gone)
            ) THEN other.id END) AS employee_id,
            CASE
                WHEN own.id IS NOT NULL THEN CASE
                    WHEN l.is_active AND l.problem IS NULL AND l.email <> own.email
                        THEN 'keeps the former e-mail address: somebody else has the new one'
                    WHEN l.is_active AND l.problem IS NOT NULL THEN l.problem
                END
                WHEN NOT l.is_active THEN 'is disabled in the directory'
                WHEN l.problem IS NOT NULL THEN l.problem
                WHEN NOT l.has_claim THEN 'has the e-mail address of another account of this directory'
                WHEN NOT \(Custody.isHeld("other")) THEN NULL
                WHEN other.source_connection_id <> \(connection) THEN 'belongs to another directory: ' || d.name
                WHEN other.external_id IN (SELECT external_id FROM sync_gone) THEN NULL
                ELSE 'has the e-mail address of another account of this directory'
            END AS reason
        FROM sync_listed l
        LEFT JOIN employees own
            ON own.company_id = \(db.company) AND own.source_connection_id = \(connection) AND own.external_id = l.external_id
        LEFT JOIN employees other ON other.company_id = \(db.company) AND other.email = l.email AND own.id IS NULL
        LEFT JOIN directory_connections d ON d.company_id = \(db.company) AND d.id = other.source_connection_id
        """
    }

    // MARK: Changes

    /// Whether the directory names a later time than we know. What was done through us is known before the directory tells of it, and an
    /// earlier time takes nothing back.
    private static func isLater(_ column: SQL) -> SQL {
        "coalesce(date_trunc('milliseconds', p.\(column)) > coalesce(e.\(column), '-infinity'), false)"
    }

    /// The later of what we know and what the directory says of an account; of another account than before what it says, also if that
    /// is nothing. `account_differs`: whether it is another.
    private static func time(_ column: SQL) -> SQL {
        """
        CASE WHEN d.account_differs THEN date_trunc('milliseconds', d.\(column))
            ELSE greatest(date_trunc('milliseconds', d.\(column)), e.\(column)) END
        """
    }

    private var accountDiffers: SQL { "(e.source_connection_id IS DISTINCT FROM \(connection) OR e.external_id IS DISTINCT FROM p.external_id)" }

    /// Changes those who are different, and locks only them, in the order in which everybody locks employees.
    private var update: SQL {
        """
        WITH different AS MATERIALIZED (
            SELECT e.id AS known_id, e.deactivated_at IS NOT NULL AS is_back, \(accountDiffers) AS account_differs, p.*, array_remove(ARRAY[
                CASE WHEN p.first_name <> e.first_name THEN 'firstName' END,
                CASE WHEN p.last_name <> e.last_name THEN 'lastName' END,
                CASE WHEN p.department IS DISTINCT FROM e.department AND p.department IS NOT NULL THEN 'department' END,
                CASE WHEN p.title IS DISTINCT FROM e.title AND p.title IS NOT NULL THEN 'title' END,
                CASE WHEN p.mfa_enabled IS DISTINCT FROM e.mfa_enabled AND p.mfa_enabled IS NOT NULL THEN 'mfaEnabled' END,
                CASE WHEN \(Self.isLater("password_changed_at")) THEN 'passwordChangedAt' END,
                CASE WHEN \(Self.isLater("sessions_valid_from")) THEN 'sessionsValidFrom' END,
                CASE WHEN \(accountDiffers) THEN 'directory' END,
                CASE WHEN e.deactivated_at IS NOT NULL THEN 'deactivatedAt' END
            ], NULL) AS fields
            FROM sync_people p JOIN employees e ON e.company_id = \(db.company) AND e.id = p.employee_id
            WHERE p.is_active AND (
                p.first_name <> e.first_name OR p.last_name <> e.last_name
                OR (p.department IS NOT NULL AND p.department IS DISTINCT FROM e.department)
                OR (p.title IS NOT NULL AND p.title IS DISTINCT FROM e.title)
                OR (p.mfa_enabled IS NOT NULL AND p.mfa_enabled IS DISTINCT FROM e.mfa_enabled)
                OR \(Self.isLater("password_changed_at")) OR \(Self.isLater("sessions_valid_from"))
                OR \(accountDiffers) OR e.deactivated_at IS NOT NULL
            )
            ORDER BY e.id FOR NO KEY UPDATE OF e
        )
        UPDATE employees e SET
            first_name = coalesce(d.first_name, e.first_name), last_name = coalesce(d.last_name, e.last_name),
            department = coalesce(d.department, e.department), title = coalesce(d.title, e.title),
            mfa_enabled = coalesce(d.mfa_enabled, e.mfa_enabled),
            password_changed_at = \(Self.time("password_changed_at")), sessions_valid_from = \(Self.time("sessions_valid_from")),
            source_connection_id = \(connection), external_id = d.external_id, deactivated_at = NULL
        FROM different d WHERE e.company_id = \(db.company) AND e.id = d.known_id
        RETURNING e.id, e.email, d.fields, d.is_back
        """
    }

    private var insert: SQL {
        """
        INSERT INTO employees (id, company_id, email, first_name, last_name, department, title, mfa_enabled, password_changed_at,
            sessions_valid_from, source_connection_id, external_id)
        SELECT p.id, \(db.company), p.email, coalesce(p.first_name, ''), coalesce(p.last_name, ''), p.department, p.title, p.mfa_enabled,
            date_trunc('milliseconds', p.password_changed_at), date_trunc('milliseconds', p.sessions_valid_from), \(connection), p.external_id
        FROM sync_people p WHERE p.employee_id IS NULL AND p.reason IS NULL
        ORDER BY p.line
        ON CONFLICT (company_id, email) DO NOTHING
        RETURNING id, email
        """
    }

    private var deactivate: SQL {
        """
        WITH gone AS MATERIALIZED (
            SELECT e.id FROM employees e WHERE \(leaving) ORDER BY e.id FOR NO KEY UPDATE OF e
        )
        UPDATE employees e SET deactivated_at = \(now), deactivation_reason = CASE
                WHEN EXISTS (SELECT FROM sync_listed l WHERE l.external_id = e.external_id AND l.is_disabled) THEN 'DISABLED' ELSE 'GONE' END
        FROM gone WHERE e.company_id = \(db.company) AND e.id = gone.id
        RETURNING e.id, e.email
        """
    }

    /// Of those who have left for another reason, whose account the directory lists as disabled by now. Who was that and is no longer listed
    /// stays so: it was the directory's last word.
    private var explain: SQL {
        """
        WITH different AS MATERIALIZED (
            SELECT e.id FROM employees e JOIN sync_listed l ON l.external_id = e.external_id AND l.is_disabled
            WHERE e.company_id = \(db.company) AND e.source_connection_id = \(connection) AND e.deactivated_at IS NOT NULL
                AND e.deactivation_reason IS DISTINCT FROM 'DISABLED'
            ORDER BY e.id FOR NO KEY UPDATE OF e
        )
        UPDATE employees e SET deactivation_reason = 'DISABLED' FROM different d WHERE e.company_id = \(db.company) AND e.id = d.id
        """
    }

    // MARK: The result

    private func count(_ listing: WholeListing, into outcome: inout SyncOutcome) async throws {
        let results = try await db.pipeline([
            "SELECT count(*) FROM sync_people WHERE reason IS NOT NULL",
            """
            SELECT external_id, reason FROM sync_people WHERE reason IS NOT NULL
            ORDER BY reason = 'is disabled in the directory', line LIMIT \(SyncSamples.kept)
            """,
        ])
        for var row in results[0] { outcome.skipped = try row.next() }
        for var row in results[1] {
            outcome.samples.skipped.append(.init(externalId: try row.next(), reason: try row.next()))
        }
        let gone = isFull ? 0 : outcome.deactivated
        // Listed and neither written nor skipped: as they were, or disabled already.
        let total = listing.unchanged + listing.people.count
        outcome.unchanged = max(0, total - outcome.skipped - outcome.added - outcome.changed - outcome.reactivated - gone)
    }
}
