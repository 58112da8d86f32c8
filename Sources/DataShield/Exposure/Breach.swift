import Foundation
import Postgres

/// A breach: of the catalogue, which is everybody's and holds what services publish, or a company's own. It says what was breached, never
/// who is in it.
package struct Breach: Sendable, Hashable, RowDecodable {
    package var id: BreachID
    /// Whether no catalogue has it, and only the company's own sources name it.
    package var isOwn: Bool
    package var name: String
    package var title: String
    package var source: BreachSource
    package var domain: String?
    /// nil: date unknown.
    package var breachDate: Date?
    /// When the source's catalogue took it in.
    package var addedAt: Date?
    /// As the source wrote it: markup of a stranger. Shown as ``plainDescription``.
    package var description: String?
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
    package var createdAt: Date
    package var updatedAt: Date

    /// The name for people.
    package var displayName: String { title.isEmpty ? name : title }

    /// The description without markup.
    package var plainDescription: String? { description.map { PlainText.of(html: $0) } }

    static let columns: SQL = """
        b.id, b.company_id IS NOT NULL, b.name, b.title, b.source, b.domain, b.breach_date, b.added_at, b.description, \
        b.data_types, b.pwn_count, b.is_verified, b.is_fabricated, b.is_sensitive, b.is_retired, b.is_spam_list, b.is_malware, \
        b.is_stealer_log, b.logo_path, b.created_at, b.updated_at
        """

    package init(from row: inout Row) throws {
        id = try row.next()
        isOwn = try row.next()
        name = try row.next()
        title = try row.next()
        source = try row.next()
        domain = try row.next()
        breachDate = try row.next()
        addedAt = try row.next()
        description = try row.next()
        dataTypes = try row.next()
        pwnCount = try row.next()
        isVerified = try row.next()
        isFabricated = try row.next()
        isSensitive = try row.next()
        isRetired = try row.next()
        isSpamList = try row.next()
        isMalware = try row.next()
        isStealerLog = try row.next()
        logoPath = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
    }

    /// What the catalogue entry of a source would look like that says all this.
    package var entry: CatalogueEntry {
        CatalogueEntry(
            name: name, title: title, domain: domain, breachDate: breachDate, addedAt: addedAt, description: description, dataTypes: dataTypes,
            pwnCount: pwnCount, isVerified: isVerified, isFabricated: isFabricated, isSensitive: isSensitive, isRetired: isRetired,
            isSpamList: isSpamList, isMalware: isMalware, isStealerLog: isStealerLog, logoPath: logoPath)
    }
}
