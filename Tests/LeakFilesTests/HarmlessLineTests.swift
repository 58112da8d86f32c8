import Testing

@testable import LeakFiles

/// Text around an address as it is met in mails, cards, calendars, pages and logs of changes: none of it is known to be harmless.
@Suite struct HarmlessLineTests {
    private static let address = "alex.doe@example.com"

    /// Whether each place of the address is understood, and none has a secret.
    private static func isUnderstood(_ text: String) -> Bool {
        let found = records(text, watching: [address])
        return !found.isEmpty && found.allSatisfy { $0.secret == nil && $0.unread == nil }
    }

    private static func isUnread(_ text: String) -> Bool {
        let found = records(text, watching: [address])
        return found.contains { $0.unread != nil } && found.allSatisfy { $0.secret == nil }
    }

    // MARK: Servers

    static let servers: [String] = [
        "alex.doe@example.com|mx.example.net", "alex.doe@example.com | mx1.example.net", "alex.doe@example.com;imap.example.net",
        "alex.doe@example.com|smtp.example.net|587", "alex.doe@example.com\tmail.example.co.uk", "alex.doe@example.com,MX-02.EXAMPLE.NET",
        "alex.doe@example.com|example-com.mail.protection.outlook.com", "alex.doe@example.com|alt1.gmail-smtp-in.l.google.com.",
        "<alex.doe@example.com>;mx.example.net", "17|2|alex.doe@example.com|mx.example.net", "mx.example.net|alex.doe@example.com",
        "a@x.example|mx.x.example\nalex.doe@example.com|mx.example.net\nb@y.example|mx.y.example",
        "a@x.example|Qw1\nalex.doe@example.com|mx.example.net\nb@y.example|Qw2\nc@y.example|Qw3",
        "a@x.example|mx.x.example|25\nalex.doe@example.com|mx.example.net|25\nb@y.example|mx.y.example|25",
    ]

    @Test(arguments: servers) func `the server of a mailbox is no password, and not known to be harmless`(_ text: String) {
        #expect(Self.isUnread(text), "\(text)")
    }

    @Test(arguments: [
        "alex.doe@example.com|portal.example.net", "alex.doe@example.com;example.net", "1;alex.doe@example.com;shop.example.org",
        "a@x.example|x.one.example\nalex.doe@example.com|x.two.example\nb@y.example|y.three.example",
    ]) func `the name of another host beside a bar is not taken, and not known to be harmless`(_ text: String) {
        #expect(Self.isUnread(text), "\(text)")
    }

    @Test(arguments: [
        ("alex.doe@example.com:mx.example.net", "mx.example.net"), ("alex.doe@example.com|Pw.Inv3nted", "Pw.Inv3nted"),
        ("alex.doe@example.com|pw.in.v3", "pw.in.v3"), ("alex.doe@example.com|hunter.two", "hunter.two"),
    ]) func `what is no name of a server is a password`(_ line: String, _ secret: String) {
        for text in [line, "a@x.example\(line.contains("|") ? "|" : ":")Qw1\n\(line)\n"] {
            #expect(records(text, watching: [Self.address]).map(\.secretText) == [secret], "\(text)")
        }
    }

    // MARK: Signs written twice

    static let doubled: [(String, String)] = [
        ("alex.doe@example.com::Pw-Invented1", "Pw-Invented1"), ("alex.doe@example.com||Pw-Invented1", "Pw-Invented1"),
        ("alex.doe@example.com;;Pw-Invented1", "Pw-Invented1"), ("alex.doe@example.com:::Pw-Invented1", "Pw-Invented1"),
        ("alex.doe@example.com::5f4dcc3b5aa765d61d8327deb882cf99", "5f4dcc3b5aa765d61d8327deb882cf99"),
        ("alex.doe@example.com::a:b", "a:b"), ("alex.doe@example.com--Pw-Invented1", "Pw-Invented1"), ("alex.doe@example.com--sunshine", "sunshine"),
        ("<alex.doe@example.com>::Pw-Invented1", "Pw-Invented1"), ("17::alex.doe@example.com::Pw-Invented1", "Pw-Invented1"),
        ("https://x.example/::alex.doe@example.com::Pw-Invented1", "Pw-Invented1"),
        ("https://x.example/:alex.doe@example.com::Pw-Invented1", "Pw-Invented1"), ("x.example::alex.doe@example.com::a:b", "a:b"),
        ("alex.doe@example.com:a::b", "a::b"), ("alex.doe@example.com:-Pw", "-Pw"), ("alex.doe@example.com:;Pw", ";Pw"),
    ]

