import Foundation
import Testing

@testable import LeakFiles

/// Secrets beside an address in the layouts that forms, programs, dumps in parts and lists of all kinds have them in.
@Suite struct SecretBesideTests {
    private static let address = "alex.doe@example.com"
    private static let secret = "Pw-Invented1"

    /// `A` stands for the address, `P` for the secret.
    private static func written(_ layouts: [String]) -> [String] {
        layouts.map { $0.replacing("⟨A⟩", with: address).replacing("⟨P⟩", with: secret) }
    }

    static let sites = written([
        "https://x.example <⟨A⟩> ⟨P⟩", "https://x.example/login (⟨A⟩) ⟨P⟩", "https://x.example ⟨A⟩ ⟨P⟩", "https://x.example/a/b '⟨A⟩' ⟨P⟩",
        "https://x.example/login?email=⟨A⟩&password=⟨P⟩&go=1", "https://x.example/login?next=/&pwd=⟨P⟩&log=⟨A⟩",
    ])

    static let lines = written([
        // Forms, also with other names, another order, and escaped.
        "email=⟨A⟩&password=⟨P⟩", "pwd=⟨P⟩&log=⟨A⟩", "POST /login?next=/&email=⟨A⟩&pass=Pw%2DInvented1&go=1", "user[email]=⟨A⟩&user[password]=⟨P⟩",
        "user%5Bemail%5D=⟨A⟩&user%5Bpassword%5D=⟨P⟩", "csrf=Zx81jJ&email=⟨A⟩&amp;kennwort=⟨P⟩",
        // What programs print.
        "{'email': '⟨A⟩', 'password': '⟨P⟩'}", "User(email=⟨A⟩, password=⟨P⟩)", "{email=⟨A⟩, password=⟨P⟩}",
        "\"email\" => \"⟨A⟩\", \"password\" => \"⟨P⟩\"",
        "<user><email>⟨A⟩</email><password>⟨P⟩</password></user>", "<user email=\"⟨A⟩\" password=\"⟨P⟩\"/>", "<u><pw>⟨P⟩</pw><mail>⟨A⟩</mail></u>",
        // Rows, and dumps that were cut into parts.
        "1,<⟨A⟩>,⟨P⟩", "17;<⟨A⟩>;⟨P⟩", "(1,'⟨A⟩','⟨P⟩'),", "(1,'⟨A⟩','⟨P⟩');", "('⟨A⟩','⟨P⟩'),('x@y.example','b')",
        "(1,'⟨A⟩','⟨P⟩',NULL,'2020-01-01 10:11:12','192.0.2.1'),", "1,'⟨A⟩','⟨P⟩'",
        // Lists.
        "{\"⟨A⟩\":\"⟨P⟩\"}", "\"⟨A⟩\":\"⟨P⟩\",", "\"⟨A⟩\"\t\"⟨P⟩\"", "\"⟨A⟩\",\"⟨P⟩\"", "⟨A⟩|⟨P⟩", "⟨A⟩ => ⟨P⟩", "⟨A⟩ -> ⟨P⟩", "'⟨A⟩' => '⟨P⟩'",
        "mailto:⟨A⟩:⟨P⟩", "<mailto:⟨A⟩>:⟨P⟩", "[⟨A⟩](mailto:⟨A⟩):⟨P⟩", "\"⟨A⟩:⟨P⟩\"", "[\"x@y.example:c\",\"⟨A⟩:⟨P⟩\"]", "{\"line\":\"⟨A⟩:⟨P⟩\"}",
        "⟨A⟩ | ⟨P⟩", "⟨A⟩  :  ⟨P⟩", "E-Mail=⟨A⟩;Kennwort=⟨P⟩", "[HIT] ⟨A⟩:⟨P⟩",
        "1) ⟨A⟩:⟨P⟩",
        "2026-05-06 12:13:14 ⟨A⟩:⟨P⟩", "{\"⟨A⟩\":{\"password\":\"⟨P⟩\"}}", "Login: ⟨A⟩ ⟨P⟩",
    ])

