import Foundation
import Scalars

/// What a source's name for a breach says: how to call the breach, under what else it may be known, and its site, date and size.
///
/// Services that sell collections name tables, `0003_KICKSTARTER_COM_5M_FINANCIAL_022014` or `Twitter.com_2023-01`; such a name is taken
/// apart. Any other is left as it is. Pure: what is known of breaches decides in ``BreachIndex``.
package struct BreachName: Sendable, Hashable {
    /// How the breach is called.
    package var text: String
    /// What else the catalogue may call it. These are guesses: they count only where the dates do not contradict.
    package var others: [String] = []
    /// The site, in lower case, where the name is or tells one.
    package var domain: String?
    /// The first and the last day on which it may have been, as far as the name tells: a day, a month or a year.
    package var days: ClosedRange<Date>?
    /// Whether the date is part of how it is called, and so of its key.
    package var isCalledByDate = false
    /// How many records it has.
    package var size: Int?
    /// The name as the source writes it, where that is another than ``text``.
    package var written: String?

    /// Takes a source's name apart.
    package init(_ name: String) {
        let name = String(PlainText.oneLine(name).beginning(200))
        text = name
        if let table = BreachTable(name) {
            read(table)
        } else {
            readWords(of: name)
        }
        domain = domain ?? Self.domain(text)
        let key = CanonicalKey.of(text)
        others = others.filter { !$0.isEmpty && CanonicalKey.of($0) != key }
        if !text.isSame(as: name) { written = name }
    }

    /// Leaks at a service whose files are called as files of anything are.
    static let unnamedLeaks = "Leaks (\(ApiProvider.intelx.displayName))"

    /// A name that is taken as it is: one that the program has made.
    package init(asIs name: String) { text = name }

    /// The name of a breach of which this is the best source: the one rule for whoever records and for what looks through names later. What a
    /// catalogue calls its breaches, and what the program has made, are no tables' names.
    package init(_ name: String, of source: BreachSource, isMade: Bool = false) {
        if isMade || source == .hibp { self.init(asIs: name) } else { self.init(name) }
    }

    private mutating func read(_ table: BreachTable) {
        days = table.days
        size = table.size
        let words = table.labels.map { BreachTable.spelled($0) }.joined(separator: " ")
        if let site = table.site {
            domain = site.lowercased()
            text = site
            others = [words]
        } else if table.isCertain {
            text = BreachTable.title(table.labels)
            // `BREACHFORUMS_BF`: a name and its short form.
            if table.labels.count > 1, let last = table.labels.last, last.utf8.count <= 3 {
                others.append(BreachTable.title(table.labels.dropLast()))
            }
            others += Self.withoutNoise(text.parts(between: " ").map { String($0) })
        } else if table.days != nil {
            // `exampleshop_2019` may as well be called so.
            isCalledByDate = true
            others = [BreachTable.title(table.labels)]
        } else {
            text = BreachTable.title(table.labels)
        }
    }

    /// `Zoosk (2020)`, `LinkedIn 2012`, `mail.ru Dump`.
    private mutating func readWords(of name: String) {
        var words = name.parts(between: " ").map { String($0) }
        if words.count > 1, let last = words.last, let days = BreachTable.days(last.parts { $0 == "(" || $0 == ")" }.joined()) {
            self.days = days
            isCalledByDate = true
            words.removeLast()
            others.append(words.joined(separator: " "))
        }
        others += Self.withoutNoise(words)
        domain = others.lazy.compactMap { Self.domain($0) }.first
    }

    /// The name without words that say no more than that it is a breach: without one, without two …
    private static func withoutNoise(_ words: [String]) -> [String] {
        var rest = words
        var shorter: [String] = []
        while rest.count > 1, let last = rest.last, noise.contains(last.lowercased()) {
            rest.removeLast()
            shorter.append(rest.joined(separator: " "))
        }
        return shorter
    }

    /// Words behind the name of whose breach it is.
    private static let noise: Set = [
        "breach", "combolist", "data", "database", "databreach", "db", "dump", "hack", "hacked", "leak", "leaked", "leaks",
    ]

    /// The site that a text is, in lower case and without `www.`; nil when it is not one.
    static func domain(_ text: some StringProtocol) -> String? {
        var host = text.lowercased()
        if let rest = host.rest(behind: "www.") { host = String(rest) }
        let labels = host.parts(between: ".", keepsEmpty: true)
        guard labels.count >= 2, let last = labels.last, (2...24).contains(last.utf8.count), last.utf8.allSatisfy(BreachTable.isLetter) else {
            return nil
        }
        return labels.allSatisfy(BreachTable.isHostLabel) ? host : nil
    }

    package func hash(into hasher: inout Hasher) {
        // Most names are told apart by this alone, and there are many in a batch.
        hasher.combine(text)
    }

    /// A total order of names, so that it does not matter which comes first.
    func comesBefore(_ other: BreachName) -> Bool {
        (text, written ?? "", size ?? 0) < (other.text, other.written ?? "", other.size ?? 0)
    }

    /// What is kept of the source's own words: how it writes the name, and what the date is known to.
    var note: String? {
        guard let written else { return nil }
        let named = "A source calls it \(written)."
        guard let days, days.lowerBound != days.upperBound else { return named }
        let isMonth = days.upperBound.timeIntervalSince(days.lowerBound) < 32 * 86_400
        return "\(named) Of its date that tells the \(isMonth ? "month" : "year"), whose last day it counts as."
    }
}

