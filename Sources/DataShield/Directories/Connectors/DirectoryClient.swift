import Foundation
import HTTPTypes
import JSON
import Scalars

/// A call to a directory over HTTP.
struct DirectoryCall: Sendable {
    var method: HTTPRequest.Method = .get
    var url: URL
    var headers: HTTPFields = [:]
    var body: [UInt8]?
    var timeout: Duration = .seconds(60)
    /// Completes the headers of each attempt, where they depend on the time: a signature.
    var sign: (@Sendable (inout HTTPFields) -> Void)?

    static func get(_ url: URL, headers: HTTPFields = [:]) -> DirectoryCall { DirectoryCall(url: url, headers: headers) }

    /// - Parameter form: names and values, which are escaped here.
    static func form(_ url: URL, _ form: [(String, String)]) -> DirectoryCall {
        let text = form.map { "\(PercentEncoding.of($0))=\(PercentEncoding.of($1))" }.joined(separator: "&")
        return DirectoryCall(
            method: .post, url: url, headers: [.contentType: "application/x-www-form-urlencoded"], body: Array(text.utf8), timeout: .seconds(30))
    }

    static func json(_ method: HTTPRequest.Method, _ url: URL, _ body: some Encodable) throws -> DirectoryCall {
        DirectoryCall(
            method: method, url: url, headers: [.contentType: "application/json"], body: try JSONCoding.encode(body), timeout: .seconds(30))
    }
}

/// What a directory answered, whatever its status.
struct DirectoryAnswer: Sendable {
    var status: Int
    var headers: HTTPFields
    var bytes: [UInt8]

    var isSuccess: Bool { (200..<300).contains(status) }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    /// A header that holds a number.
    func number(_ name: String) -> Double? {
        header(name).flatMap { Double($0.trimmingCharacters(in: .whitespaces)) }.flatMap { $0.isFinite ? $0 : nil }
    }

    /// When the directory answered, by its own clock.
    var date: Date? { header("Date").flatMap { HTTPDate.parse($0) } }

    /// `Retry-After`: seconds, also with a fraction, or a date.
    func retryAfter(now: Date) -> Duration? {
        OutboundResponse(status: .tooManyRequests, headers: headers, body: []).retryAfter(now: date ?? now)
    }

    /// - Throws: ``DirectoryFailure/malformed(_:)`` when the body is a web page, or not UTF-8.
    func requireText() throws(DirectoryFailure) {
        // By what it is, whatever it is called.
        let first = bytes.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        guard first != UInt8(ascii: "<") else { throw .malformed("a web page came in the place of data") }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .malformed("it is not UTF-8") }
    }

    /// - Throws: ``DirectoryFailure/malformed(_:)``.
    func json() throws(DirectoryFailure) -> JSONValue {
        try requireText()
        do {
            return try JSONParser.parse(bytes, isLenient: true)
        } catch {
            throw .malformed("it is not JSON")
        }
    }

    /// The body where an error may be described; nil when it is no JSON.
    var problem: JSONValue? {
        // try?: an error without a readable body is told by its status.
        try? json()
    }
}

/// That a directory wants to be asked later.
struct DirectoryDelay: Sendable, Hashable {
    /// At least so long, where it says so.
    var after: Duration?
    /// Whether we asked too often, rather than that it is in trouble.
    var isLimit: Bool

    /// What the statuses of HTTP mean by themselves.
    static func usual(_ answer: DirectoryAnswer, now: Date) -> DirectoryDelay? {
        switch answer.status {
        case 429: DirectoryDelay(after: answer.retryAfter(now: now), isLimit: true)
        case 408, 500, 502, 503, 504: DirectoryDelay(after: answer.retryAfter(now: now), isLimit: false)
        default: nil
        }
    }
}

