import Foundation
import Postgres

/// Whom a directory has brought so far, by the directory's own ids, and a fingerprint of what is known of each. It spares the database all
/// who are as they were; who is different by it is looked at again by ``SyncMerge``, which decides.
struct KnownPeople: Sendable {
    private struct Known: Sendable {
        var fingerprint: Int
        /// Of their further addresses.
        var addresses: Int
        var isActive: Bool
        var wasSame = false
        /// Whether the directory lists them as active, or in a row that cannot be read.
        var isPresent = false
        /// Whether it lists them at all.
        var isListed = false
    }

    /// What a listed person is beside what is known.
    enum Comparison {
        case same
        /// Listed once more, and once more as known.
        case sameAgain
        /// Unknown, or not as known.
        case different
        /// Listed as known before, and differently now.
        case differentNow
    }

    private var people: [String: Known] = [:]

    /// Compares a person with what is known, and remembers that they were listed.
    mutating func note(_ person: ListedPerson) -> Comparison {
        guard var known = people[person.externalId] else { return .different }
        defer { people[person.externalId] = known }
        known.isPresent = person.isActive
        known.isListed = true
        let hasSameAddresses = !person.isActive || person.addresses.map { Self.fingerprint($0) == known.addresses } ?? true
        guard known.fingerprint == Self.fingerprint(person), hasSameAddresses else {
            defer { known.wasSame = false }
            return known.wasSame ? .differentNow : .different
        }
        defer { known.wasSame = true }
        return known.wasSame ? .sameAgain : .same
    }

    /// Remembers that somebody was listed in a row that cannot be read: they are there, as whatever.
    mutating func noteUnreadable(_ externalId: String) {
        people[externalId]?.isPresent = true
        people[externalId]?.isListed = true
    }

    /// Who is active on the staff list, and in the directory no longer, or disabled there.
    /// - Parameter isComplete: whether who was not listed is no longer there; else only who was listed as disabled is gone.
    func gone(isComplete: Bool) -> [String] {
        people.compactMap { $1.isActive && !$1.isPresent && (isComplete || $1.isListed) ? $0 : nil }
    }

    // MARK: Reading them

    private static let pageSize = 10_000

    /// - Parameter connection: whose people.
    static func load(_ connection: DirectoryConnectionID, of company: CompanyID, from database: TenantDatabase) async throws -> KnownPeople {
        var known = KnownPeople()
        var last = ""
        while true {
            let page = try await database.query(
                for: company,
                """
                SELECT external_id, deactivated_at IS NULL, deactivation_reason = 'DISABLED', email, first_name, last_name, department, title, mfa_enabled, password_changed_at,
                    sessions_valid_from, \(EmployeeAddresses.column)
                FROM employees e WHERE company_id = \(company) AND source_connection_id = \(connection) AND external_id > \(last)
                ORDER BY external_id \(SQL.limit(pageSize))
                """, as: Entry.self)
            for entry in page { known.people[entry.externalId] = entry.known }
            guard page.count == pageSize, let end = page.last else { return known }
            last = end.externalId
        }
    }

    private struct Entry: RowDecodable {
        let externalId: String
        let known: Known

        init(from row: inout Row) throws {
            externalId = try row.next()
            let isActive: Bool = try row.next()
            let fingerprint = KnownPeople.fingerprint(
                isActive: isActive, isDisabled: try row.next() ?? false, email: try row.next(), firstName: try row.next(), lastName: try row.next(),
                department: try row.next(),
                title: try row.next(), mfaEnabled: try row.next(), passwordChangedAt: try row.next(), sessionsValidFrom: try row.next())
            known = Known(fingerprint: fingerprint, addresses: KnownPeople.fingerprint(try row.next() as [String]), isActive: isActive)
        }
    }

    // MARK: Fingerprints

    private static func fingerprint(_ person: ListedPerson) -> Int {
        fingerprint(
            isActive: person.isActive, isDisabled: person.isDisabled, email: person.email, firstName: person.firstName, lastName: person.lastName,
            department: person.department,
            title: person.title, mfaEnabled: person.mfaEnabled, passwordChangedAt: person.passwordChangedAt,
            sessionsValidFrom: person.sessionsValidFrom)
    }

    /// Of addresses in the order of the alphabet.
    private static func fingerprint(_ addresses: [String]) -> Int {
        var hasher = Hasher()
        for address in addresses { for byte in address.utf8 { hasher.combine(byte) } }
        hasher.combine(addresses.count)
        return hasher.finalize()
    }

    /// Two that have one fingerprint are alike (SipHash with a key of this process). The other way round it need not be so: what a directory
    /// does not say and we know makes another one. Of who is not active only that is of interest, and whether the account is disabled.
    private static func fingerprint(
        isActive: Bool, isDisabled: Bool, email: String?, firstName: String?, lastName: String?, department: String?, title: String?,
        mfaEnabled: Bool?,
        passwordChangedAt: Date?, sessionsValidFrom: Date?
    ) -> Int {
        var hasher = Hasher()
        // By bytes, as the database compares: Hasher takes for one what is only seen alike.
        func combine(_ text: String?) {
            hasher.combine(text?.utf8.count)
            guard var text else { return }
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        }
        hasher.combine(isActive)
        guard isActive else {
            hasher.combine(isDisabled)
            return hasher.finalize()
        }
        combine(email)
        combine(firstName ?? "")
        combine(lastName ?? "")
        combine(department)
        combine(title)
        hasher.combine(mfaEnabled)
        hasher.combine(milliseconds(passwordChangedAt))
        hasher.combine(milliseconds(sessionsValidFrom))
        return hasher.finalize()
    }

    /// As the database keeps times: what is below a millisecond is dropped, and what a Double makes of a fraction is not.
    private static func milliseconds(_ date: Date?) -> Double? {
        date.map { (($0.timeIntervalSince1970 * 1_000_000).rounded() / 1000).rounded(.down) }
    }
}
