import JSON

/// Reading what clients send into what the schema says, RFC 7643 §2 and 7644 §3.3, with what real directories write instead.
extension SCIMResourceType {
    /// How long a text may be: names and ids among them are looked up by an index, which takes no longer ones.
    static let maximumTextLength = 500
    /// How many elements a list may have, the members of a group aside.
    static let maximumElementCount = 50

    /// Reads the body of a POST or PUT.
    ///
    /// What is not in the schema is passed over, and so is what is ours alone to say (`id`, `meta`). A null, an empty list and an empty
    /// text are no value. `name.givenName` and `urn:…:User:department` are taken as names, too.
    /// - Parameter former: what a PUT replaces: where the body does not say `active`, it stays what it was.
    /// - Throws: `invalidSyntax` when it is no resource of this type, `invalidValue` naming the attribute that is wrong or missing.
    package func read(_ body: JSONValue, replacing former: SCIMAttributes? = nil) throws(SCIMError) -> SCIMAttributes {
        guard let object = body.members else { throw .invalidSyntax("The body has to be an object, and is \(body.kind).") }
        try SCIMMessage.checkSchemas(try SCIMMembers(object)["schemas"], has: schema.urn)
        var attributes = SCIMAttributes()
        // In the order of names: which of two that are wrong is told does not change.
        for (name, value) in object.sorted(by: { $0.key < $1.key }) where !value.isUnassigned {
            try set(name, value, in: &attributes)
        }
        if attributes["active"] == nil, let former = former?["active"] { attributes.members["active"] = former }
        try complete(&attributes)
        return attributes
    }

    private func set(_ name: String, _ value: JSONValue, in attributes: inout SCIMAttributes) throws(SCIMError) {
        if let found = extensionSchema(name) {
            guard let members = value.members else { throw .invalidValue("\(found.urn) has to be an object, and is \(value.kind).") }
            _ = try SCIMMembers(members)
            for (name, value) in members.sorted(by: { $0.key < $1.key }) where !value.isUnassigned {
                guard let attribute = found.attribute(name), let converted = try Self.converted(value, attribute) else { continue }
                attributes.insert(converted, at: SCIMTarget(extensionURN: found.urn, attribute: attribute))
            }
            return
        }
        // try?: an invalid name is passed over like any other that we do not know.
        guard let path = try? SCIMPath(name), case .attribute(let target) = resolve(path), target.attribute.mutability != .readOnly else { return }
        guard !(target.attribute.isMultiValued && target.sub != nil), let converted = try Self.converted(value, target.leaf, name: target.name)
        else { return }
        attributes.insert(converted, at: target)
    }

    /// Checks what a resource must have, and gives `active` its value where nobody did.
    func complete(_ attributes: inout SCIMAttributes) throws(SCIMError) {
        for attribute in schema.attributes {
            if attribute.isRequired, attributes[attribute.name] == nil {
                guard attribute.kind == .boolean else { throw .invalidValue("\(attribute.name) is needed.") }
                attributes.members[attribute.name] = true
            }
            guard attribute.isMultiValued, var items = attributes[attribute.name]?.items else { continue }
            if attribute.sub("value")?.mutability == .immutable {
                items = try Self.oncePerValue(items, attribute.name)
                attributes.members[attribute.name] = .array(items)
            }
            guard attribute.name == "members" || items.count <= Self.maximumElementCount else {
                throw .invalidValue("\(attribute.name) has at most \(Self.maximumElementCount) elements.")
            }
            guard items.count(where: { $0["primary"] == true }) <= 1 else {
                throw .invalidValue("Only one of \(attribute.name) can be primary.")
            }
        }
    }

    /// Elements that are known by their value: each has one, and what is said of it last holds.
    private static func oncePerValue(_ items: [JSONValue], _ name: String) throws(SCIMError) -> [JSONValue] {
        var places: [String: Int] = [:]
        var once: [JSONValue] = []
        for item in items {
            guard let value = item["value"]?.text else { throw .invalidValue("\(name).value is needed.") }
            if let place = places[value] {
                once[place] = item
            } else {
                places[value] = once.count
                once.append(item)
            }
        }
        return once
    }

    /// A value as its attribute has it: an element wrapped where a list is wanted, one alone unwrapped where none is.
    /// - Returns: nil when nothing is left of it, or when it is of no use and the attribute is not published.
    static func converted(_ value: JSONValue, _ attribute: SCIMAttribute, name: String? = nil) throws(SCIMError) -> JSONValue? {
        let name = name ?? attribute.name
        if attribute.isMultiValued {
            var items: [JSONValue] = []
            var known = Set<JSONValue>()
            for item in value.items ?? [value] where !item.isUnassigned {
                guard let element = try single(item, attribute, name), known.insert(element).inserted else { continue }
                items.append(element)
            }
            return items.isEmpty ? nil : .array(items)
        }
        guard let items = value.items else { return try single(value, attribute, name) }
        guard items.count == 1 else { throw .invalidValue("\(name) has one value, and a list of \(items.count) was sent.") }
        return try single(items[0], attribute, name)
    }

