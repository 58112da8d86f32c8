import Cryptography
import Foundation
import Sandbox
import Testing

@testable import DataShield

@Suite struct GoogleConnectorTests {
    /// A key of nobody's, made once.
    private static let otherKey = Result { try RSAPrivateKey.generate().pem() }

    @Test func `an assertion is what RFC 7523 and Google ask for, and verifies`() throws {
        let pem = try #require(try DirectorySamples.google()["privateKey"])
        let key = try #require(GoogleKey(pem))
        let now = Date(timeIntervalSince1970: 1_767_600_000)
        let text = try key.assertion(issuer: "sync@acme.iam.gserviceaccount.com", subject: "dir-admin@acme.example", scope: "a b", now: now)
        let parts = text.split(separator: ".").map(String.init)
        #expect(parts.count == 3)
        let header = try JSONParser.parse(try #require(Base64URL.decode(parts[0])))
        #expect(header == .object(["alg": .string("RS256"), "typ": .string("JWT")]))
        let claims = try JSONParser.parse(try #require(Base64URL.decode(parts[1])))
        #expect(
            claims
                == .object([
                    "iss": .string("sync@acme.iam.gserviceaccount.com"), "sub": .string("dir-admin@acme.example"), "scope": .string("a b"),
                    "aud": .string("https://oauth2.googleapis.com/token"), "iat": .integer(1_767_600_000), "exp": .integer(1_767_603_600),
                ]))
        let signature = try #require(Base64URL.decode(parts[2]))
        let verifier = try RSAPrivateKey(pem: pem).publicKey
        #expect(try verifier.isSignature(signature, of: "\(parts[0]).\(parts[1])".utf8))
    }

    @Test func `a key is taken as it stands in the file, and shown by nothing`() throws {
        let pem = try #require(try DirectorySamples.google()["privateKey"])
        for text in [pem, pem.replacingOccurrences(of: "\n", with: "\\n"), "\"\(pem.replacingOccurrences(of: "\n", with: "\\n"))\"", "\n \(pem)\n\n"]
        {
            #expect(GoogleKey.problem(text) == nil)
        }
        let key = try #require(GoogleKey(pem))
        for shown in ["\(key)", String(reflecting: key), String(describing: Mirror(reflecting: key).children.map(\.value))] {
            #expect(!shown.contains("BEGIN") && !shown.contains("RSA"))
        }
        let publicKey = try RSAPrivateKey(pem: pem).publicKey.pem()
        #expect(GoogleKey.problem(publicKey)?.contains("public key") == true)
        for wrong in ["", "secret", String(pem.prefix(200)), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
            #expect(GoogleKey.problem(wrong) == GoogleKey.wanted)
        }
    }

    private static let refusals: [(change: [String: String], isPermission: Bool, words: String)] = [
        (["delegatedAdminEmail": "nobody@acme.example"], false, "administrator to act for"),
        (["serviceAccountEmail": "other@sandbox-project.iam.gserviceaccount.com"], false, "no such service account"),
    ]

    @Test(arguments: refusals) func `what Google refuses of an assertion has its own words`(
        refusal: (change: [String: String], isPermission: Bool, words: String)
    ) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let failure = await #expect(throws: DirectoryFailure.self) { try await world.connector(.google, refusal.change).test() }
            #expect(failure?.description.contains(refusal.words) == true, "\(String(describing: failure))")
        }
    }

    @Test func `another key is refused by its signature`() async throws {
        let key = try Self.otherKey.get()
        try await CloudWorld.with(people: 3) { world async throws in
            let failure = await #expect(throws: DirectoryFailure.self) { try await world.connector(.google, ["privateKey": key]).test() }
            guard case .refusedCredentials(let words)? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(words.contains("signature") && !words.contains("BEGIN"))
        }
    }

    @Test func `a clock that is wrong is told so`() async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let late = Date(timeIntervalSinceNow: -7200)
            var access = world.access
            access.now = { late }
            let connector = try GoogleConnector(DirectoryConfiguration(CloudWorld.sample(.google), of: GoogleConnector.kind), access)
            let failure = await #expect(throws: DirectoryFailure.self) { try await connector.test() }
            #expect(failure?.description.contains("clock") == true, "\(String(describing: failure))")
        }
    }

    @Test func `a scope that was not delegated is named, and people are read without those for actions`() async throws {
        let readOnly = "https://www.googleapis.com/auth/admin.directory.user.readonly"
        try await CloudWorld.with(configure: { $0.googleScopes = [readOnly] }) { world async throws in
            let connector = try world.connector(.google)
            let people = try await world.list(connector).people
            #expect(people.count == 60)
            let id = try #require(people.keys.first)
            for (action, scope) in [
                (RemediationType.revokeSessions, "admin.directory.user.security"), (.forcePasswordReset, "admin.directory.user "),
            ] {
                let failure = await #expect(throws: DirectoryFailure.self) {
                    try await connector.perform(action, on: id, isWeakResetWanted: false)
                }
                guard case .notPermitted(let words)? = failure else {
                    Issue.record("\(String(describing: failure))")
                    continue
                }
                #expect(words.contains(scope))
            }
        }
    }

    @Test func `limits that come as 403 are waited for, and a domain that is none is a matter of its field`() async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            world.sandbox.misbehave(.init(.quotaUsedUp, service: .google, pathPrefix: "admin", count: 2))
            #expect(try await world.list(try world.connector(.google)).people.count == 3)
            #expect(world.clock.waits.count == 2)
            let failure = await #expect(throws: DirectoryFailure.self) { try await world.connector(.google, ["domain": "other.example"]).test() }
            guard case .misconfigured(let field, _)? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(field == "domain")
        }
    }

    @Test func `the people of all domains of the Workspace are read, or those of one where that is chosen`() async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            world.sandbox.staff.add("sue@sister.example")
            #expect(try await world.list(try world.connector(.google)).byEmail["sue@sister.example"] != nil)
            #expect(try await world.connector(.google).test().userCount == 4)
            let one = try world.connector(.google, ["people": "domain"])
            #expect(try await world.list(one).people.count == 3)
            // Whose Workspace it is, a test tells.
            let other = try world.connector(.google, ["domain": "other.example"])
            #expect(try await world.list(other).people.count == 4)
            guard case .misconfigured(field: "domain", _)? = await LDAPWorld.failure({ try await other.test() }) else {
                Issue.record("a test takes another Workspace for the right one")
                return
            }
        }
    }

    @Test func `aliases are watched, and addresses elsewhere where that is chosen`() async throws {
        for cloud in Cloud.acting {
            try await CloudWorld.with(people: 1) { world async throws in
                let login = world.sandbox.staff.members[0].login
                world.sandbox.staff.edit(login) {
                    $0.aliases = ["second@acme.example"]
                    $0.otherMail = "home@elsewhere.example"
                }
                for (choice, isWatched) in [("yes", true), ("no", false)] {
                    let listed = try await world.list(try world.connector(cloud, ["watchOtherMail": choice]))
                    let addresses = try #require(listed.people.values.first?.addresses)
                    #expect(addresses.contains("home@elsewhere.example") == isWatched)
                    // Okta has no aliases.
                    #expect(addresses.contains("second@acme.example") == (cloud != .okta))
                }
            }
        }
    }
}
