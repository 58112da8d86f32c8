import Foundation
import LeakFiles
import Scalars

/// Makes findings of what leak files say: of one person of one company each. Pure; the only place that sees a secret, and it keeps a
/// fingerprint.
struct LeakFindings: Sendable {
    /// Whose data they are.
    struct Person: Sendable {
        var employee: EmployeeID
        var address: String
    }

    let fingerprints: SecretFingerprints
    let file: LeakFileID
    /// What whoever reads the file knows of it.
    let source: LeakSource
    /// What the file's breach is called if it is a dump.
    let dump: String?
    /// The company's domains, lower-cased: stolen sessions there concern it, whoever's they are.
    let domains: [String]

    /// Lists of credentials come from anywhere and are put together anew all the time: each is no breach of its own.
    static let listsName = "Credential lists"
    private static let listsKey = CanonicalKey.of(listsName)

    /// The day of a breach, as whoever reads the file knows it. All of a company's lists are one breach, so that none of them can say when
    /// it was.
    private func date(of name: String) -> Date? { CanonicalKey.of(name) == Self.listsKey ? nil : source.date }

    // MARK: Lists, tables and dumps

    /// What a file says of a person outside of stealer logs.
    /// - Returns: one finding for each breach that the records belong to.
    func findings(_ records: [LeakRecord], of person: Person) -> [Finding] {
        var names: [String] = []
        var groups: [String: [LeakRecord]] = [:]
        for record in records {
            let name = breachName(record.shape)
            if groups[name] == nil { names.append(name) }
            groups[name, default: []].append(record)
        }
        return names.map { name in
            let (records, date) = (groups[name] ?? [], date(of: name))
            return Finding(
                breachName: name, breachDate: date, dataTypes: dataTypes(records), artifacts: [], evidence: evidence(records, of: person),
                source: .darkWeb, provider: nil,
                leak: LeakFinding(file: file, credentials: credentials(records, of: person, machine: nil), isDated: date != nil))
        }
    }

    private func breachName(_ shape: RecordShape) -> String {
        if let name = source.name { return name }
        return shape.isOfDump ? dump ?? Self.listsName : Self.listsName
    }

    // MARK: Stealer logs

    /// What a stealer log says of a person.
    /// - Parameters:
    ///   - known: which machine it is of.
    ///   - records: those of the log that are about the person.
    func finding(_ log: StealerLog, on known: KnownMachine, _ records: [LeakRecord], of person: Person) -> Finding {
        let machine = InfectedMachine.Facts(
            key: known.key, marks: known.marks, traces: traces(of: log), malwareFamily: log.malwareFamily.map { PlainText.oneLine($0) },
            capturedAt: log.capturedAt, country: log.country, credentialCount: log.credentialCount, cookieCount: log.cookieCount,
            hasTokens: log.hasTokens)
        let sites = Set(records.compactMap(\.site))
        // Of the machine's sessions, those at the company's own sites and at the sites that the person's credentials are for.
        // A cookie of acme.example is good at vpn.acme.example, too.
        let cookies = log.cookies.filter { cookie in
            domains.contains { Self.isWithin(cookie.domain, $0) }
                || sites.contains { Self.isWithin(cookie.domain, $0) || Self.isWithin($0, cookie.domain) }
        }
        var artifacts: [ArtifactKind] = []
        if records.contains(where: { $0.secret != nil }) { artifacts.append(.password) }
        if !cookies.isEmpty { artifacts.append(.cookie) }
        if log.hasTokens { artifacts.append(.token) }
        if records.contains(where: { $0.shape == .stealerAutofill }) { artifacts.append(.autofill) }
        var evidence = evidence(records, of: person)
        if !cookies.isEmpty {
            let stolen = Set(
                cookies.map { StolenCookie(domain: PlainText.oneLine($0.domain), name: PlainText.oneLine($0.name), expiresAt: $0.expiresAt) })
            evidence.cookies = Array(stolen.sorted().prefix(Exposure.evidenceLimit))
        }
        let name = machine.breachName
        return Finding(
            breachName: name, breachDate: log.capturedAt.map(BreachDate.day(of:)), dataTypes: dataTypes(records), artifacts: artifacts,
            machineId: machine.traces.machineId, malwareFamily: machine.malwareFamily, capturedAt: log.capturedAt, evidence: evidence,
            source: .stealerLog, provider: nil,
            leak: LeakFinding(
                file: file, credentials: credentials(records, of: person, machine: machine.key), isDated: log.capturedAt != nil,
                machine: machine))
    }

