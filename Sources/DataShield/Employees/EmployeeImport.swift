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
    /// is changed, nobody is taken off, and a row that says what we know already is not written. Who had left and is on it is back.
    ///
    /// The bytes go through COPY into a staging table as they arrive, so that memory does not grow with the file.
    /// - Parameter bytes: the file, in pieces of any size. It is read again from its beginning after a deadlock, and holds a connection to
    ///   the database while it is read: what comes from elsewhere is received first, see ``SpooledFile``.
    /// - Returns: what became of each row. A bad row stops nothing.
    /// - Throws: ``Failure`` when no line of it can be read.
    package func importCSV<Bytes: AsyncSequence & Sendable>(_ bytes: Bytes, by subject: Subject) async throws -> ImportReport
    where Bytes.Element: Sequence<UInt8> {
        try await database.transaction(for: subject.company) { db in
            let staging = EmployeeStaging(db)
            try await staging.create()
            var report = try await staging.fill(from: bytes)
            try await staging.merge(into: &report)
            try await AuditTrail.record(
                "employees.imported", target: nil, before: nil, after: ImportAudit(report), by: subject, in: db)
            return report
        }
    }

    /// Reads a staff list from a file.
    /// - Throws: what opening the file throws, and what ``importCSV(_:by:)`` does.
    package func importCSV(file path: String, by subject: Subject) async throws -> ImportReport {
        try await importCSV(try FileBytes(path: path), by: subject)
    }
}

/// The counts of an import, for the audit trail.
private struct ImportAudit: Codable, Sendable {
    var added: Int
    var changed: Int
    var unchanged: Int
    var rejected: Int

    init(_ report: ImportReport) {
        added = report.added
        changed = report.changed
        unchanged = report.unchanged
        rejected = report.rejectedCount
    }
}

/// A file in pieces. Read on the caller's thread: for commands, not for requests.
private struct FileBytes: AsyncSequence, Sendable {
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

/// The table that an import goes through; it is gone with the transaction.
private struct EmployeeStaging {
    let db: TenantTransaction

    init(_ db: TenantTransaction) { self.db = db }

    /// A text is null where the row says nothing, and empty where it says that there is none. `mfa` is 1, 0, or -1 for unknown.
    func create() async throws {
        // A large list takes longer than a request's statement may.
        try await db.setStatementTimeout(.seconds(300))
        _ = try await db.pipeline([
            """
            CREATE TEMPORARY TABLE employee_import (
                line integer NOT NULL, id text COLLATE "C" NOT NULL, email text COLLATE "C" NOT NULL, first_name text, last_name text,
                department text, title text, external_id text, is_vip boolean, mfa smallint
            ) ON COMMIT DROP
            """
        ])
    }

    private static let columns = ["line", "id", "email", "first_name", "last_name", "department", "title", "external_id", "is_vip", "mfa"]

    /// Reads the file into the table.
    func fill<Bytes: AsyncSequence>(from bytes: Bytes) async throws -> ImportReport where Bytes.Element: Sequence<UInt8> {
        var report = ImportReport()
        try await db.copyIn("employee_import", columns: Self.columns) { writer in
            var reader = CSVReader()
            var sheet: StaffSheet?
            for try await piece in bytes {
                reader.append(piece)
                try await Self.drain(&reader, &sheet, into: &writer, &report)
            }
            reader.finish()
            try await Self.drain(&reader, &sheet, into: &writer, &report)
            guard let sheet else { throw Employees.Failure.emptyFile }
            report.ignoredColumns = sheet.ignored
            report.encoding = reader.encoding
        }
        return report
    }

    private static func drain(
        _ reader: inout CSVReader, _ sheet: inout StaffSheet?, into writer: inout CopyWriter, _ report: inout ImportReport
    ) async throws {
        while let record = try next(&reader) {
            guard let sheet else {
                if record.problem == nil, record.fields.allSatisfy({ $0.unicodeScalars.trimmingSpace().isEmpty }) { continue }
                guard let found = StaffSheet(headings: record.fields) else {
                    throw Employees.Failure.noAddressColumn(found: record.fields.map { String($0.unicodeScalars.trimmingSpace().beginning(60)) })
                }
                sheet = found
                continue
            }
            if let problem = record.problem {
                report.rows += 1
                report.reject(line: record.line, field: nil, reason: problem.message)
                continue
            }
            // Spreadsheets write their empty rows as delimiters.
            if record.fields.allSatisfy({ $0.isEmpty }) { continue }
            report.rows += 1
            do {
                let row = try sheet.row(record.fields)
                try append(row, line: record.line, to: &writer)
            } catch let fault as StaffSheet.RowFault {
                report.reject(line: record.line, field: fault.field, reason: fault.reason)
                continue
            }
            try await writer.endRow()
        }
    }

