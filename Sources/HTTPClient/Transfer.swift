import CLibCurl
import Foundation
import Synchronization

/// A call on its way: what libcurl is told of it, and what it tells.
// @unchecked: what changes belongs to the loop's thread once the transfer is handed to it, and to its maker before.
final class Transfer: @unchecked Sendable {
    let deadline: ContinuousClock.Instant
    /// Who waits for the answer.
    var continuation: CheckedContinuation<HTTPClient.Response, any Error>?
    /// Set by whoever cancels, who may come before the thread knows of the call.
    let isCancelled = Atomic(false)
    private(set) var handle: UnsafeMutableRawPointer?
    /// Whether the server has answered before all was sent: a pause of the sending has to end, or the call does not.
    private(set) var isAnsweredEarly = false

    private let request: HTTPClient.Request
    private let configuration: HTTPClient.Configuration
    private let upload: Upload?
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    private var headSize = 0
    private var headLines = 0
    private var body: [UInt8] = []
    private var isSent = false
    /// Why one of the callbacks has ended it.
    private var reason: HTTPClient.Failure?

    /// How large the head of an answer may be.
    private static let headLimit = 256 << 10
    /// How many lines it may have: for each header, libcurl compares its name with all others.
    private static let headLineLimit = 1000

    init(_ request: HTTPClient.Request, _ configuration: HTTPClient.Configuration, _ upload: Upload?, until deadline: ContinuousClock.Instant) {
        self.request = request
        self.configuration = configuration
        self.upload = upload
        self.deadline = deadline
    }

    deinit { release() }

    /// Frees what libcurl has of it. It must have been taken out of the loop before.
    private func release() {
        // One that was refused has none; the thread may look at it because of its cancellation meanwhile.
        guard let handle else { return }
        curl_easy_cleanup(handle)
        for list in lists { curl_slist_free_all(list) }
        (self.handle, lists) = (nil, [])
    }

    /// Ends the call; what comes second changes nothing.
    func finish(_ result: Result<HTTPClient.Response, any Error>) {
        release()
        continuation?.resume(with: result)
        continuation = nil
    }

    /// Ends the call as libcurl says.
    func finish(_ code: CURLcode) {
        if let reason { return finish(.failure(reason)) }
        guard code == CURLE_OK, let handle else {
            return finish(.failure(HTTPClient.Failure(code, systemError: handle.map { ccurl_number($0, CURLINFO_OS_ERRNO) } ?? 0)))
        }
        // Behind "HTTP/2" or "HTTP/3", libcurl 7.88 takes any number for a status.
        let status = ccurl_number(handle, CURLINFO_RESPONSE_CODE)
        guard (100...999).contains(status) else { return finish(.failure(HTTPClient.Failure.unreadable)) }
        var headers: [(name: String, value: String)] = []
        var next = curl_easy_nextheader(handle, UInt32(CURLH_HEADER), -1, nil)
        while let header = next {
            // Behind the colon of an empty one, libcurl 7.88 leaves the carriage return.
            headers.append(
                (String(cString: header.pointee.name), String(cString: header.pointee.value).trimmingCharacters(in: .whitespacesAndNewlines)))
            next = curl_easy_nextheader(handle, UInt32(CURLH_HEADER), -1, header)
        }
        finish(.success(.init(status: status, headers: headers, body: body)))
    }

    // MARK: What libcurl is told

