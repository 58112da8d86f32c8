import CLeakScan

/// From keys to the numbers of patterns: open addressing, eight bytes a slot, so that a miss costs one line of the cache.
struct PatternTable {
    struct Cursor {
        fileprivate var slot: Int
        fileprivate var tag: UInt32
    }

    private struct Slot {
        /// Part of the key that does not choose the slot.
        var tag: UInt32
        /// The pattern's number plus one; 0 in an empty slot.
        var entry: UInt32
    }

    private var slots: [Slot]
    private var used = 0
    private var shift: UInt64
    /// Kept until the table is sealed, to place the patterns anew when it grows.
    private var keys: [UInt64] = []

    init(capacity: Int) {
        var power = 4
        while 1 << power < 2 * capacity { power += 1 }
        slots = Array(repeating: Slot(tag: 0, entry: 0), count: 1 << power)
        shift = UInt64(64 - power)
    }

    func cursor(_ key: UInt64) -> Cursor {
        Cursor(slot: Int(spread(key) >> shift), tag: UInt32(truncatingIfNeeded: key))
    }

    /// Has the memory where a key is looked up brought into the cache.
    func prefetch(_ key: UInt64) {
        slots.withUnsafeBufferPointer { slots in
            if let base = slots.baseAddress { leak_prefetch(base + Int(spread(key) >> shift)) }
        }
    }

    /// The pattern that most likely has the key: the one in the first slot.
    func likely(_ key: UInt64) -> Int? {
        let slot = slots[Int(spread(key) >> shift)]
        return slot.entry > 0 ? Int(slot.entry) - 1 : nil
    }

    /// The next pattern that may have the key.
    func next(_ cursor: inout Cursor) -> Int? {
        while true {
            let slot = slots[cursor.slot]
            if slot.entry == 0 { return nil }
            cursor.slot = (cursor.slot + 1) & (slots.count - 1)
            if slot.tag == cursor.tag { return Int(slot.entry) - 1 }
        }
    }

    mutating func insert(_ key: UInt64, _ pattern: Int) {
        if 2 * (used + 1) > slots.count { grow() }
        place(Slot(tag: UInt32(truncatingIfNeeded: key), entry: UInt32(pattern + 1)), at: Int(spread(key) >> shift))
        used += 1
        keys.append(key)
    }

    /// Call it when all patterns are in.
    mutating func seal() { keys = [] }

    private mutating func grow() {
        shift -= 1
        slots = Array(repeating: Slot(tag: 0, entry: 0), count: 2 * slots.count)
        for (pattern, key) in keys.enumerated() {
            place(Slot(tag: UInt32(truncatingIfNeeded: key), entry: UInt32(pattern + 1)), at: Int(spread(key) >> shift))
        }
    }

    private mutating func place(_ slot: Slot, at start: Int) {
        var place = start
        while slots[place].entry != 0 { place = (place + 1) & (slots.count - 1) }
        slots[place] = slot
    }

    private func spread(_ key: UInt64) -> UInt64 { key &* 0x9E37_79B9_7F4A_7C15 }
}
