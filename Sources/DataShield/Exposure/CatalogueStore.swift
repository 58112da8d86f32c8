import Foundation
import Postgres

/// The SQL of the catalogue. Only the system writes it, and only from what a service publishes.
struct CatalogueStore {
    let db: Transaction

    /// Takes what a source's catalogue says: adds what is new and overwrites what changed, unless a better source has said it.
    /// - Parameter drafts: of one source, each key once.
    /// - Returns: the companies that have to look through what they have: one of their own may be what was taken in, or they have alerts of a
    ///   breach that raises none any more, or did not and does.
    func replace(with drafts: [BreachDraft]) async throws -> [CompanyID] {
        guard let source = drafts.first?.source else { return [] }
        let (keys, titles) = (drafts.map(\.key), drafts.map(\.titleKey))
        let known = try await db.first(
            """
            SELECT count(*) FROM breaches b
            JOIN unnest(\(keys)::text[], \(titles)::text[], \(drafts.map(\.entry.domain))::text[]) AS new (key, title_key, domain)
                ON b.canonical_key = new.key AND b.title_key IS NOT DISTINCT FROM new.title_key
                AND b.domain_key IS NOT DISTINCT FROM nullif(regexp_replace(lower(new.domain COLLATE "C"), '^www\\.|[.-]', '', 'g'), '')
            WHERE b.company_id IS NULL
            """, as: Int.self)
        let redated = try await db.first(
            """
            SELECT count(*) FROM breaches b JOIN unnest(\(keys)::text[], \(drafts.map { $0.entry.breachDate.map(BreachRows.day) })::date[]) AS new (key, day)
                ON b.canonical_key = new.key
            WHERE b.company_id IS NULL AND b.breach_date IS DISTINCT FROM new.day
            """, as: Int.self)
        // A finding may name any of them. Nobody adds one as their own from before it is looked for in the catalogue until that is committed. And
        // nobody records by the former date what the states that follow from the new one do not see yet.
        let isNew = known != keys.count
        if isNew || redated != 0 { try await db.execute(BreachLock.takingIn) }
        let flagged = try await db.query(
            """
            SELECT b.id FROM breaches b JOIN unnest(\(keys)::text[], \(drafts.map(\.entry.raisesAlert))::bool[]) AS new (key, raises_alert)
                ON b.canonical_key = new.key AND new.raises_alert = (b.is_fabricated OR b.is_spam_list)
            WHERE b.company_id IS NULL
            """, as: BreachID.self)
        let lesser = BreachSource.allCases.filter { $0.rank <= source.rank }
        let old: [SQL] = BreachRows.values.map { "b.\(unsafe: $0)" }
        let new: [SQL] = BreachRows.values.map { "excluded.\(unsafe: $0)" }
        try await db.execute(
            BreachRows(drafts.map { (key: $0.key, draft: $0) }, company: nil).insertion + """
                ON CONFLICT (company_id, canonical_key) DO UPDATE SET \(BreachRows.assignments(from: "excluded"))
                WHERE (b.added_at IS NULL OR b.source = ANY(\(lesser)::breach_source[]))
                    AND (\(old.joined(separator: ", "))) IS DISTINCT FROM (\(new.joined(separator: ", ")))
                """)
        return try await db.query(
            """
            SELECT company_id FROM breaches WHERE company_id IS NOT NULL AND canonical_key = ANY(\(keys + titles.compactMap { $0 })::text[])
            UNION SELECT company_id FROM breaches WHERE company_id IS NOT NULL AND \(isNew) AND NOT is_stealer_log
            UNION SELECT company_id FROM breach_records WHERE breach_id = ANY(\(flagged)::text[])
            ORDER BY 1
            """, as: CompanyID.self)
    }
}

/// Locks by which recorders, the catalogue, and what makes one breach of two keep out of each other's way. All end with their transaction.
enum BreachLock {
    /// Held by whoever records or adds to a company's own breaches, with others; behind ``recording(_:)``.
    static let adding: SQL = "SELECT pg_advisory_xact_lock_shared(\(unsafe: catalogue))"
    /// Held by the catalogue while it takes in a name or a title that it did not have, or another date, alone.
    static let takingIn: SQL = "SELECT pg_advisory_xact_lock(\(unsafe: catalogue))"

    /// Held by whoever records what is found of a company's people, with others. Taken before any of the company's people are locked.
    static func recording(_ company: CompanyID) -> SQL { "SELECT pg_advisory_xact_lock_shared(\(unsafe: records), hashtext(\(company)::text))" }
    /// Held by whoever moves a company's records to another breach, alone.
    static func moving(_ company: CompanyID) -> SQL { "SELECT pg_advisory_xact_lock(\(unsafe: records), hashtext(\(company)::text))" }

    /// Any numbers: "Breaches" and "Brea" in ASCII.
    private static let catalogue = "4788000822802277747"
    private static let records = "1114793313"
}
