import Foundation
import HTTPTypes
import Postgres

/// How much at risk a company and its people are, and why.
package struct Risk: Sendable {
    private let database: TenantDatabase
    private let now: Now
    private let previews: AuditLimit

    package init(database: TenantDatabase, now: @escaping Now = { Date() }) {
        self.database = database
        self.now = now
        previews = AuditLimit(now: now)
    }

    package enum Failure: FeatureError, Equatable {
        case noSuchEmployee

        package var status: HTTPResponse.Status { .notFound }
        package var detail: String { "There is no such employee." }
    }

    // MARK: Keeping the stored scores

    /// Brings all stored scores of a company up to date, some thousand people at a time: recency decays each day, and weights change. All else
    /// that a score depends on, the schema keeps in the transaction of what changes it.
    /// Done twice, or in two processes at once, it ends the same.
    /// - Returns: how many scores changed.
    package func refreshAll(of company: CompanyID) async throws -> Int {
        var changed = 0
        var last: EmployeeID?
        repeat {
            let from = last
            let (next, count) = try await database.transaction(for: company) { db in
                let store = RiskStore(db: db)
                let people = try await store.exposedPeople(after: from, limit: 2_000)
                return (people.last, try await store.refresh(people, now: now()))
            }
            changed += count
            last = next
        } while last != nil
        return changed
    }

    // MARK: Explaining

    /// The company's score, and what it would be when who is worst off were helped.
    package func company(_ company: CompanyID) async throws -> RiskScore {
        try await database.read(for: company) { db in try await Self.company(in: db, now: now()) }
    }

    static func company(in db: TenantTransaction, now: Date) async throws -> RiskScore {
        let store = RiskStore(db: db)
        let exposure = try await store.companyExposure(now: now)
        guard exposure.asked > 0 else { return .company(exposure) }
        return .company(exposure, next: try await store.nextStep(domain: try await store.basis().domain, now: now))
    }

    /// The score of an employee as it is at this moment; the stored one may be up to a day older.
    /// - Throws: ``Failure/noSuchEmployee``, also for another company's.
    package func employee(_ id: EmployeeID, of company: CompanyID) async throws -> RiskScore {
        try await database.read(for: company) { db in
            let store = RiskStore(db: db)
            let basis = try await store.basis()
            guard let person = try await store.exposure(id, domain: basis.domain) else { throw Failure.noSuchEmployee }
            // Who has left has no account to act on, as far as is known.
            return .employee(person.exposure, weights: basis.weights, now: now(), id: person.isActive ? id : nil)
        }
    }

    /// The weights that hold for a company.
    package func weights(of company: CompanyID) async throws -> RiskWeights {
        try await database.read(for: company) { db in try await RiskStore(db: db).basis().weights }
    }

    // MARK: Trying other weights

    /// As ``preview(_:of:)``, for somebody who tries weights. That they do is an audit event: one for each user and minute, because the page
    /// asks at each move of a slider.
    /// - Throws: ``InvalidInput`` naming each weight that is not valid.
    package func preview(_ override: [String: Double]?, by subject: Subject) async throws -> RiskPreview {
        let faults = RiskWeights.faults(in: override ?? [:])
        guard faults.isEmpty else { throw InvalidInput(faults) }
        let preview = try await preview(override, of: subject.company)
        guard previews.admits("\(subject.company) \(subject.user?.rawValue ?? "")") else { return preview }
        let weights = RiskWeights(own: override)
        try await database.transaction(for: subject.company) { db in
            try await AuditTrail.record(
                "company.weights_previewed", target: .init("company", subject.company),
                after: Dictionary(uniqueKeysWithValues: RiskWeights.keys.map { ($0, weights[$0]) }), by: subject, in: db)
        }
        return preview
    }

    /// How many people would be in each level with other weights.
    ///
    /// Of a company with many exposed people, 5,000 are scored and the rest taken to be like them.
    /// - Parameter override: as it would be stored: the keys that differ from the standard.
    package func preview(_ override: [String: Double]?, of company: CompanyID) async throws -> RiskPreview {
        try await database.read(for: company) { db in
            let store = RiskStore(db: db)
            let basis = try await store.basis()
            guard let population = try await store.population() else { return RiskPreview(before: .init(), after: .init(), isEstimate: false) }
            let sample = try await store.sample(RiskPreview.sampleSize, now: now())
            func levels(_ weights: RiskWeights) -> RiskLevels {
                var levels = RiskLevels()
                for person in sample { levels[RiskLevel(score: person.score(weights))] += 1 }
                levels.scale(from: sample.count, to: population.exposed)
                // Who was asked about and is in nothing has 0; of the others nothing is known.
                levels.low += population.known - population.exposed
                levels.notAsked = population.people - population.known
                return levels
            }
            return RiskPreview(
                before: levels(basis.weights), after: levels(RiskWeights(own: override)), isEstimate: population.exposed > sample.count)
        }
    }
}
