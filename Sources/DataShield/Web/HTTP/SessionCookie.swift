import HTTPTypes
import Hummingbird

/// The cookie that carries a session's token.
package struct SessionCookie: Sendable {
    private static let name = "datashield_session"
    private let cookies: Cookies

    /// - Parameter isSecure: whether people reach us by HTTPS.
    package init(isSecure: Bool) { cookies = Cookies(isSecure: isSecure) }

    /// As it is called here.
    package var name: String { cookies.name(Self.name) }

    /// The `Set-Cookie` header that begins a session. It has no Max-Age: the server decides when it ends.
    package func setting(_ token: Token) -> HTTPField { cookies.setting(Self.name, token.text, maximumAge: nil) }

    /// The `Set-Cookie` header that ends it.
    package func clearing() -> HTTPField { cookies.setting(Self.name, "", maximumAge: 0) }

    /// The token that a request carries.
    func token(in request: Request) -> String? { cookies.value(Self.name, in: request).flatMap { $0.isEmpty ? nil : $0 } }
}
