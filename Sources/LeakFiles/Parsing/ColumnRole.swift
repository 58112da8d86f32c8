import Scalars

/// What a column of a table or a member of an object is for.
enum ColumnRole: Sendable, Hashable {
    case email
    /// An address of somebody who is not the person of the row: who invited them, wrote to them.
    case otherEmail
    case login
    case secret
    /// What may be the hash of a secret, and is when it looks like one.
    case hash
    case salt
    case site
    /// A key of the database, of no interest to anybody.
    case key
    case other
    case unknown

    /// - Parameter name: as the file has it.
    static func of(_ name: String) -> ColumnRole {
        var name = name
        return name.withUTF8 { of(ByteView(UnsafeRawBufferPointer($0))) }
    }

    static func of(_ name: ByteView) -> ColumnRole {
        var key: UInt128 = 0
        var length = 0
        for index in 0..<min(name.count, 64) where ByteView.isLetter(name[index]) || ByteView.isDigit(name[index]) {
            key = key << 8 | UInt128(ByteView.lowercased(name[index]))
            length += 1
        }
        guard length > 0 else { return .unknown }
        if let role = known[Self.key(key, length: length)] { return role }
        // `login_2`, `pass.1`: of the second person in a row.
        var digits = 0
        while digits < length, ByteView.isDigit(UInt8(truncatingIfNeeded: key >> (8 * UInt128(digits)))) { digits += 1 }
        if (1...3).contains(digits), length < 16, let role = known[Self.key(key >> (8 * UInt128(digits)), length: length - digits)] { return role }
        let name = name.upTo(64)
        guard name.contains("mail") else { return secretRole(name) }
        // `mail_password`: of the mailbox.
        guard name.contains("pass") || name.contains("pwd") || name.contains("kennwort") else { return addressRole(name) }
        return isAboutSecret(name) ? .other : .secret
    }

    /// A name that speaks of passwords or hashes: of the secret, or of something about it.
    private static func secretRole(_ name: ByteView) -> ColumnRole {
        func has(_ words: [StaticString]) -> Bool { words.contains { name.contains($0) } }
        let hashes: [StaticString] = ["hash", "crypt", "md5", "sha1", "sha2", "sha5", "digest", "ntlm", "argon2", "pbkdf2"]
        let passwords: [StaticString] = [
            "passw", "passphrase", "userpass", "pwd", "pw_", "_pw", "kennwort", "contrase", "senha", "wachtwoord", "haslo", "heslo", "parola",
            "parole",
        ]
        let isHash = has(hashes)
        guard isHash || has(passwords) else { return .other }
        if has(["salt"]) { return .salt }
        if isAboutSecret(name) { return .other }
        return isHash ? .hash : .secret
    }

    /// Whether a name that speaks of a secret is of something about it.
    private static func isAboutSecret(_ name: ByteView) -> Bool {
        let about: [StaticString] = [
            "reset", "token", "date", "time", "chang", "updat", "expir", "hint", "question", "answer", "count", "attempt", "fail", "retr", "algo",
            "type", "method", "version", "strength", "policy", "length", "status", "flag", "require", "last", "creat", "modif", "valid", "passport",
            "file", "image", "avatar", "photo", "commit", "phone", "device", "session", "cookie", "referr", "hashtag", "set_at", "_at", "is_", "has_",
        ]
        return about.contains { name.contains($0) }
    }

    /// A name with "mail" in it: of the person's address, of somebody else's, or of something about it.
    private static func addressRole(_ name: ByteView) -> ColumnRole {
        let others: [StaticString] = ["refer", "invit", "parent", "sender", "from", "friend", "manager", "sponsor", "agent", "support", "by"]
        if others.contains(where: { name.contains($0) }) { return .otherEmail }
        let about: [StaticString] = ["notif", "verif", "optin", "opt_in", "token", "hash", "confirm", "sent", "status", "subscri", "date"]
        return about.contains { name.contains($0) } ? .other : .email
    }

    /// The last fifteen letters of a name, and how many there are in all.
    private static func key(_ letters: UInt128, length: Int) -> UInt128 { letters & (UInt128(1) << 120 &- 1) | UInt128(length) << 120 }

    /// By letters and digits, in lower case.
    private static let known: [UInt128: ColumnRole] = {
        var roles: [UInt128: ColumnRole] = [:]
        func add(_ role: ColumnRole, _ names: String) {
            for name in names.words {
                roles[key(name.utf8.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }, length: name.utf8.count)] = role
            }
        }
        add(
            .email,
            "email mail emailaddress useremail emailaddr mailaddress primaryemail loginemail customeremail contactemail emails eaddress emailid")
        add(
            .login,
            "login username user userlogin loginname account accountname nick nickname logon userid screenname usr uname loginid upn userprincipalname"
        )
        add(.secret, "password passwd pass pwd hash passwordhash encryptedpassword hashedpassword pw userpass userpassword passhash passwordmd5")
        add(.secret, "plaintextpassword passworddigest cryptedpassword plainpassword passwordplain plaintext md5 sha1 passwort kennwort senha")
        add(
            .secret,
            "motdepasse contrasena clave haslo parola passcode md5password pwhash passworthash passwordhashed hashpassword loginpassword accountpassword passwordtext userpwd pass1 crackedpassword"
        )
        add(.salt, "salt passwordsalt passsalt usersalt hashsalt pwsalt salts")
        add(.site, "url loginuri origin originurl signonrealm hostname host website site websiteurl actionurl link loginurl domain")
        add(.key, "id uid uuid guid pk rowid recordid oid v index type score objectid")
        return roles
    }()

    /// Whether a header with such a name says that the file is about people: others occur in any table.
    var isTelling: Bool {
        switch self {
        case .email, .login, .secret: true
        case .otherEmail, .hash, .salt, .site, .key, .other, .unknown: false
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

    /// The name that a heading of a table has, also with a note in brackets, with two words for one thing, or with the sign of what has to be filled
    /// in: `name (full)`, `user/login`, `Password*`.
    /// - Returns: nil for what is hardly a heading.
    static func heading(_ text: ByteView) -> String? {
        let text = text.trimmed
        if let name = shown(text) { return name }
        guard (1...80).contains(text.count) else { return nil }
        var name: [UInt8] = []
        var open: UInt8?
        for (index, byte) in text.bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: "["):
                guard open == nil else { return nil }
                open = byte == UInt8(ascii: "(") ? UInt8(ascii: ")") : UInt8(ascii: "]")
            case UInt8(ascii: ")"), UInt8(ascii: "]"):
                guard open == byte else { return nil }
                open = nil
            // `host.example/login` is the address of a site.
            case ByteView.slash: guard index > 0, !text.contains(ByteView.dot) else { return nil }
            case UInt8(ascii: "#"), UInt8(ascii: "*"): break
            case UInt8(ascii: "?"): guard index == text.count - 1 else { return nil }
            default:
                name.append(byte)
                continue
            }
            if name.last != ByteView.blank { name.append(ByteView.blank) }
        }
        guard open == nil else { return nil }
        return name.withUnsafeBytes { shown(ByteView($0)) }
    }
}