/// The name of a table, taken apart: number, labels, size, kind, date. Any of them but the labels may be missing.
struct BreachTable {
    var labels: [String]
    var size: Int?
    var days: ClosedRange<Date>?
    /// The site, where the labels are one.
    var site: String?
    /// Whether it can be nothing but a table's name.
    var isCertain: Bool

    /// - Returns: nil for a name that is not of words with underscores between.
    init?(_ name: String) {
        guard name.has("_"), !name.has(" ") else { return nil }
        var words = name.parts(between: "_").map { String($0) }
        let count = words.count
        days = Self.takeDays(from: &words)
        let isNumbered = words.first.map { Self.isNumber($0) && $0.utf8.count <= 5 } ?? false
        size = Self.takeSize(from: &words, isNumbered: isNumbered, isDated: days != nil)
        if isNumbered, words.count > 1, !Self.isNumberedSite(words), size != nil || words[0].utf8.count == 4 {
            words.removeFirst()
            isCertain = true
        } else {
            isCertain = size != nil
        }
        // Where no site belongs.
        if isCertain, words.count > 1, words.last == "NA" { words.removeLast() }
        guard count > 1, !words.isEmpty else { return nil }
        labels = words
        if words.count == 1, isCertain || days != nil {
            site = BreachName.domain(words[0]).map { _ in words[0] }
        } else if isCertain || days != nil, let last = words.last, Self.isEnding(last), words.allSatisfy({ Self.isHostLabel(Substring($0)) }) {
            site = words.joined(separator: ".").lowercased()
        }
        isCertain = isCertain || (site != nil && days != nil)
    }

    // MARK: Date

    /// Takes the date from the end: `2012`, `052012`, `201205`, `2012-05`, `2012-05-06`, `05_2012`, `2012_05`.
    private static func takeDays(from words: inout [String]) -> ClosedRange<Date>? {
        guard words.count > 1, let last = words.last else { return nil }
        if words.count > 2 {
            let before = words[words.count - 2]
            let pairs = [(year: last, month: before), (year: before, month: last)]
            for pair in pairs where pair.month.utf8.count == 2 && isNumber(pair.month) && isYear(pair.year) {
                guard let days = days("\(pair.year)-\(pair.month)") else { continue }
                words.removeLast(2)
                return days
            }
        }
        guard let days = days(last) else { return nil }
        words.removeLast()
        return days
    }

    /// The days that a date may mean; nil when it is not a date. `002019` is a year whose month is missing.
    static func days(_ text: some StringProtocol) -> ClosedRange<Date>? {
        let parts = text.parts(between: "-", keepsEmpty: true)
        guard parts.allSatisfy({ isNumber($0) }), let first = parts.first else { return nil }
        switch parts.map(\.utf8.count) {
        case [4]: return isYear(first) ? days(year: first, month: "00") : nil
        case [4, 2]: return days(year: first, month: parts[1])
        case [4, 2, 2]:
            guard isYear(first), let day = Timestamp.parse(String(text)) else { return nil }
            return day...day
        case [6]:
            let digits = Array(first.utf8)
            func part(_ range: Range<Int>) -> String { String(decoding: digits[range], as: UTF8.self) }
            return days(year: part(2..<6), month: part(0..<2)) ?? days(year: part(0..<4), month: part(4..<6))
        default: return nil
        }
    }

