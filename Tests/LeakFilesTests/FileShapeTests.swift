import Testing

@testable import LeakFiles

@Suite struct FileShapeTests {
    private func kind(_ text: String, name: String = "x.txt") -> String {
        Array(text.utf8).withUnsafeBytes { buffer in
            switch FileShape(sample: buffer, name: name).kind {
            case .lines(let separator): "lines " + String(UnicodeScalar(separator))
            case .table(let layout): (layout.hasHeader ? "header " : "rows ") + String(UnicodeScalar(layout.dialect.separator))
            case .sql: "sql"
            case .json: "json"
            case .blocks: "blocks"
            case .text: "text"
            }
        }
    }

    static let files: [(String, String)] = [
        ("https://a.example/:x@example.org:1234\nb.example:sam:pw\nhttps://c.example:t@example.org:a:b\n", "lines :"),
        ("https://a.example;x;12\nhttps://b.example;y;3:4\n", "lines ;"),
        ("https://a.example|x|12\nhttps://b.example|y|34\n", "lines |"),
        ("https://a.example\tx\t12\nhttps://b.example\ty\t34\n", "lines \t"),
        ("a@example.org:one\nb@example.org:two\nc@example.org:three\n", "lines :"),
        ("a@example.org;one\nb@example.org;two\n", "lines ;"),
        ("id,email,password,ip\n1,a@example.org,x,192.0.2.1\n", "header ,"),
        ("Email;Password\na@example.org;x\n", "header ;"),
        ("email\tname\na@example.org\tA\n", "header \t"),
        ("1001,,a@example.org,$2y$10$abcdefghijklmnopqrstuv,A B\n1002,,b@example.org,$2y$10$abcdefghijklmnopqrstuv,C D\n", "rows ,"),
        ("-- dump\nCREATE TABLE `users` (`id` int, `email` varchar(190));\nINSERT INTO `users` VALUES (1,'a@example.org');\n", "sql"),
        ("COPY public.users (id, email) FROM stdin;\n1\ta@example.org\n\\.\n", "sql"),
        ("{\"email\":\"a@example.org\"}\n{\"email\":\"b@example.org\"}\n", "json"),
        ("[\n  {\n    \"email\": \"a@example.org\"\n  }\n]\n", "json"),
        ("URL: https://a.example\nUsername: sam\nPassword: pw\n\nURL: https://b.example\nUsername: sam\nPassword: pw\n", "blocks"),
        ("[\"Chrome\" = \"Default\"]\nURL: https://a.example\nLogin: sam\nPassword: pw\n", "blocks"),
        ("Dear all,\n\nplease write to a@example.org by Monday. Note: we are closed.\n", "text"), ("", "text"), ("\n\n\n", "text"),
    ]

    @Test(arguments: files) func `the shape of a file is found from its beginning`(_ text: String, _ expected: String) {
        #expect(kind(text) == expected)
    }

    @Test func `a secret goes with its login only`() throws {
        let text = """
            https://vpn.example.com/login:alex.doe@example.com:Pw-1
            https://vpn.example.com/?m=alex.doe@example.com:other:Pw-2
            https://shop.example.org:sam:alex.doe@example.com
            https://shop.example.org:bob@example.org:Pw-4
            """
        let found = records(text)
        #expect(found.map(\.shape) == [.ulp, .ulp, .ulp])
        #expect(found.map(\.site) == ["vpn.example.com", "vpn.example.com", "shop.example.org"])
        #expect(found.map(\.login) == ["alex.doe@example.com", nil, nil])
        #expect(found.map(\.secretText) == ["Pw-1", nil, nil])
        #expect(found.map(\.confidence) == [.high, .low, .low])
        #expect(found[0].offset == 30)
    }

    @Test func `combos give login, secret and its kind`() {
        let found = records(
            "x@example.org:1\nALEX.DOE@example.com:Pw 12 \nsam@example.net:5f4dcc3b5aa765d61d8327deb882cf99:x1y2\nkim@acme.example:\n")
        #expect(found.map(\.shape) == [.combo, .combo, .combo])
        #expect(found.map(\.login) == ["ALEX.DOE@example.com", "sam@example.net", "kim@acme.example"])
        #expect(found.map(\.secretText) == ["Pw 12 ", "5f4dcc3b5aa765d61d8327deb882cf99", nil])
        #expect(found.map(\.secret?.kind) == [.plain, .md5, nil])
        #expect(found.map(\.confidence) == [.medium, .medium, .low])
    }

