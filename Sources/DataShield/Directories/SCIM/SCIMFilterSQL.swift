import Foundation
import Postgres
import SCIM

/// Writes a condition as SQL on `scim_resources r`. What comes from a client is only ever a bind, and so are the names of attributes.
///
/// It says what ``SCIMCondition/holds(for:)`` says: no value means no match, never unknown. A test holds the two against each other.
struct SCIMFilterSQL {
    let type: SCIMResourceType
    /// The address of the service, which locations begin with.
    let base: String

    /// The condition, and before it what an index can answer.
    func whole(_ condition: SCIMCondition) -> SQL {
        (fast(condition) + [sql(condition)]).joined(separator: " AND ")
    }

    /// Whether the condition asks for a value that only one resource has, or a few: there is no order worth walking along then.
    func isLookUp(_ condition: SCIMCondition) -> Bool {
        switch condition {
        case .all(let parts): parts.contains { isLookUp($0) }
        case .compare(let target, .text(.equal, _)):
            target.extensionURN == nil && target.sub == nil
                && (target.attribute.uniqueness == .server || target.attribute.name == "externalId")
        case .any, .not, .constant, .present, .compare, .element: false
        }
    }

    // MARK: What an index can answer

    /// Conditions on columns that follow from the condition: each is true wherever it is.
    private func fast(_ condition: SCIMCondition) -> [SQL] {
        switch condition {
        case .all(let parts): parts.flatMap { fast($0) }
        case .compare(let target, .text(.equal, let text)): fast(target, text).map { [$0] } ?? []
        case .element(let target, let inner): Self.equalValues(inner).compactMap { fast(target, $0) }
        case .any, .not, .constant, .present, .compare: []
        }
    }

    private func fast(_ target: SCIMTarget, _ text: String) -> SQL? {
        guard target.extensionURN == nil else { return nil }
        switch (target.attribute.name, target.sub?.name) {
        case ("id", nil): return "r.id = \(text)"
        case ("externalId", nil): return "r.external_id = \(text)"
        case ("userName", nil): return "r.name = \(text)"
        case ("displayName", nil) where type.name == SCIMResourceType.group.name: return "r.name = \(text)"
        case ("emails", "value"), ("emails", nil):
            return """
                r.id IN (
                    SELECT a.resource_id FROM scim_addresses a
                    WHERE a.company_id = current_company() AND a.connection_id = r.connection_id AND a.address = \(text))
                """
        case ("members", "value"), ("members", nil):
            return "r.id IN (SELECT m.group_id FROM scim_members m WHERE m.company_id = current_company() AND m.member_id = \(text))"
        default: return nil
        }
    }

    /// What an element's `value` has to be.
    private static func equalValues(_ condition: SCIMCondition) -> [String] {
        switch condition {
        case .all(let parts): parts.flatMap { equalValues($0) }
        case .compare(let target, .text(.equal, let text)) where target.attribute.name == "value": [text]
        case .any, .not, .constant, .present, .compare, .element: []
        }
    }

    // MARK: The condition itself

    private func sql(_ condition: SCIMCondition) -> SQL {
        switch condition {
        case .all(let parts): "(\(parts.map { sql($0) }.joined(separator: " AND ")))"
        case .any(let parts): "(\(parts.map { sql($0) }.joined(separator: " OR ")))"
        case .not(let part): "(NOT \(sql(part)))"
        case .constant(let value): value ? "true" : "false"
        case .present(let target): present(target)
        case .compare(let target, let comparison): compare(target, comparison)
        case .element(let target, let inner): some(target) { element in Self.element(inner, element) }
        }
    }

    private func present(_ target: SCIMTarget) -> SQL {
        if target.extensionURN == nil, ["id", "schemas", "meta"].contains(target.attribute.name) { return "true" }
        if target.attribute.isMultiValued {
            return some(target) { element in target.sub.map { "(\(element) ? \($0.name))" } ?? "true" }
        }
        // Nothing unassigned is stored, so that what is there has a value.
        return "COALESCE((r.search #> \(target.steps)) IS NOT NULL, false)"
    }

    private func compare(_ target: SCIMTarget, _ comparison: SCIMCondition.Comparison) -> SQL {
        if let column = column(target) { return Self.compare(column, comparison) }
        guard target.attribute.isMultiValued else { return Self.compare("(r.search #>> \(target.steps))", comparison) }
        return some(target) { element in
            Self.compare(target.sub.map { "(\(element) ->> \($0.name))" } ?? "(\(element) #>> '{}')", comparison)
        }
    }