    static let blocks = written([
        "Email: <⟨A⟩>\nPassword: ⟨P⟩", "email=⟨A⟩\npassword=⟨P⟩", "Password: ⟨P⟩\nEmail: ⟨A⟩", "Name: Alex\nMail: ⟨A⟩\nCity: Paris\nKennwort: ⟨P⟩",
        "  \"email\": \"⟨A⟩\",\n  \"password\": \"⟨P⟩\",", "<email>⟨A⟩</email>\n<password>⟨P⟩</password>", "[email] => ⟨A⟩\n    [password] => ⟨P⟩",
        "⟨A⟩\nPassword: ⟨P⟩", "Konto: ⟨A⟩\nPasswort: ⟨P⟩", "Email: ⟨A⟩\r\nPassword: ⟨P⟩\r", "Email: ⟨A⟩\n\nPassword: ⟨P⟩",
        "- Email: ⟨A⟩\n- Password: ⟨P⟩",
        "Email: x@y.example\nPassword: Other-1\nEmail: ⟨A⟩\nPassword: ⟨P⟩\nEmail: z@y.example\nPassword: Other-2",
        "Password: Other-1\nEmail: x@y.example\nPassword: ⟨P⟩\nEmail: ⟨A⟩\nPassword: Other-2\nEmail: z@y.example",
    ])

    /// Alone, among lines as they are met, and in prose.
    private static func texts(_ line: String) -> [String] {
        [
            line, "sam@example.net:one\nbob@example.net:two\n\n\(line)\n\nkim@example.net:three\n",
            "A text of some words.\nAnother one, with more of them.\n\n\(line)\n",
        ]
    }

    @Test(arguments: lines + sites + blocks) func `the secret beside it is read`(_ line: String) throws {
        for text in Self.texts(line) {
            let found = records(text, watching: [Self.address])
            #expect(found.contains { $0.login == Self.address && $0.secretText == Self.secret }, "\(text)")
            #expect(found.allSatisfy { $0.secret == nil || $0.secretText == Self.secret }, "\(text)")
        }
    }

    @Test(arguments: sites) func `and its site`(_ line: String) throws {
        for text in Self.texts(line) { #expect(records(text, watching: [Self.address]).map(\.site) == ["x.example"], "\(text)") }
    }

    @Test(arguments: [0, 1_000, 70_000]) func `a block is read whole wherever it lies`(_ before: Int) async throws {
        let scratch = try Scratch()
        // Around the edge of what one thread reads at a time.
        for edge in [0, 1 << 20, 4 << 20] {
            let filler = String(repeating: "x", count: max(0, edge + before - 20)) + "\n\n"
            let text = "one@y.example:Qw1\ntwo@y.example:Qw2\n" + filler + "Email: \(Self.address)\nPassword: \(Self.secret)\n\n" + filler
            let watch = WatchList([Self.address])
            for path in [try scratch.write("list.txt", text), try scratch.write("list.txt.gz", ArchiveFixture.gzip(Array(text.utf8)))] {
                let reading = try await readAll([path], watch, threads: 2)
                #expect(reading.records.map(\.secretText) == [Self.secret], "\(path) \(edge)")
            }
        }
    }
}

/// What is not understood is said not to be, and what is understood is not.
@Suite struct UnreadTextTests {
    private static let address = "alex.doe@example.com"
    private static let secret = "Pw-Invented1"

    /// Lines of which nobody knows whether a secret is in them.
    static let unread = [
        "Write to alex.doe@example.com about Summer24", "Zq7Canary alex.doe@example.com", "ftp://alex.doe@example.com:Zq7@host.example",
        "https://x.example/?m=alex.doe@example.com:other:Zq7", "hunter:alex.doe@example.com", "alex.doe@example.com/Zq7",
        "Summer24:alex.doe@example.com",
        "Ask Alex (alex.doe@example.com): he knows", "17,alex.doe@example.com,Paris",
        "Alex,Doe,alex.doe@example.com,Paris", "x;alex.doe@example.com;a b;Zq7;z",
        "(1,'alexd','Zq7Canary','alex.doe@example.com'),", "(1,'alex.doe@example.com','a b','Zq7Canary'),", ",'alex.doe@example.com','a b'),(2,'x'",
        "INSERT INTO u VALUES (1,'Zq7Canary','alex.doe@example.com');", "{\"note\":\"alex.doe@example.com has the word Zq7\"}",
        "{\"email\":\"alex.doe@example.com\",\"credential\":\"Zq7-Canary\"}", "{\"email\":\"alex.doe@example.com\",\"pass",
        "Konto alex.doe@example.com Zq7 8",
        "email=alex.doe@example.com&zugang=Zq7-Canary", "Email: alex.doe@example.com\nZugang: Zq7-Canary", "alex.doe@example.com\nZq7-Canary",
        "<user><mail>alex.doe@example.com</mail><zugang>Zq7-Canary</zugang></user>", "Email: alex.doe@example.com | Zugang Zq7-Canary",
        "id,email,city\n1,alex.doe@example.com,Paris,Zq7-Canary", "id,email,field7\n1,alex.doe@example.com,Zq7Canary",
        "id,email,\n1,alex.doe@example.com,Zq7Canary",
        // Names that speak of something to sign in with, whatever else they have in them.
        "id,email,session_token\n1,alex.doe@example.com,Zq7Canary", "id,email,remember_token\n1,alex.doe@example.com,Zq7Canary",
        "id,email,last_pass\n1,alex.doe@example.com,Zq7Canary", "id,email,account_pwd\n1,alex.doe@example.com,Zq7Canary",
        "id,email,cipher\n1,alex.doe@example.com,Zq7Canary", "id,email,report_key\n1,alex.doe@example.com,Zq7Canary",
        "id,email,reset_code\n1,alex.doe@example.com,Zq7Canary", "id,email,message\n1,alex.doe@example.com,Zq7Canary",
        "id,email,last_password\n1,alex.doe@example.com,Zqsunshine",
        // Beside a line that has nothing but the address.
        "[+] Email : alex.doe@example.com\n[+] Zugang : Zq7Canary", "Email - alex.doe@example.com\nPassword - Zq7Canary",
        "Email\nalex.doe@example.com\nPassword\nZq7Canary", "alex.doe@example.com\nZq7 sunshine", "Zqsunshine\nalex.doe@example.com",
        // Other people's lines.
        "Email: alex.doe@example.com\nZq7mmer2023:johnsmith\nqwertz12:marysue", "alex.doe@example.com\nJohn Smith: Zq7 0170",
        "alex.doe@example.com\nthe pass word is Zqsunshine", "alex.doe@example.com\nthe password for it is Zqsunshine",
        "alex.doe@example.com\nP@ss.Zq7",
        String(repeating: "ab:Zq\n", count: 120) + "Email: alex.doe@example.com\n",
        "id,email,password\n1,alex.doe@example.com,\(String(repeating: "x", count: 2_000))",
    ]

