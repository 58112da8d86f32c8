import Foundation

/// What is known of one person in one breach, from all the sources that have reported it, and what its alert says.
struct Exposure: Sendable, Hashable {
    var dataTypes: [String] = []
    var artifacts: [ArtifactKind] = []
    var machineId: String?
    var malwareFamily: String?
    var capturedAt: Date?
    var evidence: Evidence?
    /// In the order in which they reported it.
    var sources: [ApiProvider] = []
    /// Whether it was found in a leak file, which is a source beside the providers.
    var isInLeakFile = false
    var severity: Severity = .low
    var confidence: AlertConfidence = .low
    /// Whether any source has said something worth an alert.
    var raisesAlert = false

    /// How many sites and logins are kept to show.
    static let evidenceLimit = 100

    /// Takes in what a source says.
    ///
    /// Everything here is the same whatever order the sources come in (``sources`` tells the order, and holds the same ones). For the
    /// severity this needs three parts: what it was, what this finding alone would be, and what all data together are. The last alone
    /// would not do: a date that one source knows makes contact data LOW, which without it are MEDIUM.
    /// - Returns: whether this is a source that had not reported it; if it had, nothing changes.
    @discardableResult
    mutating func add(_ finding: Finding, rule: SeverityRule) -> Bool {
        guard !has(finding.provider) else { return false }
        let tier = finding.tier.confidence
        confidence = sources.isEmpty && !isInLeakFile ? tier : confidence.corroborated(by: tier)
        if let provider = finding.provider { sources.append(provider) } else { isInLeakFile = true }
        take(finding, rule: rule)
        return true
    }

    /// Whether a source has reported it.
    /// - Parameter provider: nil for leak files.
    func has(_ provider: ApiProvider?) -> Bool {
        guard let provider else { return isInLeakFile }
        return sources.contains(provider)
    }

    /// Takes in what a source says that may have reported it before: another leak file is no other source, and may hold other data.
    mutating func take(_ finding: Finding, rule: SeverityRule) {
        let isFromStealer = finding.source == .stealerLog || sources.contains { $0.source == .stealerLog }
        merge(finding)
        let alone = rule.severity(
            source: finding.source, dataTypes: finding.dataTypes, artifacts: finding.artifacts, breachDate: finding.breachDate)
        let together = rule.severity(
            source: isFromStealer ? .stealerLog : finding.source, dataTypes: dataTypes, artifacts: artifacts, breachDate: finding.breachDate)
        severity = max(severity, alone, together)
        raisesAlert = raisesAlert || finding.raisesAlert
    }

    private mutating func merge(_ finding: Finding) {
        if dataTypes != finding.dataTypes { dataTypes = Set(dataTypes).union(finding.dataTypes).sorted() }
        if artifacts != finding.artifacts {
            let kinds = Set(artifacts).union(finding.artifacts)
            artifacts = ArtifactKind.allCases.filter(kinds.contains)
        }
        machineId = [machineId, finding.machineId].compactMap { $0 }.min()
        malwareFamily = [malwareFamily, finding.malwareFamily].compactMap { $0 }.min()
        capturedAt = [capturedAt, finding.capturedAt].compactMap { $0 }.max()
        evidence = Evidence.merged(evidence, finding.evidence)
    }

    /// Takes in what was known of the same person in the same breach under another name.
    mutating func unite(with other: Exposure, rule: SeverityRule, breachDate: Date?) {
        let others = other.sources.filter { !sources.contains($0) }
        let isConfirmed = !others.isEmpty || (other.isInLeakFile && !isInLeakFile)
        confidence = isConfirmed ? confidence.corroborated(by: other.confidence) : max(confidence, other.confidence)
        sources += others
        isInLeakFile = isInLeakFile || other.isInLeakFile
        dataTypes = Set(dataTypes).union(other.dataTypes).sorted()
        let kinds = Set(artifacts).union(other.artifacts)
        artifacts = ArtifactKind.allCases.filter(kinds.contains)
        machineId = [machineId, other.machineId].compactMap { $0 }.min()
        malwareFamily = [malwareFamily, other.malwareFamily].compactMap { $0 }.min()
        capturedAt = [capturedAt, other.capturedAt].compactMap { $0 }.max()
        evidence = Evidence.merged(evidence, other.evidence)
        let isFromStealer = machineId != nil || malwareFamily != nil || sources.contains { $0.source == .stealerLog }
        let together = rule.severity(
            source: isFromStealer ? .stealerLog : .darkWeb, dataTypes: dataTypes, artifacts: artifacts, breachDate: breachDate)
        severity = max(severity, other.severity, together)
        raisesAlert = raisesAlert || other.raisesAlert
    }

