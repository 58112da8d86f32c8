import Foundation

/// What a leak file says of a person beyond the breach: the credentials, and the machine that they were stolen from.
package struct LeakFinding: Sendable, Hashable {
    /// The file, as the company knows it.
    package var file: LeakFileID
    package var credentials: [FoundCredential]
    /// Whether it is known when the file's content is from.
    package var isDated: Bool
    /// The infected machine; nil for lists, whose lines name none.
    package var machine: InfectedMachine.Facts?

    package init(file: LeakFileID, credentials: [FoundCredential], isDated: Bool = false, machine: InfectedMachine.Facts? = nil) {
        self.file = file
        self.credentials = credentials
        self.isDated = isDated
        self.machine = machine
    }
}

/// A credential as it is kept: without its secret.
package struct FoundCredential: Sendable, Hashable {
    /// Tells it from others: keyed by the company, over login and secret.
    package var identity: [UInt8]
    /// Shortened, see ``LoginText/redacted(_:of:)``.
    package var login: String
    package var site: String?
    package var secret: Secret?

    /// What is kept of a secret.
    package struct Secret: Sendable, Hashable {
        /// `plain`, or which hash.
        package var kind: String
        /// How long a plain one is, in classes.
        package var lengthClass: String
        /// Keyed by the company, over the secret alone: equal for equal ones.
        package var fingerprint: [UInt8]

        package init(kind: String, lengthClass: String, fingerprint: [UInt8]) {
            self.kind = kind
            self.lengthClass = lengthClass
            self.fingerprint = fingerprint
        }
    }

    package init(identity: [UInt8], login: String, site: String?, secret: Secret?) {
        self.identity = identity
        self.login = login
        self.site = site
        self.secret = secret
    }
}
