import Foundation

/// Why a directory did not do what it was asked. The words are for administrators: no secret, no address of anybody.
package enum DirectoryFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Wrong password, key or token.
    case refusedCredentials(String)
    /// The credentials are good, and this is not allowed to them: what has to be granted.
    case notPermitted(String)
    /// The configuration cannot be right: what is wrong, by field.
    case misconfigured(field: String, String)
    case rateLimited(retryAfter: Duration?)
    /// Certificate or encryption could not be agreed on.
    case tls(String)
    /// Cannot be reached, or answers with an error of its own.
    case unavailable(String)
    case timeout
    /// What was to be changed was sent, and the answer did not come: it may have been done all the same.
    case unanswered(String)
    /// The listing was cut short: nobody may be taken for gone.
    case incomplete(String)
    /// The state of an earlier listing is no longer good: everybody has to be listed.
    case stateExpired
    /// The answer is not what the service documents: which field, and what was received in its place.
    case malformed(String)
    case noSuchAccount
    /// The directory refuses the action for this account: why.
    case refusedAction(String)
    /// This kind of directory cannot do it at all.
    case unsupported(String)

    package var description: String {
        switch self {
        case .refusedCredentials(let why): why
        case .notPermitted(let why): why
        case .misconfigured(_, let why): why
        case .rateLimited: "The directory limits how often it can be asked, and asks us to wait."
        case .tls(let why): why
        case .unavailable(let why): why
        case .timeout: "The directory did not answer in time."
        case .unanswered(let why): "\(why) It may have been done all the same: look there before trying again."
        case .incomplete(let why): why
        case .stateExpired: "The directory no longer knows where the last sync ended."
        case .malformed(let what): "The directory's answer could not be read: \(what)."
        case .noSuchAccount: "The directory does not know this account."
        case .refusedAction(let why): why
        case .unsupported(let why): why
        }
    }

    /// Whether it is somebody's to mend, and is not tried again by itself before: a wrong password tried every hour locks an account.
    package var needsSomebody: Bool {
        switch self {
        case .refusedCredentials, .notPermitted, .misconfigured, .unsupported: true
        case .rateLimited, .tls, .unavailable, .timeout, .unanswered, .incomplete, .stateExpired, .malformed, .noSuchAccount, .refusedAction: false
        }
    }

    /// Whether the same may succeed later without anybody changing anything.
    package var isTransient: Bool {
        switch self {
        case .rateLimited, .unavailable, .timeout, .unanswered, .incomplete, .stateExpired: true
        case .refusedCredentials, .notPermitted, .misconfigured, .tls, .malformed, .noSuchAccount, .refusedAction, .unsupported: false
        }
    }
}