    /// Lines that say all that they have.
    static let understood = [
        "alex.doe@example.com", "<alex.doe@example.com>", "  \"alex.doe@example.com\",", "alex.doe@example.com;", "alex.doe@example.com:",
        "alex.doe@example.com:null", "alex.doe@example.com:[NOT_SAVED]", "https://x.example/:alex.doe@example.com:",
        "https://x.example/:alex.doe@example.com", "https://x.example alex.doe@example.com", "mailto:alex.doe@example.com",
        "To: <alex.doe@example.com>; <bob@example.net>", "To: Alex Doe <alex.doe@example.com>, Bob Roe <bob@example.net>",
        "Alex Doe <alex.doe@example.com>",
        "From: alex.doe@example.com", "Email: alex.doe@example.com", "1 alex.doe@example.com 2026-05-06 12:13:14 192.0.2.1",
        "bob@example.net, alex.doe@example.com, kim@example.net", "17,alex.doe@example.com,2020-01-01,192.0.2.1,DE,1",
        "Name: Alex Doe | Email: alex.doe@example.com | City: New York",
        "{\"email\":\"alex.doe@example.com\",\"city\":\"New York\",\"phone\":\"+49 89 1234567\"}",
        "{\"id\":7,\"name\":\"Alex Doe\",\"email\":\"alex.doe@example.com\",\"tags\":[\"a\",\"b\"]}",
        "[\"alex.doe@example.com\",\"bob@example.net\"]",
        "INSERT INTO u (id,email,city) VALUES (1,'alex.doe@example.com','Paris');", "(1,'alex.doe@example.com',NULL,'2020-01-01'),",
        "id,email,name,city,phone\n1,alex.doe@example.com,Alex Doe,Paris,0123 4567890", "email\tname\tcity\nalex.doe@example.com\tAlex\tNew York",
        "id,email,password\n1,alex.doe@example.com,", "id;email;invoice no;colour\n1;alex.doe@example.com;17;green",
        "email=alex.doe@example.com&city=New+York&submit=Send", "Email: alex.doe@example.com\nCity: Paris\nPhone: 0123 4567890",
        "<user><mail>alex.doe@example.com</mail><city>Paris</city></user>",
        "These are all of them.\nalex.doe@example.com\nAnd no more of them.", "bob@example.net:other\nalex.doe@example.com\nkim@example.net:more",
        "https://x.example/unsubscribe?u=alex.doe@example.com", "bob@example.net\nalex.doe@example.com\nkim@example.net",
    ]

