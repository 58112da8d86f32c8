import Foundation
import Scalars

/// Reads the rows of a staff list: which column is which, and what a row says about a person.
///
/// A cell that is not there says nothing, and so leaves what we know as it is. An empty cell takes a department or title away;
/// an empty name, VIP mark or MFA state says nothing.
struct StaffSheet {
    enum Column: Hashable, CaseIterable {
        case email, firstName, lastName, fullName, department, title, vip, mfa, externalId

        /// The name in messages, which is that of the JSON field.
        var field: String {
            switch self {
            case .email: "email"
            case .firstName: "firstName"
            case .lastName: "lastName"
            case .fullName: "name"
            case .department: "department"
            case .title: "title"
            case .vip: "isVip"
            case .mfa: "mfaEnabled"
            case .externalId: "externalId"
            }
        }

        /// What people call it, the likeliest first: where a file has two of them, the earlier one is asked first in each row.
        var synonyms: [String] {
            switch self {
            case .email:
                [
                    "email", "emailaddress", "mail", "mailaddress", "workemail", "workmail", "businessemail", "companyemail",
                    "primaryemail", "emailprimary", "emailadresse", "mailadresse", "adressemail", "adresseemail", "courriel",
                    "correo", "correoelectronico", "indirizzoemail", "emailwork", "primaryemailaddress", "primarysmtpaddress",
                    "userprincipalname", "upn", "login", "username",
                ]
            case .firstName: ["firstname", "givenname", "forename", "first", "vorname", "prenom", "nombre", "nome", "voornaam", "fname"]
            case .lastName:
                [
                    "lastname", "surname", "familyname", "last", "sn", "nachname", "familienname", "nomdefamille", "nom", "apellido",
                    "apellidos", "cognome", "achternaam", "lname",
                ]
            case .fullName: ["name", "fullname", "displayname", "employeename", "employee", "cn", "commonname", "anzeigename", "vollername"]
            case .department:
                [
                    "department", "dept", "departmentname", "team", "division", "organizationalunit", "orgunit", "ou", "unit",
                    "abteilung", "bereich", "departement", "service", "departamento", "reparto", "dipartimento", "afdeling",
                ]
            case .title: ["title", "jobtitle", "position", "role", "job", "jobrole", "funktion", "stelle", "poste", "puesto", "qualifica"]
            case .vip: ["vip", "isvip", "executive", "highprofile"]
            case .mfa: ["mfa", "mfaenabled", "2fa", "twofactor", "twofactorenabled", "mfastatus", "isenrolledin2sv", "2svenrolled"]
            case .externalId:
                ["externalid", "employeeid", "employeenumber", "personnelnumber", "staffid", "objectid", "personalnummer", "id"]
            }
        }
    }

    /// What is wrong with a row.
    struct RowFault: Error, Hashable {
        var field: String?
        var reason: String
    }

    /// What a row says. nil: nothing; an empty department, title or externalId: it has none.
    struct Row: Sendable, Hashable {
        var email: EmailAddress
        var firstName: String?
        var lastName: String?
        var department: String?
        var title: String?
        var externalId: String?
        var isVip: Bool?
        var mfa: MFA?
    }

    enum MFA: Int, Sendable {
        case unknown = -1
        case disabled = 0
        case enabled = 1
    }

    /// For each column where to look, in order.
    private let places: [Column: [Int]]
    private let width: Int
    /// Headings that mean nothing to us.
    let ignored: [String]

    /// Takes the first record as the headings.
    /// - Returns: nil when none of them is the e-mail address.
    init?(headings: [String]) {
        var ranked: [Column: [(rank: Int, index: Int)]] = [:]
        var ignored: [String] = []
        for (index, heading) in headings.enumerated() {
            let key = Self.key(heading)
            if let (column, rank) = Self.columns[key] {
                ranked[column, default: []].append((rank, index))
            } else if !key.isEmpty {
                ignored.append(heading.unicodeScalars.trimmingSpace())
            }
        }
        guard ranked[.email] != nil else { return nil }
        places = ranked.mapValues { $0.sorted { ($0.rank, $0.index) < ($1.rank, $1.index) }.map(\.index) }
        width = headings.count
        self.ignored = ignored
    }

