import JSON

/// What an attribute is, RFC 7643 §2.2 and §7.
package struct SCIMAttribute: Sendable, Hashable {
    package enum Kind: String, Sendable {
        case string, boolean, dateTime, reference, complex
    }
    package enum Mutability: String, Sendable {
        case readOnly, readWrite, immutable, writeOnly
    }
    package enum Returned: String, Sendable {
        case always, never, standard = "default", request
    }
    package enum Uniqueness: String, Sendable {
        case none, server, global
    }

    package var name: String
    package var kind: Kind
    package var about: String
    package var isMultiValued = false
    package var isRequired = false
    package var isCaseExact = false
    package var mutability = Mutability.readWrite
    package var returned = Returned.standard
    package var uniqueness = Uniqueness.none
    package var canonicalValues: [String] = []
    package var referenceTypes: [String] = []
    package var subAttributes: [SCIMAttribute] = []
    /// Whether the Schemas endpoint shows it. What is not shown is taken when it can be used, and passed over when it cannot.
    package var isPublished = true

    package init(_ name: String, _ kind: Kind, _ about: String) {
        self.name = name
        self.kind = kind
        self.about = about
    }

    /// A copy with something else about it.
    func with(_ change: (inout SCIMAttribute) -> Void) -> SCIMAttribute {
        var copy = self
        change(&copy)
        return copy
    }

    func sub(_ name: some StringProtocol) -> SCIMAttribute? { subAttributes.first { SCIMText.isSame($0.name, name) } }

    /// RFC 7643 §7: every characteristic is there, and none is null.
    var body: JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(name), "type": .string(kind.rawValue), "multiValued": .bool(isMultiValued), "description": .string(about),
            "required": .bool(isRequired), "mutability": .string(mutability.rawValue), "returned": .string(returned.rawValue),
        ]
        if kind == .complex {
            members["subAttributes"] = .array(subAttributes.filter(\.isPublished).map(\.body))
        } else {
            members["caseExact"] = .bool(isCaseExact)
            members["uniqueness"] = .string(uniqueness.rawValue)
        }
        if !canonicalValues.isEmpty { members["canonicalValues"] = .array(canonicalValues.map { .string($0) }) }
        if !referenceTypes.isEmpty { members["referenceTypes"] = .array(referenceTypes.map { .string($0) }) }
        return .object(members)
    }
}

/// A schema: a URN and the attributes under it.
package struct SCIMSchema: Sendable, Hashable {
    package var urn: String
    package var name: String
    package var about: String
    package var attributes: [SCIMAttribute]
    /// What the schema was called in SCIM 1.1 and in the drafts of 2.0, which clients still write.
    var formerURNs: [String] = []

    func attribute(_ name: some StringProtocol) -> SCIMAttribute? { attributes.first { SCIMText.isSame($0.name, name) } }

    /// The schema as the Schemas endpoint shows it.
    /// - Parameter base: the address of the service, without a slash at its end.
    package func body(base: String) -> JSONValue {
        [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"], "id": .string(urn), "name": .string(name), "description": .string(about),
            "attributes": .array(attributes.filter(\.isPublished).map(\.body)),
            "meta": ["resourceType": "Schema", "location": .string("\(base)/Schemas/\(urn)")],
        ]
    }
}

/// A kind of resource: its endpoint, its schema, and the extensions of that.
package struct SCIMResourceType: Sendable, Hashable {
    /// `User`
    package var name: String
    /// `/Users`
    package var endpoint: String
    package var about: String
    package var schema: SCIMSchema
    package var extensions: [SCIMSchema]
    /// What RFC 7643 knows of such a resource and we do not keep: taken without complaint, since directories send it unasked.
    var passedOver: Set<String>

    /// The attributes that every resource has, RFC 7643 §3.1. `schemas` is made of what the resource has.
    static let common: [SCIMAttribute] = [
        SCIMAttribute("schemas", .reference, "The schemas of what is in the resource.").with {
            $0.isMultiValued = true
            $0.mutability = .readOnly
            $0.returned = .always
        },
        SCIMAttribute("id", .string, "Our id of the resource.").with {
            $0.isCaseExact = true
            $0.mutability = .readOnly
            $0.returned = .always
            $0.uniqueness = .server
        },
        // The client's own, RFC 7643 §3.1: two resources may have the same, as when Okta assigns somebody again under another name.
        SCIMAttribute("externalId", .string, "The client's id of the resource.").with { $0.isCaseExact = true },
        SCIMAttribute("meta", .complex, "When the resource was made and changed, and where it is.").with {
            $0.mutability = .readOnly
            $0.subAttributes = [
                SCIMAttribute("resourceType", .string, "What it is.").with { $0.isCaseExact = true },
                SCIMAttribute("created", .dateTime, "When it was made."),
                SCIMAttribute("lastModified", .dateTime, "When it was changed last."),
                SCIMAttribute("location", .reference, "Its address.").with { $0.isCaseExact = true },
                SCIMAttribute("version", .string, "Its entity tag.").with { $0.isCaseExact = true },
            ]
        },
    ]

    /// An attribute of the core schema, or one that every resource has.
    func core(_ name: some StringProtocol) -> SCIMAttribute? {
        schema.attribute(name) ?? Self.common.first { SCIMText.isSame($0.name, name) }
    }

    func extensionSchema(_ urn: some StringProtocol) -> SCIMSchema? {
        extensions.first { found in SCIMText.isSame(found.urn, urn) || found.formerURNs.contains { SCIMText.isSame($0, urn) } }
    }

    /// Whether a URN is this kind's schema, by the name that it has or had.
    func isCore(_ urn: String) -> Bool { SCIMText.isSame(urn, schema.urn) || schema.formerURNs.contains { SCIMText.isSame($0, urn) } }

    func isPassedOver(_ name: some StringProtocol) -> Bool { passedOver.contains(SCIMText.folded(String(name))) }

    /// The kind of resource as the ResourceTypes endpoint shows it.
    package func body(base: String) -> JSONValue {
        var members: [String: JSONValue] = [
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"], "id": .string(name), "name": .string(name),
            "endpoint": .string(endpoint), "description": .string(about), "schema": .string(schema.urn),
            "meta": ["resourceType": "ResourceType", "location": .string("\(base)/ResourceTypes/\(name)")],
        ]
        if !extensions.isEmpty {
            members["schemaExtensions"] = .array(extensions.map { ["schema": .string($0.urn), "required": false] })
        }
        return .object(members)
    }
}
