/// A kind of exposed data.
package struct DataTag: Sendable, Hashable {
    package var label: String
    package var isCritical: Bool

    package init(_ term: String) {
        let words = DataType.label(term)
        label = words.prefix(1).uppercased() + words.dropFirst()
        isCritical = DataType.critical.contains(term)
    }

    /// The kinds, what matters most first.
    package static func all(_ terms: [String]) -> [DataTag] {
        let tags = terms.map { DataTag($0) }
        return tags.filter(\.isCritical) + tags.filter { !$0.isCritical }
    }
}
