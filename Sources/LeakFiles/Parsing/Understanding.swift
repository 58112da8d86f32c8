/// Whether the text beside an address was understood, so that what was not found in it is known not to be there.
///
/// Of a line, row or object without a secret, all of this is understood, and nothing else:
/// - what a header, a statement, a label or a member names; where the name is none that is known to be harmless, a value that looks like a secret is not;
/// - what needs no name: other addresses, sites, dates, times, telephone numbers, addresses of the Internet, flags, and numbers that are a row's first
///   field or have fewer than four digits, or a UUID that is one;
/// - labels of an address (`To:`), and the name of a person before an address in brackets.
///
/// Beside an address that is alone in its line, the lines above and below are asked, too, also those behind empty ones, as far as another address's: a
/// sentence that does not speak of anything to sign in with is understood, unless the address stands in the head of a mail.
enum Understanding {
    // MARK: Values

    /// Whether a value says what it is without a name.
    /// - Parameter isFirst: whether it is the first of its row, where numbers are keys.
    static func isPlain(_ value: ByteView, isFirst: Bool) -> Bool {
        let value = value.trimmed
        switch ContentKind.recognise(value) {
        case .empty, .email, .ipAddress, .date, .phone, .site: return true
        case .number: return isFirst || value.count < 4
        case .hash: return false
        case .text: return isFlag(value) || isFirst && isUUID(value)
        }
    }

    /// `550e8400-e29b-41d4-a716-446655440000`, also in braces.
    static func isUUID(_ value: ByteView) -> Bool {
        if value.count == 38, value.first == UInt8(ascii: "{"), value.last == UInt8(ascii: "}") { return isUUID(value[1..<37]) }
        guard value.count == 36 else { return false }
        for index in 0..<36 {
            let isDash = index == 8 || index == 13 || index == 18 || index == 23
            guard isDash ? value[index] == UInt8(ascii: "-") : ByteView.isHex(value[index]) else { return false }
        }
        return true
    }

    /// A letter, a country, a word for yes or no.
    static func isFlag(_ value: ByteView) -> Bool {
        if value.count <= 1 { return true }
        if value.count == 2, value.allSatisfy({ (0x41...0x5A).contains($0) }) { return true }
        let words: [StaticString] = [
            "true", "false", "yes", "no", "on", "off", "active", "inactive", "male", "female", "enabled", "disabled", "not_saved", "redacted",
        ]
        return words.contains { value.equals($0) }
    }

    /// Whether a value that something names is understood.
    static func isNamed(_ value: RowValue) -> Bool {
        if value.isCut { return false }
        if value.isNothing { return true }
        switch value.role {
        case .login, .salt, .site, .key: return true
        case .email, .otherEmail: return !looksLikeSecret(value.text)
        // One that is there was not taken: because it is too long, or is none of the hashes that are known.
        case .secret, .hash: return false
        case .other:
            let name = value.name ?? value.rawName.text(limit: 64)
            if speaksOfSecret(name) { return isPlain(value.text, isFirst: false) }
            return isHarmless(name) || !looksLikeSecret(value.text)
        case .unknown: return isPlain(value.text, isFirst: false)
        }
    }

    /// Letters together with digits or signs, without blanks; or a hash.
    static func looksLikeSecret(_ value: ByteView) -> Bool {
        let value = value.trimmed
        if SecretKind.recognise(value).isHash { return true }
        guard (4...64).contains(value.count), !value.contains(ByteView.blank), ContentKind.recognise(value) == .text, !isFlag(value) else {
            return false
        }
        return value.contains(where: ByteView.isLetter)
            && value.contains {
                !ByteView.isLetter($0) && $0 < 0x80 && $0 != ByteView.dot && $0 != UInt8(ascii: "-") && $0 != 0x5F && $0 != ByteView.apostrophe
            }
    }

    /// Whether a value that stands where passwords stand, and that nothing names, is to be taken for one: a name of a person, place or server is not.
    static func mayBeSecret(_ value: ByteView) -> Bool {
        guard (2...128).contains(value.count), !value.contains(where: ByteView.isBlank), !isFlag(value), !Noise.isPlaceholder(value) else {
            return false
        }
        switch ContentKind.recognise(value) {
        case .empty, .email, .ipAddress, .date, .phone, .site: return false
        // Shorter ones are years and postal codes, longer ones times.
        case .number: return (6...9).contains(value.count) && value.allSatisfy(ByteView.isDigit)
        case .hash: return true
        case .text: return !isCapitalised(value) && !ServerName.mayBe(value)
        }
    }

