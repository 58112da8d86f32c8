import Foundation
import HTTPTypes
import Hummingbird
import Mustache
import NIOCore
import Scalars

/// Makes pages of templates and models. The templates are read once, at start.
package struct Pages: Sendable {
    private let library: MustacheLibrary
    private let assets: String
    private let flash: FlashSeal
    private let cookies: Cookies

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
        let shell = shell(frame, path: Self.returnPath(of: request), theme: theme(in: request), flash: message, signedIn: context.signedIn)
        guard let html = html(template, model, shell, layout: frame.layout) else { return unshown(template, refusal: nil, context) }
        var response = Self.response(html, status: frame.status)
        if message != nil { response.headers.append(flash.clearing) }
        return response
    }

    /// What is shown of a page whose template the list of ``templates`` lacks: words alone.
    private func unshown(_ template: String, refusal: Refusal?, _ context: AppContext) -> Response {
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

// MARK: - The shell

extension Pages {
    private struct NavLink {
        var label: String
        var url: String
        var icon: String
        var isCurrent: Bool
    }

    func shell(_ frame: Frame, path: String, theme: Theme, flash: Flash?, signedIn: SignedIn?) -> [String: Any] {
        let role = signedIn?.role
        func may(_ permission: Permission) -> Bool { role?.permissions.contains(permission) ?? false }
        func links(_ items: [NavigationItem]) -> [PageNode] {
            items.filter { $0.permission.map(may) ?? true }.map {
                PageNode(NavLink(label: $0.label, url: $0.url, icon: $0.icon, isCurrent: $0 == frame.item))
            }
        }
        let name = signedIn.map { $0.name.flatMap { $0.isEmpty ? nil : $0 } ?? $0.email } ?? ""
        var shell: [String: Any] = [
            "assets": assets, "title": frame.title, "path": path, "isNarrow": frame.isNarrow, "showsHIBP": frame.showsHIBP,
            "themeIsLight": "\(theme == .light)", "themeIsDark": "\(theme == .dark)", "themeIsSystem": "\(theme == .system)",
            "userName": name, "userInitials": Format.initials(name), "userEmail": signedIn?.email ?? "",
            "userRole": role == .admin ? "Administrator" : "Viewer", "companyName": signedIn?.companyName ?? "",
            "companyDomain": signedIn?.companyDomain ?? "", "timezone": signedIn?.timezone ?? "UTC",
            "navMain": links(NavigationItem.main), "navManage": links(NavigationItem.manage),
            "mayScan": may(.employeesScan), "mayTriage": may(.alertsStatus), "mayManageEmployees": may(.employeesManage),
            "mayConnect": may(.connectorsManage), "mayPolicy": may(.policyManage), "mayUsers": may(.usersManage), "mayAudit": may(.auditRead),
        ]
        if theme != .system { shell["theme"] = theme.rawValue }
        if signedIn?.isRemediationStopped == true, may(.policyManage) { shell["remediationStopped"] = true }
        if let flash { shell["flash"] = PageNode(Notice(flash)) }
        return shell
    }
}

/// A flash as the template shows it.
private struct Notice {
    var tone: String
    var icon: String
    var text: String
    var undo: Flash.Undo?

    init(_ flash: Flash) {
        text = flash.text
        undo = flash.undo
        switch flash.kind {
        case .done: (tone, icon) = ("good", "check-circle")
        case .problem: (tone, icon) = ("critical", "warning")
        }
    }
}

// MARK: - Cookies

extension Pages {
    private static let themeName = "datashield_theme"

    private func theme(in request: Request) -> Theme { cookies.value(Self.themeName, in: request).flatMap { Theme(rawValue: $0) } ?? .system }

    /// The header that keeps a theme for a year.
    func setting(_ theme: Theme) -> HTTPField { cookies.setting(Self.themeName, theme.rawValue, maximumAge: 31_536_000) }
}

// MARK: - Errors

/// What the error page shows.
private struct ErrorModel {
    var code: String
    var heading: String
    var text: String
    var fields: [FieldError]
    var actionURL: String
    var actionLabel: String
    var requestId: String
}

extension Pages: ErrorPages {
    package func page(for refusal: Refusal, to request: Request, context: AppContext) -> Response {
        let heading =
            switch refusal.status.code {
            case 401: "Sign in first"
            case 403: "This is not for your role"
            case 404: "Page not found"
            case 409: "That cannot be done now"
            case 413: "That is too large"
            case 429: "Too much at once"
            case 503: "Not available just now"
            case 500...: "Something went wrong"
            default: "That did not work"
            }
        let text =
            if refusal.status == .notFound, refusal.detail == HTTPFailure.notFound.detail {
                "The address may be mistyped, or what was here was deleted or belongs to another company."
            } else if refusal.missing != nil {
                // What a permission is called says nothing to a person.
                """
                Your account is a \(context.signedIn?.role == .admin ? "administrator" : "viewer"), and may not do this. \
                An administrator of your company can.
                """
            } else {
                refusal.detail
            }
        let model = ErrorModel(
            code: "Error \(refusal.status.code)", heading: heading, text: text, fields: refusal.fields,
            actionURL: refusal.status == .unauthorized ? "/login" : "/",
            actionLabel: refusal.status == .unauthorized ? "Sign in" : "Go to the dashboard",
            requestId: refusal.status.code >= 500 ? context.requestID : "")
        let layout = context.signedIn == nil ? Frame.Layout.bare : .app
        let frame = Frame(heading, layout: layout, status: refusal.status)
        let shell = shell(frame, path: Self.returnPath(of: request), theme: theme(in: request), flash: nil, signedIn: context.signedIn)
        guard let html = html("errors/show", model, shell, layout: layout) else { return unshown("errors/show", refusal: refusal, context) }
        var response = Self.response(html, status: refusal.status)
        for field in refusal.headers { response.headers.append(field) }
        return response
    }
}
