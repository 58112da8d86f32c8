import Foundation
import Postgres
import Scalars

/// The tables that an import goes through; they are gone with the transaction.
///
/// `employee_import` has what the rows say, `employee_plan` what is done about each: a preview and the import itself read the same plan.
struct EmployeeStaging {
    let db: TenantTransaction
    let today: Date

    init(_ db: TenantTransaction, today: Date) {
        self.db = db
        self.today = today
    }

    /// A text is null where the row says nothing, and empty where it says that there is none. `mfa` is 1, 0, or -1 for unknown.
    func create() async throws {
        // A large list takes longer than a request's statement may.
        try await db.setStatementTimeout(.seconds(300))
        _ = try await db.pipeline([
            """
            CREATE TEMPORARY TABLE employee_import (
                line integer NOT NULL, id text COLLATE "C" NOT NULL, email text COLLATE "C" NOT NULL, first_name text, last_name text,
                department text, title text, external_id text, is_vip boolean, mfa smallint, is_active boolean,
                account text COLLATE "C"
            ) ON COMMIT DROP
            """,
            """
            CREATE TEMPORARY TABLE employee_plan (
                line integer NOT NULL, employee_id text COLLATE "C", action text COLLATE "C" NOT NULL
            ) ON COMMIT DROP
            """,
        ])
    }

    private static let columns = [
        "line", "id", "email", "first_name", "last_name", "department", "title", "external_id", "is_vip", "mfa", "is_active", "account",
    ]

    /// The company's own domain.
    func domain() async throws -> String? {
        try await db.first("SELECT domain FROM companies WHERE id = \(db.company)", as: String.self)
    }

    /// Now by the company's clock, as if that were UTC: a last day is over when it is over there.
    func localToday() async throws -> Date {
        let name = try await db.first("SELECT timezone FROM companies WHERE id = \(db.company)", as: String.self)
        let zone = name.flatMap { TimeZone(identifier: $0) } ?? .gmt
        return today.addingTimeInterval(TimeInterval(zone.secondsFromGMT(for: today)))
    }

    /// Reads the file into the table.
    func fill<Bytes: AsyncSequence>(from bytes: Bytes) async throws -> ImportReport where Bytes.Element: Sequence<UInt8> {
        let (domain, localToday) = (try await domain(), try await localToday())
        var report = ImportReport()
        try await db.copyIn("employee_import", columns: Self.columns) { writer in
            var reader = StaffListReader(domain: domain, today: localToday)
            var tally = PassedOverTally()
            for try await piece in bytes {
                reader.append(piece)
                try await Self.drain(&reader, into: &writer, &report, &tally)
            }
            reader.finish()
            try await Self.drain(&reader, into: &writer, &report, &tally)
            if let sheet = reader.sheet { report.note(sheet, headingLine: reader.headingLine, privateRows: tally.privateRows) }
            report.encoding = reader.encoding
        }
        return report
    }

    private static func drain(
        _ reader: inout StaffListReader, into writer: inout CopyWriter, _ report: inout ImportReport, _ tally: inout PassedOverTally
    ) async throws {
        while let line = try reader.next() {
            report.rows += 1
            switch StaffLine(line, reader.sheet) {
            case .person(let row):
                report.note(row, line: line.number)
                tally.add(row)
                if let sheet = reader.sheet { tally.add(row.passedOver, line: line.number, sheet, to: &report) }
                try append(row, line: line.number, to: &writer)
                try await writer.endRow()
            case .nobody(let fault): report.note(fault, line: line.number)
            }
        }
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
        try writer.append(row.isActive)
        try writer.append(row.account)
    }

    // MARK: What is to be done

