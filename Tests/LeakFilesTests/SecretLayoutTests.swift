import Testing

@testable import LeakFiles

/// Secrets in the layouts that lists, tables and captures have them in.
@Suite struct SecretLayoutTests {
    private static let bcrypt = "$2y$10$abcdefghijklmnopqrstuv0123456789ABCDEFGHIJKLMNOPQRSTU"
    private static let md5 = "5f4dcc3b5aa765d61d8327deb882cf99"

    struct Column: Sendable, CustomTestStringConvertible {
        var name: String
        var value: String
        var kind: SecretKind?
        var testDescription: String { "\(name)=\(value.prefix(12))" }
    }

    static let columns: [Column] = [
        Column(name: "pwhash", value: bcrypt, kind: .bcrypt), Column(name: "Passwort-Hash", value: bcrypt, kind: .bcrypt),
        Column(name: "crypt", value: bcrypt, kind: .bcrypt), Column(name: "bcrypt", value: bcrypt, kind: .bcrypt),
        Column(name: "field7", value: bcrypt, kind: .bcrypt), Column(name: "field7", value: "$argon2id$v=19$m=65536,t=3$abc$def", kind: .argon2),
        Column(name: "x", value: "$P$Babcdefghijklmnopqrstuvwxyz01234", kind: .phpass),
        Column(name: "x", value: "$6$salt$abcdefghijklmnopqrst", kind: .sha512crypt),
        Column(name: "x", value: "*" + String(repeating: "A1", count: 20), kind: .mysql),
        Column(name: "x", value: "{SSHA}abcdefghijklmnopqrstuvwx", kind: .ssha),
        Column(name: "x", value: "AQAAAAEAACcQAAAAE" + String(repeating: "a", count: 67), kind: .pbkdf2),
        Column(name: "user_pwd", value: "Zq7Canary", kind: .plain), Column(name: "Kennwort (alt)", value: "Zq7Canary", kind: .plain),
        Column(name: "hash", value: md5, kind: .md5), Column(name: "pw_hash_md5", value: md5, kind: .md5),
        Column(name: "hash_sha256", value: md5 + md5, kind: .sha256),
        Column(name: "nthash", value: md5, kind: .ntlm), Column(name: "NTLM", value: md5, kind: .ntlm),
        Column(name: "hash", value: "6f8c114b58f2ce9e", kind: .mysql),
        Column(name: "joomla_hash", value: md5 + ":AbCdEf0123456789AbCdEf0123456789", kind: .md5),
        Column(name: "password", value: "6f8c114b58f2ce9e", kind: .plain),
        Column(name: "x", value: md5, kind: nil), Column(name: "avatar_hash", value: md5, kind: nil),
        Column(name: "password_reset_token", value: md5, kind: nil),
        Column(name: "password_changed_at", value: "2020-01-01", kind: nil), Column(name: "passport", value: "C01X00T47", kind: nil),
        Column(name: "commit_hash", value: md5, kind: nil),
    ]

