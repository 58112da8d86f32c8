import Testing

@testable import LeakFiles

@Suite struct DumpTests {
    @Test func `MySQL rows take their columns from CREATE TABLE`() {
        let text = """
            CREATE TABLE `users` (
              `id` int NOT NULL AUTO_INCREMENT,
              `email` varchar(190) DEFAULT 'a,b',
              `password` varchar(255) /* (x) */,
              `last_ip` varchar(45),
              PRIMARY KEY (`id`), UNIQUE KEY `e` (`email`)
            ) ENGINE=InnoDB;
            INSERT INTO `users` VALUES (1,'alex.doe@example.com','$2y$10$abcdefghijklmnopqrstuv','192.0.2.1'),(2,'o\\'neil@example.org',NULL,''),(3,'sam@example.net','p\\'w),(1,\\\\',NULL);
            """
        let found = records(text, name: "dump.sql")
        #expect(found.map(\.shape) == [.sql, .sql])
        #expect(found[0].secret?.kind == .bcrypt)
        #expect(found[0].fields == ["last_ip"])
        #expect(found[0].confidence == .high)
        #expect(found[1].secretText == "p'w),(1,\\")
        #expect(found[1].fields.isEmpty)
    }

    @Test func `an explicit list of columns goes before the table's`() {
        let text = "INSERT INTO users (password, phone, email) VALUES ('Pw-1', '+49151', 'sam@example.net');\n"
        let record = records(text, name: "x.sql")[0]
        #expect(record.secretText == "Pw-1")
        #expect(record.login == "sam@example.net")
        #expect(record.fields == ["phone"])
    }

    @Test func `rows on lines of their own find their table`() {
        let text =
            "INSERT INTO `users` (`id`, `email`, `pass`) VALUES\n(1, 'x@example.org', 'a'),\n(2, 'sam@example.net', 'Pw''2'),\n(3, 'y@example.org', 'b');\n"
        let record = records(text, name: "x.sql")[0]
        #expect(record.secretText == "Pw'2")
        #expect(record.shape == .sql)
    }

    @Test func `without columns the looks decide`() {
        let text = "INSERT INTO m VALUES (7,'sam@example.net','5f4dcc3b5aa765d61d8327deb882cf99','192.0.2.1',_binary 'x',0x41,CAST(N'a' AS text));\n"
        let record = records(text)[0]
        #expect(record.secret?.kind == .md5)
        #expect(record.fields == ["ip_address"])
        #expect(record.confidence == .medium)
    }

    @Test func `other databases do not escape with backslashes`() {
        let text =
            "-- PostgreSQL database dump\nSET standard_conforming_strings = on;\nINSERT INTO public.users (email, password) VALUES ('sam@example.net', 'pw\\');\n"
        #expect(records(text)[0].secretText == "pw\\")
        let server =
            "SET IDENTITY_INSERT [dbo].[Users] ON\nINSERT [dbo].[Users] ([Id], [Email], [Password]) VALUES (1, N'sam@example.net', N'Pw-1')\n"
        #expect(records(server, name: "x.sql")[0].secretText == "Pw-1")
    }

    @Test func `COPY rows are unescaped`() {
        let text =
            "COPY public.users (id, email, password, phone) FROM stdin;\n1\tsam@example.net\ta\\tb\\\\\\101\\x42\t\\N\n2\tkim@acme.example\t\\N\t+49\n\\.\n"
        let found = records(text, name: "pg.sql")
        #expect(found[0].secretText == "a\tb\\AB")
        #expect(found[0].fields.isEmpty)
        #expect(found[1].secret == nil)
        #expect(found[1].fields == ["phone"])
    }

