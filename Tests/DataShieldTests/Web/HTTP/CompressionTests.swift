import CZlib
import CZstd
import DataShieldTestSupport
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import DataShield

/// What an answer's way costs, and what its length must not tell.
@Suite(.freshDatabase) struct CompressionTests {
    private static func plain(_ bytes: [UInt8], _ coding: String?) throws -> [UInt8] {
        switch coding {
        case nil: return bytes
        case "gzip": return try gunzip(bytes)
        case "zstd": return try unzstd(bytes)
        default: throw Unknown()
        }
    }

    private struct Unknown: Error {}

    private static func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
        var stream = z_stream()
        try #require(czlib_open_gzip(&stream) == Z_OK)
        defer { inflateEnd(&stream) }
        var (input, output) = (bytes, [UInt8](repeating: 0, count: 8 << 20))
        let left = try input.withUnsafeMutableBufferPointer { input in
            try output.withUnsafeMutableBufferPointer { output in
                (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
                (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
                try #require(inflate(&stream, Z_FINISH) == Z_STREAM_END)
                return Int(stream.avail_out)
            }
        }
        return Array(output.dropLast(left))
    }

    private static func unzstd(_ bytes: [UInt8]) throws -> [UInt8] {
        let context = try #require(ZSTD_createDCtx())
        defer { ZSTD_freeDCtx(context) }
        var output = [UInt8](repeating: 0, count: 8 << 20)
        let count = output.withUnsafeMutableBytes { output in
            bytes.withUnsafeBytes { input in
                var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
                var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
                return ZSTD_decompressStream(context, &target, &source) == 0 ? target.pos : -1
            }
        }
        try #require(count >= 0)
        return Array(output.prefix(count))
    }

    @Test(arguments: [
        ("gzip", "gzip"), ("gzip, deflate, br, zstd", "zstd"), ("zstd;q=0.5, gzip", "gzip"), ("zstd;q=0, gzip;q=0", nil), ("br", nil), ("", nil),
        ("*", "zstd"), ("*;q=0.1, gzip", "gzip"), ("zstd;q=0, *", "gzip"), ("X-GZIP", "gzip"), (" GZip ; q=1", "gzip"), ("identity", nil),
        ("gzip;q=nonsense", nil), ("zstd;q=1.0,gzip;q=1.0", "zstd"),
    ])
    func `the coding that is liked best`(accepted: String, wanted: String?) {
        let head = HTTPRequest(
            method: .get, scheme: nil, authority: "x", path: "/", headerFields: accepted.isEmpty ? [:] : [.acceptEncoding: accepted])
        #expect(ContentCoding.wanted(by: Request(head: head, body: .init(buffer: ByteBuffer())))?.rawValue == wanted)
    }

    @Test(arguments: [nil, "gzip", "zstd"], [0, 1, 1023, 1024, 200_000, 5 << 20])
    func `what is compressed is the same afterwards, however it comes`(coding: String?, size: Int) async throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 / 7) }
        var headers: HTTPFields = [:]
        if let coding { headers[.acceptEncoding] = coding }
        let request = Request(
            head: HTTPRequest(method: .get, scheme: nil, authority: "x", path: "/", headerFields: headers), body: .init(buffer: ByteBuffer()))
        let whole = ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        let inPieces = ResponseBody { writer in
            for start in stride(from: 0, to: bytes.count, by: 30_000) {
                try await writer.write(ByteBuffer(bytes: bytes[start..<min(start + 30_000, bytes.count)]))
            }
            try await writer.finish(nil)
        }
        for body in [whole, inPieces] {
            let hasLength = body.contentLength != nil
            var response = Response(status: .ok, headers: [.contentType: "text/csv; charset=utf-8"], body: body)
            await ContentCoding.apply(to: &response, for: request)
            let used = response.headers[.contentEncoding]
            #expect(used == (hasLength && size < 1024 ? nil : coding))
            let sent = try await collect(response.body)
            #expect(try Self.plain(sent, used) == bytes)
            if let length = response.headers[.contentLength] { #expect(length == String(sent.count)) }
            #expect(response.headers[.vary] == "Accept-Encoding")
        }
    }

    private struct Writer: ResponseBodyWriter {
        final class Bytes { var bytes: [UInt8] = [] }
        let into: Bytes
        mutating func write(_ buffer: ByteBuffer) async throws { into.bytes += Array(buffer.readableBytesView) }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    private func collect(_ body: ResponseBody) async throws -> [UInt8] {
        let into = Writer.Bytes()
        try await body.write(Writer(into: into))
        return into.bytes
    }

    @Test func `pages, lists and exports come compressed and are what they were`() async throws {
        try await withServer { client in
            for number in 0..<20 { _ = try await TestDatabase.current.makeEmployee(in: client.company, email: "p\(number)@small.example") }
            for path in ["/employees", "/api/employees?limit=50", "/api/employees/export", "/assets/css/components.css", "/no-such-page"] {
                let plain = try await client.get(path)
                #expect(plain.header("Content-Encoding") == nil)
                for coding in ["gzip", "zstd"] {
                    let answer = try await client.get(path, headers: [("Accept-Encoding", coding)])
                    #expect(answer.header("Content-Encoding") == coding, "\(path)")
                    #expect(answer.header("Vary") == "Accept-Encoding")
                    #expect(answer.bytes.count < plain.bytes.count)
                    let whole = try Self.plain(answer.bytes, coding)
                    if path.contains("css") { #expect(whole == plain.bytes) }
                    #expect(whole.count > plain.bytes.count - 200, "\(path)")
                }
            }
        }
    }

    @Test func `a page that another site opened keeps its length, and a stream is not held back`() async throws {
        try await withServer { client in
            for site in ["cross-site", "same-site"] {
                let answer = try await client.get("/employees", headers: [("Accept-Encoding", "gzip"), ("Sec-Fetch-Site", site)])
                #expect(answer.status == 200)
                #expect(answer.header("Content-Encoding") == nil, "\(site)")
            }
            let own = try await client.get("/employees", headers: [("Accept-Encoding", "gzip"), ("Sec-Fetch-Site", "same-origin")])
            #expect(own.header("Content-Encoding") == "gzip")
            #expect(!ContentCoding.isCompressible("text/event-stream"))
        }
    }

    @Test func `each form of an asset has a tag, and is not sent again to whoever has it`() async throws {
        try await withServer(as: nil) { client in
            var tags: Set<String> = []
            for coding in ["identity", "gzip", "zstd"] {
                let answer = try await client.get("/assets/css/base.css", headers: [("Accept-Encoding", coding)])
                let tag = try #require(answer.header("ETag"))
                tags.insert(tag)
                let again = try await client.get("/assets/css/base.css", headers: [("Accept-Encoding", coding), ("If-None-Match", tag)])
                #expect(again.status == 304)
                #expect(again.bytes.isEmpty)
            }
            #expect(tags.count == 3)
        }
    }
}
