/// A stealer's list of passwords: blocks of labelled lines, in any order and with any separators, and lines of `URL:login:password`.
struct PasswordFile {
    /// A credential as it is written; parts that were not there are empty.
    struct Block {
        var url = ByteView.empty
        var login = ByteView.empty
        var password = ByteView.empty
        /// The part of the file that it takes.
        var range = 0..<0
        /// nil for a block of labels.
        var line: CredentialLine?

        var isCredential: Bool { !login.isEmpty || !password.isEmpty }

        var host: String? {
            if let line { return line.host.flatMap(SiteAddress.hostName) }
            return url.isEmpty ? nil : SiteAddress.host(of: url)
        }

        /// A secret is there when it is not empty and no word for nothing.
        var secret: LeakedSecret? {
            if let line { return LeakedSecret(line.secret, escape: line.secretEscape) }
            return Noise.isPlaceholder(password) ? nil : LeakedSecret(password)
        }
    }

    private var block = Block()
    private var set: Fields = []
    private var start = 0
    private var isEndPending = false
    private var last = Label.application
    /// The label of the block's login, as it is written.
    private var loginWord = ByteView.empty

    /// An address under a label that is none of those known: the login of the password below it, when there is no other.
    private var unknown: ByteView?

    private struct Fields: OptionSet {
        var rawValue: UInt8
        static let url = Fields(rawValue: 1)
        static let login = Fields(rawValue: 2)
        static let password = Fields(rawValue: 4)
        static let application = Fields(rawValue: 8)
    }

    /// Hands over every credential of a file, in order.
    static func read(_ text: ByteView, body: (Block) -> Void) {
        var file = PasswordFile()
        var lines = LineReader(text.withoutMarks)
        let skipped = text.count - text.withoutMarks.count
        while let line = lines.next() {
            file.add(line, at: skipped + lines.start, body)
        }
        file.end(at: text.count, body)
    }

    private mutating func end(at position: Int, _ body: (Block) -> Void) {
        defer {
            block = Block()
            set = []
            isEndPending = false
            start = position
        }
        guard !set.isEmpty, block.isCredential, !(Noise.isPlaceholder(block.login) && Noise.isPlaceholder(block.password)) else { return }
        block.range = start..<position
        body(block)
    }

    private mutating func add(_ line: ByteView, at position: Int, _ body: (Block) -> Void) {
        let text = line.trimmedLeft.withoutMarks
        guard let first = text.first else {
            if !set.isEmpty { isEndPending = true }
            return
        }
        if let (label, written) = Label.read(text) {
            // `Password:: secret`.
            let value = written.hasPrefix(": ") ? written.from(2).trimmedLeft : written
            addField(label, text.upTo(value.offset(in: text) ?? 0), value, at: position, body)
            return
        }
        // Under a label that is none of those known stands somebody's address all the same.
        if text.contains(ByteView.at), !set.contains(.login) || set.contains(.password), let field = LabelledBlock.field(text), !field.name.isEmpty,
            ContentKind.isEmail(LabelledBlock.unwrapped(field.value))
        {
            unknown = field.value
            return
        }
        switch first {
        case UInt8(ascii: "="), UInt8(ascii: "-"):
            if Self.isSeparator(text, first) {
                end(at: position, body)
                return
            }
        case UInt8(ascii: "*"):
            // A box of advertising; a password of stars would have a label before it.
            end(at: position, body)
            return
        case UInt8(ascii: "["):
            if text.hasPrefix("[\"") || text.trimmedRight.last == UInt8(ascii: "]") {
                end(at: position, body)
                start = position
                return
            }
        default: break
        }
        if last == .password, set.contains(.password), block.password.isEmpty, !isEndPending {
            // The value of an empty label goes on in the next line.
            if !text.hasPrefix("http") { block.password = Noise.withoutAdvertising(line.withoutLineEnd) }
            return
        }
        addLine(line, at: position, body)
    }

    private mutating func addField(_ label: Label, _ word: ByteView, _ value: ByteView, at position: Int, _ body: (Block) -> Void) {
        let address = unknown
        unknown = nil
        let isSet: Bool
        switch label {
        case .url: isSet = set.contains(.url)
        // Some write a name and an address: the first of them is the login. The same word again, or one behind an empty line, is another person's.
        case .login:
            let isAnother = ContentKind.isEmail(block.login) && ContentKind.isEmail(value.trimmed) && !block.login.isSameText(as: value.trimmed)
            isSet = set.contains(.login) && (set.contains(.password) || isEndPending || isAnother || word.isSameText(as: loginWord))
        case .password: isSet = set.contains(.password)
        case .application: isSet = set.contains(.application)
        case .other:
            last = .other
            return
        }
        let isNew = label == .url || label == .application || set.isSuperset(of: [.login, .password])
        if isSet || (isEndPending && isNew) { end(at: position, body) }
        if set.isEmpty { start = position }
        isEndPending = false
        last = label
        switch label {
        case .url:
            set.insert(.url)
            block.url = value.trimmed
        case .login:
            if !set.contains(.login) || block.login.isEmpty {
                block.login = value.trimmed
                loginWord = word
            }
            set.insert(.login)
        case .password:
            if let address, !set.contains(.login) {
                set.insert(.login)
                block.login = address.trimmed
            }
            set.insert(.password)
            block.password = Noise.withoutAdvertising(value)
        case .application: set.insert(.application)
        case .other: break
        }
    }

