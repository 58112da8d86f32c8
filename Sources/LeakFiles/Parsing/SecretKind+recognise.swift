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
        if ByteView.isHex(first), let kind = hexadecimal(text.count), text.isHexadecimal { return kind }
        return namedScheme(text)
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
        let others: [StaticString] = ["$y$", "$gy$", "$7$", "$scrypt$", "$s$", "$sha1$", "$md5", "$2$", "$3$", "$bcrypt"]
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
        guard text.contains(UInt8(ascii: "$")) || text.hasPrefix("pbkdf2") else { return .plain }
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
