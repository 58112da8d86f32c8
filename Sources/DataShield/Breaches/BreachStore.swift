import Foundation
import Postgres

/// The SQL of breaches as one company has them: the catalogue's, which it only reads, and its own.
struct BreachStore {
    let db: TenantTransaction

    /// What has to be known of a breach to record that somebody is in it.
    struct Known: RowDecodable {
        var id: BreachID
        var key: String
        /// Whether it is the company's own: the catalogue is not for a company to improve.
        var isOwn: Bool
        var quality: Int
        var raisesAlert: Bool
        var displayName: String
        /// nil: date unknown.
        var breachDate: Date?

        init(from row: inout Row) throws {
            id = try row.next()
            key = try row.next()
            isOwn = try row.next()
            quality = try row.next(as: BreachSource.self).rank
            raisesAlert = try row.next()
            displayName = try row.next()
            breachDate = try row.next()
        }

        static let columns: SQL = """
            b.id, b.canonical_key, b.company_id IS NOT NULL, b.source, NOT (b.is_fabricated OR b.is_spam_list), \
            CASE WHEN b.title = '' THEN b.name ELSE b.title END, b.breach_date
            """
    }

    /// Breaches of the catalogue `b` whose title a key is. Two that have one title are told apart by their names only.
    private static let isOnlyOneOfItsTitle: SQL = """
        NOT EXISTS (SELECT FROM breaches o WHERE o.company_id IS NULL AND o.title_key = b.title_key AND o.id <> b.id)
        """

    /// What the company's names are: a breach of the catalogue by its name, else by its title, else one of the company's own.
    /// - Returns: by the keys that were asked for; a breach that is known by its title has another key itself.
    func known(_ keys: [String]) async throws -> [String: Known] {
        let rows = try await db.query(
            """
            SELECT b.canonical_key, 1 AS place, \(Known.columns) FROM breaches b WHERE b.company_id IS NULL AND b.canonical_key = ANY(\(keys)::text[])
            UNION ALL
            SELECT b.title_key, 2, \(Known.columns) FROM breaches b
            WHERE b.company_id IS NULL AND b.title_key = ANY(\(keys)::text[]) AND \(Self.isOnlyOneOfItsTitle)
            UNION ALL
            SELECT b.canonical_key, 3, \(Known.columns) FROM breaches b
            WHERE b.company_id = \(db.company) AND b.canonical_key = ANY(\(keys)::text[])
            ORDER BY place
            """)
        var found: [String: Known] = [:]
        for var row in rows {
            let (asked, _) = (try row.next(as: String.self), try row.next(as: Int.self))
            let breach = try Known(from: &row)
            if found[asked] == nil { found[asked] = breach }
        }
        return found
    }

    /// A breach of the company's own that the catalogue has by now.
    struct Taken: RowDecodable {
        var own: BreachID
        var ownDate: Date?
        var catalogue: Known

        init(from row: inout Row) throws {
            own = try row.next()
            ownDate = try row.next()
            catalogue = try Known(from: &row)
        }
    }

    /// The first of the company's own breaches that the catalogue has, by its name or its title.
    func firstTaken() async throws -> Taken? {
        try await db.first(
            """
            SELECT own.id, own.breach_date, c.* FROM breaches own CROSS JOIN LATERAL (
                SELECT * FROM (
                    SELECT \(Known.columns), 1 AS place FROM breaches b WHERE b.company_id IS NULL AND b.canonical_key = own.canonical_key
                    UNION ALL
                    SELECT \(Known.columns), 2 FROM breaches b
                    WHERE b.company_id IS NULL AND b.title_key = own.canonical_key AND \(Self.isOnlyOneOfItsTitle)
                ) AS found ORDER BY place LIMIT 1
            ) AS c
            WHERE own.company_id = \(db.company) ORDER BY own.canonical_key LIMIT 1
            """, as: Taken.self)
    }

    /// Lets one of the company's own go, to which nothing refers any more.
    func remove(_ own: BreachID) async throws {
        try await db.execute("DELETE FROM breaches WHERE company_id = \(db.company) AND id = \(own)")
    }

    // MARK: The company's own

