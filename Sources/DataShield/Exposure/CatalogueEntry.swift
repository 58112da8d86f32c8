import Foundation

/// What a source's catalogue says of a breach.
package struct CatalogueEntry: Sendable, Hashable, Codable {
    /// The stable name: the identity.
    package var name: String
    /// The name for people; empty when the source has none.
    package var title: String = ""
    package var domain: String?
    package var breachDate: Date?
    package var addedAt: Date?
    /// As the source wrote it, often HTML: ``PlainText/of(html:)`` before it is shown.
    package var description: String?
    /// Terms of the one vocabulary.
    package var dataTypes: [String] = []
    package var pwnCount: Int?
    package var isVerified: Bool = false
    package var isFabricated: Bool = false
    package var isSensitive: Bool = false
    package var isRetired: Bool = false
    package var isSpamList: Bool = false
    package var isMalware: Bool = false
    package var isStealerLog: Bool = false
    package var logoPath: String?

    /// Whether being in it is worth an alert: not when the data are made up, or no more than a list of addresses to send spam to.
    package var raisesAlert: Bool { !isFabricated && !isSpamList }
}
