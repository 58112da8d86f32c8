import Foundation
import JSON

/// A filter whose names are known to mean something in a kind of resource, and whose values are of the attributes' types.
package indirect enum SCIMCondition: Sendable, Hashable {
    case all([SCIMCondition])
    case any([SCIMCondition])
    case not(SCIMCondition)
    /// Always so, or never: of an attribute that no resource has.
    case constant(Bool)
    case present(SCIMTarget)
    case compare(SCIMTarget, Comparison)
    /// One element of the list fulfils all of it. Targets inside are the element's own: their `attribute` is a sub-attribute.
    case element(SCIMTarget, SCIMCondition)

    /// What a value is compared with.
    package enum Comparison: Sendable, Hashable {
        /// Folded already unless the attribute is case-exact.
        case text(SCIMTextOperator, String)
        case flag(Bool)
        case time(SCIMOrderOperator, Date)
    }
}

/// How texts can be compared; unequal is the negation of equal.
package enum SCIMTextOperator: Sendable, Hashable {
    case equal, contains, startsWith, endsWith, greater, greaterOrEqual, less, lessOrEqual
}

/// How times can be compared.
package enum SCIMOrderOperator: Sendable, Hashable {
    case equal, greater, greaterOrEqual, less, lessOrEqual
}

extension SCIMResourceType {
    /// Finds out what a filter means. `ne` is "not eq": of a list it asks that no element is equal, and it holds where there is no value.
    /// - Throws: `invalidFilter` for a comparison that the attribute's type does not have. An attribute that we do not know has no
    ///   value in any resource; a client that asks for one gets an answer rather than an error.
    package func condition(_ filter: SCIMFilter) throws(SCIMError) -> SCIMCondition {
        switch filter {
        case .and(let parts): return .all(try conditions(parts))
        case .or(let parts): return .any(try conditions(parts))
        case .not(let part): return .not(try condition(part))
        case .present(let path):
            switch resolve(path) {
            case .attribute(let target): return .present(target)
            case .wholeExtension(let schema):
                return .any(schema.attributes.map { .present(SCIMTarget(extensionURN: schema.urn, attribute: $0)) })
            case .passedOver, .unknown: return .constant(false)
            }
        case .compare(let path, let comparison, let comparand):
            switch resolve(path) {
            case .attribute(let target): return try Self.comparison(Self.comparable(target), comparison, comparand)
            case .wholeExtension: throw .invalidFilter("\(path) is a schema: an attribute of it can be compared.")
            case .passedOver, .unknown: return .constant(comparison == .notEqual)
            }
        case .element(let path, let filter):
            switch resolve(path) {
            case .attribute(let target): return try Self.valueCondition(filter, of: target)
            case .wholeExtension: throw .invalidFilter("\(path) is a schema: an attribute of it can be compared.")
            case .passedOver, .unknown: return .constant(false)
            }
        }
    }

    private func conditions(_ filters: [SCIMFilter]) throws(SCIMError) -> [SCIMCondition] {
        var conditions: [SCIMCondition] = []
        for filter in filters { conditions.append(try condition(filter)) }
        return conditions
    }

    /// What a filter in brackets asks of a resource. One element of a list fulfils it, or the one value where there is no list, as Entra asks
    /// for managers. Where that has no parts, `value` is the value itself.
    static func valueCondition(_ filter: SCIMFilter, of target: SCIMTarget) throws(SCIMError) -> SCIMCondition {
        guard target.leaf.kind != .complex else { return .element(target, try elementCondition(filter, of: target.leaf)) }
        func all(_ filters: [SCIMFilter]) throws(SCIMError) -> [SCIMCondition] {
            var conditions: [SCIMCondition] = []
            for filter in filters { conditions.append(try valueCondition(filter, of: target)) }
            return conditions
        }
        switch filter {
        case .and(let parts): return .all(try all(parts))
        case .or(let parts): return .any(try all(parts))
        case .not(let part): return .not(try valueCondition(part, of: target))
        case .present(let path): return path.isValue ? .present(target) : .constant(false)
        case .compare(let path, let comparison, let comparand):
            return path.isValue ? try Self.comparison(target, comparison, comparand) : .constant(comparison == .notEqual)
        case .element: throw .invalidFilter("There are no brackets inside of brackets.")
        }
    }

    /// What a filter in brackets means, where the names are those of sub-attributes. As of attributes, one that we do not know has no value.
    static func elementCondition(_ filter: SCIMFilter, of attribute: SCIMAttribute) throws(SCIMError) -> SCIMCondition {
        func target(_ path: SCIMPath) -> SCIMTarget? {
            guard path.urn == nil, path.parts.count == 1, let sub = attribute.sub(path.parts[0]) else { return nil }
            return SCIMTarget(attribute: sub)
        }
        func all(_ filters: [SCIMFilter]) throws(SCIMError) -> [SCIMCondition] {
            var conditions: [SCIMCondition] = []
            for filter in filters { conditions.append(try elementCondition(filter, of: attribute)) }
            return conditions
        }
        switch filter {
        case .and(let parts): return .all(try all(parts))
        case .or(let parts): return .any(try all(parts))
        case .not(let part): return .not(try elementCondition(part, of: attribute))
        case .present(let path): return target(path).map { .present($0) } ?? .constant(false)
        case .compare(let path, let comparison, let comparand):
            guard let target = target(path) else { return .constant(comparison == .notEqual) }
            return try Self.comparison(target, comparison, comparand)
        case .element: throw .invalidFilter("There are no brackets inside of brackets.")
        }
    }

