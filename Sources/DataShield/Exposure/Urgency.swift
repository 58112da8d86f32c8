import Foundation

/// What has to be done about an exposure first, and why (spec §4): the order of work in lists and on the first page. A pure function of what is
/// known of the exposure and of the person; nothing of it is stored.
package struct Urgency: Sendable, Hashable {
    /// How soon.
    package enum Band: Int, CaseIterable, Comparable, Sendable {
        case actNow
        case today
        case thisWeek
        case nothingToDo

        package var label: String {
            switch self {
            case .actNow: "Act now"
            case .today: "Today"
            case .thisWeek: "This week"
            case .nothingToDo: "Nothing to do"
            }
        }

        package static func < (left: Band, right: Band) -> Bool { left.rawValue < right.rawValue }
    }

    /// What of an exposure decides.
    package struct Exposed: Sendable, Hashable {
        package var state: Liveness
        /// Of what is live.
        package var certainty: LivenessCertainty?
        /// What is not neutralised of it and can be used to sign in, the worst kind first; empty where nobody says what was taken.
        package var standing: [CredentialKind]
        /// Whether malware took it.
        package var isFromMalware: Bool
        package var hasCompanySite: Bool
        /// When malware took it, else when the breach was; nil when nobody knows.
        package var exposedAt: Date?

        package init(
            state: Liveness, certainty: LivenessCertainty? = nil, standing: [CredentialKind] = [], isFromMalware: Bool = false,
            hasCompanySite: Bool = false, exposedAt: Date? = nil
        ) {
            self.state = state
            self.certainty = certainty
            self.standing = standing
            self.isFromMalware = isFromMalware
            self.hasCompanySite = hasCompanySite
            self.exposedAt = exposedAt
        }
    }

    /// What of a person decides.
    package struct Person: Sendable, Hashable {
        package var name: String
        package var isVip: Bool
        /// nil when nobody says.
        package var hasSecondFactor: Bool?
        package var isDisabled: Bool

        package init(name: String, isVip: Bool = false, hasSecondFactor: Bool? = nil, isDisabled: Bool = false) {
            self.name = name
            self.isVip = isVip
            self.hasSecondFactor = hasSecondFactor
            self.isDisabled = isDisabled
        }
    }

    package let band: Band
    /// Why it stands where it stands, what decides first at the beginning: parts of a sentence.
    package let reasons: [String]
    private let exposed: Exposed
    private let person: Person

    package init(of exposed: Exposed, _ person: Person) {
        self.exposed = exposed
        self.person = person
        band = Self.band(of: exposed, person)
        reasons = band == .nothingToDo ? [Self.nothingToDo(exposed, person)] : Self.reasons(exposed, person)
    }

    private static func band(of exposed: Exposed, _ person: Person) -> Band {
        guard !person.isDisabled else { return .nothingToDo }
        switch (exposed.state, exposed.certainty) {
        case (.live, .ifReused?): return .today
        case (.live, .certain?), (.live, nil): return .actNow
        case (.unknown, _):
            if exposed.isFromMalware || exposed.hasCompanySite { return .today }
            return .thisWeek
        case (.neutralised, _), (.noCredential, _): return .nothingToDo
        }
    }

    // MARK: Why

    private static func reasons(_ exposed: Exposed, _ person: Person) -> [String] {
        var reasons = [what(exposed)]
        if exposed.standing.first.map({ !$0.isSession }) ?? true {
            switch person.hasSecondFactor {
            case false?: reasons.append("no second factor")
            case nil: reasons.append("second factor not known")
            case true?: reasons.append("a second factor is on")
            }
        }
        if person.isVip { reasons.append("VIP") }
        if let date = exposed.exposedAt { reasons.append("\(exposed.isFromMalware ? "taken" : "exposed") on \(Format.day(date))") }
        return reasons
    }

    private static func what(_ exposed: Exposed) -> String {
        switch exposed.standing.first {
        case .session?: return "a signed-in session"
        case .token?: return "a token"
        case .companyPassword?: return "a password for a site of the company's"
        case .password? where exposed.certainty == .ifReused: return "a password for another site, which works here if it is reused"
        case .password?: return exposed.isFromMalware ? "a password that malware took" : "a password"
        case .hash?: return "the hash of a password"
        case nil: return exposed.isFromMalware ? "malware, and nobody says what it took" : "nobody says whether a password is among it"
        }
    }

    private static func nothingToDo(_ exposed: Exposed, _ person: Person) -> String {
        if person.isDisabled { return "the account is disabled" }
        return exposed.state == .neutralised ? "it was changed or ended afterwards" : "nothing in it to sign in with"
    }
}

extension Urgency: Comparable {
    /// What comes first is less: by band, then by what can be used, by the second factor, VIPs, what is newer, and at last by name.
    package static func < (left: Urgency, right: Urgency) -> Bool {
        if left.band != right.band { return left.band < right.band }
        let (ours, theirs) = (left.ranks, right.ranks)
        if ours != theirs { return ours.lexicographicallyPrecedes(theirs) }
        if left.exposed.exposedAt != right.exposed.exposedAt {
            return left.exposed.exposedAt ?? .distantPast > right.exposed.exposedAt ?? .distantPast
        }
        return left.person.name < right.person.name
    }

    /// Lower is sooner.
    private var ranks: [Int] {
        // Of what nobody names a session may be part: it stands behind what is known to be a password, and before a hash.
        let kind =
            switch exposed.standing.first {
            case .session?: 0
            case .token?: 1
            case .companyPassword?: 2
            case .password?: 3
            case nil: 4
            case .hash?: 5
            }
        let factor = person.hasSecondFactor.map { $0 ? 2 : 0 } ?? 1
        return [kind, factor, person.isVip ? 0 : 1]
    }
}

extension ExposureLiveness {
    /// What of it decides how urgent it is.
    var urgencyFacts: Urgency.Exposed {
        Urgency.Exposed(
            state: state, certainty: certainty, standing: credentials.filter { $0.state == .live || $0.state == .unknown }.map(\.kind),
            isFromMalware: isFromMalware, hasCompanySite: hasCompanySite, exposedAt: capturedAt ?? breachDate)
    }
}