    /// `Paris`, `Saint-Denis`, `O'Neill`: letters of which no small one comes before a capital.
    static func isCapitalised(_ word: ByteView) -> Bool {
        guard let first = word.first, (0x41...0x5A).contains(first) || first >= 0xC3 else { return false }
        return word.allSatisfy { ByteView.isLetter($0) || $0 >= 0x80 || [UInt8(ascii: "-"), ByteView.apostrophe, ByteView.dot].contains($0) }
            && (word.count == 1 || word.contains { (0x61...0x7A).contains($0) })
    }

    /// Names of columns and labels that have nothing to sign in with, by a word of them.
    static func isHarmless(_ name: String) -> Bool {
        guard !speaksOfSecret(name) else { return false }
        let words = words(of: name)
        guard !words.contains(where: { doubtful.contains($0) }) else { return false }
        // In one word with others: `phonenumber`, `createdat`. Short ones are parts of too many words: `ip` of "cipher", `ort` of "Passwort".
        return words.contains { word in harmless.contains { word == $0 || $0.utf8.count > 3 && (word.hasPrefix($0) || word.hasSuffix($0)) } }
    }

    /// Whether a name is that of something to sign in with, or of what is about it.
    static func speaksOfSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        if name.has(text: "passport") || name.has(text: "passenger") { return false }
        if secrets.contains(where: { name.has(text: $0) }) { return true }
        let words = words(of: name)
        if words.contains(where: { ["pw", "pin", "otp", "key", "auth"].contains($0) }) { return true }
        // A code of a place, a language or a currency is none to sign in with.
        return words.contains("code") && !words.contains { codes.contains($0) }
    }

    /// Words in lower case: what stands between signs, and what begins with a capital behind a small letter.
    private static func words(of name: String) -> [String] {
        var words: [String] = []
        var word = ""
        var wasSmall = false
        for scalar in name.unicodeScalars {
            let isLetter = scalar.properties.isAlphabetic
            if !word.isEmpty, !isLetter || wasSmall && scalar.properties.isUppercase {
                words.append(word.lowercased())
                word = ""
            }
            if isLetter { word.unicodeScalars.append(scalar) }
            wasSmall = scalar.properties.isLowercase
        }
        return word.isEmpty ? words : words + [word.lowercased()]
    }

    private static let secrets = [
        "pass", "pwd", "pa\u{DF}", "secret", "token", "session", "cookie", "jwt", "bearer", "cipher", "pincode", "apikey", "kennwort", "contrase",
        "senha",
        "wachtwoord", "haslo", "heslo", "parola", "crypt", "hash", "zugang", "credential",
    ]

    private static let doubtful: Set<String> = ["cred", "creds", "access", "answer", "api", "seed", "mnemonic", "private"]

    private static let codes: Set<String> = [
        "zip", "post", "postal", "country", "area", "lang", "language", "currency", "state", "region", "city", "product", "status", "dial", "phone",
    ]

    private static let harmless = [
        "name", "nom", "vorname", "city", "town", "ort", "stadt", "state", "country", "land", "region", "province", "phone", "mobile", "telefon",
        "fax", "street", "strasse", "address", "adresse", "zip", "postal", "postcode", "plz", "birth", "dob", "age", "gender", "sex", "company",
        "firma",
        "organi", "department", "title", "job", "role", "position", "lang", "language", "locale", "time", "date", "created", "updated", "modified",
        "joined", "registered", "last", "first", "ip", "status", "active", "enabled", "flag", "count", "number", "avatar", "photo", "image",
        "picture",
        "icon", "url", "link", "web", "site", "plan", "group", "level", "type", "source", "currency", "price", "amount", "total", "order", "score",
        "points", "mail", "email", "newsletter", "subscri", "verif", "confirm", "reset", "commit", "device", "agent", "browser", "version", "uuid",
        "guid",
        "id", "subject", "passport", "file", "path", "salary", "height", "weight", "model", "product", "sku", "category", "description",
    ]

    // MARK: Lines

    private static let mostBytes = 4_096

    /// Whether all that stands in a line beside the address is understood.
    static func isUnderstood(_ context: MatchContext) -> Bool {
        guard !context.isStartCut, !context.isEndCut else { return false }
        let line = Noise.withoutAdvertising(ByteView(context.line).withoutLineEnd)
        guard line.count <= mostBytes, context.match.upperBound <= line.count else { return false }
        let before = line.upTo(context.match.lowerBound)
        let after = line.from(context.match.upperBound)
        let isBracketed = before.last == UInt8(ascii: "<") && after.first == UInt8(ascii: ">")
        var words = Words(before)
        var isFirst = true
        while let word = words.next() {
            guard isUnderstood(word, isFirst: isFirst) || isBracketed && isCapitalised(word) else { return false }
            isFirst = false
        }
        words = Words(after)
        // More people in brackets may follow.
        let isList = isBracketed && after.contains(UInt8(ascii: "<"))
        while let word = words.next() {
            guard isUnderstood(word, isFirst: false) || isList && isCapitalised(word) else { return false }
        }
        return true
    }

    /// Whether a text is dates, names of people, places and servers, and what else needs no name.
    static func isPlainText(_ text: ByteView) -> Bool {
        var words = Words(text)
        while let word = words.next() {
            guard isUnderstood(word, isFirst: false) || isCapitalised(word) || ServerName.mayBe(word) else { return false }
        }
        return true
    }

    /// Whether a line without the address has nothing in it that might be a secret, or another person's name and address.
    /// - Parameter mayBeSentence: whether words that say nothing of secrets are understood, as they are not in a mail.
    static func isPlain(line: ByteView, mayBeSentence: Bool = true) -> Bool {
        let line = line.trimmed
        guard line.count <= mostBytes else { return false }
        if Noise.isBanner(line) || hasAddress(line) || mayBeSentence && isSentence(line) { return true }
        // `P@ss.w0rd` looks like an address in a field; alone in a line it is none that anybody has.
        if line.contains(ByteView.at) { return false }
        var words = Words(line)
        var isFirst = true
        while let word = words.next() {
            guard isUnderstood(word, isFirst: isFirst) else { return false }
            isFirst = false
        }
        return true
    }

    /// Four words and more, without digits, that do not speak of anything to sign in with.
    private static func isSentence(_ line: ByteView) -> Bool {
        line.count(of: ByteView.blank) > 2 && !line.contains(where: ByteView.isDigit) && !speaksOfSecret(line.text(limit: 1_024))
    }

    /// Whether letters, an at sign and a domain that ends in letters stand somewhere in a line: the line is then that address's.
    static func hasAddress(_ line: ByteView) -> Bool {
        func isPart(_ byte: UInt8) -> Bool { ByteView.isLetter(byte) || ByteView.isDigit(byte) || byte >= 0x80 }
        for at in 0..<line.count where line[at] == ByteView.at && at > 0 && isPart(line[at - 1]) {
            var end = at + 1
            while end < line.count, isPart(line[end]) || line[end] == ByteView.dot || line[end] == UInt8(ascii: "-") { end += 1 }
            let domain = line[at + 1..<end]
            guard let point = domain.lastIndex(of: ByteView.dot, before: domain.count), point > 0, domain.count - point > 2 else { continue }
            if domain.from(point + 1).allSatisfy({ ByteView.isLetter($0) || $0 >= 0x80 }) { return true }
        }
        return false
    }

    private static func isUnderstood(_ word: ByteView, isFirst: Bool) -> Bool {
        // What follows `ftp://` may be a login and its secret.
        if let scheme = SiteAddress.schemeLength(word) { return scheme < word.count }
        var word = word
        if word.hasPrefix("mailto:") { word = word.from(7) }
        while let last = word.last, isMark(last) { word = word.upTo(word.count - 1) }
        if isLabel(word) { return true }
        while let first = word.first, isMark(first), first != UInt8(ascii: "+") { word = word.from(1) }
        return word.isEmpty || isTime(word) || isLabel(word) || isPlain(word, isFirst: isFirst)
    }

    /// `12:13:14`.
    static func isTime(_ word: ByteView) -> Bool {
        word.contains(ByteView.colon) && word.allSatisfy { ByteView.isDigit($0) || $0 == ByteView.colon || $0 == ByteView.dot }
    }

    /// Whether a word says that an address follows.
    static func isLabel(_ word: ByteView) -> Bool { labels.contains { word.equals($0) } }

    private static func isMark(_ byte: UInt8) -> Bool {
        switch byte {
        case ByteView.dot, ByteView.colon, UInt8(ascii: "="), UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "#"), UInt8(ascii: "+"),
            UInt8(ascii: "&"), UInt8(ascii: "/"), UInt8(ascii: "~"), UInt8(ascii: "_"), ByteView.backslash, 0...0x20:
            true
        default: false
        }
    }

    private static let labels: [StaticString] = [
        "to", "from", "cc", "bcc", "reply-to", "sender", "email", "e-mail", "mail", "address", "login", "user", "username", "contact", "kontakt",
    ]

    /// What stands between blanks, brackets, quotation marks and the signs that separate fields.
    private struct Words {
        private let text: ByteView
        private var position = 0

        init(_ text: ByteView) { self.text = text }

        mutating func next() -> ByteView? {
            while position < text.count {
                let width = Self.gap(text, position)
                if width == 0 { break }
                position += width
            }
            guard position < text.count else { return nil }
            let start = position
            while position < text.count, Self.gap(text, position) == 0 { position += 1 }
            return text[start..<position]
        }

        /// How many bytes of a separator begin at a place.
        private static func gap(_ text: ByteView, _ index: Int) -> Int {
            switch text[index] {
            case 0...0x20, ByteView.comma, ByteView.semicolon, ByteView.pipe, ByteView.quote, ByteView.apostrophe, UInt8(ascii: "`"),
                UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"),
                UInt8(ascii: "{"), UInt8(ascii: "}"):
                return 1
            case 0x80...:
                return WrappedAddress.signLength(text, at: index)
            default: return 0
            }
        }
    }
}