    /// Finds out what is to be done about each row, counts it, and changes nothing.
    /// - Returns: a digest of it.
    func plan(into report: inout ImportReport) async throws -> String {
        let results = try await db.pipeline([
            "ANALYZE employee_import",
            """
            WITH again AS (
                SELECT email FROM employee_import GROUP BY email HAVING count(*) > 1
            ), ranked AS (
                -- Who was hired again has a row of before, too.
                SELECT i.line, row_number() OVER (PARTITION BY i.email ORDER BY i.is_active IS NOT DISTINCT FROM false, i.line DESC) AS place
                FROM employee_import i JOIN again USING (email)
            ), gone AS (
                DELETE FROM employee_import i USING ranked r WHERE r.line = i.line AND r.place > 1 RETURNING i.line
            )
            SELECT line, count(*) OVER () FROM gone ORDER BY line LIMIT \(ImportReport.listed)
            """,
            """
            INSERT INTO employee_plan (line, employee_id, action)
            WITH again AS (
                SELECT account FROM employee_import WHERE account IS NOT NULL GROUP BY account HAVING count(*) > 1
            ), ranked AS (
                -- Who is there before who has left; whom we know; the company's own domain; the first.
                SELECT i.line, row_number() OVER one AS place, first_value(i.is_active) OVER one AS is_active
                FROM employee_import i JOIN again USING (account) LEFT JOIN employees e ON e.company_id = \(db.company) AND e.email = i.email
                WINDOW one AS (
                    PARTITION BY i.account ORDER BY i.is_active IS NOT DISTINCT FROM false, i.is_active IS NULL, e.id IS NULL,
                    split_part(i.email, '@', 2) <> (SELECT domain FROM companies WHERE id = \(db.company)), i.line)
            ), others AS (
                SELECT line FROM ranked WHERE place > 1 AND is_active IS DISTINCT FROM false
            )
            SELECT i.line, e.id, \(Self.action)
            FROM employee_import i LEFT JOIN employees e ON e.company_id = \(db.company) AND e.email = i.email
            LEFT JOIN employee_addresses a ON a.company_id = \(db.company) AND a.address = i.email
            LEFT JOIN employees holder ON holder.company_id = a.company_id AND holder.id = a.employee_id AND holder.deactivated_at IS NULL
            LEFT JOIN others o ON o.line = i.line
            """,
            "ANALYZE employee_plan",
            "SELECT action, count(*) FROM employee_plan GROUP BY action",
            // The sum of the rows' digests is the same whatever their order.
            """
            SELECT coalesce(sum(hashtextextended(concat_ws(' ', line, action, employee_id), 0)), 0)::text || ' ' || count(*)
            FROM employee_plan
            """,
            """
            SELECT line, action FROM employee_plan WHERE \(Self.isLeftAlone) ORDER BY line LIMIT \(ImportReport.listed)
            """,
        ])
        for var row in results[1] {
            report.duplicateLines.append(try row.next())
            report.duplicateCount = try row.next()
        }
        var counts: [String: Int] = [:]
        for var row in results[4] {
            let action: String = try row.next()
            counts[action] = try row.next()
        }
        report.added = counts["ADD", default: 0]
        report.reactivated = counts["REACTIVATE", default: 0]
        report.changed = counts["CHANGE", default: 0] + report.reactivated
        report.deactivated = counts["DEACTIVATE", default: 0]
        report.unchanged = counts["NONE", default: 0]
        for var row in results[6] {
            let line: Int = try row.next()
            guard let why = LeftAlone(rawValue: try row.next()) else { continue }
            report.leftOut.append(.init(line: line, field: why.column.field, reason: why.reason))
        }
        report.leftOutCount += LeftAlone.allCases.reduce(0) { $0 + counts[$1.rawValue, default: 0] }
        report.leftOut = Array(report.leftOut.sorted { $0.line < $1.line }.prefix(ImportReport.listed))
        var digest = ""
        for var row in results[5] { digest = try row.next() }
        return digest
    }

    /// Why nothing is done about somebody whose row has no mistake.
    enum LeftAlone: String, CaseIterable {
        case notListed = "NOT_LISTED"
        case stays = "STAYS"
        case directory = "DIRECTORY"
        case alias = "ALIAS"
        case again = "AGAIN"

        /// The column that says so.
        var column: StaffColumn {
            switch self {
            case .notListed, .stays, .directory: .active
            case .alias, .again: .email
            }
        }

        var reason: String {
            switch self {
            case .notListed: "The list says that they have left. They are not on the staff list, and are not added."
            case .stays: "They have left, and the row does not say that they are active: they stay as they are."
            case .directory: "The list says that they have left. A directory says that they are active, and watches over them: they stay as they are."
            case .alias: "This is another address of somebody on the staff list, and is watched as theirs: nobody is added."
            case .again:
                "The list has them under another address, with the same number and name: nobody is added for this one, and it is not watched."
            }
        }
    }

    /// The rows of the plan about which nothing is done, with a reason.
    static var isLeftAlone: SQL { "action = ANY (\(LeftAlone.allCases.map(\.rawValue))::text[])" }

