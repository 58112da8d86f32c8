import Foundation
import Sandbox
import Synchronization
import Testing

@testable import DataShield

/// What every directory over HTTP does, whatever its service is like. All of them pass this.
@Suite struct ConnectorTests {
    private static let guests = 5

    // MARK: Listing

    @Test(arguments: Cloud.allCases) func `everybody is listed to the last page, as the directory knows them`(cloud: Cloud) async throws {
        try await CloudWorld.with { world async throws in
            let listed = try await world.list(try world.connector(cloud))
            let staff = world.sandbox.staff.members.filter { !$0.isGuest }
            #expect(listed.people.count == staff.count)
            #expect(listed.pages.count >= 3)
            #expect(listed.end.warnings.isEmpty)
            for member in staff {
                let person = try #require(listed.byEmail[member.email ?? member.login])
                #expect(person.firstName == member.firstName && person.lastName == member.lastName)
                #expect(person.department == member.department && person.title == member.title)
                #expect(person.isActive == member.isActive)
                switch cloud {
                // Nothing is said of who is disabled.
                case .entra, .okta: #expect(person.mfaEnabled == (member.isActive ? member.hasMFA : nil))
                case .google: #expect(person.mfaEnabled == member.hasMFA)
                case .aws: #expect(person.mfaEnabled == nil)
                }
                if cloud == .entra { #expect(person.sessionsValidFrom == member.sessionsValidFrom) }
                if cloud == .entra || cloud == .okta { #expect(person.passwordChangedAt == member.passwordChangedAt) }
            }
            #expect(staff.contains { !$0.isActive } && staff.contains { $0.isActive && !$0.hasMFA })
            #expect(
                staff.contains { !$0.firstName.allSatisfy(\.isASCII) || !$0.lastName.allSatisfy(\.isASCII) }, "Names of all scripts are among them.")
        }
    }

    @Test(arguments: Cloud.allCases) func `empty pages and people who come twice change nothing`(cloud: Cloud) async throws {
        try await CloudWorld.with(configure: {
            $0.directoryHabits.hasEmptyPages = true
            $0.directoryHabits.repeatsPeople = true
        }) { world async throws in
            let listed = try await world.list(try world.connector(cloud))
            #expect(listed.people.count == 60)
            #expect(listed.pages.flatMap(\.people).count > 60)
            #expect(listed.pages.contains { $0.people.isEmpty })
        }
    }

    @Test(arguments: Cloud.allCases) func `somebody without mail is listed by what they sign in with, or without an address`(
        cloud: Cloud
    ) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            world.sandbox.staff.edit(world.sandbox.staff.members[1].login) { $0.email = nil }
            let login = world.sandbox.staff.members[1].login
            let listed = try await world.list(try world.connector(cloud))
            #expect(listed.people.count == 3)
            #expect((listed.byEmail[login] == nil) == (cloud == .aws))
        }
    }

    @Test(arguments: Cloud.allCases) func `a trial shows at most ten people`(cloud: Cloud) async throws {
        try await CloudWorld.with { world async throws in
            let trial = try await world.connector(cloud).test()
            #expect((1...10).contains(trial.sample.count))
            #expect(trial.warnings.isEmpty)
            #expect(trial.userCount == (cloud == .entra ? 60 : nil))
            #expect(trial.sample.allSatisfy { $0.email?.contains("@") == true })
        }
        try await CloudWorld.with(people: 4) { world async throws in
            #expect(try await world.connector(cloud).test().userCount == 4)
        }
    }

    // MARK: What goes wrong

    @Test(arguments: Cloud.allCases) func `who is asked to wait waits as long as that, and goes on`(cloud: Cloud) async throws {
        try await CloudWorld.with { world async throws in
            world.sandbox.misbehave(
                .init(
                    .tooManyRequests, service: cloud.service, pathPrefix: cloud.listPath, skip: world.callsBeforeSecondPage(cloud), count: 2,
                    retryAfter: 7))
            let listed = try await world.list(try world.connector(cloud))
            #expect(listed.people.count == 60)
            #expect(world.clock.waits.count == 2)
            // Google does not say how long.
            #expect(world.clock.waits.allSatisfy { $0 >= (cloud == .google ? .seconds(1) : .seconds(7)) && $0 < .seconds(30) })
        }
    }

    @Test(arguments: [Cloud.entra, .google]) func `a token that expires midway is renewed once, and the listing goes on`(cloud: Cloud) async throws {
        try await CloudWorld.with { world async throws in
            world.sandbox.misbehave(
                .init(.expiredToken, service: cloud.service, pathPrefix: cloud.listPath, skip: world.callsBeforeSecondPage(cloud), count: 1))
            let listed = try await world.list(try world.connector(cloud))
            #expect(listed.people.count == 60)
            #expect(world.sandbox.requests["\(cloud.service.rawValue)/token"] == 2)

            // A second refusal is not answered with a third token.
            world.sandbox.resetRequests()
            world.sandbox.misbehave(.init(.expiredToken, service: cloud.service, pathPrefix: cloud.listPath))
            let failure = await #expect(throws: DirectoryFailure.self) { try await world.list(try world.connector(cloud)) }
            guard case .refusedCredentials? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(world.sandbox.requests["\(cloud.service.rawValue)/token"] == 2)
        }
    }

    @Test(arguments: [Cloud.entra, .google]) func `a token is kept until five minutes before it expires`(cloud: Cloud) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let connector = try world.connector(cloud)
            let token = "\(cloud.service.rawValue)/token"
            _ = try await world.list(connector)
            world.clock.pass(.seconds(3599 - 301))
            _ = try await world.list(connector)
            #expect(world.sandbox.requests[token] == 1)
            world.clock.pass(.seconds(2))
            _ = try await world.list(connector)
            #expect(world.sandbox.requests[token] == 2)
        }
    }

    @Test(arguments: Cloud.allCases, [Misbehaviour.Kind.unavailable, .internalError, .cutConnection])
    func `an outage midway fails the whole listing, after several tries`(cloud: Cloud, kind: Misbehaviour.Kind) async throws {
        try await CloudWorld.with { world async throws in
            let skip = world.callsBeforeSecondPage(cloud)
            world.sandbox.misbehave(.init(kind, service: cloud.service, pathPrefix: cloud.listPath, skip: skip))
            let pages = Mutex(0)
            let connector = try world.connector(cloud)
            let failure = await #expect(throws: DirectoryFailure.self) {
                try await connector.list(.everybody) { _ in pages.withLock { $0 += 1 } }
            }
            #expect(failure?.isTransient == true)
            #expect(pages.withLock { $0 } == 1)
            #expect(world.clock.waits.count == DirectoryClient.attempts - 1)

            // Short of that, nothing is noticed.
            world.sandbox.misbehave(.init(kind, service: cloud.service, pathPrefix: cloud.listPath, skip: skip, count: 3))
            #expect(try await world.list(connector).people.count == 60)
        }
    }

    @Test(arguments: [
        (Cloud.entra, ["clientSecret": "another~secret"], "The client secret is wrong (AADSTS7000215)"),
        (.google, ["serviceAccountEmail": "other@sandbox-project.iam.gserviceaccount.com"], "Google knows no such service account"),
        (.okta, ["apiToken": "00anotherTokenAbcdefghijklmnopqrstuvwxyz"], "Okta refuses the API token (E0000011)"),
        (.aws, ["secretAccessKey": "another+secret/0123456789"], "AWS refuses the signature (InvalidSignatureException)"),
        (.aws, ["accessKeyId": "AKIAANOTHEREXAMPLE00"], "AWS does not know the access key ID"),
    ])
    func `wrong credentials are told so, and what they are is not told`(cloud: Cloud, wrong: [String: String], words: String) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let connector = try world.connector(cloud, wrong)
            for ask in [{ _ = try await connector.test() }, { _ = try await world.list(connector) }] as [@Sendable () async throws -> Void] {
                let failure = await #expect(throws: DirectoryFailure.self) { try await ask() }
                guard case .refusedCredentials(let text)? = failure else {
                    Issue.record("\(String(describing: failure))")
                    continue
                }
                #expect(text.contains(words))
                #expect(failure?.isTransient == false)
                for secret in wrong.values { #expect(!String(reflecting: failure).contains(secret)) }
            }
            #expect(world.clock.waits.isEmpty)
        }
    }

    @Test(arguments: [
        (Cloud.entra, "User.Read.All"), (.google, "a role that may read users"), (.okta, "Read-only Administrator"),
        (.aws, "identitystore:ListUsers"),
    ])
    func `a missing permission is told with what has to be granted`(cloud: Cloud, words: String) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            world.sandbox.misbehave(.init(.forbidden, service: cloud.service, pathPrefix: cloud.listPath))
            let failure = await #expect(throws: DirectoryFailure.self) { try await world.list(try world.connector(cloud)) }
            guard case .notPermitted(let text)? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(text.contains(words))
        }
    }

    @Test(arguments: [
        (Cloud.entra, "value is missing"), (.google, "users is missing"), (.aws, "Users is missing"),
    ])
    func `an answer of another form is an error that names the field`(cloud: Cloud, words: String) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            world.sandbox.misbehave(.init(.schemaChange, service: cloud.service, pathPrefix: cloud.listPath))
            let failure = await #expect(throws: DirectoryFailure.self) { try await world.list(try world.connector(cloud)) }
            #expect(failure?.description.contains(words) == true, "\(String(describing: failure))")
            world.sandbox.misbehave(.init(.truncated, service: cloud.service, pathPrefix: cloud.listPath))
            await #expect(throws: DirectoryFailure.malformed("it is not JSON")) { try await world.list(try world.connector(cloud)) }
            // What it is called does not matter.
            world.sandbox.misbehave(.init(.wrongContentType, service: cloud.service, pathPrefix: cloud.listPath))
            #expect(try await world.list(try world.connector(cloud)).people.count == 3)
        }
    }

    @Test(arguments: Cloud.allCases) func `a page of something in between says nothing of an account`(cloud: Cloud) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let somebody = try await world.somebody(cloud)
            world.sandbox.misbehave(.init(.lostPage, service: cloud.service, pathPrefix: cloud.listPath))
            let failure = await #expect(throws: DirectoryFailure.self) { try await world.connector(cloud).facts(of: somebody.id) }
            #expect(failure?.description.contains("status 404") == true, "\(String(describing: failure))")
        }
    }

    @Test(arguments: Cloud.allCases) func `a page that is no longer known when it is asked for makes the listing one to be done again`(
        cloud: Cloud
    ) async throws {
        try await CloudWorld.with { world async throws in
            let logins = world.sandbox.staff.members.map(\.login)
            let connector = try world.connector(cloud)
            let failure = await #expect(throws: DirectoryFailure.self) {
                // Of who is left there is no second page.
                try await connector.list(.everybody) { _ in
                    for login in logins.dropFirst(10) { world.sandbox.staff.delete(login) }
                }
            }
            #expect(failure == .lostPage && failure?.isTransient == true, "\(String(describing: failure))")
        }
    }

    @Test(arguments: [Cloud.entra, .okta]) func `a page link that leads elsewhere is not followed, and no token is sent there`(
        cloud: Cloud
    ) async throws {
        try await Sandbox.with { elsewhere, other async throws in
            try await CloudWorld.with { world async throws in
                world.sandbox.staff.habits.linkOrigin = elsewhere
                let failure = await #expect(throws: DirectoryFailure.self) { try await world.list(try world.connector(cloud)) }
                #expect(failure?.description.contains("leads to another server") == true, "\(String(describing: failure))")
                #expect(other.requests.total == 0)
            }
        }
    }

    // MARK: Actions

    @Test(arguments: Cloud.acting) func `sessions are revoked, once`(cloud: Cloud) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let somebody = try await world.somebody(cloud)
            let connector = try world.connector(cloud)
            world.clock.pass(.seconds(60))
            let words = try await connector.perform(.revokeSessions, on: somebody.id, isWeakResetWanted: false)
            #expect(!words.isEmpty)
            let member = try #require(world.sandbox.staff.member(somebody.login))
            #expect(member.revocations == 1 && member.resets == 0)
            if cloud == .entra {
                let facts = try await connector.facts(of: somebody.id)
                let since = try #require(facts.sessionsValidFrom)
                #expect(abs(since.timeIntervalSince(world.clock.now)) < 2)
            }
        }
    }

    @Test(arguments: Cloud.acting, [false, true]) func `a reset makes the password useless, or due where that is wanted`(
        cloud: Cloud, isWeak: Bool
    ) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let somebody = try await world.somebody(cloud)
            let connector = try world.connector(cloud)
            let before = try await connector.facts(of: somebody.id)
            world.clock.pass(.seconds(60))
            _ = try await connector.perform(.forcePasswordReset, on: somebody.id, isWeakResetWanted: isWeak)
            let member = try #require(world.sandbox.staff.member(somebody.login))
            #expect(member.resets == 1)
            #expect(member.password == (isWeak ? .expired : .void))
            let after = try await connector.facts(of: somebody.id)
            #expect(after.isActive == true)
            #expect(after.mfaEnabled == member.hasMFA)
            switch cloud {
            case .entra, .okta:
                let (earlier, later) = (try #require(before.passwordChangedAt), try #require(after.passwordChangedAt))
                #expect((later > earlier) == !isWeak, "The old password is good until it is changed.")
            case .google, .aws: #expect(after.passwordChangedAt == nil)
            }
        }
    }

    /// The path of the call that acts, and how many with it come before.
    private static func actionPath(_ cloud: Cloud, _ action: RemediationType, _ id: String) -> (path: String, skip: Int) {
        switch (cloud, action) {
        case (.entra, .revokeSessions): ("v1.0/users/\(id)/revoke", 0)
        // The account is looked at first, at the same path.
        case (.entra, .forcePasswordReset): ("v1.0/users/\(id)", 1)
        case (.okta, .revokeSessions): ("api/v1/users/\(id)/sessions", 0)
        case (.okta, .forcePasswordReset): ("api/v1/users/\(id)/lifecycle", 0)
        case (.google, _), (.aws, _): ("admin/directory/v1/users/\(id)", 0)
        }
    }

    @Test(arguments: Cloud.acting, [RemediationType.revokeSessions, .forcePasswordReset])
    func `an action whose answer is lost is not repeated, and this is said`(cloud: Cloud, action: RemediationType) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let somebody = try await world.somebody(cloud)
            let (path, skip) = Self.actionPath(cloud, action, somebody.id)
            world.sandbox.misbehave(.init(.cutConnection, service: cloud.service, pathPrefix: path, skip: skip))
            let failure = await #expect(throws: DirectoryFailure.self) {
                try await world.connector(cloud).perform(action, on: somebody.id, isWeakResetWanted: false)
            }
            #expect(failure?.description.contains("may have been done") == true, "\(String(describing: failure))")
            guard case .unanswered? = failure else {
                Issue.record("it is not said that nobody knows: \(String(describing: failure))")
                return
            }
            let member = try #require(world.sandbox.staff.member(somebody.login))
            // Okta ends sessions with a reset.
            #expect(action == .revokeSessions ? member.revocations == 1 : member.resets == 1)
            #expect(world.clock.waits.isEmpty)
        }
    }

    @Test(arguments: Cloud.acting, [RemediationType.revokeSessions, .forcePasswordReset])
    func `an action that the service refuses for now is not tried again`(cloud: Cloud, action: RemediationType) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let somebody = try await world.somebody(cloud)
            let (path, skip) = Self.actionPath(cloud, action, somebody.id)
            for (kind, isLimit) in [(Misbehaviour.Kind.unavailable, false), (.tooManyRequests, true)] {
                world.sandbox.resetRequests()
                world.sandbox.misbehave(.init(kind, service: cloud.service, pathPrefix: path, skip: skip, retryAfter: 9))
                let failure = await #expect(throws: DirectoryFailure.self) {
                    try await world.connector(cloud).perform(action, on: somebody.id, isWeakResetWanted: false)
                }
                if case .rateLimited? = failure { #expect(isLimit) } else { #expect(!isLimit, "\(String(describing: failure))") }
                #expect(world.sandbox.requests.answers(isLimit && cloud != .google ? 429 : isLimit ? 403 : 503) == 1)
            }
            let member = try #require(world.sandbox.staff.member(somebody.login))
            #expect(member.revocations == 0 && member.resets == 0)
            #expect(world.clock.waits.isEmpty)
        }
    }

    @Test(arguments: Cloud.acting) func `nobody waits for long before a reset is sent, and it is known that it was not sent`(
        cloud: Cloud
    ) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let somebody = try await world.somebody(cloud)
            // What is read before it: the account, the administrator, the token's owner.
            let path =
                switch cloud {
                case .entra: "v1.0/users/\(somebody.id)"
                case .google, .aws: "admin/directory/v1/users"
                case .okta: "api/v1/users/me"
                }
            world.sandbox.misbehave(.init(.tooManyRequests, service: cloud.service, pathPrefix: path, retryAfter: 130))
            let failure = await #expect(throws: DirectoryFailure.self) {
                try await world.connector(cloud).perform(.forcePasswordReset, on: somebody.id, isWeakResetWanted: false)
            }
            #expect(failure?.ofRemediation == .unavailable, "\(String(describing: failure))")
            #expect(world.clock.waits.reduce(.zero, +) <= DirectoryPatience.beforeChange.longestWait)
            #expect(world.sandbox.staff.member(somebody.login)?.resets == 0)
        }
    }

    @Test(arguments: [Cloud.entra, .google], [RemediationType.revokeSessions, .forcePasswordReset])
    func `an action whose token has expired is done once, with a new one`(cloud: Cloud, action: RemediationType) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let somebody = try await world.somebody(cloud)
            let (path, skip) = Self.actionPath(cloud, action, somebody.id)
            world.sandbox.misbehave(.init(.expiredToken, service: cloud.service, pathPrefix: path, skip: skip, count: 1))
            _ = try await world.connector(cloud).perform(action, on: somebody.id, isWeakResetWanted: false)
            let member = try #require(world.sandbox.staff.member(somebody.login))
            #expect(member.revocations + member.resets == 1)
        }
    }

    @Test(arguments: Cloud.acting) func `an account that is not there is told so`(cloud: Cloud) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let connector = try world.connector(cloud)
            for action in [RemediationType.revokeSessions, .forcePasswordReset] {
                await #expect(throws: DirectoryFailure.noSuchAccount) {
                    try await connector.perform(action, on: "99999999-0000-4000-8000-000000000000", isWeakResetWanted: false)
                }
            }
            await #expect(throws: DirectoryFailure.noSuchAccount) { try await connector.facts(of: "99999999-0000-4000-8000-000000000000") }
        }
    }

    @Test(arguments: Cloud.acting, [(RemediationType.revokeSessions), .forcePasswordReset])
    func `an action that is not permitted is told with what has to be granted`(cloud: Cloud, action: RemediationType) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let somebody = try await world.somebody(cloud)
            let (path, skip) = Self.actionPath(cloud, action, somebody.id)
            world.sandbox.misbehave(.init(.forbidden, service: cloud.service, pathPrefix: path, skip: skip))
            let failure = await #expect(throws: DirectoryFailure.self) {
                try await world.connector(cloud).perform(action, on: somebody.id, isWeakResetWanted: false)
            }
            guard case .notPermitted(let words)? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(words.contains("User.RevokeSessions.All") || words.contains("User-PasswordProfile.ReadWrite.All") || words.contains("role"))
        }
    }

    @Test(arguments: [Cloud.google, .aws]) func `who cannot list changes says so`(cloud: Cloud) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let connector = try world.connector(cloud)
            #expect(try await world.list(connector).end.state == nil)
            await #expect(throws: DirectoryFailure.stateExpired) { try await world.list(connector, .changes(since: DirectoryState([:]))) }
        }
    }
}
