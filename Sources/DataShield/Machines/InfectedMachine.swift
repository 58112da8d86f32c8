import Foundation
import Postgres

/// A machine that malware took data from, as far as it concerns a company's people: one thing, however many files hold its log.
package struct InfectedMachine: Sendable, Hashable, RowDecodable {
    package var id: InfectedMachineID
    package var machineId: String
    /// The breach under which its records and alerts are.
    package var breachId: BreachID
    package var malwareFamily: String?
    /// When the malware took the data.
    package var capturedAt: Date?
    package var operatingSystem: String?
    package var country: String?
    /// All credentials and cookies in its log, of whomever.
    package var credentialCount: Int
    package var cookieCount: Int
    package var hasTokens: Bool
    /// When a file first told of it.
    package var createdAt: Date
    /// People of the company whose data were on it.
    package var people: Int
    /// Sites that their credentials are for.
    package var sites: Int
    package var openAlerts: Int

    /// What a log says of its machine.
    package struct Facts: Sendable, Hashable {
        /// A digest of the malware's own id of the machine.
        package var machineId: String
        package var malwareFamily: String?
        package var capturedAt: Date?
        package var operatingSystem: String?
        package var country: String?
        package var credentialCount: Int
        package var cookieCount: Int
        package var hasTokens: Bool

        package init(
            machineId: String, malwareFamily: String? = nil, capturedAt: Date? = nil, operatingSystem: String? = nil, country: String? = nil,
            credentialCount: Int = 0, cookieCount: Int = 0, hasTokens: Bool = false
        ) {
            self.machineId = machineId
            self.malwareFamily = malwareFamily
            self.capturedAt = capturedAt
            self.operatingSystem = operatingSystem
            self.country = country
            self.credentialCount = credentialCount
            self.cookieCount = cookieCount
            self.hasTokens = hasTokens
        }

        /// The name of the company's breach that stands for this machine. It names nobody, and follows from the machine alone.
        package var breachName: String { "Stealer log \(machineId.prefix(12))" }
    }

    /// The machine's short name for people.
    package var shortName: String { String(machineId.prefix(12)) }

    static let columns: SQL = """
        m.id, m.machine_id, m.breach_id, m.malware_family, m.captured_at, m.operating_system, m.country, m.credential_count, m.cookie_count,
        m.has_tokens, m.created_at
        """

    package init(from row: inout Row) throws {
        id = try row.next()
        machineId = try row.next()
        breachId = try row.next()
        malwareFamily = try row.next()
        capturedAt = try row.next()
        operatingSystem = try row.next()
        country = try row.next()
        credentialCount = try row.next()
        cookieCount = try row.next()
        hasTokens = try row.next()
        createdAt = try row.next()
        people = try row.next()
        sites = try row.next()
        openAlerts = try row.next()
    }
}
