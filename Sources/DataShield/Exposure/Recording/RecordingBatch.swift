import Foundation
import Scalars

/// The findings of one call, sorted by person and breach: the pure part of the recorder.
struct RecordingBatch {
    /// A person and a breach.
    struct PersonInBreach: Hashable {
        var employee: EmployeeID
        var breach: BreachID
    }

    /// A finding that concerns a record which is already there.
    struct Corroboration {
        var record: BreachRecordID
        var place: PersonInBreach
        var findings: [Finding]
        /// Whether a leak file has a credential that was not known.
        var hasNewCredential: Bool
    }

    let now: Date
    let rule: SeverityRule
    /// As they came: each person's with what their breach is called.
    private var named: [(employee: EmployeeID, naming: BreachNaming, finding: Finding)] = []
    private(set) var drafts: [BreachNaming: BreachDraft] = [:]
    /// In the order in which the people came, so that records and alerts are made in that order; see ``resolve(_:)``.
    private(set) var places: [PersonInBreach] = []
    private(set) var groups: [PersonInBreach: [Finding]] = [:]
    private(set) var breaches: [BreachID: BreachStore.Known] = [:]

    init(_ findings: [(EmployeeID, Finding)], now: Date) {
        // Whole milliseconds are what the database keeps.
        self.now = Date(timeIntervalSince1970: (now.timeIntervalSince1970 * 1000).rounded(.down) / 1000)
        rule = SeverityRule(now: now)
        named.reserveCapacity(findings.count)
        var names: [String: BreachName] = [:]
        var namings: [DraftOrigin: BreachNaming] = [:]
        for (employee, finding) in findings {
            var finding = Self.clean(finding)
            let name = finding.named ?? names[finding.breachName] ?? Self.name(finding)
            if finding.named == nil, finding.leak?.machine == nil { names[finding.breachName] = name }
            finding.named = name
            finding.breachName = name.text
            finding = Self.withoutLaterDates(finding, at: now)
            // Most findings of a batch are of the same breaches and say the same of them.
            let origin = DraftOrigin(finding)
            if let naming = namings[origin] {
                named.append((employee, naming, finding))
                continue
            }
            let naming = BreachNaming(name, date: finding.breachDate)
            namings[origin] = naming
            named.append((employee, naming, finding))
            let draft = BreachDraft(finding)
            drafts[naming] = drafts[naming].map { $0.improved(by: draft) } ?? draft
        }
    }

    private static func name(_ finding: Finding) -> BreachName {
        BreachName(finding.breachName, of: finding.source, isMade: finding.leak?.machine != nil || finding.catalogue != nil)
    }

    var isEmpty: Bool { named.isEmpty }

    /// Whether any of it comes from a leak file.
    var hasLeaks: Bool { named.contains { $0.finding.leak != nil } }

    private struct DraftOrigin: Hashable {
        var name: BreachName?
        var provider: ApiProvider?
        var date: Date?
        var dataTypes: [String]
        var hasCatalogue: Bool

        init(_ finding: Finding) {
            name = finding.named
            provider = finding.provider
            date = finding.breachDate
            dataTypes = finding.catalogue == nil ? finding.dataTypes : []
            hasCatalogue = finding.catalogue != nil
        }
    }

    /// Takes in which breaches the findings' names are. Names of one breach are one from here on.
    mutating func resolve(_ found: [BreachNaming: BreachStore.Known]) {
        breaches = Dictionary(found.values.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        places.reserveCapacity(named.count)
        groups.reserveCapacity(named.count)
        for (employee, naming, finding) in named {
            guard let breach = found[naming] else { continue }
            add(finding, at: PersonInBreach(employee: employee, breach: breach.id))
        }
    }

    private mutating func add(_ finding: Finding, at place: PersonInBreach) {
        guard let others = groups[place] else {
            places.append(place)
            groups[place] = [finding]
            return
        }
        if let index = others.firstIndex(where: { $0.provider == finding.provider }) {
            groups[place]?[index] = others[index].combined(with: finding)
        } else {
            groups[place]?.append(finding)
        }
    }

    /// Names from outside: on one line, without control characters, of a length that fits a page.
    private static func clean(_ finding: Finding) -> Finding {
        guard finding.breachName.utf8.count > 200 || !finding.breachName.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return finding }
        var finding = finding
        let name = PlainText.oneLine(finding.breachName)
        finding.breachName = name.isEmpty ? "Unnamed" : String(name.beginning(200))
        return finding
    }