    private static func next(_ reader: inout CSVReader) throws -> CSVReader.Record? {
        do { return try reader.next() } catch { throw Employees.Failure.notCSV }
    }

    private static func append(_ row: StaffSheet.Row, line: Int, to writer: inout CopyWriter) throws {
        try writer.append(line)
        try writer.append(EmployeeID())
        try writer.append(row.email.text)
        try writer.append(row.firstName)
        try writer.append(row.lastName)
        try writer.append(row.department)
        try writer.append(row.title)
        try writer.append(row.externalId)
        try writer.append(row.isVip)
        try writer.append(row.mfa?.rawValue)
    }

    /// Brings the staff list up to the table.
    func merge(into report: inout ImportReport) async throws {
        let results = try await db.pipeline([
            "ANALYZE employee_import",
            """
            WITH again AS (
                SELECT email, max(line) AS line FROM employee_import GROUP BY email HAVING count(*) > 1
            ), gone AS (
                DELETE FROM employee_import i USING again WHERE again.email = i.email AND again.line > i.line RETURNING i.line
            )
            SELECT line, count(*) OVER () FROM gone ORDER BY line LIMIT \(ImportReport.listed)
            """,
            update, insert,
        ])
        for var row in results[1] {
            report.duplicateLines.append(try row.next())
            report.duplicateCount = try row.next()
        }
        report.changed = results[2].affectedRows
        report.added = results[3].affectedRows
        report.unchanged = report.rows - report.rejectedCount - report.duplicateCount - report.changed - report.added
    }

    /// Changes those who are different, and locks only them, in the order in which everybody locks employees.
    private var update: SQL {
        """
        WITH different AS MATERIALIZED (
            SELECT e.id AS employee_id, i.*, CASE i.mfa WHEN 1 THEN true WHEN 0 THEN false END AS mfa_enabled
            FROM employee_import i JOIN employees e ON e.company_id = \(db.company) AND e.email = i.email
            WHERE e.deactivated_at IS NOT NULL
                OR (i.first_name <> '' AND i.first_name <> e.first_name)
                OR (i.last_name <> '' AND i.last_name <> e.last_name)
                OR (i.department IS NOT NULL AND NULLIF(i.department, '') IS DISTINCT FROM e.department)
                OR (i.title IS NOT NULL AND NULLIF(i.title, '') IS DISTINCT FROM e.title)
                OR (i.external_id IS NOT NULL AND NULLIF(i.external_id, '') IS DISTINCT FROM e.external_id)
                OR i.is_vip <> e.is_vip
                OR (i.mfa IS NOT NULL AND CASE i.mfa WHEN 1 THEN true WHEN 0 THEN false END IS DISTINCT FROM e.mfa_enabled)
            ORDER BY e.id FOR NO KEY UPDATE OF e
        )
        UPDATE employees e SET
            first_name = COALESCE(NULLIF(d.first_name, ''), e.first_name),
            last_name = COALESCE(NULLIF(d.last_name, ''), e.last_name),
            department = CASE WHEN d.department IS NULL THEN e.department ELSE NULLIF(d.department, '') END,
            title = CASE WHEN d.title IS NULL THEN e.title ELSE NULLIF(d.title, '') END,
            external_id = CASE WHEN d.external_id IS NULL THEN e.external_id ELSE NULLIF(d.external_id, '') END,
            \(EmployeeStore.times(ofAccount: "CASE WHEN d.external_id IS NULL THEN e.external_id ELSE NULLIF(d.external_id, '') END")),
            is_vip = COALESCE(d.is_vip, e.is_vip),
            mfa_enabled = CASE WHEN d.mfa IS NULL THEN e.mfa_enabled ELSE d.mfa_enabled END,
            deactivated_at = NULL
        FROM different d WHERE e.company_id = \(db.company) AND e.id = d.employee_id
        """
    }

    private var insert: SQL {
        """
        INSERT INTO employees (id, company_id, email, first_name, last_name, department, title, external_id, is_vip, mfa_enabled)
        SELECT i.id, \(db.company), i.email, COALESCE(i.first_name, ''), COALESCE(i.last_name, ''), NULLIF(i.department, ''),
            NULLIF(i.title, ''), NULLIF(i.external_id, ''), COALESCE(i.is_vip, false), CASE i.mfa WHEN 1 THEN true WHEN 0 THEN false END
        FROM employee_import i
        WHERE NOT EXISTS (SELECT FROM employees e WHERE e.company_id = \(db.company) AND e.email = i.email)
        ORDER BY i.line
        ON CONFLICT (company_id, email) DO NOTHING
        """
    }
}
