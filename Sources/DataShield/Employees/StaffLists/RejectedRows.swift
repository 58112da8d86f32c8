import Postgres
import Scalars

extension Employees {
    /// The rows of a staff list that do not go in, as CSV: their line, why, and their cells as they stand in the list. Nothing is written to
    /// the staff list; that they were taken out is an audit event, as the reasons tell who is on it.
    ///
    /// The list is read twice, so that memory does not grow with it, and the answer is kept as a file is that was sent.
    /// - Throws: ``Failure`` when no line of the list can be read; ``SpoolFailure``.
    package func rejectedCSV<Bytes: AsyncSequence & Sendable>(
        _ bytes: Bytes, by subject: Subject
    ) async throws -> SpooledFile where Bytes.Element: Sequence<UInt8> {
        let today = now()
        return try await database.transaction(for: subject.company) { db in
            let staging = EmployeeStaging(db, today: today)
            try await staging.create()
            var report = try await staging.fill(from: bytes)
            _ = try await staging.plan(into: &report)
            let file = try await SpooledFile(RejectedRows(bytes: bytes, staging: staging))
            // At the end: what is written to the trail keeps others from it until the transaction ends.
            try await AuditTrail.record(
                "rejected_rows.exported", target: nil, after: ["leftOut": report.leftOutCount, "rejected": report.rejectedCount], by: subject, in: db)
            return file
        }
    }
}

/// Reads a list again beside its plan, and gives the CSV of what does not go in, piece by piece.
private struct RejectedRows<Bytes: AsyncSequence>: AsyncSequence where Bytes.Element: Sequence<UInt8> {
    typealias Element = [UInt8]

    let bytes: Bytes
    let staging: EmployeeStaging

    func makeAsyncIterator() -> Iterator { Iterator(bytes: bytes.makeAsyncIterator(), staging: staging) }

    struct Iterator: AsyncIteratorProtocol {
        private var bytes: Bytes.AsyncIterator
        private let staging: EmployeeStaging
        private var reader: StaffListReader?
        private var alone: LeftAloneLines
        private var isDone = false
        private var output: [UInt8] = []

        init(bytes: Bytes.AsyncIterator, staging: EmployeeStaging) {
            self.bytes = bytes
            self.staging = staging
            alone = LeftAloneLines(db: staging.db)
        }

        mutating func next() async throws -> [UInt8]? {
            while !isDone {
                var reader: StaffListReader
                if let known = self.reader {
                    reader = known
                } else {
                    reader = StaffListReader(domain: try await staging.domain(), today: try await staging.localToday())
                }
                self.reader = nil
                if let piece = try await bytes.next() {
                    reader.append(piece)
                } else {
                    reader.finish()
                    isDone = true
                }
                let hadHeadings = reader.sheet != nil
                while let line = try reader.next() { try await take(line, reader.sheet) }
                if !hadHeadings, reader.sheet != nil {
                    // Excel takes CSV for the local code page unless it begins with a byte-order mark.
                    var head: [UInt8] = [0xEF, 0xBB, 0xBF]
                    CSVWriter.append(["line", "outcome", "column", "reason"] + reader.headings, to: &head)
                    output = head + output
                }
                self.reader = reader
                if !output.isEmpty {
                    defer { output = [] }
                    return output
                }
            }
            return nil
        }

        private mutating func take(_ line: StaffListReader.Line, _ sheet: StaffSheet?) async throws {
            switch StaffLine(line, sheet) {
            case .nobody(let fault): write(line, fault.isLeftOut ? "left out" : "refused", fault.field, fault.reason)
            case .person:
                guard let why = try await alone.why(line.number) else { return }
                write(line, "left out", why.column.field, why.reason)
            }
        }

        private mutating func write(_ line: StaffListReader.Line, _ outcome: String, _ field: String?, _ reason: String) {
            CSVWriter.append([String(line.number), outcome, field ?? "", reason] + line.cells, to: &output)
        }
    }
}

/// The lines about which nothing is done, in their order, some thousand at a time.
private struct LeftAloneLines {
    let db: TenantTransaction
    private var waiting: ArraySlice<PlanLine> = []
    private var last = 0
    private var isEnd = false

    init(db: TenantTransaction) { self.db = db }

    /// - Parameter line: above all that were asked for before.
    mutating func why(_ line: Int) async throws -> EmployeeStaging.LeftAlone? {
        while true {
            while let first = waiting.first, first.line < line { waiting.removeFirst() }
            if let first = waiting.first { return first.line == line ? first.why : nil }
            guard !isEnd else { return nil }
            let rows = try await db.query(
                """
                SELECT line, action FROM employee_plan WHERE \(EmployeeStaging.isLeftAlone) AND line > \(last)
                ORDER BY line LIMIT 5000
                """, as: PlanLine.self)
            waiting = rows[...]
            isEnd = rows.count < 5_000
            last = rows.last?.line ?? last
        }
    }

    private struct PlanLine: RowDecodable {
        var line: Int
        var why: EmployeeStaging.LeftAlone?

        init(from row: inout Row) throws {
            line = try row.next()
            why = EmployeeStaging.LeftAlone(rawValue: try row.next())
        }
    }
}

extension Employees {
    /// The rows of a file that do not go in.
    /// - Throws: what opening the file throws, and what ``rejectedCSV(_:by:)`` does.
    package func rejectedCSV(file path: String, by subject: Subject) async throws -> SpooledFile {
        try await rejectedCSV(try FileBytes(path: path), by: subject)
    }
}
