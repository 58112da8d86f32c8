import Scalars

/// A filter as a client writes it, RFC 7644 §3.4.2.2, before it is known what its names mean.
package indirect enum SCIMFilter: Sendable, Hashable {
    case and([SCIMFilter])
    case or([SCIMFilter])
    case not(SCIMFilter)
    case present(SCIMPath)
    case compare(SCIMPath, SCIMOperator, SCIMComparand)
    /// One element of a list that fulfils all of the filter: `emails[type eq "work" and primary eq true]`.
    case element(SCIMPath, SCIMFilter)

    /// What keeps a filter from costing more than it is worth.
    package static let maximumLength = 8_192
    static let maximumDepth = 20
    static let maximumTerms = 100
}

/// RFC 7644, table 3.
package enum SCIMOperator: String, Sendable, CaseIterable {
    case equal = "eq"
    case notEqual = "ne"
    case contains = "co"
    case startsWith = "sw"
    case endsWith = "ew"
    case greater = "gt"
    case greaterOrEqual = "ge"
    case less = "lt"
    case lessOrEqual = "le"
}

/// What an attribute is compared with.
package enum SCIMComparand: Sendable, Hashable {
    case text(String)
    case flag(Bool)
    case null
    /// Without quotes, as some clients write texts and all write numbers.
    case bare(String)
}

extension SCIMFilter: CustomStringConvertible {
    /// The filter in the RFC's words. Read again, it is the same.
    package var description: String { text(inside: nil) }

    private enum Outer { case and, or }

    private func text(inside outer: Outer?) -> String {
        switch self {
        case .and(let parts):
            let text = parts.map { $0.text(inside: .and) }.joined(separator: " and ")
            return outer == .and ? "(\(text))" : text
        case .or(let parts):
            let text = parts.map { $0.text(inside: .or) }.joined(separator: " or ")
            return outer == nil ? text : "(\(text))"
        case .not(let part): return "not (\(part.text(inside: nil)))"
        case .present(let path): return "\(path) pr"
        case .compare(let path, let comparison, let comparand): return "\(path) \(comparison.rawValue) \(comparand)"
        case .element(let path, let filter): return "\(path)[\(filter.text(inside: nil))]"
        }
    }
}

extension SCIMComparand: CustomStringConvertible {
    package var description: String {
        switch self {
        case .text(let text): "\"" + text.swapping(Self.escaped) + "\""
        case .flag(let flag): flag ? "true" : "false"
        case .null: "null"
        case .bare(let text): text
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: nil
        }
    }
}