extension LeakRecord {
    /// Marked, unless what stands beside it is understood.
    func unread(unless isUnderstood: Bool) -> LeakRecord {
        guard !isUnderstood else { return self }
        var record = self
        record.markUnread()
        return record
    }

    /// Notes that what stands beside the address was not understood. The text is put in where the line is at hand.
    mutating func markUnread() { if secret == nil, unread == nil { unread = LeakedSecret(kind: .plain, bytes: []) } }

    /// Not known where what was taken for the secret has another address in it, behind a sign that parts: then the line is of two people.
    func withoutSecretOfTwo(in context: MatchContext) -> LeakRecord {
        guard shape == .combo || shape == .ulp, let bytes = secret?.bytes, bytes.contains(ByteView.at) else { return self }
        let hasOther = bytes.withUnsafeBytes { buffer in
            let text = ByteView(buffer)
            let signs = [ByteView.colon, ByteView.semicolon, ByteView.comma, ByteView.pipe, ByteView.tab, ByteView.blank]
            guard let sign = (0..<text.count).first(where: { signs.contains(text[$0]) }) else { return false }
            return Understanding.hasAddress(text.from(sign + 1)) || Understanding.hasAddress(text.upTo(sign))
        }
        guard hasOther else { return self }
        var record = self
        record.secret = nil
        record.markUnread()
        return record.withUnreadText(of: context)
    }

    /// With the text that was not understood: what is around the address in its line.
    func withUnreadText(of context: MatchContext) -> LeakRecord {
        guard let unread, unread.bytes.isEmpty else { return self }
        var record = self
        let context = context.clamped.inOneLine
        let line = ByteView(context.line)
        let start = max(0, context.match.lowerBound - UnreadText.reach)
        let end = min(line.count, context.match.upperBound + UnreadText.reach)
        record.unread = LeakedSecret(kind: .plain, bytes: Array(line[start..<end].trimmed.bytes))
        return record
    }
}

enum UnreadText {
    /// How much of a line is kept before and behind an address, to tell whether it is the same text again.
    static let reach = 512
}
