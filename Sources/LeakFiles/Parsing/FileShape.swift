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
    package func record(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord {
        if case .lines(ByteView.colon) = kind, let record = Self.plainCombo(of: address, in: context, offset: offset) { return record }
        return anyRecord(of: address, in: context, offset: offset)
    }

    /// Reads the record around a match, whatever it is.
    func anyRecord(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord {
        let context = context.clamped
        guard !context.match.isEmpty else { return LeakRecord(address: address, shape: .text, confidence: .low, offset: offset) }
        switch kind {
        case .lines(let separator):
            return context.inOneLine.withoutNUL { Self.line(of: address, in: $0, separator: separator, isCertain: true, offset: offset) }
        case .table(let layout):
            let context = context.inOneLine
            // A row whose beginning is not at hand has no columns.
            guard !context.isStartCut else { return LeakRecord(address: address, shape: .table, confidence: .low, offset: offset) }
            return layout.record(of: address, in: ByteView(context.line), at: context.match, isEndCut: context.isEndCut, offset: offset)
        case .sql(let layout):
            if let record = layout.record(of: address, in: context.inOneLine, offset: offset) { return record }
            return LeakRecord(address: address, shape: .text, confidence: .low, offset: offset)
        case .json:
            if let record = JSONObjectReader.record(of: address, in: context, offset: offset) { return record }
            return LeakRecord(address: address, shape: .text, confidence: .low, offset: offset)
        case .blocks:
            return PasswordFile.record(of: address, in: context, offset: offset)
                ?? context.inOneLine.withoutNUL { Self.line(of: address, in: $0, separator: ByteView.colon, isCertain: true, offset: offset) }
        case .text:
            return context.inOneLine.withoutNUL { Self.line(of: address, in: $0, separator: ByteView.colon, isCertain: false, offset: offset) }
        }
    }

    /// - Parameter isCertain: whether the file is one of such lines; else only what is hardly anything else is read as one.
    private static func line(of address: Int, in context: MatchContext, separator: UInt8, isCertain: Bool, offset: UInt64) -> LeakRecord {
        let line = ByteView(context.line)
        let match = line[context.match]
        var record = LeakRecord(address: address, shape: .text, confidence: .low, offset: offset)
        // Without its beginning a line is not one of these; with more than 4 KiB it is something else.
        guard !context.isStartCut, line.count <= 4_096 || context.match.upperBound <= 4_096 else { return record }
        let limited = line.upTo(max(4_096, context.match.upperBound + LeakedSecret.mostBytes + 64))
        let isCut = context.isEndCut || limited.count < line.count
        guard let credential = CredentialLine.read(limited, separator: separator, match: match).credential else {
            return row(of: address, in: limited, at: context.match, isCut: isCut, offset: offset) ?? record
        }
        if Self.isLogin(credential.login, match) {
            // In prose an address with a colon behind it is no login.
            if !isCertain, credential.form == .combo, credential.secret.isEmpty || credential.secret.contains(ByteView.blank) { return record }
            record.shape = credential.form == .ulp ? .ulp : .combo
            record.site = credential.host.flatMap(SiteAddress.hostName)
            record.login = credential.login.trimmed.text(limit: 254)
            // A secret that goes on where nothing is at hand would be another one.
            record.secret = isCut ? nil : LeakedSecret(credential.secret, escape: credential.secretEscape)
            record.confidence = isCut || !isCertain ? min(credential.confidence, isCut ? .low : .medium) : credential.confidence
            return record
        }
        if credential.form == .ulp {
            record.shape = .ulp
            record.site = credential.host.flatMap(SiteAddress.hostName)
            return record
        }
        return row(of: address, in: limited, at: context.match, isCut: isCut, offset: offset) ?? record
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
        var record = TableLayout.unnamed(separator: mark).record(of: address, in: line, at: match, isEndCut: isCut, offset: offset)
        record.confidence = .low
        return record
    }

    /// The mark that separates the fields of a row, as seen before the match.
    private static func fieldMark(before match: Range<Int>, in line: ByteView) -> UInt8? {
        guard match.lowerBound > 0 else { return nil }
        var index = match.lowerBound - 1
        while index > 0, [ByteView.blank, ByteView.quote, ByteView.apostrophe].contains(line[index]) { index -= 1 }
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
