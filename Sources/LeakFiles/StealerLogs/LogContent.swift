import Scalars

/// What a file of a log, or beside one, is by its content, where its name does not say it or may say it wrongly.
struct LogContent {
    /// How much of a file's beginning is looked at.
    static let sampleBytes = 16 << 10
    private static let mostLines = 60
    static let glance = 2 << 10

    /// What it is; nil for nothing of a log, which is read as any other leak file.
    let kind: LogPath.Kind?

    /// - Parameter text: the file's beginning, decoded.
    init(_ text: ByteView, at place: LogPath) {
        kind = Self.kind(text.upTo(Self.sampleBytes), at: place)
    }

    private static func kind(_ text: ByteView, at place: LogPath) -> LogPath.Kind? {
        switch place.kind {
        case .passwords where place.isAside: return isPasswords(text) && !place.isGrabbed ? .passwords : aside(text)
        case .passwords where place.isGuess: return areCombos(text) ? nil : .passwords
        case .passwords, .autofill, .tokens: return place.kind
        case .part: return aside(text)
        case .cookies: return agrees(text.upTo(glance), place) || hasCookies(text, areMost: false) ? .cookies : other(text, at: place)
        case .system:
            let isSystem = agrees(text.upTo(glance), place) || SystemInformation(text, name: place.name).isSystem(isNamed: true)
            return isSystem ? .system : other(text, at: place)
        case .unknown: return other(text, at: place)
        }
    }

    /// Whether the first line that says anything is what the name says. There are thousands of these: nothing more of them is looked at twice.
    static func agrees(_ text: ByteView, _ place: LogPath) -> Bool {
        var reader = LineReader(text.withoutMarks)
        var hasSomething = false
        while let line = reader.next() {
            let data = line.trimmed
            guard !data.isEmpty, !Noise.isBanner(data), place.kind == .system || data.first != UInt8(ascii: "#") || data.hasPrefix("#httponly_")
            else { continue }
            hasSomething = true
            if place.kind == .cookies {
                if CookieFile.entry(line.withoutMarks) != nil { return true }
            } else if let key = SystemReading.key(of: data), key.isOfMachine {
                return true
            }
        }
        return !hasSomething
    }

    private static func other(_ text: ByteView, at place: LogPath) -> LogPath.Kind? {
        if isBinary(text) { return place.isInLog ? .part : nil }
        if place.isGrabbed { return aside(text) }
        let isPasswords = isPasswords(text)
        // Blocks of a list that was put together from many machines are nobody's: a folder has to say that it is a machine's.
        if isPasswords, place.isInLog, !place.isAside { return .passwords }
        if !isPasswords, place.kind == .unknown, SystemInformation(text, name: place.name).isSystem(isNamed: false) { return .system }
        if hasCookies(text, areMost: true) { return .cookies }
        return place.isAside ? aside(text) : nil
    }

    /// What a browser remembers and its owner keeps is full of addresses that nobody has taken: only lists of credentials count.
    private static func aside(_ text: ByteView) -> LogPath.Kind? { isPasswords(text) || areCredentials(text) ? nil : .part }

    private static func lines(_ text: ByteView) -> [ByteView] {
        var lines: [ByteView] = []
        var reader = LineReader(text.withoutMarks)
        while lines.count < mostLines, let line = reader.next() {
            if !line.trimmed.isEmpty { lines.append(line) }
        }
        return lines
    }

    /// Labelled blocks of credentials.
    private static func isPasswords(_ text: ByteView) -> Bool {
        var labels = PasswordFile.LabelCount()
        for line in lines(text) where !Noise.isBanner(line) { labels.add(line) }
        return labels.areMost
    }

    /// Addresses with a secret and nothing else: malware writes down the site, too.
    private static func areCombos(_ text: ByteView) -> Bool {
        let lines = lines(text)
        let combos = lines.count { line in
            guard let credential = CredentialLine.read(line.upTo(4_096), separator: ByteView.colon).credential else { return false }
            return credential.form == .combo && ContentKind.isEmail(credential.login)
        }
        return combos > 0 && combos * 2 >= lines.count
    }

    private static func areCredentials(_ text: ByteView) -> Bool {
        let lines = lines(text)
        let credentials = lines.count { line in
            guard line.count <= 4_096, let credential = CredentialLine.read(line, separator: ByteView.colon).credential else { return false }
            return !credential.secret.isEmpty && ContentKind.isEmail(credential.login)
        }
        return credentials > 0 && credentials * 3 >= lines.count
    }

    /// - Parameter areMost: whether the name does not say it: then most lines have to be cookies. Objects with a name and a domain are many things.
    private static func hasCookies(_ text: ByteView, areMost: Bool) -> Bool {
        if areMost, let first = text.withoutMarks.trimmedLeft.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") { return false }
        var count = 0
        CookieFile.read(text) { _ in count += 1 }
        return areMost ? count * 2 > text.count(of: ByteView.lineFeed) && count > 0 : count > 0
    }

    /// Whether there is what no text has, or only the mark of what could not be decoded.
    private static func isBinary(_ text: ByteView) -> Bool {
        let text = text.upTo(1_024)
        guard !text.contains(0) else { return true }
        var odd = 0
        for index in 0..<text.count where text[index] < 9 || (14..<27).contains(text[index]) || text[index] == 0xEF && text.from(index).hasMark {
            odd += 1
        }
        return odd * 20 > text.count
    }
}

extension ByteView {
    /// Whether U+FFFD stands here.
    fileprivate var hasMark: Bool { count >= 3 && self[0] == 0xEF && self[1] == 0xBF && self[2] == 0xBD }
}
