import HTTPTypes
import Hummingbird
import NIOCore

/// Error pages without a template: for tests, and for when the templates themselves are what failed.
package struct PlainErrorPages: ErrorPages {
    let stylesheet: String?

    package init(stylesheet: String? = nil) { self.stylesheet = stylesheet }

    package func page(for refusal: Refusal, to request: Request, context: AppContext) -> Response {
        let link = stylesheet.map { #"<link rel="stylesheet" href="\#(HTML.escape($0))">"# } ?? ""
        let fields = refusal.fields.map { "<li>\(HTML.escape($0.field)): \(HTML.escape($0.message))</li>" }.joined()
        let html = """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(refusal.status.code) · DataShield</title>\(link)</head><body><main id="main">
            <h1>\(HTML.escape(refusal.status.reasonPhrase))</h1><p>\(HTML.escape(refusal.detail))</p>\(fields.isEmpty ? "" : "<ul>\(fields)</ul>")
            <p><a href="/">Go to the dashboard</a></p><p><small>Request \(HTML.escape(context.requestID))</small></p></main></body></html>
            """
        var headers = refusal.headers
        headers[.contentType] = "text/html; charset=utf-8"
        return Response(status: refusal.status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: html)))
    }
}
