import HTTPTypes
import Hummingbird
import Scalars

/// The cookie that carries a session's token.
package struct SessionCookie: Sendable {
    package static let name = "datashield_session"

    /// Behind HTTPS the browser is told to send it by HTTPS only.
    let isSecure: Bool

    /// The `Set-Cookie` header that begins a session. It has no Max-Age: the server decides when it ends.
    package func setting(_ token: Token) -> HTTPField { field("\(Self.name)=\(token.text)") }

    /// The `Set-Cookie` header that ends it.
    package func clearing() -> HTTPField { field("\(Self.name)=; Max-Age=0") }

    private func field(_ value: String) -> HTTPField {
        HTTPField(name: .setCookie, value: "\(value); Path=/; HttpOnly; SameSite=Lax" + (isSecure ? "; Secure" : ""))
    }

    /// The token that a request carries.
    static func token(in request: Request) -> String? {
        for header in request.headers[values: .cookie] {
            for pair in header.parts(between: ";") {
                let parts = pair.parts(between: "=", limit: 1)
                guard parts.count == 2, parts[0].unicodeScalars.drop(while: { $0 == " " }).elementsEqual(name.unicodeScalars) else { continue }
                return String(parts[1])
            }
        }
        return nil
    }
}
