import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Scalars

/// What belongs to one request while it is answered: who asks, where from, and what Hummingbird needs.
package struct AppContext: RequestContext {
    package var coreContext: CoreRequestContextStorage
    private let channel: any Channel
    /// Who is signed in; nil on a public route without a session.
    package internal(set) var signedIn: SignedIn?

    /// Whether the session is still what it was when the request came, by the database itself: for answers that go on for long.
    package internal(set) var isStillSignedIn: @Sendable () async throws -> Bool = { true }

    package init(source: ApplicationRequestContextSource) {
        channel = source.channel
        // Not Hummingbird's own, which counts: from two of one's own anybody could tell how many requests all others sent between.
        requestID = Self.makeRequestID()
        var logger = source.logger
        logger[metadataKey: "hb.request.id"] = "\(requestID)"
        coreContext = .init(source: ApplicationRequestContextSource(channel: channel, logger: logger))
    }

    /// The address of whoever is at the other end of the connection. Behind a proxy on this machine it is the one the proxy names.
    package func sourceAddress(of request: Request) -> String {
        let peer = channel.remoteAddress?.ipAddress ?? "local"
        guard isPeerLocal else { return peer }
        // Only a proxy on this machine is believed, and only its own entry: what came before it may be invented.
        let forwarded = request.headers[.xForwardedFor]?.parts(between: ",").last.map { $0.trimmingCharacters(in: .whitespaces) }
        guard let forwarded, IPAddress(forwarded) != nil else { return peer }
        return forwarded
    }

    /// Whether the connection comes from this machine, by itself or from a proxy here.
    private var isPeerLocal: Bool {
        guard let peer = channel.remoteAddress?.ipAddress else { return true }
        return IPAddress(peer)?.isLoopback == true
    }

    /// Whether the other end is this machine itself: it comes from here, no proxy says that it came from elsewhere, and it calls us by a
    /// name of this machine, which a browser here that was led astray does not.
    package func isThisMachine(_ request: Request) -> Bool {
        let passedOn: [HTTPField.Name] = [.xForwardedFor, .forwarded, .xRealIP, .via]
        return isPeerLocal && !passedOn.contains { request.headers[$0] != nil } && HostField.isLocal(request.head.authority)
    }

    /// Lets the body of this request take longer than others may, see ``DoorLimits/bodyTime``. Said before it is read.
    package func allow(bodyTime: Duration) { channel.triggerUserOutboundEvent(BodyTime(time: bodyTime), promise: nil) }

    /// The request with a body that asks for itself when somebody reads it.
    func announcing(_ request: Request) -> Request {
        guard request.headers[.contentLength] ?? "0" != "0" || request.headers[.transferEncoding] != nil else { return request }
        var request = request
        request.body = RequestBody(asyncSequence: AnnouncedBody(body: request.body, channel: channel))
        return request
    }

    /// Who asks, for the front doors. Whether they may is settled before a handler runs: the route names the permission, and nothing else does.
    /// - Throws: ``HTTPFailure/signInNeeded`` without a session. Routes for a permission or for whoever is signed in never get there.
    package var subject: Subject {
        get throws {
            guard let signedIn else { throw HTTPFailure.signInNeeded }
            return signedIn.subject
        }
    }

    /// An id in the path.
    /// - Throws: ``HTTPFailure/notFound``: what is not an id is no one's id.
    package func id<Entity>(_ name: String = "id", as type: Identifier<Entity>.Type) throws -> Identifier<Entity> {
        guard let id = parameters.get(name).flatMap({ Identifier<Entity>($0) }) else { throw HTTPFailure.notFound }
        return id
    }

    /// The id by which this request is found in the log.
    package let requestID: String

    /// 128 bits of the system's randomness, from which nothing can be told.
    private static func makeRequestID() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }
}

/// A person with a session.
package struct SignedIn: Sendable, Hashable {
    package var session: SessionID
    package var user: UserID
    package var name: String?
    package var email: String
    package var role: Role
    package var company: CompanyID
    package var companyName: String
    package var companyDomain: String
    package var timezone: String
    /// The password was given by somebody else: nothing but changing it is possible.
    package var mustChangePassword: Bool
    /// The governor of remediation has stopped: administrators see that on every page.
    package var isRemediationStopped = false
    /// The numbers in the navigation, as far as somebody has counted.
    package var counts = NavigationCounts()
    package var address: String?

    package var subject: Subject { Subject(actor: .user(user), company: company, role: role, address: address) }
}

/// Numbers beside entries of the navigation; those that are not known are not shown.
package struct NavigationCounts: Sendable, Hashable {
    /// People with something that is live for certain.
    package var livePeople: Int?
    package var openAlerts: Int?
    /// Machines with an open finding.
    package var machines: Int?

    package init(livePeople: Int? = nil, openAlerts: Int? = nil, machines: Int? = nil) {
        (self.livePeople, self.openAlerts, self.machines) = (livePeople, openAlerts, machines)
    }
}

/// Who may call a route. Every route names one.
package enum Access: Sendable, Hashable {
    /// Everybody, signed in or not.
    case `public`
    /// Whoever is signed in; also while a new password is due when `evenIfPasswordIsDue`.
    case signedIn(evenIfPasswordIsDue: Bool)
    case permission(Permission)
    /// A directory with the token of its SCIM connection. The routes themselves see to it: such a token opens nothing else, and a session
    /// does not open them.
    case directoryToken

    package static var signedIn: Access { .signedIn(evenIfPasswordIsDue: false) }
}

/// What HTTP itself refuses.
package enum HTTPFailure: FeatureError, Equatable {
    case notFound
    case methodNotAllowed(allowed: [String])
    case signInNeeded
    case notPermitted(Permission)
    case passwordChangeNeeded
    case crossSite
    case unsupportedMediaType(expected: String)
    case bodyTooLarge(limit: Int)
    case bodyTooSlow(seconds: Int)
    case notUTF8
    case badJSON(String)
    case badRequest(String)

    package var status: HTTPResponse.Status {
        switch self {
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .signInNeeded: .unauthorized
        case .notPermitted, .passwordChangeNeeded, .crossSite: .forbidden
        case .unsupportedMediaType: .unsupportedMediaType
        case .bodyTooLarge: .contentTooLarge
        case .bodyTooSlow: .requestTimeout
        case .notUTF8, .badJSON, .badRequest: .badRequest
        }
    }

    package var detail: String {
        switch self {
        case .notFound: "There is nothing here."
        case .methodNotAllowed(let allowed): "This address takes only \(allowed.joined(separator: ", "))."
        case .signInNeeded: "Sign in first."
        case .notPermitted(let permission): "Your role does not include \(permission.rawValue)."
        case .passwordChangeNeeded: "Choose a new password first."
        case .crossSite: "This request came from another site."
        case .unsupportedMediaType(let expected): "The body has to be \(expected), and the Content-Type header has to say so."
        case .bodyTooLarge(let limit): "The body is larger than \(limit) bytes."
        case .bodyTooSlow(let seconds): "The body did not arrive within \(seconds) seconds."
        case .notUTF8: "The body is not UTF-8."
        case .badJSON(let why): "The body is not JSON. \(why)"
        case .badRequest(let why): why
        }
    }
}