    private func traces(of log: StealerLog) -> InfectedMachine.Traces {
        InfectedMachine.Traces(
            machineId: log.identity.machineId.map { PlainText.oneLine($0) }, computer: log.traces.computer.map { PlainText.oneLine($0) },
            userName: log.traces.user.map { PlainText.oneLine($0) }, operatingSystem: log.operatingSystem.map { PlainText.oneLine($0) },
            addresses: log.traces.addresses, antivirus: log.traces.antivirus.map { PlainText.oneLine($0) },
            malwarePath: log.traces.malwarePath.map { PlainText.oneLine($0) })
    }

    /// Whether a host is a domain, or below it.
    private static func isWithin(_ host: String, _ domain: String) -> Bool { host == domain || host.ends(with: "." + domain) }

    // MARK: Parts of both

    private func dataTypes(_ records: [LeakRecord]) -> [String] {
        var types: Set<String> = ["email"]
        for record in records {
            types.formUnion(DataType.normalise(all: record.fields))
            if let secret = record.secret { types.insert(secret.kind.isHash ? "hashed_password" : "password") }
            if let login = record.login, !login.has("@"), !login.isEmpty { types.insert("username") }
        }
        return types.sorted()
    }

    private func evidence(_ records: [LeakRecord], of person: Person) -> Evidence {
        let sites = Set(records.compactMap(\.site).map { PlainText.oneLine($0) }).filter { !$0.isEmpty }
        let logins = Set(records.compactMap(\.login).map { LoginText.redacted($0, of: person.address) }).filter { !$0.isEmpty }
        return Evidence(
            sites: Array(sites.sorted().prefix(Exposure.evidenceLimit)), logins: Array(logins.sorted().prefix(Exposure.evidenceLimit)))
    }

    private func credentials(_ records: [LeakRecord], of person: Person, machine: String?) -> [FoundCredential] {
        let own = AddressSpelling.canonical(person.address)
        return records.compactMap { record in
            // An address by itself is an exposure and no credential.
            guard record.secret != nil || record.site != nil || record.unread != nil else { return nil }
            // In every spelling the person's own address is one login.
            let login = record.login.map { AddressSpelling.canonical($0) == own ? person.address : $0 } ?? person.address
            return FoundCredential(
                identity: record.unread.map { fingerprints.identity(login: login, unread: $0, machine: machine) }
                    ?? fingerprints.identity(login: login, secret: record.secret, machine: machine),
                login: LoginText.redacted(login, of: person.address), site: record.site.map { PlainText.oneLine($0) },
                secret: record.secret.map { secret in
                    FoundCredential.Secret(
                        kind: secret.kind.rawValue, lengthClass: secret.lengthClass.rawValue, fingerprint: fingerprints.fingerprint(of: secret))
                }, isUnread: record.unread != nil)
        }
    }
}

/// What is known of a leak file besides its content.
package struct LeakSource: Sendable, Hashable {
    /// How the breach is called, where whoever reads the file knows it.
    package var name: String?
    /// The day of the breach, where it is known.
    package var date: Date?
    /// The file's own name.
    package var fileName: String

    package init(name: String? = nil, date: Date? = nil, fileName: String = "") {
        self.name = name
        self.date = date
        self.fileName = fileName
    }
}

extension RecordShape {
    /// Whether it is a row of what somebody took from one place.
    var isOfDump: Bool {
        switch self {
        case .table, .sql, .json: true
        case .ulp, .combo, .text, .stealerPassword, .stealerAutofill: false
        }
    }
}