    /// Mailing lists with one field beside each address.
    @Test(arguments: [
        [",2020-01-11", ",2021-02-12", ",2022-03-13"], [";2020-01-11 10:00:00", ";2021-02-12 11:00:00", ";2022-03-13 12:00:00"],
        [",Anna", ",Bob", ",Carla"], [",John Doe", ",Jane Roe", ",Max Mustermann"], ["\tParis", "\tRome", "\tLondon"], [",DE", ",FR", ",US"],
        [",+49171234567", ",+49171234568", ",+49171234569"],
    ]) func `one harmless field beside each address is no password`(_ fields: [String]) {
        let text = zip([Self.address, "b@y.example", "c@z.example"], fields).map { $0 + $1 }.joined(separator: "\n")
        let found = records(text, watching: [Self.address])
        #expect(!found.isEmpty && found.allSatisfy { $0.secret == nil }, "\(text)")
    }

    /// What is the secret of another person, and is not taken for the one of the address.
    @Test(arguments: [
        "Email: alex.doe@example.com\nName: Jane\n\nEmail: b@y.example\nPassword: Other-1",
        "Email: alex.doe@example.com\nName: Jane\nEmail: b@y.example\nPassword: Other-1",
        "Name: Jane\nEmail: alex.doe@example.com\nCity: Paris\n\nName: Bob\nEmail: b@y.example\nPassword: Other-1",
        "Email: alex.doe@example.com City: Paris | Email: b@y.example Password: Other-1",
        "Email: alex.doe@example.com\njohnsmith:hunter2-1\nmarysue:5f4dcc3b5aa765d61d8327deb882cf99",
    ]) func `another person's secret is theirs`(_ text: String) {
        let found = records(text, watching: [Self.address])
        #expect(!found.isEmpty && found.allSatisfy { $0.secret == nil }, "\(text)")
        // Neither their login nor their secret is a name of what is known of the address.
        #expect(found.allSatisfy { $0.fields.allSatisfy { !["johnsmith", "marysue"].contains($0) } }, "\(found.map(\.fields))")
    }

    @Test func `in a line of two people each has their own`() {
        let text = "Email: c@y.example Password: Other-1 | Email: \(Self.address) Password: \(Self.secret)"
        #expect(records(text, watching: [Self.address]).map(\.secretText) == [Self.secret])
    }

    @Test(arguments: ["mail_password", "email_password", "emailPassword", "mailpass", "email_pwd"])
    func `a password of a mailbox is a password`(_ column: String) {
        let found = records("id,email,\(column)\n1,\(Self.address),\(Self.secret)\n2,b@y.example,Other-1\n", watching: [Self.address])
        #expect(found.map(\.secretText) == [Self.secret], "\(column)")
    }

    @Test(arguments: unread) func `text that was not understood is said not to be`(_ line: String) throws {
        for text in [line, "\(line)\n"] {
            let found = try #require(records(text, watching: [Self.address]).first)
            #expect(found.secret == nil, "\(line)")
            let unread = try #require(found.unread, "\(line)")
            #expect(String(decoding: unread.bytes, as: UTF8.self).contains(Self.address))
            #expect(!"\(found)".contains("Zq7"))
        }
    }

    @Test(arguments: understood) func `what is understood is harmless`(_ line: String) throws {
        for text in [line, "\(line)\n"] {
            let found = records(text, watching: [Self.address])
            #expect(!found.isEmpty && found.allSatisfy { $0.secret == nil && $0.unread == nil }, "\(line)")
        }
    }

    @Test func `a list of addresses says nothing else, whatever it is among`() {
        let list = (0..<50).map { "person\($0)@example.net\n" }.joined() + "\(Self.address)\nkim@example.net\n"
        for text in [list, "A list of addresses:\n\n" + list] { #expect(records(text, watching: [Self.address]).map { $0.unread == nil } == [true]) }
    }

    @Test func `a line of which only a part is at hand may have more`() async throws {
        let scratch = try Scratch()
        let text = String(repeating: "y ", count: 100_000) + Self.address + String(repeating: " y", count: 100_000)
        let reading = try await readAll([try scratch.write("list.txt", text)], WatchList([Self.address]))
        #expect(reading.records.map { $0.unread != nil } == [true])
    }

    @Test func `the same text is the same, wherever it lies and however it is packed`() async throws {
        let scratch = try Scratch()
        let line = "Write to \(Self.address) about Summer24"
        let texts = [line, "one of these\n\(line)\r\nand more", String(repeating: "filler, with words\n", count: 200_000) + line]
        var found: Set<[UInt8]> = []
        for text in texts {
            for path in [try scratch.write("a.txt", text), try scratch.write("a.txt.gz", ArchiveFixture.gzip(Array(text.utf8)))] {
                for record in try await readAll([path], WatchList([Self.address])).records { found.insert(record.unread?.bytes ?? []) }
            }
        }
        #expect(found == [Array(line.utf8)])
    }
}
