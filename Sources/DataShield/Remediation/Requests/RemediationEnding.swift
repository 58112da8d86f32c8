/// How a request failed.
package enum RemediationFailure: String, NativeEnum {
    /// The directory would not do it, for this account or with our rights.
    case refused = "REFUSED"
    /// The directory could not be asked, or could not do it just now: nothing was done.
    case unavailable = "UNAVAILABLE"
    /// Nobody knows whether it was done.
    case unknown = "UNKNOWN"
}

/// What a call came to, in words for the log.
enum RemediationAnswer: Sendable, Hashable {
    case done(String)
    case failed(RemediationFailure, String)

    var words: String {
        switch self {
        case .done(let words), .failed(_, let words): words
        }
    }
    var status: RemediationStatus {
        switch self {
        case .done: .success
        case .failed: .failed
        }
    }
    var isKnown: Bool {
        switch self {
        case .done, .failed(.refused, _), .failed(.unavailable, _): true
        case .failed(.unknown, _): false
        }
    }
    /// For our own log, which has no words of directories.
    var word: String {
        switch self {
        case .done: "DONE"
        case .failed(let failure, _): failure.rawValue
        }
    }
}

extension DirectoryFailure {
    /// How a request fails for it.
    var ofRemediation: RemediationFailure {
        switch self {
        case .notPermitted, .noSuchAccount, .refusedAction, .unsupported: .refused
        case .refusedCredentials, .misconfigured, .rateLimited, .tls, .unavailable, .timeout, .incomplete, .stateExpired, .malformed: .unavailable
        case .unanswered: .unknown
        }
    }
}

/// How a request ends after its last call: what is said of it, and what somebody is to decide on next.
struct RemediationEnding: Sendable, Hashable {
    /// nil when all was done.
    var failure: RemediationFailure?
    var reason: String?
    var next: RemediationType?

    var status: RemediationRequestStatus { failure == nil ? .done : .failed }

    /// - Parameters:
    ///   - action: what was asked for.
    ///   - step: the call: the action itself, or the sessions after a reset.
    ///   - canRevoke: whether the directory revokes sessions, which come after a reset.
    ///   - isGivenUp: whether the request had been given up when the answer came, so that nothing comes after it by itself.
    init(of action: RemediationType, after step: RemediationType, _ answer: RemediationAnswer, canRevoke: Bool, isGivenUp: Bool = false) {
        switch (action, step, answer) {
        case (.forcePasswordReset, .forcePasswordReset, .done) where canRevoke && isGivenUp:
            failure = .unavailable
            reason = "The password was reset, but the sessions stand: the answer came after the request had been given up. Revoke them."
            next = .revokeSessions
        case (_, _, .done):
            break
        case (.forcePasswordReset, .forcePasswordReset, .failed(.unknown, let words)):
            failure = .unknown
            let advice = canRevoke ? "and revoke the sessions" : "or reset it again"
            reason = "\(words) Look in the directory whether the password was changed, \(advice)."
            next = canRevoke ? .revokeSessions : .forcePasswordReset
        case (.forcePasswordReset, .revokeSessions, .failed(.unknown, let words)):
            failure = .unknown
            reason = "The password was reset, but the sessions may stand. \(words) Revoke them again."
            next = .revokeSessions
        case (.forcePasswordReset, .revokeSessions, .failed(let why, let words)):
            failure = why
            reason = "The password was reset, but the sessions stand. \(words)"
            next = .revokeSessions
        case (.revokeSessions, _, .failed(.unknown, let words)):
            failure = .unknown
            reason = "\(words) Revoke the sessions again."
            next = .revokeSessions
        case (.forcePasswordReset, .forcePasswordReset, .failed(let why, let words)), (.revokeSessions, _, .failed(let why, let words)):
            failure = why
            reason = words
        }
    }
}