    /// Makes the handle.
    /// - Throws: ``HTTPClient/Failure`` when libcurl does not take an option.
    func prepare() throws(HTTPClient.Failure) -> UnsafeMutableRawPointer {
        guard let handle = curl_easy_init() else { throw .other(CURLE_OUT_OF_MEMORY.rawValue) }
        self.handle = handle
        try setLimits()
        try setTLS()
        try setMethod()
        try set(CURLOPT_HTTPHEADER, headerLines())
        if let address = request.address {
            // Whatever host and port the URL names: this address, and the port as it is.
            try set(CURLOPT_CONNECT_TO, ["::\(address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]" : address):"])
        }
        try setCallbacks()
        return handle
    }

    private func setLimits() throws(HTTPClient.Failure) {
        try set(CURLOPT_URL, request.url.absoluteString)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        try set(CURLOPT_PATH_AS_IS, 1)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        // No proxy, whatever the environment says.
        try set(CURLOPT_PROXY, "")
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        // Signals belong to the program.
        try set(CURLOPT_NOSIGNAL, 1)
        // The end of a call waits for no answer of the name service: libcurl would, and all other calls with it.
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.wholeMilliseconds)
        if let silence = configuration.silenceTimeout {
            try set(CURLOPT_LOW_SPEED_LIMIT, 1)
            try set(CURLOPT_LOW_SPEED_TIME, max(1, Int(silence.components.seconds)))
        }
        try set(CURLOPT_MAXAGE_CONN, max(1, Int(configuration.keepAlive.components.seconds)))
        try set(CURLOPT_BUFFERSIZE, 64 << 10)
        // The length that a HEAD is told of is not one that comes.
        if request.method != "HEAD" { try check(ccurl_set_size(handle, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(request.responseLimit))) }
    }

    private func setTLS() throws(HTTPClient.Failure) {
        let version =
            switch configuration.minimumTLSVersion {
            case .tls10: CURL_SSLVERSION_TLSv1_0
            case .tls12: CURL_SSLVERSION_TLSv1_2
            }
        try set(CURLOPT_SSLVERSION, Int(version))
        if let trustRoots = configuration.trustRoots {
            try set(CURLOPT_CAINFO, trustRoots)
            try check(ccurl_set_text(handle, CURLOPT_CAPATH, nil))
        }
        if let ciphers = configuration.ciphers { try set(CURLOPT_SSL_CIPHER_LIST, ciphers) }
    }

    private func setMethod() throws(HTTPClient.Failure) {
        if request.method == "HEAD" {
            try set(CURLOPT_NOBODY, 1)
        } else if upload != nil || !["GET", "DELETE", "CONNECT", "TRACE"].contains(request.method) {
            // As an upload, because a body that is sent as a form gets a content type of its own.
            try set(CURLOPT_UPLOAD, 1)
            try check(ccurl_set_size(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(upload.map { $0.length ?? -1 } ?? 0)))
        }
        if request.method != "HEAD" { try set(CURLOPT_CUSTOMREQUEST, request.method) }
    }

    private func headerLines() -> [String] {
        var lines = request.headers.map { name, value in
            let value = value.trimmingCharacters(in: .whitespaces)
            // A name with nothing behind its colon is how libcurl is told to leave a header out.
            return value.isEmpty ? "\(name);" : "\(name): \(value)"
        }
        // What libcurl adds by itself.
        for name in ["Accept", "Expect"] where !request.has(name) { lines.append("\(name):") }
        return lines
    }