    private static func days(year: some StringProtocol, month: some StringProtocol) -> ClosedRange<Date>? {
        guard isYear(year), let number = Int(month), (0...12).contains(number) else { return nil }
        let (first, length): (String, Calendar.Component) = number == 0 ? ("\(year)-01-01", .year) : ("\(year)-\(month)-01", .month)
        guard let start = Timestamp.parse(first), let end = Calendar.utc.date(byAdding: length, value: 1, to: start) else { return nil }
        return start...end.addingTimeInterval(-86_400)
    }

    private static func isYear(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 4 && isNumber(text) && (Int(text).map { (1990...2099).contains($0) } ?? false)
    }

    // MARK: Size

    /// Takes the size and the kind behind it from the end: `1M`, `323K_HACKING`, `8514K_SOCIAL`.
    private static func takeSize(from words: inout [String], isNumbered: Bool, isDated: Bool) -> Int? {
        for place in words.indices.dropFirst().suffix(3).reversed() {
            let isPlain = isNumber(words[place])
            // A number alone may be part of a name.
            if let size = size(words[place]), !isPlain || (isNumbered && words[place].utf8.count >= 3 && (isDated || place < words.count - 1)) {
                words.removeLast(words.count - place)
                return size
            }
            guard words[place].utf8.allSatisfy(isLetter) else { return nil }
        }
        return nil
    }

    private static func size(_ word: String) -> Int? {
        let digits = word.utf8.prefix { isDigit($0) }
        guard !digits.isEmpty, digits.count < 12, let number = Int(Substring(digits)) else { return nil }
        switch Substring(word.utf8.dropFirst(digits.count)).uppercased() {
        case "": return number
        case "K": return digits.count < 9 ? number * 1_000 : nil
        case "M": return digits.count < 6 ? number * 1_000_000 : nil
        case "B": return digits.count < 3 ? number * 1_000_000_000 : nil
        default: return nil
        }
    }

    // MARK: Words

    /// Labels as people write them: `COLLECTION_1` is "Collection #1".
    static func title(_ labels: some BidirectionalCollection<String>) -> String {
        if labels.count == 2, let first = labels.first, let last = labels.last, first.uppercased() == "COLLECTION", isNumber(last) {
            return "Collection #\(last)"
        }
        return labels.map(spelled).joined(separator: " ")
    }

    /// A label in capitals is none of those that people write.
    static func spelled(_ label: String) -> String {
        guard label.utf8.contains(where: { isCapital($0) }), !label.utf8.contains(where: { isLetter($0) && !isCapital($0) }) else { return label }
        if label == "STEALERLOGS" { return "Stealer Logs" }
        // So short, it is more often letters than a word.
        guard label.utf8.count > 3 else { return label }
        return String(label.beginning(1)) + Substring(label.unicodeScalars.dropFirst()).lowercased()
    }

    /// The endings of sites that such tables have: of countries, and the old ones. Those of two letters that mean something else are left out:
    /// `NA` stands where there is no site, `BF` is short for BreachForums.
    private static func isEnding(_ label: String) -> Bool {
        let label = label.uppercased()
        if label.utf8.count == 2 { return label.utf8.allSatisfy(isLetter) && label != "NA" && label != "BF" }
        return ["COM", "NET", "ORG", "INFO", "BIZ", "EDU", "GOV", "MIL"].contains(label)
    }

    /// `126_COM`, `360_CN`: a number that is a site and not the table's.
    private static func isNumberedSite(_ words: [String]) -> Bool {
        guard words.count == 2, isEnding(words[1]) else { return false }
        return words[1].utf8.count > 2 || words[0].utf8.count != 4
    }

    static func isHostLabel(_ label: Substring) -> Bool {
        !label.isEmpty && label.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isNumber(_ text: some StringProtocol) -> Bool { !text.isEmpty && text.utf8.allSatisfy(isDigit) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isCapital(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
    static func isLetter(_ byte: UInt8) -> Bool { isCapital(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
}
