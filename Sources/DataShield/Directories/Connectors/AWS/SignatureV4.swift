import Cryptography
import Foundation
import Scalars

/// AWS Signature Version 4, as the IAM User Guide ("Create a signed AWS API request") tells it, for services other than S3.
struct SignatureV4: Sendable {
    var accessKeyID: String
    var secretAccessKey: String
    var region: String
    var service: String

    /// What is signed of a request.
    struct Request: Sendable {
        var method: String
        /// The path as it is sent, percent-encoded; empty is `/`.
        var path: String
        /// The query as it is sent, without the question mark.
        var query: String
        /// All headers to be signed, `host` and `x-amz-date` among them.
        var headers: [(name: String, value: String)]
        var body: [UInt8]
    }

    /// `20150830T123600Z`
    static func time(_ date: Date) -> String {
        String(Timestamp.text(date).prefix(19).filter { $0 != "-" && $0 != ":" }) + "Z"
    }

    /// The value of `Authorization`.
    /// - Parameter time: the value of `x-amz-date`.
    func authorization(_ request: Request, time: String) -> String {
        let scope = scope(time)
        let names = Self.signedNames(request)
        return "AWS4-HMAC-SHA256 Credential=\(accessKeyID)/\(scope), SignedHeaders=\(names), Signature=\(signature(request, time: time))"
    }

    /// The signature, in hexadecimal.
    func signature(_ request: Request, time: String) -> String {
        let text = "AWS4-HMAC-SHA256\n\(time)\n\(scope(time))\n\(Self.hash(Array(Self.canonical(request).utf8)))"
        return Hex.text(HMAC.code(of: text.utf8, key: signingKeys(time).signing))
    }

    private func scope(_ time: String) -> String { "\(time.prefix(8))/\(region)/\(service)/aws4_request" }

    /// The key for a day, region and service, with those that lead to it.
    func signingKeys(_ time: String) -> (date: SymmetricKey, region: SymmetricKey, service: SymmetricKey, signing: SymmetricKey) {
        func next(_ key: SymmetricKey, _ text: String) -> SymmetricKey {
            SymmetricKey(HMAC.code(of: text.utf8, key: key))
        }
        let date = next(SymmetricKey("AWS4\(secretAccessKey)".utf8), String(time.prefix(8)))
        let region = next(date, self.region)
        let service = next(region, self.service)
        return (date, region, service, next(service, "aws4_request"))
    }

    /// The request in the one form that both sides hash.
    static func canonical(_ request: Request) -> String {
        let headers = sorted(request.headers).map { "\($0.name):\($0.value)\n" }.joined()
        return [request.method.uppercased(), path(request.path), query(request.query), headers, signedNames(request), hash(request.body)]
            .joined(separator: "\n")
    }

    static func signedNames(_ request: Request) -> String { sorted(request.headers).map(\.name).joined(separator: ";") }

    static func hash(_ bytes: [UInt8]) -> String { Hex.text(Digest.sha256(of: bytes)) }

    private static func sorted(_ headers: [(name: String, value: String)]) -> [(name: String, value: String)] {
        headers.map { (name: $0.name.lowercased(), value: $0.value.parts(between: " ").joined(separator: " ")) }
            .sorted { precedes($0.name, $1.name) }
    }

    /// Whether a text comes first in the order of its bytes.
    private static func precedes(_ one: String, _ other: String) -> Bool { one.utf8.lexicographicallyPrecedes(other.utf8) }

    /// Each segment is encoded once more than it is sent.
    private static func path(_ path: String) -> String {
        guard !path.isEmpty, path != "/" else { return "/" }
        return path.parts(between: "/", keepsEmpty: true).map { PercentEncoding.of(String($0)) }.joined(separator: "/")
    }

    private static func query(_ query: String) -> String {
        guard !query.isEmpty else { return "" }
        return query.parts(between: "&").map { pair -> (name: String, value: String) in
            let sides = pair.parts(between: "=", limit: 1, keepsEmpty: true).map { side in
                PercentEncoding.of(side.removingPercentEncoding ?? String(side))
            }
            return (sides[0], sides.count > 1 ? sides[1] : "")
        }
        .sorted { one, other in
            one.name == other.name ? precedes(one.value, other.value) : precedes(one.name, other.name)
        }
        .map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }
}
