import Scalars

/// What Entra makes of the names of somebody whose account it has deleted: it frees the user name by writing the id of the account before it,
/// without its hyphens (`0d3c1a52…0f7e11fay@acme.example`), and pushes that together with `active: false`. Where the user name was no address,
/// the id alone is left.
///
/// It is never the address of a person: whoever leaves keeps the one that they had, so that they are known when they come back.
enum SCIMTombstone {
    private static let idLength = 32

    /// The name before the account was deleted; nil for one that has no such mark.
    static func original(_ text: String) -> String? {
        guard isID(text.unicodeScalars.prefix(idLength)) else { return nil }
        let rest = String(String.UnicodeScalarView(text.unicodeScalars.dropFirst(idLength)))
        // An address whose local part is an id and nothing else is one that somebody may have.
        guard rest.firstPlace(of: "@") != nil, !rest.begins(with: "@") else { return nil }
        return rest
    }

    /// Whether the local part of an address is the id of an account and nothing else, with its hyphens or without.
    static func isOpaque(_ address: EmailAddress) -> Bool {
        let parts = address.local.parts(between: "-", keepsEmpty: true)
        let lengths = parts.map(\.unicodeScalars.count)
        return (lengths == [idLength] || lengths == [8, 4, 4, 4, 12]) && isID(parts.flatMap { Array($0.unicodeScalars) })
    }

    private static func isID(_ scalars: some Collection<Unicode.Scalar>) -> Bool {
        scalars.count == idLength
            && scalars.allSatisfy { ("0"..."9").contains($0) || ("a"..."f").contains($0) || ("A"..."F").contains($0) }
    }
}
