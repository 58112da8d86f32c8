import HTTPTypes
import Scalars

/// The headers that every answer has. No page needs inline script or style, another site's frame, or a request to elsewhere.
struct SecurityHeaders: Sendable {
    static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; "
        + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

    private let fields: [HTTPField]
    private let isHTTPS: Bool

    /// - Parameter isHTTPS: whether people reach us by HTTPS; then their browsers are told to stay with it.
    init(isHTTPS: Bool) {
        var fields = [
            HTTPField(name: .contentSecurityPolicy, value: Self.policy),
            HTTPField(name: .contentTypeOptions, value: "nosniff"),
            HTTPField(name: .frameOptions, value: "DENY"),
            HTTPField(name: .referrerPolicy, value: "same-origin"),
            HTTPField(name: .crossOriginOpenerPolicy, value: "same-origin"),
            HTTPField(name: .crossOriginResourcePolicy, value: "same-origin"),
            HTTPField(name: .permissionsPolicy, value: "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        ]
        if isHTTPS { fields.append(HTTPField(name: .strictTransportSecurity, value: "max-age=31536000; includeSubDomains")) }
        self.fields = fields
        self.isHTTPS = isHTTPS
    }

    func add(to headers: inout HTTPFields) {
        for field in fields { headers.append(field) }
        if isHTTPS { headers[values: .setCookie] = headers[values: .setCookie].map(Self.secured) }
        // What a signed-in person sees is for them alone, also in caches and after sign-out.
        if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
    }

    /// A cookie as it is set behind HTTPS, whoever sets it: no browser sends it over an open line.
    private static func secured(_ cookie: String) -> String {
        let attributes = cookie.parts(between: ";").dropFirst().map { $0.unicodeScalars.trimmingSpace().lowercased() }
        return attributes.contains("secure") ? cookie : cookie + "; Secure"
    }
}
