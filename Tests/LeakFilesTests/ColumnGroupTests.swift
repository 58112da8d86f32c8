import Testing

@testable import LeakFiles

/// Headings of tables as people write them, and rows with several people.
@Suite struct ColumnGroupTests {
    /// The secret of each of two people in a row.
    struct Row: Sendable, CustomTestStringConvertible {
        var header: String
        var row: String
        var first: String? = "Pw-1"
        var second: String? = "Pw-2"
        var testDescription: String { header }
    }

    static let rows: [Row] = [
        Row(header: "email,password,email,password", row: "sam@example.net,Pw-1,kim@acme.example,Pw-2"),
        Row(header: "id,Email;Password;Email;Password".replacing(",", with: ";"), row: "7;sam@example.net;Pw-1;kim@acme.example;Pw-2"),
        Row(header: "password,email,password,email", row: "Pw-1,sam@example.net,Pw-2,kim@acme.example"),
        Row(header: "email,email,password,password", row: "sam@example.net,kim@acme.example,Pw-1,Pw-2"),
        Row(header: "name,email,password,city,name,email,password,city", row: "S,sam@example.net,Pw-1,x,K,kim@acme.example,Pw-2,y"),
        Row(header: "email,password,email_2,password_2", row: "sam@example.net,Pw-1,kim@acme.example,Pw-2"),
        Row(header: "email_1,password_1,email_2,password_2", row: "sam@example.net,Pw-1,kim@acme.example,Pw-2"),
        Row(header: "email,password,email.1,password.1", row: "sam@example.net,Pw-1,kim@acme.example,Pw-2"),
        Row(header: "Email 1,Email 2,Password 2,Password 1", row: "sam@example.net,kim@acme.example,Pw-2,Pw-1"),
        Row(header: "email,email2,password,password2", row: "sam@example.net,kim@acme.example,Pw-1,Pw-2"),
        Row(header: "email,email_2,password_1,password_2", row: "sam@example.net,kim@acme.example,Pw-1,Pw-2"),
        Row(header: "login,pass,login_2,pass_2", row: "sam@example.net,Pw-1,kim@acme.example,Pw-2"),
        Row(header: "user1_email,user1_password,user2_email,user2_password", row: "sam@example.net,Pw-1,kim@acme.example,Pw-2"),
        Row(header: "primary_email,secondary_email,primary_password,secondary_password", row: "sam@example.net,kim@acme.example,Pw-1,Pw-2"),
        Row(header: "parent_email,parent_password,child_email,child_password", row: "sam@example.net,Pw-1,kim@acme.example,Pw-2"),
        Row(header: "email,password,sponsor_email,sponsor_password", row: "sam@example.net,Pw-1,kim@acme.example,Pw-2"),
        // Who has none gets none of the other.
        Row(header: "email,password,email,password", row: "sam@example.net,,kim@acme.example,Pw-2", first: nil),
        Row(header: "email,password,email_2,password_2", row: "sam@example.net,Pw-1,kim@acme.example,", second: nil),
        Row(header: "email,hash,email,hash", row: "sam@example.net,\(md5),kim@acme.example,", first: md5, second: nil),
        // One person with two addresses, or two passwords.
        Row(header: "email,password,backup_email", row: "sam@example.net,Pw-1,kim@acme.example", second: "Pw-1"),
        Row(header: "email,backup_email,password,password_hash", row: "sam@example.net,kim@acme.example,Pw-1,\(md5)", second: "Pw-1"),
        Row(header: "email,password,new_password,backup_email", row: "sam@example.net,Pw-1,Pw-3,kim@acme.example", second: "Pw-1"),
    ]

    private static let md5 = "5f4dcc3b5aa765d61d8327deb882cf99"

    @Test(arguments: rows) func `of two people in a row each has their own password`(_ row: Row) {
        let found = records("\(row.header)\n\(row.row)\n", name: "users.csv")
        let byLogin = Dictionary(found.map { ($0.login ?? "", $0) }) { first, _ in first }
        #expect(byLogin["sam@example.net"]?.secretText == row.first && byLogin["kim@acme.example"]?.secretText == row.second, "\(found)")
        // What is another's is no reason to doubt.
        #expect(found.count == 2 && found.allSatisfy { $0.unread == nil && $0.shape == .table })
    }

