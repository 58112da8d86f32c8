import Foundation
import Testing

@testable import LeakFiles

@Suite struct CookieFileTests {
    struct Cookie: Equatable {
        var domain: String
        var name: String
        var expires: Int
        init(_ domain: String, _ name: String, _ expires: Int) {
            self.domain = domain
            self.name = name
            self.expires = expires
        }
    }

    private func read(_ text: String) -> [Cookie] {
        var cookies: [Cookie] = []
        withView(text) { view in
            CookieFile.read(view) { cookies.append(Cookie($0.domain.text(limit: 253), $0.name.text(limit: 128), $0.expires)) }
        }
        return cookies
    }

    @Test func `the Netscape form is read, with its exceptions`() {
        let text = """
            # Netscape HTTP Cookie File
            .example.com\tTRUE\t/\tTRUE\t1798761600\tsid\tINVENTEDVALUE1
            #HttpOnly_vpn.example.com\tFALSE\t/\tTRUE\t0\tJSESSIONID\tINVENTEDVALUE2
            *** https://t.me/example ***

            a.example\ttrue\t/\tfalse\t1798761600000\tmilli\tx
            b.example\tTRUE\t/\tFALSE\t13400000000000000\tmicro\t
            c.example\tFALSE\t/\tTRUE\t1\tsix
            d.example\tnot\ta\tcookie\t1\tx\ty
            """
        #expect(
            read(text.replacingOccurrences(of: "\n", with: "\r\n")) == [
                Cookie("example.com", "sid", 1_798_761_600), Cookie("vpn.example.com", "JSESSIONID", 0), Cookie("a.example", "milli", 1_798_761_600),
                Cookie("b.example", "micro", 1_755_526_400), Cookie("c.example", "six", 1),
            ])
    }

    @Test func `blanks count as tabs only when seven parts result`() {
        #expect(
            read(".example.com TRUE / TRUE 1798761600 sid VALUE\n.example.com TRUE / TRUE 1798761600 sid VALUE WITH BLANKS\n") == [
                Cookie("example.com", "sid", 1_798_761_600)
            ])
    }

    @Test func `JSON is read, in lists and one by one`() {
        let text =
            "[{\"domain\":\".example.com\",\"expirationDate\":1798761600.5,\"name\":\"sid\",\"value\":\"{\\\"x\\\"\"},\n{\"host\":\"b.example\",\"name\":\"t\",\"value\":\"v\",\"session\":true}]"
        #expect(read(text) == [Cookie("example.com", "sid", 1_798_761_600), Cookie("b.example", "t", 0)])
        #expect(read("{\"cookies\": " + text + "}") == [Cookie("example.com", "sid", 1_798_761_600), Cookie("b.example", "t", 0)])
    }

    @Test func `cookies that keep somebody signed in are known by their names`() {
        for name in [
            "sid", "SSID", "JSESSIONID", "ESTSAUTHPERSISTENT", "my_session", "sess_1", "sso_x", "oauth_token", "x-access-token", "sessionId",
            "__Secure-1PSID", "connect.sid",
        ] {
            #expect(withView(name) { CookieFile.isSessionName($0) }, "\(name)")
        }
        for name in ["theme", "lang", "_ga", "session", "asid"] {
            #expect(!withView(name) { CookieFile.isSessionName($0) }, "\(name)")
        }
    }

    @Test func `autofill is read in its three shapes`() {
        var found: [[String]] = []
        withView(
            "email: a@example.org\nphone\t+49\n\nForm: https://shop.example.org/x\nName: mail\nValue: b@example.org\n---\nName: city\nValue: Berlin\n"
        ) { view in
            AutofillFile.read(view) { found.append([$0.form.text(limit: 99), $0.name.text(limit: 99), $0.value.text(limit: 99)]) }
        }
        #expect(
            found == [
                ["", "email", "a@example.org"], ["", "phone", "+49"], ["https://shop.example.org/x", "mail", "b@example.org"],
                ["https://shop.example.org/x", "city", "Berlin"],
            ])
    }
}
