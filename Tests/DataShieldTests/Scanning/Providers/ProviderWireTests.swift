import Foundation
import JSON
import Testing

@testable import DataShield

/// The samples of the services' documentation, and what they may become.
@Suite struct ProviderWireTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
    private static let alex = EmailAddress(stored: "alex.doe@example.com")

    // MARK: DeHashed

    private static let dehashed = #"""
        {"balance": 412, "total": 1, "took": "179µs", "entries": [
          {"id": "1234567890", "email": ["alex.doe@example.com"], "username": ["alexd"], "password": ["Invented-1!"],
           "hashed_password": ["$2y$10$abcdefghijklmnopqrstuv"], "ip_address": ["192.0.2.10"], "url": ["shop.example.com"],
           "database_name": "ExampleShop", "raw_record": {"le_only": false, "unstructured": false}}]}
        """#

    @Test(arguments: [
        dehashed, dehashed.replacing("412", with: #""412""#), dehashed.replacing(#"["alexd"]"#, with: #""alexd""#),
        dehashed.replacing(#"["alex.doe@example.com"]"#, with: #""alex.doe@example.com""#),
    ])
    func `DeHashed's sample is read in each of its forms`(text: String) throws {
        let page = try DehashedWire.page(Self.bytes(text))
        #expect(page.balance == 412 && page.total == 1)
        let entry = try #require(page.entries.first)
        #expect(entry.addresses == [Self.alex])
        #expect(entry.row.source == "ExampleShop" && entry.row.sites == ["shop.example.com"])
        #expect(entry.row.dataTypes == ["email", "hashed_password", "ip_address", "password", "username", "website_url"])
    }

    @Test(arguments: [
        (#"{"entries": []}"#, "total is missing"), (#"{"total": "many"}"#, "total is a text, not a whole number"),
        (#"{"total": 3}"#, "entries is missing"),
        (#"{"total": 1, "entries": "x"}"#, "entries is a text, not a list"),
        (#"{"total": 1, "entries": [7]}"#, "entries[] is a whole number, not an object"),
        (#"{"total": 1, "entries": [{"mail": ["a@b.example"], "database_name": "X"}]}"#, "entries[].email is missing"), ("[]", "total is missing"),
    ])
    func `DeHashed's answer without what must be there names it`(text: String, what: String) {
        #expect(throws: ProviderFailure.malformed(what)) { try DehashedWire.page(Self.bytes(text)) }
    }

    @Test(arguments: [
        #"{"total": 1, "entries": [{"email": ["a@b.example"]}]}"#, #"{"total": 1, "entries": [{"email": "a@b.example", "database_name": null}]}"#,
        #"{"total": 2, "entries": [7, {"email": ["a@b.example"], "database_name": ["X", "Y"]}]}"#,
        #"{"total": null, "entries": [{"email": ["a@b.example"], "obtained_from": {}}]}"#,
    ])
    func `DeHashed's entry without the name of a leak is an exposure`(text: String) throws {
        let page = try DehashedWire.page(Self.bytes(text))
        #expect(page.entries.map(\.row.source) == ["Unnamed source (DeHashed)"])
        #expect(page.entries.first?.addresses == [EmailAddress(stored: "a@b.example")])
    }

    @Test(arguments: [
        (#"{"found": 1, "result": [{"email": "a@b.example"}]}"#, "Unnamed source (LeakCheck)"),
        (#"{"found": 1, "result": [{"email": ["a@b.example"], "source": null}]}"#, "Unnamed source (LeakCheck)"),
        (#"{"found": 1, "result": [{"email": "a@b.example", "source": "Example Shop"}]}"#, "Example Shop"),
        (#"{"found": 1, "result": [{"email": "a@b.example", "source": {"name": 7}}]}"#, "7"),
        (#"{"found": "one", "result": [3, {"email": ["a@b.example", "c@d.example"], "source": {}}]}"#, "Unnamed source (LeakCheck)"),
    ])
    func `LeakCheck's row without a source, or with a list of addresses, is an exposure`(text: String, source: String) throws {
        let page = try LeakCheckWire.page(Self.bytes(text))
        #expect(page.rows.map(\.row.source) == [source])
        #expect(page.rows.first?.addresses.first == EmailAddress(stored: "a@b.example"))
    }

    @Test(arguments: [#"{"total": 0}"#, #"{"total": 0, "entries": null}"#, #"{"total": 0, "entries": []}"#])
    func `DeHashed has nothing in three forms`(text: String) throws {
        #expect(try DehashedWire.page(Self.bytes(text)).entries.isEmpty)
    }

    // MARK: LeakCheck

    @Test func `LeakCheck's sample is read`() throws {
        let page = try LeakCheckWire.page(
            Self.bytes(
                #"""
                {"success": true, "found": 1, "quota": 399, "result": [
                  {"email": "Alex.Doe@example.com", "username": "alexd", "password": "Invented-2!", "phone": "",
                   "source": {"name": "ExampleShop", "breach_date": "2019-07", "unverified": 0, "passwordless": 0, "compilation": 0},
                   "fields": ["email", "username", "password", "first_name"]}]}
                """#))
        #expect(page.found == 1 && page.quota == 399)
        #expect(page.rows.first?.addresses == [Self.alex])
        #expect(page.rows.first?.row.dataTypes == ["email", "name", "password", "username"])
        #expect(page.rows.first?.row.source == "ExampleShop")
    }

    @Test(arguments: [
        (#"{"result": []}"#, "found is missing"), (#"{"found": 1}"#, "result is missing"),
        (#"{"found": 1, "result": {}}"#, "result is an object, not a list"),
        (#"{"found": 1, "result": [3]}"#, "result[] is a whole number, not an object"),
        (#"{"found": 1, "result": [{"mail": "a@b.example", "source": {"name": "X"}}]}"#, "result[].email is missing"),
    ])
    func `LeakCheck's answer without what must be there names it`(text: String, what: String) {
        #expect(throws: ProviderFailure.malformed(what)) { try LeakCheckWire.page(Self.bytes(text)) }
    }

    @Test(
        arguments: [
            (400, #"{"success": false, "error": "Invalid X-API-Key"}"#, ProviderFailure.refusedKey),
            (401, #"{"success": false, "error": "Missing X-API-Key"}"#, .refusedKey),
            (400, #"{"success": false, "error": "Invalid email"}"#, .notAcceptable),
            (403, #"{"success": false, "error": "Limit reached"}"#, .quota),
            (403, #"{"success": false, "error": "Active plan required"}"#, .notPermitted),
            (422, #"{"error": "Could not determine search type automatically"}"#, .notAcceptable),
            (429, #"{"success": false, "error": "Too many requests"}"#, .rateLimited(retryAfter: nil)),
            (200, #"{"success": false, "error": "Limit reached"}"#, .quota), (200, #"{"success": false}"#, .malformed("success is false")),
            (200, #"{"success": true, "found": 0, "result": []}"#, nil), (500, "", .unavailable(status: 500)),
        ] as [(Int, String, ProviderFailure?)])
    func `what LeakCheck means is told by status and text`(status: Int, text: String, failure: ProviderFailure?) {
        #expect(LeakCheckWire.failure(ProviderAnswer(status: status, headers: [:], bytes: Self.bytes(text)), now: Date()) == failure)
    }

    @Test func `sources without a name are not one breach`() throws {
        let leakcheck = try LeakCheckWire.page(
            Self.bytes(#"{"found": 1, "result": [{"email": "a@b.example", "source": {"name": "Unknown"}}]}"#))
        let dehashed = try DehashedWire.page(Self.bytes(#"{"total": 1, "entries": [{"email": ["a@b.example"], "database_name": " "}]}"#))
        #expect(leakcheck.rows.first?.row.source == "Unnamed source (LeakCheck)")
        #expect(dehashed.entries.first?.row.source == "Unnamed source (DeHashed)")
    }

    // MARK: Intelligence X

    private static let record = #"""
        {"systemid": "11111111-2222-4333-8444-555555555555", "storageid": "", "instore": true, "size": 20480, "accesslevel": 0, "type": 1,
         "media": 24, "added": "2026-07-01T03:04:05Z", "date": "2026-06-30T00:00:00Z", "name": "logs/Passwords.txt", "description": "",
         "xscore": 58, "simhash": 17293822569102704640, "bucket": "leaks.logs", "keyvalues": null, "tags": null, "relations": null}
        """#

    private static func items(_ texts: String...) throws -> [IntelXWire.Item] {
        try IntelXWire.items(texts.map { try JSONValue.answer(bytes($0)) }).read
    }

    @Test func `one id does not make one of two leaks or files`() throws {
        let row = #""email": ["a@b.example"], "database_name""#
        let rows = [("\"\"", "X"), ("\"\"", "Y"), ("7", "X"), ("7", "Y"), ("7", "Y")].map { #"{"id": \#($0), \#(row): "\#($1)"}"# }
        let page = try DehashedWire.page(Self.bytes(#"{"total": 5, "entries": [\#(rows.joined(separator: ", "))]}"#))
        #expect(page.entries.count == 5 && Set(page.entries.map(\.id)).count == 4)
        let files = try Self.items(Self.record, Self.record.replacing("Passwords", with: "Cookies"), Self.record)
        #expect(files.map(\.name) == ["logs/Passwords.txt", "logs/Cookies.txt"])
    }

    @Test func `a name that stands twice in a row spoils no other, and nobody of it is missed`() throws {
        let leakcheck = try LeakCheckWire.page(
            Self.bytes(
                #"""
                {"found": 2, "result": [{"email": "a@b.example", "email": "c@d.example", "source": "X"}, {"email": "e@f.example", "source": "Y"}]}
                """#))
        #expect(leakcheck.rows.map(\.addresses.count) == [2, 1])
        let breaches = try HIBPWire.entries(JSONValue.answer(Self.bytes(#"[{"Name":"A","Name":"B"},{"Name":"C"}]"#)))
        #expect(breaches.read.map(\.name) == ["C"] && breaches.unread.count == 1)
    }

    @Test func `the sample of Intelligence X is a stealer log, with its file and its date`() throws {
        let findings = IntelXWire.findings(try Self.items(Self.record, Self.record))
        let finding = try #require(findings.first)
        #expect(findings.count == 1)
        #expect(finding.breachName == "Stealer logs (Intelligence X)" && finding.source == .stealerLog)
        #expect(finding.evidence == Evidence(items: ["logs/Passwords.txt"]))
        #expect(finding.capturedAt == Timestamp.parse("2026-06-30T00:00:00Z"))
        #expect(finding.dataTypes == ["email"] && finding.artifacts.isEmpty && finding.breachDate == nil)
    }

    @Test(
        arguments: [
            ("leaks.public.general", "Adobe.com.txt [Part 3 of 12]", "Adobe.com"),
            ("leaks.private.general", "dumps/Example Shop.sql.gz", "Example Shop"),
            ("leaks.public.general", "", "Leaks (Intelligence X)"), ("leaks.public.general", "x.txt", "Leaks (Intelligence X)"),
            ("leaks.public.general", "new 2.zip", "Leaks (Intelligence X)"),
            ("leaks.private.general", "dumps/passwords.txt [Part 1 of 2]", "Leaks (Intelligence X)"), ("leaks.public.general", "vk.txt", "vk"),
            ("pastes", "", "Pastes (Intelligence X)"),
            ("darknet.tor", "http://x.onion/", "Dark web pages (Intelligence X)"), ("dumpster.web.1", "", "Discarded files (Intelligence X)"),
            ("web.public.com", "page", nil), ("whois", "", nil), ("leaksnot", "x", nil),
        ] as [(String, String, String?)])
    func `a bucket and a file's name say what was found`(bucket: String, name: String, breach: String?) {
        let found = IntelXWire.findings([IntelXWire.Item(name: name, bucket: bucket, date: nil)])
        #expect(found.map(\.breachName) == (breach.map { [$0] } ?? []))
    }

    @Test func `a record without bucket is malformed`() {
        #expect(throws: ProviderFailure.malformed("bucket is missing")) { try Self.items(#"{"name": "x"}"#) }
    }

    @Test func `credits are counted until midnight of UTC`() {
        let noon = Date(timeIntervalSince1970: 86_400 * 20_000 + 43_200)
        #expect(IntelXProvider.midnight(after: noon) == Date(timeIntervalSince1970: 86_400 * 20_001))
    }

    // MARK: Snusbase

    private static let snusbase = #"""
        {"took": 4.21, "size": 2, "results": {"9001_EXAMPLE_COM_1M_SHOPPING_072019": [
          {"email": "alex.doe@example.com", "username": "alexd", "hash": "5f4dcc3b5aa765d61d8327deb882cf99", "salt": "x1", "lastip": "192.0.2.10"},
          {"email": "sam@example.com", "password": "Invented-4!", "_domain": "example.com"}]}}
        """#

    @Test func `Snusbase's sample is read, by table and flat`() throws {
        let rows = try SnusbaseWire.page(Self.bytes(Self.snusbase)).rows(of: .snusbase) { $0.domain == "example.com" }
        #expect(rows.findings[Self.alex]?.map(\.breachName) == ["example.com"])
        #expect(rows.findings[Self.alex]?.first?.dataTypes == ["email", "hashed_password", "ip_address", "password_salt", "username"])
        #expect(rows.findings[EmailAddress(stored: "sam@example.com")]?.first?.dataTypes == ["email", "password"])
        let flat = try SnusbaseWire.page(
            Self.bytes(#"{"took": 1, "size": 1, "results": [{"email": "alex.doe@example.com", "db": "X_Y", "name": "A"}]}"#))
        #expect(flat.rows(of: .snusbase) { _ in true }.findings[Self.alex]?.map(\.breachName) == ["X Y"])
        #expect(try SnusbaseWire.page(Self.bytes(#"{"size": 0, "results": [], "errors": ["x"]}"#)).hasErrors)
    }

    @Test(arguments: [
        (#"{"results": {}}"#, "size is missing"), (#"{"size": 0}"#, "results is missing"),
        (#"{"size": 2, "results": {}}"#, "results is empty and size is not"),
        (#"{"size": 1, "results": "x"}"#, "results is a text, neither an object nor a list"),
        (#"{"size": 1, "results": {"T": 1}}"#, "results of a table is a whole number, not a list"),
        (#"{"size": 1, "results": {"T": [{"mail": "a@b.example"}]}}"#, "results has no column email"),
    ])
    func `Snusbase's answer without what must be there names it`(text: String, what: String) {
        #expect(throws: ProviderFailure.malformed(what)) { try SnusbaseWire.page(Self.bytes(text)) }
    }

    @Test func `LeakCheck says when a leak was, to the month or to the day`() throws {
        func day(_ date: String) throws -> String? {
            let answer = """
                {"success": true, "found": 1, "quota": 9, "result": [{"email": "alex.doe@example.com", "password": "x",
                    "source": {"name": "ExampleShop", "breach_date": \(date)}}]}
                """
            var rows = LeakedRows(provider: .leakcheck)
            for row in try LeakCheckWire.page(Self.bytes(answer)).rows { rows.add(row.row, of: Self.alex) }
            return rows.findings[Self.alex]?.first?.breachDate.map { String(Timestamp.text($0).prefix(10)) }
        }
        #expect(try day(#""2019-07""#) == "2019-07-31")
        #expect(try day(#""2019-07-04""#) == "2019-07-04")
        #expect(try day("null") == nil)
        #expect(try day(#""soon""#) == nil)
    }

    // MARK: What they have in common

    @Test(
        arguments: [
            ("https://vpn.example.com/login?token=secret", "vpn.example.com"), ("shop.example.com", "shop.example.com"),
            ("HTTPS://User:Pass@Mail.Example.net:8443/x", "mail.example.net"), ("https://sam@example.com/", "example.com"), ("localhost", nil),
            ("", nil), ("a b.example", nil), ("https://[2001:db8::1]/x", nil), ("\u{0}x.example", nil), (".example.com", nil),
        ] as [(String, String?)])
    func `of a site only its host is kept`(text: String, host: String?) {
        #expect(Site(text)?.host == host)
    }

    @Test func `many rows of one leak are one finding, in whatever order they come`() {
        let rows = [
            LeakedRow(source: "Example.com", fields: ["password"], sites: ["a.example"]), LeakedRow(source: "example", fields: ["hash"]),
            LeakedRow(source: "Other", fields: []),
        ]
        func findings(_ order: [LeakedRow]) -> [Finding]? {
            var gathered = LeakedRows(provider: .dehashed)
            for row in order { gathered.add(row, of: Self.alex) }
            return gathered.findings[Self.alex]
        }
        #expect(findings(rows) == findings(rows.reversed()))
        #expect(findings(rows)?.map(\.dataTypes) == [["email", "hashed_password", "password"], ["email"]])
        #expect(findings(rows)?.allSatisfy { $0.source == .darkWeb && $0.artifacts.isEmpty } == true)
        let stolen = findings([LeakedRow(source: "Stealer Logs", fields: ["password", "url"], sites: ["https://vpn.example.com/"])])
        #expect(stolen?.first?.artifacts == [.password] && stolen?.first?.evidence == Evidence(sites: ["vpn.example.com"]))
    }

    /// Every name of a field, column or kind of data that the services' documentation has.
    @Test(arguments: [
        // DeHashed
        ("email", "email"), ("ip_address", "ip_address"), ("username", "username"), ("password", "password"), ("hashed_password", "hashed_password"),
        ("name", "name"), ("dob", "date_of_birth"), ("license_plate", "license_plate"), ("address", "address"), ("phone", "phone"),
        ("company", "company"), ("url", "website_url"), ("social", "social_media_profile"), ("cryptocurrency_address", "cryptocurrency_address"),
        ("vin", "vin"), ("domain", "website_url"),
        // LeakCheck
        ("first_name", "name"), ("last_name", "name"), ("zip", "address"), ("country", "geolocation"), ("origin", "website_url"),
        // Snusbase
        ("hash", "hashed_password"), ("salt", "password_salt"), ("lastip", "ip_address"), ("_domain", "website_url"), ("uid", "user_id"),
        ("created", "account_date"), ("updated", "account_date"), ("regip", "ip_address"), ("city", "address"), ("state", "address"),
        ("gender", "gender"), ("host", "website_url"),
    ])
    func `each field that the services document has its term`(field: String, term: String) {
        #expect(DataType.normalise(field) == term)
        #expect(DataType.aliases[DataType.joinedWords(field)] != nil, "It must be in the table, not only come out right.")
    }

    @Test func `evidence that was kept before files had names is read`() throws {
        let old = try JSONCoding.decode(Evidence.self, from: Self.bytes(#"{"sites": ["a.example"], "logins": []}"#))
        #expect(old == Evidence(sites: ["a.example"]))
    }
}