    /// Reads one row.
    func row(_ cells: [String]) throws(RowFault) -> Row {
        if cells.count > width, cells[width...].contains(where: { !$0.unicodeScalars.trimmingSpace().isEmpty }) {
            throw RowFault(
                field: nil, reason: "The row has \(cells.count) cells, the heading \(width): a cell that has the delimiter in it needs quotes.")
        }
        let email: EmailAddress
        do { email = try EmailAddress(CSVWriter.restored(cell(.email, of: cells) ?? "")) } catch {
            throw RowFault(field: Column.email.field, reason: error.message)
        }
        var row = Row(email: email)
        row.firstName = try text(.firstName, of: cells)
        row.lastName = try text(.lastName, of: cells)
        if let full = try text(.fullName, of: cells), !full.isEmpty, (row.firstName ?? "").isEmpty, (row.lastName ?? "").isEmpty {
            (row.firstName, row.lastName) = Self.split(fullName: full)
        }
        row.department = try text(.department, of: cells)
        row.title = try text(.title, of: cells)
        row.externalId = try text(.externalId, of: cells)
        if let word = cell(.vip, of: cells)?.unicodeScalars.trimmingSpace(), !word.isEmpty {
            guard let value = Self.truth(word) else { throw RowFault(field: Column.vip.field, reason: "Yes or no is expected.") }
            row.isVip = value
        }
        if let word = cell(.mfa, of: cells)?.unicodeScalars.trimmingSpace(), !word.isEmpty {
            if let value = Self.truth(word) {
                row.mfa = value ? .enabled : .disabled
            } else if ["unknown", "n/a", "-", "?", "unbekannt"].contains(word.lowercased()) {
                row.mfa = .unknown
            } else {
                throw RowFault(field: Column.mfa.field, reason: "Yes, no or unknown is expected.")
            }
        }
        return row
    }

    /// The first of the column's cells that is not empty; an empty one when all are; nil when the row has none of them.
    private func cell(_ column: Column, of cells: [String]) -> String? {
        guard let indices = places[column] else { return nil }
        var found: String?
        for index in indices where index < cells.count {
            if !cells[index].isEmpty { return cells[index] }
            found = ""
        }
        return found
    }

    private func text(_ column: Column, of cells: [String]) throws(RowFault) -> String? {
        guard let cell = cell(column, of: cells) else { return nil }
        do { return try EmployeeText.clean(CSVWriter.restored(cell)) } catch {
            throw RowFault(field: column.field, reason: error.message)
        }
    }
}

// MARK: - Words

extension StaffSheet {
    /// A heading by its letters and digits: "E-Mail Address" is `emailaddress`, "Prénom" `prenom`.
    static func key(_ heading: String) -> String {
        let folded = heading.folding(options: [.diacriticInsensitive, .caseInsensitive, .widthInsensitive], locale: nil).lowercased()
        return String(String.UnicodeScalarView(folded.unicodeScalars.filter { $0.properties.isAlphabetic || $0.properties.numericType != nil }))
    }

    private static let columns: [String: (Column, Int)] = {
        var columns: [String: (Column, Int)] = [:]
        for column in Column.allCases {
            for (rank, word) in column.synonyms.enumerated() { columns[word] = (column, rank) }
        }
        return columns
    }()

    /// "Doe, Jane" and "Jane Doe" are Jane and Doe; "Ludwig van Beethoven" is Ludwig and van Beethoven.
    static func split(fullName: String) -> (first: String, last: String) {
        if let comma = fullName.firstPlace(of: ",") {
            let last = fullName[..<comma].unicodeScalars.trimmingSpace()
            let first = fullName[fullName.place(behind: comma)...].unicodeScalars.trimmingSpace()
            return (first, last)
        }
        let words = fullName.parts(between: " ")
        guard words.count > 1 else { return (fullName, "") }
        let particle = words.dropFirst().dropLast().firstIndex { particles.contains($0.lowercased()) }
        let start = particle ?? words.count - 1
        return (words[..<start].joined(separator: " "), words[start...].joined(separator: " "))
    }

    private static let particles: Set<String> = [
        "van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "du", "la", "le", "zu", "zur", "al", "el", "bin", "ibn", "ter", "ten",
    ]

    /// Yes and no in the words of lists.
    static func truth(_ word: String) -> Bool? {
        switch word.lowercased() {
        case "true", "yes", "y", "1", "x", "on", "t", "enabled", "enrolled", "enforced", "active", "ja", "j", "wahr", "oui", "vrai", "si", "sí": true
        case "false", "no", "n", "0", "off", "f", "disabled", "none", "inactive", "nein", "falsch", "non", "faux": false
        default: nil
        }
    }
}
