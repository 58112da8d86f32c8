/// Rows of an answer that cannot be read. They are left out and told; without any other row they keep the answer from being "nothing".
struct UnreadRows: Sendable, Hashable {
    private(set) var count = 0
    /// What could not be read of the first; not what it held.
    private(set) var first: String?

    mutating func add(_ reason: String) {
        count += 1
        first = first ?? reason
    }

    mutating func add(_ other: UnreadRows) {
        count += other.count
        first = first ?? other.first
    }

    /// "2 rows cannot be read: entries[].email is missing"; nil when there are none.
    var words: String? { first.map { "\(count) \(count == 1 ? "row" : "rows") cannot be read: \($0)" } }

    /// - Throws: ``ProviderFailure/malformed(_:)`` when nothing else was in the answer: then it has another form.
    func refuse(whenEmpty isEmpty: Bool) throws(ProviderFailure) {
        if isEmpty, let first { throw .malformed(first) }
    }
}

extension LookUp {
    /// An answer about an address, of which something may be missing.
    /// - Parameters:
    ///   - missing: what keeps it from being all.
    ///   - unread: rows that may be about the address.
    /// - Throws: ``ProviderFailure`` where nothing was found and something is missing: that is not the service's word that it has nothing.
    init(_ findings: [Finding], of provider: ApiProvider, missing: String?, unread: UnreadRows) throws(ProviderFailure) {
        try unread.refuse(whenEmpty: findings.isEmpty)
        if findings.isEmpty, let missing { throw .incomplete(missing) }
        let words = [missing, unread.words].compactMap { $0 }
        self.init(findings, warning: words.isEmpty ? nil : "\(provider.displayName): \(words.joined(separator: "; "))")
    }
}
