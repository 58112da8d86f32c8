extension Equatable {
    /// Whether this is the other value and each text in it is written with the same scalars.
    ///
    /// `==` takes two texts for equal that are only seen alike: é in one scalar and in two, Å and the sign for ångström. Whoever changes
    /// one into the other means it, and the database compares bytes: so what decides whether there is something to save asks here.
    package func isWritten(like other: Self) -> Bool { self == other && WrittenAlike.are(self, other) }
}

/// Looks through two equal values for texts that differ in their bytes.
private enum WrittenAlike {
    static func are(_ one: Any, _ other: Any) -> Bool {
        if let one = one as? String, let other = other as? String { return one.utf8.elementsEqual(other.utf8) }
        // Members have no order: they are found by name.
        if let one = one as? [String: Any], let other = other as? [String: Any] { return are(members: one, other) }
        let (ones, others) = (Mirror(reflecting: one), Mirror(reflecting: other))
        if ones.displayStyle == .set { return true }
        return zip(ones.children, others.children).allSatisfy { are($0.value, $1.value) }
    }

    private static func are(members one: [String: Any], _ other: [String: Any]) -> Bool {
        let others = Dictionary(uniqueKeysWithValues: other.map { (Array($0.key.utf8), $0.value) })
        return one.allSatisfy { name, value in others[Array(name.utf8)].map { are(value, $0) } ?? false }
    }
}
