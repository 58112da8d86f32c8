import HTTPTypes
import Hummingbird
import NIOCore
import Scalars

/// How an answer is compressed on its way (RFC 9110 §8.4; RFC 8878 for Zstandard). In the order of preference.
enum ContentCoding: String, CaseIterable, Sendable {
    case zstd
    case gzip

    /// The coding that whoever asks likes best, of those we have; nil when they take none (RFC 9110 §12.5.3).
    static func wanted(by request: Request) -> ContentCoding? {
        var qualities: [ContentCoding: Double] = [:]
        var others: Double?
        for entry in request.headers[values: .acceptEncoding].flatMap({ $0.parts(between: ",") }) {
            let parts = entry.parts(between: ";").map { $0.unicodeScalars.trimmingSpace().lowercased() }
            guard let name = parts.first else { continue }
            let quality = parts.dropFirst().lazy.compactMap { $0.rest(behind: "q=") }.first.map { Double($0) ?? 0 } ?? 1
            switch name {
            case "*": others = quality
            case "x-gzip": qualities[.gzip] = quality
            default: if let coding = ContentCoding(rawValue: name) { qualities[coding] = quality }
            }
        }
        if let others { for coding in allCases where qualities[coding] == nil { qualities[coding] = others } }
        return allCases.filter { qualities[$0] ?? 0 > 0 }.max { left, right in
            // Of two that are liked as well, the first of ours.
            (qualities[left] ?? 0) < (qualities[right] ?? 0)
                || (qualities[left] == qualities[right] && left == .gzip && right == .zstd)
        }
    }

    // MARK: Answers

    /// Below this an answer fits one packet as it is.
    private static let least = 1024
    /// What is in memory and no larger is compressed at once, so that its length is known; the rest as it goes.
    private static let most = 4 << 20

    /// Compresses an answer, when whoever asks takes that and there is something to win.
    ///
    /// A page that another site opened is left as it is: from the length of what holds both a secret and a text of one's own choice, the
    /// secret can be guessed (BREACH, CVE-2013-3587), and only there is the text somebody else's.
    static func apply(to response: inout Response, for request: Request) async {
        guard isCompressible(response) else { return }
        response.headers.append(HTTPField(name: .vary, value: "Accept-Encoding"))
        guard request.method != .head, !isFromElsewhere(request), let coding = wanted(by: request) else { return }
        let length = response.body.contentLength
        if let length, length < least { return }
        response.headers[.contentEncoding] = coding.rawValue
        let body = response.body
        // try?: what cannot be collected now is written as it goes, and fails there as it would have failed.
        if let length, length <= most, let whole = try? await coding.compressed(body) {
            response.body = ResponseBody(byteBuffer: whole)
        } else {
            response.body = ResponseBody { writer in try await body.write(CompressingWriter(writer, try Compressor(coding))) }
        }
    }

    private static func isFromElsewhere(_ request: Request) -> Bool {
        request.headers[.secFetchSite].map { $0 == "cross-site" || $0 == "same-site" } ?? false
    }

    private static func isCompressible(_ response: Response) -> Bool {
        let status = response.status.code
        guard status >= 200, status != 204, status != 206, status != 304, response.headers[.contentEncoding] == nil,
            let type = response.headers[.contentType]?.parts(between: ";").first.map({ $0.unicodeScalars.trimmingSpace().lowercased() })
        else { return false }
        return isCompressible(type)
    }

    /// Whether what has such a media type gets smaller. A stream of events does, too, and would be held back until a block of it is full.
    static func isCompressible(_ type: String) -> Bool {
        guard type != "text/event-stream" else { return false }
        return type.begins(with: "text/") || type.ends(with: "json") || type.ends(with: "javascript") || type.ends(with: "xml")
            || type == "application/x-ndjson"
    }

    private func compressed(_ body: ResponseBody) async throws -> ByteBuffer {
        let collected = CollectingWriter.Collected()
        try await body.write(CollectingWriter(collected))
        return try compressed(collected.bytes)
    }

    /// - Parameter isThorough: whether to take the time for the smallest result, for what is compressed once and sent often.
    func compressed(_ bytes: ByteBuffer, isThorough: Bool = false) throws -> ByteBuffer {
        let compressor = try Compressor(self, isThorough: isThorough, size: bytes.readableBytes)
        var result = try compressor.add(bytes)
        result.writeImmutableBuffer(try compressor.finish())
        return result
    }
}

/// Passes on what is written to it, compressed.
private struct CompressingWriter: ResponseBodyWriter {
    private var inner: any ResponseBodyWriter
    private let compressor: Compressor

    init(_ inner: any ResponseBodyWriter, _ compressor: Compressor) {
        self.inner = inner
        self.compressor = compressor
    }

    mutating func write(_ buffer: ByteBuffer) async throws {
        let bytes = try compressor.add(buffer)
        if bytes.readableBytes > 0 { try await inner.write(bytes) }
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await inner.write(try compressor.finish())
        try await inner.finish(trailingHeaders)
    }
}

/// Keeps what is written to it.
private struct CollectingWriter: ResponseBodyWriter {
    final class Collected {
        var bytes = ByteBuffer()
    }

    private let collected: Collected

    init(_ collected: Collected) { self.collected = collected }

    mutating func write(_ buffer: ByteBuffer) async throws { collected.bytes.writeImmutableBuffer(buffer) }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
