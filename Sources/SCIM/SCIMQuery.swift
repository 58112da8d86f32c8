import JSON

/// A question for resources: the query string of a GET, or the body of a POST to `.search` (RFC 7644 §3.4.2 and §3.4.3).
package struct SCIMQuery: Sendable, Hashable {
    package var filter: SCIMFilter?
    package var sortBy: SCIMPath?
    package var isDescending = false
    package var page: SCIMPageRequest
    package var projection: SCIMProjection

    /// Reads a query string.
    /// - Parameter parameters: by name; names of other things, such as Entra's `aadOptscim062020`, are passed over.
    /// - Throws: `invalidFilter`, `invalidPath`, `invalidValue`.
    package init(parameters: [String: String]) throws(SCIMError) {
        try self.init(try SCIMMembers(parameters.mapValues { .string($0) })) { SCIMProjection.names($0.text) }
    }

    /// Reads the body of a search.
    package init(search body: JSONValue) throws(SCIMError) {
        try self.init(try SCIMMessage.members(of: body, SCIMMessage.searchRequest)) { value in
            value.items?.compactMap(\.text) ?? SCIMProjection.names(value.text)
        }
    }

    private init(_ members: SCIMMembers, names: (JSONValue) -> [String]) throws(SCIMError) {
        if let text = try members.string("filter"), !text.isEmpty { filter = try SCIMFilterParser.filter(text) }
        if let text = try members.string("sortBy"), !text.isEmpty { sortBy = try SCIMPath(text) }
        switch SCIMText.folded(try members.string("sortOrder") ?? "") {
        case "", "ascending": isDescending = false
        case "descending": isDescending = true
        default: throw .invalidValue("sortOrder is ascending or descending.")
        }
        page = SCIMPageRequest(startIndex: try members.integer("startIndex"), count: try members.integer("count"))
        projection = try SCIMProjection(
            only: members["attributes"].map(names) ?? [], without: members["excludedAttributes"].map(names) ?? [])
    }
}

/// Which part of a list is wanted, RFC 7644 §3.4.2.4.
package struct SCIMPageRequest: Sendable, Hashable {
    /// What is answered when nobody says how much.
    package static let standardCount = 100
    package static let maximumCount = 1_000

    /// 1 for the first; less is taken for 1.
    package let startIndex: Int
    /// How many at most; less than none is none, and more than ``maximumCount`` is that.
    package let count: Int

    package init(startIndex: Int?, count: Int?) {
        // What lies beyond is beyond any list, and must not overflow when the page is added to it.
        self.startIndex = min(max(1, startIndex ?? 1), 1 << 40)
        self.count = min(max(0, count ?? Self.standardCount), Self.maximumCount)
    }
}

/// The answer to a question for resources.
package struct SCIMList: Sendable, Hashable {
    package var resources: [JSONValue]
    package var totalResults: Int
    package var startIndex: Int

    package init(_ resources: [JSONValue], totalResults: Int, startIndex: Int = 1) {
        self.resources = resources
        self.totalResults = totalResults
        self.startIndex = startIndex
    }

    package var body: JSONValue {
        [
            "schemas": [.string(SCIMMessage.listResponse)], "totalResults": .integer(totalResults), "startIndex": .integer(startIndex),
            "itemsPerPage": .integer(resources.count), "Resources": .array(resources),
        ]
    }
}

extension SCIMResourceType {
    /// By what a list is to be sorted.
    /// - Throws: `invalidPath` when the resources have no such attribute, or one that has no order.
    package func sorting(by path: SCIMPath) throws(SCIMError) -> SCIMTarget {
        guard case .attribute(var target) = resolve(path) else { throw .invalidPath("sortBy is an attribute of \(name), such as userName.") }
        if target.leaf.kind == .complex, let value = target.attribute.sub("value") { target.sub = value }
        guard target.leaf.kind != .complex, target.attribute.name != "schemas", target.attribute.name != "members" else {
            throw .invalidPath("\(target.name) has no order to sort by.")
        }
        return target
    }
}

extension SCIMTarget {
    /// What a resource is sorted by: of a list the primary element, or else the first (RFC 7644 §3.4.2.3); nil sorts last.
    package func sortKey(of resource: JSONValue) -> String? {
        var value: JSONValue? = resource
        for step in steps {
            if case .array(let items)? = value { value = items.first { $0["primary"] == true } ?? items.first }
            value = value?[step]
        }
        switch value {
        case .string(let text)?: return leaf.isCaseExact ? text : SCIMText.folded(text)
        case .bool(let flag)?: return flag ? "true" : "false"
        case .null?, .integer?, .number?, .array?, .object?, nil: return nil
        }
    }
}

/// Orders resources as a client asked.
package enum SCIMSorting {
    /// Those without a value come last, or first when the order is turned around; those that are equal stay in their order.
    package static func sorted(_ resources: [JSONValue], by target: SCIMTarget, isDescending: Bool) -> [JSONValue] {
        let keyed = resources.enumerated().map { (place: $0, key: target.sortKey(of: $1), resource: $1) }
        return keyed.sorted { left, right in
            switch (left.key, right.key) {
            case (nil, nil): return left.place < right.place
            case (nil, _): return isDescending
            case (_, nil): return !isDescending
            case (let one?, let other?):
                if one.utf8.elementsEqual(other.utf8) { return left.place < right.place }
                return SCIMText.precedes(one, other) != isDescending
            }
        }.map(\.resource)
    }
}