    /// `emails eq "x"` means `emails.value eq "x"`.
    private static func comparable(_ target: SCIMTarget) throws(SCIMError) -> SCIMTarget {
        guard target.leaf.kind == .complex else { return target }
        guard target.sub == nil, let value = target.attribute.sub("value") else {
            let names = target.attribute.subAttributes.map { "\(target.name).\($0.name)" }.joined(separator: ", ")
            throw .invalidFilter("\(target.name) cannot be compared as a whole, only its parts: \(names).")
        }
        var target = target
        target.sub = value
        return target
    }

    private static func comparison(_ target: SCIMTarget, _ comparison: SCIMOperator, _ comparand: SCIMComparand) throws(SCIMError) -> SCIMCondition {
        if comparand == .null {
            switch comparison {
            case .equal: return .not(.present(target))
            case .notEqual: return .present(target)
            case .contains, .startsWith, .endsWith, .greater, .greaterOrEqual, .less, .lessOrEqual:
                throw .invalidFilter("null is only equal or not equal.")
            }
        }
        if comparison == .notEqual { return .not(try Self.comparison(target, .equal, comparand)) }
        switch target.leaf.kind {
        case .string, .reference:
            let text = Self.text(comparand)
            return .compare(target, .text(textOperator(comparison), target.leaf.isCaseExact ? text : SCIMText.folded(text)))
        case .boolean:
            guard comparison == .equal else { throw .invalidFilter("\(target.name) is true or false: it is compared by eq and ne only.") }
            switch SCIMText.folded(Self.text(comparand)) {
            case "true": return .compare(target, .flag(true))
            case "false": return .compare(target, .flag(false))
            // Microsoft's validator asks whether `primary` equals any text: none does.
            default: return .constant(false)
            }
        case .dateTime:
            guard let order = orderOperator(comparison) else { throw .invalidFilter("\(target.name) is a time: co, sw and ew do not apply.") }
            guard let time = SCIMText.time(Self.text(comparand)) else {
                throw .invalidFilter("\(target.name) is compared with a time, such as 2026-01-31T12:00:00Z.")
            }
            return .compare(target, .time(order, time))
        case .complex:
            throw .invalidFilter("\(target.name) cannot be compared as a whole.")
        }
    }

    private static func text(_ comparand: SCIMComparand) -> String {
        switch comparand {
        case .text(let text), .bare(let text): text
        case .flag(let flag): flag ? "true" : "false"
        case .null: ""
        }
    }

    private static func textOperator(_ comparison: SCIMOperator) -> SCIMTextOperator {
        switch comparison {
        case .equal, .notEqual: .equal
        case .contains: .contains
        case .startsWith: .startsWith
        case .endsWith: .endsWith
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        }
    }

    private static func orderOperator(_ comparison: SCIMOperator) -> SCIMOrderOperator? {
        switch comparison {
        case .equal, .notEqual: .equal
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .contains, .startsWith, .endsWith: nil
        }
    }
}

extension SCIMCondition {
    /// Whether a resource fulfils it.
    /// - Parameter resource: a whole resource, with id, meta and schemas; or an element of a list, for a condition on elements.
    package func holds(for resource: JSONValue) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.holds(for: resource) }
        case .any(let parts): parts.contains { $0.holds(for: resource) }
        case .not(let part): !part.holds(for: resource)
        case .constant(let value): value
        case .present(let target): target.values(in: resource).contains { !$0.isUnassigned }
        case .compare(let target, let comparison): target.values(in: resource).contains { comparison.holds(for: $0, target.leaf) }
        case .element(let target, let condition): target.values(in: resource).contains { condition.holds(for: $0) }
        }
    }
}

extension SCIMTarget {
    /// The values at the target: those of all elements where lists are on the way.
    func values(in resource: JSONValue) -> [JSONValue] {
        var values = [resource]
        for step in steps {
            values = values.flatMap { value -> [JSONValue] in
                guard let found = value[step] else { return [] }
                return found.items ?? [found]
            }
        }
        return values
    }
}

extension SCIMCondition.Comparison {
    func holds(for value: JSONValue, _ attribute: SCIMAttribute) -> Bool {
        switch (self, value) {
        case (.text(let comparison, let wanted), .string(let text)):
            return comparison.holds(attribute.isCaseExact ? text : SCIMText.folded(text), wanted)
        case (.flag(let wanted), .bool(let flag)): return flag == wanted
        case (.time(let comparison, let wanted), .string(let text)):
            guard let time = SCIMText.time(text) else { return false }
            return comparison.holds(time, wanted)
        default: return false
        }
    }
}

extension SCIMTextOperator {
    func holds(_ text: String, _ wanted: String) -> Bool {
        switch self {
        case .equal: text.utf8.elementsEqual(wanted.utf8)
        case .contains: SCIMText.contains(text, wanted)
        case .startsWith: text.utf8.starts(with: wanted.utf8)
        case .endsWith: text.utf8.reversed().starts(with: wanted.utf8.reversed())
        case .greater: SCIMText.precedes(wanted, text)
        case .greaterOrEqual: !SCIMText.precedes(text, wanted)
        case .less: SCIMText.precedes(text, wanted)
        case .lessOrEqual: !SCIMText.precedes(wanted, text)
        }
    }
}

extension SCIMOrderOperator {
    func holds<T: Comparable>(_ value: T, _ wanted: T) -> Bool {
        switch self {
        case .equal: value == wanted
        case .greater: value > wanted
        case .greaterOrEqual: value >= wanted
        case .less: value < wanted
        case .lessOrEqual: value <= wanted
        }
    }
}
