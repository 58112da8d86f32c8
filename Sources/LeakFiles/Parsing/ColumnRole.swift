/// What a column of a table or a member of an object is for.
enum ColumnRole: Sendable, Hashable {
    case email
    /// An address of somebody who is not the person of the row: who invited them, wrote to them.
    case otherEmail
    case login
    case secret
    case salt
    case site
    /// A key of the database, of no interest to anybody.
    case key
    case other
    case unknown

    /// - Parameter name: as the file has it.
    static func of(_ name: String) -> ColumnRole {
        var plain = ""
        for byte in name.utf8.prefix(64) {
            if ByteView.isLetter(byte) || ByteView.isDigit(byte) { plain.unicodeScalars.append(Unicode.Scalar(ByteView.lowercased(byte))) }
        }
        if let role = known[plain] { return role }
        guard plain.contains("mail") else { return plain.isEmpty ? .unknown : .other }
        for word in [
            "refer", "invit", "parent", "sender", "from", "friend", "manager", "sponsor", "by", "agent", "support", "notif", "verified", "optin",
            "token", "hash", "id",
        ]
        where plain.contains(word) {
            return plain.contains("hash") || word == "verified" || word == "optin" || word == "token" || word == "id" ? .other : .otherEmail
        }
        return .email
    }

    private static let known: [String: ColumnRole] = {
        var roles: [String: ColumnRole] = [:]
        func add(_ role: ColumnRole, _ names: String) {
            for name in names.split(separator: " ") { roles[String(name)] = role }
        }
        add(
            .email,
            "email mail emailaddress useremail emailaddr mailaddress primaryemail loginemail customeremail contactemail emails eaddress emailid")
        add(
            .login,
            "login username user userlogin loginname account accountname nick nickname logon userid screenname usr uname loginid userprincipalname upn"
        )
        add(.secret, "password passwd pass pwd hash passwordhash encryptedpassword hashedpassword pw userpass userpassword passhash passwordmd5")
        add(.secret, "passworddigest cryptedpassword plainpassword passwordplain plaintext plaintextpassword md5 sha1 passwort kennwort senha")
        add(
            .secret,
            "motdepasse contrasena clave haslo parola passcode md5password loginpassword accountpassword passwordtext userpwd pass1 crackedpassword")
        add(.salt, "salt passwordsalt passsalt usersalt hashsalt pwsalt salts")
        add(.site, "url loginuri origin originurl signonrealm hostname host website site websiteurl actionurl link loginurl domain")
        add(.key, "id uid uuid guid pk rowid recordid oid v index type score objectid")
        return roles
    }()

    /// Whether a header with such a name says that the file is about people: others occur in any table.
    var isTelling: Bool {
        switch self {
        case .email, .login, .secret: true
        case .otherEmail, .salt, .site, .key, .other, .unknown: false
        }
    }
}

/// Names of fields that may be shown: they come from the file, and must not be values of it.
enum FieldName {
    static let mostPerRecord = 40

    /// - Returns: nil for what is hardly a name.
    static func shown(_ text: ByteView) -> String? {
        let name = text.trimmed
        guard (1...40).contains(name.count), let first = name.first, ByteView.isLetter(first) || first == 0x5F || first >= 0x80 else { return nil }
        var digits = 0
        for index in 0..<name.count {
            let byte = name[index]
            guard ByteView.isLetter(byte) || ByteView.isDigit(byte) || byte >= 0x80 || [0x5F, 0x2D, 0x2E, 0x20].contains(byte) else { return nil }
            if ByteView.isDigit(byte) { digits += 1 }
        }
        guard digits <= 4 else { return nil }
        return name.text(limit: 40)
    }
}
