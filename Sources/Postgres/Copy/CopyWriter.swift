/// Takes the rows of a COPY, column by column, and sends them to the server in large pieces.
public struct CopyWriter: ~Copyable {
    /// Large enough that sending a piece costs little per row, small enough that a long COPY takes no memory to speak of.
    private static let pieceSize = 256 * 1024

    private let session: Session
    private let lease: Lease
    private var buffer: [UInt8] = []
    private var columnsInRow = 0
    private let columnCount: Int
    private(set) var rowCount = 0

    init(_ session: Session, _ lease: Lease, columnCount: Int) {
        self.session = session
        self.lease = lease
        self.columnCount = columnCount
        buffer.reserveCapacity(CopyWriter.pieceSize + 8192)
    }

    /// Adds the next column of the row.
    public mutating func append(_ value: some PostgresEncodable) throws {
        try append(value: value.postgresValue)
    }

    /// Ends the row, and sends what has gathered when that is enough.
    public mutating func endRow() async throws {
        guard columnsInRow == columnCount else {
            throw PostgresError(.misuse, message: "Row \(rowCount + 1) of a COPY has \(columnsInRow) columns instead of \(columnCount).")
        }
        buffer.append(UInt8(ascii: "\n"))
        columnsInRow = 0
        rowCount += 1
        if buffer.count >= CopyWriter.pieceSize { try await flush() }
    }

    /// Adds a whole row.
    public mutating func write(_ row: [(any PostgresEncodable)?]) async throws {
        for value in row { try append(value: value?.postgresValue ?? .null) }
        try await endRow()
    }

    mutating func flush() async throws {
        guard !buffer.isEmpty else { return }
        try Task.checkCancellation()
        try await session.putCopyData(buffer, lease)
        buffer.removeAll(keepingCapacity: true)
    }

    private mutating func append(value: PostgresValue) throws {
        if columnsInRow > 0 { buffer.append(UInt8(ascii: "\t")) }
        columnsInRow += 1
        switch value.content {
        case .null:
            buffer.append(UInt8(ascii: "\\"))
            buffer.append(UInt8(ascii: "N"))
        case .text(let text):
            try append(escaped: text)
        case .binary(let bytes):
            buffer.append(UInt8(ascii: "\\"))
            buffer.append(contentsOf: Hex.bytea(bytes).utf8)
        case .invalid(let reason):
            throw PostgresError(.invalidParameter, message: "Column \(columnsInRow) of row \(rowCount + 1) is \(reason).")
        }
    }

    private mutating func append(escaped text: String) throws {
        var text = text
        let isWhole = text.withUTF8 { bytes in
            var start = 0
            for index in bytes.indices {
                let letter: UInt8
                switch bytes[index] {
                case UInt8(ascii: "\\"): letter = UInt8(ascii: "\\")
                case UInt8(ascii: "\t"): letter = UInt8(ascii: "t")
                case UInt8(ascii: "\n"): letter = UInt8(ascii: "n")
                case UInt8(ascii: "\r"): letter = UInt8(ascii: "r")
                case 0: return false
                default: continue
                }
                buffer.append(contentsOf: bytes[start..<index])
                buffer.append(UInt8(ascii: "\\"))
                buffer.append(letter)
                start = index + 1
            }
            buffer.append(contentsOf: bytes[start...])
            return true
        }
        guard isWhole else {
            throw PostgresError(
                .invalidParameter, message: "Column \(columnsInRow) of row \(rowCount + 1) has a NUL character, which PostgreSQL's text cannot hold.")
        }
    }
}
