import Foundation
import Scalars

/// Reads the heading of a column, as programs write it: `Email Address [Required]`, `Work: Email`, `profile.email`, `Employee #`,
/// `Work Contact: Work Email (Personal Profile)`.
///
/// A heading is understood as a whole or not at all. "Manager Email" has an address in it, and it is not the person's.
struct StaffHeading: Hashable, Sendable {
    var column: StaffColumn
    /// The lower, the likelier.
    var rank: Int

    /// - Returns: nil when it means nothing to us.
    static func read(_ heading: String) -> StaffHeading? {
        // A row of data a page long is no heading.
        guard heading.utf8.count <= 400 else { return nil }
        let text = heading.unicodeScalars.trimmingSpace()
        if let known = whole(text) { return known }
        let (outside, inside) = withoutBrackets(text)
        if outside != text, let known = whole(outside) { return known }
        let short = withoutRequired(outside)
        if short != outside, let known = whole(short) { return known }
        if let known = withoutAnswers(short) { return known }
        if let known = lastPart(of: short) { return known }
        // `Name [displayName] Required`
        for name in inside { if let known = whole(name) { return known } }
        return nil
    }

    /// A heading by its letters and digits: "E-Mail Address" is `emailaddress`, "Prénom" `prenom`, "Employee #" `employeenumber`.
    static func key(_ heading: String) -> String {
        let folded = fold(heading.swapping { $0 == "#" || $0 == "№" ? " number " : nil })
        return String(String.UnicodeScalarView(folded.unicodeScalars.filter { isLetterOrDigit($0) }))
    }

    private static func whole(_ text: String) -> StaffHeading? {
        let key = key(text)
        guard !key.isEmpty else { return nil }
        if let (column, rank) = columns[key] { return StaffHeading(column: column, rank: rank) }
        let words = words(text)
        if let address = address(words) { return address }
        // "Employee First Name", "Legal Last Name"
        guard words.count > 1, persons.contains(words[0]), let (column, rank) = columns[words.dropFirst().joined()] else { return nil }
        return StaffHeading(column: column, rank: rank + (words[0] == "legal" ? 60 : 20))
    }

    // MARK: Parts

    /// What stands behind `Work: `, `profile.` or `Email - ` when what is before it tells of the person, too: another's address and the name
    /// of a cost centre have such headings as well.
    private static func lastPart(of text: String) -> StaffHeading? {
        let parts = text.swapping(text: " - ", for: "\u{1F}").parts { ":./>|\u{1F}›»".unicodeScalars.contains($0) }
            .map { $0.unicodeScalars.trimmingSpace() }.filter { !$0.isEmpty }
        guard parts.count > 1, let last = parts.last else { return nil }
        let before = parts.dropLast().map { key(String($0)) }
        guard before.allSatisfy({ prefixes.contains($0) }), var known = whole(String(last)) else { return nil }
        let isPrivate = before.contains { $0.begins(with: "personal") || $0.begins(with: "private") || $0.begins(with: "home") }
        if known.column == .email, isPrivate, known.rank > 0 { known.column = .privateEmail }
        if known.column == .email, before.contains(where: { $0.begins(with: "work") || $0.begins(with: "business") }) { known.rank = 0 }
        return known
    }

    /// The text without `[…]` and `(…)`, and what stands in them. What says that it is private stays.
    private static func withoutBrackets(_ text: String) -> (outside: String, inside: [String]) {
        var (outside, inside, current) = (String.UnicodeScalarView(), [String](), String.UnicodeScalarView())
        var depth = 0
        for scalar in text.unicodeScalars {
            switch scalar {
            case "[", "(": depth += 1
            case "]", ")":
                guard depth > 0 else { continue }
                depth -= 1
                guard depth == 0 else { continue }
                let name = String(current)
                if words(name).allSatisfy({ privateWords.contains($0) || workWords.contains($0) }) {
                    outside.append(contentsOf: " \(name) ".unicodeScalars)
                } else {
                    inside.append(name)
                }
                current = .init()
            case _ where depth > 0: current.append(scalar)
            default: outside.append(scalar)
            }
        }
        return (outside.trimmingSpace(), inside)
    }

    private static func withoutRequired(_ text: String) -> String {
        for word in ["required", "mandatory", "optional"] where text.lowercased().ends(with: " \(word)") {
            return String(text.unicodeScalars.dropLast(word.unicodeScalars.count)).unicodeScalars.trimmingSpace()
        }
        return text
    }

    /// "Active Y/N", "Active/Inactive", "Terminated flag": a column of few words whose heading ends in the answers. "MFA disabled" asks for
    /// the opposite of "MFA", and is none.
    private static func withoutAnswers(_ text: String) -> StaffHeading? {
        var words = words(text)
        var (isThere, isGone) = (false, false)
        while words.count > 1, let last = words.last, answers.contains(last) || thereWords.contains(last) || goneWords.contains(last) {
            words.removeLast()
            (isThere, isGone) = (isThere || thereWords.contains(last), isGone || goneWords.contains(last))
            guard let known = whole(words.joined(separator: " ")) else { continue }
            let isAnswered =
                switch known.column {
                case .active, .inactive: true
                case .status: isThere == isGone
                case .vip, .mfa, .bot, .guest: !isThere && !isGone
                case .email, .privateEmail, .firstName, .lastName, .fullName, .lastThenFirst, .department, .title, .externalId, .leavingDay, .kind:
                    false
                }
            if isAnswered { return known }
        }
        return nil
    }

