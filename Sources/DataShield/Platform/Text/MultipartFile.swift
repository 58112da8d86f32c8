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

    /// - Parameter contentType: the request's header, which names the boundary.
    package init(contentType: String) throws(Fault) {
        let parameter = contentType.split(separator: ";").map { $0.unicodeScalars.trimmingSpace() }.first { $0.lowercased().hasPrefix("boundary=") }
        guard let parameter else { throw .noBoundary }
        var boundary = String(parameter.dropFirst("boundary=".count))
        if boundary.count >= 2, boundary.hasPrefix("\""), boundary.hasSuffix("\"") { boundary = String(boundary.dropFirst().dropLast()) }
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
                let headers = String(decoding: buffer[..<end.lowerBound], as: UTF8.self).lowercased()
                buffer.removeFirst(end.upperBound)
                state = headers.contains("filename=") || headers.contains("filename*=") ? .file : .skipped
                // A part without content begins with the delimiter at once.
                buffer.insert(contentsOf: state == .skipped ? [13, 10] : [], at: 0)
            case .file:
                if let range = Self.find(delimiter, in: buffer) {
                    let file = Array(buffer[..<range.lowerBound])
                    state = .done
                    buffer.removeAll()
                    return file
                }
                let kept = min(buffer.count, delimiter.count - 1)
                let file = Array(buffer[..<(buffer.count - kept)])
                buffer.removeFirst(file.count)
                return file
            }
        }
    }

    /// Says that the body has ended.
    package func finish() throws(Fault) {
        switch state {
        case .done: return
        case .preamble, .skipped: throw .noFile
        case .headers, .file: throw .truncated
        }
    }

    private static func find(_ needle: [UInt8], in bytes: [UInt8]) -> Range<Int>? {
        guard let first = needle.first, bytes.count >= needle.count else { return nil }
        var index = 0
        let last = bytes.count - needle.count
        while index <= last {
            guard let candidate = bytes[index...last].firstIndex(of: first) else { return nil }
            if bytes[candidate..<candidate + needle.count].elementsEqual(needle) { return candidate..<candidate + needle.count }
            index = candidate + 1
        }
        return nil
    }
}
