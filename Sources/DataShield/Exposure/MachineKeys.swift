import Foundation
import LeakFiles
import Postgres

/// By what a company knows a machine again. A keyed digest: it tells nothing, and another company has another one.
package struct MachineMark: Sendable, Hashable {
    package enum Kind: String, Sendable {
        /// The malware's own id of it.
        case id
        /// The names of computer and user.
        case names
        /// What was taken from it.
        case content
    }

    package var kind: Kind
    package var mark: [UInt8]
}

/// A machine, as a company knows it.
struct KnownMachine: Sendable, Hashable {
    /// Tells it from others.
    var key: String
    /// By what this log knows it.
    var marks: [MachineMark]
}

/// Finds out which machine a log is of: one that is known already, by whatever mark, or a new one.
struct MachineKeys {
    let db: TenantTransaction
    let fingerprints: SecretFingerprints

    private struct Found: RowDecodable {
        /// The mark in hexadecimal digits, or the key itself.
        var mark: String
        var key: String
        var hasId: Bool

        init(from row: inout Row) throws {
            mark = try row.next()
            key = try row.next()
            hasId = try row.next()
        }
    }

    /// The machines of logs, in their order. Until the transaction ends no other one of the company finds out about machines.
    func machines(_ identities: [MachineIdentity]) async throws -> [KnownMachine] {
        guard !identities.isEmpty else { return [] }
        // Of two readings with logs of one machine the second has to see the first's: it waits here until that is committed.
        let lock = "machines \(db.company.rawValue)"
        try await db.execute("SELECT pg_advisory_xact_lock(hashtextextended(\(lock), 0))")
        let all = identities.map { marks(of: $0) }
        var known = try await stored(all.flatMap { $0 }, identities.flatMap(\.former.ids))
        return zip(identities, all).map { identity, marks in
            let former = identity.former.ids
            let hasId = marks.contains { $0.kind == .id }
            let key = Self.key(marks, former, in: known)
            let found = Known(key: key, hasId: hasId || known.values.contains { $0.key == key && $0.hasId })
            // What follows in the same file may be of the same machine.
            for mark in marks where known[Self.text(mark.mark)] == nil { known[Self.text(mark.mark)] = found }
            for (mark, machine) in known where machine.key == key { known[mark]?.hasId = found.hasId }
            // What an earlier version called one machine is one: the next log of that name is another's.
            for name in former { known[name] = nil }
            return KnownMachine(key: key, marks: marks)
        }
    }

    private struct Known {
        var key: String
        /// Whether the malware's own id of it is known, so that a log with another id is of another machine.
        var hasId: Bool
    }

    private static func key(_ marks: [MachineMark], _ former: [String], in known: [String: Known]) -> String {
        if let mark = marks.first(where: { $0.kind == .id }), let machine = known[text(mark.mark)] { return machine.key }
        if let machine = former.compactMap({ known[$0] }).first { return machine.key }
        for kind in [MachineMark.Kind.content, .names] {
            guard let mark = marks.first(where: { $0.kind == kind }), let machine = known[text(mark.mark)] else { continue }
            if !machine.hasId || !marks.contains(where: { $0.kind == .id }) { return machine.key }
        }
        // The first is the best that there is.
        return marks.first.map { text($0.mark) } ?? former.first ?? ""
    }

    private func stored(_ marks: [MachineMark], _ former: [String]) async throws -> [String: Known] {
        let rows = try await db.query(
            """
            SELECT encode(k.mark, 'hex'), m.machine_key, EXISTS (
                SELECT FROM machine_marks i WHERE i.company_id = m.company_id AND i.machine_id = m.id AND i.kind = 'id')
            FROM machine_marks k JOIN infected_machines m ON m.company_id = k.company_id AND m.id = k.machine_id
            WHERE k.company_id = \(db.company) AND k.mark = ANY(\(marks.map(\.mark))::bytea[])
            UNION ALL
            SELECT m.machine_key, m.machine_key, false FROM infected_machines m
            WHERE m.company_id = \(db.company) AND m.machine_key = ANY(\(former)::text[])
                AND NOT EXISTS (SELECT FROM machine_marks i WHERE i.company_id = m.company_id AND i.machine_id = m.id)
            """, as: Found.self)
        return Dictionary(rows.map { ($0.mark, Known(key: $0.key, hasId: $0.hasId)) }) { first, _ in first }
    }

    /// Best first.
    private func marks(of identity: MachineIdentity) -> [MachineMark] {
        var marks: [MachineMark] = []
        func add(_ kind: MachineMark.Kind, _ parts: [[UInt8]]) {
            marks.append(MachineMark(kind: kind, mark: fingerprints.mark(of: kind.rawValue, parts)))
        }
        if let id = identity.machineId, Self.tells(id) { add(.id, [Array(id.uppercased().utf8)]) }
        if let computer = identity.computer, !Self.commonNames.contains(computer.lowercased()) {
            add(.names, [Array(computer.lowercased().utf8), Array((identity.user ?? "").lowercased().utf8)])
        }
        if let content = identity.content { add(.content, [content]) }
        if marks.isEmpty { add(.content, [Array(identity.folder.utf8)]) }
        return marks
    }

    /// Names that tell nobody from anybody.
    private static let commonNames: Set<String> = [
        "pc", "my-pc", "mypc", "user-pc", "userpc", "user", "admin", "admin-pc", "administrator", "desktop", "laptop", "home", "home-pc", "homepc",
        "computer", "windows", "owner-pc", "owner", "win10", "win11", "localhost", "workgroup",
    ]

    /// Whether an id is one machine's: boards whose maker filled none in have it in common.
    private static func tells(_ id: String) -> Bool {
        let signs = Set(id.uppercased().unicodeScalars.filter { $0.properties.isAlphabetic || ("0"..."9").contains($0) })
        return signs.count > 1 && !commonIds.contains(id.uppercased())
    }

    private static let commonIds: Set<String> = [
        "03000200-0400-0500-0006-000700080009", "DEFAULT STRING", "TO BE FILLED BY O.E.M.", "NOT APPLICABLE", "SYSTEM SERIAL NUMBER",
    ]

    static func text(_ mark: [UInt8]) -> String { mark.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
}