    /// What is in a column rather than in the document.
    private func column(_ target: SCIMTarget) -> SQL? {
        guard target.extensionURN == nil else { return nil }
        switch (target.attribute.name, target.sub?.name) {
        case ("id", nil): return "r.id"
        case ("meta", "created"): return "r.created_at"
        case ("meta", "lastModified"): return "r.updated_at"
        case ("meta", "version"): return "('W/\"' || r.version || '\"')"
        case ("meta", "location"): return "(\(base + type.endpoint + "/")::text || r.id)"
        case ("meta", "resourceType"): return "\(type.name)::text"
        default: return nil
        }
    }

    /// That some element of a list fulfils a condition.
    private func some(_ target: SCIMTarget, _ condition: (SQL) -> SQL) -> SQL {
        if target.extensionURN == nil, target.attribute.name == "members" {
            return "EXISTS (SELECT FROM scim_members m WHERE m.company_id = r.company_id AND m.group_id = r.id AND \(condition("m.search")))"
        }
        let list = SCIMTarget(extensionURN: target.extensionURN, attribute: target.attribute)
        guard target.attribute.isMultiValued else {
            let object: SQL = "(r.search #> \(list.steps))"
            return "COALESCE(\(object) IS NOT NULL AND \(condition(object)), false)"
        }
        return "EXISTS (SELECT FROM jsonb_array_elements(r.search #> \(list.steps)) AS e (value) WHERE \(condition("e.value")))"
    }

    /// A condition on an element, whose targets are the element's own.
    private static func element(_ condition: SCIMCondition, _ element: SQL) -> SQL {
        switch condition {
        case .all(let parts): "(\(parts.map { Self.element($0, element) }.joined(separator: " AND ")))"
        case .any(let parts): "(\(parts.map { Self.element($0, element) }.joined(separator: " OR ")))"
        case .not(let part): "(NOT \(Self.element(part, element)))"
        case .constant(let value): value ? "true" : "false"
        case .present(let target): "(\(element) ? \(target.attribute.name))"
        case .compare(let target, let comparison): compare("(\(element) ->> \(target.attribute.name))", comparison)
        case .element: "false"
        }
    }

    private static func compare(_ value: SQL, _ comparison: SCIMCondition.Comparison) -> SQL {
        switch comparison {
        case .flag(let flag): return "COALESCE(\(value) = \(flag ? "true" : "false"), false)"
        case .time(let comparison, let time):
            let sign: SQL =
                switch comparison {
                case .equal: "="
                case .greater: ">"
                case .greaterOrEqual: ">="
                case .less: "<"
                case .lessOrEqual: "<="
                }
            return "(\(value) \(sign) \(time))"
        case .text(let comparison, let text):
            // By bytes, as the program compares: the server's locale has no say.
            let value: SQL = "(\(value) COLLATE \"C\")"
            let test: SQL =
                switch comparison {
                case .equal: "\(value) = \(text)"
                case .contains: "strpos(\(value), \(text)) > 0"
                case .startsWith: "starts_with(\(value), \(text))"
                case .endsWith: "right(\(value), char_length(\(text)::text)) = \(text)"
                case .greater: "\(value) > \(text)"
                case .greaterOrEqual: "\(value) >= \(text)"
                case .less: "\(value) < \(text)"
                case .lessOrEqual: "\(value) <= \(text)"
                }
            return "COALESCE(\(test), false)"
        }
    }

    // MARK: Order

    /// What a list is sorted by; nulls are last, or first when the order is turned around, as RFC 7644 §3.4.2.3 has it.
    func order(by target: SCIMTarget) -> SQL {
        if target.extensionURN == nil, target.sub == nil, target.attribute.uniqueness == .server, target.attribute.isRequired { return "r.name" }
        if let column = column(target) { return target.leaf.kind == .dateTime ? column : "(\(column) COLLATE \"C\")" }
        guard target.attribute.isMultiValued, let sub = target.sub else { return "((r.search #>> \(target.steps)) COLLATE \"C\")" }
        let list = SCIMTarget(extensionURN: target.extensionURN, attribute: target.attribute)
        return """
            ((SELECT e.value ->> \(sub.name) FROM jsonb_array_elements(r.search #> \(list.steps)) WITH ORDINALITY AS e (value, place)
                ORDER BY (e.value ->> 'primary') IS NOT DISTINCT FROM 'true' DESC, e.place LIMIT 1) COLLATE "C")
            """
    }
}
