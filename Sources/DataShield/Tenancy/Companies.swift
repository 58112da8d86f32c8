import Foundation
import HTTPTypes
import Jobs
import Postgres
import Scalars

/// Everything that can be done with companies themselves.
package struct Companies: Sendable {
    let database: TenantDatabase
    let system: SystemDatabase

    package enum Failure: FeatureError, Equatable {
        case notFound
        case domainTaken

        package var status: HTTPResponse.Status {
            self == .notFound ? .notFound : .conflict
        }
        package var detail: String {
            switch self {
            case .notFound: "There is no such company."
            case .domainTaken: "There is already a company with this domain."
            }
        }
    }

    /// A change of a company's settings; what is absent stays.
    package struct Change: Codable, Sendable {
        package var name: String?
        /// Minutes between scans, at least 5; null turns scheduled scans off.
        package var scanIntervalMinutes: Patch<Int> = .absent
        /// Weights by key; null goes back to the standard ones.
        package var riskWeights: Patch<[String: Double]> = .absent
        package var timezone: String?
        package var retentionDays: Patch<Int> = .absent
        /// Whether accounts can be acted on in their directories at all.
        package var remediationEnabled: Bool?
        /// Whether an alert is resolved by itself when what was exposed is neutralised, from now on.
        package var resolvesNeutralised: Bool?
    }

    /// Makes a company.
    /// - Parameters:
    ///   - name: how it is shown.
    ///   - domain: its mail domain; lower-cased, in ASCII; unique over the installation.
    ///   - program: what makes it, for the audit trail.
    /// - Throws: ``InvalidInput``, or ``Failure/domainTaken``.
    package func create(name: String, domain: String, by program: String = "command") async throws -> Company {
        let name = try Self.checkedName(name)
        let domain = try Self.checkedDomain(domain)
        let id = CompanyID()
        do {
            return try await system.transaction { db in
                let rows = try await db.query(
                    "INSERT INTO companies (id, name, domain) VALUES (\(id), \(name), \(domain)) RETURNING \(Company.columns)", as: Company.self)
                guard let company = rows.first else { throw Failure.notFound }
                try await AuditTrail.record(
                    "company.created", target: .init("company", id), after: ["name": name, "domain": domain],
                    by: Subject(actor: .program(program), company: id, role: .admin), in: db)
                return company
            }
        } catch let error as PostgresError where error.isUniqueViolation {
            throw Failure.domainTaken
        }
    }

    /// A company's own data.
    package func find(_ id: CompanyID) async throws -> Company {
        guard let company = try await database.query(for: id, "SELECT \(Company.columns) FROM companies WHERE id = \(id)", as: Company.self).first
        else {
            throw Failure.notFound
        }
        return company
    }

    /// A company by its domain, for commands.
    package func find(domain: String) async throws -> Company {
        let domain = try Self.checkedDomain(domain)
        guard let company = try await system.first("SELECT \(Company.columns) FROM companies WHERE domain = \(domain)", as: Company.self) else {
            throw Failure.notFound
        }
        return company
    }

    /// All companies of the installation, for the scheduler and commands.
    package func all() async throws -> [Company] {
        try await system.query("SELECT \(Company.columns) FROM companies ORDER BY id", as: Company.self)
    }

    /// Says whether a change could be made, without making it.
    /// - Throws: as ``update(_:by:)``.
    package func check(_ change: Change, for subject: Subject) async throws { _ = try await find(subject.company).changed(by: change) }

    /// Changes a company's settings.
    /// - Throws: ``InvalidInput`` naming each field that cannot be so.
    package func update(_ change: Change, by subject: Subject) async throws -> Company {
        try await database.transaction(for: subject.company) { db in
            guard
                let before = try await db.first(
                    "SELECT \(Company.columns) FROM companies WHERE id = \(subject.company) FOR UPDATE", as: Company.self)
            else { throw Failure.notFound }
            let after = try before.changed(by: change)
            guard !after.isWritten(like: before) else { return before }
            let weights = after.riskWeights.map { JSON($0) }
            try await db.execute(
                """
                UPDATE companies SET name = \(after.name), scan_interval_minutes = \(after.scanIntervalMinutes), risk_weights = \(weights),
                    timezone = \(after.timezone), retention_days = \(after.retentionDays), remediation_enabled = \(after.remediationEnabled),
                    resolves_neutralised = \(after.resolvesNeutralised),
                    updated_at = now()
                WHERE id = \(subject.company)
                """)
            if after.riskWeights != before.riskWeights {
                let queue = JobQueue(pool: system.pool, makeID: { CUID.make(at: Date()) })
                try await RefreshRisk.enqueue(for: subject.company, in: db, queue)
            }
            try await AuditTrail.record(
                "company.updated", target: .init("company", subject.company), before: CompanyResponse(before), after: CompanyResponse(after),
                by: subject, in: db)
            return after
        }
    }

    static func checkedName(_ name: String) throws -> String {
        let name = name.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !name.isEmpty, name.hasAtMost(200), !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw InvalidInput("name", "must be 1 to 200 characters.")
        }
        return name
    }

    static func checkedDomain(_ domain: String) throws -> String {
        do {
            return try DomainName(domain.unicodeScalars.trimmingSpace()).text
        } catch {
            throw InvalidInput("domain", error.message)
        }
    }
}

extension Company: RowDecodable {
    static let columns: SQL =
        "id, name, domain, risk_weights, remediation_enabled, resolves_neutralised, scan_interval_minutes, last_scan_at, timezone, retention_days, created_at"

    package init(from row: inout Row) throws {
        id = try row.next()
        name = try row.next()
        domain = try row.next()
        riskWeights = try row.next(as: Optional<JSON<[String: Double]>>.self)?.value
        remediationEnabled = try row.next()
        resolvesNeutralised = try row.next()
        scanIntervalMinutes = try row.next()
        lastScanAt = try row.next()
        timezone = try row.next()
        retentionDays = try row.next()
        createdAt = try row.next()
    }

    /// The company after a change, with every field checked.
    func changed(by change: Companies.Change) throws -> Company {
        var company = self
        var errors: [FieldError] = []
        if let name = change.name {
            do { company.name = try Companies.checkedName(name) } catch let error as InvalidInput { errors += error.fields }
        }
        company.scanIntervalMinutes = change.scanIntervalMinutes.applied(to: scanIntervalMinutes)
        if let minutes = company.scanIntervalMinutes, !(5...525_600).contains(minutes) {
            errors.append(FieldError(field: "scanIntervalMinutes", message: "must be null (off) or a whole number from 5 to 525600."))
        }
        company.riskWeights = change.riskWeights.applied(to: riskWeights)
        errors += RiskWeights.faults(in: company.riskWeights ?? [:])
        if let timezone = change.timezone {
            company.timezone = timezone
            if !TimeZone.knownTimeZoneIdentifiers.contains(timezone), timezone != "UTC" {
                errors.append(FieldError(field: "timezone", message: "must be the name of a time zone, such as Europe/Berlin or UTC."))
            }
        }
        company.retentionDays = change.retentionDays.applied(to: retentionDays)
        if let days = company.retentionDays, !(1...36_500).contains(days) {
            errors.append(FieldError(field: "retentionDays", message: "must be null (for ever) or a whole number from 1 to 36500."))
        }
        company.remediationEnabled = change.remediationEnabled ?? remediationEnabled
        company.resolvesNeutralised = change.resolvesNeutralised ?? resolvesNeutralised
        guard errors.isEmpty else { throw InvalidInput(errors) }
        return company
    }
}
