import CLibCurl
import Foundation

extension HTTPClient {
    /// Why there is no answer. Its text names no address and nothing of what was asked or answered.
    package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        case invalidURL
        /// The method or a header cannot be sent as it is.
        case invalidRequest
        case unknownHost
        case refused
        /// The connection would have led to another address than the one that it may lead to.
        case otherAddress
        case timedOut
        /// Certificate or encryption could not be agreed on.
        case tls
        case connectionLost
        case tooLarge
        /// What came is no HTTP, or its head is larger than can be read.
        case unreadable
        /// libcurl's number for what else there is.
        case other(UInt32)

        init(_ code: CURLcode, systemError: Int) {
            self =
                switch code {
                case CURLE_URL_MALFORMAT, CURLE_LOGIN_DENIED: .invalidURL
                case CURLE_COULDNT_RESOLVE_HOST: .unknownHost
                case CURLE_COULDNT_CONNECT: systemError == Int(ETIMEDOUT) ? .timedOut : .refused
                case CURLE_OPERATION_TIMEDOUT: .timedOut
                // The agreement broke off because the connection did.
                case CURLE_SSL_CONNECT_ERROR where [ECONNRESET, EPIPE].contains(Int32(clamping: systemError)): .connectionLost
                case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
                    CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CLIENTCERT, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_NOTFOUND:
                    .tls
                case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_SEND_FAIL_REWIND: .connectionLost
                case CURLE_FILESIZE_EXCEEDED: .tooLarge
                // The scheme was looked at before: what is not supported is the version in the answer.
                case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL: .unreadable
                default: .other(code.rawValue)
                }
        }

        package var description: String {
            switch self {
            case .invalidURL: "The address is not one that can be called."
            case .invalidRequest: "The method or a header cannot be sent."
            case .unknownHost: "The server's name cannot be found."
            case .refused: "The server refused the connection."
            case .otherAddress: "The connection would have led elsewhere."
            case .timedOut: "The server did not answer in time."
            case .tls: "The server's certificate or encryption could not be agreed on."
            case .connectionLost: "The connection broke before the answer was complete."
            case .tooLarge: "The answer is larger than asked for."
            case .unreadable: "The answer is not one of HTTP."
            case .other(let code): "The call failed (\(code))."
            }
        }
    }
}
