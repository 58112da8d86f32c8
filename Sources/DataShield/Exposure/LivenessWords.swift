import Foundation

extension ExposureLiveness {
    /// The reason in words, with the times that it rests on.
    package var words: String { words(of: Credential(kind: worst ?? .password, reason: reason, certainty: certainty)) }

    /// What is said of one credential.
    func words(of credential: Credential) -> String {
        let kind = credential.kind
        switch credential.reason {
        case .noCredential:
            return "Neither a password nor a session is in it, so nobody can sign in with it."
        case .accountDisabled:
            let mayHoldSession = kind.isSession || credentials.isEmpty && isFromMalware
            return "The account is disabled in its directory\(on(deactivatedAt, " since"))." + (mayHoldSession ? Self.sessionsElsewhere : "")
        case .accountNotListed:
            return "Its directory no longer lists the account\(on(deactivatedAt, " since")): whether it still can be signed in to, nobody says."
        case .accountUnassigned:
            return "The directory took the person back\(on(deactivatedAt, " on")): whether they still have an account there, it does not say."
        case .personHasLeft:
            return "The person has left\(on(deactivatedAt, " on")), by the staff list: whether the account was disabled, nobody says."
        case .sessionsStand:
            return "\(session(kind)) \(time), and no session of the account is known to have been ended\(on(sessionsValidFrom, " since"))."
        case .passwordStands where credential.certainty == .ifReused:
            return "\(secret(kind)) was exposed \(time). Whoever uses the same at work still does:"
                + " the last change of the account's password that is known of was\(on(passwordChangedAt, " on")), before that.\(secondFactor)"
        case .passwordStands:
            return
                "\(secret(kind)) was exposed \(time), and the last change of the account's password that is known of was"
                + "\(on(passwordChangedAt, " on")), before that.\(secondFactor)"
        case .sessionsNotKnown:
            return "\(session(kind)) \(time). \(nobodySays("sessions were ended last"))"
        case .passwordNotKnown:
            return "\(secret(kind)) was exposed \(time). \(nobodySays("the account's was changed last"))\(secondFactor)"
        case .sessionsUnclear:
            return "\(session(kind)) \(time), and \(sessionsEnded): \(unclear)."
        case .passwordUnclear:
            return "\(secret(kind)) was exposed \(time), and the account's was changed\(on(passwordChangedAt, " on")):"
                + " \(unclear).\(secondFactor)"
        case .sessionsRevoked:
            return "\(session(kind)) \(time). After that \(sessionsEnded).\(Self.sessionsElsewhere)"
        case .passwordChanged where hasUnreadText:
            return "The text beside the address was leaked \(time), and was not understood. After that the password was"
                + " changed\(on(passwordChangedAt, " on"))."
        case .passwordChanged where credentials.isEmpty:
            return "What was leaked \(time) is not named. After that the password was changed\(on(passwordChangedAt, " on"))."
        case .passwordChanged:
            return "\(secret(kind)) was exposed \(time), and the account's was changed\(on(passwordChangedAt, " on")), after that."
        case .bothRenewed where credentials.isEmpty:
            return "What malware took \(time) is not named. After that the password was changed\(on(passwordChangedAt, " on"))"
                + " and \(sessionsEnded).\(Self.sessionsElsewhere)"
        case .bothRenewed:
            return "Password and session were exposed \(time). After that the password was changed\(on(passwordChangedAt, " on"))"
                + " and \(sessionsEnded).\(Self.sessionsElsewhere)"
        case .credentialsWithheld:
            return "\(withheld)\(renewed)"
        case .textNotRead:
            return "The address stands in what was leaked \(time). The text beside it was not understood: a password may be in it.\(renewed)"
        case .dataNotNamed:
            return "The address stands in what was leaked \(time). The service does not say what stands beside it: a password may be among it."
        }
    }

    // MARK: What it was

    private func session(_ kind: CredentialKind) -> String { kind == .token ? "A token was stolen" : "A session was stolen" }

    /// A directory ends its own sessions and those of the account; what an application has given out it does not reach.
    private var sessionsEnded: String { "the directory ended the account's sessions\(on(sessionsValidFrom, " on"))" }

    private static let sessionsElsewhere = " An application that keeps sessions of its own may still take a stolen one."

