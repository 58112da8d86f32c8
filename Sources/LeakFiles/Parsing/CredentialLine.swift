/// A line of `URL:login:password` or `login:password`, in any of the orders and with any of the separators they are met in.
struct CredentialLine {
    enum Form {
        case ulp
        case combo
    }

    /// Why a line holds no credential.
    enum Defect {
        case banner
        case placeholder
        case incomplete
    }

    enum Reading {
        case credential(CredentialLine)
        case dropped(Defect)
        /// Something else.
        case none

        var credential: CredentialLine? {
            guard case .credential(let credential) = self else { return nil }
            return credential
        }
    }

    var form: Form
    var host: ByteView?
    var login: ByteView
    /// Empty when there is none.
    var secret: ByteView
    var secretEscape = ValueEscape.none
    var confidence: ReadingConfidence

    /// What can stand between fields when it is not what the file uses elsewhere.
    private static let separators = [ByteView.tab, ByteView.pipe, ByteView.semicolon, ByteView.colon, ByteView.blank, ByteView.comma]

    /// - Parameters:
    ///   - separator: what the file uses.
    ///   - match: the address that is looked for, a part of the line: a reading in which it is the login is preferred.
    static func read(_ line: ByteView, separator: UInt8, match: ByteView? = nil) -> Reading {
        let line = Noise.withoutAdvertising(line.withoutLineEnd.withoutMarks.trimmedLeft)
        guard !line.isEmpty, !Noise.isBanner(line) else { return .dropped(.banner) }
        let reading: Reading
        if line[0] == ByteView.quote, line.count(of: ByteView.quote) % 2 == 0 {
            reading = quoted(line)
        } else if let site = SiteAddress.read(line, separator: separator) {
            reading = withSite(line, site, separator: separator, match: match)
        } else {
            reading = reversed(line) ?? withoutSite(line, separator: separator)
        }
        guard case .credential(var credential) = reading else { return reading }
        if Noise.isPlaceholder(credential.login) { return .dropped(.placeholder) }
        if credential.secret.contains(ByteView.blank) { credential.secret = Noise.withoutCapture(credential.secret) }
        if Noise.isPlaceholder(credential.secret) {
            credential.secret = .empty
            credential.confidence = .low
        }
        return .credential(credential)
    }

    // MARK: The site first

    private static func withSite(_ line: ByteView, _ site: SiteAddress, separator: UInt8, match: ByteView?) -> Reading {
        var best: CredentialLine?
        // The file's own separator first, then all others.
        for index in -1..<separators.count {
            let candidate = index < 0 ? separator : separators[index]
            if index >= 0, candidate == separator { continue }
            // The port depends on the separator.
            let site = candidate == separator ? site : SiteAddress.read(line, separator: candidate) ?? site
            guard let credential = fields(line, site, separator: candidate, match: match) else { continue }
            if let match, credential.login.isSamePlace(as: match) { return .credential(credential) }
            if best == nil { best = credential }
            // Without an address to look for the first that fits is as good as any.
            if match == nil { break }
        }
        if !site.hasScheme, best.map({ !ContentKind.isEmail($0.login) }) ?? true, let reversed = reversed(line) { return reversed }
        if let best { return .credential(best) }
        if let login = site.login, let secret = site.secret, !login.isEmpty {
            return .credential(CredentialLine(form: .ulp, host: site.host, login: login, secret: secret, confidence: .medium))
        }
        // `alex.doe:secret` looks like a host and a login.
        return site.hasScheme ? .dropped(.incomplete) : withoutSite(line, separator: separator)
    }

    private static func fields(_ line: ByteView, _ site: SiteAddress, separator: UInt8, match: ByteView?) -> CredentialLine? {
        let rest = line.from(site.end)
        guard let first = rest.first else { return nil }
        if first == separator || (ByteView.isBlank(first) && rest.trimmedLeft.first == separator) {
            guard let at = rest.firstIndex(of: separator) else { return nil }
            return split(rest, at: at, separator: separator, site: site, isFirst: true)
        }
        guard first == ByteView.slash || first == UInt8(ascii: "?") || first == UInt8(ascii: "#") || site.host == nil else { return nil }
        var chosen: CredentialLine?
        var position = 0
        var number = 0
        // An address of a site has no blanks.
        let limit = rest.firstIndex(of: ByteView.blank) ?? rest.count
        while number < 16, let at = rest.firstIndex(of: separator, from: position) {
            guard at <= limit || rest[limit..<at].trimmed.isEmpty else { break }
            position = at + 1
            if let credential = split(rest, at: at, separator: separator, site: site, isFirst: number == 0) {
                if let match, credential.login.isSamePlace(as: match) { return credential }
                if ContentKind.isEmail(credential.login), !credential.secret.isEmpty {
                    guard match != nil else { return credential }
                    if chosen.map({ !ContentKind.isEmail($0.login) }) ?? true { chosen = credential }
                } else if chosen == nil {
                    chosen = credential
                }
            }
            number += 1
        }
        return chosen
    }

