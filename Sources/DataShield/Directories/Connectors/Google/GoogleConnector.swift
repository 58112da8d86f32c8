import Foundation
import HTTPTypes
import JSON

/// Google Workspace through the Admin SDK's Directory API, as a service account with domain-wide delegation.
package struct GoogleConnector: DirectoryConnector {
    package static let kind = DirectoryKind(
        type: .google,
        about: "Reads the people of all domains of your Workspace, with their 2-Step Verification, by a service account with domain-wide delegation.",
        fields: [
            .init(
                "serviceAccountEmail", "Service account", hint: "client_email of the key file: it ends in .iam.gserviceaccount.com.",
                problem: DirectoryFieldRules.email),
            .init(
                "privateKey", "Private key", hint: "private_key of the key file, from -----BEGIN PRIVATE KEY----- to its end.", isSecret: true,
                isLong: true, problem: { GoogleKey.problem($0) }),
            .init(
                "delegatedAdminEmail", "Administrator to act for",
                hint: "An administrator of your Workspace whose role may read users and, for remediation, update and sign them out.",
                problem: DirectoryFieldRules.email),
            .init(
                "domain", "Domain",
                hint: "One of your Workspace's domains, such as acme.example. A test sees by it whether this is the right Workspace.",
                problem: DirectoryFieldRules.domain),
            .init(
                "people", "Whose people",
                hint: "all reads the people of every domain of the Workspace; domain reads those of the domain above alone.",
                isOptional: true, choices: ["all", "domain"], standard: "all"),
            OtherMail.field("addresses at home and elsewhere (emails)"),
        ],
        steps: [
            "In the Google Cloud console, open a project, enable the Admin SDK API and create a service account.",
            "Create a JSON key for the service account and keep the file: client_email and private_key of it are needed here.",
            "In the Admin console, open Security → Access and data control → API controls → Domain-wide delegation, and add the service "
                + "account's numeric client ID.",
            "Grant it the scope https://www.googleapis.com/auth/admin.directory.user.readonly.",
            "For Force password reset, add the scope https://www.googleapis.com/auth/admin.directory.user.",
            "For Revoke sessions, add the scope https://www.googleapis.com/auth/admin.directory.user.security.",
            "Wait: a delegation can take up to 24 hours to take effect.",
        ], actions: [.revokeSessions, .forcePasswordReset], hasWeakReset: true)

    private enum Scope: String {
        case read = "https://www.googleapis.com/auth/admin.directory.user.readonly"
        case write = "https://www.googleapis.com/auth/admin.directory.user"
        case security = "https://www.googleapis.com/auth/admin.directory.user.security"
    }

    private static let fields =
        "id,primaryEmail,name(givenName,familyName,fullName),organizations(department,title,primary),suspended,archived,isEnrolledIn2Sv,"
        + "aliases,nonEditableAliases,emails"

    private let access: DirectoryAccess
    private let client: DirectoryClient
    private let tokens: DirectoryTokens
    private let domain: String
    /// Whether only the people of the domain are read.
    private let isDomainOnly: Bool
    private let watchesOtherMail: Bool
    /// The administrator that the service account acts for.
    private let administrator: String

    package init(_ configuration: DirectoryConfiguration, _ access: DirectoryAccess) throws {
        let client = DirectoryClient("Google Workspace", access) { GoogleErrors.delay($0, now: $1) }
        self.access = access
        self.client = client
        domain = configuration["domain"]
        isDomainOnly = configuration["people"] == "domain"
        watchesOtherMail = OtherMail.isWatched(configuration)
        administrator = configuration["delegatedAdminEmail"]
        guard let key = GoogleKey(configuration["privateKey"]) else { throw InvalidInput("privateKey", GoogleKey.wanted) }
        let (issuer, subject) = (configuration["serviceAccountEmail"], configuration["delegatedAdminEmail"])
        let url = try access.url("https://oauth2.googleapis.com", "/token")
        tokens = DirectoryTokens(now: access.now) { scope in
            // A new assertion for each token: it is good for an hour at most.
            let assertion = try key.assertion(issuer: issuer, subject: subject, scope: scope, now: access.now())
            let answer = try await client.read(
                .form(url, [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)]))
            guard answer.status == 200 else { throw GoogleErrors.tokenFailure(answer, scope: scope, client) }
            let token = try answer.json()
            return .init(text: try token.neededText("access_token"), lifetime: try token.neededLifetime("expires_in"))
        }
    }

    private func url(_ path: String) throws -> URL { try access.url("https://admin.googleapis.com", "/admin/directory/v1\(path)") }

    private func userURL(_ id: String, _ rest: String = "") throws -> URL { try url("/users/\(PercentEncoding.of(id))\(rest)") }

    private func read(_ url: URL, isFurtherPage: Bool = false) async throws -> JSONValue {
        let answer = try await tokens.call(.get(url), Scope.read.rawValue) { try await client.read($0) }
        if isFurtherPage, answer.status == 400 { throw DirectoryFailure.lostPage }
        guard answer.isSuccess else { throw GoogleErrors.failure(answer, client, needing: "may read users") }
        return try answer.json()
    }

    /// - Parameter place: how many rows came before.
    private func page(size: Int, token: String?, after place: Int = 0) async throws -> (people: DirectoryPage, rows: Int, next: String?) {
        // `my_customer`: the Workspace of the administrator, whatever its domains.
        var query = isDomainOnly ? "domain=\(PercentEncoding.of(domain))" : "customer=my_customer"
        query += "&maxResults=\(size)&orderBy=email"
        query += "&fields=\(PercentEncoding.of("nextPageToken,users(\(Self.fields))"))"
        if let token { query += "&pageToken=\(PercentEncoding.of(token))" }
        let page = try await read(url("/users?\(query)"), isFurtherPage: token != nil)
        guard case .object(let members) = page else { throw DirectoryFailure.malformed("the page is \(page.kind), not an object") }
        // An empty page has no list at all. What came in the list's place must not pass for that.
        if members["users"] == nil, let other = members.keys.sorted().first(where: { !["nextPageToken", "kind", "etag"].contains($0) }) {
            throw DirectoryFailure.malformed("users is missing, and there is \(DirectoryClient.safe(other))")
        }
        let rows = try page.optionalList("users") ?? []
        let people = try DirectoryPage.reading(rows, id: "id", names: ["primaryEmail"], after: place) { try person($0) }
        return (people, rows.count, try page.filledText("nextPageToken"))
    }

    package func test() async throws -> DirectoryTrial {
        let first = try await page(size: 10, token: nil)
        var warnings = DirectoryTrial.warnings(ofUnreadable: first.people.unreadable)
        if first.rows == 0 {
            warnings.append("The \(isDomainOnly ? "domain \(domain)" : "Workspace") has no people, or the administrator may not read them.")
        }
        // Whether it is the right Workspace.
        if !isDomainOnly { _ = try await read(url("/users?domain=\(PercentEncoding.of(domain))&maxResults=1&fields=nextPageToken")) }
        return DirectoryTrial(userCount: first.next == nil ? first.rows : nil, sample: first.people.people, warnings: warnings)
    }

    package func list(
        _ listing: DirectoryListing, deliver: @Sendable (DirectoryPage) async throws -> Void
    ) async throws -> DirectoryListingEnd {
        // There is no "changed since".
        if case .changes = listing { throw DirectoryFailure.stateExpired }
        var token: String?
        var seen: Set<String> = []
        var listed = 0
        repeat {
            let page = try await page(size: 500, token: token, after: listed)
            listed += page.rows
            try await deliver(page.people)
            token = page.next
            if let token, !seen.insert(token).inserted { throw DirectoryFailure.incomplete("The directory's pages lead in a circle.") }
        } while token != nil
        return DirectoryListingEnd()
    }

    package func facts(of externalId: String) async throws -> AccountFacts {
        let user = try await read(userURL(externalId, "?fields=\(PercentEncoding.of(Self.fields))"))
        let person = try OddRow.unlisted { try self.person(user) }
        // When a password was changed or sessions were ended, the Directory API does not say.
        return AccountFacts(isActive: person.isActive, mfaEnabled: person.mfaEnabled)
    }

    package func account(at address: String) async throws -> DirectoryPerson {
        let user = try await read(userURL(address, "?fields=\(PercentEncoding.of(Self.fields))"))
        return try OddRow.unlisted { try person(user) }
    }

    package func perform(_ action: RemediationType, on externalId: String, isWeakResetWanted: Bool) async throws -> String {
        // Tokens and our own account are read before.
        try await DirectoryClient.$patience.withValue(.beforeChange) { try await carryOut(action, externalId, isWeakResetWanted) }
    }

    private func carryOut(_ action: RemediationType, _ externalId: String, _ isWeakResetWanted: Bool) async throws -> String {
        switch action {
        case .revokeSessions:
            let call = DirectoryCall(method: .post, url: try userURL(externalId, "/signOut"), timeout: .seconds(30))
            try await change(call, .security, needing: "may sign users out")
            return
                "Google's web and device sessions were signed out. Grants to other applications stay until they are taken back, and sessions inside"
                + " applications end by the applications' own rules."
        case .forcePasswordReset:
            try await refuseOurOwn(externalId)
            let body = PasswordChange(changePasswordAtNextLogin: true, password: isWeakResetWanted ? nil : ThrowawayPassword.make())
            try await change(try .json(.put, userURL(externalId), body), .write, needing: "may update users")
            let note = "Where people sign in through another identity provider, neither has an effect."
            return isWeakResetWanted
                ? "A change of the password was demanded at the next sign-in; until then the old password still opens the change screen. \(note)"
                : "The password was replaced by a random one that nobody knows, and a change was demanded at the next sign-in. \(note)"
        }
    }

    /// All is done in the name of one administrator, whose address may be given as one of their aliases: so it is compared by id.
    private func refuseOurOwn(_ externalId: String) async throws {
        let own: DirectoryPerson
        do {
            own = try await account(at: administrator)
        } catch DirectoryFailure.noSuchAccount {
            return
        }
        let isOwn = own.externalId == externalId || own.email.map { $0.lowercased() == externalId.lowercased() } == true
        guard !isOwn, administrator.lowercased() != externalId.lowercased() else {
            throw DirectoryFailure.refusedAction(
                "This is the account of the administrator for whom DataShield acts in Google Workspace. Change its password by hand.")
        }
    }

    private struct PasswordChange: Encodable {
        var changePasswordAtNextLogin: Bool
        var password: String?

        private enum Name: String, CodingKey { case changePasswordAtNextLogin, password }

        // An update takes a null for "clear it".
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Name.self)
            try container.encode(changePasswordAtNextLogin, forKey: .changePasswordAtNextLogin)
            try container.encodeIfPresent(password, forKey: .password)
        }
    }

    private func change(_ call: DirectoryCall, _ scope: Scope, needing right: String) async throws {
        let answer = try await tokens.call(call, scope.rawValue) { try await client.change($0) }
        guard answer.isSuccess else { throw GoogleErrors.failure(answer, client, needing: right) }
    }

    private func person(_ json: JSONValue) throws(OddRow) -> DirectoryPerson {
        var odd: [OddField] = []
        let id = try json.readId("id").needed("id")
        let email = try json.readText("primaryEmail").decided("primaryEmail")
        let isSuspended = try json.readFlag("suspended").needed("suspended")
        let isArchived = try json.readFlag("archived").decided("archived") ?? false
        let name = json.readObject("name").known("name", &odd)
        let names = DirectoryPerson.names(
            given: name?.readText("givenName").known("givenName", &odd), family: name?.readText("familyName").known("familyName", &odd),
            display: name?.readText("fullName").known("fullName", &odd))
        let organizations = json.readList("organizations")
        let organization = organizations.first { $0["primary"]?.flag == true } ?? organizations.first
        if let organization, case .object = organization {
        } else if let organization {
            odd.append(OddField("organizations", "a list of \(organization.kind)"))
        }
        var person = DirectoryPerson(
            externalId: id, email: email, firstName: names.first, lastName: names.last,
            department: organization?.readText("department").known("department", &odd), title: organization?.readText("title").known("title", &odd),
            isActive: !isSuspended && !isArchived, mfaEnabled: json.readFlag("isEnrolledIn2Sv").known("isEnrolledIn2Sv", &odd))
        person.mailbox = json.readTexts("aliases", &odd) + json.readTexts("nonEditableAliases", &odd)
        person.addresses = person.mailbox
        if watchesOtherMail {
            for item in json.readList("emails") {
                guard case .object = item else {
                    odd.append(OddField("emails", "a list of \(item.kind)"))
                    continue
                }
                if let address = item.readText("address").known("emails.address", &odd) { person.addresses?.append(address) }
            }
        }
        person.odd = odd
        return person
    }
}