    // MARK: The address

    /// Whether the words tell of the person's address, of none else's: each of them has to be one that we know.
    static func address(_ words: [String]) -> StaffHeading? {
        if ["userprincipalname", "upn"].contains(words.joined()) { return StaffHeading(column: .email, rank: 40) }
        if ["login", "username", "userlogin", "loginname", "loginid", "signinname", "windowslogonname"].contains(words.joined()) {
            return StaffHeading(column: .email, rank: 50)
        }
        guard words.contains(where: { addressWords.contains($0) }) else { return nil }
        let rest = words.filter { !addressWords.contains($0) && !neutralWords.contains($0) }
        if rest.isEmpty { return StaffHeading(column: .email, rank: words.contains("primary") ? 10 : 20) }
        let isPrivate = rest.contains { privateWords.contains($0) }
        let isWork = rest.contains { workWords.contains($0) }
        guard rest.allSatisfy({ privateWords.contains($0) || workWords.contains($0) }) else { return nil }
        // "Work Email (Personal Profile)": what stands in brackets is not of the address.
        guard !(isPrivate && isWork) else { return nil }
        if isPrivate { return StaffHeading(column: .privateEmail, rank: 0) }
        return StaffHeading(column: .email, rank: isWork ? 0 : 20)
    }

    /// The words of a text: `profile.workEmail` has three, and `e-mail` is one.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        var (word, before) = (String.UnicodeScalarView(), Unicode.Scalar(" "))
        func end() {
            guard !word.isEmpty else { return }
            let folded = fold(String(word))
            word = .init()
            if words.last == "e", folded.begins(with: "mail") || folded.begins(with: "post") {
                words[words.count - 1] += folded
            } else {
                words.append(folded)
            }
        }
        for scalar in text.unicodeScalars {
            let isCapital = scalar.properties.isUppercase && before.properties.isLowercase
            if isCapital || !isLetterOrDigit(scalar) && !isMark(scalar) { end() }
            if isLetterOrDigit(scalar) || isMark(scalar) { word.append(scalar) }
            before = scalar
        }
        end()
        return words
    }

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .nonspacingMark }

    private static func fold(_ text: String) -> String {
        text.folding(options: [.diacriticInsensitive, .caseInsensitive, .widthInsensitive], locale: nil).lowercased()
    }

    // MARK: Words

    private static func set(_ words: String) -> Set<String> { Set(words.parts(between: " ").map { String($0) }) }

    private static let columns: [String: (StaffColumn, Int)] = {
        var columns: [String: (StaffColumn, Int)] = [:]
        for column in StaffColumn.allCases {
            for (rank, word) in column.synonyms.parts(between: " ").enumerated() { columns[String(word)] = (column, rank) }
        }
        return columns
    }()

    private static let persons = set(
        "employee user worker staff member person associate legal hr colleague mitarbeiter benutzer empleado collaborateur")

    private static let prefixes = set(
        """
        work workinfo workinformation workcontact business profile user userprofile userinfo employee employeedata employeeinfo employeeinformation \
        employeeprofile person personal personaldata personalinfo personalinformation personalprofile personalcontact private home basic basicinfo \
        basicinformation basicdata contactinfo contactinformation contactdata job jobinfo jobinformation employment employmentinfo \
        employmentinformation employmentprofile employmentdata general generalinfo generalinformation account accountinfo identity worker internal \
        root primary about organization organisation org hr hrinformation lifecycle legal mitarbeiter email emailaddress
        """)

    /// What headings end in when they say what stands in the cells.
    private static let answers = set("y n j yes no ja nein oui non si true false 1 0 or oder flag indicator ind")
    private static let thereWords = set("active enabled unblocked aktiv actif activo attivo actief ativo")
    private static let goneWords = set(
        "inactive disabled terminated left blocked suspended inaktiv gesperrt inactif inactivo inattivo inactief inativo")

    private static let addressWords = set(
        """
        email mail emails emailaddress mailaddress emailadresse mailadresse emailadres emailadress courriel mel correo correoelectronico epost \
        emailid smtp primaryemail workemail workmail businessemail companyemail firmenemail firmenmail geschaftsemail dienstemail
        """)

    private static let neutralWords = set(
        """
        address addresses adresse adress adres direccion indirizzo endereco de of the di la le el d id primary main default smtp value 1 contact \
        employee user worker member staff person profile account electronico electronica elettronica electronique posta login sign in public hr information info
        """)

    private static let workWords = set(
        """
        work business company corporate office official professional organization organisation internal dienstlich dienstliche geschaftlich \
        geschaftliche firma firmen pro professionnel professionnelle travail entreprise corporativo corporativa laboral trabajo empresa aziendale \
        lavoro zakelijk zakelijke werk profissional institucional
        """)

    private static let privateWords = set(
        """
        private personal home privat private privates personlich personliche perso personnel personnelle prive privee particular personale privato \
        privata persoonlijk persoonlijke pessoal recovery
        """)
}