    /// Login and secret behind the separator at a place.
    private static func split(_ rest: ByteView, at: Int, separator: UInt8, site: SiteAddress, isFirst: Bool) -> CredentialLine? {
        var fields = rest.from(at + 1)
        let isSpaced = separator != ByteView.blank && at > 0 && rest[at - 1] == ByteView.blank
        if isSpaced || separator == ByteView.blank { fields = fields.trimmedLeft }
        var inner = separator
        if separator == ByteView.blank {
            // `URL login:secret`.
            guard let found = firstSeparator(fields) else { return nil }
            inner = found
        }
        // `https://site::login::secret`: a sign written twice is one.
        let isDoubled = fields.first == inner && inner != ByteView.blank
        if isDoubled { fields = fields.from(1) }
        guard let next = fields.firstIndex(of: inner), !isDoubled || fields.from(next + 1).first == inner else { return nil }
        let login = Noise.withoutNote(isSpaced ? fields.upTo(next).trimmed : fields.upTo(next))
        var secret = fields.from(next + 1)
        if isSpaced, secret.first == ByteView.blank { secret = secret.from(1) }
        guard !login.isEmpty, login.count <= 320 else { return nil }
        let isEmail = ContentKind.isEmail(login)
        if isDoubled || isEmail { secret = withoutSign(secret, inner) }
        var confidence: ReadingConfidence = site.hasScheme && isEmail ? .high : .medium
        if !isFirst || secret.isEmpty || secret.hasAtLeast(3, of: inner) { confidence = .low }
        // A part of the path or the query taken for the login.
        if !isEmail, login.contains(where: { $0 == ByteView.slash || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "&") }) { confidence = .low }
        return CredentialLine(form: .ulp, host: site.host, login: login, secret: secret, confidence: confidence)
    }

    private static func firstSeparator(_ fields: ByteView) -> UInt8? {
        for index in 0..<fields.count {
            switch fields[index] {
            case ByteView.colon, ByteView.pipe, ByteView.semicolon, ByteView.tab: return fields[index]
            default: break
            }
        }
        return nil
    }

    // MARK: The site last

    /// `login:secret:https://…` or `login:secret https://…`.
    private static func reversed(_ line: ByteView) -> Reading? {
        guard let mark = line.firstIndex(of: "://", from: 1) else { return nil }
        var start = mark
        while start > 0, mark - start < 20, ByteView.isLetter(line[start - 1]) || line[start - 1] == UInt8(ascii: "-") { start -= 1 }
        guard start > 1, start < mark, separators.contains(line[start - 1]) else { return nil }
        let outer = line[start - 1]
        var before = line.upTo(start - 1)
        if outer == ByteView.pipe { before = before.trimmedRight }
        guard let inner = outer == ByteView.blank || !before.contains(outer) ? firstSeparator(before) : outer,
            let next = before.firstIndex(of: inner)
        else { return nil }
        let login = before.upTo(next).trimmed
        guard !login.isEmpty, login.count <= 320, let site = SiteAddress.read(line.from(start), separator: 0) else { return nil }
        let secret = before.from(next + 1)
        guard !secret.isEmpty else { return nil }
        return .credential(CredentialLine(form: .ulp, host: site.host, login: login, secret: secret, confidence: .low))
    }

    // MARK: No site

    private static func withoutSite(_ line: ByteView, separator: UInt8) -> Reading {
        var end: Int?
        for index in 0..<min(line.count, 321) where isFieldEnd(line[index]) || line[index] == separator {
            // Blanks and commas end an address, but occur in other names.
            let isWeak = line[index] == ByteView.blank || line[index] == ByteView.comma
            if isWeak, line[index] != separator, !ContentKind.isEmail(line.upTo(index)) { continue }
            end = index
            break
        }
        guard let end else { return .none }
        let login = line.upTo(end).trimmedRight
        let inner = line[end]
        var secret = line.from(end + 1)
        if login.count < end, secret.first == ByteView.blank { secret = secret.from(1) }
        guard !login.isEmpty else { return .dropped(.incomplete) }
        if inner == ByteView.blank { secret = withoutArrow(secret) } else if ContentKind.isEmail(login) { secret = withoutSign(secret, inner) }
        let next = secret.firstIndex(of: inner)
        if let next, let named = namedAddress(secret, next: next, login: login, separator: inner) { return .credential(named) }
        if let next {
            if let hash = windowsHash(secret, next: next) {
                secret = hash
            } else if SecretKind.recognise(secret.upTo(next)).isHash {
                // What follows a hash is its salt, or nothing of interest.
                secret = secret.upTo(next)
            }
        }
        let isEmail = ContentKind.isEmail(login)
        var confidence: ReadingConfidence = isEmail ? .medium : .low
        if secret.isEmpty || secret.hasAtLeast(3, of: inner) { confidence = .low }
        return .credential(CredentialLine(form: .combo, login: login, secret: secret, confidence: confidence))
    }

    /// `address::secret`: without the sign between the two that is written more than once.
    static func withoutSign(_ secret: ByteView, _ sign: UInt8) -> ByteView {
        var rest = secret
        while secret.count - rest.count < 2, let first = rest.first, first == sign, sign != ByteView.comma { rest = rest.from(1) }
        return rest
    }

    /// `login => secret`: without the sign between two blanks.
    private static func withoutArrow(_ secret: ByteView) -> ByteView {
        let text = secret.trimmedLeft
        for arrow in ["=>", "->", "==>", "-->"] as [StaticString] where text.hasPrefix(arrow) && text.count > arrow.utf8CodeUnitCount {
            return text.from(arrow.utf8CodeUnitCount).trimmedLeft
        }
        guard let blank = text.firstIndex(of: ByteView.blank), blank <= 3 else { return secret }
        let isSign = text.upTo(blank).allSatisfy {
            [
                UInt8(ascii: "="), UInt8(ascii: "-"), UInt8(ascii: ">"), ByteView.colon, ByteView.pipe, ByteView.semicolon, ByteView.comma,
                ByteView.slash,
            ]
            .contains($0)
        }
        return isSign ? text.from(blank).trimmedLeft : secret
    }

    /// `login:number:LM:NTLM:::`, as tools that read Windows' own store write it.
    private static func windowsHash(_ rest: ByteView, next: Int) -> ByteView? {
        guard next > 0, rest.upTo(next).allSatisfy(ByteView.isDigit), rest.count >= next + 66, rest[next + 33] == rest[next],
            rest[next + 1..<next + 33].isHexadecimal, rest[next + 34..<next + 66].isHexadecimal
        else { return nil }
        return rest[next + 34..<next + 66]
    }

    private static func isFieldEnd(_ byte: UInt8) -> Bool {
        switch byte {
        case ByteView.colon, ByteView.semicolon, ByteView.pipe, ByteView.tab, ByteView.comma, ByteView.blank: true
        default: false
        }
    }

    /// `name:address:secret` and `address:name:secret`: an address that a name or another address stands beside.
    private static func namedAddress(_ rest: ByteView, next: Int, login: ByteView, separator: UInt8) -> CredentialLine? {
        let second = rest.upTo(next).trimmed
        guard ContentKind.isEmail(second) else { return nil }
        var secret = rest.from(next + 1)
        if let end = secret.firstIndex(of: separator), SecretKind.recognise(secret.upTo(end)).isHash { secret = secret.upTo(end) }
        let isFirst = ContentKind.isEmail(login)
        return CredentialLine(form: .combo, login: isFirst ? login : second, secret: secret, confidence: .low)
    }

    // MARK: Quoted

    /// `"https://…","login","secret"` and `"login";"secret"`.
    private static func quoted(_ line: ByteView) -> Reading {
        for separator in [ByteView.comma, ByteView.semicolon, ByteView.tab, ByteView.pipe, ByteView.colon] {
            let row = DelimitedRow.read(
                line, dialect: DelimitedRow.Dialect(separator: separator, quote: ByteView.quote, hasBackslashes: false), limit: 8)
            guard row.count >= 2 else { continue }
            if row.count >= 3, let site = SiteAddress.read(row[0].text, separator: 0) {
                let isEmail = ContentKind.isEmail(row[1].text)
                return .credential(
                    CredentialLine(
                        form: .ulp, host: site.host, login: row[1].text, secret: row[2].text, secretEscape: row[2].escape,
                        confidence: site.hasScheme && isEmail ? .high : .medium))
            }
            guard ContentKind.isEmail(row[0].text) else { return .none }
            return .credential(
                CredentialLine(form: .combo, login: row[0].text, secret: row[1].text, secretEscape: row[1].escape, confidence: .medium))
        }
        return .none
    }
}
