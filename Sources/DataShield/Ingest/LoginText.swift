/// How a login from a leak is shown: enough for its owner to recognise it.
enum LoginText {
    /// - Parameters:
    ///   - login: as the leak has it.
    ///   - address: the person's own, which is shown whole: it is on the staff list anyway.
    /// - Returns: `a***@example.net` for another address, `a***` for a name; without control characters, at most 100 characters.
    static func redacted(_ login: String, of address: String) -> String {
        let login = PlainText.oneLine(login)
        if login.lowercased() == address.lowercased() { return address }
        guard let first = login.first else { return "" }
        guard let at = login.lastIndex(of: "@"), at != login.startIndex else { return "\(first)***" }
        return "\(first)***\(login[at...].prefix(90))"
    }
}
