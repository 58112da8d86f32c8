import Foundation
import LeakFiles
import Testing

@testable import DataShield

@Suite struct LeakFindingsTests {
    private func secret(_ text: String, _ kind: SecretKind = .plain) -> LeakedSecret { LeakedSecret(kind: kind, bytes: Array(text.utf8)) }

    @Test(arguments: [
        ("ada@acme.example", "ada@acme.example"), ("ADA@acme.example", "ada@acme.example"), ("ada.private@example.net", "a***@example.net"),
        ("adalovelace", "a***"), ("", ""), ("@x", "@***"), ("a\u{0}b\u{1B}[31m", "a***"),
    ])
    func `a login is shown so that its owner knows it`(login: String, shown: String) {
        #expect(LoginText.redacted(login, of: "ada@acme.example") == shown)
    }

    @Test(arguments: [
        ("exampleshop_2019.sql.gz", "exampleshop_2019"), ("dumps/Example Shop.csv", "Example Shop"), ("a.txt", nil), (".zip", nil), ("", nil),
        ("x/y/forum.v2.json", "forum.v2"), ("evil\u{0}\nname.sql", "evil name"), ("logs.zip!US_john@example.net.csv", nil),
    ])
    func `a dump is called by its file`(file: String, title: String?) {
        #expect(LeakSource(fileName: file).fileTitle == title)
    }

    @Test func `fingerprints are equal for equal secrets of one company, and for nothing else`() {
        let one = SecretFingerprints(key: [UInt8](repeating: 1, count: 32))
        let other = SecretFingerprints(key: [UInt8](repeating: 2, count: 32))
        #expect(one.fingerprint(of: secret("a")) == one.fingerprint(of: secret("a")))
        #expect(one.fingerprint(of: secret("a")) != one.fingerprint(of: secret("b")))
        #expect(one.fingerprint(of: secret("a")) != one.fingerprint(of: secret("a", .md5)))
        #expect(one.fingerprint(of: secret("a")) != other.fingerprint(of: secret("a")))
        #expect(one.identity(login: "Ada", secret: secret("a"), machine: nil) == one.identity(login: "ada", secret: secret("a"), machine: nil))
        #expect(one.identity(login: "ada", secret: secret("a"), machine: nil) != one.identity(login: "ada", secret: secret("a"), machine: "m"))
        // Where one part ends and the next begins counts.
        #expect(one.identity(login: "ab", secret: secret("c"), machine: nil) != one.identity(login: "a", secret: secret("bc"), machine: nil))
    }

    @Test func `data types are of the one vocabulary, and a login that is no address is a name`() {
        let maker = LeakFindings(
            fingerprints: SecretFingerprints(key: [UInt8](repeating: 1, count: 32)), file: LeakFileID(), source: LeakSource(fileName: "shop.csv"),
            domains: ["acme.example"])
        let record = LeakRecord(
            address: 0, shape: .table, login: "adal", secret: secret("$2y$10$abcdefghijklmnopqrstuv", .bcrypt), fields: ["lastip", "phone", "dob"])
        let findings = maker.findings([record], of: .init(employee: EmployeeID(), address: "ada@acme.example"))
        #expect(findings.map(\.breachName) == ["shop"])
        #expect(findings.first?.dataTypes == ["date_of_birth", "email", "hashed_password", "ip_address", "phone", "username"])
        #expect(findings.first?.source == .darkWeb)
        #expect(findings.first?.provider == nil)
    }
}
