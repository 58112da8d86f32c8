import Foundation

extension DirectoryFailure {
    /// A page that the directory itself led to is refused: its links and tokens end some time after they were given.
    static let lostPage = DirectoryFailure.incomplete("The directory no longer knows the page that it led to: everything has to be listed again.")
}

/// Links to further pages, which a directory gives: they are followed as they are, but only to where the directory is, because they are
/// asked with its token.
struct PageTrail: Sendable {
    let origin: URL
    private var seen: Set<String> = []

    init(origin: URL) { self.origin = origin }

    /// Takes a link up.
    /// - Throws: ``DirectoryFailure/malformed(_:)`` when it leads elsewhere, ``DirectoryFailure/incomplete(_:)`` when it leads in a circle.
    mutating func follow(_ link: String, from page: URL) throws(DirectoryFailure) -> URL {
        guard let url = URL(string: link, relativeTo: page)?.absoluteURL, Self.isSame(url, origin) else {
            throw .malformed("the link to the next page leads to another server")
        }
        guard seen.insert(link).inserted else { throw .incomplete("The directory's pages lead in a circle.") }
        return url
    }

    /// The same, where there may be no further page.
    mutating func follow(_ link: String?, from page: URL) throws(DirectoryFailure) -> URL? {
        guard let link else { return nil }
        let next: URL = try follow(link, from: page)
        return next
    }

    /// Whether two addresses have scheme, host and port in common.
    static func isSame(_ one: URL, _ other: URL) -> Bool {
        guard let scheme = one.scheme?.lowercased(), let host = one.host?.lowercased(), !host.isEmpty, one.user == nil, one.password == nil else {
            return false
        }
        return scheme == other.scheme?.lowercased() && host == other.host?.lowercased() && port(one) == port(other)
    }

    private static func port(_ url: URL) -> Int { url.port ?? (url.scheme?.lowercased() == "http" ? 80 : 443) }
}
