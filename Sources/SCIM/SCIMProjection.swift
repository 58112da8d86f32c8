import JSON
import Scalars

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
        (text ?? "").parts(between: ",").map { $0.swapping(" ", for: "") }.filter { !$0.isEmpty }
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
    package func applied(to resource: JSONValue, of type: SCIMResourceType) -> JSONValue {
        guard var members = resource.members else { return resource }
        switch choice {
        case .standard: return resource
        case .only(let paths):
            var left = SCIMAttributes()
            for attribute in SCIMResourceType.common where attribute.returned == .always { left.members[attribute.name] = members[attribute.name] }
            for cut in Self.cuts(paths, type) {
                guard let value = SCIMAttributes(members).value(at: cut.target), let part = cut.part(of: value, isKept: true) else { continue }
                left.insert(part, at: cut.target)
            }
            for urn in Self.extensions(paths, type) { left.members[urn] = members[urn] }
            return .object(left.members)
        case .without(let paths):
            for urn in Self.extensions(paths, type) { members[urn] = nil }
            var left = SCIMAttributes(members)
            for cut in Self.cuts(paths, type) where cut.target.attribute.returned != .always {
                guard let value = left.value(at: cut.target) else { continue }
                left.remove(at: cut.target)
                if let part = cut.part(of: value, isKept: false) { left.insert(part, at: cut.target) }
            }
            return .object(left.members)
        }
    }

    /// What is asked for of one attribute.
    private struct Cut {
        /// The attribute as a whole.
        var target: SCIMTarget
        /// Names of sub-attributes; nil for all of it.
        var subs: Set<String>?

        /// What is left of a value, or of each element of a list; nil when that is nothing.
        /// - Parameter isKept: whether the sub-attributes are kept, and the others left out, or the other way round.
        func part(of value: JSONValue, isKept: Bool) -> JSONValue? {
            // Spelled out, since a bare nil could be the null of JSON.
            let nothing = JSONValue?.none
            guard let subs else { return isKept ? value : nothing }
            switch value {
            case .array(let items):
                let parts = items.compactMap { part(of: $0, isKept: isKept) }
                return parts.isEmpty ? nothing : .array(parts)
            case .object(let members):
                let left = members.filter { subs.contains($0.key) == isKept }
                return left.isEmpty ? nothing : .object(left)
            case .null, .bool, .integer, .number, .string: return isKept ? nothing : value
            }
        }
    }

    /// The attributes that paths lead to, each once: two parts of a list are two of the same elements.
    private static func cuts(_ paths: [SCIMPath], _ type: SCIMResourceType) -> [Cut] {
        var cuts: [String: Cut] = [:]
        for path in paths {
            guard case .attribute(let target) = type.resolve(path) else { continue }
            let whole = SCIMTarget(extensionURN: target.extensionURN, attribute: target.attribute)
            var cut = cuts[whole.name] ?? Cut(target: whole, subs: [])
            if let sub = target.sub { cut.subs?.insert(sub.name) } else { cut.subs = nil }
            cuts[whole.name] = cut
        }
        return Array(cuts.values)
    }

    /// The extensions that are named as wholes.
    private static func extensions(_ paths: [SCIMPath], _ type: SCIMResourceType) -> [String] {
        paths.compactMap { path in
            if case .wholeExtension(let found) = type.resolve(path) { found.urn } else { nil }
        }
    }
}
