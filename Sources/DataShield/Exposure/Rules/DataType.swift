import Scalars

/// The one vocabulary for what was exposed: snake_case, singular. Every source's names are brought to it by ``aliases``.
package enum DataType {
    /// What gives access or money at once. Two of them make an exposure CRITICAL, one makes it HIGH.
    package static let critical: Set<String> = ["password", "hashed_password", "credit_card", "ssn", "bank_account"]

    /// What the employee's score counts as critical: the above, and anything else about their money.
    package static let criticalForRisk: Set<String> = critical.union(["financial"])

    /// What nobody can change: it counts in a score whatever was done about passwords and sessions.
    package static let unchangeable: Set<String> = ["credit_card", "ssn", "bank_account"]

    /// What anybody could know who wants to reach a person.
    package static let contact: Set<String> = ["email", "name", "username", "phone", "address"]

    /// The longest term that is kept; longer ones are cut, since a source may send anything.
    static let maximumLength = 64

    /// The term for a source's name of a kind of data. Names that no source is known to use are kept, lower-cased and joined with underscores.
    /// - Returns: nil when the name has no letter and no digit.
    package static func normalise(_ name: some StringProtocol) -> String? {
        let joined = joinedWords(name)
        guard !joined.isEmpty else { return nil }
        return aliases[joined] ?? joined
    }

    /// The terms for several names, each once, in alphabetical order, so that two lists of the same data are equal.
    package static func normalise(all names: some Sequence<String>) -> [String] {
        Set(names.compactMap { normalise($0) }).sorted()
    }

    /// A term for people: "hashed_password" as "hashed password".
    package static func label(_ term: String) -> String {
        switch term {
        case "ssn": "social security number"
        case "ip_address": "IP address"
        case "pin": "PIN"
        case "tax_id": "tax ID"
        case "national_id": "national ID"
        case "geolocation": "location"
        case "sms_message": "SMS message"
        case "mac_address": "MAC address"
        case "imei": "IMEI"
        case "imsi": "IMSI"
        case "vin": "vehicle identification number"
        case "hiv_status": "HIV status"
        default: term.swapping("_", for: " ")
        }
    }

    /// Lower-cased words joined with underscores; apostrophes join what they stand between ("Driver's" is "drivers").
    static func joinedWords(_ name: some StringProtocol) -> String {
        var result = ""
        var gap = false
        for scalar in name.lowercased().unicodeScalars {
            if scalar == "'" || scalar == "\u{2019}" { continue }
            guard scalar.properties.isAlphabetic || scalar.properties.numericType != nil else {
                gap = !result.isEmpty
                continue
            }
            if gap { result.unicodeScalars.append("_") }
            gap = false
            result.unicodeScalars.append(scalar)
            if result.utf8.count >= maximumLength { break }
        }
        return result
    }
}
