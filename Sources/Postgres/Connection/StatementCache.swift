import CLibPQ

/// The statements that a connection has prepared, by text and types of the parameters; the least recently used makes room.
struct StatementCache {
    struct Key: Hashable {
        let text: String
        let types: [Oid]
    }

    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    /// A longer text is most likely made for one use, and is not worth the server's memory.
    static let longestText = 16 * 1024

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var uses: UInt64 = 0
    private var made: UInt64 = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    var isFull: Bool { entries.count >= capacity }

    /// Whether so many more would be too many. Never when there is nothing to forget.
    func isOver(_ more: Int) -> Bool { !entries.isEmpty && entries.count + more > capacity }

    func accepts(_ text: String) -> Bool {
        capacity > 0 && text.utf8.count <= StatementCache.longestText
    }

    mutating func name(_ key: Key) -> String? {
        guard let index = entries.index(forKey: key) else { return nil }
        uses += 1
        entries.values[index].lastUse = uses
        return entries.values[index].name
    }

    /// A name that no statement of this connection has had.
    mutating func newName() -> String {
        made += 1
        return "s\(made)"
    }

    mutating func insert(_ key: Key, name: String) {
        uses += 1
        entries[key] = Entry(name: name, lastUse: uses)
    }

    /// Forgets a statement.
    /// - Returns: its name at the server.
    mutating func remove(_ key: Key) -> String? {
        entries.removeValue(forKey: key)?.name
    }

    /// Forgets the statement that was not used for the longest time.
    /// - Returns: its name at the server.
    mutating func removeOldest() -> String? {
        guard let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return nil }
        entries[oldest.key] = nil
        return oldest.value.name
    }

    /// Forgets all, without telling the server.
    mutating func removeAll() {
        entries.removeAll()
    }
}
