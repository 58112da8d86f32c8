import Foundation
import Postgres

/// The people that a provider is still to be asked about.
///
/// While the newest breach of the provider's catalogue is the same as when it last answered about a person, nothing new can be said of
/// them, and they are not asked about again before a full re-check is due. A provider without a catalogue may know something new at any
/// time, and each question costs: its answers count until the re-check is due.
struct DuePeople: Sendable {
    /// After this time an answer is asked for anew even though no breach is new.
    static let recheckAfter: TimeInterval = 7 * 86_400

    /// Which part of the people.
    enum Scope: Sendable, Hashable {
        case everybody
        case onDomain(String)
        case notOnDomain(String)
    }

    var provider: ApiProvider
    /// Whether the provider has a catalogue that tells when there is something new.
    var hasCatalogue = true
    /// The catalogue's newest breach; nil when it is not known, and then everybody is due.
    var marker: String?
    var now: Date
    var scope: Scope = .everybody
    /// Those up to this one have been asked about.
    var after: EmployeeID?
    /// When the run began: whom it has asked about since then, with whatever outcome, it does not ask about again.
    var runBegan: Date?

    /// The part of a statement behind `FROM employees e`.
    func condition(in company: CompanyID) -> SQL {
        """
        LEFT JOIN provider_coverage a
            ON a.company_id = e.company_id AND a.employee_id = e.id AND a.provider = \(provider)::api_provider
        WHERE e.company_id = \(company) AND e.deactivated_at IS NULL AND e.id > \(after?.rawValue ?? "") \(scopeCondition)
            AND (a.outcome IS NULL OR a.outcome = 'UNKNOWN' \(markerCondition)
                OR a.checked_at <= \(now.addingTimeInterval(-Self.recheckAfter)))
            AND (a.checked_at IS NULL OR a.checked_at <= \(runBegan ?? .distantFuture))
        """
    }

    private var markerCondition: SQL {
        hasCatalogue ? "OR a.catalogue_marker IS DISTINCT FROM \(marker ?? "-")::text" : ""
    }

    private var scopeCondition: SQL {
        switch scope {
        case .everybody: ""
        case .onDomain(let domain): "AND split_part(e.email, '@', -1) = \(domain) AND NOT \(Self.hasAddress(notOn: domain))"
        case .notOnDomain(let domain): "AND (split_part(e.email, '@', -1) <> \(domain) OR \(Self.hasAddress(notOn: domain)))"
        }
    }

    /// Whether somebody has a further address elsewhere, of which an answer about the domain says nothing.
    private static func hasAddress(notOn domain: String) -> SQL {
        """
        EXISTS (SELECT FROM employee_addresses further WHERE further.company_id = e.company_id AND further.employee_id = e.id
            AND split_part(further.address, '@', -1) <> \(domain))
        """
    }
}

/// A person to ask about.
struct DuePerson: Sendable {
    var id: EmployeeID
    /// nil when what is stored is no address that can be asked about.
    var address: EmailAddress?
    /// What they are reached by besides, and can be asked about.
    var further: [EmailAddress]
    /// Whether one of all their addresses cannot be asked about, so that nobody can say that they are clean.
    var isPartlyUnasked = false
}

extension DuePerson: RowDecodable {
    init(from row: inout Row) throws {
        id = try row.next()
        let (main, others) = (try row.next(as: String.self), try row.next(as: [String].self))
        // try?: they were addresses by the rule of the day on which they were taken. One that is none by today's is told apart by nil, and its
        // person becomes UNKNOWN with that reason.
        address = try? EmailAddress(main)
        further = others.compactMap { try? EmailAddress($0) }
        isPartlyUnasked = address == nil || further.count < others.count
    }
}

extension DuePerson {
    /// All that is asked about.
    var all: [EmailAddress] { [address].compactMap { $0 } + further }

    /// Why nobody can say of the person as a whole what is known of them; nil when they can be asked about.
    var failure: ProviderFailure? { isPartlyUnasked ? .noAddress : nil }
}

extension LookUp {
    /// What was found under the addresses of one person: each breach once, whatever the address, and under which it was found besides the
    /// first.
    init(ofAddresses answers: [(EmailAddress, [Finding])], of person: DuePerson) {
        if person.further.isEmpty {
            self.init(answers.first?.1 ?? [])
            return
        }
        var findings: [Finding] = []
        var places: [LeakKey: Int] = [:]
        for (address, found) in answers {
            for var finding in found {
                if address != person.address { finding.evidence = Evidence.merged(finding.evidence, Evidence(logins: [address.text])) }
                let place = LeakKey(key: CanonicalKey.of(finding.breachName), days: finding.named?.days)
                if let known = places[place] {
                    findings[known] = findings[known].combined(with: finding)
                } else {
                    places[place] = findings.count
                    findings.append(finding)
                }
            }
        }
        self.init(findings)
    }

    /// A service may have two leaks of one name.
    private struct LeakKey: Hashable {
        var key: String
        var days: ClosedRange<Date>?
    }
}
