import Foundation
import Postgres

/// A leak file that a company's people were looked for in.
package struct LeakFile: Sendable, Hashable {
    package var id: LeakFileID
    /// The file's own name, without its folder.
    package var name: String
    /// In bytes.
    package var size: Int
}

/// The SQL of the `leak_files` table.
struct LeakFileStore {
    let db: TenantTransaction

    /// A file that is being read, known by where it lies until its content is known.
    /// - Parameter place: a digest of path, size and time of change.
    func opened(name: String, size: Int, place: [UInt8]) async throws -> LeakFileID {
        let id = LeakFileID()
        let found = try await db.first(
            """
            INSERT INTO leak_files (id, company_id, place, name, size) VALUES (\(id), \(db.company), \(place), \(name), \(size))
            ON CONFLICT (company_id, place) DO UPDATE SET name = excluded.name RETURNING id
            """, as: LeakFileID.self)
        return found ?? id
    }

    /// The file has been read to its end. If one of the same content is known, this one is the same: its sightings are that one's.
    /// - Returns: whether its content was known.
    @discardableResult
    func finished(_ file: LeakFileID, digest: [UInt8]) async throws -> Bool { try await settled(file, digest: digest).isKnown }

    /// The same, and which of the two files stays.
    func settled(_ file: LeakFileID, digest: [UInt8]) async throws -> (isKnown: Bool, file: LeakFileID) {
        // Of two that end with the same content at once the second has to see the first: it waits here until that is committed.
        let lock = "leak file \(db.company.rawValue) \(digest)"
        try await db.execute("SELECT pg_advisory_xact_lock(hashtextextended(\(lock), 0))")
        let known = try await db.first(
            "SELECT id FROM leak_files WHERE company_id = \(db.company) AND digest = \(digest) FOR UPDATE", as: LeakFileID.self)
        guard let known else {
            try await db.execute(
                "UPDATE leak_files SET digest = \(digest), place = NULL WHERE company_id = \(db.company) AND id = \(file)")
            return (false, file)
        }
        guard known != file else { return (true, file) }
        _ = try await db.pipeline([
            // Nobody sees anything in it any more: what another reading of the same path has just seen there is committed by now.
            "SELECT id FROM leak_files WHERE company_id = \(db.company) AND id = \(file) FOR UPDATE",
            """
            INSERT INTO leak_sightings (company_id, credential_id, file_id, created_at)
            SELECT company_id, credential_id, \(known), created_at FROM leak_sightings WHERE company_id = \(db.company) AND file_id = \(file)
            ON CONFLICT DO NOTHING
            """,
            "DELETE FROM leak_files WHERE company_id = \(db.company) AND id = \(file)",
        ])
        return (true, known)
    }
}
