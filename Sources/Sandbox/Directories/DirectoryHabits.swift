/// In what ways the stand-ins of directories are awkward.
package struct DirectoryHabits: Codable, Sendable, Equatable {
    /// At most so many people to a page.
    package var pageSize: Int?
    /// Entra refuses to give more than so many to a page, as it did for a while in 2023.
    package var largestPage: Int?
    /// Whether the tenant has the licence that Entra's report on MFA needs.
    package var hasPremium = true
    /// Each page begins with the last person of the page before.
    package var repeatsPeople = false
    /// After each page comes an empty one that has a successor.
    package var hasEmptyPages = false
    /// Where links to further pages lead, in the place of the sandbox: `http://127.0.0.1:9000`.
    package var linkOrigin: String?
    /// Okta writes all links into one header, rather than each into its own.
    package var joinsLinks = false
    /// How many calls of each kind Okta takes in a minute.
    package var oktaCallsPerMinute = 10_000
    /// The login of whoever made the API token of Okta, which is `me` to it; nil: the token is nobody's.
    package var oktaTokenOwner: String?
    /// Entra tells of a change what has changed, and no more.
    package var isDeltaPartial = false
    /// How Entra says that a delta link is no longer good.
    package var deltaExpiry = DeltaExpiry.gone

    package enum DeltaExpiry: String, Codable, Sendable, CaseIterable {
        case gone
        case syncStateNotFound
        case resyncRequired
        case badRequest
    }

    package init() {}

    /// A page out of a list.
    struct Cut: Sendable {
        var range: Range<Int>
        /// What the next page is asked for with.
        var next: String?
    }

    /// - Returns: nil when there is no such page.
    func cut(_ count: Int, at token: String?, size: Int) -> Cut? {
        let token = token ?? "0"
        let isEmpty = token.hasPrefix("e")
        guard let offset = Int(isEmpty ? token.dropFirst() : token[...]), (0...max(count, 0)).contains(offset) else { return nil }
        if isEmpty { return Cut(range: offset..<offset, next: "\(offset)") }
        let end = min(offset + min(size, pageSize ?? size), count)
        let start = repeatsPeople && offset > 0 ? offset - 1 : offset
        return Cut(range: start..<end, next: end < count ? (hasEmptyPages ? "e\(end)" : "\(end)") : nil)
    }
}