    /// What is done about a row `i` and the person `e` who has its address; `holder` has it besides another, and `o` is there when another row
    /// has the same account.
    private static let action: SQL = """
        CASE
            WHEN e.id IS NULL AND holder.id IS NOT NULL THEN 'ALIAS'
            WHEN e.id IS NULL AND NOT i.is_active THEN 'NOT_LISTED'
            WHEN e.id IS NULL AND o.line IS NOT NULL THEN 'AGAIN'
            WHEN e.id IS NULL THEN 'ADD'
            WHEN NOT i.is_active AND \(Custody.isHeld("e")) THEN 'DIRECTORY'
            WHEN NOT i.is_active AND e.deactivated_at IS NULL THEN 'DEACTIVATE'
            WHEN i.is_active AND e.deactivated_at IS NOT NULL THEN 'REACTIVATE'
            WHEN i.is_active IS NULL AND e.deactivated_at IS NOT NULL THEN 'STAYS'
            WHEN (i.first_name <> '' AND i.first_name <> e.first_name)
                OR (i.last_name <> '' AND i.last_name <> e.last_name)
                OR (i.department IS NOT NULL AND NULLIF(i.department, '') IS DISTINCT FROM e.department)
                OR (i.title IS NOT NULL AND NULLIF(i.title, '') IS DISTINCT FROM e.title)
                OR (i.external_id IS NOT NULL AND NULLIF(i.external_id, '') IS DISTINCT FROM e.external_id)
                OR i.is_vip <> e.is_vip
                OR (i.mfa IS NOT NULL AND CASE i.mfa WHEN 1 THEN true WHEN 0 THEN false END IS DISTINCT FROM e.mfa_enabled)
                THEN 'CHANGE'
            ELSE 'NONE'
        END
        """

    // MARK: Doing it

    /// Brings the staff list up to the plan.
    func merge(into report: inout ImportReport) async throws {
        let results = try await db.pipeline([update, insert])
        // Who was deleted since the plan was made, a moment ago, is not changed; who was added by somebody else is not added.
        let lost = report.changed + report.deactivated - results[0].affectedRows
        if lost > 0 { report.changed = max(0, report.changed - lost) }
        report.added = results[1].affectedRows
        report.unchanged =
            report.rows - report.rejectedCount - report.leftOutCount - report.duplicateCount - report.changed - report.deactivated - report.added
    }

    /// Changes those who are different, and locks only them, in the order in which everybody locks employees.
    private var update: SQL {
        """
        WITH different AS MATERIALIZED (
            SELECT e.id AS employee_id, i.*, CASE i.mfa WHEN 1 THEN true WHEN 0 THEN false END AS mfa_enabled, p.action
            FROM employee_plan p JOIN employee_import i ON i.line = p.line JOIN employees e ON e.company_id = \(db.company) AND e.id = p.employee_id
            WHERE p.action IN ('CHANGE', 'REACTIVATE', 'DEACTIVATE')
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
            deactivated_at = CASE d.action WHEN 'REACTIVATE' THEN NULL WHEN 'DEACTIVATE' THEN COALESCE(e.deactivated_at, \(today)) ELSE e.deactivated_at END,
            deactivation_reason = CASE WHEN d.action = 'DEACTIVATE' AND e.deactivated_at IS NULL THEN 'HAND' ELSE e.deactivation_reason END
        FROM different d WHERE e.company_id = \(db.company) AND e.id = d.employee_id
        """
    }

    private var insert: SQL {
        """
        INSERT INTO employees (id, company_id, email, first_name, last_name, department, title, external_id, is_vip, mfa_enabled)
        SELECT i.id, \(db.company), i.email, COALESCE(i.first_name, ''), COALESCE(i.last_name, ''), NULLIF(i.department, ''),
            NULLIF(i.title, ''), NULLIF(i.external_id, ''), COALESCE(i.is_vip, false), CASE i.mfa WHEN 1 THEN true WHEN 0 THEN false END
        FROM employee_plan p JOIN employee_import i ON i.line = p.line
        WHERE p.action = 'ADD'
        ORDER BY i.line
        ON CONFLICT (company_id, email) DO NOTHING
        """
    }
}

/// What a line of a staff list is: somebody, or a reason why nobody.
enum StaffLine {
    case person(StaffSheet.Row)
    case nobody(StaffSheet.RowFault)

    init(_ line: StaffListReader.Line, _ sheet: StaffSheet?) {
        if let problem = line.problem {
            self = .nobody(.init(field: nil, reason: problem.message))
            return
        }
        guard let sheet else {
            self = .nobody(.init(field: nil, reason: "There are no headings."))
            return
        }
        do { self = .person(try sheet.row(line.cells)) } catch { self = .nobody(error) }
    }
}
