import Foundation
import HTTPTypes

/// Access tokens, by what they are for, until five minutes before they expire.
actor DirectoryTokens {
    struct Token: Sendable {
        var text: String
        var lifetime: Duration
    }

    private static let margin: TimeInterval = 300
    private let fetch: @Sendable (String) async throws -> Token
    private let now: Now
    private var kept: [String: (text: String, until: Date)] = [:]

    /// - Parameter fetch: gets a token for a scope.
    init(now: @escaping Now, fetch: @escaping @Sendable (String) async throws -> Token) {
        self.now = now
        self.fetch = fetch
    }

    func token(_ scope: String) async throws -> String {
        if let token = kept[scope], now() < token.until { return token.text }
        let token = try await fetch(scope)
        kept[scope] = (token.text, now() + token.lifetime.inSeconds - Self.margin)
        return token.text
    }

    /// Forgets a token that was refused.
    func drop(_ text: String, _ scope: String) {
        if kept[scope]?.text == text { kept[scope] = nil }
    }

    /// Makes a call with a token; with a new one, once, when it is refused: a refused call was not carried out.
    /// - Returns: the answer; of status 401 when the new token was refused too.
    func call(
        _ call: DirectoryCall, _ scope: String, with send: @Sendable (DirectoryCall) async throws -> DirectoryAnswer
    ) async throws -> DirectoryAnswer {
        var call = call
        let text = try await token(scope)
        call.headers[.authorization] = "Bearer \(text)"
        let answer = try await send(call)
        guard answer.status == 401 else { return answer }
        drop(text, scope)
        call.headers[.authorization] = "Bearer \(try await token(scope))"
        return try await send(call)
    }
}
