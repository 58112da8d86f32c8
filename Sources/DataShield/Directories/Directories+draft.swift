import Foundation

/// What was typed into the form of a directory, kept in the page between test and saving: sealed, so that no secret is in the page, good
/// for an hour, and only for who typed it.
extension Directories {
    private static let draftLifetime: TimeInterval = 3600

    private struct Draft: Codable {
        var type: DirectoryType
        var values: [String: String]
        var expiresAt: Date
    }

    /// Seals the secrets of what was typed.
    /// - Returns: nil when there are none.
    func draft(
        _ input: [String: String], of kind: DirectoryKind, for subject: Subject
    ) throws -> String? {
        let secretFields = Set(kind.fields.filter(\.isSecret).map(\.name))
        let values = input.filter { secretFields.contains($0.key) && !$0.value.isEmpty }
        if values.isEmpty { return nil }
        let draft = Draft(type: kind.type, values: values, expiresAt: now().addingTimeInterval(Self.draftLifetime))
        let sealed = try secrets.seal(String(decoding: try JSONEncoder().encode(draft), as: UTF8.self), at: Self.draftPlace(subject))
        return Data(sealed).base64EncodedString()
    }

    /// What was typed, with the secrets that were typed before.
    /// - Parameter draft: as ``draft(_:of:for:)`` made it. One that does not open, is too old, or is another person's is as if it
    ///   were not there: the field is then asked for again.
    func completed(
        _ input: [String: String], of kind: DirectoryKind, draft: String?, for subject: Subject
    ) throws -> [String: String] {
        guard let draft, let sealed = Data(base64Encoded: draft),
            let text = try? secrets.openText(Array(sealed), at: Self.draftPlace(subject)),  // try?: as said
            let former = try? JSONDecoder().decode(Draft.self, from: Data(text.utf8)),  // try?: as said
            former.type == kind.type, former.expiresAt > now()
        else { return input }
        return input.merging(former.values) { typed, kept in typed.isEmpty ? kept : typed }
    }

    private static func draftPlace(_ subject: Subject) -> SecretBox.Location {
        SecretBox.Location(company: subject.company, table: "directory_drafts", column: "values", row: subject.user?.rawValue ?? "program")
    }
}
