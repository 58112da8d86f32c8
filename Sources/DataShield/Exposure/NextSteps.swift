import Foundation

/// Something to do about what was exposed, or that was done.
package struct NextStep: Codable, Sendable, Hashable {
    package var text: String
    /// Whether the directory says that it was done after the exposure: it is said so that nobody does it again.
    package var isDone: Bool

    init(_ text: String, isDone: Bool = false) {
        self.text = text
        self.isDone = isDone
    }
}

/// What a person can do about what was exposed of somebody, and what was done already.
enum NextSteps {
    /// What was exposed in one place.
    struct Exposed {
        var dataTypes: [String]
        var artifacts: [ArtifactKind]
        var liveness: ExposureLiveness
    }

    /// The steps, the most urgent first.
    static func of(_ exposed: [Exposed]) -> [NextStep] {
        let data = Set(exposed.flatMap(\.dataTypes))
        let facts = exposed.map(\.liveness)
        var steps: [NextStep] = []
        if let disabled = facts.first(where: { $0.reason == .accountDisabled }) {
            steps.append(NextStep("The account is disabled in its directory\(on(disabled.deactivatedAt, " since")).", isDone: true))
        }
        steps += sessions(facts)
        if facts.contains(where: \.isFromMalware) {
            steps.append(NextStep("Have the person's machine checked for malware before they sign in again."))
        }
        steps += passwords(facts)
        if !data.isDisjoint(with: ["credit_card", "bank_account"]) {
            steps.append(NextStep("Have cards and accounts that are named watched or replaced."))
        }
        if !data.isDisjoint(with: ["ssn", "national_id", "passport", "tax_id"]) {
            steps.append(NextStep("Tell the person that somebody may act under their name."))
        }
        if steps.allSatisfy(\.isDone), !exposed.isEmpty {
            steps.append(NextStep("Tell the person to expect phishing that knows these data of them."))
        }
        return steps
    }

    private static func sessions(_ facts: [ExposureLiveness]) -> [NextStep] {
        let taken = facts.filter { $0.credentials.contains(where: \.kind.isSession) }
        let maybe = facts.filter { $0.credentials.isEmpty && ($0.reason.concernsMalware || $0.reason == .textNotRead) && $0.isFromMalware }
        // Of a disabled account it is said above.
        let standing = taken.filter { facts in
            facts.credentials.contains { $0.kind.isSession && $0.state != .neutralised }
        }
        if !standing.isEmpty {
            return [
                NextStep(
                    "End all sessions of the person now, those of applications that keep their own, too: whoever has the cookie or token needs no"
                        + " password."
                )
            ]
        }
        if maybe.contains(where: { !$0.endedSessions }) {
            return [
                NextStep(
                    "End all sessions of the person, those of applications that keep their own, too: malware takes them, and nobody says whether it"
                        + " did.")
            ]
        }
        var steps: [NextStep] = []
        if let ended = (taken.filter { $0.reason != .accountDisabled } + maybe).compactMap(\.sessionsValidFrom).min() {
            steps.append(NextStep("The directory ended the account's sessions on \(Format.day(ended)), after the exposure.", isDone: true))
        }
        let isDisabled = facts.contains { $0.reason == .accountDisabled && $0.credentials.isEmpty && $0.isFromMalware }
        if !taken.isEmpty || !maybe.isEmpty || isDisabled {
            steps.append(
                NextStep("End the person's sessions in applications that keep their own: what was done in the directory does not reach those."))
        }
        return steps
    }

    private static func passwords(_ facts: [ExposureLiveness]) -> [NextStep] {
        let known = facts.filter { $0.credentials.contains { !$0.kind.isSession } }
        let maybe = facts.filter {
            $0.credentials.isEmpty
                && ($0.reason.concernsMalware || $0.reason == .dataNotNamed || $0.reason == .textNotRead || $0.reason == .passwordChanged)
        }
        guard !known.isEmpty || !maybe.isEmpty else { return [] }
        var steps: [NextStep] = []
        let standing = known.flatMap(\.credentials).filter { !$0.kind.isSession && $0.state != .neutralised }
        if standing.contains(where: { $0.certainty != .ifReused }) || maybe.contains(where: { !$0.changedPassword }) {
            steps.append(NextStep("Have the person change the password of this account, and of every other where they used the same one."))
        } else if !standing.isEmpty {
            steps.append(NextStep("Ask the person whether they use that password at work, and have them change it wherever they do."))
        } else if let changed = (known + maybe).filter({ $0.reason != .accountDisabled }).compactMap(\.passwordChangedAt).min() {
            steps.append(NextStep("The password was changed on \(Format.day(changed)), after the exposure.", isDone: true))
            steps.append(NextStep("Have the person change it wherever else they used the same one."))
        }
        if !steps.allSatisfy(\.isDone), facts.contains(where: { $0.mfaEnabled != true && $0.reason != .accountDisabled }) {
            steps.append(NextStep("Turn on a second factor for the person if there is none."))
        }
        return steps
    }

    private static func on(_ date: Date?, _ word: String) -> String { date.map { "\(word) \(Format.day($0))" } ?? "" }
}

extension LivenessReason {
    /// Of a finding that names nothing: whether malware took what it does not name.
    fileprivate var concernsMalware: Bool { self == .credentialsWithheld || self == .bothRenewed }
}

extension ExposureLiveness {
    /// Whether the password is known to have been changed after the exposure.
    var changedPassword: Bool { passwordChangedAt.map { $0 > exposedBefore } ?? false }
    /// Whether all sessions are known to have been ended after the exposure.
    var endedSessions: Bool { sessionsValidFrom.map { $0 > exposedBefore } ?? false }
}
