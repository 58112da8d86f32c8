import Scalars

/// Finding out what a file is.
extension FileShape {
    private static let mostLines = 1_000

    static func sniff(_ text: ByteView, name: String) -> Kind {
        var lines: [ByteView] = []
        var statements = 0
        var labels = PasswordFile.LabelCount()
        var reader = LineReader(text)
        var seen = 0
        while seen < mostLines, let line = reader.next() {
            seen += 1
            let data = line.withoutMarks
            if SQLLayout.isStatement(data) { statements += 1 }
            labels.add(data)
            guard !data.trimmed.isEmpty, data.count <= 64 * 1024, !Noise.isBanner(data) else { continue }
            lines.append(data)
        }
        // The last line may be only the beginning of one.
        if lines.count > 1, text.last != ByteView.lineFeed, text.count >= 16 * 1024 { lines.removeLast() }
        if statements > 0 || name.ends(with: ".sql") { return .sql(SQLLayout(sample: text)) }
        if isJSON(text, name: name) { return .json }
        if labels.areMost { return .blocks }
        if let table = TableLayout(header: lines) { return .table(table) }
        guard !lines.isEmpty else { return .text }
        if let separator = siteSeparator(lines) { return .lines(separator: separator) }
        if let table = TableLayout(rows: lines) { return .table(table) }
        if let separator = comboSeparator(lines) { return .lines(separator: separator) }
        return .text
    }

    /// The separator by which most lines fall into an address of a site and two fields that are not empty; a colon when as many do.
    private static func siteSeparator(_ lines: [ByteView]) -> UInt8? {
        var best = ByteView.colon
        var most = 0
        for separator in [ByteView.colon, ByteView.tab, ByteView.pipe, ByteView.semicolon] {
            var count = 0
            for line in lines where line.count <= 4_096 {
                // Lines that need another separator say nothing for this one.
                guard let credential = CredentialLine.read(line, separator: separator).credential, credential.form == .ulp else { continue }
                guard !credential.secret.isEmpty, uses(line, credential, separator) else { continue }
                count += 1
            }
            if count > most {
                most = count
                best = separator
            }
        }
        return most * 10 >= lines.count * 3 && most > 0 ? best : nil
    }

    private static func uses(_ line: ByteView, _ credential: CredentialLine, _ separator: UInt8) -> Bool {
        guard let start = credential.login.offset(in: line) else { return false }
        var end = start + credential.login.count
        while end < line.count, line[end] == ByteView.blank || line[end] == ByteView.quote { end += 1 }
        return end < line.count && line[end] == separator
    }

    private static func comboSeparator(_ lines: [ByteView]) -> UInt8? {
        var counts: [UInt8: Int] = [:]
        var combos = 0
        var plain = 0
        for line in lines where line.count <= 1_024 {
            guard let credential = CredentialLine.read(line, separator: ByteView.colon).credential, credential.form == .combo else { continue }
            guard ContentKind.isEmail(credential.login) || !credential.login.contains(ByteView.blank), !credential.secret.isEmpty else { continue }
            // Prose has blanks behind its colons.
            guard credential.secret.first != ByteView.blank || credential.secret.count(of: ByteView.blank) == 1 else { continue }
            combos += 1
            if Understanding.isPlainText(credential.secret) { plain += 1 }
            let end = (credential.login.offset(in: line) ?? 0) + credential.login.count
            if end < line.count { counts[line[end], default: 0] += 1 }
        }
        guard combos * 10 >= lines.count * 3, combos > 0 else { return nil }
        let separator = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? ByteView.colon
        // Beside a comma stand names, places and dates of mailing lists; a colon is the sign of lists of passwords.
        return separator != ByteView.colon && plain * 2 > combos ? nil : separator
    }

    private static func isJSON(_ text: ByteView, name: String) -> Bool {
        let start = text.upTo(4_096).trimmedLeft
        guard let first = start.first else { return false }
        if first == UInt8(ascii: "{") {
            let next = start.from(1).trimmedLeft.first
            return next == ByteView.quote || next == nil && name.has(text: ".json")
        }
        if first == UInt8(ascii: "[") {
            let next = start.from(1).trimmedLeft.first
            // `["Chrome" = "Default"]` heads a block of a password file.
            return next == UInt8(ascii: "{") || next == UInt8(ascii: "[") || (next == ByteView.quote && !start.upTo(200).contains(UInt8(ascii: "=")))
        }
        return name.ends(with: ".json") || name.ends(with: ".jsonl") || name.ends(with: ".ndjson")
    }

    static func isOneObjectPerLine(_ text: ByteView) -> Bool {
        var reader = LineReader(text)
        var whole = 0
        var parts = 0
        var seen = 0
        while seen < 100, let line = reader.next() {
            seen += 1
            let line = line.trimmed
            if line.isEmpty { continue }
            if line.count > 2, line.first == UInt8(ascii: "{") || line.first == UInt8(ascii: "[") && line.contains(UInt8(ascii: "{")) {
                whole += 1
            } else {
                parts += 1
            }
        }
        return whole > 0 && whole * 2 >= parts
    }
}