    /// Nothing was exposed after it was read, but for the machine's time, whose zone is not known: such a date counts as unknown. Else no
    /// change of a password could ever come after it.
    private static func withoutLaterDates(_ finding: Finding, at now: Date) -> Finding {
        func isBelievable(_ date: Date?) -> Bool { date.map { $0 <= now.addingTimeInterval(86_400) } ?? true }
        guard !isBelievable(finding.breachDate) || !isBelievable(finding.capturedAt) || !isBelievable(finding.leak?.machine?.capturedAt) else {
            return finding
        }
        var finding = finding
        if !isBelievable(finding.breachDate) { finding.breachDate = nil }
        if !isBelievable(finding.capturedAt) { finding.capturedAt = nil }
        if !isBelievable(finding.leak?.machine?.capturedAt) { finding.leak?.machine?.capturedAt = nil }
        finding.leak?.isDated = false
        return finding
    }

    /// A finding about a breach raises an alert unless its source or the catalogue says that being in it means nothing.
    private func applyingRule(of breach: BreachStore.Known, to finding: Finding) -> Finding {
        guard finding.raisesAlert, !breach.raisesAlert else { return finding }
        var finding = finding
        finding.raisesAlert = false
        return finding
    }

    /// The breach of a place, with the findings as they count.
    private func breachAndFindings(of place: PersonInBreach) -> (breach: BreachStore.Known, findings: [Finding])? {
        guard let breach = breaches[place.breach], let findings = groups[place] else { return nil }
        return (breach, findings.map { applyingRule(of: breach, to: $0) })
    }

    /// What is new: people who are not known to be in the breach.
    func newRecords(known: [RecordStore.KnownKey: RecordStore.KnownSources]) -> RecordingPlan {
        var plan = RecordingPlan()
        for place in places {
            guard let (breach, findings) = breachAndFindings(of: place) else { continue }
            guard known[.init(employee: place.employee, breach: breach.id)] == nil else { continue }
            var exposure = Exposure()
            for finding in findings { exposure.add(finding, rule: rule) }
            plan.add(employee: place.employee, breach: breach, exposure: exposure)
        }
        return plan
    }

    /// What leak files say, with the record that each belongs to.
    /// - Parameters:
    ///   - known: records that were there before.
    ///   - plan: those that are made now.
    func leaks(known: [RecordStore.KnownKey: RecordStore.KnownSources], plan: RecordingPlan) -> [RecordedLeak] {
        var made: [RecordStore.KnownKey: BreachRecordID] = [:]
        for record in plan.records { made[.init(employee: record.employee, breach: plan.contents[record.content - 1].breach)] = record.id }
        return places.flatMap { place -> [RecordedLeak] in
            guard let breach = breaches[place.breach], let findings = groups[place] else { return [] }
            let key = RecordStore.KnownKey(employee: place.employee, breach: breach.id)
            guard let record = known[key]?.id ?? made[key] else { return [] }
            return findings.compactMap { finding in
                guard var leak = finding.leak else { return nil }
                // A file of another day than the breach says nothing of when the breach's secrets are from, nor the breach of the file's.
                if finding.source != .stealerLog, finding.breachDate != breach.breachDate { leak.isDated = false }
                return RecordedLeak(record: record, employee: place.employee, breach: breach.id, finding: leak)
            }
        }
    }

    /// What another source has reported before, and these have not.
    func exposuresToMerge(known: [RecordStore.KnownKey: RecordStore.KnownSources]) -> [Corroboration] {
        places.compactMap { place -> Corroboration? in
            guard let (breach, findings) = breachAndFindings(of: place), let record = known[.init(employee: place.employee, breach: breach.id)] else {
                return nil
            }
            let news = findings.filter { finding in
                guard let provider = finding.provider else { return record.isNews(finding) }
                return !record.sources.contains(provider)
            }
            return news.isEmpty
                ? nil
                : Corroboration(record: record.id, place: place, findings: news, hasNewCredential: news.contains { record.hasNewCredential($0) })
        }
    }
}
