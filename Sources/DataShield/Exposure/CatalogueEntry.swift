import Foundation

/// What a source's catalogue says of a breach.
package struct CatalogueEntry: Sendable, Hashable, Codable {
    /// The stable name: the identity.
    package var name: String
    /// The name for people; empty when the source has none.
    package var title: String
    package var domain: String?
    package var breachDate: Date?
    package var addedAt: Date?
    /// As the source wrote it, often HTML: ``PlainText/of(html:)`` before it is shown.
    package var description: String?
    /// Terms of the one vocabulary.
    package var dataTypes: [String]
    package var pwnCount: Int?
    package var isVerified: Bool
    package var isFabricated: Bool
    package var isSensitive: Bool
    package var isRetired: Bool
    package var isSpamList: Bool
    package var isMalware: Bool
    package var isStealerLog: Bool
    package var logoPath: String?

    package init(
        name: String, title: String = "", domain: String? = nil, breachDate: Date? = nil, addedAt: Date? = nil, description: String? = nil,
        dataTypes: [String] = [], pwnCount: Int? = nil, isVerified: Bool = false, isFabricated: Bool = false, isSensitive: Bool = false,
        isRetired: Bool = false, isSpamList: Bool = false, isMalware: Bool = false, isStealerLog: Bool = false, logoPath: String? = nil
    ) {
        self.name = name
        self.title = title
        self.domain = domain
        self.breachDate = breachDate
        self.addedAt = addedAt
        self.description = description
        self.dataTypes = dataTypes
        self.pwnCount = pwnCount
        self.isVerified = isVerified
        self.isFabricated = isFabricated
        self.isSensitive = isSensitive
        self.isRetired = isRetired
        self.isSpamList = isSpamList
        self.isMalware = isMalware
        self.isStealerLog = isStealerLog
        self.logoPath = logoPath
    }

    /// Whether being in it is worth an alert: not when the data are made up, or no more than a list of addresses to send spam to.
    package var raisesAlert: Bool { !isFabricated && !isSpamList }
}
