import Foundation
import HTTPTypes

/// Microsoft Entra ID through Microsoft Graph v1.0, as an application with a client secret.
///
/// A full pass takes a delta link that begins now, then lists all users in pages of 999, so that what changes meanwhile is in the next
/// listing of changes (Graph, "Use delta query to track changes"). Whether people have a second factor is in a report of its own.
package struct EntraConnector: DirectoryConnector {
    package static let kind = DirectoryKind(
        type: .entra, about: "Reads people from Microsoft Graph with an app registration of yours; MFA state needs Entra ID P1 or P2.",
        fields: [
            .init(
                "tenantId", "Tenant ID", hint: "Entra admin centre → Overview: the tenant ID, or one of the tenant's verified domains.",
                problem: DirectoryFieldRules.guidOrDomain),
            .init(
                "clientId", "Application (client) ID", hint: "Entra admin centre → App registrations → your app → Overview.",
                problem: DirectoryFieldRules.guid),
            .init(
                "clientSecret", "Client secret",
                hint: "App registrations → your app → Certificates & secrets: the secret's value, not its ID.", isSecret: true,
                problem: { text in
                    DirectoryFieldRules.isGUID(text)
                        ? "looks like the secret's ID: its value is needed, which is shown once when the secret is made."
                        : DirectoryFieldRules.secret(8...512, "a client secret")(text)
                }),
            .init(
                "cloud", "Cloud", hint: "Where the tenant is: nearly all are in the global cloud.", isOptional: true,
                isDestination: true,
                choices: EntraCloud.allCases.map(\.rawValue), standard: EntraCloud.global.rawValue),
            .init(
                "includeGuests", "Guests are employees", hint: "yes takes guest accounts for employees; they are left out otherwise.",
                isOptional: true,
                choices: ["no", "yes"], standard: "no"),
            OtherMail.field("alternate addresses (otherMails)"),
        ],
        steps: [
            "In the Entra admin centre, open App registrations and register an application, single tenant, without a redirect URI.",
            "Under API permissions, add the Microsoft Graph application permissions User.Read.All and, for MFA, AuditLog.Read.All.",
            "For Revoke sessions, add the application permission User.RevokeSessions.All.",
            "For Force password reset, add the application permission User-PasswordProfile.ReadWrite.All and assign the application the "
                + "role User Administrator (for people who hold admin roles: Privileged Authentication Administrator).",
            "Grant admin consent for the tenant.",
            "Under Certificates & secrets, make a client secret and copy its value.",
        ], actions: [.revokeSessions, .forcePasswordReset], hasWeakReset: true)

    private let graph: EntraGraph
    private let includesGuests: Bool
    private let watchesOtherMail: Bool
    private let now: Now

    package init(_ configuration: DirectoryConfiguration, _ access: DirectoryAccess) throws {
        graph = try EntraGraph(configuration, access)
        includesGuests = configuration["includeGuests"] == "yes"
        watchesOtherMail = OtherMail.isWatched(configuration)
        now = access.now
    }

    // MARK: Trying

    package func test() async throws -> DirectoryTrial { try await explained { try await trial() } }

    private func trial() async throws -> DirectoryTrial {
        var query = "$select=\(EntraUser.fields)&$top=10&$count=true"
        if !includesGuests { query += "&$filter=\(PercentEncoding.of("userType ne 'Guest'"))" }
        let page = try await graph.users(graph.url("/v1.0/users?\(query)"), headers: EntraGraph.eventual)
        let report = try await registrationPage(graph.url(EntraGraph.reportPath))
        let people = self.page(page.items, report.states, after: 0)
        return DirectoryTrial(
            userCount: page.count, sample: people.people,
            warnings: (report.warning.map { [$0] } ?? []) + DirectoryTrial.warnings(ofUnreadable: people.unreadable))
    }

    // MARK: Listing

    package func list(
        _ listing: DirectoryListing, deliver: @Sendable (DirectoryPage) async throws -> Void
    ) async throws -> DirectoryListingEnd {
        try await explained {
            switch listing {
            case .everybody: try await listEverybody(deliver)
            case .changes(let state): try await listChanges(since: state, deliver)
            }
        }
    }

    /// Puts into words what Graph refused and nothing here had an answer to.
    private func explained<T>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let refusal as EntraGraph.Refusal {
            throw EntraGraph.failure(refusal)
        }
    }

    private func listEverybody(_ deliver: @Sendable (DirectoryPage) async throws -> Void) async throws -> DirectoryListingEnd {
        // Before the listing: what changes while it runs comes again with the next one.
        let state = try await presentState()
        let (registered, warning) = try await registrations()
        var listed = 0
        var size = 999
        var isFirst = true
        var next: URL? = try graph.url("/v1.0/users?$select=\(EntraUser.fields)&$top=\(size)")
        var trail = PageTrail(origin: graph.origin)
        while let url = next {
            let page: EntraPage<EntraUser>
            do {
                page = try await graph.users(url)
            } catch EntraGraph.Refusal.badRequest where isFirst && size > 100 {
                // At times the service refuses more than about a hundred to a page.
                size = 100
                next = try graph.url("/v1.0/users?$select=\(EntraUser.fields)&$top=\(size)")
                continue
            } catch EntraGraph.Refusal.badRequest where !isFirst {
                throw DirectoryFailure.lostPage
            }
            isFirst = false
            try await deliver(self.page(page.items, registered, after: listed))
            listed += page.items.count
            next = try trail.follow(page.nextLink, from: url)
        }
        return DirectoryListingEnd(state: state, warnings: warning.map { [$0] } ?? [])
    }

    /// A page of people: those who are employees, and the rows that cannot be read.
    private func page(_ users: [EntraUser], _ registered: [String: Bool], after place: Int) -> DirectoryPage {
        var page = DirectoryPage(people: [])
        for (index, user) in users.enumerated() where user.isEmployee(includesGuests) {
            do throws(OddRow) {
                let mfaEnabled = user.id.flatMap { registered[$0] }
                page.people.append(try user.person(mfaEnabled: mfaEnabled, watchesOtherMail: watchesOtherMail))
            } catch {
                page.unreadable.append(user.unreadable(error, place: place + index))
            }
        }
        return page
    }

    /// A link to what changes from now on; nil where the service gives none: then each listing is of everybody.
    private func presentState() async throws -> DirectoryState? {
        for fields in [EntraUser.fields, EntraUser.plainFields] {
            do {
                let page = try await graph.users(graph.url("/v1.0/users/delta?$deltatoken=latest&$select=\(fields)"))
                return page.deltaLink.map { DirectoryState(["deltaLink": $0]) }
            } catch EntraGraph.Refusal.badRequest {
                // Not every property can be followed everywhere: once more with the plain ones.
                continue
            } catch EntraGraph.Refusal.gone {
                continue
            }
        }
        return nil
    }

    private func listChanges(
        since state: DirectoryState, _ deliver: @Sendable (DirectoryPage) async throws -> Void
    ) async throws -> DirectoryListingEnd {
        guard let link = state.values["deltaLink"], let begin = URL(string: link), PageTrail.isSame(begin, graph.origin) else {
            throw DirectoryFailure.stateExpired
        }
        var trail = PageTrail(origin: graph.origin)
        var url = begin
        while true {
            let page: EntraPage<EntraUser>
            do {
                page = try await graph.users(url)
            } catch EntraGraph.Refusal.gone {
                throw DirectoryFailure.stateExpired
            } catch EntraGraph.Refusal.badRequest {
                // A link that ended, or is another tenant's.
                throw DirectoryFailure.stateExpired
            }
            var changes: [Change] = []
            for (index, user) in page.items.enumerated() { changes.append(try await change(user, place: index)) }
            try await deliver(Self.page(changes))
            if let link = page.nextLink {
                url = try trail.follow(link, from: url)
            } else {
                guard let end = page.deltaLink else { throw DirectoryFailure.malformed("@odata.deltaLink is missing") }
                return DirectoryListingEnd(state: DirectoryState(["deltaLink": end]))
            }
        }
    }

    enum Change {
        case person(DirectoryPerson)
        case gone(String)
        case unreadable(UnreadableRow)

        /// nil for a row that cannot be told from others.
        var id: String? {
            switch self {
            case .person(let person): person.externalId
            case .gone(let id): id
            case .unreadable(let row): row.externalId
            }
        }
    }

    /// Of changes of one account the last one holds, as they come.
    static func page(_ changes: [Change]) -> DirectoryPage {
        var page = DirectoryPage(people: [])
        var last: [String: Int] = [:]
        for (place, change) in changes.enumerated() {
            if let id = change.id { last[id] = place }
        }
        for (place, change) in changes.enumerated() where change.id.map({ last[$0] == place }) ?? true {
            switch change {
            case .person(let person): page.people.append(person)
            case .gone(let id): page.removed.append(id)
            case .unreadable(let row): page.unreadable.append(row)
            }
        }
        return page
    }

    private func change(_ listed: EntraUser, place: Int) async throws -> Change {
        guard let id = listed.id else { return .unreadable(listed.unreadable(listed.problem ?? OddRow("id is missing"), place: place)) }
        guard !listed.isRemoved else { return .gone(id) }
        // Of a change the service may give the changed properties only: the person is read whole.
        let whole = if listed.isWhole || listed.problem != nil { Optional(listed) } else { try await graph.user(id) }
        guard let user = whole else { return .gone(id) }
        do throws(OddRow) {
            if let problem = user.problem { throw problem }
            // Who has become a guest is no longer an employee.
            guard user.isEmployee(includesGuests) else { return .gone(id) }
            return .person(try user.person(mfaEnabled: nil, watchesOtherMail: watchesOtherMail))
        } catch {
            return .unreadable(user.unreadable(error, place: place))
        }
    }

    // MARK: MFA

    /// Who can sign in with a second factor, by id. People who are not in it are disabled, or new.
    /// - Returns: none, and why, when it may not be read.
    private func registrations() async throws -> (states: [String: Bool], warning: String?) {
        var states: [String: Bool] = [:]
        var unknown = 0
        var next: URL? = try graph.url(EntraGraph.reportPath)
        var trail = PageTrail(origin: graph.origin)
        while let url = next {
            let page = try await registrationPage(url)
            if let warning = page.warning { return ([:], warning) }
            states.merge(page.states) { _, last in last }
            unknown += page.unknown
            next = try trail.follow(page.next, from: url)
        }
        let warning = "MFA of \(Format.count(unknown, "person", "people")) is unknown: Microsoft's report leaves it open whether they are registered."
        return (states, unknown == 0 ? nil : warning)
    }

    private struct RegistrationPage {
        var states: [String: Bool] = [:]
        /// Rows that do not say who it is, or whether they have a second factor.
        var unknown = 0
        var next: String?
        var warning: String?
    }

    private func registrationPage(_ url: URL) async throws -> RegistrationPage {
        let page: EntraPage<EntraRegistration>
        do {
            page = try EntraPage(try await graph.read(url)) { try EntraRegistration(&$0) }
        } catch EntraGraph.Refusal.notPermitted(let code) {
            return RegistrationPage(warning: EntraGraph.mfaWarning(code))
        } catch is EntraGraph.Refusal {
            // Not every cloud has the report.
            return RegistrationPage(warning: "MFA is unknown: Microsoft does not give its report for this tenant.")
        } catch DirectoryFailure.malformed(let what) {
            // People are listed without it.
            return RegistrationPage(warning: "MFA is unknown: Microsoft's report cannot be read: \(what).")
        }
        var answer = RegistrationPage(next: page.nextLink)
        for item in page.items {
            if let id = item.id, let isCapable = item.isCapable { answer.states[id] = isCapable } else { answer.unknown += 1 }
        }
        return answer
    }

    // MARK: One account

    package func facts(of externalId: String) async throws -> AccountFacts { try await explained { try await readFacts(externalId) } }

    private func readFacts(_ externalId: String) async throws -> AccountFacts {
        guard let user = try await graph.user(externalId) else { throw DirectoryFailure.noSuchAccount }
        var facts = AccountFacts(
            isActive: user.isEnabled, passwordChangedAt: user.passwordChangedAt, sessionsValidFrom: user.sessionsValidFrom)
        do {
            let answer = try await graph.read(graph.url("\(EntraGraph.reportPath)/\(PercentEncoding.of(externalId))"))
            facts.mfaEnabled = try answer.pull { try EntraRegistration(&$0) }.isCapable
        } catch is EntraGraph.Refusal {
            // The report leaves out who is disabled, and may not be ours to read: not known.
        } catch DirectoryFailure.malformed {
            // Neither is what cannot be read.
        }
        return facts
    }

    package func account(at address: String) async throws -> DirectoryPerson {
        try await explained {
            guard let user = try await graph.user(address) else { throw DirectoryFailure.noSuchAccount }
            return try OddRow.unlisted { try user.person(mfaEnabled: nil, watchesOtherMail: watchesOtherMail) }
        }
    }

    package func perform(_ action: RemediationType, on externalId: String, isWeakResetWanted: Bool) async throws -> String {
        // A token and the account are read before.
        try await DirectoryClient.$patience.withValue(.beforeChange) {
            try await explained { try await carryOut(action, externalId, isWeakResetWanted) }
        }
    }

    private func carryOut(_ action: RemediationType, _ externalId: String, _ isWeakResetWanted: Bool) async throws -> String {
        guard let user = try await graph.user(externalId) else { throw DirectoryFailure.noSuchAccount }
        guard !user.isGuest else {
            throw DirectoryFailure.refusedAction("This is a guest account: its sign-in belongs to another organisation, where this has to be done.")
        }
        switch action {
        case .revokeSessions:
            try await graph.change(
                DirectoryCall(method: .post, url: graph.userURL(externalId, "/revokeSignInSessions"), timeout: .seconds(30)),
                needing: "the application permission User.RevokeSessions.All, with admin consent")
            return "Sign-in sessions and refresh tokens were revoked. Access tokens that are out already end by themselves, usually within an hour;"
                + " sessions inside applications end by the applications' own rules."
        case .forcePasswordReset:
            let password = isWeakResetWanted ? nil : ThrowawayPassword.make()
            let body = EntraPasswordChange(passwordProfile: .init(forceChangePasswordNextSignIn: true, password: password))
            try await graph.change(
                try .json(.patch, graph.userURL(externalId), body),
                needing: "the application permission User-PasswordProfile.ReadWrite.All and, for the application, the role User Administrator "
                    + "(for people who hold admin roles: Privileged Authentication Administrator)")
            let done =
                isWeakResetWanted
                ? "A change of the password was demanded at the next sign-in; until then the old password still opens the change screen."
                : "The password was replaced by a random one that nobody knows, and a change was demanded at the next sign-in."
            return user.isSynced
                ? "\(done) The account is synced from an on-premises directory: there it holds only with password writeback." : done
        }
    }
}

/// What is sent to change a password.
private struct EntraPasswordChange: Encodable {
    struct Profile: Encodable {
        var forceChangePasswordNextSignIn: Bool
        var password: String?

        enum CodingKeys: String, CodingKey { case forceChangePasswordNextSignIn, password }

        // A null would not be "leave it".
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(forceChangePasswordNextSignIn, forKey: .forceChangePasswordNextSignIn)
            try container.encodeIfPresent(password, forKey: .password)
        }
    }
    var passwordProfile: Profile
}
