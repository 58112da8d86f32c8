/// Cards with what is known of a person, and entries of calendars: `EMAIL;TYPE=WORK:ann@…` between `BEGIN:VCARD` and `END:VCARD`,
/// `ATTENDEE;CN=Ann Lee:mailto:ann@…`. Lines may be folded: what begins with a blank goes on with the one before.
enum CardLines {
    /// Those with an address of a person.
    private static let people: [StaticString] = ["email", "attendee", "organizer", "impp"]

    /// Those whose value is no secret, whatever it is.
    private static let harmless: [StaticString] = [
        "begin", "end", "version", "prodid", "rev", "uid", "source", "kind", "n", "fn", "nickname", "org", "title", "role", "tel", "adr", "label",
        "geo",
        "tz", "bday", "anniversary", "gender", "lang", "url", "impp", "photo", "logo", "sound", "categories", "email", "related", "member", "mailer",
        "sort-string", "class", "dtstart", "dtend", "dtstamp", "created", "last-modified", "sequence", "status", "transp", "rrule", "exdate", "rdate",
        "recurrence-id", "duration", "calscale", "method", "priority", "tzid", "tzoffsetfrom", "tzoffsetto", "tzname", "tzurl", "trigger", "action",
        "repeat", "attendee", "organizer", "percent-complete", "due", "completed", "freebusy", "acknowledged", "caladruri", "caluri", "fburl",
        "x-ablabel", "x-abadr", "x-abuid", "x-socialprofile", "x-phonetic-first-name", "x-phonetic-last-name", "x-gender", "x-wr-calname",
        "x-wr-timezone", "x-lic-location", "x-microsoft-cdo-busystatus", "x-microsoft-cdo-importance", "x-apple-travel-advisory-behavior",
    ]

    /// Those with a text that somebody wrote.
    private static let texts: [StaticString] = ["note", "description", "summary", "location", "comment", "x-alt-desc", "x-wr-caldesc"]

    private static let parameters: [StaticString] = [
        "type", "pref", "charset", "encoding", "language", "altid", "pid", "index", "value", "cn", "cutype", "role", "partstat", "rsvp",
        "x-num-guests", "email", "schedule-status", "schedule-agent", "sent-by", "dir", "member", "delegated-to", "delegated-from", "internet",
        "work",
        "home", "x-internet", "quoted-printable",
    ]

    private struct Entry {
        var name: ByteView
        var parameters: ByteView
        var value: ByteView

        /// - Returns: nil for a line that is none.
        init?(_ line: ByteView) {
            guard let colon = Self.colon(in: line) else { return nil }
            let head = line.upTo(colon)
            let mark = head.firstIndex(of: ByteView.semicolon) ?? head.count
            var name = head.upTo(mark)
            // `item1.EMAIL`.
            if let dot = name.firstIndex(of: ByteView.dot) { name = name.from(dot + 1) }
            let isName = name.allSatisfy { ByteView.isLetter($0) || ByteView.isDigit($0) || $0 == UInt8(ascii: "-") }
            guard (1...40).contains(name.count), isName else { return nil }
            (self.name, parameters, value) = (name, head.from(mark + 1), line.from(colon + 1))
        }

        /// The first that stands in no quotation marks.
        private static func colon(in line: ByteView) -> Int? {
            var isQuoted = false
            for index in 0..<line.count {
                if line[index] == ByteView.quote { isQuoted.toggle() }
                if line[index] == ByteView.colon, !isQuoted { return index }
            }
            return nil
        }

        func isOne(of names: [StaticString]) -> Bool { names.contains { name.equals($0) } }
    }

    /// Whether an address may stand in one: most lines are none.
    static func mayBe(_ context: MatchContext) -> Bool {
        let line = ByteView(context.line)
        guard !context.isStartCut, context.match.lowerBound > 0, let first = line.first else { return false }
        if ByteView.isBlank(first) { return true }
        return Entry(line)?.isOne(of: people) ?? false
    }