    @Test(arguments: doubled) func `a sign between address and password that is written twice is none of the password`(
        _ line: String, _ secret: String
    ) {
        for text in [line, "a@x.example:Qw1\nb@x.example:Qw2\n\(line)\nc@x.example:Qw3", "Words of a text.\n\n\(line)\n\nMore of them."] {
            #expect(records(text, watching: [Self.address]).map(\.secretText) == [secret], "\(text)")
        }
    }

    // MARK: Behind an empty line

    static let behindGaps: [String] = [
        "alex.doe@example.com\n\nSummer24", "alex.doe@example.com\n\n\nsunshine\n", "alex.doe@example.com\r\n\r\nSummer24\r\n",
        "Summer24\n\nalex.doe@example.com",
        "Email: alex.doe@example.com\n\nSummer24", "Email: alex.doe@example.com\nCity: Paris\n\nSummer24",
        "Email: alex.doe@example.com\nCity: Paris\nSummer24",
        "Email: alex.doe@example.com\nCity: Paris\n\nZugang: Summer24",
        "From: admin@example.com\nTo: alex.doe@example.com\nSubject: Welcome\n\nSummer24",
        "From: admin@example.com\nTo: Alex Doe <alex.doe@example.com>\nSubject: Welcome\n\nsunshine is the word for it",
        "From: Admin <admin@example.com>\r\nTo: <alex.doe@example.com>\r\nDate: Mon, 1 Jan 2024 10:00:00 +0100\r\n\r\nHello Alex,\r\n\r\nyour word is sunshine.\r\n",
        "To: alex.doe@example.com\nX-Access: Summer24\nFrom: admin@example.com", "To: alex.doe@example.com\nSubject: Summer24\nFrom: a@x.example",
        "Subject: the password is sunshine\nTo: Alex Doe <alex.doe@example.com>",
        "To: alex.doe@example.com\nSubject: Hi\nFrom: a@x.example\nSummer24",
    ]

    @Test(arguments: behindGaps) func `what stands below an empty line is not known to be harmless`(_ text: String) {
        #expect(Self.isUnread(text), "\(text)")
    }

