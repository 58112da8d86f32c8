import LeakFiles
import Scalars

/// How a login from a leak is shown: enough for its owner to recognise it.
enum LoginText {
    /// - Parameters:
    ///   - login: as the leak has it.
    ///   - address: the person's own, which is shown whole: it is on the staff list anyway.
    /// - Returns: `a***@example.net` for another address, `a***` for a name; without control characters, at most 100 characters.
    static func redacted(_ login: String, of address: String) -> String {
        let login = PlainText.oneLine(login)
        if AddressSpelling.canonical(login) == AddressSpelling.canonical(address) { return address }
        guard let first = login.unicodeScalars.first else { return "" }
        guard let at = login.lastPlace(of: "@"), at != login.startIndex, let domain = domain(login[login.place(behind: at)...]) else {
            return "\(first)***"
        }
        return "\(first)***@\(domain)"
    }

    /// What stands behind the `@`, if it is the domain of an address. In a leak passwords stand where logins belong (`P@ssw0rd1`), so that
    /// only what ends as domains do is taken for one.
    private static func domain(_ text: Substring) -> String? {
        // try?: why it is none does not matter.
        guard text.utf8.count <= 90, let name = try? DomainName(String(text)), let last = name.text.parts(between: ".").last else { return nil }
        let isCountry = last.utf8.count == 2 && last.utf8.allSatisfy { (97...122).contains($0) }
        return isCountry || last.begins(with: "xn--") || endings.contains(String(last)) ? name.text : nil
    }

    /// Of the endings that are no country's those that addresses mostly have, and those that companies have within (RFC 2606, RFC 6762).
    private static let endings: Set = Set(
        """
        com net org info biz name pro edu gov mil int mobi app dev cloud online site shop store tech xyz club email live agency group company \
        digital media solutions systems services consulting software global world berlin hamburg koeln cologne bayern ruhr saarland wien tirol \
        swiss zuerich london paris africa asia cat eus gal bzh arpa museum coop aero jobs travel tel post bank insurance law legal health care \
        example test invalid local localhost lan corp internal intranet home
        """.words.map { String($0) })
}