    @Test(arguments: columns) func `a secret is known by its column or by its looks`(_ column: Column) {
        let text =
            "id,email,\(column.name),city\n1,x@elsewhere.invalid,\(column.value.contains(",") ? "\"\(column.value)\"" : column.value),x\n"
            + "2,alex.doe@example.com,\(column.value.contains(",") ? "\"\(column.value)\"" : column.value),y\n"
        let found = records(text, name: "users.csv")
        #expect(found.map(\.secret?.kind) == [column.kind])
        #expect(found.first?.login == "alex.doe@example.com")
        let json = "{\"id\":1,\"email\":\"alex.doe@example.com\",\"\(column.name)\":\"\(column.value)\"}\n"
        #expect(records(json, name: "users.json").map(\.secret?.kind) == [column.kind])
    }

    @Test(arguments: [
        ("alex.doe@example.com:Zq7 | Subscription = Premium | Expiry = 2026", "Zq7"), ("alex.doe@example.com:Zq7 | Plan: Family", "Zq7"),
        ("alex.doe@example.com:Zq7|x | Country = DE", "Zq7|x"), ("alex.doe@example.com:Zq7 [Plan: Free]", "Zq7"),
        ("alex.doe@example.com:Zq7 - Points = 12", "Zq7"), ("alex.doe@example.com:Zq7 |Sub=1", "Zq7"), ("alex.doe@example.com:a | b", "a | b"),
        ("alex.doe@example.com:a - b: c", "a - b: c"), ("alex.doe@example.com:pass phrase", "pass phrase"),
        ("https://x.example/:alex.doe@example.com:Zq7 | Days Left = 3", "Zq7"),
    ])
    func `what a checker wrote behind a password is none of it`(_ line: String, _ secret: String) {
        let found = records("x@y.example:Qw1\nz@y.example:Qw2\n\(line)\n")
        #expect(found.map(\.secretText) == [secret])
    }

    @Test(arguments: [
        "URL: https://vpn.example.com/login Username: alex.doe@example.com Password: Zq7:x 1",
        "URL: https://vpn.example.com/login | Username: alex.doe@example.com | Password: Zq7:x 1",
        "Host: https://vpn.example.com/login, Login: alex.doe@example.com, Pass: Zq7:x 1",
        "url=https://vpn.example.com/login; user=alex.doe@example.com; pwd=Zq7:x 1",
        "Password: Zq7:x 1 | Email: alex.doe@example.com | Site: vpn.example.com",
        "[1] Soft: Chrome - Host: vpn.example.com - Login: alex.doe@example.com - Password: Zq7:x 1",
        "\"url\": \"https://vpn.example.com\", \"username\": \"alex.doe@example.com\", \"password\": \"Zq7:x 1\"",
    ])
    func `a credential in one line with labels has its parts`(_ line: String) {
        let others = "x@y.example:Qw1\nz@y.example:Qw2\n"
        for text in [line + "\n", others + line + "\n", line.replacing("alex.doe@example.com", with: "bob@y.example") + "\n" + line + "\n"] {
            let found = records(text)
            #expect(found.map(\.secretText) == ["Zq7:x 1"], "\(text)")
            #expect(found.map(\.site) == ["vpn.example.com"], "\(text)")
            #expect(found.map(\.login) == ["alex.doe@example.com"], "\(text)")
        }
    }

    @Test(arguments: [
        ("17:alexd:alex.doe@example.com:5f4dcc3b5aa765d61d8327deb882cf99:x1y2", "5f4dcc3b5aa765d61d8327deb882cf99", SecretKind.md5),
        ("17:alexd:alex.doe@example.com:Zq7:x", "Zq7:x", .plain), ("17:alex.doe@example.com:Zq7", "Zq7", .plain),
        ("alexd:192.0.2.1:alex.doe@example.com:\(bcrypt):salt", bcrypt, .bcrypt), ("17|alexd|alex.doe@example.com|\(md5)|x", md5, .md5),
        ("alex.doe@example.com:1001:aad3b435b51404eeaad3b435b51404ee:\(md5):::", md5, .ntlm),
        ("alex.doe@example.com:\(md5):salt", md5, .md5),
    ])
    func `an address among other fields has the secret behind it`(_ line: String, _ secret: String, _ kind: SecretKind) {
        for text in [line + "\n", "x@y.example:Qw1\nz@y.example:Qw2\nw@y.example:Qw3\n\(line)\n"] {
            let found = records(text)
            #expect(found.map(\.secretText) == [secret], "\(text)")
            #expect(found.map(\.login) == ["alex.doe@example.com"])
            if kind != .ntlm { #expect(found.map(\.secret?.kind) == [kind]) }
        }
    }

    @Test(arguments: [
        "mail:alex.doe@example.com: thanks for all", "see https://x.example/a:b alex.doe@example.com: and more",
        "from: bob@y.example to: alex.doe@example.com: hello you",
    ])
    func `prose with colons has no secret`(_ line: String) {
        #expect(records("A text of some words.\nAnother one, with more of them.\n\(line)\n").map(\.secretText) == [nil])
    }

    // MARK: Shapes that change

    @Test func `each line of a joined file shows what it is of`() {
        let text = """
            Lines of all kinds.
            \u{200B}kim@acme.example:Zq7-1
            INSERT INTO `p` (`id`,`email`,`password`) VALUES (1,'x@y.example','a'),(2,'kim@acme.example','Zq7-2');
            {"email":"kim@acme.example","password":"Zq7-3"}
            https://vpn.example.com/:kim@acme.example:Zq7-4

            """
        #expect(records(text).map(\.secretText) == ["Zq7-1", "Zq7-2", "Zq7-3", "Zq7-4"])
    }

    @Test func `lines behind a table, an SQL dump or objects are read as what they are`() {
        let lines = "kim@acme.example:Zq7-1\nhttps://vpn.example.com/:kim@acme.example:Zq7-2\n"
        let sql = "INSERT INTO `p` (`id`,`email`,`password`) VALUES (1,'x@y.example','a'),(2,'kim@acme.example','Zq7-0');\n"
        let json = "{\"email\":\"kim@acme.example\",\"password\":\"Zq7-0\"}\n"
        let table = "id,email,password\n1,x@y.example,a\n2,kim@acme.example,Zq7-0\n"
        for first in [sql, json, table] {
            #expect(records(first + lines).map(\.secretText) == ["Zq7-0", "Zq7-1", "Zq7-2"], "\(first)")
        }
    }

    private static let lines = "x@y.example:Qw1\nhttps://vpn.example.com/:z@y.example:Qw2\nw@y.example:Qw3\n"
    private static let rows = "id;mail;Kennwort;city\n1;x@y.example;a;b\n2;kim@acme.example;Zq7-1;b\n"
    private static let other = "mail,name,pwhash\nx@y.example,X,a\nkim@acme.example,Kim,$2y$10$abcdefghijklmnopqrstuv\n"

    /// Of rows that say nothing of anybody who is watched.
    private static func filler(_ count: Int) -> String { (0..<count).map { "\($0);someone\($0)@elsewhere.invalid;p;c\n" }.joined() }

    @Test(arguments: [0, 300, 3_000, 60_000]) func `a table amid a file has its header, however far before`(_ count: Int) async throws {
        let scratch = try Scratch()
        let text = Self.lines + Self.rows + Self.filler(count) + "3;kim@acme.example;Zq7-2;b\n" + Self.other + Self.lines + "kim@acme.example:Zq7-3\n"
        let expected = ["Zq7-1", "Zq7-2", "$2y$10$abcdefghijklmnopqrstuv", "Zq7-3"]
        let watch = WatchList(["kim@acme.example"])
        for path in [try scratch.write("list.txt", text), try scratch.write("list.txt.gz", ArchiveFixture.gzip(Array(text.utf8)))] {
            for threads in [1, 3] {
                let reading = try await readAll([path], watch, threads: threads)
                #expect(reading.records.map(\.secretText) == expected, "\(path)")
                #expect(reading.records.map(\.login) == Array(repeating: "kim@acme.example", count: 4))
            }
        }
    }

    @Test func `a second table has its own header, and so has one behind an SQL dump`() async throws {
        let scratch = try Scratch()
        let sql = "INSERT INTO `p` (`id`,`email`,`password`) VALUES (1,'x@y.example','a'),(2,'kim@acme.example','Zq7-0');\n"
        let first = "id,email,password\n1,x@y.example,a\n2,kim@acme.example,Zq7-0\n"
        for begin in [sql, first] {
            let reading = try await readAll([try scratch.write("list.txt", begin + Self.rows)], WatchList(["kim@acme.example"]))
            #expect(reading.records.map(\.secretText) == ["Zq7-0", "Zq7-1"], "\(begin)")
        }
    }
}
