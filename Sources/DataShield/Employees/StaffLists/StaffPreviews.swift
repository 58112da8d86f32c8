import Foundation
import Postgres
import Scalars

/// Staff lists between the look at them and the button that writes them.
///
/// A list is sent once. It lies sealed in the database, so that any process can write it and a restart loses nothing; it is gone after an
/// hour, when it is thrown away, and when the same user sends another.
package struct StaffPreviews: Sendable {
    let database: TenantDatabase
    let secrets: SecretBox
    let now: Now

    package init(database: TenantDatabase, secrets: SecretBox, now: @escaping Now = { Date() }) {
        self.database = database
        self.secrets = secrets
        self.now = now
    }

    private typealias Failure = Employees.Failure

    /// Keeps a list and finds out what it would do. The user's list before it is gone.
    /// - Parameters:
    ///   - file: the list, received whole.
    ///   - name: how it is called where it comes from.
    /// - Throws: ``Employees/Failure`` when no line of it can be read.
    package func make(_ file: SpooledFile, name: String?, by subject: Subject) async throws -> StaffPreview {
        guard let user = subject.user else { throw Failure.noPreview }
        let now = now()
        let id = StaffPreview.ID(at: now)
        let name = PlainText.oneLine(String((name ?? "").beginning(200)))
        return try await database.transaction(for: subject.company) { db in
            let (report, digest) = try await Employees.importCSV(file, isPreview: true, expecting: nil, today: now, by: subject, in: db)
            let store = StaffPreviewStore(db, secrets)
            try await store.clear(of: user, before: now.addingTimeInterval(-StaffPreview.life))
            let preview = StaffPreview(id: id, fileName: name, report: report, createdAt: now)
            try await store.insert(preview, digest: digest, of: user)
            var place = 0
            for try await piece in file {
                try await store.insert(piece, at: place, of: id)
                place += 1
            }
            return preview
        }
    }

    /// - Throws: ``Employees/Failure/noPreview``, also for another user's.
    package func find(_ id: StaffPreview.ID, by subject: Subject) async throws -> StaffPreview {
        try await database.transaction(for: subject.company) { db in
            try await known(id, by: subject, in: StaffPreviewStore(db, secrets)).preview
        }
    }

    /// Writes what was shown, once: whoever asks again is told what was done.
    /// - Throws: ``Employees/Failure/listChanged`` when something else would be done by now: nothing is written, and the preview shows that.
    ///   ``Employees/Failure/noPreview``.
    package func write(_ id: StaffPreview.ID, by subject: Subject) async throws -> StaffPreview {
        let now = now()
        do {
            return try await database.transaction(for: subject.company) { db in
                let store = StaffPreviewStore(db, secrets)
                let shown = try await known(id, by: subject, in: store, locking: true)
                var preview = shown.preview
                guard preview.writtenAt == nil else { return preview }
                let file = try await store.file(of: id)
                preview.report = try await Employees.importCSV(
                    file, isPreview: false, expecting: shown.digest, today: now, by: subject, in: db
                ).report
                preview.writtenAt = now
                try await store.update(preview, digest: shown.digest)
                return preview
            }
        } catch Failure.listChanged {
            try await look(id, by: subject)
            throw Failure.listChanged
        }
    }

    /// Finds out anew what a list would do.
    private func look(_ id: StaffPreview.ID, by subject: Subject) async throws {
        let now = now()
        try await database.transaction(for: subject.company) { db in
            let store = StaffPreviewStore(db, secrets)
            var preview = try await known(id, by: subject, in: store, locking: true).preview
            guard preview.writtenAt == nil else { return }
            let file = try await store.file(of: id)
            let (report, digest) = try await Employees.importCSV(
                file, isPreview: true, expecting: nil, today: now, by: subject, in: db)
            preview.report = report
            try await store.update(preview, digest: digest)
        }
    }

    /// The list itself, as it was sent.
    func file(of id: StaffPreview.ID, by subject: Subject) async throws -> SpooledFile {
        try await database.transaction(for: subject.company) { db in
            let store = StaffPreviewStore(db, secrets)
            _ = try await known(id, by: subject, in: store)
            return try await store.file(of: id)
        }
    }

    /// Throws a list away, unread.
    /// - Throws: ``Employees/Failure/noPreview``.
    package func discard(_ id: StaffPreview.ID, by subject: Subject) async throws {
        try await database.transaction(for: subject.company) { db in
            let store = StaffPreviewStore(db, secrets)
            _ = try await known(id, by: subject, in: store, locking: true)
            try await store.delete(id)
        }
    }

    private func known(
        _ id: StaffPreview.ID, by subject: Subject, in store: StaffPreviewStore, locking: Bool = false
    ) async throws -> (preview: StaffPreview, digest: String) {
        guard let user = subject.user, let found = try await store.find(id, of: user, locking: locking), found.preview.endsAt > now() else {
            throw Failure.noPreview
        }
        return found
    }
}
