import Foundation
import Postgres
import Scalars

extension Employees {
    /// The media types under which staff lists are sent.
    package static let importTypes = [
        "text/csv", "application/csv", "text/tab-separated-values", "text/plain", "application/vnd.ms-excel", "application/octet-stream",
    ]
    /// How many bytes a staff list has at most: some millions of people.
    package static let importLimit = 256 << 20
    /// How long a staff list may take to arrive: the largest at half a megabit a second.
    package static let importTime: Duration = .seconds(3_600)

    /// Reads a staff list from CSV and brings the company's list up to it, in one transaction: who is new is added, what is different
    /// is changed, nobody is taken off, and a row that says what we know already is not written.
    ///
    /// A status column is obeyed: who has left by it is deactivated, or not added. Who had left comes back only when their row says that they
    /// are active: a list without a status column brings nobody back, and its report names whom it leaves as they are. Whom a directory
    /// watches over is left to the directory.
    ///
    /// The bytes go through COPY into a staging table as they arrive, so that memory does not grow with the file.
    /// - Parameters:
    ///   - bytes: the file, in pieces of any size. It is read again from its beginning after a deadlock, and holds a connection to
    ///     the database while it is read: what comes from elsewhere is received first, see ``SpooledFile``.
    ///   - isPreview: whether nothing is to be written, and the report says what would be.
    /// - Returns: what became of each row. A bad row stops nothing.
    /// - Throws: ``Failure`` when no line of it can be read.
    package func importCSV<Bytes: AsyncSequence & Sendable>(
        _ bytes: Bytes, isPreview: Bool = false, by subject: Subject
    ) async throws -> ImportReport where Bytes.Element: Sequence<UInt8> {
        let today = now()
        return try await database.transaction(for: subject.company) { db in
            try await Self.importCSV(bytes, isPreview: isPreview, expecting: nil, today: today, by: subject, in: db).report
        }
    }

    /// Reads a staff list from a file.
    /// - Throws: what opening the file throws, and what ``importCSV(_:isPreview:by:)`` does.
    package func importCSV(file path: String, isPreview: Bool = false, by subject: Subject) async throws -> ImportReport {
        try await importCSV(try FileBytes(path: path), isPreview: isPreview, by: subject)
    }

    /// - Parameters:
    ///   - digest: of what was shown; nil when nothing was.
    /// - Returns: the report, and a digest of what is done about whom.
    /// - Throws: ``Failure/listChanged`` when something else would be done than was shown.
    static func importCSV<Bytes: AsyncSequence & Sendable>(
        _ bytes: Bytes, isPreview: Bool, expecting digest: String?, today: Date, by subject: Subject, in db: TenantTransaction
    ) async throws -> (report: ImportReport, digest: String) where Bytes.Element: Sequence<UInt8> {
        let staging = EmployeeStaging(db, today: today)
        try await staging.create()
        var report = try await staging.fill(from: bytes)
        let found = try await staging.plan(into: &report)
        if let digest, digest != found { throw Failure.listChanged }
        if isPreview {
            try await staging.sample(into: &report)
        } else {
            try await staging.merge(into: &report)
            try await AuditTrail.record("employees.imported", target: nil, before: nil, after: ImportAudit(report), by: subject, in: db)
        }
        return (report, found)
    }
}

/// The counts of an import, for the audit trail.
private struct ImportAudit: Codable, Sendable {
    var added: Int
    var changed: Int
    var reactivated: Int
    var deactivated: Int
    var unchanged: Int
    var leftOut: Int
    var rejected: Int

    init(_ report: ImportReport) {
        added = report.added
        changed = report.changed
        reactivated = report.reactivated
        deactivated = report.deactivated
        unchanged = report.unchanged
        leftOut = report.leftOutCount
        rejected = report.rejectedCount
    }
}

/// A file in pieces. Read on the caller's thread: for commands, not for requests.
struct FileBytes: AsyncSequence, Sendable {
    typealias Element = Data
    // FileHandle is Sendable here; one iterator reads it.
    let handle: FileHandle

    init(path: String) throws { handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path)) }

    func makeAsyncIterator() -> Iterator { Iterator(handle: handle) }

    struct Iterator: AsyncIteratorProtocol {
        let handle: FileHandle
        var position: UInt64 = 0

        mutating func next() async throws -> Data? {
            try handle.seek(toOffset: position)
            guard let bytes = try handle.read(upToCount: 128 * 1024), !bytes.isEmpty else { return nil }
            position += UInt64(bytes.count)
            return bytes
        }
    }
}
