import HTTPTypes
import Hummingbird

/// Refuses what another site made a browser send in its user's name (CSRF). A browser says where a request comes from in
/// `Sec-Fetch-Site`, older ones in `Origin`; a program sends neither and carries no cookie by accident.
struct CrossSite: Sendable {
    /// `https://shield.example`, as people type it; nil when unknown: then the Host header is compared.
    let publicOrigin: String?

    func isRefused(_ request: Request) -> Bool {
        switch request.method {
        case .get, .head, .options, .trace: return false
        default: break
        }
        switch request.headers[.secFetchSite] {
        case "same-origin", "none": return false
        case "same-site", "cross-site": return true
        default: break
        }
        guard let origin = request.headers[.origin] else { return false }
        if let publicOrigin, origin == publicOrigin { return false }
        guard let authority = request.head.authority, !authority.isEmpty else { return true }
        return origin != "http://\(authority)" && origin != "https://\(authority)"
    }
}
