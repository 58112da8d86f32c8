import HTTPTypes

extension HTTPField.Name {
    // The names are written here, so that none of them can be refused at run time; a test makes each one.
    package static let xForwardedFor = known("X-Forwarded-For")
    package static let xRealIP = known("X-Real-IP")
    package static let forwarded = known("Forwarded")
    package static let xRequestID = known("X-Request-Id")
    package static let secFetchSite = known("Sec-Fetch-Site")
    package static let contentSecurityPolicy = known("Content-Security-Policy")
    package static let frameOptions = known("X-Frame-Options")
    package static let contentTypeOptions = known("X-Content-Type-Options")
    package static let referrerPolicy = known("Referrer-Policy")
    package static let permissionsPolicy = known("Permissions-Policy")
    package static let crossOriginOpenerPolicy = known("Cross-Origin-Opener-Policy")
    package static let crossOriginResourcePolicy = known("Cross-Origin-Resource-Policy")
    package static let host = known("Host")
    /// Never sent: what a handler says to ``FlashSeal``.
    static let pendingFlash = known("DataShield-Pending-Flash")

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("A header's name is misspelt here.") }
        return name
    }
}
