import HTTPTypes
import Hummingbird

/// The names and attributes of our cookies.
///
/// Behind HTTPS the names begin with `__Host-`: a browser takes such a cookie only from this host itself and over HTTPS, so that no other
/// site of the same domain, and nobody on an open line, can plant one. One under the bare name is not looked at there.
package struct Cookies: Sendable {
    package let isSecure: Bool

    /// - Parameter isSecure: whether people reach us by HTTPS.
    package init(isSecure: Bool) { self.isSecure = isSecure }

    /// As a cookie is called here.
    package func name(_ name: String) -> String { isSecure ? "__Host-" + name : name }

    /// The `Set-Cookie` header.
    /// - Parameter maximumAge: in seconds; 0 takes the cookie away, nil keeps it while the browser runs.
    func setting(_ name: String, _ value: String, maximumAge: Int?) -> HTTPField {
        let age = maximumAge.map { "; Max-Age=\($0)" } ?? ""
        return HTTPField(
            name: .setCookie, value: "\(self.name(name))=\(value); Path=/; HttpOnly; SameSite=Lax" + age + (isSecure ? "; Secure" : ""))
    }

    /// What a request has under a name; the first where there are several.
    func value(_ name: String, in request: Request) -> String? {
        let name = self.name(name).utf8
        for header in request.headers[values: .cookie] {
            for pair in header.utf8.split(separator: UInt8(ascii: ";")) {
                let pair = pair.drop { $0 == UInt8(ascii: " ") }
                guard let sign = pair.firstIndex(of: UInt8(ascii: "=")), pair[..<sign].elementsEqual(name) else { continue }
                return String(Substring(pair[pair.index(after: sign)...]))
            }
        }
        return nil
    }
}
