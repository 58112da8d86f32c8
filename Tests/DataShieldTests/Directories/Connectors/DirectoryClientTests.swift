import Foundation
import HTTPTypes
import JSON
import Logging
import Sandbox
import Synchronization
import Testing

@testable import DataShield

@Suite struct DirectoryClientTests {
    @Test(
        arguments: [
            (1, nil, 0.0, 1.0), (1, nil, 1.0, 1.5), (3, nil, 0.0, 4.0), (5, nil, 0.5, 20.0), (6, nil, 0.0, 30.0), (60, nil, 1.0, 45.0),
            (1, 0.25, 0.0, 1.0), (1, 2.128, 0.0, 2.128), (4, 2.0, 0.0, 8.0), (1, 120.0, 1.0, 125.0),
        ] as [(Int, Double?, Double, Double)])
    func `waiting grows, is never shorter than was asked for, and is spread`(attempt: Int, stated: Double?, jitter: Double, seconds: Double) {
        let wait = DirectoryClient.wait(attempt: attempt, stated: stated.map { .milliseconds(Int64($0 * 1000)) }, jitter: jitter)
        #expect(abs(wait.inSeconds - seconds) < 0.001)
    }

    @Test func `who is told to wait longer than a call may take is told how long`() async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            world.sandbox.misbehave(.init(.tooManyRequests, service: .entra, pathPrefix: "v1.0", retryAfter: 3600))
            let failure = await #expect(throws: DirectoryFailure.self) { try await world.list(try world.connector(.entra)) }
            #expect(failure == .rateLimited(retryAfter: .milliseconds(3_600_128)))
            #expect(failure?.isTransient == true)
            #expect(world.clock.waits.isEmpty)
        }
    }

    @Test func `waiting altogether is bounded`() async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            world.sandbox.misbehave(.init(.tooManyRequests, service: .identityCenter, retryAfter: 250))
            await #expect(throws: DirectoryFailure.rateLimited(retryAfter: .seconds(250))) { try await world.list(try world.connector(.aws)) }
            #expect(world.clock.waits.reduce(.zero, +) <= DirectoryClient.longestWait)
            #expect(world.clock.waits.count == 2)
        }
    }

    @Test func `an answer that another than the service may have given does not tell whether a change was made`() async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let client = DirectoryClient("Okta", world.access)
            for status in [200, 204, 302, 400, 404, 409, 501] { #expect(try Self.changed(status, client) == status) }
            for (status, kind) in [
                (408, RemediationFailure.unknown), (500, .unknown), (502, .unknown), (503, .unknown), (504, .unknown), (505, .unknown),
                (507, .unknown), (520, .unknown), (522, .unknown), (524, .unknown), (599, .unknown), (429, .unavailable),
            ] {
                let failure = #expect(throws: DirectoryFailure.self) { try Self.changed(status, client) }
                #expect(failure?.ofRemediation == kind, "\(status)")
            }
        }
    }

    /// Throws anything, as ``follow(_:_:_:)``.
    private static func changed(_ status: Int, _ client: DirectoryClient) throws -> Int {
        try client.changed(DirectoryAnswer(status: status, headers: [:], bytes: [])).status
    }

    @Test func `a cancelled listing ends as cancelled`() async throws {
        try await CloudWorld.with { world async throws in
            let connector = try world.connector(.google)
            let started = AsyncStream.makeStream(of: Void.self)
            let listing = Task {
                try await connector.list(.everybody) { _ in
                    started.continuation.finish()
                    while !Task.isCancelled { await Task.yield() }
                }
            }
            for await _ in started.stream {}
            listing.cancel()
            await #expect(throws: CancellationError.self) { try await listing.value }
        }
    }

    @Test(arguments: [
        ("https://a.example/x", true), ("https://A.example:443/y?z=1", true), ("/relative", true), ("?page=2", true), ("http://a.example/x", false),
        ("https://a.example:8443/x", false), ("https://b.example/x", false), ("https://a.example.b.example/", false),
        ("https://a.example@b.example/", false), ("https://user:pass@a.example/", false), ("//b.example/x", false), ("javascript:alert(1)", false),
    ])
    func `a link is followed to where the directory is and nowhere else`(link: String, isFollowed: Bool) throws {
        let page = try #require(URL(string: "https://a.example/users?page=1"))
        var trail = PageTrail(origin: try #require(URL(string: "https://a.example")))
        if isFollowed {
            let url = try Self.follow(link, page, &trail)
            #expect(url.host?.lowercased() == "a.example")
            let failure = #expect(throws: DirectoryFailure.self) { try Self.follow(link, page, &trail) }
            #expect(failure == .incomplete("The directory's pages lead in a circle."))
        } else {
            let failure = #expect(throws: DirectoryFailure.self) { try Self.follow(link, page, &trail) }
            #expect(failure == .malformed("the link to the next page leads to another server"))
        }
    }

    /// Throws anything, because the compiler does not get along with typed errors in the closures of `#expect`.
    private static func follow(_ link: String, _ page: URL, _ trail: inout PageTrail) throws -> URL { try trail.follow(link, from: page) }

    @Test func `codes of errors are shown without what could be an address or markup`() {
        #expect(DirectoryClient.safe("Request_ResourceNotFound") == "Request_ResourceNotFound")
        #expect(DirectoryClient.safe("<b>jane@acme.example</b>\n") == "bjaneacme.exampleb")
        #expect(DirectoryClient.safe(String(repeating: "a", count: 500)).count == 80)
    }

    @Test func `a throwaway password has four classes and is another each time`() {
        let passwords = (0..<50).map { _ in ThrowawayPassword.make() }
        #expect(Set(passwords).count == 50)
        for password in passwords {
            #expect(password.count == 32)
            #expect(password.contains(where: \.isUppercase) && password.contains(where: \.isLowercase) && password.contains(where: \.isNumber))
            #expect(password.contains { !$0.isLetter && !$0.isNumber })
        }
    }

    @Test(
        arguments: [
            ("Mara Lind", "Mara", "Lind"), ("Mara  van der Lind", "Mara van der", "Lind"), ("Mara", "Mara", nil), (" ", nil, nil), (nil, nil, nil),
        ] as [(String?, String?, String?)])
    func `a name in one piece is split at its last word`(display: String?, first: String?, last: String?) {
        let names = DirectoryPerson.names(given: nil, family: nil, display: display)
        #expect(names.first == first && names.last == last)
        #expect(DirectoryPerson.names(given: nil, family: "Lind", display: display).first == nil)
    }

    @Test(arguments: [
        (#"{"a": true}"#, "a is a truth value, not a text"), (#"{"a": null}"#, "a is missing"), ("{}", "a is missing"),
        (#"{"a": "  "}"#, "a is missing"),
        (#"{"a": ["x", "y"]}"#, "a is a list, not a text"),
    ])
    func `what must be there is named, with what came in its place`(json: String, words: String) throws {
        let value = try JSONParser.parse(Array(json.utf8))
        let failure = #expect(throws: DirectoryFailure.self) { try Self.neededText(value) }
        #expect(failure == .malformed(words))
    }

    private static func neededText(_ value: JSONValue) throws -> String {
        try value.neededText("a")
    }
}

@Suite struct DirectoryFieldTests {
    @Test func `each directory has the fields of its kind, and steps to take`() {
        let fields = Dictionary(uniqueKeysWithValues: DirectoryRegistry.all.map { ($0.kind.type, $0.kind.fields) })
        func needed(_ type: DirectoryType) -> [String]? { fields[type]?.filter { !$0.isOptional }.map(\.name) }
        #expect(needed(.entra) == ["tenantId", "clientId", "clientSecret"])
        #expect(needed(.google) == ["serviceAccountEmail", "privateKey", "delegatedAdminEmail", "domain"])
        #expect(needed(.okta) == ["domain", "apiToken"])
        #expect(needed(.aws) == ["accessKeyId", "secretAccessKey", "region", "identityStoreId"])
        for connector in DirectoryRegistry.all {
            #expect(connector.kind.steps.count >= 3 && !connector.kind.about.isEmpty)
            #expect(connector.kind.fields.allSatisfy { !$0.label.isEmpty && !$0.hint.isEmpty })
            #expect(connector.kind.fields.contains { $0.isSecret })
        }
    }

    private static let faults: [(Cloud, String, String, String)] = [
        (.entra, "tenantId", "not a tenant", "has to be the tenant's ID"), (.entra, "tenantId", "acme", "has to be the tenant's ID"),
        (.entra, "clientId", "5f0d9b7a64c34a18b2e17c9d3e8f1a24", "has to be an ID"),
        (.entra, "clientSecret", "5f0d9b7a-64c3-4a18-b2e1-7c9d3e8f1a24", "looks like the secret's ID"),
        (.entra, "clientSecret", "a b c d e f g h", "copy it again"), (.entra, "cloud", "MARS", "is one of GLOBAL"),
        (.entra, "includeGuests", "maybe", "is one of no, yes"),
        (.google, "serviceAccountEmail", "sync", "@"), (.google, "privateKey", "secret", "private key in PEM"),
        (.google, "delegatedAdminEmail", "admin@", "domain"), (.google, "domain", "https://acme.example", "has to be a domain name"),
        (.okta, "domain", "https://acme.okta.com", "without https://"), (.okta, "domain", "acme.okta.com/api", "without a path"),
        (.okta, "domain", "acme.okta.com:443", "without a port"), (.okta, "domain", "acme-admin.okta.com", "without -admin"),
        (.okta, "domain", "127.0.0.1", "has to be a host name"), (.okta, "apiToken", "short", "copy it again"),
        (.aws, "accessKeyId", "AKIA SANDBOX EXAMPLE", "has to be an access key's ID"), (.aws, "secretAccessKey", "tooShort", "copy it again"),
        (.aws, "region", "Frankfurt", "such as eu-central-1"), (.aws, "region", "eu-central-1.evil.example/", "such as eu-central-1"),
        (.aws, "identityStoreId", "1234567890", "d- and ten characters"), (.aws, "sessionToken", "a b", "copy it again"),
    ]

    @Test(arguments: faults) func `a value that cannot be right is refused with what would be`(fault: (Cloud, String, String, String)) throws {
        let (cloud, field, value, words) = fault
        let good = try CloudWorld.sample(cloud)
        _ = try DirectoryConfiguration(good, of: cloud.connector.kind)
        let error = #expect(throws: InvalidInput.self) {
            try DirectoryConfiguration(good.merging([field: value]) { _, new in new }, of: cloud.connector.kind)
        }
        let message = try #require(error?.fields.first { $0.field == field }).message
        #expect(error?.fields.count == 1)
        #expect(message.contains(words), "\(message)")
    }

    @Test(arguments: [
        (Cloud.entra, "tenantId", "acme.onmicrosoft.com"), (.entra, "cloud", "CHINA"), (.okta, "domain", "login.acme.example"),
        (.aws, "region", "us-gov-west-1"),
        (.aws, "region", "ap-southeast-2"), (.aws, "identityStoreId", "d-90677abcde"),
    ])
    func `values of other good forms are taken`(cloud: Cloud, field: String, value: String) throws {
        let values = try CloudWorld.sample(cloud).merging([field: value]) { _, new in new }
        #expect(try DirectoryConfiguration(values, of: cloud.connector.kind)[field] == value)
    }
}
