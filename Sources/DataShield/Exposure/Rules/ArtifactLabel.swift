extension ArtifactKind {
    /// The kind that a source's label stands for, by what the label contains; the first that fits.
    /// - Returns: nil for a label that stands for none: it is dropped.
    package init?(label: some StringProtocol) {
        let label = label.lowercased()
        func contains(_ words: String...) -> Bool { words.contains { label.contains($0) } }
        if contains("cookie") {
            self = .cookie
        } else if contains("token", "jwt", "session") {
            self = .token
        } else if contains("autofill", "form") {
            self = .autofill
        } else if contains("password", "credential", "pass") {
            self = .password
        } else {
            return nil
        }
    }

    /// The kinds of several labels, each once, in the order of the enum, so that two lists of the same kinds are equal.
    package static func kinds(of labels: some Sequence<String>) -> [ArtifactKind] {
        let kinds = Set(labels.compactMap { ArtifactKind(label: $0) })
        return allCases.filter(kinds.contains)
    }
}