    private func setCallbacks() throws(HTTPClient.Failure) {
        let me = Unmanaged.passUnretained(self).toOpaque()
        for option in [CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_READDATA, CURLOPT_OPENSOCKETDATA, CURLOPT_PREREQDATA] {
            try check(ccurl_set_data(handle, option, me))
        }
        try check(
            ccurl_set_writer(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, me in
                Transfer.of(me).takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
            })
        try check(
            ccurl_set_writer(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, me in
                Transfer.of(me).takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
            })
        try check(
            ccurl_set_reader(handle) { room, size, count, me in
                guard let upload = Transfer.of(me).upload else { return 0 }
                return upload.take(into: UnsafeMutableRawBufferPointer(start: room, count: size * count))
            })
        try check(
            ccurl_set_socket_opener(handle) { me, _, address in
                guard let address, Transfer.of(me).mayConnect(to: address) else { return CURL_SOCKET_BAD }
                return ccurl_open_socket(address)
            })
        try check(
            ccurl_set_before_request(handle) { me, address, _, _, _ in
                let maySend = Transfer.of(me).maySend(to: address.map { String(cString: $0) })
                return Int32(maySend ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT)
            })
    }

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPClient.Failure) { try check(ccurl_set_number(handle, option, value)) }
    private func set(_ option: CURLoption, _ value: String) throws(HTTPClient.Failure) { try check(ccurl_set_text(handle, option, value)) }

    private func set(_ option: CURLoption, _ lines: [String]) throws(HTTPClient.Failure) {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = curl_slist_append(list, line) else {
                curl_slist_free_all(list)
                throw .other(CURLE_OUT_OF_MEMORY.rawValue)
            }
            list = longer
        }
        guard let list else { return }
        lists.append(list)
        try check(ccurl_set_list(handle, option, list))
    }

    private func check(_ code: CURLcode) throws(HTTPClient.Failure) {
        guard code == CURLE_OK else { throw .other(code.rawValue) }
    }

    // MARK: What libcurl tells

    private static func of(_ pointer: UnsafeMutableRawPointer?) -> Transfer {
        guard let pointer else { preconditionFailure("libcurl calls back with what it was given.") }
        return Unmanaged<Transfer>.fromOpaque(pointer).takeUnretainedValue()
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= request.responseLimit else { return refuse(.tooLarge) }
        body += bytes
        return true
    }

    /// A line of a head: of the answer's, of one before it (`100 Continue`), or behind the body.
    private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headSize += bytes.count
        headLines += 1
        guard headSize <= Self.headLimit, headLines <= Self.headLineLimit, !Self.isPacked(bytes) else { return refuse(.unreadable) }
        let isEnd = bytes.allSatisfy { $0 == 13 || $0 == 10 }
        if isEnd, let upload, upload.length == nil, ccurl_number(handle, CURLINFO_RESPONSE_CODE) >= 300 { isAnsweredEarly = true }
        return true
    }

    /// Whether a line says that the body is packed for its way, which nobody asked for. libcurl would unpack it, up to five layers deep: bytes that
    /// become none at the end are below each limit, and the thread, and all other calls with it, would be busy with a few of them for hours.
    private static func isPacked(_ line: UnsafeRawBufferPointer) -> Bool {
        let name = "transfer-encoding:"
        guard String(decoding: line.prefix(name.utf8.count), as: UTF8.self).lowercased() == name else { return false }
        return String(decoding: line.dropFirst(name.utf8.count), as: UTF8.self).split(separator: ",").contains {
            !["chunked", "identity", ""].contains($0.trimmingCharacters(in: .whitespacesAndNewlines).lowercased())
        }
    }

    private func mayConnect(to address: UnsafePointer<curl_sockaddr>) -> Bool {
        guard !isSent else { return refuse(.connectionLost) }
        guard let wanted = request.address else { return true }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard ccurl_write_address(address, &text, UInt32(text.count)) != 0, text.withUnsafeBufferPointer({ Self.isText($0.baseAddress, wanted) })
        else {
            return refuse(.otherAddress)
        }
        return true
    }

    private static func isText(_ text: UnsafePointer<CChar>?, _ other: String) -> Bool { text.map { strcmp($0, other) == 0 } ?? false }

    /// The connection stands, new or used before, and nothing of the request is sent on it yet.
    private func maySend(to address: String?) -> Bool {
        if let wanted = request.address, address != wanted { return refuse(.otherAddress) }
        // By itself libcurl sends again what it sent on a used connection that ended without a word. What that request did before is not known.
        guard !isSent else { return refuse(.connectionLost) }
        isSent = true
        return true
    }

    private func refuse(_ reason: HTTPClient.Failure) -> Bool {
        self.reason = reason
        return false
    }

    /// Has the sending go on after a pause.
    func resume() {
        isAnsweredEarly = false
        // The result says again what the next round says: how the call ended.
        if let handle { curl_easy_pause(handle, CURLPAUSE_CONT) }
    }
}

extension Int64 {
    fileprivate func clamped(to range: ClosedRange<Int64>) -> Int64 { Swift.min(Swift.max(self, range.lowerBound), range.upperBound) }
}

extension Duration {
    /// At least one, because nought means "as by itself" to libcurl.
    var wholeMilliseconds: Int {
        max(1, Int(components.seconds.clamped(to: 0...86_400_000) * 1000 + components.attoseconds / 1_000_000_000_000_000))
    }
}
