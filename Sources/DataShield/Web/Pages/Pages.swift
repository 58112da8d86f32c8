import Foundation
import HTTPTypes
import Hummingbird
import Mustache
import NIOCore
import Scalars

/// Makes pages of templates and models. The templates are read once, at start.
package struct Pages: Sendable {
    private let library: MustacheLibrary
    let assets: String
    private let flash: FlashSeal
    let cookies: Cookies

    package enum Failure: Error, CustomStringConvertible {
        case templatesMissing
        /// A file, or the directory of them all.
        case assetsMissing(String)
        case badTemplate(String, String)
        case templateMissing(String, neededBy: String)

        package var description: String {
            switch self {
            case .templatesMissing: "The program's page templates are not where they belong: install it again."
            case .assetsMissing(let name): "Of what pages load, \(name) is missing or empty: install the program again."
            case .badTemplate(let name, let why): "The page template \(name) cannot be read: \(why)"
            case .templateMissing(let name, let user): "The page template \(name), which \(user) needs, is missing: install the program again."
            }
        }
    }

    /// With the templates that come with the program. They are read once for the process, however many servers it has.
    /// - Parameters:
    ///   - assets: what goes before the name of a stylesheet or image, see ``StaticAssets/base``.
    ///   - flash: what takes messages to the next page.
    ///   - cookies: how ours are called.
    /// - Throws: ``Failure`` that names the template which is missing or cannot be read.
    package init(assets: String, flash: FlashSeal, cookies: Cookies) throws {
        (self.assets, self.flash, self.cookies) = (assets, flash, cookies)
        library = try Self.ofBundle.get()
    }

    private static let ofBundle = Result { try library(of: try templatesDirectory) }

    /// Where the templates are that come with the program.
    static var templatesDirectory: URL {
        get throws {
            guard let directory = Bundle.module.url(forResource: "Templates", withExtension: nil) else { throw Failure.templatesMissing }
            return directory
        }
    }

    init(assets: String, flash: FlashSeal, cookies: Cookies, directory: URL) throws {
        (self.assets, self.flash, self.cookies) = (assets, flash, cookies)
        library = try Self.library(of: directory)
    }

    private static func library(of directory: URL) throws -> MustacheLibrary {
        ScalarEscaping.register()
        var texts: [String: String] = [:]
        var library = MustacheLibrary()
        let suffix = ".mustache"
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory.path).sorted() where path.hasSuffix(suffix) {
            let text = try String(contentsOf: directory.appendingPathComponent(path), encoding: .utf8)
            let name = String(path.dropLast(suffix.count))
            texts[name] = text
            do {
                try library.register(ScalarEscaping.heading + text, named: name)
            } catch {
                throw Failure.badTemplate(path, "\(error)")
            }
        }
        try checkTemplates(texts)
        return library
    }

    /// The directory of the files that pages refer to.
    package static var assetsDirectory: URL {
        get throws {
            guard let url = Bundle.module.url(forResource: "Assets", withExtension: nil) else {
                throw Failure.assetsMissing("the directory Assets")
            }
            return url
        }
    }

    /// Shows a page.
    /// - Parameters:
    ///   - template: its name below `Templates`, without the ending: `alerts/list`.
    ///   - model: a struct with what the template names.
    package func show(_ template: String, _ model: some Sendable, _ frame: Frame, for request: Request, _ context: AppContext) -> Response {
        let message = flash.flash(in: request, for: context.signedIn)
        let shell = shell(frame, for: request, flash: message, signedIn: context.signedIn)
        guard let html = html(template, model, shell, layout: frame.layout) else { return unshown(template, refusal: nil, context) }
        var response = Self.response(html, status: frame.status)
        if message != nil { response.headers.append(flash.clearing) }
        return response
    }

    /// What is shown of a page whose template the list of ``templates`` lacks: words alone.
    func unshown(_ template: String, refusal: Refusal?, _ context: AppContext) -> Response {
        context.logger.error("A page template is missing", metadata: ["template": "\(template)"])
        let refusal = refusal ?? Refusal(Failure.templateMissing(template, neededBy: "a page"))
        return Response(
            status: refusal.status, headers: [.contentType: "text/plain; charset=utf-8"], body: .init(byteBuffer: ByteBuffer(string: refusal.detail)))
    }

    /// The text of a page; nil when there is no such template.
    func html(_ template: String, _ model: some Sendable, _ shell: [String: Any], layout: Frame.Layout) -> String? {
        guard let content = library.render(PageNode(model, shared: shell), withTemplate: template) else { return nil }
        var outer = shell
        outer["content"] = content
        return library.render(outer, withTemplate: layout.rawValue)
    }

    static func response(_ html: String, status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"], body: .init(byteBuffer: ByteBuffer(string: html)))
    }

    /// Sends the browser to another page of ours after a form was taken.
    package static func redirect(to path: String, _ flash: Flash? = nil) -> Response {
        var response = Response.seeOther(path)
        if let flash { FlashSeal.mark(&response, with: flash) }
        return response
    }

    /// Where the frame's own form leads back to: the page that was asked for. What a form was sent to is no page that can be asked for.
    static func returnPath(of request: Request) -> String { request.method == .get || request.method == .head ? request.uri.string : "/" }

    /// A path of our own site that a form gave, or the other one: a form of ours leads nobody elsewhere.
    package static func local(_ path: String?, or other: String) -> String {
        guard let path, path.begins(with: "/"), !path.begins(with: "//"), !path.has("\\"), path.utf8.count <= 2048,
            path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return other }
        return path
    }
}
