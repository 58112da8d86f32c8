import Foundation
import Scalars

/// By what a breach is found that a source names.
package struct BreachNaming: Sendable, Hashable {
    /// The key of its name.
    package var key: String
    /// Keys under which the catalogue may have it, where the dates do not contradict.
    package var otherKeys: [String]
    /// The site's letters and digits, if it is one: tables write `.` and `-` alike.
    package var site: String
    /// The first and the last day on which it may have been.
    package var days: ClosedRange<Date>?
    /// Whether the date is part of the key.
    package var isCalledByDate: Bool

    /// - Parameter date: the day of the breach, where the name tells none.
    package init(_ name: BreachName, date: Date? = nil) {
        key = CanonicalKey.of(name.text)
        var others: [String] = []
        for other in [key] + name.others.map(CanonicalKey.of) {
            if other != key, !others.contains(other) { others.append(other) }
            if let known = BreachAliases.all[other], known != key, !others.contains(known) { others.append(known) }
        }
        otherKeys = others
        site = name.domain.map { $0.swapping { $0 == "." || $0 == "-" ? "" : nil } } ?? key
        days = name.days ?? date.map { $0...$0 }
        isCalledByDate = name.isCalledByDate
    }
}

/// What tells whether a breach is the one that a source names.
package protocol NamedBreach: Sendable {
    var key: String { get }
    /// What the title would be as a name, where that is another.
    var titleKey: String? { get }
    /// The site in lower case, without `www.`, dots and hyphens.
    var domainKey: String? { get }
    var breachDate: Date? { get }
    /// Whether it is a company's own, and not the catalogue's.
    var isOwn: Bool { get }
}

/// Which breach a source means: the one rule for the catalogue, for a company's own breaches and for whoever records. Pure.
///
/// In this order: the catalogue's by the key of its name; by the key of its title, where only one has it; by another name of it, and by its
/// domain, where exactly one has it and the dates do not contradict; then the company's own by the key of its name. A name that is that of
/// a site with several breaches means the one of its date.
package struct BreachIndex<Breach: NamedBreach>: Sendable {
    private var named: [String: Breach] = [:]
    private var titled: [String: [Breach]] = [:]
    private var sites: [String: [Breach]] = [:]
    private var own: [String: Breach] = [:]

    /// - Parameter breaches: all that could be meant, each once.
    package init(_ breaches: some Sequence<Breach>) {
        for breach in breaches {
            guard !breach.isOwn else {
                own[breach.key] = breach
                continue
            }
            named[breach.key] = breach
            if let title = breach.titleKey { titled[title, default: []].append(breach) }
            if let domain = breach.domainKey { sites[domain, default: []].append(breach) }
        }
    }

    /// - Returns: nil when none is meant.
    package func breach(_ naming: BreachNaming) -> Breach? { published(naming) ?? own[naming.key] }

    /// The catalogue's.
    package func published(_ naming: BreachNaming) -> Breach? {
        if let breach = named[naming.key] ?? only(titled[naming.key]) {
            return naming.isCalledByDate ? breach : ofItsDate(breach, naming.days)
        }
        for key in naming.otherKeys {
            guard let breach = named[key] ?? only(titled[key]) else { continue }
            let meant = ofItsDate(breach, naming.days)
            if !Self.contradict(naming.days, meant.breachDate) { return meant }
        }
        guard let breach = only(sites[naming.site]), !Self.contradict(naming.days, breach.breachDate) else { return nil }
        return breach
    }

    /// The breach, or where its date contradicts and one other of its site is of that date, that one: the only one of that month, else the only
    /// one of about that time.
    private func ofItsDate(_ breach: Breach, _ days: ClosedRange<Date>?) -> Breach {
        guard Self.contradict(days, breach.breachDate), let domain = breach.domainKey else { return breach }
        let others = (sites[domain] ?? []).filter { $0.breachDate != nil }
        return only(others.filter { !Self.contradict(days, $0.breachDate, within: 31) }) ?? only(
            others.filter { !Self.contradict(days, $0.breachDate) })
            ?? breach
    }

    private func only(_ breaches: [Breach]?) -> Breach? { breaches?.count == 1 ? breaches?.first : nil }

    /// Whether a breach of that day can not be one of these days. Catalogues know many only about, and some say when it was sold: up to a
    /// year apart they may be one. What is not known contradicts nothing.
    static func contradict(_ days: ClosedRange<Date>?, _ day: Date?, within nearness: Double = 366) -> Bool {
        guard let days, let day else { return false }
        return day < days.lowerBound.addingTimeInterval(-nearness * 86_400) || day > days.upperBound.addingTimeInterval(nearness * 86_400)
    }
}

/// Names that services have for breaches of Have I Been Pwned's catalogue, and that neither its name nor its title tells: the one by its key,
/// the other by the key of its name. The catalogue's own descriptions of these breaches say so.
enum BreachAliases {
    static let all = [
        "peopledatalabs": "pdl", "pdlpeopledatalabs": "pdl", "peopledatalabspdl": "pdl", "dunbradstreet": "netprospex",
        "dunandbradstreet": "netprospex",
    ]
}
