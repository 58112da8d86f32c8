import JSON
import Scalars

/// What operations of a bulk request say of others in it, `bulkId:x`: in their path, and in the `value` and `$ref` of attributes that refer
/// to resources (`members`, `manager`). Anywhere else it is a text like any other: a group may be called so.
enum SCIMBulkReferences {
    private static let prefix = "bulkId:"

    private static func reference(_ text: some StringProtocol) -> String? {
        text.rest(behind: prefix).flatMap { $0.isEmpty ? nil : String($0) }
    }

    /// The bulkIds that an operation names.
    static func all(in operation: SCIMBulk.Operation) -> [String] {
        var found = operation.path.parts(between: "/").compactMap { reference($0) }
        _ = visited(operation.data ?? .null, of: operation) { text in
            if let name = name(in: text) { found.append(name) }
            return text
        }
        return found
    }

    /// The bulkId in a reference: the whole of it, or the end of an address.
    private static func name(in text: String) -> String? { text.parts(between: "/").last.flatMap { reference($0) } }

    // MARK: Resolving

    /// An operation with the ids in place of what it refers to.
    /// - Parameter ids: by bulkId, of what was made so far.
    /// - Throws: 409 when it refers to something that was not made.
    static func resolved(_ operation: SCIMBulk.Operation, _ ids: [String: String]) throws(SCIMError) -> SCIMBulk.Operation {
        var resolved = operation
        resolved.path = try self.resolved(path: operation.path, ids)
        var isMissing = false
        resolved.data = operation.data.map { data in
            visited(data, of: operation) { text in
                guard let name = name(in: text) else { return text }
                guard let id = ids[name] else {
                    isMissing = true
                    return text
                }
                return (text.rest(before: prefix + name) ?? "") + id
            }
        }
        if isMissing { throw missing }
        return resolved
    }

    static func resolved(path: String, _ ids: [String: String]) throws(SCIMError) -> String {
        var parts: [String] = []
        for part in path.parts(between: "/") {
            guard let name = reference(part) else {
                parts.append(String(part))
                continue
            }
            guard let id = ids[name] else { throw missing }
            parts.append(id)
        }
        return "/" + parts.joined(separator: "/")
    }

    private static let missing = SCIMError(code: 409, nil, "The operation refers to a bulkId under which nothing was made.")

    // MARK: Finding them

    private static func type(of operation: SCIMBulk.Operation) -> SCIMResourceType? {
        let first = operation.path.parts(between: "/").first.map { String($0) } ?? ""
        return SCIMResourceType.all.first { $0.endpoint == "/" + first }
    }

    /// Only such attributes name other resources.
    private static func isReference(_ attribute: SCIMAttribute) -> Bool { attribute.kind == .complex && attribute.sub("$ref") != nil }

    /// Data with each reference in it changed.
    private static func visited(_ data: JSONValue, of operation: SCIMBulk.Operation, _ change: (String) -> String) -> JSONValue {
        guard let type = type(of: operation), case .object(var members) = data else { return data }
        guard operation.method == .patch else { return .object(visited(members, of: type, change)) }
        guard let name = members.keys.first(where: { SCIMText.isSame($0, "Operations") }), let items = members[name]?.items else { return data }
        members[name] = .array(items.map { visited(patch: $0, of: type, change) })
        return .object(members)
    }

    private static func visited(patch operation: JSONValue, of type: SCIMResourceType, _ change: (String) -> String) -> JSONValue {
        guard case .object(var members) = operation, let name = members.keys.first(where: { SCIMText.isSame($0, "value") }),
            let value = members[name]
        else { return operation }
        let path = members.first { SCIMText.isSame($0.key, "path") }?.value.text ?? ""
        if path.isEmpty {
            members[name] = value.members.map { .object(visited($0, of: type, change)) } ?? value
        } else {
            members[name] = visited([path: value], of: type, change)[path]
        }
        return .object(members)
    }

    /// Attributes by their names, which are paths for a PATCH.
    private static func visited(_ members: [String: JSONValue], of type: SCIMResourceType, _ change: (String) -> String) -> [String: JSONValue] {
        var result = members
        for (name, value) in members {
            if let found = type.extensionSchema(name), let inner = value.members {
                var left = inner
                for (name, value) in inner {
                    if let attribute = found.attribute(name), isReference(attribute) { left[name] = visited(value, sub: nil, change) }
                }
                result[name] = .object(left)
                continue
            }
            // try?: an invalid path is reported by whoever takes the operation.
            guard let path = try? SCIMFilterParser.patchPath(name), case .attribute(let target) = type.resolve(path.path),
                isReference(target.attribute)
            else { continue }
            result[name] = visited(value, sub: target.sub?.name ?? path.sub, change)
        }
        return result
    }

    /// A reference, several, or with `sub` a part of one.
    private static func visited(_ value: JSONValue, sub: String?, _ change: (String) -> String) -> JSONValue {
        switch value {
        case .string(let text): sub.map { isPart($0) } ?? true ? .string(change(text)) : value
        case .array(let items): .array(items.map { visited($0, sub: sub, change) })
        case .object(let members):
            .object(
                Dictionary(
                    members.map { name, value in
                        (name, isPart(name) ? value.text.map { .string(change($0)) } ?? value : value)
                    }
                ) { first, _ in first })
        case .null, .bool, .integer, .number: value
        }
    }

    private static func isPart(_ name: String) -> Bool { SCIMText.isSame(name, "value") || SCIMText.isSame(name, "$ref") }

    // MARK: Circles

    /// Parts what is made now from what refers to others that are not there yet.
    /// - Returns: the operation without these references, and the change that adds them, whose path lacks the id; nil without any.
    static func parted(
        _ operation: SCIMBulk.Operation, leavingOut names: Set<String>
    ) -> (now: SCIMBulk.Operation, later: SCIMBulk.Operation?) {
        guard !names.isEmpty, let type = type(of: operation), case .object(let members)? = operation.data else { return (operation, nil) }
        var additions: [JSONValue] = []
        func part(_ members: [String: JSONValue], _ found: SCIMSchema?) -> [String: JSONValue] {
            var left = members
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                if found == nil, let found = type.extensionSchema(name), let inner = value.members {
                    left[name] = .object(part(inner, found))
                } else if let attribute = found.map({ $0.attribute(name) }) ?? type.core(name), isReference(attribute) {
                    let items = value.items ?? [value]
                    let later = items.filter { isReferring($0, to: names) }
                    guard !later.isEmpty else { continue }
                    let now = items.filter { !isReferring($0, to: names) }
                    if now.isEmpty { left.removeValue(forKey: name) } else { left[name] = .array(now) }
                    let path = (found.map { $0.urn + ":" } ?? "") + attribute.name
                    additions.append(["op": "add", "path": .string(path), "value": attribute.isMultiValued ? .array(later) : later[0]])
                }
            }
            return left
        }
        var now = operation
        now.data = .object(part(members, nil))
        let later = SCIMBulk.Operation(
            method: .patch, path: type.endpoint, bulkId: nil, version: nil,
            data: ["schemas": [.string(SCIMMessage.patch)], "Operations": .array(additions)])
        return (now, additions.isEmpty ? nil : later)
    }

    private static func isReferring(_ value: JSONValue, to names: Set<String>) -> Bool {
        var isReferring = false
        _ = visited(value, sub: nil) { text in
            if let name = name(in: text), names.contains(name) { isReferring = true }
            return text
        }
        return isReferring
    }
}
