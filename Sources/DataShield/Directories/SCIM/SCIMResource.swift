import Foundation
import JSON
import Postgres
import SCIM

/// A user or group as a directory pushed it.
package struct SCIMResource: Sendable, Hashable {
    package var id: SCIMResourceID
    var kind: SCIMKind
    /// Members of a group are in it only where they were asked for.
    var attributes: SCIMAttributes
    var version: Int
    var createdAt: Date
    var updatedAt: Date
    /// Who on the staff list it is.
    package var employee: EmployeeID?
    /// Why the person is not on the staff list, or not as the directory has them.
    package var problem: String?

    func meta(_ access: SCIMAccess) -> SCIMMeta {
        SCIMMeta(
            id: id.rawValue, created: Timestamp.text(createdAt), lastModified: Timestamp.text(updatedAt), version: version, base: access.base)
    }

    /// As a client sees it.
    func value(_ access: SCIMAccess) -> JSONValue { attributes.resource(of: kind.type, meta(access)) }

    /// What has to be unique, folded: userName, displayName.
    var name: String { SCIMText.folded(attributes[kind == .user ? "userName" : "displayName"]?.text ?? "") }

    static let columns: SQL = "r.id, r.kind, r.body::text, r.version, r.created_at, r.updated_at, r.employee_id, r.problem"
}

extension SCIMResource: RowDecodable {
    package init(from row: inout Row) throws {
        id = try row.next()
        let word: String = try row.next()
        // The database allows no other.
        kind = SCIMKind(rawValue: word) ?? .user
        attributes = SCIMAttributes(try SCIMJSON.stored(try row.next()).members ?? [:])
        version = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
        employee = try row.next()
        problem = try row.next()
    }
}

/// A person whom a directory pushed as active and who is not on the staff list, or not as the directory has them.
package struct SCIMSkippedPerson: Sendable, Hashable, RowDecodable {
    package var id: SCIMResourceID
    package var userName: String
    /// The address that would be watched.
    package var address: String?
    package var problem: String
    package var since: Date

    package init(from row: inout Row) throws {
        id = try row.next()
        let attributes = SCIMAttributes(try SCIMJSON.stored(try row.next()).members ?? [:])
        userName = attributes["userName"]?.text ?? ""
        address = SCIMPerson(attributes).person.email?.text
        problem = try row.next()
        since = try row.next()
    }
}
