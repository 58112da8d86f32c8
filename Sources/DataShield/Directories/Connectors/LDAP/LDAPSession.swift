import LDAP
import Scalars

/// A connection that is bound, and what kind of server it leads to.
struct LDAPSession: Sendable {
    let connector: LDAPConnector
    /// Which of the hosts was reached.
    let host: String
    let connection: LDAPConnection
    let root: LDAPRoot
    let people: LDAPPeople
    /// What is to be said of the way here.
    let warnings: [String]

    init(connector: LDAPConnector, host: String, connection: LDAPConnection, root: LDAPRoot, warnings: [String] = []) {
        self.connector = connector
        self.host = host
        self.connection = connection
        self.root = root
        self.warnings = warnings
        people = LDAPPeople(
            isActiveDirectory: root.isActiveDirectory, identifier: LDAPIdentifier(of: root), map: connector.map, now: connector.access.now())
    }

    var words: LDAPWords { LDAPWords(host: host) }

    /// Active Directory gives 1000 at most by its standard policy, and says nothing when it gives fewer.
    var pageSize: Int { root.isActiveDirectory ? 500 : 1000 }

    /// A search for people.
    /// - Parameters:
    ///   - base: below which entry.
    ///   - filters: what else holds for them.
    func search(_ base: String, filters: [LDAPFilter], pageSize: Int) -> LDAPSearch {
        LDAPSearch(
            base: base, filter: .all([connector.filter] + people.filters + filters), attributes: people.attributes,
            pageSize: pageSize, isPagingRequired: root.hasPages, limit: Self.peopleAtMost)
    }

    /// Puts what goes wrong below a base into words that name it, where there are several.
    func explained<R: Sendable>(_ base: String, _ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let failure as LDAPFailure where connector.bases.count > 1 {
            guard case .misconfigured(field: "baseDN", let why) = words.ofSearch(failure, root) else { throw failure }
            throw DirectoryFailure.misconfigured(field: "baseDN", "\(PlainText.oneLine(String(base.beginning(200)))): \(why)")
        }
    }

    /// A server that lists without end is none that people are in.
    private static let peopleAtMost = 2_000_000
}
