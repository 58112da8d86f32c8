import Foundation

/// What a leak file says of a person beyond the breach: the credentials, and the machine that they were stolen from.
package struct LeakFinding: Sendable, Hashable {
    /// The file, as the company knows it.
    package var file: LeakFileID
    package var credentials: [FoundCredential]
    /// Whether it is known when the file's content is from.
    package var isDated: Bool = false
    /// The infected machine; nil for lists, whose lines name none.
    package var machine: InfectedMachine.Facts?
}

/// A credential as it is kept: without its secret.
package struct FoundCredential: Sendable, Hashable {
    /// Tells it from others: keyed by the company, over login and secret.
    package var identity: [UInt8]
    /// Shortened, see ``LoginText/redacted(_:of:)``.
    package var login: String
    package var site: String?
    package var secret: Secret?
    /// Whether it is a text that was not understood, with nobody knows what in it.
    package var isUnread: Bool = false

    /// What is kept of a secret.
    package struct Secret: Sendable, Hashable {
        /// `plain`, or which hash.
        package var kind: String
        /// How long a plain one is, in classes.
        package var lengthClass: String
        /// Keyed by the company, over the secret alone: equal for equal ones.
        package var fingerprint: [UInt8]
    }
}
