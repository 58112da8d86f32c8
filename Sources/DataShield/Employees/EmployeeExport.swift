import Foundation

/// The staff list as CSV, some thousand rows at a time: no connection is held while a slow reader takes them.
package struct EmployeeExport: AsyncSequence, Sendable {
    package typealias Element = [UInt8]

    let employees: Employees
    let filter: EmployeeFilter
    let company: CompanyID
    private static let rows = 2_000

    /// The columns, by names that an import understands.
    static let headings = [
        "email", "firstName", "lastName", "department", "title", "vip", "mfa", "externalId", "active", "riskScore", "riskLevel", "breaches",
        "openAlerts", "lastChecked", "aliases",
    ]

    static func cells(_ employee: Employee) -> [String] {
        let mfa =
            switch employee.mfaEnabled {
            case true?: "yes"
            case false?: "no"
            case nil: "unknown"
            }
        return [
            employee.email.text, employee.firstName, employee.lastName, employee.department ?? "", employee.title ?? "",
            employee.isVip ? "yes" : "no", mfa, employee.externalId ?? "", employee.deactivatedAt == nil ? "yes" : "no",
            String(employee.riskScore), RiskLevel(score: employee.riskScore).rawValue, String(employee.recordCount),
            String(employee.openAlertCount), employee.lastCheckedAt.map { Timestamp.text($0) } ?? "never",
            employee.aliases.joined(separator: " "),
        ]
    }

    package func makeAsyncIterator() -> Iterator { Iterator(export: self) }

    package struct Iterator: AsyncIteratorProtocol {
        let export: EmployeeExport
        private var cursor: EmployeeCursor?
        private var isFirst = true
        private var isLast = false

        init(export: EmployeeExport) { self.export = export }

        package mutating func next() async throws -> [UInt8]? {
            guard !isLast else { return nil }
            let rows = try await export.employees.rows(
                export.filter, sort: .name, after: cursor, limit: EmployeeExport.rows, of: export.company)
            var bytes: [UInt8] = []
            if isFirst {
                // Excel takes CSV for the local code page unless it begins with a byte-order mark.
                bytes.append(contentsOf: [0xEF, 0xBB, 0xBF])
                CSVWriter.append(EmployeeExport.headings, to: &bytes)
                isFirst = false
            }
            for employee in rows.prefix(EmployeeExport.rows) { CSVWriter.append(EmployeeExport.cells(employee), to: &bytes) }
            isLast = rows.count <= EmployeeExport.rows
            cursor = rows.prefix(EmployeeExport.rows).last.map { EmployeeCursor($0, sort: .name) }
            return bytes
        }
    }
}

extension Employees {
    /// The staff list as CSV. That it was taken out is an audit event.
    package func exportCSV(_ filter: EmployeeFilter = .init(), for subject: Subject) async throws -> EmployeeExport {
        try await database.transaction(for: subject.company) { db in
            try await AuditTrail.record("employees.exported", target: nil, before: nil, after: nil, by: subject, in: db)
        }
        return EmployeeExport(employees: self, filter: filter, company: subject.company)
    }
}
