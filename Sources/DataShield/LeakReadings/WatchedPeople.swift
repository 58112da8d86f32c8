import Foundation
import LeakFiles
import Postgres

/// The people that leak files are searched for: the active ones of one company or of all.
struct WatchedPeople: Sendable {
    /// A company whose people are looked for.
    struct Watched: Sendable {
        var id: CompanyID
        /// Its own, lower-cased.
        var domain: String
        var fingerprints: SecretFingerprints
    }

    /// Somebody of a company.
    struct Person: Sendable, Hashable {
        /// The company's place in ``companies``.
        var company: Int
        var employee: EmployeeID
    }

    let companies: [Watched]
    let list: WatchList
    /// By the number of the address in the list: one address may be staff of several companies.
    private let people: [[Person]]

    /// - Parameter people: each with an address, lower-cased.
    init(companies: [Watched], people found: [(address: String, person: Person)]) {
        var addresses: [String] = []
        var numbers: [String: Int] = [:]
        var people: [[Person]] = []
        for (address, person) in found {
            // As the watch list counts them: one address may be written in several ways.
            let name = AddressSpelling.canonical(address)
            if let number = numbers[name] {
                // Two spellings of one person's address are one.
                if !people[number].contains(person) { people[number].append(person) }
                continue
            }
            numbers[name] = addresses.count
            addresses.append(address)
            people.append([person])
        }
        self.companies = companies
        self.people = people
        list = WatchList(addresses)
    }

    /// Whose an address is.
    func people(_ address: Int) -> [Person] { people[address] }

    var count: Int { people.count }
}

extension Ingests {
    private struct Address: RowDecodable {
        var employee: EmployeeID
        var text: String

        init(from row: inout Row) throws {
            employee = try row.next()
            text = try row.next()
        }
    }

    /// The people of companies as they are now. Who joins while files are read is looked for the next time.
    func watchedPeople(of companies: [CompanyID]) async throws -> WatchedPeople {
        var watched: [WatchedPeople.Watched] = []
        var people: [(String, WatchedPeople.Person)] = []
        for id in companies {
            let domain = try await database.query(for: id, "SELECT domain FROM companies WHERE id = \(id)", as: String.self).first
            guard let domain else { continue }
            let number = watched.count
            watched.append(.init(id: id, domain: domain, fingerprints: try await keys.fingerprints(of: id)))
            var after = ""
            while true {
                let page = try await database.query(
                    for: id,
                    """
                    SELECT id, email FROM employees WHERE company_id = \(id) AND deactivated_at IS NULL AND id > \(after)
                    ORDER BY id LIMIT 10000
                    """, as: Address.self)
                for row in page { people.append((row.text.lowercased(), .init(company: number, employee: row.employee))) }
                guard let last = page.last else { break }
                after = last.employee.rawValue
            }
            for row in try await furtherAddresses(of: id) { people.append((row.text.lowercased(), .init(company: number, employee: row.employee))) }
        }
        return WatchedPeople(companies: watched, people: people)
    }

    /// What people are reached by besides the address under which they stand on the list.
    private func furtherAddresses(of company: CompanyID) async throws -> [Address] {
        var found: [Address] = []
        while true {
            let last = found.last?.text ?? ""
            let page = try await database.query(
                for: company,
                """
                SELECT a.employee_id, a.address FROM employee_addresses a
                JOIN employees e ON e.company_id = a.company_id AND e.id = a.employee_id AND e.deactivated_at IS NULL
                WHERE a.company_id = \(company) AND a.address > \(last) ORDER BY a.address LIMIT 10000
                """, as: Address.self)
            if page.isEmpty { return found }
            found += page
        }
    }
}
