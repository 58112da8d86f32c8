import JSON
import Scalars

/// What a resource says: its attributes under the names of the schema, extensions under their URNs, nothing unassigned. Without `id`,
/// `meta` and `schemas`, which are ours.
package struct SCIMAttributes: Sendable, Hashable {
    package var members: [String: JSONValue]

    package init(_ members: [String: JSONValue] = [:]) { self.members = members }

    package subscript(_ name: String) -> JSONValue? { members[name] }

    /// The value at the end of a way of member names.
    package func value(_ steps: String...) -> JSONValue? {
        steps.reduce(JSONValue.object(members) as JSONValue?) { value, step in value?[step] }
    }

    /// The URNs of what is in it.
    package func schemas(of type: SCIMResourceType) -> [String] {
        [type.schema.urn] + type.extensions.map(\.urn).filter { members[$0] != nil }
    }

    /// The resource as a client sees it.
    package func resource(of type: SCIMResourceType, _ meta: SCIMMeta) -> JSONValue {
        var members = members
        members["id"] = .string(meta.id)
        members["schemas"] = .array(schemas(of: type).map { .string($0) })
        members["meta"] = meta.value(of: type)
        return .object(members)
    }

    /// What filters and sorting look at in a database: the same, with texts folded where their case makes no difference.
    package func searchForm(of type: SCIMResourceType) -> JSONValue {
        var form: [String: JSONValue] = [:]
        for (name, value) in members {
            if let found = type.extensionSchema(name) {
                var inner: [String: JSONValue] = [:]
                for (name, value) in value.members ?? [:] { inner[name] = found.attribute(name).map { Self.folded(value, $0) } }
                form[name] = .object(inner)
            } else if let attribute = type.core(name) {
                form[name] = Self.folded(value, attribute)
            }
        }
        form["schemas"] = .array(schemas(of: type).map { .string(SCIMText.folded($0)) })
        return .object(form)
    }

    /// An element of a list as filters see it.
    package static func searchForm(ofElement element: JSONValue, of attribute: SCIMAttribute) -> JSONValue { folded(element, attribute) }

    private static func folded(_ value: JSONValue, _ attribute: SCIMAttribute) -> JSONValue {
        switch value {
        case .string(let text): return attribute.isCaseExact ? value : .string(SCIMText.folded(text))
        case .array(let items): return .array(items.map { folded($0, attribute) })
        case .object(let members):
            var folded: [String: JSONValue] = [:]
            for (name, value) in members { folded[name] = attribute.sub(name).map { self.folded(value, $0) } ?? value }
            return .object(folded)
        case .null, .bool, .integer, .number: return value
        }
    }
}

/// What we know of a resource ourselves.
package struct SCIMMeta: Sendable, Hashable {
    package var id: String
    /// RFC 3339.
    package var created: String
    package var lastModified: String
    package var version: Int
    /// The address of the service, without a slash at its end.
    package var base: String

    package init(id: String, created: String, lastModified: String, version: Int, base: String) {
        self.id = id
        self.created = created
        self.lastModified = lastModified
        self.version = version
        self.base = base
    }

    package func location(of type: SCIMResourceType) -> String { "\(base)\(type.endpoint)/\(id)" }
    package var entityTag: String { SCIMEntityTag.text(version) }

    func value(of type: SCIMResourceType) -> JSONValue {
        [
            "resourceType": .string(type.name), "created": .string(created), "lastModified": .string(lastModified),
            "location": .string(location(of: type)), "version": .string(entityTag),
        ]
    }
}

/// Entity tags, RFC 7644 §3.14: weak, and made of the version's number.
package enum SCIMEntityTag {
    package static func text(_ version: Int) -> String { "W/\"\(version)\"" }

    /// Whether a header `If-Match` or `If-None-Match` names a version.
    package static func header(_ header: String, names version: Int) -> Bool {
        header.parts(between: ",").contains { part in
            let text = part.parts { $0 == " " || $0 == "\t" }.joined(separator: " ")
            // Strong or weak, the tag is the same version; some clients lose the `W/`, or the quotes.
            return text == "*" || text == Self.text(version) || text == "\"\(version)\"" || text == String(version)
        }
    }
}
