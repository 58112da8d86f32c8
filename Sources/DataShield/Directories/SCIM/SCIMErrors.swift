import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import SCIM

extension SCIMError: FeatureError {
    package var status: HTTPResponse.Status { .init(code: code) }

    static let unauthorized = SCIMError(code: 401, nil, "The request needs the connection's token: Authorization: Bearer …")
}

/// Says whatever goes wrong under `/api/scim` as RFC 7644 §3.12 has it, also where no route is.
struct SCIMErrorFormat: ErrorFormat {
    /// Told of requests that no route takes.
    var unrouted: @Sendable (Request, AppContext, HTTPResponse.Status) async -> Void = { _, _, _ in }

    func isUnrouted(_ request: Request, _ context: AppContext, status: HTTPResponse.Status) async { await unrouted(request, context, status) }

    func covers(_ path: String) -> Bool { path.hasPrefix("/api/scim/") || path == "/api/scim" }

    func answer(to error: any Error, _ refusal: Refusal) -> Response {
        let error = Self.error(error, refusal)
        var headers = refusal.headers
        headers[.contentType] = SCIMAnswer.contentType
        // RFC 6750 §3: how to show who one is.
        if error.code == 401 { headers[.wwwAuthenticate] = #"Bearer realm="SCIM""# }
        // try?: three texts always encode.
        let bytes = (try? JSONWriter.bytes(error.body)) ?? []
        return Response(status: error.status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// An error of any kind as an error of SCIM.
    static func error(_ error: any Error, _ refusal: Refusal) -> SCIMError {
        switch error {
        case let error as SCIMError: error
        default: SCIMError(code: refusal.status.code, refusal.status == .badRequest ? .invalidSyntax : nil, refusal.detail)
        }
    }
}

/// Answers of SCIM.
enum SCIMAnswer {
    static let contentType = "application/scim+json; charset=utf-8"

    static func body(_ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) throws -> Response {
        var headers = headers
        headers[.contentType] = contentType
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: try JSONWriter.bytes(value, capacity: 4096))))
    }
}
