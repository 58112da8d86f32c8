import Foundation
import LeakFiles
import Testing

@testable import DataShield

@Suite struct LeakFindingsTests {
    private func secret(_ text: String, _ kind: SecretKind = .plain) -> LeakedSecret { LeakedSecret(kind: kind, bytes: Array(text.utf8)) }

    @Test(arguments: [
        ("ada@acme.example", "ada@acme.example"), ("ADA@acme.example", "ada@acme.example"), ("ada.private@example.net", "a***@example.net"),
        ("adalovelace", "a***"), ("", ""), ("@x", "@***"), ("a\u{0}b\u{1B}[31m", "a***"),
        // Passwords that stand where a login belongs.
        ("P@ssw0rd1", "P***"), ("P@ssw0rd!", "P***"), ("me@Home.Sweet", "m***"), ("x@y@2024.10", "x***"), ("a@b.c", "a***"), ("a@-b.de", "a***"),
        ("ada@\(String(repeating: "x", count: 80)).example.com", "a***"), ("ada@", "a***"),
        ("Ada@Mail.EXAMPLE.Co.Uk", "A***@mail.example.co.uk"), ("ada@corp.local", "a***@corp.local"),
        ("ada@bücher.example", "a***@xn--bcher-kva.example"),
    ])
    func `a login is shown so that its owner knows it`(login: String, shown: String) {
        #expect(LoginText.redacted(login, of: "ada@acme.example") == shown)
    }

    @Test(arguments: [
        ("exampleshop_2019.sql.gz", "exampleshop_2019"), ("dumps/Example Shop.csv", "Example Shop"), ("a.txt", nil), (".zip", nil), ("", nil),
        ("x/y/forum.v2.json", "forum.v2"), ("evil\u{0}\nname.sql", "evil name"), ("logs.zip!US_john@example.net.csv", nil),
    ])
    func `a dump is called by its file`(file: String, title: String?) {
        let name = DumpName(path: file, beginning: nil, readOn: Self.day)
        #expect(name?.text == title)
        #expect(name.map(\.isOwn) != false)
    }

    private static let day = BreachDate.day("2026-03-12") ?? .distantPast
    private static let unnamed = "Leak file read on 12 March 2026 (00000000)"

    @Test(arguments: [
        ("exampleshop.zip!users.sql", "exampleshop"), ("leaks/Example Shop/db_users (2).csv", "Example Shop"),
        ("exampleshop/data/dump.json", "exampleshop"),
        ("x.7z!exampleshop.tar.gz!backup/2019-03.sql", "exampleshop"), ("users.sql", unnamed),
        ("leaks/dumps.zip!passwords.txt", unnamed), ("a.csv", unnamed), ("x@example.net/users.sql", unnamed), ("x.txt", unnamed),
        ("combo.txt", unnamed), ("1.txt", unnamed), ("new 2.zip!data.csv", unnamed), ("part1.rar!part1.csv", unnamed), ("x y.sql", unnamed),
        ("Neue Kunden (3).csv", unnamed), ("пароли.txt", unnamed), ("archive.zip!uploads/db.sql", unnamed),
    ])
    func `a dump whose file's name says nothing is called by what holds it, or by its content`(file: String, title: String) {
        let name = DumpName(path: file, beginning: ContentDigest(high: 7, low: 1), readOn: Self.day)
        #expect(name?.text == title)
        #expect(name?.isOwn == false)
    }

    @Test func `every part that is passed over counts, and the first different ones are listed`() {
        var report = IngestReport()
        for number in 0..<500 {
            for _ in 0..<2 { report.skip(SkippedPart(path: "a.zip!\(number)", reason: "It is encrypted.")) }
        }
        #expect(report.skippedCount == 1_000)
        #expect(report.skipped.map(\.path) == (0..<IngestReport.listed).map { "a.zip!\($0)" })
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
            fingerprints: SecretFingerprints(key: [UInt8](repeating: 1, count: 32)), file: LeakFileID(), source: LeakSource(), dump: "shop",
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
