import Foundation

/// A person as a directory lists them. What it does not say is nil, and never blanks what we know.
package struct DirectoryPerson: Sendable, Hashable {
    /// The directory's own id, which stays when address or name change.
    package var externalId: String
    /// As the directory writes it; nil or unusable: the person is skipped with that reason.
    package var email: String?
    /// Where the directory has several addresses of equal standing, all of them, ``email`` among them: whichever of them is the person's
    /// already stays so. Empty where ``email`` alone is the first of their addresses.
    package var equals: [String] = []
    /// What else reaches the person or is signed in with: aliases, former addresses. It is watched as well. nil: the directory does not
    /// say, and what is known stays.
    package var addresses: [String]?
    /// Those of ``addresses`` that reach the same mailbox as ``email``: who stands on the staff list under one of them, and is nobody's account
    /// there, is this person.
    package var mailbox: [String] = []
    /// What is signed in with, where that may be an address. It is watched as one of ``addresses``, also where the service itself made it up
    /// (`…onmicrosoft.com`): people type it at other sites.
    package var signInNames: [String] = []
    package var firstName: String?
    package var lastName: String?
    package var department: String?
    package var title: String?
    /// False for who is disabled, suspended or gone: a leaver.
    package var isActive: Bool
    /// nil: the directory does not say.
    package var mfaEnabled: Bool?
    /// When the password was changed last, where the directory says so.
    package var passwordChangedAt: Date?
    /// Sessions begun before this time are no longer good, where the directory says so.
    package var sessionsValidFrom: Date?
    /// What of them could not be read, and is not known therefore.
    package var odd: [OddField] = []

    package init(
        externalId: String, email: String?, firstName: String? = nil, lastName: String? = nil, department: String? = nil, title: String? = nil,
        isActive: Bool = true, mfaEnabled: Bool? = nil, passwordChangedAt: Date? = nil, sessionsValidFrom: Date? = nil, equals: [String] = [],
        addresses: [String]? = nil, mailbox: [String] = [], signInNames: [String] = [], odd: [OddField] = []
    ) {
        self.externalId = externalId
        self.email = email
        self.equals = equals
        self.addresses = addresses
        self.mailbox = mailbox
        self.signInNames = signInNames
        self.odd = odd
        self.firstName = firstName
        self.lastName = lastName
        self.department = department
        self.title = title
        self.isActive = isActive
        self.mfaEnabled = mfaEnabled
        self.passwordChangedAt = passwordChangedAt
        self.sessionsValidFrom = sessionsValidFrom
    }
}

/// A part of a listing. It may be empty and still have a successor.
package struct DirectoryPage: Sendable, Hashable {
    package var people: [DirectoryPerson]
    /// Ids of people that the directory says are gone, or no longer employees; only in listings of changes.
    package var removed: [String] = []
    /// Rows that could not be taken. Nobody is gone who may be one of them.
    package var unreadable: [UnreadableRow] = []
}

/// What is to be listed.
package enum DirectoryListing: Sendable, Hashable {
    /// Everybody. Who is not in it is gone.
    case everybody
    /// What has changed since a listing that ended with this state.
    case changes(since: DirectoryState)
}

/// Where a later listing of changes goes on: a delta link, a watermark. Stored sealed, because a link can carry a token.
package struct DirectoryState: Sendable, Hashable, Codable {
    /// Names are the connector's own.
    package var values: [String: String]

    package init(_ values: [String: String]) { self.values = values }
}

/// How a listing ended.
package struct DirectoryListingEnd: Sendable, Hashable {
    /// nil: this directory cannot list changes.
    package var state: DirectoryState?
    /// What could not be read although the people could, for example MFA for want of a permission: plain words, shown to administrators.
    package var warnings: [String] = []
}

/// What trying a connection showed.
package struct DirectoryTrial: Sendable, Hashable {
    /// How many people the directory has; nil where only a full listing would tell.
    package var userCount: Int?
    /// The first of them, at most ten.
    package var sample: [DirectoryPerson] = []
    package var warnings: [String] = []
}

extension DirectoryTrial {
    /// What of the first people could not be read.
    static func warnings(ofUnreadable rows: [UnreadableRow]) -> [String] {
        guard let first = rows.first else { return [] }
        return ["\(rows.count) of the first people cannot be read, such as \(first.name): \(first.reason)."]
    }
}

/// What a directory knows of one account at this moment. What it does not give is nil.
package struct AccountFacts: Sendable, Hashable {
    /// Whether it can be signed in to.
    package var isActive: Bool?
    package var mfaEnabled: Bool?
    package var passwordChangedAt: Date?
    package var sessionsValidFrom: Date?
}
