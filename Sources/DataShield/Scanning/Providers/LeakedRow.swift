import Foundation
import Scalars

/// A row of a leak, as a service of collections has it, without what it held: that there was a password is kept, the password is not.
struct LeakedRow: Sendable, Hashable {
    /// The leak's name, by which it is one with what others report; ``unnamed(_:)`` when the service has none.
    var name: BreachName
    /// Terms of the one vocabulary.
    var dataTypes: [String]
    /// Sites at which a password was used.
    var sites: [String]

    /// - Parameters:
    ///   - source: the leak's name.
    ///   - days: when it was, where the service says so beside the name.
    ///   - fields: the names of the fields that held something, as the service writes them.
    ///   - sites: texts that name sites.
    init(source: String, days: ClosedRange<Date>? = nil, fields: some Sequence<String>, sites: [String] = []) {
        name = BreachName(source)
        if let days { name.days = days }
        dataTypes = DataType.normalise(all: Array(fields) + ["email"])
        self.sites = sites.compactMap(Site.init).map(\.host)
    }

    /// How the leak is called.
    var source: String { name.text }

    /// Each service's unnamed leaks are its own: nothing says that two are the same.
    static func unnamed(_ provider: ApiProvider) -> String { "Unnamed source (\(provider.displayName))" }
}

/// The rows of an answer, gathered: however many a person has of one leak, it is one finding.
struct LeakedRows: Sendable {
    private struct RowKey: Hashable {
        var address: EmailAddress
        var key: String
        /// A service may have two leaks of one name.
        var days: ClosedRange<Date>?
    }

    let provider: ApiProvider
    private var rows: [RowKey: LeakedRow] = [:]

    init(provider: ApiProvider) { self.provider = provider }

    mutating func add(_ row: LeakedRow, of address: EmailAddress) {
        let place = RowKey(address: address, key: CanonicalKey.of(row.source), days: row.name.days)
        guard var known = rows[place] else {
            rows[place] = row
            return
        }
        // The first in the alphabet, so that the order of rows does not matter.
        if row.name.comesBefore(known.name) { known.name = row.name }
        known.dataTypes = Set(known.dataTypes).union(row.dataTypes).sorted()
        known.sites = Set(known.sites).union(row.sites).sorted()
        rows[place] = known
    }

    /// The findings by person, those of each in the order of the names.
    var findings: [EmailAddress: [Finding]] {
        var findings: [EmailAddress: [Finding]] = [:]
        for (place, row) in rows { findings[place.address, default: []].append(finding(row)) }
        return findings.mapValues { $0.sorted { ($0.breachName, $0.breachDate ?? .distantPast) < ($1.breachName, $1.breachDate ?? .distantPast) } }
    }

    private func finding(_ row: LeakedRow) -> Finding {
        // A password that malware took is in use, and was taken together with the site it is for.
        let isStolen = row.source.lowercased().has(text: "stealer") && row.dataTypes.contains("password")
        return Finding(
            breachName: row.source, named: row.name, breachDate: row.name.days?.upperBound, dataTypes: row.dataTypes,
            artifacts: isStolen ? [.password] : [],
            evidence: row.sites.isEmpty ? nil : Evidence(sites: Array(row.sites.prefix(Exposure.evidenceLimit))), source: provider.source,
            provider: provider)
    }
}

/// The host of a site, out of whatever a service writes for one.
struct Site: Sendable, Hashable {
    let host: String

    /// - Returns: nil when the text names no host. What stands behind the host may hold a token, and before it a login: neither is kept.
    init?(_ text: some StringProtocol) {
        let text = text.unicodeScalars.trimmingSpace()
        var rest = text.beginning(2_048)
        if let scheme = rest.place(of: "://") { rest = rest[scheme.upperBound...] }
        rest = Substring(rest.unicodeScalars.prefix { $0 != "/" && $0 != "?" && $0 != "#" })
        if let sign = rest.lastPlace(of: "@") { rest = rest[rest.place(behind: sign)...] }
        if let colon = rest.lastPlace(of: ":") { rest = rest[..<colon] }
        let host = rest.lowercased()
        let isHost = host.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isHost, host.has("."), !host.begins(with: "."), !host.ends(with: "."), host.utf8.count <= 253 else { return nil }
        self.host = host
    }
}
