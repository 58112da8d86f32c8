import Foundation
import Postgres

/// The SQL of breaches as one company has them: the catalogue's, which it only reads, and its own.
struct BreachStore {
    let db: TenantTransaction

    /// What has to be known of a breach to record that somebody is in it.
    struct Known: RowDecodable, NamedBreach {
        var id: BreachID
        var key: String
        var titleKey: String?
        var domainKey: String?
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
            titleKey = try row.next()
            domainKey = try row.next()
            isOwn = try row.next()
            quality = try row.next(as: BreachSource.self).rank
            raisesAlert = try row.next()
            displayName = try row.next()
            breachDate = try row.next()
        }

        static let columns: SQL = """
            b.id, b.canonical_key, b.title_key, b.domain_key, b.company_id IS NOT NULL, b.source, NOT (b.is_fabricated OR b.is_spam_list), \
            CASE WHEN b.title = '' THEN b.name ELSE b.title END, b.breach_date
            """
    }

    /// What the company's names are, by ``BreachIndex``.
    func known(_ namings: some Collection<BreachNaming>) async throws -> [BreachNaming: Known] {
        let index = try await index(namings)
        var found: [BreachNaming: Known] = [:]
        for naming in namings { found[naming] = index.breach(naming) }
        return found
    }

    /// All that these names could mean: each by an index, and each once.
    func index(_ namings: some Collection<BreachNaming>) async throws -> BreachIndex<Known> {
        let keys = Array(Set(namings.flatMap { [$0.key] + $0.otherKeys })).sorted()
        let sites = Array(Set(namings.map(\.site))).sorted()
        // Others of a site matter to names with a date alone.
        let dated = Array(Set(namings.filter { $0.days != nil }.flatMap { [$0.key] + $0.otherKeys })).sorted()
        return BreachIndex(
            try await db.query(
                """
                SELECT \(Known.columns) FROM breaches b WHERE b.company_id IS NULL AND b.id IN (
                    SELECT id FROM breaches WHERE company_id IS NULL AND canonical_key = ANY(\(keys)::text[])
                    UNION SELECT id FROM breaches WHERE company_id IS NULL AND title_key = ANY(\(keys)::text[])
                    UNION SELECT id FROM breaches WHERE company_id IS NULL AND domain_key = ANY(\(sites)::text[])
                    UNION SELECT o.id FROM breaches o JOIN breaches n ON n.company_id IS NULL AND o.domain_key = n.domain_key
                    WHERE o.company_id IS NULL AND (n.canonical_key = ANY(\(dated)::text[]) OR n.title_key = ANY(\(dated)::text[]))
                )
                UNION ALL
                SELECT \(Known.columns) FROM breaches b WHERE b.company_id = \(db.company) AND b.canonical_key = ANY(\(keys)::text[])
                """, as: Known.self))
    }

    // MARK: What is another breach by now

    /// One of the company's own breaches that is another one: the catalogue has it by now, or the company has it under the name that its
    /// source's name is read as today.
    struct Taken {
        var own: BreachID
        var ownName: String
        var ownDate: Date?
        var target: Known
    }

    /// One of the company's own breaches, as it is called.
    private struct Own: RowDecodable {
        var id: BreachID
        var key: String
        var name: String
        var source: BreachSource
        var date: Date?
        /// Whether all that is known of it is from Intelligence X, which names files.
        var isOfFiles: Bool

        init(from row: inout Row) throws {
            id = try row.next()
            key = try row.next()
            name = try row.next()
            source = try row.next()
            date = try row.next()
            isOfFiles = try row.next()
        }

        /// The name as it is read today, by whoever records.
        var read: BreachName {
            isOfFiles && DumpName.isGeneric(name) ? BreachName(asIs: BreachName.unnamedLeaks) : BreachName(name, of: source)
        }
    }

    /// How many of the company's own are looked through at once.
    private static let pageSize = 500

    /// The next of the company's own breaches, in the order of their keys, that is another one. Those whose names are read otherwise today, and
    /// are no others by it, are called so.
    /// - Parameter key: those up to this one were looked through before; it moves on.
    func nextTaken(after key: inout String) async throws -> Taken? {
        while true {
            let page = try await db.query(
                """
                SELECT b.id, b.canonical_key, b.name, b.source, b.breach_date, NOT EXISTS (
                    SELECT FROM breach_records r WHERE r.company_id = b.company_id AND r.breach_id = b.id AND r.sources <> '{INTELX}')
                FROM breaches b WHERE b.company_id = \(db.company) AND b.canonical_key > \(key)
                    AND NOT EXISTS (SELECT FROM infected_machines m WHERE m.company_id = b.company_id AND m.breach_id = b.id)
                ORDER BY b.canonical_key LIMIT \(Self.pageSize)::int
                """, as: Own.self)
            let named = page.map { (own: $0, read: $0.read, naming: BreachNaming($0.read, date: $0.date)) }
            let index = try await index(named.map(\.naming))
            var renamed: Set<String> = []
            for (own, read, naming) in named {
                // Two that are called alike now: the second one is to be looked for anew.
                guard !renamed.contains(naming.key) else { break }
                if let target = index.breach(naming), target.id != own.id {
                    return Taken(own: own.id, ownName: own.name, ownDate: own.date, target: target)
                }
                if naming.key != own.key || !read.text.isSame(as: own.name) {
                    try await rename(own.id, from: own.name, read, naming)
                    renamed.insert(naming.key)
                }
                key = own.key
            }
            guard page.count == Self.pageSize || key != page.last?.key else { return nil }
            guard !page.isEmpty else { return nil }
        }
    }

    /// Calls one of the company's own as its source's name is read today.
    private func rename(_ own: BreachID, from old: String, _ name: BreachName, _ naming: BreachNaming) async throws {
        let text = String(name.text.beginning(200))
        try await db.execute(
            """
            UPDATE breaches SET name = \(text), title = CASE WHEN title = name THEN '' ELSE title END, canonical_key = \(naming.key), domain = coalesce(domain, \(name.domain)),
                pwn_count = coalesce(pwn_count, \(name.size)::bigint), description = coalesce(description, \(name.note))
            WHERE company_id = \(db.company) AND id = \(own)
                AND NOT EXISTS (SELECT FROM breaches o WHERE o.company_id = \(db.company) AND o.name = \(text) AND o.id <> \(own))
            """)
        try await rewriteMessages(of: own, from: old, to: text)
    }

    /// Names a breach in its alerts as it is called now.
    /// - Parameter people: whose alerts; everybody's when nil.
    func rewriteMessages(of breach: BreachID, from old: String, to new: String, people: [EmployeeID]? = nil) async throws {
        guard !old.isSame(as: new) else { return }
        let whose: SQL = people.map { "AND employee_id = ANY(\($0)::text[])" } ?? ""
        try await db.execute(
            """
            UPDATE alerts SET message = \("Exposed in \(new)") || substr(message, \("Exposed in \(old)".unicodeScalars.count + 1)::int)
            WHERE company_id = \(db.company) AND breach_id = \(breach) \(whose) AND starts_with(message, \("Exposed in \(old)"))
                AND substr(message, \("Exposed in \(old)".unicodeScalars.count + 1)::int) ~ '^(: .*)?\\.( A stolen session is among it\\.)?$'
            """)
    }

    /// Lets one of the company's own go, to which nothing refers any more.
    func remove(_ own: BreachID) async throws {
        try await db.execute("DELETE FROM breaches WHERE company_id = \(db.company) AND id = \(own)")
    }

    // MARK: The company's own

    /// Adds to the company's own what neither they nor the catalogue have, and improves those of them that are worse than the drafts say. Of
    /// several days that sources say the earliest counts, whoever says it and whoever comes first. The catalogue stays as it is, whatever a
    /// company's sources say.
    ///
    /// Those of the company's own stay as they are then until the transaction ends, so that what is recorded of them goes by what is known.
    /// - Returns: what each of the names is; see ``known(_:)``.
    /// - Throws: ``NotAdded`` when a name is not usable: what is found of it would be lost.
    func ensure(_ drafts: [BreachNaming: BreachDraft]) async throws -> [BreachNaming: Known] {
        var found = try await known(drafts.keys)
        let missing = drafts.filter { found[$0.key] == nil }
        if !missing.isEmpty { found.merge(try await added(missing)) { first, _ in first } }
        var said: [String: Said] = [:]
        for (naming, draft) in drafts {
            guard let breach = found[naming], breach.isOwn else { continue }
            said[breach.key, default: Said(known: breach)].add(draft)
        }
        if !said.isEmpty, try await improve(said) {
            for (naming, breach) in try await known(drafts.keys) { found[naming] = breach }
        }
        let lost = drafts.keys.count { found[$0] == nil }
        guard lost == 0 else { throw NotAdded(count: lost) }
        return found
    }

    /// What drafts say of one of the company's own.
    private struct Said {
        /// As it was when it was looked for.
        let known: Known
        /// What those say that are no worse: between equals, each may know something that the other does not.
        private(set) var better: BreachDraft?
        /// The earliest day that any says. States and scores go by it: whoever comes first, they are the same.
        private(set) var date: Date?

        init(known: Known) { self.known = known }

        mutating func add(_ draft: BreachDraft) {
            date = [date, draft.entry.breachDate].compactMap { $0 }.min()
            if draft.quality >= known.quality { better = better?.improved(by: draft) ?? draft }
        }
    }

    /// Breaches that are neither there nor could be added.
    struct NotAdded: Error, CustomStringConvertible {
        var count: Int

        var description: String { "\(count) breaches could not be added. Their findings are not recorded." }
    }

    private func added(_ drafts: [BreachNaming: BreachDraft]) async throws -> [BreachNaming: Known] {
        // The catalogue may be taking them in at this moment.
        try await db.execute(BreachLock.adding)
        let known = try await known(drafts.keys)
        let missing = drafts.filter { known[$0.key] == nil }
        guard !missing.isEmpty else { return known }
        // Of one name, however many dates it was said with.
        let byKey = Dictionary(missing.map { ($0.key.key, $0.value) }, uniquingKeysWith: { $0.improved(by: $1) })
        // In the order of the keys: two recorders that add the same breaches wait for each other, and never both ways.
        let rows = BreachRows(byKey.sorted { $0.key < $1.key }.map { (key: $0.key, draft: $0.value) }, company: db.company)
        try await renewKeys(byKey.values.filter { draft in !draft.entry.name.utf8.allSatisfy { $0 < 0x80 } })
        try await db.execute(rows.insertion + "ON CONFLICT DO NOTHING")
        return try await self.known(drafts.keys)
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
    ///
    /// The lock is taken of those, too, of which nothing new is said: who gives one of them another date waits for those who record by the
    /// former one, and states follow from what they have recorded.
    /// - Parameter said: by the keys of the breaches.
    /// - Returns: whether any is another than it was when it was looked for.
    private func improve(_ said: [String: Said]) async throws -> Bool {
        let keys = said.keys.sorted()
        let rows = try await db.query(
            """
            SELECT b.canonical_key, \(Breach.columns) FROM breaches b WHERE b.company_id = \(db.company) AND b.canonical_key = ANY(\(keys)::text[])
            ORDER BY b.canonical_key FOR NO KEY UPDATE
            """)
        var improved: [(key: String, draft: BreachDraft)] = []
        var redated: [BreachID] = []
        var isAnother = false
        for var row in rows {
            let key = try row.next(as: String.self)
            let breach = try Breach(from: &row)
            let before = BreachDraft(breach)
            guard let one = said[key] else { continue }
            var after = before
            if let better = one.better, better.quality >= before.quality { after = before.improved(by: better) }
            after.entry.breachDate = [after.entry.breachDate, one.date].compactMap { $0 }.min()
            if after != before { improved.append((key: key, draft: after)) }
            if before.entry.breachDate != nil, after.entry.breachDate != before.entry.breachDate { redated.append(breach.id) }
            // Somebody else has changed it meanwhile.
            isAnother = isAnother || before.entry.breachDate != one.known.breachDate || before.quality != one.known.quality
        }
        guard !improved.isEmpty else { return isAnother }
        let better = BreachRows(improved, company: db.company)
        let changed = try await db.execute(
            """
            UPDATE breaches b SET \(BreachRows.assignments(from: "new")) FROM (\(better.selection)) AS new
            WHERE b.company_id = \(db.company) AND b.canonical_key = new.canonical_key
            """)
        if !redated.isEmpty { try await forgetDates(of: redated) }
        return isAnother || changed > 0
    }

    /// Gives one of the company's own the day of another that is the same breach, where that is earlier.
    /// - Returns: the breach as it is then.
    func date(_ breach: Known, noLaterThan day: Date?) async throws -> Known {
        guard breach.isOwn, let day, breach.breachDate.map({ day < $0 }) ?? true else { return breach }
        try await db.execute(
            "UPDATE breaches SET breach_date = \(BreachRows.day(day))::date WHERE company_id = \(db.company) AND id = \(breach.id)")
        if breach.breachDate != nil { try await forgetDates(of: [breach.id]) }
        var dated = breach
        dated.breachDate = day
        return dated
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
