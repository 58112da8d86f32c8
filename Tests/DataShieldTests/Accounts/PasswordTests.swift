import Foundation
import Testing

@testable import DataShield

@Suite struct PasswordRulesTests {
    let rules: PasswordRules
    init() throws { rules = try .bundled() }

    @Test func `the bundled list is long, and none of it would fail for its length alone`() {
        #expect(rules.commonCount >= 1000)
    }

    @Test(arguments: [
        "short-pass1", "passwordpassword", "PasswordPassword", "qwertyuiop123", "123456789012", "aaaaaaaaaaaa", "abcabcabcabc", "abcdefghijkl",
        "letmein123456", "jane.doe@acme.example", "JANE.DOE@ACME.EXAMPLE", "acmecorporation", "Acme Corporation", "Acme-Corporation2026",
        "acme.example",
        "acmeexample123", "", "nul\0character-long", String(repeating: "a1B", count: 25),
    ])
    func `a password that is easily tried is refused`(_ password: String) {
        #expect(rules.problem(with: password, email: "jane.doe@acme.example", company: ["Acme Corporation", "acme.example"]) != nil)
    }

    @Test(arguments: [
        "river-otter-lantern-42", "correct otter battery", "ünïcødé-pässwörd", "twelve-chars", String(repeating: "x9Ks!", count: 14) + "zz",
        "janes-own-lantern",
    ])
    func `a password that is not is taken`(_ password: String) {
        #expect(rules.problem(with: password, email: "jane.doe@acme.example", company: ["Acme Corporation", "acme.example"]) == nil)
    }

    @Test func `the length counts bytes, because bcrypt does`() {
        #expect(rules.problem(with: String(repeating: "ß§", count: 18), email: "", company: []) != nil)  // a pattern
        #expect(rules.problem(with: "ÄÖÜ" + String(repeating: "xy9q", count: 16) + "é", email: "", company: []) == nil)  // 72
        #expect(rules.problem(with: "ÄÖÜ" + String(repeating: "xy9q", count: 16) + "éé", email: "", company: []) != nil)  // 74
    }
}

@Suite struct PasswordHasherTests {
    @Test func `a password is known again and another is not`() async throws {
        let hasher = PasswordHasher(cost: 4)
        let hash = try await hasher.hash("river-otter-lantern-42")
        #expect(hash.hasPrefix("$2b$04$") && hash.utf8.count == 60)
        #expect(try await hasher.verify("river-otter-lantern-42", against: hash))
        #expect(try await !hasher.verify("river-otter-lantern-43", against: hash))
        #expect(try await hasher.hash("river-otter-lantern-42") != hash)
    }

    @Test func `libcrypt's bcrypt gives the published answer`() async throws {
        // From the test vectors of crypt_blowfish.
        let hasher = PasswordHasher(cost: 4)
        #expect(try await hasher.verify("U*U", against: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"))
    }

    @Test func `without a user the same work is done and the answer is no`() async throws {
        let hasher = PasswordHasher(cost: 10)
        let clock = ContinuousClock()
        let stored = try await hasher.hash("river-otter-lantern-42")
        var durations: [Duration] = []
        for hash in [stored, nil] {
            var best = Duration.seconds(100)
            for _ in 0..<5 {
                let start = clock.now
                let isRight = try await hasher.verify("wrong-password-here", against: hash)
                best = min(best, start.duration(to: clock.now))
                #expect(!isRight)
            }
            durations.append(best)
        }
        let ratio = durations[0] / durations[1]
        #expect((0.5...2).contains(ratio), "\(ratio)")
    }

    @Test func `a queue that is full refuses at once`() async throws {
        let hasher = PasswordHasher(cost: 8, threadCount: 1, maximumWaiting: 2)
        let busy = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    do {
                        _ = try await hasher.hash("river-otter-lantern-42")
                        return false
                    } catch { return error is PasswordHasher.Failure }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(busy > 0 && busy <= 18)
    }

    @Test func `a hash of another cost is known to be outdated`() {
        let hasher = PasswordHasher(cost: 4)
        #expect(hasher.isOutdated("$2b$12$abcdefghijklmnopqrstuv") && !hasher.isOutdated("$2b$04$abcdefghijklmnopqrstuv"))
    }
}
