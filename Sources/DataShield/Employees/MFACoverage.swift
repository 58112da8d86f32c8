import Foundation
import Postgres

/// How many people sign in with a second factor, as far as directories say. Unknown is counted apart: it is neither.
package struct MFACoverage: Codable, Sendable, Hashable {
    package var total: Counts
    /// By name; nil for those without a department.
    package var departments: [Department]

    package struct Counts: Codable, Sendable, Hashable {
        package var people: Int
        package var enabled: Int
        package var disabled: Int
        package var unknown: Int
        /// In at least one breach, and without a second factor.
        package var exposedWithout: Int
        /// Without a second factor, and nobody has answered about them: whether they are exposed is not known.
        package var withoutNotAsked: Int

        /// Those with a second factor, of those of whom it is known; nil when it is known of nobody.
        package var share: Double? { enabled + disabled > 0 ? Double(enabled) / Double(enabled + disabled) : nil }
    }

    package struct Department: Codable, Sendable, Hashable {
        package var name: String?
        package var counts: Counts
    }
}

extension Employees {
    /// The coverage of all active people.
    package func mfaCoverage(for subject: Subject) async throws -> MFACoverage {
        let rows = try await database.query(
            for: subject.company,
            """
            SELECT d.department, d.people, d.mfa_enabled, d.mfa_disabled, d.mfa_unknown, d.exposed_without_mfa, coalesce(n.without_mfa, 0)::bigint
            FROM department_counts d LEFT JOIN (\(EmployeeStore.notAsked(of: subject.company))) n ON n.department = d.department
            WHERE d.company_id = \(subject.company) AND d.people > 0 ORDER BY d.department
            """, as: MFARow.self)
        var total = MFACoverage.Counts(people: 0, enabled: 0, disabled: 0, unknown: 0, exposedWithout: 0, withoutNotAsked: 0)
        for row in rows {
            total.people += row.counts.people
            total.enabled += row.counts.enabled
            total.disabled += row.counts.disabled
            total.unknown += row.counts.unknown
            total.exposedWithout += row.counts.exposedWithout
            total.withoutNotAsked += row.counts.withoutNotAsked
        }
        return MFACoverage(total: total, departments: rows.map { .init(name: $0.department.isEmpty ? nil : $0.department, counts: $0.counts) })
    }

    /// The coverage, to be taken out as a file. That it was is an audit event.
    package func exportMFACoverage(for subject: Subject) async throws -> MFACoverage {
        let coverage = try await mfaCoverage(for: subject)
        try await database.transaction(for: subject.company) { db in
            try await AuditTrail.record("mfa.exported", target: nil, after: ["departments": coverage.departments.count], by: subject, in: db)
        }
        return coverage
    }
}

private struct MFARow: RowDecodable {
    let department: String
    let counts: MFACoverage.Counts

    init(from row: inout Row) throws {
        department = try row.next()
        counts = MFACoverage.Counts(
            people: try row.next(), enabled: try row.next(), disabled: try row.next(), unknown: try row.next(), exposedWithout: try row.next(),
            withoutNotAsked: try row.next())
    }
}

extension MFACoverage {
    static let headings = ["department", "people", "enabled", "disabled", "unknown", "exposedWithout", "withoutNotAsked"]

    /// A line for each department, and the last one for all; those without a department have no name.
    var csv: [UInt8] {
        // Excel takes CSV for the local code page unless it begins with a byte-order mark.
        var bytes: [UInt8] = [0xEF, 0xBB, 0xBF]
        CSVWriter.append(Self.headings, to: &bytes)
        for (name, counts) in departments.map({ ($0.name ?? "", $0.counts) }) + [("All", total)] {
            let numbers = [counts.people, counts.enabled, counts.disabled, counts.unknown, counts.exposedWithout, counts.withoutNotAsked]
            CSVWriter.append([name] + numbers.map { String($0) }, to: &bytes)
        }
        return bytes
    }
}
