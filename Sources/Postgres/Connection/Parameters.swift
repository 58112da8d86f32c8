import CLibPQ

/// The values of a statement as libpq takes them: side by side in one buffer, with a pointer to each.
struct Parameters {
    private var buffer: [UInt8] = []
    /// Where each value begins in the buffer; -1 is NULL.
    private var offsets: [Int] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []
    private(set) var types: [Oid] = []

    /// The most that the protocol can number.
    static let limit = 65535

    init(_ values: [PostgresValue]) throws {
        guard !values.isEmpty else { return }
        guard values.count <= Parameters.limit else {
            throw PostgresError(
                .invalidParameter, message: "A statement has at most \(Parameters.limit) parameters; use arrays with unnest, or COPY.")
        }
        offsets.reserveCapacity(values.count)
        lengths.reserveCapacity(values.count)
        formats.reserveCapacity(values.count)
        types.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            types.append(value.type.rawValue)
            switch value.content {
            case .null:
                add(offset: -1, length: 0, format: 0)
            case .text(let text):
                let start = buffer.count
                buffer.append(contentsOf: text.utf8)
                try Parameters.check(buffer[start...], index)
                add(offset: start, length: buffer.count - start, format: 0)
                buffer.append(0)
            case .binary(let bytes):
                add(offset: buffer.count, length: bytes.count, format: 1)
                buffer.append(contentsOf: bytes)
                buffer.append(0)
            case .invalid(let reason):
                throw PostgresError(.invalidParameter, message: "Parameter $\(index + 1) is \(reason).")
            }
        }
    }

    private mutating func add(offset: Int, length: Int, format: Int32) {
        offsets.append(offset)
        lengths.append(Int32(truncatingIfNeeded: length))
        formats.append(format)
    }

    /// libpq takes text up to its first NUL; a value must not be cut short in silence.
    private static func check(_ bytes: ArraySlice<UInt8>, _ index: Int) throws {
        guard !bytes.contains(0) else {
            throw PostgresError(.invalidParameter, message: "Parameter $\(index + 1) has a NUL character, which PostgreSQL's text cannot hold.")
        }
    }

    typealias Pointers = (
        count: Int32, types: UnsafePointer<Oid>?, values: UnsafePointer<UnsafePointer<CChar>?>?, lengths: UnsafePointer<Int32>?,
        formats: UnsafePointer<Int32>?
    )

    /// Hands out the pointers, which are good only within.
    func withPointers<R>(_ body: (Pointers) throws -> R) rethrows -> R {
        guard !offsets.isEmpty else { return try body((0, nil, nil, nil, nil)) }
        return try buffer.withUnsafeBytes { bytes in
            try withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: offsets.count) { values in
                for (index, offset) in offsets.enumerated() {
                    let start = offset < 0 ? nil : bytes.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self)
                    values.initializeElement(at: index, to: start)
                }
                return try types.withUnsafeBufferPointer { types in
                    try lengths.withUnsafeBufferPointer { lengths in
                        try formats.withUnsafeBufferPointer { formats in
                            try body(
                                (
                                    Int32(offsets.count), types.baseAddress, UnsafePointer(values.baseAddress), lengths.baseAddress,
                                    formats.baseAddress
                                ))
                        }
                    }
                }
            }
        }
    }
}
