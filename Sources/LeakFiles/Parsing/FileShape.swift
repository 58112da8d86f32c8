/// What a file is, found from its beginning, and how a match in it is read.
package struct FileShape: Sendable {
    enum Kind: Sendable {
        /// `URL:login:password` and `login:password`, with the separator that most lines use.
        case lines(separator: UInt8)
        case table(TableLayout)
        case sql(SQLLayout)
        case json
        /// Labelled lines, as in a stealer's password file.
        case blocks
        case text
    }

    /// How much of a file's beginning is looked at.
    package static let sampleBytes = 256 << 10

    var kind: Kind

    /// Whether a record may take several lines: then a match is best handed over with what is around it, line breaks and all.
    package var spansLines: Bool

    /// - Parameters:
    ///   - sample: the first 256 KiB at most, decoded to UTF-8 where it was UTF-16, without a byte order mark.
    ///   - name: the file's name.
    package init(sample: UnsafeRawBufferPointer, name: String) {
        let text = ByteView(sample).upTo(Self.sampleBytes).withoutMarks
        kind = Self.sniff(text, name: name.lowercased())
        switch kind {
        case .blocks: spansLines = true
        case .json: spansLines = !Self.isOneObjectPerLine(text)
        case .lines, .table, .sql, .text: spansLines = false
        }
    }

    /// Reads the record around a match.
    ///
    /// A secret is given only when the record's login is the address, or its row is that person's; an address that stands elsewhere
    /// (in a path, in another's row) is only said to be there.
    /// - Parameter around: the lines around the match; asked for where it stands alone in its own.
    package func record(
        of address: Int, in context: MatchContext, offset: UInt64, around: () -> MatchContext? = { nil }
    ) -> LeakRecord {
        if case .lines(ByteView.colon) = kind, let record = Self.plainCombo(of: address, in: context, offset: offset) {
            return record.withoutSecretOfTwo(in: context)
        }
        let record = anyRecord(of: address, in: context, offset: offset)
        guard record.secret == nil else { return record.withoutSecretOfTwo(in: context) }
        return besides(record, of: address, in: context, offset: offset, around: around).withoutSecretOfTwo(in: context).withUnreadText(of: context)
    }

    /// Reads the record around a match, whatever it is.
    func anyRecord(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord {
        let context = context.clamped
        guard !context.match.isEmpty else { return LeakRecord(address: address, shape: .text, confidence: .low, offset: offset) }
        // A stretch of UTF-16 in a file of another encoding.
        if ByteView(context.line)[context.match].contains(UInt8(0)) {
            return context.inOneLine.narrowed { anyRecord(of: address, in: $0, offset: offset) }
        }
        switch kind {
        case .lines(let separator):
            return context.inOneLine.withoutNUL { context in
                let record = Self.line(of: address, in: context, separator: separator, isCertain: true, offset: offset)
                guard record.secret == nil else { return record }
                return otherShape(of: address, in: context, offset: offset) ?? record
            }
        case .table(let layout): return row(of: address, in: context.inOneLine, layout, offset: offset)
        case .sql(let layout):
            if let record = layout.record(of: address, in: context.inOneLine, offset: offset) { return record }
        case .json:
            if let record = JSONObjectReader.record(of: address, in: context, offset: offset) { return record }
        case .blocks:
            if let record = LabelledLine.record(of: address, in: context.inOneLine, offset: offset)
                ?? PasswordFile.record(of: address, in: context, offset: offset)
            {
                return record
            }
            return context.inOneLine.withoutNUL { Self.line(of: address, in: $0, separator: ByteView.colon, isCertain: true, offset: offset) }
        case .text: break
        }
        return context.inOneLine.withoutNUL { context in
            if let record = otherShape(of: address, in: context, offset: offset) { return record }
            return Self.line(of: address, in: context, separator: ByteView.colon, isCertain: false, offset: offset)
        }
    }

    /// A record in which no secret was found: what else the line and those around it say, and whether all of it was understood.
    private func besides(
        _ record: LeakRecord, of address: Int, in context: MatchContext, offset: UInt64, around: () -> MatchContext?
    ) -> LeakRecord {
        switch record.shape {
        case .json:
            // An address among other text in a string.
            return record.login == nil && record.unread != nil ? inString(of: address, in: context.clamped, offset: offset) ?? record : record
        case .sql, .stealerPassword, .stealerAutofill: return record
        case .table: guard record.confidence == .low else { return record }
        case .ulp, .combo, .text: break
        }
        let wide = context.clamped
        let context = wide.inOneLine
        guard !context.match.isEmpty else { return record }
        // Without what lines of it are not read with, either.
        if ByteView(context.line)[context.match].contains(UInt8(0)) {
            return context.narrowed { besides(record, of: address, in: $0, offset: offset, around: { nil }) }
        }
        if ByteView(context.line).contains(UInt8(0)) {
            return context.withoutNUL { besides(record, of: address, in: $0, offset: offset, around: { nil }) }
        }
        if let found = otherLayout(of: address, in: context, offset: offset), found.secret != nil || record.shape != .table { return found }
        if record.shape == .table {
            // By the signs between them its fields may be told wrongly: a row of a dump, an object.
            var record = record
            if record.unread != nil, isNamed(address, in: context, offset: offset) { record.unread = nil }
            return record
        }
        var asked: MatchContext??
        func lines() -> MatchContext? {
            if asked == nil { asked = .some(spansLines ? wide : around()) }
            return asked ?? nil
        }
        if let place = LabelledBlock.place(context) {
            let block = lines().flatMap { LabelledBlock.record(of: address, in: $0, offset: offset) }
            if let block, block.secret != nil { return block }
            if let block, place == .known { return block }
            if place == .known { return record.unread(unless: lines().map(LabelledBlock.hasPlainNeighbours) ?? true) }
        }
        // A login with nothing behind it is understood, and whatever was there has been said.
        guard record.login == nil, record.unread == nil else { return record }
        if isNamed(address, in: context, offset: offset) { return record }
        guard LabelledLine.isUnderstood(context) || Understanding.isUnderstood(context) else {
            return record.unread(unless: false)
        }
        // Marks that programs set before their labels: `[+] Email: …` above `[+] Password: …`.
        return record.unread(unless: lines().map(LabelledBlock.hasPlainNeighbours) ?? true)
    }

    /// Layouts that are looked for when no other fits.
    private func otherLayout(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord? {
        if let record = FormFields.record(of: address, in: context, offset: offset) ?? MarkedUpFields.record(of: address, in: context, offset: offset)
        {
            return record
        }
        return inString(of: address, in: context, offset: offset) ?? WrappedAddress.record(of: address, in: context, offset: offset)
    }

    /// `"address:secret"`, one of many in a list.
    private func inString(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord? {
        guard !context.isStartCut, let inner = JSONObjectReader.string(around: context.match, in: ByteView(context.line)),
            inner.upperBound > context.match.upperBound, inner.upperBound < context.line.count
        else { return nil }
        let string = MatchContext(
            line: UnsafeRawBufferPointer(rebasing: context.line[inner]),
            match: context.match.lowerBound - inner.lowerBound..<context.match.upperBound - inner.lowerBound)
        var record = Self.line(of: address, in: string, separator: ByteView.colon, isCertain: false, offset: offset)
        guard let secret = record.secret else { return nil }
        record.secret = secret.bytes.withUnsafeBytes { LeakedSecret(ByteView($0), escape: .json) }
        record.confidence = .low
        return record
    }

    /// Whether a statement or an object in the line names what stands beside the address.
    private func isNamed(_ address: Int, in context: MatchContext, offset: UInt64) -> Bool {
        guard let record = otherShape(of: address, in: context, mustHaveSecret: false, offset: offset) else { return false }
        return record.login != nil && record.unread == nil
    }

    /// A row of a table, or of what else the file has between its rows.
    private func row(of address: Int, in context: MatchContext, _ layout: TableLayout, offset: UInt64) -> LeakRecord {
        // A row whose beginning is not at hand has no columns.
        guard !context.isStartCut else {
            var record = LeakRecord(address: address, shape: .table, confidence: .low, offset: offset)
            record.markUnread()
            return record
        }
        let line = ByteView(context.line)
        let record = layout.record(of: address, in: line, at: context.match, isEndCut: context.isEndCut, offset: offset)
        guard record.secret == nil else { return record }
        if let labelled = LabelledLine.record(of: address, in: context, offset: offset) { return labelled }
        guard !layout.fits(line) else { return record }
        let other = Self.line(of: address, in: context, separator: ByteView.colon, isCertain: false, offset: offset)
        if other.secret != nil { return other }
        return otherShape(of: address, in: context, offset: offset) ?? record
    }

    /// A line that is none of those the file begins with: files are joined of several, and each line shows what it is of.
    private func otherShape(of address: Int, in context: MatchContext, mustHaveSecret: Bool = true, offset: UInt64) -> LeakRecord? {
        let line = ByteView(context.line).trimmedLeft
        let before = ByteView(context.line).upTo(context.match.lowerBound)
        guard !context.isStartCut, let first = line.first else { return nil }
        if SQLLayout.isStatement(line) || first == UInt8(ascii: "(") || before.contains("insert into ") {
            let layout = SQLLayout(sample: ByteView(context.line).upTo(16 * 1024))
            if let record = layout.record(of: address, in: context, offset: offset), record.secret != nil || !mustHaveSecret { return record }
        }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") || first == ByteView.quote || before.contains(UInt8(ascii: "{")) {
            if let record = JSONObjectReader.record(of: address, in: context, offset: offset), record.secret != nil || !mustHaveSecret {
                return record
            }
        }
        return nil
    }

    /// - Parameter isCertain: whether the file is one of such lines; else only what is hardly anything else is read as one.
    private static func line(of address: Int, in context: MatchContext, separator: UInt8, isCertain: Bool, offset: UInt64) -> LeakRecord {
        let line = ByteView(context.line)
        let match = line[context.match]
        var record = LeakRecord(address: address, shape: .text, confidence: .low, offset: offset)
        // Without its beginning a line is not one of these; with more than 4 KiB it is something else.
        guard !context.isStartCut, line.count <= 4_096 || context.match.upperBound <= 4_096 else { return record }
        if let record = LabelledLine.record(of: address, in: context, offset: offset) { return record }
        let limited = line.upTo(max(4_096, context.match.upperBound + LeakedSecret.mostBytes + 64))
        let isCut = context.isEndCut || limited.count < line.count
        guard let credential = CredentialLine.read(limited, separator: separator, match: match).credential else {
            return row(of: address, in: limited, at: context.match, isCut: isCut, offset: offset) ?? record
        }
        if Self.isLogin(credential.login, match) {
            // In prose an address with a colon behind it is no login.
            if !isCertain, credential.form == .combo, credential.secret.isEmpty || credential.secret.contains(ByteView.blank) { return record }
            // Nor is what stands behind a comma in a mailing list a password.
            if !isCertain, credential.form == .combo, Understanding.isPlainText(credential.secret), !hasColon(behind: context.match, in: line) {
                return record
            }
            // Nor is it known to be one where it looks like the server of a mailbox.
            if isCertain, credential.form == .combo, ServerName.isLikely(firstField(credential.secret)), !hasColon(behind: context.match, in: line) {
                return record
            }
            record.shape = credential.form == .ulp ? .ulp : .combo
            record.site = credential.host.flatMap(SiteAddress.hostName)
            record.login = credential.login.trimmed.text(limit: 254)
            // A secret that goes on where nothing is at hand would be another one.
            var secret = credential.secret
            // `address: secret`, `address; secret`.
            if secret.first == ByteView.blank, credential.form == .combo { secret = secret.from(1) }
            record.secret = isCut ? nil : LeakedSecret(secret, escape: credential.secretEscape)
            if isCut || !secret.isEmpty { record.markUnread() }
            record.confidence = isCut || !isCertain ? min(credential.confidence, isCut ? .low : .medium) : credential.confidence
            return record
        }
        if let secret = secret(behind: context.match, in: limited, isCut: isCut, isCertain: isCertain) {
            record.shape = .combo
            record.login = match.text(limit: 254)
            record.secret = secret
            return record
        }
        if credential.form == .ulp {
            record.shape = .ulp
            record.site = credential.host.flatMap(SiteAddress.hostName)
            return record
        }
        return row(of: address, in: limited, at: context.match, isCut: isCut, offset: offset) ?? record
    }

    /// What stands before the next sign that parts fields.
    private static func firstField(_ text: ByteView) -> ByteView {
        var end = 0
        while end < text.count, ![ByteView.pipe, ByteView.semicolon, ByteView.comma, ByteView.tab, ByteView.colon].contains(text[end]) { end += 1 }
        return text.upTo(end).trimmed
    }

    private static func hasColon(behind match: Range<Int>, in line: ByteView) -> Bool {
        let around = [ByteView.quote, ByteView.apostrophe, UInt8(ascii: ">")]
        var index = match.upperBound
        while index < line.count, ByteView.isBlank(line[index]) || around.contains(line[index]) { index += 1 }
        return index < line.count && line[index] == ByteView.colon
    }

    /// The secret of `number:name:address:secret:…`: what stands behind an address that other fields stand before, none of them an address.
    private static func secret(behind match: Range<Int>, in line: ByteView, isCut: Bool, isCertain: Bool) -> LeakedSecret? {
        guard match.lowerBound > 1, match.upperBound < line.count,
            [ByteView.colon, ByteView.pipe, ByteView.semicolon].contains(line[match.upperBound])
        else { return nil }
        let separator = line[match.upperBound]
        let before = line.upTo(match.lowerBound)
        guard before.last == separator, !before.contains(ByteView.at), before.firstIndex(of: "://") == nil, before.count(of: separator) <= 6 else {
            return nil
        }
        var secret = CredentialLine.withoutSign(line.from(match.upperBound + 1).withoutLineEnd, separator)
        secret = Noise.withoutCapture(Noise.withoutAdvertising(secret))
        var isHash = SecretKind.recognise(secret).isHash
        if let next = secret.firstIndex(of: separator), SecretKind.recognise(secret.upTo(next)).isHash {
            secret = secret.upTo(next)
            isHash = true
        }
        // Beside other signs than a colon stand names, places, dates and servers as well.
        guard isHash || separator == ByteView.colon || !Understanding.isPlainText(secret) else { return nil }
        // In other rows than those with colons, which passwords have, what follows is another column; in prose it is the text.
        guard isHash || !isCut && (separator == ByteView.colon || !secret.contains(separator)) && (isCertain || !secret.contains(ByteView.blank)),
            !Noise.isPlaceholder(secret)
        else { return nil }
        return LeakedSecret(secret)
    }

    /// Whether a login is the address, also with the name of a Windows domain before it.
    static func isLogin(_ login: ByteView, _ match: ByteView) -> Bool {
        let login = login.trimmed
        guard let start = match.offset(in: login), start + match.count == login.count else { return false }
        return start == 0 || login[start - 1] == ByteView.backslash
    }

    /// A row in a file that is none of rows: told apart by its looks.
    private static func row(of address: Int, in line: ByteView, at match: Range<Int>, isCut: Bool, offset: UInt64) -> LeakRecord? {
        guard let mark = fieldMark(before: match, in: line) else { return nil }
        let isInApostrophes = line[match.lowerBound - 1] == ByteView.apostrophe
        let layout = TableLayout.unnamed(separator: mark, quote: isInApostrophes ? ByteView.apostrophe : ByteView.quote)
        var record = layout.record(of: address, in: line, at: match, isEndCut: isCut, offset: offset)
        record.confidence = .low
        return record
    }

    /// The mark that separates the fields of a row, as seen before the match.
    private static func fieldMark(before match: Range<Int>, in line: ByteView) -> UInt8? {
        guard match.lowerBound > 0 else { return nil }
        var index = match.lowerBound - 1
        while index > 0, [ByteView.blank, ByteView.quote, ByteView.apostrophe, UInt8(ascii: "<")].contains(line[index]) { index -= 1 }
        let mark = line[index]
        return [ByteView.comma, ByteView.semicolon, ByteView.tab, ByteView.pipe].contains(mark) ? mark : nil
    }
}

extension MatchContext {
    /// With a match that lies in the line whatever was handed over.
    var clamped: MatchContext {
        var context = self
        let upper = max(0, min(match.upperBound, line.count))
        context.match = max(0, min(match.lowerBound, upper))..<upper
        return context
    }

    /// Without what lies before and behind line breaks around the match.
    var inOneLine: MatchContext {
        let text = ByteView(line)
        var start = match.lowerBound
        var end = match.upperBound
        let feed = text.lastIndex(of: ByteView.lineFeed, before: start)
        let carriage = text.lastIndex(of: ByteView.carriageReturn, before: start)
        let before = max(feed ?? -1, carriage ?? -1)
        start = before + 1
        let rest = text.from(end)
        let nextFeed = rest.firstIndex(of: ByteView.lineFeed) ?? rest.count
        let nextCarriage = rest.firstIndex(of: ByteView.carriageReturn) ?? rest.count
        end += min(nextFeed, nextCarriage)
        guard start > 0 || end < text.count else { return self }
        return MatchContext(
            line: text[start..<end].bytes, match: match.lowerBound - start..<match.upperBound - start, isStartCut: isStartCut && start == 0,
            isEndCut: isEndCut && end == text.count, head: start == 0 ? head : UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Hands over the context as UTF-8 whose match is UTF-16.
    func narrowed(_ body: (MatchContext) -> LeakRecord) -> LeakRecord {
        var bytes: [UInt8] = []
        var found = 0..<0
        // The match begins with a character; what is left of one at the line's ends is none.
        for part in [(match.lowerBound % 2)..<match.lowerBound, match, match.upperBound..<line.count] {
            let start = bytes.count
            var decoder = UTF16Decoder(isBigEndian: false)
            decoder.decode(UnsafeRawBufferPointer(rebasing: line[part]), into: &bytes)
            if part == match { found = start..<bytes.count }
        }
        return bytes.withUnsafeBytes { copy in
            let context = MatchContext(
                line: copy, match: found, isStartCut: isStartCut, isEndCut: isEndCut, head: UnsafeRawBufferPointer(start: nil, count: 0))
            return body(context.clamped)
        }
    }

    /// Hands over the context as it is, or a copy without the NUL bytes that damaged lines have.
    func withoutNUL(_ body: (MatchContext) -> LeakRecord) -> LeakRecord {
        guard ByteView(line).contains(UInt8(0)) else { return body(self) }
        var bytes: [UInt8] = []
        var start = match.lowerBound
        var end = match.upperBound
        for (index, byte) in line.enumerated() {
            if byte != 0 {
                bytes.append(byte)
            } else if index < match.lowerBound {
                start -= 1
                end -= 1
            }
        }
        return bytes.withUnsafeBytes { copy in
            var context = MatchContext(line: copy, match: start..<end, isStartCut: isStartCut, isEndCut: isEndCut, head: head)
            context = context.clamped
            return body(context)
        }
    }
}
