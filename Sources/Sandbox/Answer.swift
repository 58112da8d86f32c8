import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// An answer before it is sent.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var contentType: String?
    var fields = HTTPFields()
    var body: [UInt8]

    static func json(written body: [UInt8], status: HTTPResponse.Status = .ok) -> Answer {
        Answer(status: status, contentType: "application/json; charset=utf-8", body: body)
    }

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Answer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // What the sandbox answers with are strings and numbers, which can always be written.
        return json(written: Array((try? encoder.encode(value)) ?? Data("null".utf8)), status: status)
    }

    /// An error in the words of the service.
    static func refusal(_ status: HTTPResponse.Status, _ message: String) -> Answer {
        struct Body: Encodable {
            let statusCode: Int
            let message: String
        }
        return json(Body(statusCode: status.code, message: message), status: status)
    }

    static func tooManyRequests(after seconds: Int) -> Answer {
        var answer = refusal(.tooManyRequests, "Rate limit is exceeded. Try again in \(seconds) seconds.")
        answer.fields[.retryAfter] = String(seconds)
        return answer
    }

    /// Nothing is known: no body.
    static let nothing = Answer(status: .notFound, body: [])

    /// A page of the server in front of the service.
    static func edgePage(_ status: HTTPResponse.Status) -> Answer {
        let page = "<!DOCTYPE html><html><head><title>\(status.code)</title></head><body><h1>Error \(status.code)</h1></body></html>"
        var answer = Answer(status: status, contentType: "text/html; charset=UTF-8", body: Array(page.utf8))
        if let name = HTTPField.Name("cf-ray") { answer.fields[name] = "8000000000000000-LHR" }
        return answer
    }

    /// - Parameter isCut: whether the connection ends after half of the body.
    func response(isCut: Bool = false) -> Response {
        var headers = fields
        if let contentType { headers[.contentType] = contentType }
        guard isCut else { return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body))) }
        let bytes = body.isEmpty ? Array("null".utf8) : body
        // What has no body by its status cannot be cut in it.
        return Response(
            status: status == .noContent ? .ok : status, headers: headers,
            body: ResponseBody(contentLength: bytes.count) { writer in
                try await writer.write(ByteBuffer(bytes: bytes.prefix(bytes.count / 2)))
                throw Cut()
            })
    }

    /// Thrown in the middle of a body: the server closes the connection.
    private struct Cut: Error {}
}
