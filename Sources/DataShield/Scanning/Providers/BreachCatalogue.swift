import Foundation
import Jobs
import Postgres

/// The catalogue as one scan uses it: kept current with the provider's own, and held in memory, for services that only name breaches.
package actor BreachCatalogue {
    private let system: SystemDatabase
    private var entries: [String: CatalogueEntry]?
    private var syncing: Task<String?, any Error>?
    /// What could not be read of the provider's own when it was taken as a whole: what that names is asked for when somebody is in it.
    private(set) var unread = UnreadRows()

    package init(system: SystemDatabase) { self.system = system }

    /// The entry of a breach that a catalogue has described.
    func entry(named name: String) async throws -> CatalogueEntry? { try await all()[CanonicalKey.of(name)] }

    /// Whether no provider's catalogue was ever taken.
    var isEmpty: Bool { get async throws { try await all().isEmpty } }

    private func all() async throws -> [String: CatalogueEntry] {
        if let entries { return entries }
        let breaches = try await system.query("SELECT \(Breach.columns) FROM breaches b WHERE company_id IS NULL", as: Breach.self)
        let loaded = Dictionary(
            breaches.map { breach in
                var entry = breach.entry
                // Only the table needs it, and it has it.
                entry.description = nil
                return (CanonicalKey.of(breach.name), entry)
            }, uniquingKeysWith: { first, _ in first })
        entries = loaded
        return loaded
    }

    /// Takes one more entry of a provider's catalogue.
    func add(_ entry: CatalogueEntry, source: BreachSource) async throws {
        try await store([BreachDraft(source: source, isFromCatalogue: true, entry: entry)])
        entries?[CanonicalKey.of(entry.name)] = entry
    }

    /// Writes entries, and has the companies that know any of them under a name of their own make one breach of the two.
    private func store(_ drafts: [BreachDraft]) async throws {
        // Two entries with one key are one breach; in one statement a row can be written only once.
        let distinct = Dictionary(drafts.map { ($0.key, $0) }, uniquingKeysWith: { $0.improved(by: $1) })
        let queue = JobQueue(pool: system.pool, makeID: { CUID.make(at: Date()) })
        try await system.transaction { db in
            // A breach that is given another date may make what was live neutralised, and the other way round.
            try await db.execute(AuditTrail.acting(.program("catalogue")))
            for company in try await CatalogueStore(db: db).replace(with: Array(distinct.values)) {
                try await UniteBreaches.enqueue(for: company, in: db, queue)
            }
        }
    }

    // MARK: Following a provider's catalogue

    /// How old a copy may get while nothing new appears: descriptions and counts change without notice.
    private static let longestAge: TimeInterval = 7 * 86_400

    private struct State: RowDecodable {
        var marker: String?
        var syncedAt: Date?

        init(from row: inout Row) throws {
            marker = try row.next()
            syncedAt = try row.next()
        }
    }

    /// As ``sync(from:counting:)``, once for all who ask: the providers of a run all want to know.
    func current(from client: HIBPClient, counting pace: Pace? = nil) async throws -> String? {
        if let syncing { return try await syncing.value }
        // A task of its own, because it is not only for the one who asks first.
        let task = Task { try await sync(from: client, counting: pace) }
        syncing = task
        return try await task.value
    }

    /// Brings the catalogue up to Have I Been Pwned's: one small call when there is nothing new, the whole when there is.
    /// - Returns: the marker of the newest breach there is: while it stays, nobody who was asked about can be in a new one.
    /// - Throws: ``ProviderFailure``; the catalogue stays as it is.
    package func sync(from client: HIBPClient, counting pace: Pace? = nil) async throws -> String? {
        let state = try await system.first("SELECT marker, synced_at FROM catalogue_state WHERE provider = 'HIBP'", as: State.self)
        let now = client.now()
        do {
            if let state, let marker = state.marker, let syncedAt = state.syncedAt, now.timeIntervalSince(syncedAt) < Self.longestAge {
                pace?.countFreeCall()
                if HIBPWire.marker(try await client.latest()) == marker {
                    try await system.execute(
                        "UPDATE catalogue_state SET checked_at = \(now), error_message = NULL WHERE provider = 'HIBP'")
                    return marker
                }
            }
            pace?.countFreeCall()
            let (drafts, unread) = try await client.catalogue()
            self.unread = unread
            try await store(drafts)
            entries = nil
            let marker = HIBPWire.marker(drafts.map(\.entry))
            try await system.execute(
                """
                INSERT INTO catalogue_state (provider, marker, breach_count, synced_at, checked_at)
                VALUES ('HIBP', \(marker), \(drafts.count)::int, \(now), \(now))
                ON CONFLICT (provider) DO UPDATE SET marker = excluded.marker, breach_count = excluded.breach_count,
                    synced_at = excluded.synced_at, checked_at = excluded.checked_at, error_message = NULL
                """)
            return marker
        } catch let failure as ProviderFailure {
            try await system.execute(
                """
                INSERT INTO catalogue_state (provider, checked_at, error_message) VALUES ('HIBP', \(now), \(failure.reason))
                ON CONFLICT (provider) DO UPDATE SET checked_at = excluded.checked_at, error_message = excluded.error_message
                """)
            throw failure
        }
    }
}
