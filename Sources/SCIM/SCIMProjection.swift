/// Which attributes of a resource are answered: `attributes` and `excludedAttributes`, RFC 7644 §3.9.
package struct SCIMProjection: Sendable, Hashable {
    private enum Choice: Hashable {
        case standard
        case only([SCIMPath])
        case without([SCIMPath])
    }
    private let choice: Choice

    package static let standard = SCIMProjection(choice: .standard)

    private init(choice: Choice) { self.choice = choice }

    /// - Parameters:
    ///   - only: names with commas between, or a list; nil for all that are returned by default.
    ///   - without: what is left out of these.
    /// - Throws: `invalidValue` when both are given, or one is not a name.
    package init(only: [String], without: [String]) throws(SCIMError) {
        guard only.isEmpty || without.isEmpty else { throw .invalidValue("Only one of attributes and excludedAttributes can be asked for.") }
        if !only.isEmpty {
            choice = .only(try Self.paths(only, "attributes"))
        } else if !without.isEmpty {
            choice = .without(try Self.paths(without, "excludedAttributes"))
        } else {
            choice = .standard
        }
    }

    /// The names in a parameter of the query string.
    package static func names(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
    }

    private static func paths(_ names: [String], _ parameter: String) throws(SCIMError) -> [SCIMPath] {
        var paths: [SCIMPath] = []
        for name in names.prefix(200) {
            do throws(SCIMError) {
                paths.append(try SCIMPath(name))
            } catch {
                throw .invalidValue("\(parameter) takes names of attributes with commas between, such as userName,name.familyName.")
            }
        }
        return paths
    }

    /// Whether the members of a group can be left where they are.
    package func leavesOut(_ name: String, of type: SCIMResourceType) -> Bool {
        switch choice {
        case .standard: false
        case .without(let paths): paths.contains { type.resolve($0) == type.resolve(SCIMPath([name])) }
        case .only(let paths):
            !paths.contains { path in
                if case .attribute(let target) = type.resolve(path) { target.attribute.name == name } else { false }
            }
        }
    }

    /// The resource as it was asked for. What is always returned stays.
    package func applied(to resource: SCIMValue, of type: SCIMResourceType) -> SCIMValue {
        guard let members = resource.members else { return resource }
        switch choice {
        case .standard: return resource
        case .only(let paths):
            var left = SCIMAttributes()
            for attribute in SCIMResourceType.common where attribute.returned == .always { left.members[attribute.name] = members[attribute.name] }
            for path in paths {
                switch type.resolve(path) {
                case .attribute(let target):
                    guard let value = SCIMAttributes(members).part(at: target) else { continue }
                    left.add(value, at: target)
                case .wholeExtension(let found): left.members[found.urn] = members[found.urn]
                case .passedOver, .unknown: continue
                }
            }
            return .object(left.members)
        case .without(let paths):
            var left = SCIMAttributes(members)
            for path in paths {
                switch type.resolve(path) {
                case .attribute(let target):
                    guard target.attribute.returned != .always else { continue }
                    left.drop(target)
                case .wholeExtension(let found): left.members[found.urn] = nil
                case .passedOver, .unknown: continue
                }
            }
            return .object(left.members)
        }
    }
}

extension SCIMAttributes {
    /// What a target names of the attribute, as the attribute's own value: `emails.value` leaves elements with nothing but their value.
    fileprivate func part(at target: SCIMTarget) -> SCIMValue? {
        let whole = SCIMTarget(extensionURN: target.extensionURN, attribute: target.attribute)
        guard let value = value(at: whole) else { return nil }
        guard let sub = target.sub else { return value }
        func only(_ value: SCIMValue) -> SCIMValue? { value[sub.name].map { [sub.name: $0] }.map { SCIMValue.object($0) } }
        guard let items = value.items else { return only(value) }
        return .array(items.compactMap { only($0) })
    }

    /// Puts in a part beside those that are there: `emails.value` and `emails.type` together make whole elements.
    fileprivate mutating func add(_ value: SCIMValue, at target: SCIMTarget) {
        let whole = SCIMTarget(extensionURN: target.extensionURN, attribute: target.attribute)
        if case .array(let new) = value, case .array(let old)? = self.value(at: whole), target.sub != nil, new.count == old.count {
            let both = zip(old, new).map { SCIMValue.object(($0.members ?? [:]).merging($1.members ?? [:]) { $1 }) }
            return insert(.array(both), at: whole)
        }
        insert(value, at: whole)
    }

    fileprivate mutating func drop(_ target: SCIMTarget) {
        let whole = SCIMTarget(extensionURN: target.extensionURN, attribute: target.attribute)
        guard let sub = target.sub, case .array(let items)? = value(at: whole) else { return remove(at: target) }
        let left = items.map { item -> SCIMValue in
            guard case .object(var members) = item else { return item }
            members[sub.name] = nil
            return .object(members)
        }
        insert(.array(left), at: whole)
    }
}
