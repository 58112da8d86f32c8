import Foundation
import HTTPTypes
import JSON
import Scalars

/// Okta through its Core API, with an API token.
package struct OktaConnector: DirectoryConnector {
    package static let kind = DirectoryKind(
        type: .okta, about: "Reads people from Okta with an API token, and their enrolled factors for MFA.",
        fields: [
            .init(
                "domain", "Okta domain", hint: "The host name where your people sign in: acme.okta.com, without https://.",
                isDestination: true,
                problem: { text in
                    if let problem = DirectoryFieldRules.host(text) { return problem }
                    let isConsole = text.lowercased().parts(between: ".").first?.ends(with: "-admin") == true
                    return isConsole ? "is the address of the admin console: give it without -admin, as in acme.okta.com." : nil
                }),
            .init(
                "apiToken", "API token", hint: "Admin console → Security → API → Tokens. It ends after 30 days without use.", isSecret: true,
                problem: DirectoryFieldRules.secret(20...256, "an API token")),
            OtherMail.field("secondary addresses (secondEmail)"),
        ],
        steps: [
            "In the Okta admin console, make a user for DataShield, so that the token is nobody's own.",
            "Give this user an admin role: Read-only Administrator for people and MFA.",
            "For Revoke sessions and Force password reset, give it Help Desk Administrator (Group or Org Administrator, to act on administrators).",
            "Sign in as this user, open Security → API → Tokens, create a token and copy its value.",
            "Where the token is limited to a network zone, DataShield's own address has to be in it.",
        ], actions: [.revokeSessions, .forcePasswordReset], hasWeakReset: true)

    private let api: OktaAPI
    private let watchesOtherMail: Bool
    private let now: Now

    package init(_ configuration: DirectoryConfiguration, _ access: DirectoryAccess) throws {
        api = try OktaAPI(domain: configuration["domain"], token: configuration["apiToken"], access)
        watchesOtherMail = OtherMail.isWatched(configuration)
        now = access.now
    }

    private func page(_ answer: DirectoryAnswer, _ factors: OktaFactors?, after place: Int) async throws -> (people: DirectoryPage, rows: Int) {
        let rows = try answer.json()
        guard let items = rows.items else { throw DirectoryFailure.malformed("the page is \(rows.kind), not a list") }
        var users: [OktaUser] = []
        var page = try DirectoryPage.reading(items, id: "id", names: ["profile.login", "profile.email"], after: place) {
            users.append(try OktaUser($0))
            return nil
        }
        let states = try await factors?.states(of: users) ?? [:]
        page.people = users.map { $0.person(mfaEnabled: states[$0.id], watchesOtherMail: watchesOtherMail) }
        return (page, items.count)
    }

    package func test() async throws -> DirectoryTrial {
        let answer = try await api.read(api.url("/api/v1/users?limit=10&filter=\(OktaUser.everyStatus)"))
        let factors = OktaFactors(api: api)
        let first = try await page(answer, factors, after: 0)
        let isAll = OktaAPI.nextLink(answer) == nil
        return DirectoryTrial(
            userCount: isAll ? first.rows : nil, sample: first.people.people,
            warnings: factors.warnings + DirectoryTrial.warnings(ofUnreadable: first.people.unreadable))
    }

    package func list(
        _ listing: DirectoryListing, deliver: @Sendable (DirectoryPage) async throws -> Void
    ) async throws -> DirectoryListingEnd {
        var watermark = now()
        let filter: String
        // Whether a new factor counts as a change is not documented: MFA is read with everybody.
        let factors: OktaFactors?
        switch listing {
        case .everybody:
            filter = OktaUser.everyStatus
            factors = OktaFactors(api: api)
        case .changes(let state):
            guard let since = state.values["since"].flatMap({ Timestamp.parse($0) }) else { throw DirectoryFailure.stateExpired }
            // Five minutes are read again, for changes that were on their way.
            filter = PercentEncoding.of("lastUpdated ge \"\(Timestamp.text(since - 300))\"")
            factors = nil
        }
        var trail = PageTrail(origin: api.origin)
        var next: URL? = try api.url("/api/v1/users?limit=200&filter=\(filter)")
        var isFirst = true
        var listed = 0
        while let url = next {
            let answer = try await api.read(url, isFurtherPage: !isFirst)
            // By Okta's clock where ours is ahead of it.
            if isFirst, let date = answer.date { watermark = min(watermark, date) }
            isFirst = false
            let page = try await page(answer, factors, after: listed)
            listed += page.rows
            try await deliver(page.people)
            next = try trail.follow(OktaAPI.nextLink(answer), from: url)
        }
        return DirectoryListingEnd(
            state: DirectoryState(["since": Timestamp.text(watermark)]), warnings: factors?.warnings ?? [])
    }

    package func facts(of externalId: String) async throws -> AccountFacts {
        let user = try await api.user(externalId)
        var facts = AccountFacts(isActive: user.isActive, passwordChangedAt: user.passwordVoidSince)
        // When sessions were ended, Okta does not say.
        let factors = OktaFactors(api: api)
        facts.mfaEnabled = try await factors.states(of: [user])[user.id]
        return facts
    }

    package func account(at address: String) async throws -> DirectoryPerson {
        try await api.user(address).person(mfaEnabled: nil, watchesOtherMail: watchesOtherMail)
    }

    package func perform(_ action: RemediationType, on externalId: String, isWeakResetWanted: Bool) async throws -> String {
        switch action {
        case .revokeSessions:
            try await api.change(.delete, api.userURL(externalId, "/sessions?oauthTokens=true&forgetDevices=true"))
            return "Okta sessions were ended and OAuth tokens revoked. Sessions inside applications end by the applications' own rules."
        case .forcePasswordReset where isWeakResetWanted:
            try await refuseOurOwn(externalId)
            try await api.change(.post, api.userURL(externalId, "/lifecycle/expire_password"))
            return "The password was expired: it has to be changed at the next sign-in; until then the old one still opens the change screen."
        case .forcePasswordReset:
            try await refuseOurOwn(externalId)
            // Okta mails the link; with sendEmail=false it would come to us, and it is a secret.
            try await api.change(.post, api.userURL(externalId, "/lifecycle/reset_password?sendEmail=true&revokeSessions=true"))
            return "The password was reset: the old one opens nothing, Okta sessions were ended, and Okta has mailed a link for a new one."
        }
    }
}

