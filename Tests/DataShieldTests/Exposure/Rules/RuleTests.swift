import Foundation
import Testing

@testable import DataShield

@Suite struct ArtifactLabelTests {
    @Test(arguments: [
        ("Cookies", ArtifactKind.cookie), ("session cookie", .cookie), ("Discord tokens", .token), ("JWT", .token), ("Telegram sessions", .token),
        ("Autofills", .autofill), ("form history", .autofill), ("Passwords.txt", .password), ("credentials", .password), ("passes", .password),
        ("PASSPORT", .password), ("information", .autofill),
    ])
    func `labels stand for kinds by what they contain`(label: String, kind: ArtifactKind) {
        #expect(ArtifactKind(label: label) == kind)
    }

    @Test(arguments: ["", "screenshots", "wallets", "hwid"]) func `other labels are dropped`(label: String) {
        #expect(ArtifactKind(label: label) == nil)
    }

    @Test func `kinds of several labels come once, in a fixed order`() {
        #expect(ArtifactKind.kinds(of: ["tokens", "passwords", "cookies", "pass", "wallets"]) == [.password, .cookie, .token])
    }
}

@Suite struct CanonicalKeyTests {
    @Test(arguments: [
        ("Adobe", "adobe"), ("Canva.com", "canva"), (" canva ", "canva"), ("CANVA.COM", "canva"), ("Example.co", "example"),
        ("example.org", "example"),
        ("My-Space_2008", "myspace2008"), ("000webhost", "000webhost"), ("dropbox.com.net", "dropboxcom"), ("app.io", "app"), ("x.info", "x"),
        ("y.biz", "y"), ("bulgarian.net.com", "bulgariannet"), ("Soci\u{E9}t\u{E9}.fr", "soci\u{E9}t\u{E9}fr"),
        ("SOCIE\u{301}TE\u{301}.fr", "soci\u{E9}t\u{E9}fr"), ("Example Shop", "exampleshop"),
        ("a.company", "acompany"),
        (".com", ".com"), ("!!!", "!!!"), ("", "unnamed"), ("   ", "unnamed"),
    ])
    func `spellings of one breach have one key`(name: String, key: String) {
        // Text that is written alike is equal for Swift, and none for the database.
        #expect(Array(CanonicalKey.of(name).unicodeScalars) == Array(key.unicodeScalars))
    }
}

@Suite struct SeverityRuleTests {
    static let now = Timestamp.parse("2026-06-15T12:00:00Z") ?? .distantPast
    static let old = Timestamp.parse("2021-06-14")
    static let recent = Timestamp.parse("2021-06-16")

    private static let cases: [(BreachSource, [String], [ArtifactKind], Severity)] = [
        (.hibp, ["email"], [.cookie], .critical),
        (.darkWeb, ["email"], [.token], .critical),
        (.stealerLog, ["email"], [], .high),
        (.stealerLog, ["email", "password"], [], .critical),
        (.stealerLog, ["email"], [.password], .critical),
        (.stealerLog, ["email"], [.autofill], .high),
        (.hibp, ["email", "password"], [], .high),
        (.hibp, ["password", "hashed_password"], [], .critical),
        (.darkWeb, ["credit_card", "ssn", "bank_account"], [], .critical),
        (.hibp, ["bank_account"], [], .high),
        (.hibp, ["email", "ip_address"], [], .medium),
        (.darkWeb, ["email"], [.password], .medium),
        (.manual, [], [], .medium),
    ]

    @Test(arguments: cases)
    func `severity follows from source, data and artifacts`(source: BreachSource, types: [String], artifacts: [ArtifactKind], expected: Severity) {
        let rule = SeverityRule(now: Self.now)
        #expect(rule.severity(source: source, dataTypes: types, artifacts: artifacts, breachDate: nil) == expected)
    }

    private static let aged: [([String], Date?, Severity)] = [
        (["email"], old, .low), (["email", "name", "username", "phone", "address"], old, .low), (["email"], recent, .medium),
        (["email"], nil, .medium), (["email", "gender"], old, .medium), ([], old, .medium), (["email", "password"], old, .high),
    ]

    @Test(arguments: aged)
    func `only contact data of more than five years ago are LOW`(types: [String], date: Date?, expected: Severity) {
        #expect(SeverityRule(now: Self.now).severity(source: .hibp, dataTypes: types, artifacts: [], breachDate: date) == expected)
    }

    @Test func `five years are counted on the calendar`() {
        let day = Timestamp.parse("2020-02-29")
        let before = SeverityRule(now: Timestamp.parse("2025-02-28T00:00:00Z") ?? .distantPast)
        let after = SeverityRule(now: Timestamp.parse("2025-03-01T00:00:01Z") ?? .distantPast)
        #expect(before.severity(source: .hibp, dataTypes: ["email"], artifacts: [], breachDate: day) == .medium)
        #expect(after.severity(source: .hibp, dataTypes: ["email"], artifacts: [], breachDate: day) == .low)
    }
}

@Suite struct BreachDateTests {
    @Test(arguments: [
        ("2013-10-04", "2013-10-04T00:00:00.000Z"), ("2023-12-31T01:23:45", "2023-12-31T01:23:45.000Z"),
        ("2013-12-04T00:00:00Z", "2013-12-04T00:00:00.000Z"), ("2024-02-29", "2024-02-29T00:00:00.000Z"),
    ])
    func `the three forms are read`(text: String, expected: String) {
        #expect(BreachDate.parse(text).map(Timestamp.text) == expected)
    }

    @Test(arguments: ["", "unknown", "2023-02-29", "2023-13-01", "2019-07", "0000-00-00", "2013-10-04T25:00:00", "04.10.2013", "2013-10-0a"])
    func `what is no date is none`(text: String) {
        #expect(BreachDate.parse(text) == nil)
    }

    @Test func `a time is brought to its day`() {
        #expect(BreachDate.day("2023-12-31T01:23:45").map(Timestamp.text) == "2023-12-31T00:00:00.000Z")
        #expect(BreachDate.day(nil) == nil)
    }
}

@Suite struct ConfidenceTests {
    @Test(arguments: [
        (AlertConfidence.low, AlertConfidence.low, AlertConfidence.medium), (.low, .medium, .high), (.medium, .medium, .high),
        (.medium, .high, .high),
        (.high, .low, .high),
    ])
    func `a second source raises the higher of the two by a step`(one: AlertConfidence, other: AlertConfidence, both: AlertConfidence) {
        #expect(one.corroborated(by: other) == both)
        #expect(other.corroborated(by: one) == both)
    }

    @Test(arguments: [
        (ApiProvider.hibp, BreachSource.hibp, AlertConfidence.high), (.hibpStealer, .stealerLog, .high), (.dehashed, .darkWeb, .medium),
        (.leakcheck, .darkWeb, .medium), (.snusbase, .darkWeb, .medium), (.intelx, .darkWeb, .low),
    ])
    func `a provider has its source and its confidence`(provider: ApiProvider, source: BreachSource, confidence: AlertConfidence) {
        #expect(provider.source == source)
        #expect(provider.tier.confidence == confidence)
    }
}
