import Foundation
import Synchronization

@testable import DataShield

/// A directory that lists what a test says, for the rules of syncing. The real ones are tried by their own suites.
final class ListedDirectory: DirectoryConnector {
    static let kind = DirectoryKind(type: .ldap, about: "", fields: [], steps: [])

    struct Content: Sendable {
        var pages: [DirectoryPage] = []
        var changes: [DirectoryPage] = []
        /// Thrown in place of the page with this number.
        var failure: (page: Int, error: DirectoryFailure)?
        var hasExpired = false
        var warnings: [String] = []
    }

    let content: Mutex<Content>
    /// Called before each page.
    let onPage: @Sendable (Int) async throws -> Void
    let listings = Mutex<[DirectoryListing]>([])

    init(_ people: [DirectoryPerson] = [], onPage: @escaping @Sendable (Int) async throws -> Void = { _ in }) {
        content = Mutex(Content(pages: [DirectoryPage(people: people)]))
        self.onPage = onPage
    }

    init(_ configuration: DirectoryConfiguration, _ access: DirectoryAccess) throws {
        content = Mutex(Content())
        onPage = { _ in }
    }

    func set(_ people: [DirectoryPerson]) { content.withLock { $0.pages = [DirectoryPage(people: people)] } }

    func test() async throws -> DirectoryTrial { DirectoryTrial(userCount: content.withLock { $0.pages.reduce(0) { $0 + $1.people.count } }) }

    func list(_ listing: DirectoryListing, deliver: @Sendable (DirectoryPage) async throws -> Void) async throws -> DirectoryListingEnd {
        listings.withLock { $0.append(listing) }
        let content = content.withLock { $0 }
        var pages = content.pages
        if case .changes = listing {
            if content.hasExpired { throw DirectoryFailure.stateExpired }
            pages = content.changes
        }
        for (number, page) in pages.enumerated() {
            try await onPage(number)
            if let failure = content.failure, failure.page == number { throw failure.error }
            try await deliver(page)
        }
        return DirectoryListingEnd(state: DirectoryState(["link": "next"]), warnings: content.warnings)
    }

    func facts(of externalId: String) async throws -> AccountFacts { AccountFacts() }

    func perform(_ action: RemediationType, on externalId: String, isWeakResetWanted: Bool) async throws -> String {
        throw DirectoryFailure.unsupported("A list does nothing.")
    }
}

extension DirectoryPerson {
    /// A person of a test: `person(1)` has the id `1` and the address `p1@listed.example`.
    static func person(
        _ number: Int, email: String? = nil, department: String? = nil, title: String? = nil, isActive: Bool = true, mfa: Bool? = nil
    ) -> DirectoryPerson {
        DirectoryPerson(
            externalId: "\(number)", email: email ?? "p\(number)@listed.example", firstName: "First\(number)", lastName: "Last\(number)",
            department: department, title: title, isActive: isActive, mfaEnabled: mfa)
    }
}
