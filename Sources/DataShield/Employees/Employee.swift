import Foundation

/// A person on a company's staff list: whom we look up.
package struct Employee: Sendable, Hashable {
    package var id: EmployeeID
    /// Unique in the company.
    package var email: EmailAddress
    /// What else reaches them, as their directory tells: looked up and searched for as well.
    package var aliases: [String] = []
    package var firstName: String
    package var lastName: String
    package var department: String?
    package var title: String?
    package var isVip: Bool
    /// nil: nobody has told us.
    package var mfaEnabled: Bool?
    package var sourceConnectionId: String?
    package var externalId: String?
    /// Set for who has left: kept, not scanned, not counted.
    package var deactivatedAt: Date?
    package var lastCheckedAt: Date?
    /// nil: nobody was asked about them, and nothing was found.
    package var riskScore: Int?
    /// Whether any source has answered about them.
    package var isAsked: Bool
    package var recordCount: Int
    package var openAlertCount: Int
    package var latestDetectionAt: Date?
    package var createdAt: Date
    package var updatedAt: Date

    package var riskLevel: RiskLevel? { riskScore.map { RiskLevel(score: $0) } }

    /// "Jane Doe", or the address of somebody without a name.
    package var name: String { PersonName.of(first: firstName, last: lastName, email: email.text) }
}

/// What a person who edits an employee decides; the rest is found out.
package struct EmployeeDetails: Sendable, Hashable {
    package var email: EmailAddress
    package var firstName: String = ""
    package var lastName: String = ""
    package var department: String?
    package var title: String?
    package var isVip: Bool = false
    package var mfaEnabled: Bool?
    package var externalId: String?
}

/// The texts of an employee: one line each, of a length that fits a page.
enum EmployeeText {
    static let maximum = 200

    /// Why a text is refused.
    enum Fault: Error, Hashable {
        case tooLong
        case controlCharacter

        var message: String {
            switch self {
            case .tooLong: "At most \(EmployeeText.maximum) characters."
            case .controlCharacter: "A control character cannot be stored."
            }
        }
    }

    /// The text on one line: blanks and line breaks become single spaces, none at the ends.
    static func clean(_ text: String) throws(Fault) -> String {
        if isClean(text) { return text }
        var result = String.UnicodeScalarView()
        var gap = false
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace || scalar == "\u{FEFF}" {
                gap = !result.isEmpty
                continue
            }
            guard scalar.properties.generalCategory != .control else { throw .controlCharacter }
            if gap { result.append(" ") }
            gap = false
            result.append(scalar)
        }
        guard result.count <= maximum else { throw .tooLong }
        return String(result)
    }

    /// Most texts are: ASCII without anything to mend.
    private static func isClean(_ text: String) -> Bool {
        let bytes = text.utf8
        guard bytes.count <= maximum, bytes.first != UInt8(ascii: " "), bytes.last != UInt8(ascii: " ") else { return false }
        var previous: UInt8 = 0
        for byte in bytes {
            guard byte >= 0x20, byte < 0x7F, !(byte == 0x20 && previous == 0x20) else { return false }
            previous = byte
        }
        return true
    }
}
