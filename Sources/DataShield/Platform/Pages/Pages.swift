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

    package enum Failure: Error, CustomStringConvertible {
        case templatesMissing
        case badTemplate(String, String)

        package var description: String {
            switch self {
            case .templatesMissing: "The program's page templates are not where they belong: install it again."
            case .badTemplate(let name, let why): "The page template \(name) cannot be read: \(why)"
            }
        }
    }

    /// Reads the templates that come with the program.
    /// - Parameter assets: what goes before the name of a stylesheet or image, see ``StaticAssets/base``.
    package init(assets: String) throws {
        guard let directory = Bundle.module.url(forResource: "Templates", withExtension: nil) else { throw Failure.templatesMissing }
        try self.init(assets: assets, directory: directory)
    }

    init(assets: String, directory: URL) throws {
        self.assets = assets
        ScalarEscaping.register()
        var library = MustacheLibrary()
        let suffix = ".mustache"
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory.path).sorted() where path.hasSuffix(suffix) {
            let text = try String(contentsOf: directory.appendingPathComponent(path), encoding: .utf8)
            do {
                try library.register(ScalarEscaping.heading + text, named: String(path.dropLast(suffix.count)))
            } catch {
                throw Failure.badTemplate(path, "\(error)")
            }
        }
        self.library = library
    }

    /// The directory of the files that pages refer to.
    package static var assetsDirectory: URL {
        get throws {
            guard let url = Bundle.module.url(forResource: "Assets", withExtension: nil) else { throw Failure.templatesMissing }
            return url
        }
    }

    /// Shows a page.
    /// - Parameters:
    ///   - template: its name below `Templates`, without the ending: `alerts/list`.
    ///   - model: a struct with what the template names.
    package func show(_ template: String, _ model: some Sendable, _ frame: Frame, for request: Request, _ context: AppContext) -> Response {
        let flash = Self.flash(in: request)
        let shell = shell(frame, path: request.uri.string, theme: Self.theme(in: request), flash: flash, signedIn: context.signedIn)
        var response = Self.response(html(template, model, shell, layout: frame.layout), status: frame.status)
        if flash != nil { response.headers.append(Self.flashCookie(nil)) }
        return response
    }

    /// The text of a page.
    func html(_ template: String, _ model: some Sendable, _ shell: [String: Any], layout: Frame.Layout) -> String {
        let content = render(PageNode(model, shared: shell), template)
        var outer = shell
        outer["content"] = content
        return render(outer, layout.rawValue)
    }

    private func render(_ model: Any, _ template: String) -> String {
        guard let text = library.render(model, withTemplate: template) else { preconditionFailure("There is no template \(template).") }
        return text
    }

    static func response(_ html: String, status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"], body: .init(byteBuffer: ByteBuffer(string: html)))
    }

    /// Sends the browser to another page of ours after a form was taken.
    package static func redirect(to path: String, _ flash: Flash? = nil) -> Response {
        var response = Response.seeOther(path)
        if let flash { response.headers.append(flashCookie(flash)) }
        return response
    }

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

    init(_ flash: Flash) {
        text = flash.text
        switch flash.kind {
        case .done: (tone, icon) = ("good", "check-circle")
        case .problem: (tone, icon) = ("critical", "warning")
        }
    }
}

// MARK: - Cookies

extension Pages {
    private static let flashName = "datashield_flash"
    static let themeName = "datashield_theme"

    static func theme(in request: Request) -> Theme { cookie(themeName, in: request).flatMap { Theme(rawValue: $0) } ?? .system }

    private static func flash(in request: Request) -> Flash? {
        guard let text = cookie(flashName, in: request), text.utf8.count <= 2048, let bytes = Base64URL.decode(text),
            let value = try? JSONParser.parse(bytes)  // what is no flash of ours is none
        else { return nil }
        return try? JSONValueDecoder(value).decode(Flash.self)
    }

    private static func flashCookie(_ flash: Flash?) -> HTTPField {
        // try?: two texts always encode; without them the cookie is cleared.
        let value = flash.flatMap { try? Base64URL.encode(JSONWriter.bytes($0)) } ?? ""
        return HTTPField(
            name: .setCookie, value: "\(flashName)=\(value); Path=/; HttpOnly; SameSite=Lax; Max-Age=\(value.isEmpty ? 0 : 60)")
    }

    static func cookie(_ name: String, in request: Request) -> String? {
        for header in request.headers[values: .cookie] {
            for pair in header.parts(between: ";") {
                let parts = pair.parts(between: "=", limit: 1)
                if parts.count == 2, parts[0].unicodeScalars.drop(while: { $0 == " " }).elementsEqual(name.unicodeScalars) { return String(parts[1]) }
            }
        }
        return nil
    }
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
    package func page(for refusal: Refusal, requestID: String, context: AppContext) -> Response {
        let heading =
            switch refusal.status.code {
            case 401: "Sign in first"
            case 403: "This is not for your role"
            case 404: "There is nothing here"
            case 409: "That cannot be done now"
            case 413: "That is too large"
            case 429: "Too much at once"
            case 503: "Not available just now"
            case 500...: "Something went wrong"
            default: "That did not work"
            }
        let text =
            refusal.status == .notFound && refusal.detail == HTTPFailure.notFound.detail
            ? "The address may be mistyped, or what was here was deleted or belongs to another company." : refusal.detail
        let model = ErrorModel(
            code: "Error \(refusal.status.code)", heading: heading, text: text, fields: refusal.fields,
            actionURL: refusal.status == .unauthorized ? "/login" : "/",
            actionLabel: refusal.status == .unauthorized ? "Sign in" : "Go to the dashboard",
            requestId: refusal.status.code >= 500 ? requestID : "")
        let layout = context.signedIn == nil ? Frame.Layout.bare : .app
        let frame = Frame(heading, layout: layout, status: refusal.status)
        let shell = shell(frame, path: "/", theme: .system, flash: nil, signedIn: context.signedIn)
        var response = Self.response(html("errors/show", model, shell, layout: layout), status: refusal.status)
        for field in refusal.headers { response.headers.append(field) }
        return response
    }
}