    @Test func `nor the site or another field of the other`() {
        let text =
            "url,email,password,phone,url,email,password,phone\nhttps://a.example,sam@example.net,Pw-1,,https://b.example,kim@acme.example,Pw-2,017\n"
        let found = records(text, name: "users.csv")
        #expect(found.map(\.site) == ["a.example", "b.example"])
        #expect(found.map(\.fields) == [[], ["phone"]])
        let sql = "INSERT INTO u (email, password, email2, password2) VALUES ('sam@example.net','Pw-1','kim@acme.example','Pw-2');\n"
        #expect(records(sql, name: "x.sql").map(\.secretText) == ["Pw-1", "Pw-2"])
    }

    @Test func `what may be the secret of whoever else is named in a row is not passed over`() {
        let found = records("email,password,referrer_email,referrer_password\nkim@acme.example,Qw-1,sam@example.net,Zq7-Canary\n", name: "users.csv")
        #expect(found.map(\.secretText) == ["Qw-1", nil] && found.map { $0.unread != nil } == [false, true])
        let mention = records("email,password,invited_by_email\nkim@acme.example,Qw-1,sam@example.net\n", name: "users.csv")
        #expect(mention.map { $0.unread != nil } == [false, false])
    }

    @Test func `a password of nobody's column is not passed over`() {
        let found = records("email,password,email,password,zugang\nsam@example.net,,kim@acme.example,Pw-2,Zq7-Canary\n", name: "users.csv")
        #expect(found.map(\.secretText) == [nil, "Pw-2"] && found.map { $0.unread != nil } == [true, false])
    }

    // MARK: Headings

    static let headers: [String] = [
        "name (full),email,password", "id,user/login,email,password", "name [first, last],email,password".replacing(", ", with: " "),
        "#,email*,password*",
        "Employee #,email,password", "E-Mail (work),Passwort (Klartext)", "city/town,phone (mobile),email,password", "email,password,active?",
        "first/last name (optional),e-mail/login,pass", "email,password,price in €", "email,password,created (UTC+1)", "email,password,a & b",
        "email,password,a very long heading that somebody wrote out with all its words", "email,password,C++,2nd",
        "e-mail address (required),password",
    ]

    @Test(arguments: headers, [",", ";", "\t", "|"]) func `one odd heading does not lose the others`(_ header: String, _ separator: String) {
        let names = header.split(separator: ",").map(String.init)
        let values = names.map { name in
            let name = name.lowercased()
            return name.contains("pass") ? "Pw sunshine" : name.contains("mail") ? "sam@example.net" : ""
        }
        // What nothing but the heading can tell.
        let text = names.joined(separator: separator) + "\n" + values.joined(separator: separator) + "\n"
        let found = records(text, name: "x.txt")
        #expect(found.map(\.secretText) == ["Pw sunshine"] && found.map(\.confidence) == [.high], "\(text)")
    }

    @Test(
        arguments: [
            ("name (full)", "name full"), ("user/login", "user login"), ("Password*", "Password"), ("Employee #", "Employee"), ("active?", "active"),
            ("host.example/login", nil), ("(a", nil), ("a)", nil), ("a@b", nil), ("who? me", nil), ("x=1", nil), ("12345", nil), ("a,b", nil),
        ] as [(String, String?)]) func `a heading has a name`(_ heading: String, _ name: String?)
    {
        #expect(withView(heading) { FieldName.heading($0) } == name)
    }

    @Test(arguments: [
        "sam@example.net,Pw-1,x\n", "https://x.example/login,user,pass\nhttps://x.example/login,sam@example.net,Pw-1\n",
        "host.example/login,user,pass\nhost.example/login,sam@example.net,Pw-1\n", "user,+49 30 123456,pass\nx,y,sam@example.net\n",
    ]) func `a row of values is no header`(_ text: String) {
        #expect(records(text).allSatisfy { $0.confidence != .high || $0.shape != .table }, "\(text)")
    }

    @Test(arguments: [("login_2", ColumnRole.login), ("pass.1", .secret), ("user1", .login), ("id2", .key), ("field7", .other), ("pw_3", .secret)])
    func `a number behind a name does not change what it is`(_ name: String, _ role: ColumnRole) { #expect(ColumnRole.of(name) == role) }
}