    private func secret(_ kind: CredentialKind) -> String {
        switch kind {
        case .companyPassword: return "The password for a site of the company's"
        case .hash:
            if hasCompanySite { return "A hash of the password for a site of the company's" }
            return isForAnotherSite ? "A hash of the password for another site" : "A hash of a password"
        case .password, .session, .token:
            if isFromMalware { return "A password that malware took" }
            return isForAnotherSite ? "The password for another site" : "A password"
        }
    }

    /// Of a list nobody knows for which site a password in it is.
    private var isForAnotherSite: Bool { !hasCompanySite && (isOfOneSite || !sites.isEmpty) }

    private var withheld: String {
        guard !sites.isEmpty else {
            return "Malware took data of the person \(time). The service does not say which: a password or a session may be among them."
        }
        let place = sites.count == 1 ? "the site that is named" : "each of the \(sites.count) sites that are named"
        let own = sites.count(where: \.isCompany)
        let company =
            switch own {
            case 0: ""
            case 1: sites.count == 1 ? " It is the company's own." : " One of them is the company's own."
            default: " \(own) of them are the company's own."
            }
        return "Malware took a password for \(place) \(time).\(company) The service does not pass passwords on, so that nobody can tell whether"
            + " the account's is among them."
    }

    /// What was done since, where that is not all that is needed.
    private var renewed: String {
        if let passwordChangedAt, passwordChangedAt > exposedBefore {
            return " The password was changed\(on(passwordChangedAt, " on")), after that; no session is known to have been ended since."
        }
        if let sessionsValidFrom, sessionsValidFrom > exposedBefore {
            return " After that \(sessionsEnded); the password is not known to have been changed since."
        }
        return ""
    }

    // MARK: When

    /// When it was exposed, and how sure that is.
    private var time: String {
        if let capturedAt { return "on \(Format.day(capturedAt)), as the malware's log says" }
        if hasUndated { return "on or before \(Format.day(knownAt)), when a file without a date showed it" }
        if let breachDate { return "around \(Format.day(breachDate)), the date of the breach, give or take a month" }
        return "on or before \(Format.day(knownAt)), when it became known"
    }

    /// Why nobody can tell which came first.
    private var unclear: String {
        if hasUndated { return "nobody can tell which came first, since nobody knows how old the file is" }
        if capturedAt == nil, breachDate == nil { return "nobody can tell which came first, since nobody knows when it was exposed" }
        return "too close to tell which came first"
    }

    private func nobodySays(_ what: String) -> String {
        isInDirectory ? "The directory does not say when \(what)." : "The person comes from no directory, so that nobody says when \(what)."
    }

    /// A stolen session has passed it already, and malware takes sessions, too.
    private var secondFactor: String {
        mfaEnabled == true && !isFromMalware && !credentials.contains { $0.kind.isSession }
            ? " A second factor is on: a password alone does not open the account." : ""
    }

    private func on(_ date: Date?, _ word: String) -> String { date.map { "\(word) \(Format.day($0))" } ?? "" }
}

/// Whether an exposure is live, as the API answers it.
package struct LivenessResponse: Codable, Sendable, Hashable {
    package var state: Liveness
    /// How sure it is that it opens the account at work; only of what is LIVE.
    package var certainty: LivenessCertainty?
    package var reason: LivenessReason
    /// The reason in words.
    package var text: String
    /// What decided the state; absent when nothing is named to sign in with.
    package var credential: CredentialKind?
    /// Each kind of what can be used to sign in, the worst first.
    package var credentials: [Credential]
    /// The sites that it is for, those of the company's own first.
    package var sites: [ExposedSite]

    /// One kind of what can be used to sign in.
    package struct Credential: Codable, Sendable, Hashable {
        package var kind: CredentialKind
        package var state: Liveness
        package var certainty: LivenessCertainty?
        package var reason: LivenessReason
        package var text: String
    }

    package init(_ exposure: ExposureLiveness) {
        state = exposure.state
        certainty = exposure.certainty
        reason = exposure.reason
        text = exposure.words
        credential = exposure.worst
        credentials = exposure.credentials.map {
            Credential(kind: $0.kind, state: $0.state, certainty: $0.certainty, reason: $0.reason, text: exposure.words(of: $0))
        }
        sites = exposure.sites
    }
}
