import Cryptography
import Foundation
import JSON

/// A connection to a directory as the audit trail has it: where it leads and as whom, and of its secrets only that one was given.
struct DirectoryAudit: Encodable, Sendable, Hashable {
    /// What changed, as it was and as it is.
    struct Pair: Sendable, Hashable {
        var before: DirectoryAudit
        var after: DirectoryAudit
    }

    private(set) var members: [String: JSONValue]

    /// - Parameter fields: those of its configuration that the event is about.
    init(_ connection: DirectoryConnection, _ fields: DirectoryAudit? = nil) {
        members = fields?.members ?? [:]
        members["type"] = .string(connection.type.rawValue)
        members["name"] = .string(connection.name)
        members["autoSyncIntervalMinutes"] = connection.autoSyncIntervalMinutes.map { .integer($0) } ?? .null
    }

    /// All fields of a configuration.
    init(_ kind: DirectoryKind, _ configuration: DirectoryConfiguration) {
        members = Self.fields(kind, configuration, secrets: "given")
        members["type"] = .string(kind.type.rawValue)
    }

    private init(members: [String: JSONValue]) { self.members = members }

    /// The fields that two configurations have not in common.
    static func difference(_ kind: DirectoryKind, _ former: DirectoryConfiguration, _ new: DirectoryConfiguration) -> Pair {
        let changed = kind.fields.filter { former.values[$0.name] != new.values[$0.name] }.map(\.name)
        func state(_ configuration: DirectoryConfiguration, secrets: String) -> DirectoryAudit {
            let fields = fields(kind, configuration, secrets: secrets)
            return DirectoryAudit(members: Dictionary(uniqueKeysWithValues: changed.map { (Self.key($0), fields[Self.key($0)] ?? .null) }))
        }
        return Pair(before: state(former, secrets: "the former one"), after: state(new, secrets: "another one"))
    }

    /// - Parameter secrets: what stands for a secret that there is.
    private static func fields(_ kind: DirectoryKind, _ configuration: DirectoryConfiguration, secrets: String) -> [String: JSONValue] {
        var fields: [String: JSONValue] = [:]
        for field in kind.fields {
            guard let value = configuration.values[field.name] else { continue }
            fields[key(field.name)] = .string(field.isSecret ? secrets : field.isLong ? digest(value) : value)
        }
        return fields
    }

    /// Apart from the connection's own, of which a field may have the name.
    private static func key(_ name: String) -> String { "config.\(name)" }

    /// A certificate of twenty lines tells nobody more than its digest.
    private static func digest(_ text: String) -> String { "SHA-256 " + Hex.text(Digest.sha256(of: text.utf8).prefix(8)) }

    func encode(to encoder: any Encoder) throws { try JSONValue.object(members).encode(to: encoder) }
}
