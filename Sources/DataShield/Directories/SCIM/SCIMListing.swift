import Foundation
import Postgres
import SCIM

/// A question for resources, as SQL.
struct SCIMListing {
    let access: SCIMAccess
    /// The kinds asked for, each with its condition.
    let kinds: [(kind: SCIMKind, condition: SCIMCondition?)]
    let order: SQL
    let page: SCIMPageRequest

    /// - Throws: ``SCIMError`` for a filter or an order that a kind does not have.
    init(_ query: SCIMQuery, _ kinds: [SCIMKind], _ access: SCIMAccess) throws {
        self.access = access
        page = query.page
        var conditions: [(SCIMKind, SCIMCondition?)] = []
        for kind in kinds { conditions.append((kind, try query.filter.map { try kind.type.condition($0) })) }
        self.kinds = conditions
        guard let path = query.sortBy else {
            // Ids begin with the time at which they were made.
            order = "r.id"
            return
        }
        let targets = try kinds.map { try $0.type.sorting(by: path) }
        guard let first = targets.first, targets.allSatisfy({ $0 == first }) else {
            throw SCIMError.invalidPath("sortBy is not the same attribute in all kinds of resources asked for.")
        }
        let sort = SCIMFilterSQL(type: kinds[0].type, base: access.base).order(by: first)
        order = "\(sort)\(query.isDescending ? " DESC" : "" as SQL), r.id"
    }

    private var condition: SQL {
        let alternatives = kinds.map { kind, condition -> SQL in
            guard let condition else { return "r.kind = \(kind.rawValue)" }
            return "r.kind = \(kind.rawValue) AND \(SCIMFilterSQL(type: kind.type, base: access.base).whole(condition))"
        }
        let scope: SQL = "r.company_id = \(access.company) AND r.connection_id = \(access.connection)"
        if alternatives.count == 1 { return "\(scope) AND \(alternatives[0])" }
        return "\(scope) AND (\(alternatives.map { "(\($0))" as SQL }.joined(separator: " OR ")))"
    }

    /// The page.
    ///
    /// The protocol names a page by the number of its first row and has no cursor, so that what comes before has to be counted; the
    /// server stops counting at the end of the page.
    var rows: SQL {
        if page.startIndex == 1, kinds.count == 1, let asked = kinds[0].condition,
            SCIMFilterSQL(type: kinds[0].kind.type, base: access.base).isLookUp(asked)
        {
            // Asked for an order, the planner may walk along it in search of the one row: the few there are, are found first and put in order then.
            return """
                WITH found AS MATERIALIZED (SELECT r.* FROM scim_resources r WHERE \(condition))
                SELECT \(SCIMResource.columns) FROM found r ORDER BY \(order) \(SQL.limit(page.count))
                """
        }
        if page.startIndex == 1 {
            return "SELECT \(SCIMResource.columns) FROM scim_resources r WHERE \(condition) ORDER BY \(order) \(SQL.limit(page.count))"
        }
        return """
            SELECT \(SCIMResource.columns) FROM (
                SELECT r.*, row_number() OVER (ORDER BY \(order)) AS place FROM scim_resources r WHERE \(condition)
            ) AS r
            WHERE r.place >= \(page.startIndex) AND r.place < \(page.startIndex + page.count) ORDER BY r.place
            """
    }

    var count: SQL { "SELECT count(*) FROM scim_resources r WHERE \(condition)" }

    /// How many there are when the page itself tells.
    func total(after rows: Int) -> Int? {
        rows < page.count && (rows > 0 || page.startIndex == 1) ? page.startIndex - 1 + rows : nil
    }
}
