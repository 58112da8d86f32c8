import Cryptography
import Foundation
import HTTPTypes
import Hummingbird

/// Takes a message from a form to the next page, in a cookie that nobody but us can write: it is signed for the session of whoever sent the
/// form. A message that another site planted, or that comes from somebody else's browser, is not shown.
package struct FlashSeal: Sendable {
    private static let name = "datashield_flash"
    /// As long as it takes to follow a redirect, with some room.
    private static let seconds = 60
    private let key: SymmetricKey
    private let cookies: Cookies

    /// - Parameter key: the same in all processes of an installation, since any of them may show the next page.
    package init(key: SymmetricKey, cookies: Cookies) {
        self.key = key
        self.cookies = cookies
    }

    /// Marks an answer with a message; ``finish(_:for:)`` makes the cookie of it, once it is known who asked.
    static func mark(_ response: inout Response, with flash: Flash) {
        // try?: two texts always encode.
        response.headers[.pendingFlash] = (try? JSONWriter.bytes(flash)).map { Base64URL.encode($0) }
    }

    /// Makes the cookie of the message with which an answer is marked. Whoever has no session has no next page to show it on.
    package func finish(_ response: inout Response, for signedIn: SignedIn?) {
        guard let payload = response.headers[.pendingFlash] else { return }
        response.headers[.pendingFlash] = nil
        guard let session = signedIn?.session else { return }
        let tag = HMAC.code(of: Self.signed(payload, session), key: key)
        response.headers.append(cookies.setting(Self.name, "\(payload).\(Base64URL.encode(tag))", maximumAge: Self.seconds))
    }

    /// The message that a request brings; nil when it brings none of ours for this session.
    func flash(in request: Request, for signedIn: SignedIn?) -> Flash? {
        guard let session = signedIn?.session, let value = cookies.value(Self.name, in: request), value.utf8.count <= 4096 else { return nil }
        let parts = value.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { String(Substring($0)) }
        guard parts.count == 2, let tag = Base64URL.decode(parts[1]),
            HMAC.isCode(tag, of: Self.signed(parts[0], session), key: key),
            let bytes = Base64URL.decode(parts[0]), let json = try? JSONParser.parse(bytes)  // try?: what is signed and no message is none
        else { return nil }
        return try? JSONValueDecoder(json).decode(Flash.self)  // try?: as above
    }

    /// The header that takes a message away which was shown.
    var clearing: HTTPField { cookies.setting(Self.name, "", maximumAge: 0) }

    private static func signed(_ payload: String, _ session: SessionID) -> String.UTF8View { "\(session)\n\(payload)".utf8 }
}
