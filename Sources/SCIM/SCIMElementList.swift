import JSON

/// What a PATCH has cost so far, counted in elements that were looked at.
///
/// A change is made while a row and a connection of the pool are held: one that would look at millions of elements is refused.
package struct SCIMPatchWork: Sendable {
    /// Some tenths of a second.
    package static let limit = 1_000_000

    package private(set) var steps = 0
    private var known = 0

    package init() {}

    /// Counts the elements of a list that is looked at for the first time: those are there, however many, and are free.
    mutating func open(_ count: Int) {
        steps += count
        known += count
    }

    /// - Throws: `tooMany` when the limit is reached.
    mutating func add(_ count: Int) throws(SCIMError) {
        steps += count
        guard steps - known <= Self.limit else {
            throw SCIMError(
                code: 400, .tooMany,
                "The operations together look at too many elements: name elements by their value, such as members[value eq \"id\"], or send fewer.")
        }
    }
}

/// A list in the middle of a PATCH. Its elements are found by their value, so that a change of one among ten thousand looks at one.
struct SCIMElementList {
    private let attribute: SCIMAttribute
    /// What was taken away leaves a gap: places stay what they are.
    private var slots: [JSONValue?]
    /// Places by value, folded as filters see it. One that has changed meanwhile is still under its former value, and passed over.
    private var places: [String?: [Int]] = [:]
    private let isKnownByValue: Bool
    private let isCaseExact: Bool

    init(_ items: [JSONValue], of attribute: SCIMAttribute) {
        self.attribute = attribute
        isKnownByValue = attribute.sub("value")?.mutability == .immutable
        isCaseExact = attribute.sub("value")?.isCaseExact ?? true
        slots = items.map { Self.assigned($0) }
        places.reserveCapacity(items.count)
        for (place, item) in items.enumerated() { places[index(item), default: []].append(place) }
    }

    /// The elements that are there.
    var items: [JSONValue] { slots.compactMap { $0 } }

    var all: [Int] { slots.indices.filter { slots[$0] != nil } }

    /// An element; one with nothing in it is none.
    subscript(place: Int) -> JSONValue? {
        get { slots[place] }
        set {
            let value = newValue.flatMap { Self.assigned($0) }
            if let value, slots[place].map({ index($0) != index(value) }) ?? true { places[index(value), default: []].append(place) }
            slots[place] = value
        }
    }

    /// - Returns: its place.
    mutating func append(_ element: JSONValue) -> Int {
        places[index(element), default: []].append(slots.count)
        slots.append(element)
        return slots.count - 1
    }

    /// nil for something that is not an element. (A bare `nil` could be the null of JSON.)
    private static func assigned(_ value: JSONValue) -> JSONValue? { value.isUnassigned ? Optional.none : value }

    private func index(_ element: JSONValue) -> String? { element["value"]?.text.map { isCaseExact ? $0 : SCIMText.folded($0) } }

    // MARK: Finding

    /// Where the same element is: that of the same value and use; of members the value alone counts. The rest is said about it.
    func place(of element: JSONValue, _ work: inout SCIMPatchWork) throws(SCIMError) -> Int? {
        for place in places[index(element)] ?? [] {
            try work.add(1)
            guard let known = slots[place] else { continue }
            guard let value = element["value"] else {
                if known == element { return place }
                continue
            }
            if known["value"] == value, isKnownByValue || known["type"] == element["type"] { return place }
        }
        return nil
    }

    /// Takes away what a client names: by its value, and by its use where both say one.
    mutating func remove(like wanted: JSONValue, _ work: inout SCIMPatchWork) throws(SCIMError) {
        for place in places[index(wanted)] ?? [] {
            try work.add(1)
            guard let known = slots[place] else { continue }
            let isMeant =
                wanted["value"].map { value in
                    value == known["value"] && (wanted["type"] == nil || known["type"] == nil || wanted["type"] == known["type"])
                } ?? (wanted == known)
            if isMeant { slots[place] = Optional.none }
        }
    }

    /// The places of those that fulfil a condition, in their order.
    func places(fulfilling condition: SCIMCondition, _ work: inout SCIMPatchWork) throws(SCIMError) -> [Int] {
        var chosen: [Int] = []
        let terms = condition.termCount
        for place in candidates(condition) ?? all {
            try work.add(terms)
            guard let element = slots[place], condition.holds(for: element) else { continue }
            chosen.append(place)
        }
        return chosen
    }

    /// All that can fulfil a condition, when the condition says their values; nil: any.
    private func candidates(_ condition: SCIMCondition) -> [Int]? {
        switch condition {
        case .compare(let target, .text(.equal, let text)):
            return target.attribute.name == "value" && target.sub == nil ? places[text] ?? [] : nil
        case .all(let parts): return parts.compactMap { candidates($0) }.min { $0.count < $1.count }
        case .any(let parts):
            var union = Set<Int>()
            for part in parts {
                guard let some = candidates(part) else { return nil }
                union.formUnion(some)
            }
            return union.sorted()
        case .not, .constant, .present, .compare, .element: return nil
        }
    }

    // MARK: The preferred one

    /// Where the last of some elements is primary, no other is any longer (RFC 7644 §3.5.2).
    mutating func prefer(_ touched: [Int], _ work: inout SCIMPatchWork) throws(SCIMError) {
        guard let chosen = touched.last(where: { slots[$0]?["primary"] == true }) else { return }
        try work.add(slots.count)
        for place in slots.indices where place != chosen {
            guard slots[place]?["primary"] == true, case .object(var members)? = slots[place] else { continue }
            members["primary"] = false
            slots[place] = .object(members)
        }
    }
}

extension SCIMCondition {
    /// How many comparisons it is.
    var termCount: Int {
        switch self {
        case .all(let parts), .any(let parts): parts.reduce(0) { $0 + $1.termCount }
        case .not(let part), .element(_, let part): part.termCount
        case .constant, .present, .compare: 1
        }
    }
}
