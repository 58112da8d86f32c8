import Foundation

/// A staff list that somebody sent, with what it would do: shown before anything is written.
package struct StaffPreview: Sendable, Hashable {
    package typealias ID = Identifier<StaffPreview>

    /// How long it is kept, and the rows that did not go in with it.
    package static let life: TimeInterval = 3_600
    /// How many bytes a list has at most that is shown before it is written: it lies in the database meanwhile.
    package static let limit = 64 << 20

    package var id: ID
    /// How the list is called where it comes from.
    package var fileName: String
    /// What would be done; once it is written, what was done.
    package var report: ImportReport
    package var writtenAt: Date?
    package var createdAt: Date

    package var endsAt: Date { createdAt.addingTimeInterval(Self.life) }

    /// What of it is sealed.
    struct Content: Codable, Sendable {
        var fileName: String
        var report: ImportReport
    }
}