    @Test(arguments: [
        "dn: cn=alex,dc=example\nmail: alex.doe@example.com\nuserPassword:: UHctSW52ZW50ZWQx\n\n",
        "dn: cn=alex,dc=example\nmail: alex.doe@example.com\nuserPassword:: UHctSW52\n ZW50ZWQx\nuid: alex\n",
        "\u{2022} alex.doe@example.com:Pw-Invented1", "\u{2705} alex.doe@example.com:Pw-Invented1", "\u{25BA} alex.doe@example.com;Pw-Invented1",
        "alex.doe@example.com; Pw-Invented1", "alex.doe@example.com , Pw-Invented1", "alex.doe@example.com / Pw-Invented1",
        "alex.doe@example.com\u{A0}:\u{A0}Pw-Invented1", "Login:alex.doe@example.com|Password:Pw-Invented1|Balance:0",
        "UPDATE u SET password='Pw-Invented1' WHERE email='alex.doe@example.com';", "email: 'alex.doe@example.com'\npassword: 'Pw-Invented1'\n",
        "email = \"alex.doe@example.com\"\npassword = \"Pw-Invented1\"\n",
        "alex.doe@example.com: Pw-Invented1", "alex.doe@example.com =>Pw-Invented1", "alex.doe@example.com ->Pw-Invented1",
        "x@y.example: Qw1\nalex.doe@example.com: Pw-Invented1\n", "Email: alex.doe@example.com\nCity: Paris\n\n\nPassword: Pw-Invented1",
        "To: alex.doe@example.com\nSubject: Access\n\nPassword: Pw-Invented1\n", "Email: alex.doe@example.com\nCity: Paris\n\nPassword: Pw-Invented1",
    ]) func `or it is read`(_ text: String) { #expect(records(text, watching: [Self.address]).map(\.secretText) == ["Pw-Invented1"], "\(text)") }

    static let mails: [String] = [
        "From: alex.doe@example.com\nTo: bob@example.net\nSubject: Welcome to us\nDate: Mon, 1 Jan 2024 10:00:00 +0100\n\n",
        "From: \"Doe, Alex\" <alex.doe@example.com>\nReply-To: alex van doe <alex.doe@example.com>\nCc: bob@example.net,\n\tkim <kim@acme.example>\n",
        "Return-Path: <alex.doe@example.com>\nReceived: from mx.example.net (mx.example.net [192.0.2.1])\n\tby mail.example.com with ESMTPS id 4Zq7abc\n"
            + "Message-ID: <x1@example.net>\nTo: =?utf-8?Q?Alex_D=C3=B6?= <alex.doe@example.com>\nMIME-Version: 1.0\nContent-Type: text/plain\n",
        "To: bob@example.net,\n Alex Doe <alex.doe@example.com>\nFrom: kim@acme.example\n\nFrom: kim@acme.example\nTo: bob@example.net\n\nWords below.",
        "Cc: Bob Roe <bob@example.net>, alex <alex.doe@example.com>", "Delivered-To: alex.doe@example.com",
    ]

    static let cards: [String] = [
        "BEGIN:VCARD\nVERSION:3.0\nN:Doe;Alex;;;\nFN:Alex Doe\nORG:Example\nEMAIL;TYPE=INTERNET;TYPE=WORK:alex.doe@example.com\nTEL;TYPE=CELL:+49 170 1234567\n"
            + "END:VCARD\n",
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:alex\r\nEMAIL:alex.doe@example.com\r\nitem1.ADR:;;Street 1;Paris;;75001;FR\r\nEND:VCARD\r\n",
        "BEGIN:VCARD\nFN:Bob\nEND:VCARD\nBEGIN:VCARD\nFN:Alex\nitem1.EMAIL;type=INTERNET;type=pref:alex.doe@example.com\nNOTE:Met in Paris last year\n"
            + "PHOTO;ENCODING=b:Zq7abcd\n Zq8efgh\nEND:VCARD\n",
        "EMAIL;TYPE=HOME:alex.doe@example.com",
    ]

    static let calendars: [String] = [
        "BEGIN:VEVENT\nDTSTART:20240101T100000Z\nUID:4zq7@example.net\nSUMMARY:Weekly meeting\nATTENDEE;CN=Alex Doe;RSVP=TRUE:mailto:alex.doe@example.com\n"
            + "ORGANIZER;CN=\"Roe, Bob\":mailto:bob@example.net\nEND:VEVENT\n",
        "ORGANIZER;CN=alex.doe@example.com:mailto:alex.doe@example.com",
        "BEGIN:VEVENT\r\nATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=Alex\r\n  Doe;X-NUM-GUESTS=0:mailto:alex.doe@example.com\r\n"
            + "DESCRIPTION:\r\nEND:VEVENT\r\n",
        "BEGIN:VEVENT\nORGANIZER:mailto:alex.doe@example.com\nSTATUS:CONFIRMED\nEND:VEVENT",
    ]

    static let pages: [String] = [
        "<a href=\"mailto:alex.doe@example.com\">Alex Doe</a>",
        "<p><a class=\"mail\" href='mailto:alex.doe@example.com'>alex.doe@example.com</a></p>",
        "<li>Contact: <a href=\"mailto:alex.doe@example.com?subject=Hello\">write to us</a></li>",
        "<ul>\n<li><a href=\"mailto:alex.doe@example.com\">Mail</a></li>\n</ul>\n", "<td><a href=mailto:alex.doe@example.com>Alex</a>&nbsp;</td>",
        "<tr><td>Jane Doe</td><td>alex.doe@example.com</td></tr>",
    ]

    static let changes: [String] = [
        "Author: Jane Doe <alex.doe@example.com>", "Author: jane van doe <alex.doe@example.com>", " * @author Jane Doe <alex.doe@example.com>",
        "commit 0123456789abcdef0123456789abcdef01234567 (HEAD -> main)\nAuthor: Jane Doe <alex.doe@example.com>\nDate:   Mon Jan 1 12:00:00 2024 +0100\n\n"
            + "    Fix #12 and use Summer24\n",
        "commit 0123456789abcdef0123456789abcdef01234567\nMerge: 0123456 abcdef0\nAuthor:     jane <alex.doe@example.com>\n"
            + "AuthorDate: Mon Jan 1 12:00:00 2024 +0100\nCommit:     jane <alex.doe@example.com>\nCommitDate: Mon Jan 1 12:00:00 2024 +0100\n",
        "tree 0123456789abcdef0123456789abcdef01234567\nparent 0123456789abcdef0123456789abcdef01234567\n"
            + "author Jane Doe <alex.doe@example.com> 1700000000 +0100\ncommitter Jane Doe <alex.doe@example.com> 1700000000 -0730\n",
        "Signed-off-by: Jane Doe <alex.doe@example.com>\nReviewed-by: Bob <bob@example.net>", "Co-authored-by: jane <alex.doe@example.com>",
        "# Copyright (c) 2020-2024 Jane Doe <alex.doe@example.com>",
        "Copyright 2020 Jane <alex.doe@example.com>",
    ]

    static let keys: [String] = [
        "550e8400-e29b-41d4-a716-446655440000 alex.doe@example.com", "550E8400-E29B-41D4-A716-446655440000,alex.doe@example.com",
        "550e8400-e29b-41d4-a716-446655440000:alex.doe@example.com", "{550e8400-e29b-41d4-a716-446655440000};alex.doe@example.com;2024-01-01",
        "550e8400-e29b-41d4-a716-446655440000|alex.doe@example.com|DE",
    ]

    @Test(arguments: keys) func `a key before an address is understood`(_ text: String) {
        #expect(Self.isUnderstood(text), "\(text)")
        #expect(Self.isUnderstood(text + "\n"), "\(text)")
    }

    @Test(arguments: mails + cards + calendars + pages + changes) func `mails, cards, pages and logs are not known to be harmless`(_ text: String) {
        #expect(Self.isUnread(text), "\(text)")
    }

    // MARK: Not understood

    static let doubtful: [String] = [
        "BEGIN:VCARD\nFN:Alex\nEMAIL;TYPE=WORK:alex.doe@example.com\nNOTE:the password is sunshine\nEND:VCARD",
        "BEGIN:VCARD\nFN:Alex\nEMAIL;TYPE=WORK:alex.doe@example.com\nNOTE:Summer24\nEND:VCARD",
        "BEGIN:VCARD\nEMAIL:alex.doe@example.com\nX-LOGIN:Summer24\nEND:VCARD", "BEGIN:VCARD\nSummer24\nEMAIL:alex.doe@example.com\nEND:VCARD",
        "BEGIN:VEVENT\nATTENDEE;CN=Alex:mailto:alex.doe@example.com\nDESCRIPTION:Passcode 12345678\nEND:VEVENT",
        "ATTENDEE;CN=Summer24;RSVP=TRUE:mailto:alex.doe@example.com", "EMAIL;TYPE=WORK:alex.doe@example.com\nSummer24",
        "<a href=\"mailto:alex.doe@example.com\">Summer24</a>", "<a href=\"mailto:alex.doe@example.com\">Alex</a> Summer24",
        "<a href=\"mailto:alex.doe@example.com?body=Summer24\">Alex</a>", "<td>alex.doe@example.com</td><td>Summer24</td>",
        "<tr>\n<td><a href=\"mailto:alex.doe@example.com\">Alex</a></td>\n<td>Summer24</td>\n</tr>",
        "<a data-x=\"Summer24\" href=\"mailto:alex.doe@example.com\">x</a>",
        "<x><a href=\"mailto:alex.doe@example.com\">Alex</a></x>", "<td><a href=\"mailto:alex.doe@example.com\">Alex</a></td>\n<td>Sunshine</td>",
        "Author: Summer24 <alex.doe@example.com>", "Author: Jane Doe <alex.doe@example.com>\nSummer24", "Summer24 Jane Doe <alex.doe@example.com>",
        "author Jane Doe <alex.doe@example.com> 1700000000", "sunshine <alex.doe@example.com>",
        "5f4dcc3b5aa765d61d8327deb882cf99 Jane <alex.doe@example.com>",
        "550e8400-e29b-41d4-a716-44665544000 alex.doe@example.com",
        "a:2:{s:5:\"email\";s:20:\"alex.doe@example.com\";s:8:\"password\";s:8:\"Summer24\";}", "Cc: alex.doe@example.com sunshine",
        "To: alex.doe@example.com\ncommit sunshine",
    ]

    @Test(arguments: doubtful) func `what is not certain is not`(_ text: String) { #expect(Self.isUnread(text), "\(text)") }
}
