import Cryptography
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Scalars

/// Stylesheets, scripts, fonts and images, read once at start. They lie under one directory that is named after the content of them
/// all: a browser keeps them for ever, and a new version has new addresses, also where one file names another relatively. Each is compressed
/// once.
package struct StaticAssets: Sendable {
    private struct File: Sendable {
        let bytes: ByteBuffer
        let type: String
        let tag: String
        /// The same, smaller, for whoever takes it so.
        var compressed: [ContentCoding: ByteBuffer] = [:]

        init(_ data: Data, type: String) throws {
            bytes = ByteBuffer(bytes: data)
            self.type = type
            tag = Hex.text(Digest.sha256(of: data).prefix(12))
            guard let type = type.parts(between: ";").first, ContentCoding.isCompressible(String(type)) else { return }
            for coding in ContentCoding.allCases {
                let smaller = try coding.compressed(bytes, isThorough: true)
                if smaller.readableBytes < bytes.readableBytes { compressed[coding] = smaller }
            }
        }
    }
    private let files: [String: File]
    /// `/assets/3f2a…`: what templates put before a file's name.
    package let base: String
    private let version: String

    /// Those that come with the program. Read and compressed once for the process, however many servers it has.
    package static func bundled() throws -> StaticAssets { try ofBundle.get() }
    private static let ofBundle = Result { try StaticAssets(directory: try Pages.assetsDirectory) }

    /// What pages, style sheets and scripts load, and what browsers ask for by themselves; a test keeps the list complete.
    static let needed = [
        "css/base.css", "css/charts.css", "css/components.css", "css/shell.css", "css/tables.css", "css/today.css", "css/tokens.css", "favicon.ico",
        "favicon.svg",
        "fonts/inter-medium.woff2", "fonts/inter-regular.woff2", "fonts/inter-semibold.woff2", "icons.svg", "js/app.js", "js/bulk.js",
        "js/choices.js", "js/confirm.js", "js/copy.js", "js/filters.js", "js/ingest.js", "js/menus.js", "js/progress.js", "js/queue.js", "js/scan.js",
        "js/sync.js",
        "js/weights.js", "logo.svg",
    ]

    /// Finds at the start what is missing, which otherwise whoever looks at a page would.
    /// - Throws: ``Pages/Failure/assetsMissing(_:)``.
    static func check(_ directory: URL) throws {
        for name in needed {
            // try?: a file that cannot be read is as good as none, and is told by its name.
            let data = try? Data(contentsOf: directory.appendingPathComponent(name))
            guard let data, !data.isEmpty else { throw Pages.Failure.assetsMissing(name) }
        }
    }

    /// Reads every file below a directory.
    /// - Throws: ``Pages/Failure/assetsMissing(_:)`` when one that is needed is missing or empty.
    package init(directory: URL) throws {
        try Self.check(directory)
        var files: [String: File] = [:]
        var all = Digest()
        let root = directory.resolvingSymlinksInPath().path
        let names = try FileManager.default.subpathsOfDirectory(atPath: root).sorted()
        for name in names where !name.begins(with: ".") && !name.has(text: "/.") {
            let url = URL(fileURLWithPath: root).appendingPathComponent(name)
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory), !isDirectory.boolValue else { continue }
            let data = try Data(contentsOf: url)
            all.update(name.utf8)
            all.update(data)
            files[name] = try File(data, type: Self.type(of: name))
        }
        self.files = files
        version = Hex.text(all.finish().prefix(8))
        base = "/assets/\(version)"
    }

    private static func type(of name: String) -> String {
        switch name.parts(between: ".").last.map({ $0.lowercased() }) {
        case "css": "text/css; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "webp": "image/webp"
        case "ico": "image/x-icon"
        case "woff2": "font/woff2"
        case "json": "application/json"
        case "webmanifest": "application/manifest+json"
        case "txt": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }

    /// Answers with a file.
    /// - Parameter path: below `/assets/`, with or without the version.
    func answer(_ path: [Substring], _ request: Request) throws -> Response {
        let isVersioned = path.first.map { $0 == version } ?? false
        let name = (isVersioned ? path.dropFirst() : path[...]).joined(separator: "/")
        guard let file = files[name] else { throw HTTPFailure.notFound }
        let coding = file.compressed.isEmpty ? nil : ContentCoding.wanted(by: request)
        let compressed = coding.flatMap { file.compressed[$0] }
        // Each form of it has a tag of its own (RFC 9110 §8.8.3).
        let tag = compressed == nil ? "\"\(file.tag)\"" : "\"\(file.tag)-\(coding?.rawValue ?? "")\""
        var headers: HTTPFields = [.eTag: tag, .contentType: file.type]
        headers[.cacheControl] = isVersioned ? "public, max-age=31536000, immutable" : "public, no-cache"
        if !file.compressed.isEmpty { headers[.vary] = "Accept-Encoding" }
        if let known = request.headers[.ifNoneMatch], known == "*" || known.has(text: file.tag) {
            return Response(status: .notModified, headers: headers)
        }
        if compressed != nil { headers[.contentEncoding] = coding?.rawValue }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: compressed ?? file.bytes))
    }

    func addRoutes(to routes: Routes) {
        routes.pages.file("/assets/**") { request, context in try answer(context.parameters.getCatchAll(), request) }
        routes.pages.file("/favicon.ico") { request, _ in try answer(["favicon.ico"], request) }
    }
}
