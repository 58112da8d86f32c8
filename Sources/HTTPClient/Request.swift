import Foundation

extension HTTPClient {
    /// What is asked.
    package struct Request: Sendable {
        /// What is sent behind the head.
        package enum Body: Sendable {
            case none
            case bytes([UInt8])
            /// Piece by piece as they come, of a length that is not known before.
            case pieces(AsyncStream<[UInt8]>)
        }

        package var method: String
        package var url: URL
        package var headers: [(name: String, value: String)]
        package var body: Body
        /// For the whole call: the wait for a connection and the answer's body included.
        package var timeout: Duration
        /// How many bytes the answer's body may have.
        package var responseLimit: Int
        /// The only address, in numbers, that may be connected to, whatever the host's name says; nil for those of the name.
        package var address: String?

        package init(
            _ method: String = "GET", _ url: URL, headers: [(name: String, value: String)] = [], body: Body = .none, timeout: Duration = .seconds(30),
            responseLimit: Int = 16 << 20, address: String? = nil
        ) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.timeout = timeout
            self.responseLimit = responseLimit
            self.address = address
        }

        /// libcurl hands on what it is given: a line break in a value would be the next line of the head.
        func check() throws(Failure) {
            guard !method.isEmpty, method.utf8.allSatisfy(Self.isTokenByte) else { throw .invalidRequest }
            for (name, value) in headers {
                guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenByte), !value.utf8.contains(where: { [0, 10, 13].contains($0) }) else {
                    throw .invalidRequest
                }
            }
            guard let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme), let host = url.host, !host.isEmpty else {
                throw .invalidURL
            }
        }

        func has(_ name: String) -> Bool { headers.contains { $0.name.lowercased() == name.lowercased() } }

        /// RFC 9110, section 5.6.2.
        private static func isTokenByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
    }

    /// What was answered.
    package struct Response: Sendable {
        package var status: Int
        /// In the order in which they came, spelled as they came.
        package var headers: [(name: String, value: String)]
        /// As it came: unpacked from chunks, but not from a content coding.
        package var body: [UInt8]

        /// The first value of a header.
        package func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
    }
}