extension OktaConnector {
    /// The token works with its owner's account and rights: whoever resets that one locks us out.
    private func refuseOurOwn(_ externalId: String) async throws {
        let own: OktaUser
        do {
            own = try await DirectoryClient.$patience.withValue(.beforeChange) { try await api.user("me") }
        } catch DirectoryFailure.noSuchAccount {
            // A token that is nobody's.
            return
        }
        guard own.id == externalId || own.login.map({ $0.lowercased() == externalId.lowercased() }) == true else { return }
        throw DirectoryFailure.refusedAction(
            "This account is the owner of the API token that DataShield works with. Change its password by hand.")
    }
}

/// What of a user is read.
struct OktaUser: Sendable {
    var id: String
    var status: Status
    var login: String?
    var email: String?
    var secondEmail: String?
    var firstName: String?
    var lastName: String?
    var department: String?
    var title: String?
    var passwordChanged: Date?
    var statusChanged: Date?
    var odd: [OddField] = []

    enum Status: String, CaseIterable, Sendable {
        case active = "ACTIVE"
        case passwordExpired = "PASSWORD_EXPIRED"
        case lockedOut = "LOCKED_OUT"
        case recovery = "RECOVERY"
        case provisioned = "PROVISIONED"
        case staged = "STAGED"
        case suspended = "SUSPENDED"
        case deprovisioned = "DEPROVISIONED"
    }

    /// A filter that lets everybody through: without one, those who are deprovisioned are left out.
    static let everyStatus = PercentEncoding.of(Status.allCases.map { "status eq \"\($0.rawValue)\"" }.joined(separator: " or "))

    var isActive: Bool {
        switch status {
        case .active, .passwordExpired, .lockedOut, .recovery: true
        case .provisioned, .staged, .suspended, .deprovisioned: false
        }
    }

    /// Since when the password before is of no use: changed, or, in recovery, reset and not yet set anew.
    var passwordVoidSince: Date? {
        guard status == .recovery, let statusChanged else { return passwordChanged }
        return max(statusChanged, passwordChanged ?? statusChanged)
    }

    init(_ json: JSONValue) throws(OddRow) {
        id = try json.readId("id").needed("id")
        let text = try json.readText("status").needed("status")
        guard let status = Status(rawValue: text) else { throw OddRow("status is \(DirectoryClient.safe(text)), which is not documented") }
        self.status = status
        let profile = try json.readObject("profile").needed("profile")
        login = try profile.readText("login").decided("login")
        email = try profile.readText("email").decided("email")
        secondEmail = profile.readText("secondEmail").known("secondEmail", &odd)
        firstName = profile.readText("firstName").known("firstName", &odd)
        lastName = profile.readText("lastName").known("lastName", &odd)
        department = profile.readText("department").known("department", &odd)
        title = profile.readText("title").known("title", &odd)
        passwordChanged = json.readTime("passwordChanged").known("passwordChanged", &odd)
        statusChanged = json.readTime("statusChanged").known("statusChanged", &odd)
    }

    func person(mfaEnabled: Bool?, watchesOtherMail: Bool) -> DirectoryPerson {
        DirectoryPerson(
            externalId: id, email: email ?? login, firstName: firstName, lastName: lastName, department: department, title: title, isActive: isActive,
            mfaEnabled: mfaEnabled, passwordChangedAt: passwordVoidSince,
            addresses: watchesOtherMail ? [secondEmail].compactMap { $0 } : [], signInNames: [login].compactMap { $0 }, odd: odd)
    }
}
