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
        for (place, item) in items.enumerated() {
            do throws(SCIMError) { operations.append(try Self.operation(item)) } catch { throw error.numbered(place, of: items.count) }
        }
    }

    private static func operation(_ item: JSONValue) throws(SCIMError) -> Operation {
        guard let object = item.members else { throw .invalidSyntax("Each of Operations has to be an object, and one is \(item.kind).") }
        let operation = try SCIMMembers(object)
        guard let name = try operation.string("op"), let kind = Kind(rawValue: SCIMText.folded(name)) else {
            throw .invalidSyntax("op has to be add, replace or remove.")
        }
        let path = try operation.string("path").flatMap { $0.isEmpty ? nil : $0 }
        if kind == .remove, path == nil { throw .noTarget("remove needs a path.") }
        return Operation(kind: kind, path: try self.path(path), value: operation["value"])
    }

    private static func path(_ text: String?) throws(SCIMError) -> SCIMPatchPath? {
        guard let text else { return nil }
        return try SCIMFilterParser.patchPath(text)
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
        for (place, operation) in operations.enumerated() {
            do throws(SCIMError) { try change.apply(operation) } catch { throw error.numbered(place, of: operations.count) }
        }
        work = change.work
        var result = change.result()
        try type.checkRequired(result, removed: change.removedRequired)
        try type.complete(&result)
        return result
    }
}

extension SCIMResourceType {
    /// What a resource must have is not taken away: `mutability` when it was removed, as RFC 7644 §3.5.2.2 has it, and `invalidValue` when
    /// nothing was put in its place.
    func checkRequired(_ attributes: SCIMAttributes, removed: Set<String>) throws(SCIMError) {
        for attribute in schema.attributes where attribute.isRequired && attributes[attribute.name] == nil {
            let detail = "\(attribute.name) is needed and cannot be removed."
            throw removed.contains(attribute.name) ? .mutability(detail) : .invalidValue(detail)
        }
    }
}
