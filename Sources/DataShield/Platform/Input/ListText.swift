import Foundation
import Scalars

/// The texts that filters of lists have in common.
enum ListText {
    /// What is searched for: nil when there is nothing.
    static func search(_ text: String?) throws -> String? {
        guard let text = text?.unicodeScalars.trimmingSpace(), !text.isEmpty else { return nil }
        guard text.unicodeScalars.count <= 200 else { throw InvalidInput("q", "has at most 200 characters.") }
        return text
    }

    /// A day or moment: nil when there is nothing.
    static func moment(_ text: String, _ field: String) throws -> Date? {
        guard !text.isEmpty else { return nil }
        guard let date = Timestamp.parse(text) else {
            throw InvalidInput(field, "must be a day such as 2026-01-31 or a time such as 2026-01-31T12:00:00.000Z.")
        }
        return date
    }
}