    /// Adds to the company's own what neither they nor the catalogue have, and improves those of them that are worse than the drafts say.
    /// The catalogue stays as it is, whatever a company's sources say.
    /// - Parameter drafts: by their keys.
    /// - Returns: what each of the keys is; see ``known(_:)``.
    /// - Throws: ``NotAdded`` when there is a key that is none: what is found of it would be lost.
    func ensure(_ drafts: [String: BreachDraft]) async throws -> [String: Known] {
        let keys = drafts.keys.sorted()
        var found = try await known(keys)
        let missing = keys.filter { found[$0] == nil }
        if !missing.isEmpty { found.merge(try await added(missing, drafts)) { first, _ in first } }
        let worse = keys.filter { key in
            guard let draft = drafts[key], let breach = found[key], breach.isOwn else { return false }
            // Between equals, each may know something that the other does not.
            return draft.quality >= breach.quality
        }
        if !worse.isEmpty, try await improve(worse, with: drafts) > 0 {
            for (key, breach) in try await known(worse) { found[key] = breach }
        }
        let lost = keys.count { found[$0] == nil }
        guard lost == 0 else { throw NotAdded(count: lost) }
        return found
    }

    /// Breaches that are neither there nor could be added.
    struct NotAdded: Error, CustomStringConvertible {
        var count: Int

        var description: String { "\(count) breaches could not be added. Their findings are not recorded." }
    }

    private func added(_ keys: [String], _ drafts: [String: BreachDraft]) async throws -> [String: Known] {
        // The catalogue may be taking them in at this moment.
        try await db.execute(BreachLock.adding)
        let known = try await known(keys)
        let missing = keys.filter { known[$0] == nil }
        guard !missing.isEmpty else { return known }
        // In the order of the keys: two recorders that add the same breaches wait for each other, and never both ways.
        let rows = BreachRows(missing.compactMap { key in drafts[key].map { (key: key, draft: $0) } }, company: db.company)
        try await renewKeys(missing.compactMap { drafts[$0] }.filter { draft in !draft.entry.name.utf8.allSatisfy { $0 < 0x80 } })
        try await db.execute(rows.insertion + "ON CONFLICT DO NOTHING")
        return try await self.known(keys)
    }

    /// Gives breaches of these names, whose letters may be composed otherwise, the keys of today: an older rule looked at how they are composed.
    private func renewKeys(_ drafts: [BreachDraft]) async throws {
        guard !drafts.isEmpty else { return }
        try await db.execute(
            """
            UPDATE breaches b SET canonical_key = new.key
            FROM unnest(\(drafts.map(\.key))::text[], \(drafts.map(\.entry.name))::text[]) AS new (key, name)
            WHERE b.company_id = \(db.company) AND normalize(b.name, NFC) = normalize(new.name, NFC) AND b.canonical_key <> new.key
            """)
    }

    /// Improves breaches under lock, so that what is written follows from what is there, whoever else writes.
    private func improve(_ keys: [String], with drafts: [String: BreachDraft]) async throws -> Int {
        let rows = try await db.query(
            """
            SELECT b.canonical_key, \(Breach.columns) FROM breaches b WHERE b.company_id = \(db.company) AND b.canonical_key = ANY(\(keys)::text[])
            ORDER BY b.canonical_key FOR NO KEY UPDATE
            """)
        var improved: [(key: String, draft: BreachDraft)] = []
        var redated: [BreachID] = []
        for var row in rows {
            let key = try row.next(as: String.self)
            let breach = try Breach(from: &row)
            let before = BreachDraft(breach)
            guard let draft = drafts[key] else { continue }
            let after = before.improved(by: draft)
            if after != before { improved.append((key: key, draft: after)) }
            if before.entry.breachDate != nil, after.entry.breachDate != before.entry.breachDate { redated.append(breach.id) }
        }
        guard !improved.isEmpty else { return 0 }
        let better = BreachRows(improved, company: db.company)
        let changed = try await db.execute(
            """
            UPDATE breaches b SET \(BreachRows.assignments(from: "new")) FROM (\(better.selection)) AS new
            WHERE b.company_id = \(db.company) AND b.canonical_key = new.canonical_key
            """)
        if !redated.isEmpty { try await forgetDates(of: redated) }
        return changed
    }