/// How long reading goes on when a directory does not answer, or asks to wait.
struct DirectoryPatience: Sendable, Hashable {
    var attempts: Int
    /// Altogether, for one call.
    var longestWait: Duration
    /// For one answer.
    var longestCall: Duration

    static let usual = DirectoryPatience(attempts: DirectoryClient.attempts, longestWait: DirectoryClient.longestWait, longestCall: .seconds(60))
    /// Of what is read on the way to a change. Whoever waits for the change waits two minutes, and then has to take it for sent.
    static let beforeChange = DirectoryPatience(attempts: 2, longestWait: .seconds(5), longestCall: .seconds(15))
}

/// The way to a directory over HTTP. Reading is tried again when that may help, within bounds; what changes an account is sent once.
struct DirectoryClient: Sendable {
    /// As in a message: "Okta".
    let name: String
    let access: DirectoryAccess
    /// Whether a user typed the address; the field that holds it.
    let typedField: String?
    /// How the service says that it wants to be asked later.
    let delay: @Sendable (DirectoryAnswer, Date) -> DirectoryDelay?

    /// How often a call is tried.
    static let attempts = 6
    /// How long one call may wait altogether. Whoever is told to wait longer is told so, and the sync is tried again later.
    static let longestWait = Duration.seconds(600)
    /// How patient what is read in this task is.
    @TaskLocal static var patience: DirectoryPatience = .usual
    /// What is waited at most when the directory does not say how long.
    static let longestBackoff = Duration.seconds(30)
    /// A page of a thousand people is below a megabyte.
    private static let responseLimit = 16 << 20

    init(
        _ name: String, _ access: DirectoryAccess, typedField: String? = nil,
        delay: @escaping @Sendable (DirectoryAnswer, Date) -> DirectoryDelay? = { DirectoryDelay.usual($0, now: $1) }
    ) {
        self.name = name
        self.access = access
        // An origin that the operator set is trusted as the operator is.
        self.typedField = access.origin == nil ? typedField : nil
        self.delay = delay
    }

    /// Reads: tries again on 408, 429, 5xx and connections that fail.
    /// - Returns: the answer, whatever its status, unless it is one that asks for patience.
    /// - Throws: ``DirectoryFailure``, `CancellationError`.
    func read(_ call: DirectoryCall) async throws -> DirectoryAnswer {
        let patience = Self.patience
        var call = call
        call.timeout = min(call.timeout, patience.longestCall)
        var waited = Duration.zero
        var attempt = 1
        while true {
            let failure: DirectoryFailure
            var stated: Duration?
            do {
                let answer = try await send(call)
                guard let delay = delay(answer, access.now()) else { return answer }
                stated = delay.after
                failure = delay.isLimit ? .rateLimited(retryAfter: delay.after) : unavailable(answer)
            } catch let error as OutboundFailure {
                failure = self.failure(error)
                guard error.isTransient else { throw failure }
            }
            let wait = Self.wait(attempt: attempt, stated: stated)
            guard attempt < patience.attempts, waited + wait <= patience.longestWait else { throw failure }
            waited += wait
            attempt += 1
            try await access.pause(wait)
        }
    }

    /// How long to wait before another attempt: 1, 2, 4 … seconds, or what the directory asks for when that is longer; up to half as much
    /// again, so that those who were refused together do not come back together.
    static func wait(attempt: Int, stated: Duration?, jitter: Double = .random(in: 0..<1)) -> Duration {
        let backoff = min(.seconds(1 << min(attempt - 1, 10)), longestBackoff)
        guard let stated else { return backoff + backoff * (jitter / 2) }
        return max(stated, backoff) + min(max(stated, backoff) * (jitter / 2), .seconds(5))
    }

