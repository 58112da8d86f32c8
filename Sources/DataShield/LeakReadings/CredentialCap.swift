import Foundation
import Postgres

/// How many credentials of one person are kept of one breach in one file: lists are made that try a hundred thousand passwords of one address,
/// and a thousand of them say as much of the person as all.
///
/// What is kept are the first ones of the file, so that another reading of it keeps the same.
package struct CredentialCap: Sendable {
    package static let most = 1_000

    /// Somebody of whom there may be more.
    private struct Kept {
        var identities: Set<[UInt8]>
        /// What has been recorded of the person, so that nothing is recorded for lines that add nothing.
        var said: Set<String> = []
    }

    private struct Identity: RowDecodable {
        var bytes: [UInt8]

        init(from row: inout Row) throws { bytes = try row.next() }
    }

    /// How many credentials were taken out.
    struct Taken: Sendable {
        /// Of those outside of stealer logs.
        var lists = 0
        /// Of those in stealer logs, which are delivered anew after a kill.
        var logs = 0
    }

    /// Whether some of the file was recorded before.
    private let isGoneOnWith: Bool
    /// How many credentials were met, whether or not they are the same, by person and breach.
    private var met: [Int: Int32] = [:]
    private var full: [Int: Kept] = [:]
    /// Of whom it was looked up how many there were before the reading was gone on with.
    private var looked: Set<Int> = []

    init(isGoneOnWith: Bool = false) { self.isGoneOnWith = isGoneOnWith }

    /// Takes from findings what is beyond the cap, and those that say nothing without it.
    /// - Parameter file: whose findings they all are.
    mutating func apply(to findings: inout [(EmployeeID, Finding)], of file: LeakFileID, in db: TenantTransaction) async throws -> Taken {
        var taken = Taken()
        var kept: [(EmployeeID, Finding)] = []
        kept.reserveCapacity(findings.count)
        for (employee, finding) in findings {
            guard var leak = finding.leak, !leak.credentials.isEmpty else {
                kept.append((employee, finding))
                continue
            }
            // A number for person and breach: were two to share one, it would only be looked up whether there are too many.
            var hasher = Hasher()
            hasher.combine(employee)
            hasher.combine(finding.breachName)
            let key = hasher.finalize()
            if isGoneOnWith, looked.insert(key).inserted {
                met[key] = Int32(clamping: try await identities(of: employee, finding, file, in: db).count)
            }
            let count = met[key, default: 0].addingReportingOverflow(Int32(clamping: leak.credentials.count))
            met[key] = count.overflow ? .max : count.partialValue
            guard count.overflow || count.partialValue > Self.most else {
                kept.append((employee, finding))
                continue
            }
            var person: Kept
            if let known = full[key] { person = known } else { person = Kept(identities: try await identities(of: employee, finding, file, in: db)) }
            full[key] = nil
            let all = leak.credentials.count
            leak.credentials = leak.credentials.filter { credential in
                guard person.identities.count >= Self.most else {
                    person.identities.insert(credential.identity)
                    return true
                }
                return person.identities.contains(credential.identity)
            }
            if leak.machine == nil { taken.lists += all - leak.credentials.count } else { taken.logs += all - leak.credentials.count }
            var finding = finding
            finding.leak = leak
            let said = Self.said(finding)
            if !leak.credentials.isEmpty || !said.isSubset(of: person.said) {
                kept.append((employee, finding))
                if person.said.count < 10 * Self.most { person.said.formUnion(said) }
            }
            full[key] = person
        }
        findings = kept
        return taken
    }

    /// The person's credentials of the breach that were recorded in the file before this batch.
    private func identities(
        of employee: EmployeeID, _ finding: Finding, _ file: LeakFileID, in db: TenantTransaction
    ) async throws -> Set<[UInt8]> {
        // As the recorder finds it.
        let name = BreachName(finding.breachName, of: finding.source, isMade: finding.leak?.machine != nil)
        let naming = BreachNaming(name, date: finding.breachDate)
        guard let breach = try await BreachStore(db: db).known([naming])[naming] else { return [] }
        let found = try await db.query(
            """
            SELECT c.identity FROM leaked_credentials c
            JOIN leak_sightings s ON s.company_id = c.company_id AND s.credential_id = c.id
            JOIN breach_records r ON r.company_id = c.company_id AND r.id = c.record_id
            WHERE c.company_id = \(db.company) AND c.employee_id = \(employee) AND s.file_id = \(file) AND r.breach_id = \(breach.id)
            LIMIT \(Self.most)
            """, as: Identity.self)
        return Set(found.map(\.bytes))
    }

    private static func said(_ finding: Finding) -> Set<String> {
        var said = Set(finding.dataTypes.map { "type \($0)" })
        said.formUnion(finding.artifacts.map { "artifact \($0.rawValue)" })
        if let evidence = finding.evidence {
            said.formUnion(evidence.sites.map { "site \($0)" })
            said.formUnion(evidence.logins.map { "login \($0)" })
        }
        return said
    }
}
