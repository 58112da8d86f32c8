import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Postgres

/// An RFC 9457 problem document: how the API says what went wrong.
package struct Problem: Codable, Sendable, Equatable {
    package var type: String
    package var title: String
    package var status: Int
    package var detail: String
    /// The input that was wrong, field by field.
    package var errors: [FieldError]?
    /// By this the request is found in the server's log.
    package var requestId: String?

    package init(status: HTTPResponse.Status, detail: String, errors: [FieldError] = [], requestId: String? = nil) {
        type = "about:blank"
        title = status.reasonPhrase
        self.status = status.code
        self.detail = detail
        self.errors = errors.isEmpty ? nil : errors
        self.requestId = requestId
    }
}

/// What an error means to whoever asked, and how loudly we hear of it.
package struct Refusal: Sendable {
    package var status: HTTPResponse.Status
    package var detail: String
    package var fields: [FieldError] = []
    package var logLevel: Logger.Level
    package var headers: HTTPFields = [:]
    /// What the role of whoever asked does not include, when that is why.
    package var missing: Permission?
    /// Whether it was the database that could not be reached: it need not be asked anything more for the answer.
    package var isWithoutDatabase = false

    /// Reads any error. What nobody foresaw is a 500 in plain words; its details are for the log.
    package init(_ error: any Error) {
        switch error {
        case let error as any FeatureError:
            self.init(status: error.status, detail: error.detail, fields: error.fields, logLevel: error.logLevel)
            if let error = error as? any RetryLater { headers[.retryAfter] = String(max(1, error.retryAfterSeconds)) }
            switch error as? HTTPFailure {
            case .methodNotAllowed(let allowed): headers[.allow] = allowed.joined(separator: ", ")
            case .notPermitted(let permission): missing = permission
            default: break
            }
        // Before what cannot be reached: a server without room may let nobody in.
        case let error where DiskFull.isMeant(by: error):
            self.init(status: .serviceUnavailable, detail: DiskFull.words, logLevel: .critical)
            headers[.retryAfter] = "60"
            isWithoutDatabase = (error as? PostgresError)?.isUnavailable ?? false
        case let error as PostgresError where error.isUnavailable:
            self.init(status: .serviceUnavailable, detail: "The database cannot be reached just now. Try again in a moment.", logLevel: .error)
            headers[.retryAfter] = "2"
            isWithoutDatabase = true
        case let error as PostgresError where error.isRetryable:
            // It was tried again, and met somebody else each time.
            self.init(
                status: .serviceUnavailable, detail: "Somebody else is changing the same thing just now. Try again in a moment.", logLevel: .warning)
            headers[.retryAfter] = "1"
        case let error as RouterFailure:
            let status = error.underlying.status
            self.init(status: status, detail: error.underlying.body ?? status.reasonPhrase, logLevel: status.code < 500 ? .info : .error)
        case is IOError, is ChannelError:
            // Whoever sent the body has gone away in the middle of it.
            self.init(status: .badRequest, detail: "The connection broke before the request was complete.", logLevel: .info)
        case is CancellationError:
            self.init(status: .serviceUnavailable, detail: "The server is stopping. Try again in a moment.", logLevel: .info)
            headers[.retryAfter] = "2"
        default:
            self.init(
                status: .internalServerError, detail: "Something went wrong on our side. It is in the log under the request id.", logLevel: .error)
        }
    }

    private init(status: HTTPResponse.Status, detail: String, fields: [FieldError] = [], logLevel: Logger.Level) {
        self.status = status
        self.detail = detail
        self.fields = fields
        self.logLevel = logLevel
    }

    /// The answer of the API.
    package func problem(requestID: String) -> Response {
        let problem = Problem(status: status, detail: detail, errors: fields, requestId: requestID)
        var headers = headers
        headers[.contentType] = "application/problem+json"
        // try?: three texts and a number always encode.
        let bytes = (try? JSONWriter.bytes(problem)) ?? []
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

/// What is said of a disk without room, wherever it is met.
package enum DiskFull {
    package static let words = "The server's disk is full. Tell whoever runs it."

    /// Whether an error means that there is no room: in the database, or where we write ourselves.
    package static func isMeant(by error: any Error) -> Bool {
        switch error {
        case let error as PostgresError: error.isDiskFull
        case let error as SpoolFailure: error == .diskFull
        case let error as POSIXError: error.code == .ENOSPC || error.code == .EDQUOT
        case let error as CocoaError: error.code == .fileWriteOutOfSpace
        case let error as IOError: error.errnoCode == ENOSPC || error.errnoCode == EDQUOT
        default: false
        }
    }
}

/// An error that passes: the caller is told when to try again.
package protocol RetryLater: FeatureError {
    var retryAfterSeconds: Int { get }
}
