/// Why a provider gave no answer. None of these is "clean".
package enum ProviderFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The service does not know the key.
    case refusedKey
    /// The key is known and its plan does not include what was asked.
    case notPermitted
    /// The service searches only domains that the key's owner has proven to control.
    case domainNotVerified
    /// Something in front of the service refused the call before the service saw it.
    case blocked
    /// Too many calls: the service says when to come back.
    case rateLimited(retryAfter: Duration?)
    /// The plan's calls are used up.
    case quota
    /// The answer leaves something out, so that it says nothing of those whom it does not name; the text says why.
    case incomplete(String)
    /// The service cannot take this address; asking again changes nothing.
    case notAcceptable
    /// What is stored of the person is no address by today's rule, so that no service is asked about it.
    case noAddress
    /// The service is down, cannot be reached, or broke off.
    case unavailable(status: Int?)
    case timeout
    /// The service answered something that cannot be read; the text says what was not as it should be, never what it held.
    case malformed(String)

    /// What is shown and kept with a person's coverage.
    package var reason: String {
        switch self {
        case .refusedKey: "The key is refused."
        case .notPermitted: "The key's plan does not include this search."
        case .domainNotVerified: "The domain is not verified for this key."
        case .blocked: "The call was blocked before it reached the service."
        case .rateLimited: "The service limits the rate of calls."
        case .quota: "The plan's searches are used up."
        case .incomplete(let why): "The answer is not complete: \(why)."
        case .notAcceptable: "The service does not accept this address."
        case .noAddress: "An address on the staff list cannot be asked about: correct it there, or in the directory."
        case .unavailable(let status): status.map { "The service is unavailable (status \($0))." } ?? "The service cannot be reached."
        case .timeout: "The service did not answer in time."
        case .malformed(let what): "The answer cannot be read: \(what)."
        }
    }

    package var description: String { reason }

    /// What follows from it for the rest of a run.
    package enum Consequence: Sendable {
        /// Asking for this address again may help.
        case retry
        /// This address has no answer; others may have.
        case skip
        /// Nobody will have an answer.
        case stop
    }

    package var consequence: Consequence {
        switch self {
        case .rateLimited, .unavailable, .timeout: .retry
        case .notAcceptable, .noAddress, .malformed, .incomplete, .domainNotVerified: .skip
        case .refusedKey, .notPermitted, .blocked, .quota: .stop
        }
    }

    /// Whether the key is of no use until somebody does something about it.
    package var isTheKeysFault: Bool {
        switch self {
        case .refusedKey, .notPermitted: true
        case .domainNotVerified, .blocked, .rateLimited, .quota, .incomplete, .notAcceptable, .noAddress, .unavailable, .timeout,
            .malformed:
            false
        }
    }
}