    /// Whether nothing is known of another that is not known of this: a leak file has credentials, which another does not.
    func says(all other: Exposure) -> Bool {
        Set(dataTypes).isSuperset(of: other.dataTypes) && Set(artifacts).isSuperset(of: other.artifacts) && (isInLeakFile || !other.isInLeakFile)
    }

    /// What the alert says.
    func message(breach: String) -> String {
        var words = dataTypes.sorted { Self.weight($0) > Self.weight($1) }.map(DataType.label)
        let hidden = words.count - 3
        if hidden > 1 {
            words.removeLast(hidden)
            words.append("\(hidden) more kinds of data")
        }
        let list = words.isEmpty ? "" : ": " + words.formatted(.list(type: .and, width: .standard).locale(Locale(identifier: "en_US")))
        let taken = artifacts.filter { $0 == .cookie || $0 == .token }
        let session = taken.isEmpty ? "" : " A stolen session is among it."
        return "Exposed in \(breach)\(list).\(session)"
    }

    /// What is worst is named first.
    private static func weight(_ term: String) -> Int {
        if DataType.critical.contains(term) { return 2 }
        return DataType.contact.contains(term) ? 0 : 1
    }
}

extension Evidence {
    /// Both, each entry once; of too many the alphabetically first, so that the order of the sources does not matter.
    static func merged(_ left: Evidence?, _ right: Evidence?) -> Evidence? {
        guard let left else { return right }
        guard let right, right != left else { return left }
        func union(_ left: [String], _ right: [String]) -> [String] {
            Array(Set(left).union(right).sorted().prefix(Exposure.evidenceLimit))
        }
        let cookies = Set(left.cookies ?? []).union(right.cookies ?? []).sorted().prefix(Exposure.evidenceLimit)
        return Evidence(
            sites: union(left.sites, right.sites), logins: union(left.logins, right.logins), items: union(left.items, right.items),
            cookies: cookies.isEmpty ? nil : Array(cookies))
    }
}

extension Finding {
    /// This with what the same source says of the same breach in another place: one source counts once.
    func combined(with other: Finding) -> Finding {
        var result = self
        result.dataTypes = Set(dataTypes).union(other.dataTypes).sorted()
        let kinds = Set(artifacts).union(other.artifacts)
        result.artifacts = ArtifactKind.allCases.filter(kinds.contains)
        result.breachDate = [breachDate, other.breachDate].compactMap { $0 }.min()
        result.machineId = [machineId, other.machineId].compactMap { $0 }.min()
        result.malwareFamily = [malwareFamily, other.malwareFamily].compactMap { $0 }.min()
        result.capturedAt = [capturedAt, other.capturedAt].compactMap { $0 }.max()
        result.evidence = Evidence.merged(evidence, other.evidence)
        result.raisesAlert = raisesAlert || other.raisesAlert
        result.catalogue = catalogue ?? other.catalogue
        result.leak = leak ?? other.leak
        if let mine = leak, let theirs = other.leak {
            result.leak?.credentials = mine.credentials + theirs.credentials
            result.leak?.machine = mine.machine.map { machine in theirs.machine.map(machine.merged) ?? machine } ?? theirs.machine
            result.leak?.isDated = mine.isDated && theirs.isDated && (source == .stealerLog || breachDate == other.breachDate)
        }
        return result
    }
}
