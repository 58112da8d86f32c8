import Postgres
import Scalars

/// Gives people whom a directory knows under another address now that address: in chains, where two have swapped theirs, and where
/// somebody who has left had it. Where somebody has it who stays, the former address is kept.
struct AddressMoves {
    let db: TenantTransaction
    let connection: DirectoryConnectionID

    /// - Returns: who was moved.
    func perform() async throws -> [SyncSamples.Person] {
        let wanted = try await db.query(
            """
            SELECT e.id, p.email FROM sync_listed p
            JOIN employees e ON e.company_id = \(db.company) AND e.source_connection_id = \(connection) AND e.external_id = p.external_id
            WHERE p.has_claim AND p.is_active AND p.email <> e.email
            """, as: Wish.self)
        if wanted.isEmpty { return [] }
        let holders = try await holders(of: wanted)
        let moves = Self.possible(wanted, holders)
        // Whoever has left gives the address up for one that nobody has, in which it can still be read.
        let targets = Set(moves.values)
        let inTheWay = holders.values.filter { targets.contains($0.email) }
        try await write(inTheWay.filter { $0.isLeaving && moves[$0.id] == nil }.map { ($0.id, Self.formerAddress($0)) })
        // Who moves and has what another gets, by way of an address that nobody has: so the order does not matter.
        try await write(inTheWay.filter { moves[$0.id] != nil }.map { ($0.id, "moving.\($0.id)@datashield.invalid") })
        try await write(moves.map { ($0, $1) })
        return moves.map { SyncSamples.Person(id: $0, email: $1, fields: ["email"]) }.sorted { $0.id < $1.id }
    }

    struct Wish: RowDecodable {
        let id: EmployeeID
        let email: String

        init(id: EmployeeID, email: String) {
            self.id = id
            self.email = email
        }

        init(from row: inout Row) throws {
            id = try row.next()
            email = try row.next()
        }
    }

    /// Who has an address now.
    struct Holder: RowDecodable {
        let id: EmployeeID
        let email: String
        /// Deactivated, or about to be.
        let isLeaving: Bool

        init(id: EmployeeID, email: String, isLeaving: Bool = false) {
            self.id = id
            self.email = email
            self.isLeaving = isLeaving
        }

        init(from row: inout Row) throws {
            id = try row.next()
            email = try row.next()
            isLeaving = try row.next()
        }
    }

    /// Locks all whom it is about, in the order in which everybody locks employees.
    private func holders(of wanted: [Wish]) async throws -> [String: Holder] {
        try await db.query(
            """
            SELECT e.id, e.email, e.deactivated_at IS NOT NULL
                OR e.source_connection_id = \(connection) AND e.external_id IN (SELECT external_id FROM sync_gone)
            FROM employees e
            WHERE e.company_id = \(db.company) AND (e.id = ANY(\(wanted.map(\.id.rawValue))) OR e.email = ANY(\(wanted.map(\.email))))
            ORDER BY e.id FOR NO KEY UPDATE
            """, as: Holder.self
        ).reduce(into: [:]) { $0[$1.email] = $1 }
    }

    /// Which of the moves can be made: whoever has the address moves as well, has left, or is nobody.
    /// - Parameter wanted: nobody wants what another wants.
    static func possible(_ wanted: [Wish], _ holders: [String: Holder]) -> [EmployeeID: String] {
        let wishes = wanted.reduce(into: [EmployeeID: String]()) { $0[$1.id] = $1.email }
        var isPossible: [EmployeeID: Bool] = [:]
        for start in wanted {
            var path: [EmployeeID] = []
            var onPath = Set<EmployeeID>()
            var mover = start.id
            var answer: Bool?
            while answer == nil {
                if let known = isPossible[mover] {
                    answer = known
                } else if onPath.contains(mover) {
                    // Round in a circle: all of it moves by one.
                    answer = true
                } else {
                    path.append(mover)
                    onPath.insert(mover)
                    guard let email = wishes[mover], let holder = holders[email], !(holder.isLeaving && wishes[holder.id] == nil) else {
                        answer = true
                        break
                    }
                    if wishes[holder.id] == nil { answer = false } else { mover = holder.id }
                }
            }
            for id in path { isPossible[id] = answer }
        }
        return wishes.filter { isPossible[$0.key] == true }
    }

    private static func formerAddress(_ holder: Holder) -> String {
        let parts = holder.email.parts(between: "@", limit: 1)
        let address = "left.\(holder.id).\(parts.first?.beginning(30) ?? "")@\(parts.last ?? "")"
        return address.hasAtMost(254) ? address : "left.\(holder.id)@datashield.invalid"
    }

    private func write(_ addresses: [(EmployeeID, String)]) async throws {
        if addresses.isEmpty { return }
        try await db.execute(
            """
            UPDATE employees e SET email = m.email
            FROM unnest(\(addresses.map(\.0.rawValue))::text[], \(addresses.map(\.1))::text[]) AS m (id, email)
            WHERE e.company_id = \(db.company) AND e.id = m.id
            """)
    }
}
