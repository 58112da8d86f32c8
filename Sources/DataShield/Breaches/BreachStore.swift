import Foundation
import Postgres

/// The SQL of the catalogue. `db` is a company's transaction or the system's: the catalogue belongs to all.
struct BreachStore {
    let db: any Queryable

    /// What has to be known of a breach to say whether a draft improves it.
    struct Known: RowDecodable {
        var id: BreachID
        var key: String
        var quality: Int
        var raisesAlert: Bool
        var displayName: String

        init(from row: inout Row) throws {
            id = try row.next()
            key = try row.next()
            let source = try row.next(as: BreachSource.self)
            quality = (try row.next(as: Bool.self) ? 4 : 0) + source.rank
            raisesAlert = try row.next()
            displayName = try row.next()
        }
    }

    func known(_ keys: [String]) async throws -> [Known] {
        try await db.query(
            """
            SELECT id, canonical_key, source, added_at IS NOT NULL, NOT (is_fabricated OR is_spam_list),
                CASE WHEN title = '' THEN name ELSE title END
            FROM breaches WHERE canonical_key = ANY(\(keys)::text[])
            """, as: Known.self)
    }

    /// Adds what is missing and improves what is worse than the drafts say.
    /// - Parameter drafts: by their keys.
    /// - Returns: all of them, as the catalogue has them now.
    func ensure(_ drafts: [String: BreachDraft]) async throws -> [String: Known] {
        let keys = drafts.keys.sorted()
        var found = Dictionary(uniqueKeysWithValues: try await known(keys).map { ($0.key, $0) })
        let missing = keys.filter { found[$0] == nil }
        if !missing.isEmpty {
            // In the order of the keys: two recorders that add the same breaches wait for each other, and never both ways.
            try await insert(missing.compactMap { drafts[$0] })
            for breach in try await known(missing) { found[breach.key] = breach }
        }
        let worse = keys.filter { key in
            guard let draft = drafts[key], let breach = found[key] else { return false }
            // Between equals without a catalogue, each may know something that the other does not.
            return draft.quality > breach.quality || (draft.quality == breach.quality && !draft.isFromCatalogue)
        }
        if !worse.isEmpty, try await improve(worse, with: drafts) > 0 {
            for breach in try await known(worse) { found[breach.key] = breach }
        }
        return found
    }

    private func insert(_ drafts: [BreachDraft]) async throws {
        try await db.execute(Self.insertion(drafts) + "ON CONFLICT DO NOTHING")
    }

    /// Takes a source's whole catalogue: adds what is new and overwrites what changed, unless a better source has said it.
    /// - Returns: how many rows were written.
    func replace(with drafts: [BreachDraft]) async throws -> Int {
        guard let source = drafts.first?.source else { return 0 }
        let lesser = BreachSource.allCases.filter { $0.rank <= source.rank }
        let set: [SQL] = Self.values.map { "\(unsafe: $0) = excluded.\(unsafe: $0)" }
        let old: [SQL] = Self.values.map { "b.\(unsafe: $0)" }
        let new: [SQL] = Self.values.map { "excluded.\(unsafe: $0)" }
        return try await db.execute(
            Self.insertion(drafts) + """
                ON CONFLICT (canonical_key) DO UPDATE SET \(set.joined(separator: ", "))
                WHERE (b.added_at IS NULL OR b.source = ANY(\(lesser)::breach_source[]))
                    AND (\(old.joined(separator: ", "))) IS DISTINCT FROM (\(new.joined(separator: ", ")))
                """)
    }

    /// Improves breaches under lock, so that what is written follows from what is there, whoever else writes.
    private func improve(_ keys: [String], with drafts: [String: BreachDraft]) async throws -> Int {
        let breaches = try await db.query(
            """
            SELECT \(Breach.columns) FROM breaches b WHERE canonical_key = ANY(\(keys)::text[]) ORDER BY canonical_key FOR NO KEY UPDATE
            """, as: Breach.self)
        var improved: [BreachDraft] = []
        for breach in breaches {
            let before = BreachDraft(breach)
            guard let draft = drafts[CanonicalKey.of(breach.name)] else { continue }
            let after = before.improved(by: draft)
            if after != before { improved.append(after) }
        }
        guard !improved.isEmpty else { return 0 }
        let set: [SQL] = Self.values.map { "\(unsafe: $0) = new.\(unsafe: $0)" }
        return try await db.execute(
            "UPDATE breaches b SET \(set.joined(separator: ", ")) FROM (\(Self.rows(improved))) AS new WHERE b.canonical_key = new.canonical_key")
    }

    // MARK: Many rows in one statement

    /// What a source may say of a breach: all but its id and key.
    private static let values = [
        "name", "title", "source", "domain", "breach_date", "added_at", "description", "data_types", "pwn_count", "is_verified",
        "is_fabricated", "is_sensitive", "is_retired", "is_spam_list", "is_malware", "is_stealer_log", "logo_path",
    ]

    private static func insertion(_ drafts: [BreachDraft]) -> SQL {
        let columns = (["id", "canonical_key"] + values).joined(separator: ", ")
        return "INSERT INTO breaches AS b (\(unsafe: columns)) \(rows(drafts)) ORDER BY canonical_key "
    }

    private static func rows(_ drafts: [BreachDraft]) -> SQL {
        let entries = drafts.map(\.entry)
        let flags: [(String, KeyPath<CatalogueEntry, Bool>)] = [
            ("is_verified", \.isVerified), ("is_fabricated", \.isFabricated), ("is_sensitive", \.isSensitive), ("is_retired", \.isRetired),
            ("is_spam_list", \.isSpamList), ("is_malware", \.isMalware), ("is_stealer_log", \.isStealerLog),
        ]
        let flagArrays: [SQL] = flags.map { flag in "\(entries.map { $0[keyPath: flag.1] })::bool[]" }
        return """
            SELECT id, canonical_key, name, title, source::breach_source, domain, breach_date, added_at, description,
                data_types::text[], pwn_count, \(unsafe: flags.map(\.0).joined(separator: ", ")), logo_path
            FROM unnest(
                \(drafts.map { _ in BreachID() })::text[], \(drafts.map(\.key))::text[], \(entries.map(\.name))::text[],
                \(entries.map(\.title))::text[], \(drafts.map(\.source.rawValue))::text[], \(entries.map(\.domain))::text[],
                \(entries.map { $0.breachDate.map(Self.day) })::date[], \(entries.map(\.addedAt))::timestamptz[],
                \(entries.map(\.description))::text[], \(entries.map { ArrayText.of($0.dataTypes) })::text[],
                \(entries.map(\.pwnCount))::bigint[], \(flagArrays.joined(separator: ", ")), \(entries.map(\.logoPath))::text[]
            ) AS draft (id, canonical_key, name, title, source, domain, breach_date, added_at, description, data_types, pwn_count,
                \(unsafe: flags.map(\.0).joined(separator: ", ")), logo_path)
            """
    }

    private static func day(_ date: Date) -> String { String(Timestamp.text(date).prefix(10)) }
}