    /// Changes something: one attempt, because one whose answer was lost may have been carried out.
    /// - Returns: the answer, whatever its status, unless it is one that asks for patience.
    /// - Throws: ``DirectoryFailure``: ``DirectoryFailure/unanswered(_:)`` when it is not known whether it was done; `CancellationError`.
    func change(_ call: DirectoryCall) async throws -> DirectoryAnswer {
        do {
            return try changed(await send(call))
        } catch let error as OutboundFailure {
            switch error {
            case .timedOut, .connectionLost, .other, .tooLarge, .badStatus:
                throw DirectoryFailure.unanswered("\(name) did not answer.")
            case .invalidURL, .unknownHost, .forbiddenAddress, .refused, .tls: throw failure(error)
            }
        }
    }

    /// An answer to a change, if it tells whether the change was made.
    /// - Throws: ``DirectoryFailure/unanswered(_:)`` for one that does not: whoever stands between, such as a proxy with a status of its own,
    ///   may answer after the service has done it. Only 501 says that nothing was.
    func changed(_ answer: DirectoryAnswer) throws(DirectoryFailure) -> DirectoryAnswer {
        let wish = delay(answer, access.now())
        if let wish, wish.isLimit { throw .rateLimited(retryAfter: wish.after) }
        guard wish == nil, answer.status < 500 || answer.status == 501 else { throw .unanswered("\(unavailable(answer))") }
        return answer
    }

    private func send(_ call: DirectoryCall) async throws -> DirectoryAnswer {
        try Task.checkCancellation()
        var headers = call.headers
        headers[.userAgent] = OutboundClient.userAgent
        if headers[.accept] == nil { headers[.accept] = "application/json" }
        call.sign?(&headers)
        let response = try await access.outbound.execute(
            OutboundRequest(
                method: call.method, url: call.url, headers: headers, body: call.body, timeout: call.timeout,
                responseLimit: Self.responseLimit, isAddressTypedByUser: typedField != nil))
        return DirectoryAnswer(status: response.status.code, headers: response.headers, bytes: response.body)
    }

    private func failure(_ failure: OutboundFailure) -> DirectoryFailure {
        switch failure {
        case .timedOut: .timeout
        case .tls: .tls("The certificate or the encryption of \(name) could not be agreed on, so nothing was sent.")
        case .forbiddenAddress, .invalidURL:
            typedField.map { DirectoryFailure.misconfigured(field: $0, failure.description) } ?? .unavailable(failure.description)
        case .tooLarge: .malformed("it is larger than can be read")
        case .badStatus, .unknownHost, .refused, .connectionLost, .other: .unavailable("\(name) cannot be asked. \(failure)")
        }
    }

    private func unavailable(_ answer: DirectoryAnswer) -> DirectoryFailure {
        .unavailable("\(name) is unavailable: it answered with status \(answer.status).")
    }

    /// What is said of an answer that nothing else explains.
    func unexpected(_ answer: DirectoryAnswer, code: String?) -> DirectoryFailure {
        .malformed("status \(answer.status)\(code.map { " (\(Self.safe($0)))" } ?? "") was not expected")
    }

    /// An error code as a service writes it, kept to what codes are made of: a message could hold an address.
    static func safe(_ code: String) -> String {
        String(
            String.UnicodeScalarView(
                code.unicodeScalars.filter { $0.isASCII && ($0.properties.isAlphabetic || "0123456789_.-".unicodeScalars.contains($0)) }.prefix(80)))
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, RFC 9110 §5.6.7.
enum HTTPDate {
    static func parse(_ text: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return formatter.date(from: text.trimmingCharacters(in: .whitespaces))
    }
}

extension DirectoryAccess {
    /// Where a service is: where it usually is, or below the origin that the operator set.
    func url(_ usual: String, _ path: String) throws(DirectoryFailure) -> URL {
        // Scheme, host and port of the origin; the path stays the service's own.
        let base = origin.map { $0.absoluteString.rest(before: "/").map { String($0) } ?? $0.absoluteString } ?? usual
        guard let url = URL(string: base + path) else { throw .misconfigured(field: "", "The directory's address cannot be called.") }
        return url
    }
}
