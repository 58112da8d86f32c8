import JSON

/// A resource in the middle of a PATCH.
struct SCIMPatchChange {
    let type: SCIMResourceType
    private var attributes: SCIMAttributes
    /// The lists that were looked at, in place of those in the attributes: made ready once, and not for each operation.
    private var lists: [String: SCIMElementList] = [:]
    /// What had to be there and was taken away by name.
    private(set) var removedRequired = Set<String>()
    private(set) var work: SCIMPatchWork

    init(type: SCIMResourceType, attributes: SCIMAttributes, work: SCIMPatchWork) {
        self.type = type
        self.attributes = attributes
        self.work = work
    }

    /// The resource as it is now.
    mutating func result() -> SCIMAttributes {
        putBack()
        return attributes
    }

    /// What names something that we do not keep is passed over: the rest of the PATCH, which may deactivate somebody, is done.
    mutating func apply(_ operation: SCIMPatch.Operation) throws(SCIMError) {
        if let path = operation.path { return try apply(operation.kind, path, operation.value ?? .null, isNamed: true) }
        guard let members = operation.value?.members else {
            throw .invalidValue("An operation without a path needs an object of attributes as its value.")
        }
        _ = try SCIMMembers(members)
        // Names in it are paths of their own: Entra sends "name.givenName", "urn:…:User:department" and even value paths.
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if let found = type.extensionSchema(name) {
                try apply(operation.kind, value, to: found)
                continue
            }
            // try?: an invalid name is passed over like any other that we do not know.
            guard let path = try? SCIMFilterParser.patchPath(name) else { continue }
            try apply(operation.kind, path, value, isNamed: false)
        }
    }

    /// - Parameter isNamed: the client asked for this attribute by a path; else it was among others, and what cannot be done is passed over.
    private mutating func apply(_ kind: SCIMPatch.Kind, _ path: SCIMPatchPath, _ value: JSONValue, isNamed: Bool) throws(SCIMError) {
        switch type.resolve(path.path) {
        case .passedOver, .unknown: return
        case .wholeExtension(let found):
            // Brackets behind a schema ask for nothing that there is: without them all of it would be changed.
            guard path.filter == nil else { return }
            try apply(kind, value, to: found)
        case .attribute(let target):
            guard target.attribute.mutability != .readOnly else {
                // `schemas` follows from what is in the resource; clients that name it there do no harm.
                guard isNamed, target.attribute.name != "schemas" else { return }
                throw .mutability("\(target.attribute.name) cannot be changed.")
            }
            if let filter = path.filter {
                if target.leaf.isMultiValued {
                    try applyToElements(kind, target, filter, sub: path.sub, value)
                } else {
                    try applyToValue(kind, target, filter, sub: path.sub, value)
                }
            } else if target.sub != nil, target.attribute.isMultiValued {
                try applyToEveryElement(kind, target, value)
            } else {
                try apply(kind, value, to: target)
            }
        }
    }

    // MARK: Whole attributes

    private mutating func apply(_ kind: SCIMPatch.Kind, _ value: JSONValue, to found: SCIMSchema) throws(SCIMError) {
        if kind == .remove || value.isUnassigned {
            putBack()
            attributes.members[found.urn] = nil
            return
        }
        guard let members = value.members else { throw .invalidValue("\(found.urn) has to be an object, and is \(value.kind).") }
        _ = try SCIMMembers(members)
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard let attribute = found.attribute(name) else { continue }
            try apply(kind, value, to: SCIMTarget(extensionURN: found.urn, attribute: attribute))
        }
    }

    private mutating func apply(_ kind: SCIMPatch.Kind, _ value: JSONValue, to target: SCIMTarget) throws(SCIMError) {
        guard target.leaf.isMultiValued else {
            if kind == .remove {
                if target.sub == nil, target.attribute.isRequired { removedRequired.insert(target.attribute.name) }
                return attributes.remove(at: target)
            }
            if let converted = try SCIMResourceType.converted(value, target.leaf, name: target.name) {
                return attributes.insert(converted, at: target)
            }
            // Parts that we do not know say nothing, and take nothing away.
            if value.isUnassigned { attributes.remove(at: target) }
            return
        }
        let converted = try SCIMResourceType.converted(value, target.leaf, name: target.name)?.items ?? []
        guard kind == .remove || value.isUnassigned || !converted.isEmpty else { return }
        switch kind {
        case .remove:
            guard value != .null else { return put(SCIMElementList([], of: target.attribute), target) }
            // Entra: {"op": "remove", "path": "members", "value": [{"value": "id"}]} takes away these members, not all; and a list of
            // none takes away none.
            var list = taken(target)
            for wanted in converted { try list.remove(like: wanted, &work) }
            put(list, target)
        case .replace: put(SCIMElementList(converted, of: target.attribute), target)
        case .add:
            var list = taken(target)
            var preferred: [Int] = []
            for item in converted {
                let place: Int
                if let known = try list.place(of: item, &work) {
                    place = known
                    list[place] = list[place].map { Self.merged($0, item) }
                } else {
                    place = list.append(item)
                }
                if item["primary"] == true { preferred.append(place) }
            }
            try list.prefer(preferred, &work)
            put(list, target)
        }
    }

    private static func merged(_ old: JSONValue, _ new: JSONValue) -> JSONValue {
        guard let one = old.members, let other = new.members else { return new }
        return .object(one.merging(other) { $1 })
    }

    // MARK: Elements of lists

    private static func whole(_ target: SCIMTarget) -> SCIMTarget {
        SCIMTarget(extensionURN: target.extensionURN, attribute: target.attribute)
    }

    /// Takes a list out, to be changed where it is and not in a copy: ``put(_:_:)`` has to follow.
    private mutating func taken(_ target: SCIMTarget) -> SCIMElementList {
        let whole = Self.whole(target)
        if let list = lists.removeValue(forKey: whole.name) { return list }
        let items = attributes.value(at: whole)?.items ?? []
        work.open(items.count)
        return SCIMElementList(items, of: target.attribute)
    }

    private mutating func put(_ list: SCIMElementList, _ target: SCIMTarget) {
        lists[Self.whole(target).name] = list
    }

    private mutating func putBack() {
        for (name, list) in lists {
            // try?: names come from targets, and lead to them again.
            guard let path = try? SCIMPath(name), case .attribute(let target) = type.resolve(path) else { continue }
            let items = list.items
            if items.isEmpty { attributes.remove(at: target) } else { attributes.insert(.array(items), at: target) }
        }
        lists = [:]
    }

    /// `emails.type` without a filter: of every element.
    private mutating func applyToEveryElement(_ kind: SCIMPatch.Kind, _ target: SCIMTarget, _ value: JSONValue) throws(SCIMError) {
        guard let sub = target.sub else { return }
        var list = taken(target)
        var chosen = list.all
        if chosen.isEmpty, kind != .remove { chosen = [list.append(.object([:]))] }
        try work.add(chosen.count)
        try change(chosen, of: &list, kind, sub, value, target)
        put(list, target)
    }

    private mutating func applyToElements(
        _ kind: SCIMPatch.Kind, _ target: SCIMTarget, _ filter: SCIMFilter, sub name: String?, _ value: JSONValue
    ) throws(SCIMError) {
        guard filter.asksOnly(of: target.attribute) else { return }
        var sub: SCIMAttribute?
        if let name {
            guard let found = target.attribute.sub(name) else { return }
            sub = found
        }
        let condition: SCIMCondition
        do throws(SCIMError) {
            condition = try SCIMResourceType.elementCondition(filter, of: target.attribute)
        } catch {
            throw .invalidPath(error.detail)
        }
        var list = taken(target)
        var chosen = try list.places(fulfilling: condition, &work)
        if chosen.isEmpty {
            // What is not there is gone already.
            if kind == .remove { return put(list, target) }
            // Entra replaces the work address of somebody who has none: the element is made of what the filter says of it.
            guard let made = try Self.element(of: filter, target.attribute) else {
                throw .noTarget("No element of \(target.name) fulfils the filter.")
            }
            chosen = [list.append(.object(made))]
        }
        if let sub {
            try change(chosen, of: &list, kind, sub, value, target)
        } else if kind == .remove {
            for place in chosen { list[place] = Optional.none }
        } else {
            try replace(chosen, of: &list, kind, value, target, made: try Self.element(of: filter, target.attribute) ?? [:])
        }
        put(list, target)
    }

    /// `manager[value eq "c1"]`: of an attribute that has one value the filter can only say which one is meant. What is to be taken away is when
    /// it is that one; what is put is put, and where nothing was it is also what the filter says, as for lists.
    private mutating func applyToValue(
        _ kind: SCIMPatch.Kind, _ target: SCIMTarget, _ filter: SCIMFilter, sub name: String?, _ value: JSONValue
    ) throws(SCIMError) {
        guard !target.attribute.isMultiValued else { throw .invalidPath("\(target.name) has no elements to choose from.") }
        // A sub-attribute behind the bracket, and in it: those of the attribute itself.
        var place = target
        if let name, !(target.leaf.kind != .complex && SCIMText.isSame(name, "value")) {
            guard target.sub == nil, let sub = target.attribute.sub(name) else { return }
            place.sub = sub
        }
        guard filter.asksOnly(of: target.leaf) else { return }
        let condition: SCIMCondition
        do throws(SCIMError) { condition = try SCIMResourceType.valueCondition(filter, of: target) } catch { throw .invalidPath(error.detail) }
        if kind == .remove {
            guard condition.holds(for: .object(attributes.members)) else { return }
        } else if target.leaf.kind == .complex, attributes.value(at: target) == nil, let made = try Self.element(of: filter, target.leaf),
            !made.isEmpty
        {
            attributes.insert(.object(made), at: target)
        }
        try apply(kind, value, to: place)
    }

    /// Changes some elements as wholes. Replaced, they still are what the filter asked for.
    private mutating func replace(
        _ chosen: [Int], of list: inout SCIMElementList, _ kind: SCIMPatch.Kind, _ value: JSONValue, _ target: SCIMTarget, made: [String: JSONValue]
    ) throws(SCIMError) {
        let converted = try SCIMResourceType.converted(value, target.attribute, name: target.name)
        if converted == nil, !value.isUnassigned { return }
        guard case .array(let new)? = converted, new.count == 1 else {
            throw .invalidValue("\(target.name) with a filter takes one object as its value.")
        }
        for place in chosen {
            guard let old = list[place] else { continue }
            try Self.checkImmutable(old, new[0], target.attribute)
            list[place] = Self.merged(kind == .replace ? .object(made) : old, new[0])
        }
        try list.prefer(chosen, &work)
    }

    /// Changes a sub-attribute of some elements.
    private mutating func change(
        _ chosen: [Int], of list: inout SCIMElementList, _ kind: SCIMPatch.Kind, _ sub: SCIMAttribute, _ value: JSONValue, _ target: SCIMTarget
    ) throws(SCIMError) {
        let converted = kind == .remove ? nil : try SCIMResourceType.converted(value, sub, name: "\(target.attribute.name).\(sub.name)")
        guard kind == .remove || value.isUnassigned || converted != nil else { return }
        for place in chosen {
            guard case .object(var members)? = list[place] else { continue }
            if sub.mutability == .immutable, let old = members[sub.name], old != converted {
                throw .mutability("\(target.attribute.name).\(sub.name) cannot be changed: remove the element and add another.")
            }
            members[sub.name] = converted
            // An address that is taken away takes with it what was said about it.
            list[place] = sub.name == "value" && members[sub.name] == Optional.none ? .null : .object(members)
        }
        try list.prefer(chosen, &work)
    }

    private static func checkImmutable(_ old: JSONValue, _ new: JSONValue, _ attribute: SCIMAttribute) throws(SCIMError) {
        for sub in attribute.subAttributes where sub.mutability == .immutable {
            guard let before = old[sub.name], let after = new[sub.name], before != after else { continue }
            throw .mutability("\(attribute.name).\(sub.name) cannot be changed: remove the element and add another.")
        }
    }

    /// The element that a filter of equalities describes; nil when it says more than what the element is.
    private static func element(of filter: SCIMFilter, _ attribute: SCIMAttribute) throws(SCIMError) -> [String: JSONValue]? {
        switch filter {
        case .compare(let path, .equal, let comparand):
            guard path.urn == nil, path.parts.count == 1, let sub = attribute.sub(path.parts[0]) else { return nil }
            let value: JSONValue =
                switch comparand {
                case .text(let text), .bare(let text): .string(text)
                case .flag(let flag): .bool(flag)
                case .null: .null
                }
            guard let converted = try SCIMResourceType.converted(value, sub, name: "\(attribute.name).\(sub.name)") else { return [:] }
            return [sub.name: converted]
        case .and(let parts):
            var members: [String: JSONValue] = [:]
            for part in parts {
                guard let found = try element(of: part, attribute) else { return nil }
                members.merge(found) { $1 }
            }
            return members
        case .or, .not, .present, .compare, .element: return nil
        }
    }
}

extension SCIMFilter {
    /// Whether all that it names is known of an attribute: what asks of something else asks of nothing that we keep.
    func asksOnly(of attribute: SCIMAttribute) -> Bool { names(unknownTo: attribute).isEmpty }

    /// What it names that an attribute does not have, in its order.
    func names(unknownTo attribute: SCIMAttribute) -> [String] {
        switch self {
        case .and(let parts), .or(let parts): return parts.flatMap { $0.names(unknownTo: attribute) }
        case .not(let part): return part.names(unknownTo: attribute)
        case .present(let path), .compare(let path, _, _):
            let isPart = path.urn == nil && path.parts.count == 1 && attribute.sub(path.parts[0]) != nil
            return (attribute.kind == .complex ? isPart : path.isValue) ? [] : [path.description]
        // Refused where it is read.
        case .element: return []
        }
    }
}
