import DataShieldTestSupport
import Foundation
import Postgres
import Sandbox
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct CredentialTests {
    @Test(arguments: [("short-key", ""), ("fifteen-letters", ""), ("sixteen-letters-", "ers-"), ("0123456789abcdef0123456789abcdef", "cdef")])
    func `the hint shows four characters at most, and none of a short key`(key: String, hint: String) {
        #expect(Credential.hint(of: key) == hint)
    }

    @Test func `a key is kept sealed, and adding again replaces it`() async throws {
        try await ScanWorld.with(hasKey: false) { world async throws in
            let first = try await world.credentials.add(.hibp, label: "Ours", key: " \(ScanWorld.key)\n", by: world.subject)
            #expect(first.status == .pending)
            #expect(first.keyHint == "cdef")
            let second = try await world.credentials.add(.hibp, key: "ffffffffffffffffffffffffffff1234", by: world.subject)
            #expect(second.id == first.id)
            #expect(second.label == "Have I Been Pwned")
            #expect(try await world.credentials.list(for: world.subject).map(\.keyHint) == ["1234"])
            let stored = try #require(
                try await world.database.owner.first(
                    "SELECT encode(encrypted_key, 'escape') FROM api_credentials WHERE company_id = \(world.company)", as: String.self))
            #expect(!stored.contains("ffffffff"))
            let audited = try await world.database.owner.query(
                "SELECT action || coalesce(before::text, '') || coalesce(after::text, '') FROM audit_events WHERE company_id = \(world.company) ORDER BY sequence",
                as: String.self)
            #expect(audited.count == 2)
            #expect(audited.allSatisfy { !$0.contains("ffff") && !$0.contains("0123456789") })
        }
    }

    @Test(arguments: ["", "short", "has a blank in it", "line\u{0}break12345", "schlüssel12345678"])
    func `what cannot be a key is refused`(key: String) async throws {
        try await ScanWorld.with(hasKey: false) { world async throws in
            await #expect(throws: InvalidInput.self) { try await world.credentials.add(.hibp, key: key, by: world.subject) }
        }
    }

    @Test(arguments: ApiProvider.allCases) func `every provider takes a key, and its test costs nothing where it can`(
        provider: ApiProvider
    ) async throws {
        try await ScanWorld.with(keys: [provider]) { world async throws in
            let id = try #require(try await world.credential()).id
            let trial = try await world.credentials.test(id, by: world.subject)
            #expect(trial.isAccepted, "\(trial.message)")
            #expect(trial.credential.status == .active)
            #expect(world.sandbox.requests.total == 1)
            #expect((world.sandbox.requests["leakcheck/api/v2/query"] == 1) == (provider == .leakcheck), "Only here a test costs a search.")
            let left: Int? = provider == .leakcheck ? 9_999 : provider == .intelx ? 5_000 : nil
            #expect(trial.credential.quotaLeft == left)
            #expect((trial.credential.quotaSeenAt != nil) == (left != nil))

            world.sandbox.misbehave(.init(.refusedKey))
            let refused = try await world.credentials.test(id, by: world.subject)
            #expect(refused.credential.status == .error)
            #expect(refused.message == "The key is refused.")
            #expect(refused.credential.quotaLeft == left, "What was known stays known.")

            _ = try await world.credentials.add(provider, key: "another-key-of-the-company", by: world.subject)
            #expect(try await world.credential()?.quotaLeft == nil, "Another key has another quota.")
        }
    }

    @Test func `a test says what a key allows, or why it does not work`() async throws {
        try await ScanWorld.with { world async throws in
            let id = try #require(try await world.credential()).id
            let good = try await world.credentials.test(id, by: world.subject)
            #expect(good.isAccepted)
            #expect(good.credential.status == .active)
            #expect(good.message.contains("60000 requests per minute"))

            world.sandbox.misbehave(.init(.unavailable))
            let down = try await world.credentials.test(id, by: world.subject)
            #expect(!down.isAccepted)
            #expect(down.credential.status == .active, "The key is not to blame.")

            world.sandbox.behave()
            world.sandbox.misbehave(.init(.refusedKey))
            let refused = try await world.credentials.test(id, by: world.subject)
            #expect(refused.credential.status == .error)
            #expect(refused.credential.errorMessage == "The key is refused.")
        }
    }

    @Test func `a key that its service refuses is not kept, and the former one stays`() async throws {
        try await ScanWorld.with(hasKey: false) { world async throws in
            world.sandbox.misbehave(.init(.refusedKey, count: 1))
            await #expect(throws: Credentials.Failure.refused(.hibp)) {
                try await world.credentials.addTried(.hibp, label: "", key: "ffffffffffffffffffffffffffff1234", by: world.subject)
            }
            #expect(try await world.credentials.list(for: world.subject).isEmpty)
            let taken = try await world.credentials.addTried(.hibp, label: "Ours", key: ScanWorld.key, by: world.subject)
            #expect(taken.isAccepted && taken.credential.status == .active)
            world.sandbox.misbehave(.init(.refusedKey, count: 1))
            await #expect(throws: Credentials.Failure.refused(.hibp)) {
                try await world.credentials.addTried(.hibp, label: "", key: "ffffffffffffffffffffffffffff1234", by: world.subject)
            }
            #expect(try await world.credentials.list(for: world.subject).map(\.keyHint) == ["cdef"])
            // Whether it is good is not known: it is kept, and told so.
            world.sandbox.misbehave(.init(.internalError, count: 100))
            let untried = try await world.credentials.addTried(.hibp, label: "", key: "ffffffffffffffffffffffffffff1234", by: world.subject)
            #expect(!untried.isAccepted && untried.credential.status == .pending)
        }
    }

    @Test func `another company's key is not found`() async throws {
        try await ScanWorld.with { world async throws in
            let id = try #require(try await world.credential()).id
            let other = Subject(actor: .program("test"), company: try await world.database.makeCompany(), role: .admin)
            await #expect(throws: Credentials.Failure.notFound) { try await world.credentials.test(id, by: other) }
            await #expect(throws: Credentials.Failure.notFound) { try await world.credentials.remove(id, by: other) }
            #expect(try await world.credentials.list(for: other).isEmpty)
            try await world.credentials.remove(id, by: world.subject)
            #expect(try await world.credential() == nil)
        }
    }
}
