import Scalars

extension SecretKind {
    /// What a secret looks like. A generated password of 32 hexadecimal digits looks like an MD5 sum, and is taken for one.
    static func recognise(_ text: ByteView) -> SecretKind {
        guard let first = text.first, text.count >= 16 else { return .plain }
        switch first {
        case UInt8(ascii: "$"): return modularCrypt(text)
        case UInt8(ascii: "{"): return directoryScheme(text)
        case UInt8(ascii: "*"): return text.count == 41 && text.from(1).isHexadecimal ? .mysql : .plain
        default: break
        }
        if text.hasPrefix("0x"), text.from(2).isHexadecimal, text.count >= 34 { return hexadecimal(text.count - 2) ?? .otherHash }
        if ByteView.isHex(first), let kind = salted(text) { return kind }
        return namedScheme(text)
    }

    /// Whether a text is a hash whatever it stands in: its beginning says so, as that of hexadecimal digits does not.
    static func isUnmistakable(_ text: ByteView) -> Bool {
        switch recognise(text) {
        case .bcrypt, .argon2, .phpass, .md5crypt, .sha256crypt, .sha512crypt, .pbkdf2, .mysql, .ssha: true
        case .otherHash: text.first == UInt8(ascii: "$") || text.first == UInt8(ascii: "{")
        case .plain, .md5, .sha1, .sha224, .sha256, .sha384, .sha512, .ntlm: false
        }
    }

    /// A value of a column: its name may tell what looks alike from each other, and 16 digits of old MySQL from a password.
    static func recognise(_ text: ByteView, in value: RowValue) -> SecretKind {
        let kind = recognise(text)
        guard kind == .md5 || kind == .plain && text.count == 16 && text.isHexadecimal else { return kind }
        let name = (value.name ?? value.rawName.text(limit: 64)).lowercased()
        if kind == .md5 { return name.has(text: "ntlm") || name.has(text: "nthash") || name.has(text: "nt_hash") ? .ntlm : .md5 }
        return name.has(text: "mysql") || name.has(text: "hash") ? .mysql : .plain
    }

    /// Hexadecimal digits, also with a salt behind a colon.
    private static func salted(_ text: ByteView) -> SecretKind? {
        let end = text.firstIndex(of: ByteView.colon) ?? text.count
        guard let kind = hexadecimal(end), text.upTo(end).isHexadecimal, text.count - end <= 72 else { return nil }
        return kind
    }

    private static func hexadecimal(_ digits: Int) -> SecretKind? {
        switch digits {
        case 32: .md5
        case 40: .sha1
        case 56: .sha224
        case 64: .sha256
        case 96: .sha384
        case 128: .sha512
        default: nil
        }
    }

    /// `$id$…`, as crypt(3) writes them.
    private static func modularCrypt(_ text: ByteView) -> SecretKind {
        guard !text.contains(ByteView.blank) else { return .plain }
        if text.hasPrefix("$2a$") || text.hasPrefix("$2b$") || text.hasPrefix("$2y$") || text.hasPrefix("$2x$") { return .bcrypt }
        if text.hasPrefix("$argon2") { return .argon2 }
        if text.hasPrefix("$p$") || text.hasPrefix("$h$") { return text.count >= 20 ? .phpass : .plain }
        if text.hasPrefix("$1$") || text.hasPrefix("$apr1$") { return .md5crypt }
        if text.hasPrefix("$5$") { return .sha256crypt }
        if text.hasPrefix("$6$") { return .sha512crypt }
        if text.hasPrefix("$pbkdf2") { return .pbkdf2 }
        let others: [StaticString] = [
            "$y$", "$gy$", "$7$", "$scrypt$", "$s$", "$sha1$", "$md5", "$2$", "$3$", "$bcrypt", "$sha$", "$8$", "$9$", "$nt$",
        ]
        return others.contains(where: { text.hasPrefix($0) }) && text.count >= 20 ? .otherHash : .plain
    }

    /// `{SSHA}…`, as directories write them.
    private static func directoryScheme(_ text: ByteView) -> SecretKind {
        if text.hasPrefix("{ssha}") { return .ssha }
        let others: [StaticString] = ["{ssha", "{sha", "{smd5}", "{md5}", "{crypt}", "{pbkdf2", "{x-", "{argon2", "{bcrypt}", "{noop}"]
        guard others.contains(where: { text.hasPrefix($0) }), let end = text.firstIndex(of: UInt8(ascii: "}")) else { return .plain }
        let inner = recognise(text.from(end + 1))
        if text.hasPrefix("{noop}") { return .plain }
        return inner.isHash ? inner : .otherHash
    }

    /// `scheme$…`, as Django and its like write them.
    private static func namedScheme(_ text: ByteView) -> SecretKind {
        // What ASP.NET Identity writes: a mark, the parameters, salt and key in Base64.
        if text.count == 84, text.hasPrefix("aqaaaa"), text[0] == UInt8(ascii: "A"), !text.contains(ByteView.blank) { return .pbkdf2 }
        guard text.contains(UInt8(ascii: "$")) || text.hasPrefix("pbkdf2") || text.hasPrefix("scrypt:") else { return .plain }
        if text.hasPrefix("pbkdf2_") || text.hasPrefix("pbkdf2:") { return .pbkdf2 }
        if text.hasPrefix("sha1$") { return .sha1 }
        if text.hasPrefix("md5$") { return .md5 }
        if text.hasPrefix("bcrypt$") || text.hasPrefix("bcrypt_sha256$") { return .bcrypt }
        if text.hasPrefix("argon2$") { return .argon2 }
        let others: [StaticString] = ["scrypt:", "scrypt$", "sha256$", "sha512$", "crypt$", "unsalted_", "hmac:"]
        return others.contains(where: { text.hasPrefix($0) }) ? .otherHash : .plain
    }
}

extension ByteView {
    var isHexadecimal: Bool { count > 0 && allSatisfy(Self.isHex) }
}
