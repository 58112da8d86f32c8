import Foundation
import Scalars

/// What a password has to be: long enough to be worth hashing, short enough for bcrypt to see all of it, and not what everybody tries
/// first.
package struct PasswordRules: Sendable {
    package static let lengths = 12...72

    private let common: Set<String>

    /// - Parameter common: passwords that are refused, in lower case.
    package init(common: Set<String>) { self.common = common }

    /// The rules with the bundled list. Read once for the process, however many servers it has.
    package static func bundled() throws -> PasswordRules { try ofBundle.get() }
    private static let ofBundle = Result { try read() }

    private static func read() throws -> PasswordRules {
        guard let url = Bundle.module.url(forResource: "common-passwords", withExtension: "txt", subdirectory: "Data") else {
            throw SettingsError(name: "The list of common passwords", problem: "is not where it belongs; install the program again.")
        }
        let text = try String(contentsOf: url, encoding: .utf8)
        return PasswordRules(common: Set(text.split(whereSeparator: \.isNewline).map { $0.lowercased() }))
    }

    /// How many passwords the list has.
    var commonCount: Int { common.count }

    /// Whether bcrypt sees all of a password: it stops at a NUL, and after 72 bytes.
    static func isSeenWhole(_ password: String) -> Bool { password.utf8.count <= lengths.upperBound && !password.utf8.contains(0) }

    /// What is wrong with a password; nil when nothing is.
    /// - Parameters:
    ///   - email: whose it is to be.
    ///   - company: the company's name and domain.
    package func problem(with password: String, email: String, company: [String]) -> String? {
        let length = password.utf8.count
        guard !password.utf8.contains(0) else { return "must not contain a NUL character." }
        guard length >= Self.lengths.lowerBound else { return "must have at least \(Self.lengths.lowerBound) characters." }
        guard length <= Self.lengths.upperBound else { return "must have at most \(Self.lengths.upperBound) bytes." }
        let lower = password.lowercased()
        if common.contains(lower) || Self.isPattern(lower) { return "is among the most common passwords." }
        let local = email.utf8.firstIndex(of: UInt8(ascii: "@")).map { String(email[..<$0]) } ?? email
        let names = GuessableWords(names: [email, local] + company)
        if names.makeUp(lower) {
            return "must not be made of the e-mail address, the company's or the product's name, a season, a month, a year or another common word."
        }
        return nil
    }

    /// - Throws: ``InvalidInput`` for the field.
    package func check(_ password: String, email: String, company: [String], field: String = "password") throws {
        if let problem = problem(with: password, email: email, company: company) { throw InvalidInput(field, problem) }
    }

    /// One short piece again and again ("aaaaaaaaaaaa", "abcabcabcabc"), or a run of the keyboard or the alphabet.
    static func isPattern(_ password: String) -> Bool {
        let scalars = Array(password.unicodeScalars)
        for size in 1...4 where scalars.count >= size * 3 {
            if scalars.indices.allSatisfy({ scalars[$0] == scalars[$0 % size] }) { return true }
        }
        return runs.contains { $0.contains(password) }
    }

    private static let runs: [String] = {
        let rows = [
            "abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm",
            "azertyuiopqsdfghjklmwxcvbn",
        ]
        return rows + rows.map { String($0.reversed()) }
    }()
}

/// The words of which the first guesses at somebody's password are made: their own names, the product's, the time of year, and what
/// everybody takes. A password that is nothing but such words, digits and signs is one of those guesses ("DataShield2026!",
/// "acme-summer-26", "P4ssw0rd!Acme").
struct GuessableWords {
    private let words: [[Unicode.Scalar]]

    /// - Parameter names: those of the person and the company; each counts as a whole and by its parts.
    init(names: [String]) {
        var words = Self.common
        for name in names.map({ Array($0.lowercased().unicodeScalars) }) {
            let parts = name.split { !Self.isLetter($0) && !Self.isDigit($0) }.map { Array($0) }
            // "io" of a domain would be found in half of all words.
            words += parts.filter { $0.count >= 3 }
            words.append(parts.flatMap { $0 })
        }
        self.words = words.filter { !$0.isEmpty }
    }

    /// Whether a password, in lower case, is made of nothing else: with signs between them or inside them, and with digits and signs in the
    /// place of the letters that they look like.
    func makeUp(_ password: String) -> Bool {
        let scalars = Array(password.unicodeScalars)
        return areAll(scalars) || areAll(scalars.filter { Self.isLetter($0) || Self.isDigit($0) }) || Self.areYears(scalars)
    }

    private func areAll(_ password: [Unicode.Scalar]) -> Bool {
        /// Whether what is before each place is made up; and whether there is a word in it, for twelve digits alone are no guess.
        var isReached = [Bool](repeating: false, count: password.count + 1)
        var hasWord = isReached
        isReached[0] = true
        for place in password.indices where isReached[place] {
            if !Self.isLetter(password[place]) {
                isReached[place + 1] = true
                if hasWord[place] { hasWord[place + 1] = true }
            }
            for word in words where Self.stands(word, in: password[place...]) {
                isReached[place + word.count] = true
                hasWord[place + word.count] = true
            }
        }
        return hasWord[password.count]
    }

    /// Whether a text begins with a word, of which one letter at least is itself: "155" is a number, and not "is" written with digits.
    private static func stands(_ word: [Unicode.Scalar], in text: ArraySlice<Unicode.Scalar>) -> Bool {
        guard text.count >= word.count else { return false }
        let pairs = zip(text, word)
        return pairs.allSatisfy(looksLike) && pairs.contains { $0 == $1 }
    }

    private static func looksLike(_ given: Unicode.Scalar, _ letter: Unicode.Scalar) -> Bool {
        if given == letter { return true }
        return switch given {
        case "0": letter == "o"
        case "1", "!", "|": letter == "i" || letter == "l"
        case "3": letter == "e"
        case "4", "@": letter == "a"
        case "5", "$": letter == "s"
        case "7": letter == "t"
        default: false
        }
    }

    /// "2025-2026-2027".
    private static func areYears(_ password: [Unicode.Scalar]) -> Bool {
        let digits = password.filter { isDigit($0) }
        guard digits.count % 4 == 0, !digits.isEmpty, !password.contains(where: { isLetter($0) }) else { return false }
        return stride(from: 0, to: digits.count, by: 4).allSatisfy { start in
            let century = String(String.UnicodeScalarView(digits[start..<(start + 2)]))
            return century == "19" || century == "20"
        }
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isAlphabetic }
    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.numericType != nil }

    private static let common: [[Unicode.Scalar]] =
        """
        datashield data shield \
        spring summer autumn fall winter frühling fruehling sommer herbst \
        january february march april may june july august september october november december \
        januar februar märz maerz mai juni juli oktober dezember \
        monday tuesday wednesday thursday friday saturday sunday \
        password passwort kennwort passwd pass welcome willkommen hello hallo admin administrator root user login signin account \
        secret geheim letmein changeme change qwerty qwertz asdf default test demo temp start initial first security secure company firma \
        my mein the new neu our unser and und is ist me abc xyz iloveyou
        """.split(separator: " ").map { Array($0.unicodeScalars) }
}