    private func cutRecord(
        _ head: String, _ before: String, _ address: String, _ after: String, sample: String, name: String = "dump.sql"
    ) -> LeakRecord {
        let line = Array((before + address + after).utf8)
        let headBytes = Array(head.utf8)
        return Array(sample.utf8).withUnsafeBytes { sample in
            let shape = FileShape(sample: sample, name: name)
            return line.withUnsafeBytes { line in
                headBytes.withUnsafeBytes { head in
                    let start = before.utf8.count
                    let context = MatchContext(
                        line: line, match: start..<start + address.utf8.count, isStartCut: true, isEndCut: true, head: head)
                    return shape.record(of: 0, in: context, offset: 9)
                }
            }
        }
    }

    @Test func `in the middle of a long line the row and its table are found`() {
        let table = "CREATE TABLE `users` (`id` int, `email` text, `password` text, `phone` text);\n"
        let record = cutRecord(
            "INSERT INTO `users` VALUES (1,'x@example.org','y',NULL),(2,", "aa','b'),(17,'", "sam@example.net", "','Pw-1','+49'),(18,'z",
            sample: table)
        #expect(record.secretText == "Pw-1")
        #expect(record.fields == ["phone"])
        #expect(record.shape == .sql)
        let cut = cutRecord("INSERT INTO `users` VALUES (1,'x", "a'),(17,'", "sam@example.net", "','Pw-", sample: table)
        #expect(cut.secret == nil)
        #expect(cut.login == "sam@example.net")
    }

    @Test func `JSON objects give the keys beside the address`() {
        let text = """
            {"_id":{"$oid":"5f"},"email":"alex.doe@example.com","password":"p\\u0077\\"1","profile":{"phone":"+49","city":null},"createdAt":{"$date":"2020-01-01"},"tags":["a"]}
            {"email":"bob@example.org","password":"x","referrer":"sam@example.net"}
            {"_source":{"user":{"mail":"kim@acme.example"},"passwd":"5f4dcc3b5aa765d61d8327deb882cf99"}}
            """
        let found = records(text, name: "users.json")
        #expect(found.map(\.shape) == [.json, .json, .json])
        #expect(found[0].secretText == "pw\"1")
        #expect(found[0].fields == ["phone", "createdAt", "tags"])
        #expect(found[0].confidence == .high)
        #expect(found[1].secret == nil)
        #expect(found[1].login == nil)
        #expect(found[2].secret?.kind == .md5)
    }

    @Test func `JSON over several lines is read around the match`() {
        let text =
            "[\n  {\n    \"email\": \"sam@example.net\",\n    \"password\": \"Pw-1\"\n  },\n  {\n    \"email\": \"x@example.org\",\n    \"password\": \"Pw-2\"\n  }\n]\n"
        let record = records(text, name: "users.json")[0]
        #expect(record.secretText == "Pw-1")
        #expect(record.login == "sam@example.net")
    }

    @Test func `an address as a key has the value as its secret`() {
        let record = records("{\"x@example.org\":\"a\",\"sam@example.net\":\"Pw-1\"}\n", name: "x.json")[0]
        #expect(record.secretText == "Pw-1")
        #expect(record.confidence == .low)
    }

    @Test func `in a long JSON line both ends may be missing`() {
        let record = cutRecord(
            "[{\"a", "w\":\"x\"},{\"id\":1,\"email\":\"", "sam@example.net", "\",\"password\":\"Pw-1\",\"ip\":\"192.",
            sample: "[{\"email\":\"x@example.org\"}]", name: "x.json")
        #expect(record.secretText == "Pw-1")
        #expect(record.shape == .json)
    }

    @Test func `a list of objects is not the row of the object around it`() {
        let record = records("{\"password\":\"admin\",\"users\":[{\"email\":\"sam@example.net\"},{\"email\":\"x@example.org\"}]}\n", name: "x.json")[
            0]
        #expect(record.secret == nil)
    }

    @Test func `labelled blocks outside of logs are read with what is around them`() {
        let text = "URL: https://a.example/\nUsername: x\nPassword: y\n\nURL: https://b.example/\nUsername: sam@example.net\nPassword: Pw-1\n"
        let record = records(text)[0]
        #expect(record.site == "b.example")
        #expect(record.secretText == "Pw-1")
        #expect(record.shape == .stealerPassword)
    }
}
