import Foundation

/// What a score would be if the next step were done.
package struct RiskNextStep: Sendable, Hashable, Codable {
    /// Whose account it is about.
    package var employeeId: EmployeeID
    /// What is to be done with it.
    package var actions: [RemediationType]
    /// As soon as it is known that it was done. Where nobody will ever say so: when the alerts about the person are resolved.
    package var score: Int
    package var level: RiskLevel
    /// The step and the score in a sentence.
    package var text: String

    /// What becomes of a score: whole numbers hide what is less than a point, and 100 what is beyond it.
    static func words(from before: Int?, to after: Int) -> String {
        if before != after { return "becomes \(after)" }
        return after == 100 ? "stays 100: what is left is enough for it" : "stays \(after): this is less than a point of it"
    }
}

/// What is to be done at somebody's account, and what becomes known of it here.
struct AccountStep: Sendable, Hashable {
    /// A reset first, the sessions second.
    var actions: [RemediationType]
    /// Where the account is; nil where no directory says anything of the person.
    var directory: DirectoryType?
    /// Whether an alert that counts is not resolved.
    var hasAlerts: Bool

    /// Those of which it becomes known that they were done.
    var told: Set<RemediationType> { Set(actions.filter { telling($0) != .never }) }
    /// Whether that is so of all. Else nothing but resolving the alerts tells that something was done.
    var isTold: Bool { told.count == actions.count }

    private func telling(_ action: RemediationType) -> DirectoryType.Telling { directory?.telling(action) ?? .never }

    /// The step, and what becomes of a score by it.
    /// - Parameters:
    ///   - account: as it stands behind "of": "the account", or whose it is.
    ///   - name: of the score: "the score".
    func text(of account: String, _ name: String, from before: Int?, to after: Int) -> String {
        let change = "\(name) \(RiskNextStep.words(from: before, to: after))"
        guard let directory, isTold else { return untold(of: account, name, change, isSame: before == after) }
        let place = directory.displayName
        let unheard = actions.filter { telling($0) == .whenDoneHere }
        guard !unheard.isEmpty else { return "\(order(of: account, at: place)): once the directory says that this was done, \(change)." }
        let elsewhere =
            unheard.count == actions.count && actions.contains(.forcePasswordReset)
            ? "Of what is done elsewhere, \(place) says nothing." : "Of sessions that are ended elsewhere, \(place) says nothing."
        // After a weak reset the old password opens one more sign-in, and nothing is noted.
        let way = actions.contains(.forcePasswordReset) ? "Through DataShield, and not in the weak way: " : "Through DataShield: "
        return "\(way)\(order(of: account, at: place, isFirst: false)). Then \(change). \(elsewhere)"
    }

    private func order(of account: String, at place: String, isFirst: Bool = true) -> String {
        switch (actions.contains(.forcePasswordReset), actions.contains(.revokeSessions)) {
        case (true, true): "\(isFirst ? "Reset" : "reset") the password of \(account) at \(place) and revoke all sessions there"
        case (true, false): "\(isFirst ? "Reset" : "reset") the password of \(account) at \(place)"
        case (false, _): "\(isFirst ? "Revoke" : "revoke") all sessions of \(account) at \(place)"
        }
    }

    /// Nobody will say that all of it was done: what closes it is the word of whoever did.
    private func untold(of account: String, _ name: String, _ change: String, isSame: Bool) -> String {
        let todo =
            switch (actions.contains(.forcePasswordReset), actions.contains(.revokeSessions)) {
            case (true, true): "Have the password of \(account) changed and all sessions ended."
            case (true, false): "Have the password of \(account) changed."
            case (false, _): "Have all sessions of \(account) ended."
            }
        let silence =
            switch directory {
            case nil: "Nobody tells DataShield that this was done"
            case let directory? where told.isEmpty: "\(directory.displayName) does not tell DataShield that this was done"
            case let directory?: "\(directory.displayName) does not tell DataShield that sessions were ended"
            }
        if hasAlerts { return "\(todo) \(silence): then resolve the alerts about \(account), and \(change)." }
        // What is told lowers it, if it lowers it at all; the rest does nothing.
        return told.isEmpty || isSame
            ? "\(todo) \(silence), so that \(name) stays as it is." : "\(todo) \(silence). By the password alone, \(change)."
    }
}

extension DirectoryType {
    /// How it becomes known here that something was done at an account.
    enum Telling: Sendable, CaseIterable {
        /// The directory says when it was done last.
        case always
        /// It does not say; what this program has done is known.
        case whenDoneHere
        /// It neither says it nor can be asked to do it.
        case never
    }

    func telling(_ action: RemediationType) -> Telling {
        switch (self, action) {
        case (.entra, .forcePasswordReset), (.entra, .revokeSessions), (.okta, .forcePasswordReset), (.ldap, .forcePasswordReset): .always
        case (.google, .forcePasswordReset), (.google, .revokeSessions), (.okta, .revokeSessions): .whenDoneHere
        case (.ldap, .revokeSessions), (.aws, .forcePasswordReset), (.aws, .revokeSessions), (.scim, .forcePasswordReset), (.scim, .revokeSessions):
            .never
        }
    }
}
