import Postgres

/// Who may say of somebody on the staff list whether they are there: [decision 10](docs/decisions/0010-a-person-has-one-directory.md), for
/// lists, for directories that are asked and for those that push.
///
/// A directory has custody of whom it brought, while they are active in it. Whom none has in its custody (whom a list, the API or a hand put
/// there, and who has left) is taken over by the next directory that has them as active; whom no directory has brought yet also by one that
/// pushes them as disabled.
enum Custody {
    /// Whether a directory has a person in its custody, in SQL.
    /// - Parameter person: what the person's row is called in the statement.
    static func isHeld(_ person: SQL) -> SQL { "(\(person).source_connection_id IS NOT NULL AND \(person).deactivated_at IS NULL)" }
}

extension Employee {
    /// The directory that has them in its custody, by the id of its connection.
    var custodian: String? { deactivatedAt == nil ? sourceConnectionId : nil }

    /// Whether a directory may speak for them.
    /// - Parameter isActive: whether they are active in it. Whom another directory brought and has let go is only somebody's who has them.
    func mayBeTaken(by connection: DirectoryConnectionID, isActive: Bool) -> Bool {
        guard let sourceConnectionId, sourceConnectionId != connection.rawValue else { return true }
        return custodian == nil && isActive
    }
}
