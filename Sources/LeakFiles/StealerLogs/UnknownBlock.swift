/// A block of a password file whose labels nobody knows: `Konto: ann@example.com`. What stands where says what it is.
enum UnknownBlock {
    /// How far before and behind a match its block is looked for.
    private static let reach = 1_024
    private static let mostLines = 12

    private struct Field {
        var label: PasswordFile.Label?
        var value: ByteView
    }

    /// What the block around a match says. The address was in the log, whatever else is understood.
    static func record(of match: WatchMatch, in text: ByteView) -> LeakRecord {
        var record = LeakRecord(address: match.address, shape: .stealerPassword, confidence: .low, offset: UInt64(match.range.lowerBound))
        let fields = fields(around: match.range, in: text)
        let matched = text[match.range]
        guard let login = fields.firstIndex(where: { FileShape.isLogin($0.value, matched) }) else { return unread(record, match, in: text) }
        let sites = fields.indices.map { site(fields[$0], isBeforeLogin: $0 < login) }
        record.site = sites.compactMap { $0 }.first
        record.login = fields[login].value.text(limit: 254)
        // The label says which is the password; else it follows the login, when there is a site: a list of names and numbers has none.
        let passwords = fields.indices.filter { fields[$0].label == .password }
        let labelled = (passwords.count == 1 ? passwords.first : passwords.first { $0 > login }).map { fields[$0] }
        let next = login + 1 < fields.count && fields[login + 1].label == nil && sites[login + 1] == nil ? fields[login + 1] : nil
        // A label of a password with nothing behind it says that there is none.
        if let labelled, Noise.isPlaceholder(labelled.value) { return record }
        guard let field = labelled ?? (record.site == nil ? nil : next), !Noise.isPlaceholder(field.value) else {
            return unread(record, match, in: text)
        }
        record.secret = LeakedSecret(field.value)
        return record.secret == nil ? unread(record, match, in: text) : record
    }

    /// A block of which it is not known whether a secret is in it.
    private static func unread(_ record: LeakRecord, _ match: WatchMatch, in text: ByteView) -> LeakRecord {
        var record = record
        record.markUnread()
        return record.withUnreadText(of: MatchContext(line: text.bytes, match: match.range))
    }

    /// The labelled lines around a place, as far as they stand together.
    private static func fields(around range: Range<Int>, in text: ByteView) -> [Field] {
        let start = max(0, range.lowerBound - reach)
        var reader = LineReader(text[start..<min(text.count, range.upperBound + reach)])
        var fields: [Field] = []
        while let line = reader.next() {
            let place = start + reader.start
            let isBehind = place > range.lowerBound
            // The beginning may be the end of a line.
            guard place > start || start == 0, let field = field(line) else {
                if isBehind { break }
                fields = []
                continue
            }
            fields.append(field)
            if fields.count > mostLines {
                if isBehind { break }
                fields.removeFirst()
            }
        }
        return fields
    }

    private static func field(_ line: ByteView) -> Field? {
        let text = line.trimmed.withoutMarks
        guard !text.isEmpty, !Noise.isBanner(text) else { return nil }
        if let (label, value) = PasswordFile.Label.read(text) { return Field(label: label, value: value.trimmed) }
        let colon = text.firstIndex(of: ByteView.colon)
        let mark = [colon, text.firstIndex(of: UInt8(ascii: "=")), text.firstIndex(of: ByteView.tab)].compactMap { $0 }.min()
        guard let mark, mark > 0, mark <= 40, !text.upTo(mark).contains(ByteView.at) else { return nil }
        // A site without a label: `https://…` is one whole value.
        if mark == colon, text.from(mark + 1).hasPrefix("//") { return Field(label: .url, value: text) }
        return Field(label: nil, value: text.from(mark + 1).trimmed)
    }

    private static func site(_ field: Field, isBeforeLogin: Bool) -> String? {
        guard field.label == nil || field.label == .url else { return nil }
        // Behind the login a password may look like a host.
        return field.label == .url || isBeforeLogin || SiteAddress.schemeLength(field.value) != nil ? SiteAddress.host(of: field.value) : nil
    }
}
