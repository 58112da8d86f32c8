import Synchronization

/// Headers of tables that stand amid a file: behind lines of another shape, or behind another table.
enum TableHeaders {
    /// The last header in a text, which ends where a line does.
    static func last(in text: UnsafeRawBufferPointer) -> TableLayout? {
        let text = ByteView(text)
        var end = text.count
        while end > 0 {
            let start = text.lastIndex(of: ByteView.lineFeed, before: end - 1).map { $0 + 1 } ?? 0
            let line = text[start..<end].withoutLineEnd
            // A header has no address in it, and rows nearly always do.
            if (7...4_096).contains(line.count), !line.contains(ByteView.at), let layout = TableLayout(header: [line, text.from(end).firstLine]) {
                return layout
            }
            end = start
        }
        return nil
    }
}

extension ByteView {
    fileprivate var firstLine: ByteView { upTo(firstIndex(of: Self.lineFeed) ?? min(count, 4_096)).withoutLineEnd }
}

extension FileShape {
    /// Whether a match of which no secret was found, or none for sure, may stand in a row of a table that the file does not begin with.
    func mayBeRow(_ record: LeakRecord, in context: MatchContext) -> Bool {
        // What was read of a line by its looks alone gives way to what a header says.
        guard record.secret == nil || record.shape == .combo, !context.isStartCut else { return false }
        let line = ByteView(context.line)
        switch kind {
        case .json, .blocks: return false
        case .table(let layout): guard !layout.hasHeader || !layout.fits(line) else { return false }
        case .lines, .sql, .text: break
        }
        let marks = [ByteView.comma, ByteView.semicolon, ByteView.tab, ByteView.pipe]
        func isBlank(_ byte: UInt8) -> Bool { byte == ByteView.blank || byte == ByteView.quote }
        var before = context.match.lowerBound
        while before > 0, isBlank(line[before - 1]) { before -= 1 }
        var behind = context.match.upperBound
        while behind < line.count, isBlank(line[behind]) { behind += 1 }
        return before > 0 && marks.contains(line[before - 1]) || behind < line.count && marks.contains(line[behind])
    }

    /// Reads a row by the header of a table amid the file.
    /// - Returns: nil when it is none of that table's.
    static func record(of address: Int, in context: MatchContext, _ layout: TableLayout, offset: UInt64) -> LeakRecord? {
        let line = ByteView(context.line).withoutLineEnd
        guard context.match.upperBound <= line.count, layout.fits(line) else { return nil }
        let record = layout.record(of: address, in: line, at: context.match, isEndCut: context.isEndCut, offset: offset)
        return record.secret == nil && record.fields.isEmpty ? nil : record.withUnreadText(of: context)
    }
}

/// The tables' headers of one plain file, looked for when a row asks for one. Each part of the file is looked at once.
final class FileHeaders: Sendable {
    /// How far before a row its header is looked for.
    private static let mostChunks = 1_024

    private let file: OpenFile
    /// The last header before the end of each chunk that was asked for, by threads that read one chunk each.
    private let known = Mutex<[Int: TableLayout?]>([:])

    init(_ file: OpenFile) { self.file = file }

    /// The last header that stands before a chunk.
    func before(chunk: Int) -> TableLayout? {
        // Held while the file is read: whoever asks meanwhile wants what is being looked for, and would read the same.
        known.withLock { known in
            var first = chunk
            var found: TableLayout?
            // Most ask for what is known.
            var room: UnsafeMutableRawBufferPointer?
            defer { room?.deallocate() }
            while first > 0, chunk - first < Self.mostChunks {
                if let earlier = known[first - 1] {
                    found = earlier
                    break
                }
                first -= 1
                let memory = room ?? .allocate(byteCount: ChunkReader.chunkBytes + 4_096, alignment: 64)
                room = memory
                found = lastHeader(in: first, memory)
                if found != nil { break }
            }
            for number in first..<chunk { known[number] = .some(found) }
            return found
        }
    }

    /// With the beginning of the next chunk, so that a line between two is whole.
    private func lastHeader(in chunk: Int, _ room: UnsafeMutableRawBufferPointer) -> TableLayout? {
        let from = UInt64(chunk) * UInt64(ChunkReader.chunkBytes)
        let wanted = UnsafeMutableRawBufferPointer(rebasing: room.prefix(Int(min(file.size - from, UInt64(room.count)))))
        // try?: what cannot be read is said where it is read.
        guard let count = try? file.read(at: from, into: wanted) else { return nil }
        let text = UnsafeRawBufferPointer(rebasing: wanted.prefix(count))
        return TableHeaders.last(in: UnsafeRawBufferPointer(rebasing: text.prefix(text.lineStart(before: count, notBefore: 0) ?? count)))
    }
}
