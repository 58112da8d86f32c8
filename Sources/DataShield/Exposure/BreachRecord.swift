import Foundation
import Postgres

/// That a person is in a breach, and what was exposed of them there.
package struct BreachRecord: Sendable, Hashable, RowDecodable {
    package var id: BreachRecordID
    package var employeeId: EmployeeID
    package var breachId: BreachID
    package var exposedData: [String]
    package var artifacts: [ArtifactKind]
    package var machineId: String?
    package var malwareFamily: String?
    package var capturedAt: Date?
    package var detectedAt: Date
    /// In the order in which they reported it.
    package var sources: [ApiProvider]
    /// Whether a leak file has it, too.
    package var isInLeakFile: Bool
    package var evidence: Evidence?

    static let columns: SQL = """
        r.id, r.employee_id, r.breach_id, r.exposed_data, r.artifacts, r.machine_id, r.malware_family, r.captured_at, r.detected_at, \
        r.sources, r.in_leak_file, r.evidence
        """

    /// Who reported it, for people.
    package var sourceNames: String { Self.sourceNames(sources, isInLeakFile: isInLeakFile) }

    static func sourceNames(_ sources: [ApiProvider], isInLeakFile: Bool) -> String {
        (sources.map(\.displayName) + (isInLeakFile ? ["leak file"] : [])).joined(separator: ", ")
    }

    package init(from row: inout Row) throws {
        id = try row.next()
        employeeId = try row.next()
        breachId = try row.next()
        exposedData = try row.next()
        artifacts = try row.next()
        machineId = try row.next()
        malwareFamily = try row.next()
        capturedAt = try row.next()
        detectedAt = try row.next()
        sources = try row.next()
        isInLeakFile = try row.next()
        evidence = try row.next(as: JSON<Evidence>?.self)?.value
    }
}
