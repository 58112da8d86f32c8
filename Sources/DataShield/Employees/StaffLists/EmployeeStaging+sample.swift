import Postgres

extension EmployeeStaging {
    /// Takes the first rows of each action into the report, with what would change.
    func sample(into report: inout ImportReport) async throws {
        report.isPreview = true
        let actions = ImportReport.Action.allCases.map(\.rawValue)
        report.samples = try await db.query(
            """
            SELECT p.action, p.line, i.email, i.first_name, i.last_name, i.department, i.title, i.external_id, i.is_vip, i.mfa::integer,
                e.first_name, e.last_name, e.department, e.title, e.external_id, e.is_vip, e.mfa_enabled
            FROM (
                SELECT action, line, employee_id, row_number() OVER (PARTITION BY action ORDER BY line) AS place FROM employee_plan
                WHERE action = ANY (\(actions)::text[])
            ) AS p
            JOIN employee_import i ON i.line = p.line LEFT JOIN employees e ON e.company_id = \(db.company) AND e.id = p.employee_id
            WHERE p.place <= \(ImportReport.sampled)
            ORDER BY array_position(\(actions)::text[], p.action), p.line
            """, as: SampleRow.self
        ).compactMap(\.sample)
    }
}

/// A row of the plan beside the person as they are.
private struct SampleRow: RowDecodable {
    var sample: ImportReport.Sample?

    init(from row: inout Row) throws {
        let action = ImportReport.Action(rawValue: try row.next())
        let line: Int = try row.next()
        let email: String = try row.next()
        let said = try Details(from: &row)
        let isVip: Bool? = try row.next()
        let mfa: Int? = try row.next()
        let known = try Details(from: &row)
        let wasVip: Bool? = try row.next()
        let hadMFA: Bool? = try row.next()
        guard let action else { return }
        let isNew = action == .add
        var changes: [ImportReport.FieldChange] = []
        func compare(_ field: String, _ after: String?, _ before: String?, emptyCounts: Bool) {
            guard let after, emptyCounts || !after.isEmpty, after != before ?? "" else { return }
            changes.append(.init(field: field, before: before.nonEmpty, after: after.isEmpty ? nil : after))
        }
        compare("firstName", said.firstName, known.firstName, emptyCounts: false)
        compare("lastName", said.lastName, known.lastName, emptyCounts: false)
        compare("department", said.department, known.department, emptyCounts: true)
        compare("title", said.title, known.title, emptyCounts: true)
        compare("externalId", said.externalId, known.externalId, emptyCounts: true)
        if let isVip, isVip != wasVip ?? false { compare("isVip", isVip ? "yes" : "no", isNew ? nil : "no", emptyCounts: true) }
        if let mfa {
            let words = ["unknown", "no", "yes"]
            let after = words[max(0, min(2, mfa + 1))]
            let before = hadMFA.map { $0 ? "yes" : "no" } ?? "unknown"
            compare("mfaEnabled", after == before ? nil : after, isNew ? nil : before, emptyCounts: true)
        }
        let first = said.firstName.nonEmpty ?? known.firstName ?? ""
        let last = said.lastName.nonEmpty ?? known.lastName ?? ""
        sample = .init(line: line, action: action, email: email, name: PersonName.of(first: first, last: last, email: email), changes: changes)
    }

    private struct Details {
        var firstName: String?
        var lastName: String?
        var department: String?
        var title: String?
        var externalId: String?

        init(from row: inout Row) throws {
            firstName = try row.next()
            lastName = try row.next()
            department = try row.next()
            title = try row.next()
            externalId = try row.next()
        }
    }
}