    @Test func `a table's header names the fields, and empty ones are not there`() {
        let text = """
            id,Email,password,salt,last_ip,phone,dob,invited_by_email
            1,alex.doe@example.com,"Pw,""12"" x",x,192.0.2.7,,1980-01-01,
            2,bob@example.org,Pw-2,x,192.0.2.8,1,2,sam@example.net
            3,sam@example.net,NULL,x,\\N,+49 151 1234567,,bob@example.org
            """
        let found = records(text)
        #expect(found.map(\.shape) == [.table, .table, .table])
        #expect(found[0].secretText == "Pw,\"12\" x")
        #expect(found[0].fields == ["last_ip", "dob"])
        #expect(found[0].confidence == .high)
        #expect(found[1] == LeakRecord(address: 1, shape: .table, confidence: .low, offset: found[1].offset))
        #expect(found[2].secret == nil)
        #expect(found[2].fields == ["phone", "invited_by_email"])
        #expect(found[2].login == "sam@example.net")
    }

    @Test func `backslashes escape where the file uses them`() {
        let text = "email;password;name\n\"a@example.org\";\"x\\\"y\";\"A\"\n\"sam@example.net\";\"p\\\\w\\\"1\";\"B\"\n"
        #expect(records(text).first?.secretText == "p\\w\"1")
        let plain = "email;password;name\n\"sam@example.net\";\"C:\\\";\"B\"\n"
        #expect(records(plain).first?.secretText == "C:\\")
    }

    @Test func `columns without names are told by their looks`() {
        let text = """
            1001,,x@example.org,$2y$10$abcdefghijklmnopqrstuv,Bob,192.0.2.1,2020-01-02 03:04:05
            1002,,alex.doe@example.com,$2y$10$abcdefghijklmnopqrsxyz,Alex Doe,192.0.2.2,2020-01-02 03:04:05
            """
        let record = records(text)[0]
        #expect(record.secret?.kind == .bcrypt)
        #expect(record.fields == ["ip_address", "date"])
        #expect(record.confidence == .medium)
    }

    @Test func `a row in a file of lines is read by its looks`() {
        let text = "x@example.org:1\ny@example.org:2\nz@example.org:3\n1001,,alex.doe@example.com,$2y$10$abcdefghijklmnopqrstuv,Alex Doe\n"
        let record = records(text)[0]
        #expect(record.shape == .table)
        #expect(record.secret?.kind == .bcrypt)
        #expect(record.confidence == .low)
    }

    @Test func `a browser's export is read by its header`() {
        let record = records(
            "name,url,username,password,note\nShop,https://shop.example.org/login,sam@example.net,Pw-1,\n", name: "Chrome Passwords.csv")[0]
        #expect(record.site == "shop.example.org")
        #expect(record.login == "sam@example.net")
        #expect(record.secretText == "Pw-1")
        #expect(record.fields == ["name"])
    }

    @Test func `a field with a line break does not move the columns`() {
        let text = "name,email,password,phone\n\"Alex\nDoe\",alex.doe@example.com,Pw-1,+49 151 1234567\n"
        let record = records(text)[0]
        #expect(record.secretText == "Pw-1")
        #expect(record.fields.contains("phone"))
    }

    @Test func `without a blank in the secret prose is no combo`() {
        let found = records(
            "Dear all, hello\n\nWrite to\nsam@example.net: he knows about it\nkim@acme.example:Pw-1\nor leave it.\n More prose here\nand here\n")
        #expect(found.map(\.shape) == [.text, .combo])
        #expect(found.map(\.secretText) == [nil, "Pw-1"])
    }

    @Test func `names that are hardly names are not shown`() {
        let record = records("email,password,+49 30 123456,a@example.org\nsam@example.net,Pw-1,x,y\n")
        #expect(record.first?.fields.isEmpty ?? true)
    }

    static let roles: [(String, ColumnRole)] = [
        ("email", .email), ("E-Mail", .email), ("user_email", .email), ("customer.emailaddress", .email), ("encrypted_password", .secret),
        ("Passwd", .secret),
        ("password_hash", .secret), ("username", .login), ("userPrincipalName", .login), ("password_salt", .salt), ("invited_by_email", .otherEmail),
        ("email_verified", .other), ("last_ip", .other), ("_id", .key), ("", .unknown), ("login_uri", .site),
    ]

    @Test(arguments: roles) func `columns are known by their names`(_ name: String, _ role: ColumnRole) {
        #expect(ColumnRole.of(name) == role)
    }
}
