import JSON

/// Why a request is refused, as RFC 7644 §3.12 says it.
package struct SCIMError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The detail keywords of RFC 7644, table 9.
    package enum Kind: String, Sendable, CaseIterable {
        case invalidFilter, tooMany, uniqueness, mutability, invalidSyntax, invalidPath, noTarget, invalidValue, invalidVers, sensitive
    }

    /// The status of the answer.
    package var code: Int
    /// nil where RFC 7644 has no keyword for it.
    package var kind: Kind?
    /// Plain words for whoever looks after the client: names what is wrong and what would be right, and repeats no value of a person.
    package var detail: String

    package var description: String { detail }

    package init(code: Int, _ kind: Kind? = nil, _ detail: String) {
        self.code = code
        self.kind = kind
        self.detail = detail
    }

    package static func invalidFilter(_ detail: String) -> SCIMError { .init(code: 400, .invalidFilter, detail) }
    package static func uniqueness(_ detail: String) -> SCIMError { .init(code: 409, .uniqueness, detail) }
    package static func mutability(_ detail: String) -> SCIMError { .init(code: 400, .mutability, detail) }
    package static func invalidSyntax(_ detail: String) -> SCIMError { .init(code: 400, .invalidSyntax, detail) }
    package static func invalidPath(_ detail: String) -> SCIMError { .init(code: 400, .invalidPath, detail) }
    package static func noTarget(_ detail: String) -> SCIMError { .init(code: 400, .noTarget, detail) }
    package static func invalidValue(_ detail: String) -> SCIMError { .init(code: 400, .invalidValue, detail) }
    package static func notFound(_ detail: String) -> SCIMError { .init(code: 404, nil, detail) }
    /// RFC 7644 §3.14: what the client knows is no longer so.
    package static func versionMismatch() -> SCIMError {
        .init(code: 412, nil, "The resource was changed in the meantime: its version is not the one in If-Match.")
    }

    /// The same, with the number of the operation that is wrong, from 1. Of one alone it says nothing.
    func numbered(_ place: Int, of count: Int) -> SCIMError {
        count > 1 ? SCIMError(code: code, kind, "Operation \(place + 1): \(detail)") : self
    }

    /// The body of the answer. `status` is a text there.
    package var body: JSONValue {
        var members: [String: JSONValue] = [
            "schemas": [.string(SCIMMessage.error)], "status": .string(String(code)), "detail": .string(detail),
        ]
        if let kind { members["scimType"] = .string(kind.rawValue) }
        return .object(members)
    }
}

/// The URNs of messages, RFC 7644 §8.2.
package enum SCIMMessage {
    package static let listResponse = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
    package static let searchRequest = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
    package static let patch = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    package static let bulkRequest = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
    package static let bulkResponse = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
    package static let error = "urn:ietf:params:scim:api:messages:2.0:Error"

    /// Reads the envelope of a message: an object, with the message's URN when it names any. Some clients leave `schemas` out.
    static func members(of body: JSONValue, _ urn: String) throws(SCIMError) -> SCIMMembers {
        guard let members = body.members else { throw .invalidSyntax("The body has to be an object, and is \(body.kind).") }
        let found = try SCIMMembers(members)
        try checkSchemas(found["schemas"], has: urn)
        return found
    }

    /// Reads `schemas`, which says nothing that the request's address does not say. Clients write URNs of drafts, of SCIM 1.1 and of their
    /// own there, or none: they are taken. Only what is known to be something else is not.
    /// - Throws: `invalidSyntax` when it is no list of texts, or names another message or another kind of resource in place of this one.
    static func checkSchemas(_ schemas: JSONValue?, has urn: String) throws(SCIMError) {
        guard let schemas, schemas != .null else { return }
        var (isNamed, isOther) = (false, false)
        for item in schemas.items ?? [schemas] {
            guard let text = item.text else { throw .invalidSyntax("schemas has to be a list of texts.") }
            if SCIMText.isSame(text, urn) { isNamed = true }
            if others(than: urn).contains(where: { SCIMText.isSame(text, $0) }) { isOther = true }
        }
        guard isNamed || !isOther else { throw .invalidSyntax("schemas has to contain \(urn), and names something else.") }
    }

    /// What a body that should be of one URN must not be: a resource no message, a user no group.
    private static func others(than urn: String) -> [String] {
        let messages = [listResponse, searchRequest, patch, bulkRequest, bulkResponse, error]
        // Some clients name in a message what it is about.
        let resources = messages.contains(urn) ? [] : SCIMResourceType.all.map(\.schema.urn)
        return (messages + resources).filter { $0 != urn }
    }
}

/// The members of an object, found by their names whatever their case is.
package struct SCIMMembers: Sendable {
    private let members: [String: JSONValue]

    /// - Throws: `invalidSyntax` when two names differ in case only.
    package init(_ members: [String: JSONValue]) throws(SCIMError) {
        var found: [String: JSONValue] = [:]
        for (name, value) in members {
            guard found.updateValue(value, forKey: SCIMText.folded(name)) == nil else {
                throw .invalidSyntax("An object has two members whose names differ in case only.")
            }
        }
        self.members = found
    }

    package subscript(_ name: String) -> JSONValue? { members[SCIMText.folded(name)] }

    /// A whole number, also one that is written as a text.
    func integer(_ name: String) throws(SCIMError) -> Int? {
        switch self[name] {
        case nil, .null?: return nil
        case .integer(let value)?: return value
        case .string(let text)?:
            guard let value = Int(text) else { throw .invalidValue("\(name) has to be a whole number.") }
            return value
        case .bool?, .number?, .array?, .object?: throw .invalidValue("\(name) has to be a whole number.")
        }
    }

    func string(_ name: String) throws(SCIMError) -> String? {
        switch self[name] {
        case nil, .null?: return nil
        case .string(let text)?: return text
        case let value?: throw .invalidSyntax("\(name) has to be a text, and is \(value.kind).")
        }
    }
}
