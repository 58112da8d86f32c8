/// From the fields of a row to what it says of one address in it.
struct RowReading {
    var values: [RowValue]
    var shape: RecordShape
    /// Whether the fields have the file's names, not only looks.
    var isNamed: Bool
    /// The best that can be said of how the row was found.
    var confidence: ReadingConfidence
    /// Whether the names are known to be those of these very fields: of a row with more or fewer fields than names they may be another's.
    var fitsNames = true
    /// Whether the row's end is at hand.
    var isWhole = true

    /// - Parameter match: where the address lies in the row that the values' ranges belong to.
    func record(of address: Int, at match: Range<Int>, text: ByteView, offset: UInt64) -> LeakRecord {
        var record = LeakRecord(address: address, shape: shape, confidence: .low, offset: offset)
        guard let index = values.firstIndex(where: { $0.range.lowerBound <= match.lowerBound && match.upperBound <= $0.range.upperBound }) else {
            record.markUnread()
            return record
        }
        guard isPersons(index, text: text) else {
            let isTheirs = isNamed && ColumnGroups.mayHaveSecret(index, in: values)
            if isTheirs || !isUnderstood(besides: index, text: text, isMention: true) { record.markUnread() }
            return record
        }
        record.login = text.text(limit: 254)
        record.confidence = confidence
        // Of a row with several people each has their own.
        let share = isNamed ? ColumnGroups.share(of: index, in: values) : ColumnGroups.Share()
        let others = share.others
        let secret = secretIndex(from: index, without: others)
        if let secret {
            record.secret = Self.secret(values[secret])
        }
        record.site = values.indices.first { values[$0].role == .site && !values[$0].isNothing && !others.contains($0) }
            .flatMap { SiteAddress.host(of: values[$0].text) }
        record.fields = fieldNames(without: others.union([index]), secret)
        if record.secret == nil, share.isUnclear || !isUnderstood(besides: index, text: text, without: others) { record.markUnread() }
        // By its place alone.
        if !isNamed, let kind = record.secret?.kind, !kind.isHash, secret.map({ values[$0].role == .unknown }) ?? false { record.confidence = .low }
        return record
    }

    /// Whether nothing of the row but the address may be a secret.
    /// - Parameters:
    ///   - isMention: whether the row is another person's. Where it says so by its names, what is in it is theirs.
    ///   - others: what is another person's in the row of several.
    private func isUnderstood(besides match: Int, text: ByteView, isMention: Bool = false, without others: Set<Int> = []) -> Bool {
        guard isWhole, isAlone(match, text) else { return false }
        let isNamed = isNamed && fitsNames
        if isNamed, isMention { return true }
        return values.indices.allSatisfy { index in
            let value = values[index]
            if index == match || others.contains(index) { return true }
            if isNamed { return Understanding.isNamed(value) }
            return !value.isCut && (value.isNothing || Understanding.isPlain(value.text, isFirst: index == 0))
        }
    }

    /// Whether nothing that is not understood stands beside the address in its own field.
    private func isAlone(_ index: Int, _ text: ByteView) -> Bool {
        let value = values[index].text
        guard let start = text.offset(in: value) else { return false }
        if value.count == text.count || isOnlyAddress(value, text) { return true }
        return Understanding.isUnderstood(MatchContext(line: value.bytes, match: start..<start + text.count))
    }

    /// Whether the row is of the person with the address, and not only mentions it.
    private func isPersons(_ index: Int, text: ByteView) -> Bool {
        let value = values[index]
        let isWhole = value.text.trimmed.isSamePlace(as: text) || isOnlyAddress(value.text, text)
        switch value.role {
        case .email: return true
        case .login: return isWhole
        case .otherEmail: return isNamed && isWhole && ColumnGroups.hasSecret(index, in: values)
        case .secret, .hash, .salt, .site: return false
        case .key, .other, .unknown:
            guard isWhole else { return false }
            // Another field may be the address of whom the row is about.
            return !values.enumerated().contains { other in
                other.offset != index && (other.element.role == .email || !isNamed && other.offset < index)
                    && ContentKind.isEmail(other.element.text.trimmed)
            }
        }
    }

    /// `Alex Doe <alex@example.com>` is not, `<alex@example.com>`, `mailto:alex@example.com` and an escaped spelling are.
    private func isOnlyAddress(_ value: ByteView, _ text: ByteView) -> Bool {
        let value = value.trimmed
        if LabelledBlock.unwrapped(value).isSamePlace(as: text) { return true }
        guard let start = text.offset(in: value) else { return false }
        if start + text.count != value.count { return false }
        return value.upTo(start).equals("mailto:") || value.upTo(start).last == ByteView.backslash
    }

    private func secretIndex(from match: Int, without others: Set<Int>) -> Int? {
        var hash: Int?
        for (index, value) in values.enumerated()
        where value.role == .secret && !value.isNothing && index != match && !value.isCut && !others.contains(index) {
            guard SecretKind.recognise(value.text).isHash else { return index }
            if hash == nil { hash = index }
        }
        if let hash { return hash }
        func first(_ isHash: (RowValue) -> Bool) -> Int? {
            values.indices.first { $0 != match && !values[$0].isCut && !values[$0].isNothing && !others.contains($0) && isHash(values[$0]) }
        }
        guard isNamed else { return first { SecretKind.recognise($0.text).isHash } ?? positioned(match) }
        // A column of hashes by its name; and whatever a column is called, what can be nothing else than one.
        return first { $0.role == .hash && SecretKind.recognise($0.text, in: $0).isHash }
            ?? first { ($0.role == .other || $0.role == .unknown || $0.role == .hash) && SecretKind.isUnmistakable($0.text) }
    }

    /// In a row that nothing says anything of: the one text behind the address, next to it, unless it looks like a name.
    private func positioned(_ match: Int) -> Int? {
        let next = match + 1
        guard values.indices.contains(next), values[next].role == .unknown, !values[next].isCut, Understanding.mayBeSecret(values[next].text) else {
            return nil
        }
        let others = values.indices.dropFirst(next + 1)
        return others.allSatisfy { values[$0].isNothing || Understanding.isPlain(values[$0].text, isFirst: false) } ? next : nil
    }

    static func secret(_ value: RowValue) -> LeakedSecret? {
        guard value.text.count <= LeakedSecret.mostBytes else { return nil }
        let bytes = value.bytes
        guard !bytes.isEmpty else { return nil }
        return bytes.withUnsafeBytes { LeakedSecret(kind: SecretKind.recognise(ByteView($0), in: value), bytes: bytes) }
    }

    private func fieldNames(without others: Set<Int>, _ secret: Int?) -> [String] {
        var names: [String] = []
        for (index, value) in values.enumerated() where index != secret && !others.contains(index) && !value.isNothing {
            guard names.count < FieldName.mostPerRecord else { break }
            let name: String?
            if isNamed {
                switch value.role {
                case .salt, .site, .key: name = nil
                case .email, .otherEmail, .login, .secret, .hash, .other, .unknown: name = value.name ?? FieldName.shown(value.rawName)
                }
            } else {
                name = ContentKind.recognise(value.text).fieldName
            }
            if let name, !names.contains(name) { names.append(name) }
        }
        return names
    }
}

extension LeakedSecret {
    /// A longer one is a piece of something else.
    static let mostBytes = 1024

    /// A plain value of a line or block; nil when there is none.
    init?(_ text: ByteView, escape: ValueEscape = .none) {
        guard !text.isEmpty, text.count <= Self.mostBytes else { return nil }
        self.init(kind: SecretKind.recognise(text.trimmed), bytes: escape.decoded(text))
    }
}