    /// A line without a label: `URL:login:password`, or nothing.
    private mutating func addLine(_ line: ByteView, at position: Int, _ body: (Block) -> Void) {
        guard line.count <= 4_096, line.count >= 5, line.contains(ByteView.colon) || line.contains(ByteView.pipe) || line.contains(ByteView.tab)
        else {
            return
        }
        guard let credential = CredentialLine.read(line, separator: ByteView.colon).credential, !credential.secret.isEmpty else { return }
        guard credential.form == .ulp || ContentKind.isEmail(credential.login) else { return }
        end(at: position, body)
        var found = Block()
        found.login = credential.login
        found.password = credential.secret
        found.line = credential
        found.range = position..<position + line.count
        body(found)
        start = position + line.count
    }

    /// Eight marks or more alone, or around a seller's name.
    private static func isSeparator(_ text: ByteView, _ mark: UInt8) -> Bool {
        let text = text.trimmedRight
        guard text.count >= 8, text.upTo(8).allSatisfy({ $0 == mark }) else { return false }
        return text.allSatisfy { $0 == mark } || text.from(text.count - 8).allSatisfy { $0 == mark } && mark == UInt8(ascii: "=")
    }
}

/// A file of blocks that is not part of a log.
extension PasswordFile {
    /// How far before and behind a match its block is looked for.
    private static let reach = 2_048

    static func record(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord? {
        let text = ByteView(context.line)
        let start = max(0, context.match.lowerBound - reach)
        let window = text[start..<min(text.count, context.match.upperBound + reach)]
        let matched = text[context.match]
        // Where a block begins is not known without an empty line, a site or a line of signs before it.
        let isCut = start > 0 || context.isStartCut
        guard let begin = isCut ? blockStart(in: window, before: context.match.lowerBound - start) : 0 else {
            var record = LeakRecord(address: address, shape: .stealerPassword, confidence: .low, offset: offset)
            record.markUnread()
            return record
        }
        var found: LeakRecord?
        read(window.from(begin)) { block in
            guard found == nil else { return }
            found = record(of: address, matched, in: block, offset: offset)
        }
        return found
    }

    /// Where the first block begins that is there from its beginning.
    private static func blockStart(in window: ByteView, before place: Int) -> Int? {
        var reader = LineReader(window)
        while let line = reader.next(), reader.start <= place {
            // The beginning may be the end of a line.
            guard reader.start > 0 else { continue }
            let text = line.trimmed
            if text.isEmpty || isSeparator(text, UInt8(ascii: "=")) || isSeparator(text, UInt8(ascii: "-")) || text.first == UInt8(ascii: "*") {
                return reader.start
            }
            if let label = Label.read(text)?.0, label == .url || label == .application { return reader.start }
        }
        return nil
    }

    /// What a block says of an address in it; nil when it is not in the block.
    static func record(of address: Int, _ matched: ByteView, in block: Block, offset: UInt64) -> LeakRecord? {
        var record = LeakRecord(address: address, shape: .stealerPassword, offset: offset)
        let isWrapped = LabelledBlock.unwrapped(block.login).isSamePlace(as: matched)
        if isWrapped || FileShape.isLogin(block.login, matched) {
            record.site = block.host
            record.login = (isWrapped ? matched : block.login).text(limit: 254)
            record.secret = isWrapped ? unquoted(block) ?? block.secret : block.secret
            // One that is too long for a secret.
            if !Noise.isPlaceholder(block.password) { record.markUnread() }
            record.confidence = block.line?.confidence ?? (record.secret != nil && !block.url.isEmpty ? .high : .medium)
            return record
        }
        let isMentioned = matched.offset(in: block.url) != nil || matched.offset(in: block.login) != nil || matched.offset(in: block.password) != nil
        guard isMentioned else { return nil }
        record.site = block.host
        record.confidence = .low
        return record
    }

    /// The password without the quotation marks around it, where the login has the same: settings of programs, and no log.
    private static func unquoted(_ block: Block) -> LeakedSecret? {
        let (login, password) = (block.login.trimmed, block.password.trimmed)
        guard let quote = login.first, quote == ByteView.quote || quote == ByteView.apostrophe, login.last == quote, password.count > 2,
            password.first == quote, password.last == quote
        else { return nil }
        let inner = password[1..<password.count - 1]
        return Noise.isPlaceholder(inner) ? nil : LeakedSecret(inner)
    }

    /// How many lines of a sample are labelled.
    struct LabelCount {
        private var lines = 0
        private var labelled = 0
        private var logins = 0
        private var passwords = 0

        mutating func add(_ line: ByteView) {
            let text = line.trimmedLeft
            guard !text.isEmpty else { return }
            lines += 1
            guard let (label, _) = Label.read(text) else { return }
            labelled += 1
            if label == .login { logins += 1 }
            if label == .password { passwords += 1 }
        }

        var areMost: Bool { logins > 0 && passwords > 0 && labelled * 10 >= lines * 4 }
    }
}
