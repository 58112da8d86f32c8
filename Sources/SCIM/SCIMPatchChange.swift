/// A resource in the middle of a PATCH.
struct SCIMPatchChange {
    let type: SCIMResourceType
    var attributes: SCIMAttributes

    mutating func apply(_ operation: SCIMPatch.Operation) throws(SCIMError) {
        if let path = operation.path { return try apply(operation.kind, path, operation.value ?? .null, isNamed: true) }
        guard let members = operation.value?.members else {
            throw .invalidValue("An operation without a path needs an object of attributes as its value.")
        }
        // Names in it are paths of their own: Entra sends "name.givenName", "urn:…:User:department" and even value paths.
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if let found = type.extensionSchema(name) {
                try apply(operation.kind, value, to: found)
                continue
            }
            // try?: a name that is none is passed over like any other that we do not know.
            guard let path = try? SCIMFilterParser.patchPath(name) else { continue }
            try apply(operation.kind, path, value, isNamed: false)
        }
    }

    /// - Parameter isNamed: the client asked for this attribute by a path; else it was among others, and what cannot be done is passed over.
    private mutating func apply(_ kind: SCIMPatch.Kind, _ path: SCIMPatchPath, _ value: SCIMValue, isNamed: Bool) throws(SCIMError) {
        switch type.resolve(path.path) {
        case .passedOver: return
        case .unknown:
            guard isNamed else { return }
            throw .invalidPath("\(type.name) has no attribute of this name: \(type.schema.attributes.map(\.name).joined(separator: ", ")).")
        case .wholeExtension(let found): try apply(kind, value, to: found)
        case .attribute(let target):
            guard target.attribute.mutability != .readOnly else {
                // `schemas` follows from what is in the resource; clients that name it there do no harm.
                guard isNamed, target.attribute.name != "schemas" else { return }
                throw .mutability("\(target.attribute.name) cannot be changed.")
            }
            if let filter = path.filter {
                try applyToElements(kind, target, filter, sub: path.sub, value)
            } else if target.sub != nil, target.attribute.isMultiValued {
                try applyToEveryElement(kind, target, value)
            } else {
                try apply(kind, value, to: target)
            }
        }
    }

    // MARK: Whole attributes

    private mutating func apply(_ kind: SCIMPatch.Kind, _ value: SCIMValue, to found: SCIMSchema) throws(SCIMError) {
        if kind == .remove || value.isUnassigned {
            attributes.members[found.urn] = nil
            return
        }
        guard let members = value.members else { throw .invalidValue("\(found.urn) has to be an object, and is \(value.kind).") }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard let attribute = found.attribute(name) else { continue }
            try apply(kind, value, to: SCIMTarget(extensionURN: found.urn, attribute: attribute))
        }
    }

    private mutating func apply(_ kind: SCIMPatch.Kind, _ value: SCIMValue, to target: SCIMTarget) throws(SCIMError) {
        let isList = target.leaf.isMultiValued
        if kind == .remove {
            // Entra: {"op": "remove", "path": "members", "value": [{"value": "id"}]} takes away these members, not all.
            guard isList, !value.isUnassigned, case .array(let gone)? = try SCIMResourceType.converted(value, target.leaf, name: target.name) else {
                return attributes.remove(at: target)
            }
            let left = elements(target).filter { element in !gone.contains { Self.isSame($0, element) } }
            return set(left, at: target)
        }
        guard let converted = try SCIMResourceType.converted(value, target.leaf, name: target.name) else {
            // Null takes away; adding nothing to a list does nothing.
            if !(isList && kind == .add) { attributes.remove(at: target) }
            return
        }
        guard isList, case .array(let items) = converted else { return attributes.insert(converted, at: target) }
        if kind == .replace { return set(items, at: target) }
        var all = elements(target)
        var places = Dictionary(all.enumerated().map { (Self.key($1, target), $0) }) { first, _ in first }
        for item in items {
            if let place = places[Self.key(item, target)] {
                all[place] = Self.merged(all[place], item)
            } else {
                places[Self.key(item, target)] = all.count
                all.append(item)
            }
        }
        set(all, at: target, preferring: items)
    }

    /// What makes two elements the same: their value and what it is for; of members the value alone. The rest is said about it.
    private static func key(_ element: SCIMValue, _ target: SCIMTarget) -> SCIMValue {
        guard let members = element.members, let value = members["value"] else { return element }
        if target.attribute.sub("value")?.mutability == .immutable { return value }
        return ["value": value, "type": members["type"] ?? .null]
    }

    private static func isSame(_ wanted: SCIMValue, _ element: SCIMValue) -> Bool {
        guard let value = wanted["value"] else { return wanted == element }
        return value == element["value"] && (wanted["type"] == nil || element["type"] == nil || wanted["type"] == element["type"])
    }

    private static func merged(_ old: SCIMValue, _ new: SCIMValue) -> SCIMValue {
        guard let one = old.members, let other = new.members else { return new }
        return .object(one.merging(other) { $1 })
    }

    // MARK: Elements of lists

    private func elements(_ target: SCIMTarget) -> [SCIMValue] {
        attributes.value(at: SCIMTarget(extensionURN: target.extensionURN, attribute: target.attribute))?.items ?? []
    }

    /// Puts a list in place.
    /// - Parameter preferred: elements that were set now: where one of them is primary, no other is any longer (RFC 7644 §3.5.2).
    private mutating func set(_ items: [SCIMValue], at target: SCIMTarget, preferring preferred: [SCIMValue] = []) {
        let list = SCIMTarget(extensionURN: target.extensionURN, attribute: target.attribute)
        var items = items.filter { !$0.isUnassigned }
        if let chosen = preferred.last(where: { $0["primary"] == true }).map({ Self.key($0, target) }) {
            items = items.map { item in
                guard item["primary"] == true, Self.key(item, target) != chosen, case .object(var members) = item else { return item }
                members["primary"] = false
                return .object(members)
            }
        }
        if items.isEmpty { attributes.remove(at: list) } else { attributes.members.setList(items, at: list) }
    }

    /// `emails.type` without a filter: of every element.
    private mutating func applyToEveryElement(_ kind: SCIMPatch.Kind, _ target: SCIMTarget, _ value: SCIMValue) throws(SCIMError) {
        guard let sub = target.sub else { return }
        var items = elements(target)
        if items.isEmpty, kind != .remove { items = [.object([:])] }
        try change(Array(items.indices), of: &items, kind, sub, value, target)
    }

    private mutating func applyToElements(
        _ kind: SCIMPatch.Kind, _ target: SCIMTarget, _ filter: SCIMFilter, sub name: String?, _ value: SCIMValue
    ) throws(SCIMError) {
        guard target.sub == nil, target.attribute.isMultiValued else { throw .invalidPath("\(target.name) has no elements to choose from.") }
        var sub: SCIMAttribute?
        if let name {
            guard let found = target.attribute.sub(name) else { throw .invalidPath("\(target.name) has no sub-attribute of this name.") }
            sub = found
        }
        let condition: SCIMCondition
        do throws(SCIMError) {
            condition = try SCIMResourceType.elementCondition(filter, of: target.attribute)
        } catch {
            throw .invalidPath(error.detail)
        }
        var items = elements(target)
        var chosen = items.indices.filter { condition.holds(for: items[$0]) }
        if chosen.isEmpty {
            // What is not there is gone already.
            if kind == .remove { return }
            // Entra replaces the work address of somebody who has none: the element is made of what the filter says of it.
            guard let made = try Self.element(of: filter, target.attribute) else {
                throw .noTarget("No element of \(target.name) fulfils the filter.")
            }
            chosen = [items.count]
            items.append(.object(made))
        }
        if let sub { return try change(chosen, of: &items, kind, sub, value, target) }
        if kind == .remove {
            let gone = Set(chosen)
            return set(items.indices.filter { !gone.contains($0) }.map { items[$0] }, at: target)
        }
        guard case .array(let new)? = try SCIMResourceType.converted(value, target.attribute, name: target.name), new.count == 1 else {
            throw .invalidValue("\(target.name) with a filter takes one object as its value.")
        }
        for index in chosen {
            try Self.checkImmutable(items[index], new[0], target.attribute)
            // Replaced as a whole, it still is what the filter asked for.
            let basis = kind == .replace ? .object(try Self.element(of: filter, target.attribute) ?? [:]) : items[index]
            items[index] = Self.merged(basis, new[0])
        }
        set(items, at: target, preferring: chosen.map { items[$0] })
    }

    /// Changes a sub-attribute of some elements.
    private mutating func change(
        _ chosen: [Int], of items: inout [SCIMValue], _ kind: SCIMPatch.Kind, _ sub: SCIMAttribute, _ value: SCIMValue, _ target: SCIMTarget
    ) throws(SCIMError) {
        let converted = kind == .remove ? nil : try SCIMResourceType.converted(value, sub, name: "\(target.attribute.name).\(sub.name)")
        for index in chosen {
            guard case .object(var members) = items[index] else { continue }
            if sub.mutability == .immutable, let old = members[sub.name], old != converted {
                throw .mutability("\(target.attribute.name).\(sub.name) cannot be changed: remove the element and add another.")
            }
            members[sub.name] = converted
            // An address that is taken away takes with it what was said about it.
            items[index] = sub.name == "value" && converted == nil ? .null : .object(members)
        }
        set(items, at: target, preferring: chosen.map { items[$0] })
    }

    private static func checkImmutable(_ old: SCIMValue, _ new: SCIMValue, _ attribute: SCIMAttribute) throws(SCIMError) {
        for sub in attribute.subAttributes where sub.mutability == .immutable {
            guard let before = old[sub.name], let after = new[sub.name], before != after else { continue }
            throw .mutability("\(attribute.name).\(sub.name) cannot be changed: remove the element and add another.")
        }
    }

    /// The element that a filter of equalities describes; nil when it says more than what the element is.
    private static func element(of filter: SCIMFilter, _ attribute: SCIMAttribute) throws(SCIMError) -> [String: SCIMValue]? {
        switch filter {
        case .compare(let path, .equal, let comparand):
            guard path.urn == nil, path.parts.count == 1, let sub = attribute.sub(path.parts[0]) else { return nil }
            let value: SCIMValue =
                switch comparand {
                case .text(let text), .bare(let text): .string(text)
                case .flag(let flag): .bool(flag)
                case .null: .null
                }
            guard let converted = try SCIMResourceType.converted(value, sub, name: "\(attribute.name).\(sub.name)") else { return [:] }
            return [sub.name: converted]
        case .and(let parts):
            var members: [String: SCIMValue] = [:]
            for part in parts {
                guard let found = try element(of: part, attribute) else { return nil }
                members.merge(found) { $1 }
            }
            return members
        case .or, .not, .present, .compare, .element: return nil
        }
    }
}

extension [String: SCIMValue] {
    /// Puts a list where a target is, in place of the one that is there.
    fileprivate mutating func setList(_ items: [SCIMValue], at target: SCIMTarget) {
        guard let urn = target.extensionURN else {
            self[target.attribute.name] = .array(items)
            return
        }
        var inner = self[urn]?.members ?? [:]
        inner[target.attribute.name] = .array(items)
        self[urn] = .object(inner)
    }
}
