import JSON

/// A PATCH request, RFC 7644 §3.5.2: read first, then applied to a resource as a whole.
package struct SCIMPatch: Sendable, Hashable {
    package enum Kind: String, Sendable {
        case add, replace, remove
    }

    package struct Operation: Sendable, Hashable {
        package var kind: Kind
        package var path: SCIMPatchPath?
        package var value: JSONValue?
    }

    package var operations: [Operation]
    /// More than any directory sends at once.
    static let maximumOperationCount = 1_000

    /// Reads the body of a PATCH. Operations are named in any case, as Entra does.
    /// - Throws: `invalidSyntax`, `invalidPath`, `noTarget`.
    package init(_ body: JSONValue) throws(SCIMError) {
        let members = try SCIMMessage.members(of: body, SCIMMessage.patch)
        guard let items = members["Operations"]?.items, !items.isEmpty else {
            throw .invalidSyntax("Operations has to be a list with at least one operation.")
        }
        guard items.count <= Self.maximumOperationCount else { throw .invalidValue("A PATCH has at most \(Self.maximumOperationCount) operations.") }
        operations = []
        for item in items {
            guard let object = item.members else { throw .invalidSyntax("Each of Operations has to be an object, and one is \(item.kind).") }
            let operation = try SCIMMembers(object)
            guard let name = try operation.string("op"), let kind = Kind(rawValue: SCIMText.folded(name)) else {
                throw .invalidSyntax("op has to be add, replace or remove.")
            }
            let path = try operation.string("path").flatMap { $0.isEmpty ? nil : $0 }
            if kind == .remove, path == nil { throw .noTarget("remove needs a path.") }
            operations.append(Operation(kind: kind, path: try Self.path(path), value: operation["value"]))
        }
    }

    private static func path(_ text: String?) throws(SCIMError) -> SCIMPatchPath? {
        guard let text else { return nil }
        return try SCIMFilterParser.patchPath(text)
    }

    /// The names in it that a kind of resource does not have, each once, as the schema's authors would have to write them: of attributes, and of
    /// what stands in brackets and behind them. They are passed over; what is known and not kept, such as telephone numbers, is not among them.
    package func unknownNames(of type: SCIMResourceType) -> [String] {
        var names: [String] = []
        var known = Set<String>()
        for operation in operations {
            for name in Self.unknownNames(in: operation, of: type) where known.insert(name).inserted { names.append(name) }
        }
        return names
    }

    /// Stands for what is no name at all.
    static let noName = "a text that is no name"

    private static func unknownNames(in operation: Operation, of type: SCIMResourceType) -> [String] {
        let value: JSONValue? = operation.kind == .remove ? Optional.none : operation.value
        if let path = operation.path { return type.unknownNames(in: path, value) }
        return (value?.members ?? [:]).sorted { $0.key < $1.key }.flatMap { name, value -> [String] in
            if let found = type.extensionSchema(name) { return found.unknownNames(among: value) }
            // try?: what is no name is not one that could be shown either.
            guard let path = try? SCIMFilterParser.patchPath(name) else { return [noName] }
            return type.unknownNames(in: path, value)
        }
    }

    /// Applies all operations, or none.
    /// - Returns: the resource's attributes afterwards, checked as those of a PUT are.
    /// - Throws: `noTarget`, `invalidPath`, `mutability`, `invalidValue`; `tooMany` when they cost too much.
    package func applied(to attributes: SCIMAttributes, of type: SCIMResourceType) throws(SCIMError) -> SCIMAttributes {
        var work = SCIMPatchWork()
        return try applied(to: attributes, of: type, counting: &work)
    }

    /// The same, and what it has cost.
    package func applied(
        to attributes: SCIMAttributes, of type: SCIMResourceType, counting work: inout SCIMPatchWork
    ) throws(SCIMError) -> SCIMAttributes {
        var change = SCIMPatchChange(type: type, attributes: attributes, work: work)
        for operation in operations { try change.apply(operation) }
        work = change.work
        var result = change.result()
        try type.checkRequired(result, removed: change.removedRequired)
        try type.complete(&result)
        return result
    }
}

extension SCIMResourceType {
    /// What a path of a change names and resources of this kind do not have: the attribute, what is asked of it, or what is changed of it.
    func unknownNames(in path: SCIMPatchPath, _ value: JSONValue?) -> [String] {
        let name = path.path.description
        switch resolve(path.path) {
        case .passedOver: return []
        case .unknown: return [name]
        case .wholeExtension(let found): return path.filter == nil ? found.unknownNames(among: value) : ["\(name)[…]"]
        case .attribute(let target):
            var names = (path.filter?.names(unknownTo: target.leaf) ?? []).map { "\(name)[\($0)]" }
            // Of what has no parts, `value` is the value itself.
            if let sub = path.sub, target.leaf.sub(sub) == nil, target.leaf.kind == .complex || !SCIMText.isSame(sub, "value") {
                names.append("\(name)[…].\(sub)")
            }
            return names
        }
    }

    /// What a resource must have is not taken away: `mutability` when it was removed, as RFC 7644 §3.5.2.2 has it, and `invalidValue` when
    /// nothing was put in its place.
    func checkRequired(_ attributes: SCIMAttributes, removed: Set<String>) throws(SCIMError) {
        for attribute in schema.attributes where attribute.isRequired && attributes[attribute.name] == nil {
            let detail = "\(attribute.name) is needed and cannot be removed."
            throw removed.contains(attribute.name) ? .mutability(detail) : .invalidValue(detail)
        }
    }
}

extension SCIMSchema {
    /// The names of members that the schema does not have.
    func unknownNames(among value: JSONValue?) -> [String] {
        // try?: what is no name is not one that could be shown either.
        (value?.members ?? [:]).keys.sorted().filter { attribute($0) == nil }.map { name in
            (try? SCIMPath("\(urn):\(name)"))?.description ?? SCIMPatch.noName
        }
    }
}
