import Foundation
import JSON
import SCIM

/// A directory that has shown its token: whose it is, and where it called us.
package struct SCIMAccess: Sendable, Hashable {
    package var connection: DirectoryConnectionID
    package var connectionName: String
    package var company: CompanyID
    /// The address of the service as the caller knows it, without a slash at its end: what locations begin with.
    package var base: String
    /// Where the request came from, for the audit trail.
    package var address: String?

    /// Who acts, for the audit trail: the connection. It may nothing but what it does here, so that its role is the lesser one.
    package var subject: Subject {
        Subject(actor: .directory(connection, name: connectionName), company: company, role: .viewer, address: address)
    }
}

/// The kinds of resources as they are stored.
enum SCIMKind: String, Sendable, CaseIterable {
    case user = "USER"
    case group = "GROUP"

    var type: SCIMResourceType {
        switch self {
        case .user: .user
        case .group: .group
        }
    }
}

/// Our JSON and the values of SCIM.
enum SCIMJSON {
    /// - Throws: `invalidSyntax` when the bytes are no JSON.
    static func parse(_ bytes: [UInt8]) throws -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw SCIMError.invalidSyntax("The body is not UTF-8.") }
        do { return value(try JSONParser.parse(bytes)) } catch let failure as JSONParser.Failure {
            throw SCIMError.invalidSyntax("The body is not JSON. \(failure.description)")
        }
    }

    /// What we wrote ourselves, or the database did.
    static func stored(_ text: String) throws -> JSONValue { value(try JSONParser.parse(Array(text.utf8))) }

    static func text(_ value: JSONValue) throws -> String { String(decoding: try JSONWriter.bytes(value), as: UTF8.self) }

    private static func value(_ value: JSONValue) -> JSONValue {
        switch value {
        case .null: .null
        case .bool(let flag): .bool(flag)
        case .integer(let number): .integer(number)
        case .number(let number): .number(number)
        case .string(let text): .string(text)
        case .array(let items): .array(items.map { Self.value($0) })
        case .object(let members): .object(members.mapValues { Self.value($0) })
        }
    }
}
