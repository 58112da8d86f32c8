import Foundation
import Postgres

/// A machine that malware took data from, as far as it concerns a company's people: one thing, however many files hold its log.
package struct InfectedMachine: Sendable, Hashable, RowDecodable {
    package var id: InfectedMachineID
    /// Tells it from others. Ours: it says nothing of the machine.
    package var key: String
    /// The breach under which its records and alerts are.
    package var breachId: BreachID
    package var malwareFamily: String?
    /// When the malware took the data.
    package var capturedAt: Date?
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
        /// Tells it from others.
        package var key: String
        /// By what it is known again.
        package var marks: [MachineMark] = []
        package var traces: Traces = Traces()
        package var malwareFamily: String?
        package var capturedAt: Date?
        package var country: String?
        package var credentialCount: Int = 0
        package var cookieCount: Int = 0
        package var hasTokens: Bool = false

        /// With what another log says of the same machine.
        package func merged(with other: Facts) -> Facts {
            var result = self
            result.marks += other.marks.filter { !marks.contains($0) }
            result.traces = traces.completed(with: other.traces)
            result.malwareFamily = malwareFamily ?? other.malwareFamily
            result.capturedAt = capturedAt ?? other.capturedAt
            result.country = country ?? other.country
            result.credentialCount = max(credentialCount, other.credentialCount)
            result.cookieCount = max(cookieCount, other.cookieCount)
            result.hasTokens = hasTokens || other.hasTokens
            return result
        }

        /// The name of the company's breach that stands for this machine. It names nobody, and follows from the machine alone.
        package var breachName: String { "Stealer log \(key.prefix(12))" }
    }

    /// What finds a machine, as the malware wrote it down: shown to administrators only, each look audited, and gone with the company's
    /// retention.
    package struct Traces: Sendable, Hashable, Codable {
        /// The malware's own id of the machine, exactly as it gives it.
        package var machineId: String?
        package var computer: String?
        package var userName: String?
        package var operatingSystem: String?
        /// Of networks, that which others see first.
        package var addresses: [String] = []
        package var antivirus: [String] = []
        /// Where the malware lay.
        package var malwarePath: String?

        package var isEmpty: Bool { self == Traces() }

        func completed(with other: Traces) -> Traces {
            Traces(
                machineId: machineId ?? other.machineId, computer: computer ?? other.computer, userName: userName ?? other.userName,
                operatingSystem: operatingSystem ?? other.operatingSystem,
                addresses: addresses.isEmpty ? other.addresses : addresses, antivirus: antivirus.isEmpty ? other.antivirus : antivirus,
                malwarePath: malwarePath ?? other.malwarePath)
        }
    }

    /// The machine's short name for people.
    package var shortName: String { String(key.prefix(12)) }

    static let columns: SQL = """
        m.id, m.machine_key, m.breach_id, m.malware_family, m.captured_at, m.country, m.credential_count, m.cookie_count,
        m.has_tokens, m.created_at
        """

    package init(from row: inout Row) throws {
        id = try row.next()
        key = try row.next()
        breachId = try row.next()
        malwareFamily = try row.next()
        capturedAt = try row.next()
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
