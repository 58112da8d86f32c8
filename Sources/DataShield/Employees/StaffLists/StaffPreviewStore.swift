import Foundation
import Logging
import Postgres
import ServiceLifecycle

/// The SQL of the tables `staff_previews` and `staff_preview_pieces`.
struct StaffPreviewStore {
    let db: TenantTransaction
    private let secrets: SecretBox

    init(_ db: TenantTransaction, _ secrets: SecretBox) {
        self.db = db
        self.secrets = secrets
    }

    private func sealingPlace(_ id: StaffPreview.ID) -> SecretBox.Location {
        .init(company: db.company, table: "staff_previews", column: "report", row: id.rawValue)
    }

    private func sealingPlace(_ id: StaffPreview.ID, _ number: Int) -> SecretBox.Location {
        .init(company: db.company, table: "staff_preview_pieces", column: "piece", row: "\(id)/\(number)")
    }

    func find(_ id: StaffPreview.ID, of user: UserID, locking: Bool) async throws -> (preview: StaffPreview, digest: String)? {
        let lock: SQL = locking ? " FOR UPDATE" : ""
        let found = try await db.first(
            """
            SELECT report, digest, written_at, created_at FROM staff_previews
            WHERE company_id = \(db.company) AND id = \(id) AND user_id = \(user)\(lock)
            """, as: Stored.self)
        guard let found else { return nil }
        // One that another version of the program made, within the hour before an upgrade, is none any more.
        guard let content = try Self.content(try secrets.open(found.report, at: sealingPlace(id))) else { return nil }
        let preview = StaffPreview(
            id: id, fileName: content.fileName, report: content.report, writtenAt: found.writtenAt, createdAt: found.createdAt)
        return (preview, found.digest)
    }

    private static func content(_ bytes: [UInt8]) throws -> StaffPreview.Content? {
        do { return try JSONCoding.decode(StaffPreview.Content.self, from: bytes) } catch is DecodingError { return nil }
    }

    private struct Stored: RowDecodable {
        var report: [UInt8]
        var digest: String
        var writtenAt: Date?
        var createdAt: Date

        init(from row: inout Row) throws {
            report = try row.next()
            digest = try row.next()
            writtenAt = try row.next()
            createdAt = try row.next()
        }
    }

    private func sealed(_ preview: StaffPreview) throws -> [UInt8] {
        try secrets.seal(
            Array(try JSONCoding.encode(StaffPreview.Content(fileName: preview.fileName, report: preview.report))), at: sealingPlace(preview.id))
    }

    func insert(_ preview: StaffPreview, digest: String, of user: UserID) async throws {
        try await db.execute(
            """
            INSERT INTO staff_previews (company_id, id, user_id, report, digest, created_at)
            VALUES (\(db.company), \(preview.id), \(user), \(try sealed(preview)), \(digest), \(preview.createdAt))
            """)
    }

    func update(_ preview: StaffPreview, digest: String) async throws {
        try await db.execute(
            """
            UPDATE staff_previews SET report = \(try sealed(preview)), digest = \(digest), written_at = \(preview.writtenAt)
            WHERE company_id = \(db.company) AND id = \(preview.id)
            """)
    }

    func insert(_ piece: [UInt8], at number: Int, of id: StaffPreview.ID) async throws {
        try await db.execute(
            """
            INSERT INTO staff_preview_pieces (company_id, preview_id, place, piece)
            VALUES (\(db.company), \(id), \(number), \(try secrets.seal(piece, at: sealingPlace(id, number))))
            """)
    }

    /// The user's lists, and the company's that are too old.
    func clear(of user: UserID, before: Date) async throws {
        try await db.execute(
            "DELETE FROM staff_previews WHERE company_id = \(db.company) AND (user_id = \(user) OR created_at <= \(before))")
    }

    func delete(_ id: StaffPreview.ID) async throws {
        try await db.execute("DELETE FROM staff_previews WHERE company_id = \(db.company) AND id = \(id)")
    }

    /// The list, opened, apart from the database: a connection can do one thing at a time.
    func file(of id: StaffPreview.ID) async throws -> SpooledFile {
        try await SpooledFile(Pieces(store: self, id: id))
    }

    private struct Pieces: AsyncSequence {
        typealias Element = [UInt8]
        let store: StaffPreviewStore
        let id: StaffPreview.ID

        func makeAsyncIterator() -> Iterator { Iterator(store: store, id: id) }

        struct Iterator: AsyncIteratorProtocol {
            let store: StaffPreviewStore
            let id: StaffPreview.ID
            private var number = 0

            init(store: StaffPreviewStore, id: StaffPreview.ID) {
                self.store = store
                self.id = id
            }

            mutating func next() async throws -> [UInt8]? {
                let sealed = try await store.db.first(
                    """
                    SELECT piece FROM staff_preview_pieces
                    WHERE company_id = \(store.db.company) AND preview_id = \(id) AND place = \(number)
                    """, as: [UInt8].self)
                guard let sealed else { return nil }
                defer { number += 1 }
                return try store.secrets.open(sealed, at: store.sealingPlace(id, number))
            }
        }
    }
}

/// Clears previews away that are too old, four times an hour. Any number of processes may do it.
struct StaffPreviewUpkeep: Service {
    let system: SystemDatabase
    let logger: Logger
    let now: Now

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await tidy()
                } catch {
                    logger.warning("Old previews of staff lists could not be cleared away", metadata: ["error": "\(error)"])
                }
                // try?: cancelled on shutdown, which the loop sees for itself.
                try? await Task.sleep(for: .seconds(900))
            }
        }
    }

    func tidy() async throws {
        try await system.execute("DELETE FROM staff_previews WHERE created_at <= \(now().addingTimeInterval(-StaffPreview.life))")
    }
}