    /// Secrets whose files were of the former date are not of another one.
    private func forgetDates(of breaches: [BreachID]) async throws {
        try await db.execute(
            """
            UPDATE leaked_credentials c SET is_dated = false FROM breach_records r
            WHERE r.company_id = \(db.company) AND r.breach_id = ANY(\(breaches)::text[]) AND r.captured_at IS NULL
                AND c.company_id = r.company_id AND c.record_id = r.id AND c.is_dated
            """)
    }
}

/// Breaches as rows of one statement.
struct BreachRows {
    private let keys: [String]
    private let drafts: [BreachDraft]
    private let company: CompanyID?

    /// - Parameters:
    ///   - drafts: with the keys that are asked for, whatever name a draft has become known by.
    ///   - company: whose own they are; nil for the catalogue's.
    init(_ drafts: [(key: String, draft: BreachDraft)], company: CompanyID?) {
        keys = drafts.map(\.key)
        self.drafts = drafts.map(\.draft)
        self.company = company
    }

    /// What a source may say of a breach: all but its id, its key and whose it is.
    static let values = [
        "name", "title", "title_key", "source", "domain", "breach_date", "added_at", "description", "data_types", "pwn_count", "is_verified",
        "is_fabricated", "is_sensitive", "is_retired", "is_spam_list", "is_malware", "is_stealer_log", "logo_path",
    ]

    /// Takes all of it from rows of that name.
    static func assignments(from rows: String) -> SQL {
        values.map { value -> SQL in "\(unsafe: value) = \(unsafe: rows).\(unsafe: value)" }.joined(separator: ", ")
    }

    var insertion: SQL {
        let columns = (["id", "company_id", "canonical_key"] + Self.values).joined(separator: ", ")
        return "INSERT INTO breaches AS b (\(unsafe: columns)) \(selection) ORDER BY canonical_key "
    }

    var selection: SQL {
        let entries = drafts.map(\.entry)
        let flags: [(String, KeyPath<CatalogueEntry, Bool>)] = [
            ("is_verified", \.isVerified), ("is_fabricated", \.isFabricated), ("is_sensitive", \.isSensitive), ("is_retired", \.isRetired),
            ("is_spam_list", \.isSpamList), ("is_malware", \.isMalware), ("is_stealer_log", \.isStealerLog),
        ]
        let flagArrays: [SQL] = flags.map { flag in "\(entries.map { $0[keyPath: flag.1] })::bool[]" }
        return """
            SELECT id, \(company)::text, canonical_key, name, title, title_key, source::breach_source, domain, breach_date, added_at, description,
                data_types::text[], pwn_count, \(unsafe: flags.map(\.0).joined(separator: ", ")), logo_path
            FROM unnest(
                \(drafts.map(id))::text[], \(keys)::text[], \(entries.map(\.name))::text[], \(entries.map(\.title))::text[],
                \(drafts.map { company == nil ? $0.titleKey : nil })::text[], \(drafts.map(\.source.rawValue))::text[],
                \(entries.map(\.domain))::text[], \(entries.map { $0.breachDate.map(Self.day) })::date[],
                \(entries.map { company == nil ? $0.addedAt : nil })::timestamptz[], \(entries.map(\.description))::text[],
                \(entries.map { ArrayText.of($0.dataTypes) })::text[], \(entries.map(\.pwnCount))::bigint[],
                \(flagArrays.joined(separator: ", ")), \(entries.map(\.logoPath))::text[]
            ) AS draft (id, canonical_key, name, title, title_key, source, domain, breach_date, added_at, description, data_types, pwn_count,
                \(unsafe: flags.map(\.0).joined(separator: ", ")), logo_path)
            """
    }

    /// The id of one of the catalogue tells when its source took it in, and not when somebody's scan did.
    private func id(_ draft: BreachDraft) -> BreachID {
        company == nil ? BreachID(at: draft.entry.addedAt ?? Date(timeIntervalSince1970: 0)) : BreachID()
    }

    static func day(_ date: Date) -> String { String(Timestamp.text(date).prefix(10)) }
}
