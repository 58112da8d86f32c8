/// Whose the fields are that stand one after another in lines with labels.
///
/// What is not clear is nobody's: a password that may be another person's is not given, and not said to be missing.
struct BlockOwner {
    var run: [RowValue]
    /// Which of them are the first of an item of a list.
    var items: [Bool]
    /// Whether what stands before the first is not at hand.
    var isStartCut: Bool

    /// The fields of a person's block, and whether it is not clear which secret is theirs.
    func block(of own: Int) -> (values: [RowValue], isUnclear: Bool) {
        if let item = item(of: own) {
            let hasOther = item.contains { isPerson($0) && $0 != own && !isOneLogin(own, $0) }
            // A secret that is an item of its own may be anybody's.
            let isLoose = items.indices.contains { items[$0] && isSecret($0) && !item.contains($0) && !itemHasPerson($0) }
            guard hasOther || isLoose && !item.contains(where: isSecret) else { return (Array(run[item]), false) }
            return ([run[own]], true)
        }
        let range = isStartCut ? run.startIndex..<run.endIndex : repetition(of: own)
        let secrets = range.filter(isSecret)
        if secrets.isEmpty { return (Array(run[onePerson(own, in: range)]), false) }
        if !isStartCut, isOfOne(range, own) { return (Array(run[range]), false) }
        guard !isStartCut, let marker = range.first(where: { isSecret($0) || isPerson($0) }) else { return ([run[own]], true) }
        let between = onePerson(own, in: range)
        let mine: [Int]
        if isSecret(marker) {
            // The secrets come first: behind the last address there is none.
            guard let last = range.last(where: { isSecret($0) || isPerson($0) }), !isSecret(last) else { return ([run[own]], true) }
            mine = secrets.filter { between.contains($0) && $0 < own }
        } else {
            // Two logins one below the other may both be whose the secret is.
            let isShared =
                (range.lowerBound..<own).last { isPerson($0) && !isOneLogin(own, $0) }.map { !($0..<own).contains(where: isSecret) } ?? false
            mine = isShared ? [] : secrets.filter { between.contains($0) && $0 > own }
        }
        guard let first = mine.first, !mine.dropFirst().contains(where: { run[$0].rawName.isSameText(as: run[first].rawName) }) else {
            return ([run[own]], true)
        }
        // The site of a block stands before its login or behind its secret: of one among several it is not told.
        let values = between.filter { mine.contains($0) || !isSecret($0) && run[$0].role != .site }.map { run[$0] }
        return (values, false)
    }

    private func isSecret(_ index: Int) -> Bool {
        run[index].range.lowerBound >= 0 && (run[index].role == .secret || run[index].role == .hash)
    }

    private func isPerson(_ index: Int) -> Bool {
        switch run[index].role {
        case .email, .login: !run[index].text.isEmpty
        case .otherEmail, .secret, .hash, .salt, .site, .key, .other, .unknown: false
        }
    }

    /// Whether two logins may be one person's: a name and an address, under different labels.
    private func isOneLogin(_ left: Int, _ right: Int) -> Bool {
        !isSameName(left, right)
            && !(ContentKind.isEmail(LabelledBlock.unwrapped(run[left].text)) && ContentKind.isEmail(LabelledBlock.unwrapped(run[right].text))
                && !run[left].text.isSameText(as: run[right].text))
    }

    /// Without names, an address is another than what is no address.
    private func isSameName(_ left: Int, _ right: Int) -> Bool {
        run[left].rawName.isSameText(as: run[right].rawName) && (!run[left].rawName.isEmpty || run[left].role == run[right].role)
    }

    // MARK: Items

    /// The item of a list in which a field is; nil where not all of them are in one, or each is one by itself.
    private func item(of own: Int) -> Range<Int>? {
        guard let first = items.firstIndex(of: true), items[first...].contains(false) else { return nil }
        guard let start = items[...own].lastIndex(of: true) else { return nil }
        return start..<(items[(own + 1)...].firstIndex(of: true) ?? run.endIndex)
    }

    private func itemHasPerson(_ index: Int) -> Bool {
        let end = items[(index + 1)...].firstIndex(of: true) ?? run.endIndex
        return (index..<end).contains(where: isPerson)
    }

    // MARK: Blocks

    /// With each repetition of the first name another block begins.
    private func repetition(of own: Int) -> Range<Int> {
        var (start, end) = (own, own + 1)
        while start > 0, !isSameName(start, 0) { start -= 1 }
        while end < run.count, !isSameName(end, 0) { end += 1 }
        return start..<end
    }

    /// Whether fields are one person's without a doubt: no name comes twice, and no other address is among them.
    private func isOfOne(_ range: Range<Int>, _ own: Int) -> Bool {
        var names: Set<String> = []
        for index in range where run[index].range.lowerBound >= 0 {
            if isPerson(index), index != own, !isOneLogin(own, index) { return false }
            guard names.insert(run[index].rawName.text(limit: 64).lowercased()).inserted else { return false }
        }
        return true
    }

    /// The fields between the logins of others.
    private func onePerson(_ own: Int, in range: Range<Int>) -> Range<Int> {
        func isOther(_ index: Int) -> Bool {
            let between = index < own ? index..<own : own..<index
            return isPerson(index) && (!isOneLogin(own, index) || between.contains(where: isSecret))
        }
        let start = (range.lowerBound..<own).last(where: isOther).map { $0 + 1 } ?? range.lowerBound
        let end = (own + 1..<max(own + 1, range.upperBound)).first(where: isOther) ?? range.upperBound
        return start..<end
    }
}
