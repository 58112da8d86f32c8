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

    @Test(arguments: [
        "DataShield2026!", "datashield-26-11", "D4t4Sh1eld2026", "$hield-Data-2026", "AcmeCorporation!2026", "2026acmecorporation", "Acme@Summer2026",
        "Summer2026!!", "sommer-2026-herbst", "November-2026", "P@ssw0rd-P@ssw0rd",
        "MyNewPassword1!", "jane.doe.2026", "Doe-Jane-1990", "D\u{301}atashield2026", "2025-2026-2027", "19981999-2000", "Admin!Admin!2026",
    ])
    func `what is made of names, seasons, years and common words is refused`(_ password: String) {
        #expect(rules.problem(with: password, email: "jane.doe@acme.example", company: ["Acme Corporation", "acme.example"]) != nil)
    }

    @Test(arguments: [
        "datashield-otter-lantern", "summer-river-otter", "843920174658", "acme lantern corporation", "river2026otter!", "21-07-3391-5520",
    ])
    func `one other word is enough`(_ password: String) {
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

    @Test func `a password of which bcrypt sees only the beginning is not the right one, and costs the same work`() async throws {
        let hasher = PasswordHasher(cost: 4)
        let whole = String(repeating: "x9Ks!", count: 14) + "zz"
        let hash = try await hasher.hash(whole)
        #expect(whole.utf8.count == 72)
        #expect(try await hasher.verify(whole, against: hash))
        for longer in [whole + "z", whole + "\u{E9}", whole + String(repeating: "z", count: 10_000), whole + "\0", "river\0otter"] {
            #expect(try await !hasher.verify(longer, against: hash))
        }
        #expect(try await !hasher.verify("river\0otter-lantern", against: try await hasher.hash("river")))
        let full = PasswordHasher(cost: 4, threadCount: 1, maximumWaiting: 0)
        await #expect(throws: PasswordHasher.Failure.busy) { try await full.verify(whole + "z", against: hash) }
    }

    @Test func `without a user the same work is done and the answer is no`() async throws {
        let hasher = PasswordHasher(cost: 5)
        // What is hashed against instead is of the same cost, and its own password is not taken for anybody's.
        #expect(!hasher.isOutdated(hasher.dummy))
        #expect(try await hasher.verify("U*U", against: hasher.dummy))
        #expect(!(try await hasher.verify("U*U", against: nil)))
        #expect(!(try await hasher.verify("!", against: "!")))
        // It waits for its turn as a real one does.
        let full = PasswordHasher(cost: 4, threadCount: 1, maximumWaiting: 0)
        await #expect(throws: PasswordHasher.Failure.busy) { try await full.verify("wrong-password-here", against: nil) }
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
