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

    /// Brings the stored scores of people up to date, in the transaction of what changed them: new records, another status of an alert.
    /// - Parameter employees: of the transaction's company; others are passed over.
    /// - Returns: how many scores changed.
    @discardableResult
    package static func refresh(
        employees: some Collection<EmployeeID> & Sendable, in db: TenantTransaction, now: Date = Date()
    ) async throws -> Int {
        guard !employees.isEmpty else { return 0 }
        let store = RiskStore(db: db)
        let basis = try await store.basis()
        return try await store.refresh(employees.sorted(), basis: basis, now: now)
    }

    /// Brings all stored scores of a company up to date, some thousand people at a time: recency decays each day, and weights change.
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
                return (people.last, try await store.refresh(people, basis: try await store.basis(), now: now()))
            }
            changed += count
            last = next
        } while last != nil
        return changed
    }

    // MARK: Explaining

    /// The company's score.
    package func company(_ company: CompanyID) async throws -> RiskScore {
        try await database.read(for: company) { db in .company(try await RiskStore(db: db).companyExposure(now: now())) }
    }

    /// The score of an employee as it is at this moment; the stored one may be up to a day older.
    /// - Throws: ``Failure/noSuchEmployee``, also for another company's.
    package func employee(_ id: EmployeeID, of company: CompanyID) async throws -> RiskScore {
        try await database.read(for: company) { db in
            let store = RiskStore(db: db)
            let basis = try await store.basis()
            guard let person = try await store.exposures([id], domain: basis.domain).first else { throw Failure.noSuchEmployee }
            return .employee(person.exposure, weights: basis.weights, now: now())
        }
    }

    /// The weights that hold for a company.
    package func weights(of company: CompanyID) async throws -> RiskWeights {
        try await database.read(for: company) { db in try await RiskStore(db: db).basis().weights }
    }

    // MARK: Trying other weights

    /// As ``preview(_:of:)``, for somebody who tries weights. That they do is an audit event: one for each user and minute, because the page
    /// asks at each move of a slider.
    package func preview(_ override: JSONValue?, by subject: Subject) async throws -> RiskPreview {
        let preview = try await preview(override, of: subject.company)
        guard previews.admits("\(subject.company) \(subject.user?.rawValue ?? "")") else { return preview }
        let weights = RiskWeights(override: override)
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
    package func preview(_ override: JSONValue?, of company: CompanyID) async throws -> RiskPreview {
        try await database.read(for: company) { db in
            let store = RiskStore(db: db)
            let basis = try await store.basis()
            let (people, exposed) = try await store.population()
            let sample = try await store.sample(RiskPreview.sampleSize, domain: basis.domain)
            let time = now()
            func levels(_ weights: RiskWeights) -> RiskLevels {
                var levels = RiskLevels()
                for person in sample { levels[RiskScore.employee(person.exposure, weights: weights, now: time).level] += 1 }
                levels.scale(from: sample.count, to: exposed)
                levels.low += people - exposed
                return levels
            }
            return RiskPreview(
                before: levels(basis.weights), after: levels(RiskWeights(override: override)), isEstimate: exposed > sample.count)
        }
    }
}

/// How many people are in each level.
package struct RiskLevels: Sendable, Hashable, Codable {
    package var critical = 0
    package var high = 0
    package var medium = 0
    package var low = 0

    package subscript(level: RiskLevel) -> Int {
        get {
            switch level {
            case .critical: critical
            case .high: high
            case .medium: medium
            case .low: low
            }
        }
        set {
            switch level {
            case .critical: critical = newValue
            case .high: high = newValue
            case .medium: medium = newValue
            case .low: low = newValue
            }
        }
    }

    /// What a sample says of all: the shares stay, and the numbers add up.
    mutating func scale(from sample: Int, to all: Int) {
        guard sample > 0, sample != all else { return }
        for level in [RiskLevel.critical, .high, .medium] { self[level] = self[level] * all / sample }
        low = all - critical - high - medium
    }
}

/// What other weights would make of a company.
package struct RiskPreview: Sendable, Hashable, Codable {
    static let sampleSize = 5_000

    package var before: RiskLevels
    package var after: RiskLevels
    /// Whether it was counted from a sample.
    package var isEstimate: Bool
}