    /// Whether the card, or the entry of a calendar, in which an address stands is understood, as far as it is at hand.
    /// - Parameter context: over line breaks.
    /// - Returns: nil when it stands in none.
    static func isUnderstood(_ context: MatchContext) -> Bool? {
        let context = context.clamped
        let whole = ByteView(context.line)
        let first = max(0, context.match.lowerBound - LabelledBlock.reach)
        let text = whole[first..<min(whole.count, context.match.upperBound + LabelledBlock.reach)]
        let place = context.match.lowerBound - first
        var lines: [[UInt8]] = []
        var own: Int?
        var reader = LineReader(text)
        while let line = reader.next() {
            if reader.start == 0, first > 0 || context.isStartCut, line.count <= place { continue }
            let isFolded = line.first == ByteView.blank || line.first == ByteView.tab
            if isFolded, !lines.isEmpty {
                lines[lines.count - 1] += Array(line.from(1).bytes)
            } else {
                lines.append(Array(line.bytes))
            }
            if reader.start <= place, place < reader.start + max(1, line.count) { own = lines.count - 1 }
        }
        guard let own else { return nil }
        let isCut = text.count < whole.count - first || context.isEndCut
        return isUnderstood(lines, own: own, isCut: isCut)
    }

    private static func isUnderstood(_ lines: [[UInt8]], own: Int, isCut: Bool) -> Bool? {
        guard let isClear = with(lines[own], { $0.isOne(of: people) ? isOwn($0) : nil }) ?? nil else { return nil }
        var isCard = isClear.isSure
        var isUnderstood = isClear.isUnderstood
        func look(_ index: Int) -> Bool {
            guard !lines[index].allSatisfy(ByteView.isBlank) else { return false }
            let (isPart, isEdge) =
                with(lines[index]) { entry in
                    // The last line may end where what is at hand does.
                    let isLast = isCut && index == lines.count - 1
                    let isEdge = (entry.name.equals("begin") || entry.name.equals("end")) && entry.value.hasPrefix("v")
                    return (isLast || isHarmless(entry), isEdge)
                } ?? (isCut && index == lines.count - 1, false)
            if isEdge { isCard = true }
            if !isPart { isUnderstood = false }
            return !isEdge
        }
        var index = own
        while index > 0, look(index - 1) { index -= 1 }
        index = own
        while index + 1 < lines.count, look(index + 1) { index += 1 }
        return isCard ? isUnderstood : nil
    }

    private static func with<R>(_ line: [UInt8], _ body: (Entry) -> R) -> R? {
        line.withUnsafeBytes { bytes in Entry(ByteView(bytes)).map(body) }
    }

    /// Whether a line with an address is understood, and whether it is surely one of a card or calendar.
    private static func isOwn(_ entry: Entry) -> (isUnderstood: Bool, isSure: Bool) {
        var known = 0
        for parameter in split(entry.parameters) {
            let end = parameter.firstIndex(of: UInt8(ascii: "=")) ?? parameter.count
            let name = parameter.upTo(end)
            guard parameters.contains(where: { name.equals($0) }) else { return (false, false) }
            // The name of whoever it is of may be anything but a word that looks like a secret.
            let value = unquoted(parameter.from(end + 1))
            if name.equals("cn"), !ContentKind.isEmail(value), Understanding.looksLikeSecret(value) { return (false, true) }
            known += 1
        }
        var value = entry.value.trimmed
        if value.hasPrefix("mailto:") { value = value.from(7) }
        let isAddress = ContentKind.isEmail(value) || SiteAddress.schemeLength(value) != nil || value.hasPrefix("urn:") || value.hasPrefix("invalid:")
        return (isAddress, known > 0)
    }

    private static func isHarmless(_ entry: Entry) -> Bool {
        if entry.isOne(of: texts) { return Understanding.isHarmlessText(entry.value) }
        if entry.isOne(of: harmless) { return true }
        return entry.value.trimmed.isEmpty
    }

    private static func split(_ parameters: ByteView) -> [ByteView] {
        var parts: [ByteView] = []
        var (start, isQuoted) = (0, false)
        for index in 0...parameters.count {
            if index < parameters.count, parameters[index] == ByteView.quote { isQuoted.toggle() }
            guard index == parameters.count || parameters[index] == ByteView.semicolon && !isQuoted else { continue }
            if index > start { parts.append(parameters[start..<index]) }
            start = index + 1
        }
        return parts
    }

    private static func unquoted(_ value: ByteView) -> ByteView {
        value.count > 1 && value.first == ByteView.quote && value.last == ByteView.quote ? value[1..<value.count - 1] : value
    }
}
