import Foundation
import Postgres

/// Whether what was exposed can still be used to sign in.
package enum Liveness: String, NativeEnum {
    case live = "LIVE"
    case neutralised = "NEUTRALISED"
    /// The directory or the source does not say what would be needed, or the times are too close to tell.
    case unknown = "UNKNOWN"
    /// There is nothing in it to sign in with, and the source would have said so: the question does not arise.
    case noCredential = "NO_CREDENTIAL"

    package var label: String {
        switch self {
        case .live: "Still live"
        case .neutralised: "Neutralised"
        case .unknown: "Not known"
        case .noCredential: "No credential"
        }
    }

    /// - Parameter certainty: of what is live.
    package func badge(_ certainty: LivenessCertainty?) -> Badge {
        switch (self, certainty) {
        case (.live, .ifReused?): Badge("Live if reused", .high, icon: "siren")
        case (.live, .certain?), (.live, nil): Badge(label, .critical, icon: "siren")
        case (.neutralised, _): Badge(label, .good, icon: "shield-check")
        case (.unknown, _): Badge(label, .neutral, icon: "question")
        case (.noCredential, _): Badge(label, .neutral, icon: "minus")
        }
    }
}

/// How sure it is that what is live opens the account at work.
package enum LivenessCertainty: String, NativeEnum {
    /// A session, or a password for a site of the company's or taken by malware.
    case certain = "CERTAIN"
    /// A password of somebody else's site: it opens the account at work only where the person uses the same.
    case ifReused = "IF_REUSED"
}

/// What can be used to sign in, the worst first.
package enum CredentialKind: String, NativeEnum {
    case session = "SESSION"
    case token = "TOKEN"
    /// For a site of the company's own.
    case companyPassword = "COMPANY_PASSWORD"
    case password = "PASSWORD"
    case hash = "HASH"

    package var label: String {
        switch self {
        case .session: "Session"
        case .token: "Token"
        case .companyPassword: "Password of a site of the company's"
        case .password: "Other password"
        case .hash: "Hash of a password"
        }
    }

    /// Whether it needs no password.
    var isSession: Bool {
        switch self {
        case .session, .token: true
        case .companyPassword, .password, .hash: false
        }
    }
}

/// Why an exposure is live or not, as `exposure_verdict` of the schema finds it.
package enum LivenessReason: String, NativeEnum {
    case noCredential = "NO_CREDENTIAL"
    case accountDisabled = "ACCOUNT_DISABLED"
    case sessionsStand = "SESSIONS_STAND"
    case passwordStands = "PASSWORD_STANDS"
    case sessionsNotKnown = "SESSIONS_NOT_KNOWN"
    case passwordNotKnown = "PASSWORD_NOT_KNOWN"
    case accountNotListed = "ACCOUNT_NOT_LISTED"
    case accountUnassigned = "ACCOUNT_UNASSIGNED"
    case personHasLeft = "PERSON_HAS_LEFT"
    case sessionsUnclear = "SESSIONS_UNCLEAR"
    case passwordUnclear = "PASSWORD_UNCLEAR"
    case sessionsRevoked = "SESSIONS_REVOKED"
    case passwordChanged = "PASSWORD_CHANGED"
    case bothRenewed = "BOTH_RENEWED"
    /// Malware took passwords, and the service does not pass on which.
    case credentialsWithheld = "CREDENTIALS_WITHHELD"
    /// The service says where an address stands, and not what stands beside it.
    case dataNotNamed = "DATA_NOT_NAMED"
    /// A leak file has text beside the address that was not understood.
    case textNotRead = "TEXT_NOT_READ"

    package var liveness: Liveness {
        switch self {
        case .noCredential: .noCredential
        case .sessionsStand, .passwordStands: .live
        case .sessionsNotKnown, .passwordNotKnown, .sessionsUnclear, .passwordUnclear, .accountNotListed, .accountUnassigned, .personHasLeft,
            .credentialsWithheld, .dataNotNamed, .textNotRead:
            .unknown
        case .accountDisabled, .sessionsRevoked, .passwordChanged, .bothRenewed: .neutralised
        }
    }
}
