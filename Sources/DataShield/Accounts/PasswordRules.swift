import Foundation
import Scalars

/// What a password has to be: long enough to be worth hashing, short enough for bcrypt to see all of it, and not what everybody tries
/// first.
package struct PasswordRules: Sendable {
    package static let lengths = 12...72

    private let common: Set<String>

    /// - Parameter common: passwords that are refused, in lower case.
    package init(common: Set<String>) { self.common = common }

    /// The rules with the bundled list.
    package static func bundled() throws -> PasswordRules {
        guard let url = Bundle.module.url(forResource: "common-passwords", withExtension: "txt", subdirectory: "Data") else {
            throw SettingsError(name: "The list of common passwords", problem: "is not where it belongs; install the program again.")
        }
        let text = try String(contentsOf: url, encoding: .utf8)
        return PasswordRules(common: Set(text.split(whereSeparator: \.isNewline).map { $0.lowercased() }))
    }

    /// How many passwords the list has.
    var commonCount: Int { common.count }

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
        let plain = Self.plain(lower)
        if common.contains(lower) || Self.isPattern(lower) { return "is among the most common passwords." }
        let local = email.parts(between: "@").first.map { String($0) } ?? email
        for own in [email, local] + company where !own.isEmpty && Self.isBuilt(plain, of: Self.plain(own.lowercased())) {
            return "must not be the e-mail address or the company's name."
        }
        return nil
    }

    /// - Throws: ``InvalidInput`` for the field.
    package func check(_ password: String, email: String, company: [String], field: String = "password") throws {
        if let problem = problem(with: password, email: email, company: company) { throw InvalidInput(field, problem) }
    }

    private static func plain(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.properties.isAlphabetic || $0.properties.numericType != nil }))
    }

    /// Whether a password is a name, or a name with a few digits behind it ("acmeexample2026").
    private static func isBuilt(_ password: String, of name: String) -> Bool {
        guard !name.isEmpty, password.hasPrefix(name) else { return false }
        return password.dropFirst(name.count).allSatisfy(\.isNumber)
    }

    /// One short piece again and again ("aaaaaaaaaaaa", "abcabcabcabc"), or a run of the keyboard or the alphabet.
    static func isPattern(_ password: String) -> Bool {
        let characters = Array(password)
        for size in 1...4 where characters.count >= size * 3 {
            if characters.indices.allSatisfy({ characters[$0] == characters[$0 % size] }) { return true }
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