    private static func single(_ value: JSONValue, _ attribute: SCIMAttribute, _ name: String) throws(SCIMError) -> JSONValue? {
        do throws(SCIMError) {
            return try checked(value, attribute, name)
        } catch {
            guard attribute.isPublished else { return nil }
            throw error
        }
    }

    private static func checked(_ value: JSONValue, _ attribute: SCIMAttribute, _ name: String) throws(SCIMError) -> JSONValue? {
        if value.isUnassigned { return nil }
        switch (attribute.kind, value) {
        case (.string, .string(let text)), (.reference, .string(let text)):
            guard text.unicodeScalars.count <= maximumTextLength else { throw .invalidValue("\(name) has at most \(maximumTextLength) characters.") }
            guard !text.unicodeScalars.contains("\0") else { throw .invalidValue("\(name) has a character in it that cannot be stored (U+0000).") }
            return value
        // The number of an employee, as a number.
        case (.string, .integer(let number)): return .string(String(number))
        case (.boolean, .bool): return value
        // Entra writes "True" and "False" unless it is told not to.
        case (.boolean, .string(let text)) where SCIMText.isSame(text, "true"): return true
        case (.boolean, .string(let text)) where SCIMText.isSame(text, "false"): return false
        case (.dateTime, .string(let text)) where SCIMText.time(text) != nil: return value
        case (.complex, .object(let object)):
            var members: [String: JSONValue] = [:]
            for (key, value) in object.sorted(by: { $0.key < $1.key }) where !value.isUnassigned {
                guard let sub = attribute.sub(key) else { continue }
                guard members[sub.name] == nil else {
                    throw .invalidSyntax("\(name) has two members whose names differ in case only, as \(sub.name).")
                }
                if let converted = try converted(value, sub, name: "\(name).\(sub.name)") { members[sub.name] = converted }
            }
            return members.isEmpty ? nil : .object(members)
        // The other way round: Entra has sent `[{"$ref": null, "value": "False"}]` for a value alone.
        case (.string, .object(let object)), (.reference, .object(let object)), (.boolean, .object(let object)), (.dateTime, .object(let object)):
            guard let value = try SCIMMembers(object)["value"], value.members == nil else { break }
            return try checked(value, attribute, name)
        // A manager or a member by its id alone, as Entra and Microsoft's samples send it.
        case (.complex, .string(let text)):
            guard let sub = attribute.sub("value") else { break }
            return try checked(.string(text), sub, "\(name).value").map { .object(["value": $0]) }
        default: break
        }
        let wanted =
            switch attribute.kind {
            case .string, .reference: "a text"
            case .boolean: "true or false"
            case .dateTime: "a time, such as 2026-01-31T12:00:00Z"
            case .complex: "an object"
            }
        throw .invalidValue("\(name) has to be \(wanted), and is \(value.kind).")
    }
}

extension SCIMAttributes {
    /// Puts a value where a target is; what is in an object already stays.
    mutating func insert(_ value: JSONValue, at target: SCIMTarget) {
        var steps = target.steps
        let last = steps.removeLast()
        Self.insert(value, last, steps[...], into: &members)
    }

    private static func insert(_ value: JSONValue, _ last: String, _ steps: ArraySlice<String>, into members: inout [String: JSONValue]) {
        guard let step = steps.first else {
            if case .object(let new) = value, case .object(let old)? = members[last] {
                members[last] = .object(old.merging(new) { $1 })
            } else {
                members[last] = value
            }
            return
        }
        var inner = members[step]?.members ?? [:]
        insert(value, last, steps.dropFirst(), into: &inner)
        members[step] = .object(inner)
    }

    /// Takes away what is at a target, and the objects that are empty then.
    mutating func remove(at target: SCIMTarget) {
        var steps = target.steps
        let last = steps.removeLast()
        Self.remove(last, steps[...], from: &members)
    }

    private static func remove(_ last: String, _ steps: ArraySlice<String>, from members: inout [String: JSONValue]) {
        guard let step = steps.first else {
            members[last] = nil
            return
        }
        guard var inner = members[step]?.members else { return }
        remove(last, steps.dropFirst(), from: &inner)
        members[step] = inner.isEmpty ? nil : .object(inner)
    }

    func value(at target: SCIMTarget) -> JSONValue? {
        target.steps.reduce(JSONValue.object(members) as JSONValue?) { value, step in value?[step] }
    }
}
