import Foundation
import Scalars

/// Takes the first file out of a `multipart/form-data` body while it arrives, holding no more than a delimiter's length of it.
package struct MultipartFile {
    package enum Fault: Error, Hashable, Sendable {
        case noBoundary
        case headersTooLong
        case noFile
        case truncated

        package var message: String {
            switch self {
            case .noBoundary: "The form has no boundary."
            case .headersTooLong: "The headers of a part of the form are too long."
            case .noFile: "The form has no file."
            case .truncated: "The form ends in the middle."
            }
        }
    }

    private enum State { case preamble, headers, file, skipped, done }

    private let delimiter: [UInt8]
    private var buffer: [UInt8]
    private var state = State.preamble
    /// What the sender calls the file, without a folder; known once its headers have come.
    package private(set) var fileName: String?

    /// - Parameter contentType: the request's header, which names the boundary.
    package init(contentType: String) throws(Fault) {
        let parameter = contentType.parts(between: ";").map { $0.unicodeScalars.trimmingSpace() }.first { $0.lowercased().begins(with: "boundary=") }
        guard let parameter else { throw .noBoundary }
        var boundary = String(parameter.unicodeScalars.dropFirst("boundary=".unicodeScalars.count))
        if let content = boundary.content(within: "\"", "\"") { boundary = String(content) }
        guard !boundary.isEmpty, boundary.utf8.count <= 200 else { throw .noBoundary }
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first delimiter has no line break before it.
        buffer = [13, 10]
    }

    /// Takes the next bytes of the body.
    /// - Returns: the bytes of the file among them.
    package mutating func append(_ bytes: some Sequence<UInt8>) throws(Fault) -> [UInt8] {
        buffer.append(contentsOf: bytes)
        while true {
            switch state {
            case .done:
                buffer.removeAll()
                return []
            case .preamble, .skipped:
                guard let range = Self.find(delimiter, in: buffer) else {
                    buffer.removeFirst(max(0, buffer.count - delimiter.count + 1))
                    return []
                }
                guard buffer.count >= range.upperBound + 2 else {
                    buffer.removeFirst(range.lowerBound)
                    return []
                }
                let isLast = buffer[range.upperBound] == UInt8(ascii: "-") && buffer[range.upperBound + 1] == UInt8(ascii: "-")
                if isLast { throw .noFile }
                buffer.removeFirst(range.upperBound)
                state = .headers
            case .headers:
                guard let end = Self.find([13, 10, 13, 10], in: buffer) else {
                    guard buffer.count <= 16_384 else { throw .headersTooLong }
                    return []
                }
                let text = String(decoding: buffer[..<end.lowerBound], as: UTF8.self)
                let headers = text.lowercased()
                buffer.removeFirst(end.upperBound)
                fileName = Self.fileName(in: text) ?? fileName
                state = headers.has(text: "filename=") || headers.has(text: "filename*=") ? .file : .skipped
                // A part without content begins with the delimiter at once.
                buffer.insert(contentsOf: state == .skipped ? [13, 10] : [], at: 0)
            case .file:
                let end = endOfFile()
                let file = Array(buffer[..<end.count])
                buffer.removeFirst(file.count)
                if end.isFound { state = .done }
                return file
            }
        }
    }

    /// How many bytes of the buffer are surely of the file, and whether the delimiter stands behind them. Text that only begins like the
    /// delimiter is of the file.
    private func endOfFile() -> (count: Int, isFound: Bool) {
        var start = 0
        while let range = Self.find(delimiter, in: buffer, from: start) {
            guard range.upperBound + 1 < buffer.count else { return (range.lowerBound, false) }
            switch (buffer[range.upperBound], buffer[range.upperBound + 1]) {
            case (13, 10), (UInt8(ascii: "-"), UInt8(ascii: "-")), (UInt8(ascii: " "), _), (UInt8(ascii: "\t"), _): return (range.lowerBound, true)
            default: start = range.lowerBound + 1
            }
        }
        return (max(0, buffer.count - delimiter.count + 1), false)
    }

    /// The value of `filename="…"`, in which browsers write a quote as %22 (HTML Living Standard, 4.10.21.8).
    private static func fileName(in headers: String) -> String? {
        // Lower case of ASCII alone, so that a place in it is a place in the headers.
        let folded = String(decoding: headers.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
        guard let start = folded.place(of: "filename=\"")?.upperBound else { return nil }
        let value = String(decoding: headers.utf8.dropFirst(folded.utf8.distance(from: folded.startIndex, to: start)), as: UTF8.self)
        guard let end = value.firstPlace(of: "\"") else { return nil }
        let name = value[..<end].parts { $0 == "/" || $0 == "\\" }.last.map { String($0) } ?? ""
        return name.isEmpty ? nil : name.swapping(text: "%22", for: "\"")
    }

    /// Says that the body has ended.
    package func finish() throws(Fault) {
        switch state {
        case .done: return
        case .preamble, .skipped: throw .noFile
        case .headers, .file: throw .truncated
        }
    }

    private static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int = 0) -> Range<Int>? {
        guard let first = needle.first, bytes.count >= needle.count else { return nil }
        var index = start
        let last = bytes.count - needle.count
        while index <= last {
            guard let candidate = bytes[index...last].firstIndex(of: first) else { return nil }
            if bytes[candidate..<candidate + needle.count].elementsEqual(needle) { return candidate..<candidate + needle.count }
            index = candidate + 1
        }
        return nil
    }
}
