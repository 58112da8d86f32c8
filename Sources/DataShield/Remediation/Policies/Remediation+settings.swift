import Foundation
import Postgres

extension Remediation {
    // MARK: Settings

    /// What the company has decided, and how the governor stands.
    package func settings(for subject: Subject) async throws -> RemediationSettingsResponse {
        try await database.read(for: subject.company) { db in try await Self.response(RemediationStore(db), at: try await clock.read(db)) }
    }

    private static func response(_ store: RemediationStore, at time: Date) async throws -> RemediationSettingsResponse {
        let settings = try await store.settings()
        let governor = settings.governor
        let touched = try await store.touched(since: governor.windowStart(at: time, countedFrom: settings.countedFrom))
        return RemediationSettingsResponse(
            enabled: try await store.isEnabled(), capPeople: governor.capPeople, capPercent: governor.capPercent, windowHours: governor.windowHours,
            weakReset: settings.isWeakResetChosen, policies: settings.policies,
            cap: .init(
                settings, people: try await store.activePeople(), touched: touched.count,
                waiting: Set(try await store.open().filter { !$0.isStarted && !touched.contains($0.employee) }.map(\.employee)).count))
    }

    /// Changes what is in the change. Policies act on alerts that are raised from now on.
    /// - Throws: ``InvalidInput`` naming each field that cannot be so.
    package func change(_ change: RemediationSettingsChange, by subject: Subject) async throws -> RemediationSettingsResponse {
        // What cannot be so is said before anything is changed.
        _ = try RemediationSettings().changed(by: change, at: .distantPast)
        if let isEnabled = change.enabled { _ = try await companies.update(.init(remediationEnabled: isEnabled), by: subject) }
        return try await edit(by: subject) { _ in change }
    }

    /// Adds a policy. It acts on alerts that are new from now on.
    /// - Throws: ``InvalidInput`` when there are too many.
    package func add(_ policy: RemediationSettingsChange.Policy, by subject: Subject) async throws -> RemediationSettingsResponse {
        try await edit(by: subject) { before in .init(policies: before.policies.map(\.asked) + [policy]) }
    }

    /// Removes a policy, if it is there.
    package func remove(_ policy: RemediationSettingsChange.Policy, by subject: Subject) async throws -> RemediationSettingsResponse {
        try await edit(by: subject) { before in .init(policies: before.policies.map(\.asked).filter { $0 != policy }) }
    }

    /// Changes the settings as they are, with nobody else changing them meanwhile.
    private func edit(
        by subject: Subject, _ change: @Sendable (RemediationSettings) -> RemediationSettingsChange
    ) async throws -> RemediationSettingsResponse {
        try await database.transaction(for: subject.company) { db in
            let store = RemediationStore(db)
            let before = try await store.lockSettings()
            let time = try await clock.read(db)
            let after = try before.changed(by: change(before), at: time)
            if !after.isWritten(like: before) {
                try await store.save(after)
                try await AuditTrail.record(
                    "remediation.settings_changed", target: .init("company", subject.company), before: SettingsAudit(before),
                    after: SettingsAudit(after), by: subject, in: db)
            }
            return try await Self.response(store, at: time)
        }
    }

    /// Lets remediation go on after a stop. What was done before no longer counts against the cap: whoever resumes has looked at it.
    /// - Throws: ``Failure/notStopped``.
    package func resume(by subject: Subject) async throws -> RemediationSettingsResponse {
        try await database.transaction(for: subject.company) { db in
            let store = RemediationStore(db)
            var settings = try await store.lockSettings()
            let time = try await clock.read(db)
            guard settings.isStopped else { throw Failure.notStopped }
            let reason = settings.stopReason
            settings.stoppedAt = nil
            settings.stopReason = nil
            settings.countedFrom = time
            try await store.save(settings)
            try await AuditTrail.record(
                "remediation.resumed", target: .init("company", subject.company), before: StopAudit(reason: reason), after: StopAudit(reason: nil),
                by: subject, in: db)
            return try await Self.response(store, at: time)
        }
    }

    // MARK: Protected people

    /// The people whose accounts are never touched, the first protected first.
    package func protected(for subject: Subject) async throws -> [ProtectedPerson] {
        try await database.read(for: subject.company) { db in try await RemediationStore(db).protectedPeople() }
    }

    /// Protects a person. It holds for their address, too: whoever is put on the list again under it is protected as before.
    /// - Parameters:
    ///   - employee: whom; or nil, and then by the address. With both, the address has to be theirs: else somebody else than was meant
    ///     would stay unprotected.
    /// - Throws: ``InvalidInput``; ``Failure/noSuchPerson`` for an id that is nobody's.
    package func protect(_ employee: EmployeeID?, address: String?, reason: String, by subject: Subject) async throws -> [ProtectedPerson] {
        var errors: [FieldError] = []
        var text = ""
        do { text = try EmployeeText.clean(reason) } catch { errors.append(FieldError(field: "reason", message: error.message)) }
        if text.isEmpty, errors.isEmpty {
            errors.append(FieldError(field: "reason", message: "is needed, such as: break-glass account."))
        }
        let address = address.map { $0.unicodeScalars.trimmingSpace().lowercased() }.flatMap { $0.isEmpty ? nil : $0 }
        if employee == nil, address == nil { errors.append(FieldError(field: "email", message: "is needed: the address of the person.")) }
        guard errors.isEmpty else { throw InvalidInput(errors) }
        let cleanReason = text
        return try await database.transaction(for: subject.company) { db in
            let store = RemediationStore(db)
            // With the lock nothing is started in between.
            _ = try await store.lockSettings()
            let time = try await clock.read(db)
            var id = employee
            if id == nil, let address { id = try await store.person(at: address) }
            guard let id, let person = try await store.people([id]).first else {
                if employee != nil { throw Failure.noSuchPerson }
                throw InvalidInput("email", "is nobody's on the staff list.")
            }
            if let address, person.email != address {
                throw InvalidInput("email", "is not the address of the person whom employeeId names. Give one of the two.")
            }
            try await store.protect(person, reason: cleanReason, by: try await store.address(of: subject.user) ?? subject.programName, at: time)
            try await AuditTrail.record(
                "remediation.protected", target: .init("employee", id), after: ProtectionAudit(reason: cleanReason), by: subject, in: db)
            return try await store.protectedPeople()
        }
    }

    /// Takes the protection off a person.
    /// - Throws: ``Failure/notProtected``, also for another company's person.
    package func unprotect(_ employee: EmployeeID, by subject: Subject) async throws {
        try await database.transaction(for: subject.company) { db in
            let store = RemediationStore(db)
            _ = try await store.lockSettings()
            guard let person = try await store.unprotect(employee) else { throw Failure.notProtected }
            try await AuditTrail.record(
                "remediation.unprotected", target: .init("employee", employee), before: ProtectionAudit(reason: person.reason), by: subject, in: db)
        }
    }
}

private struct SettingsAudit: Codable, Sendable {
    var capPeople: Int
    var capPercent: Double
    var windowHours: Int
    var weakReset: Bool
    var policies: [String]

    init(_ settings: RemediationSettings) {
        capPeople = settings.governor.capPeople
        capPercent = settings.governor.capPercent
        windowHours = settings.governor.windowHours
        weakReset = settings.isWeakResetChosen
        policies = settings.policies.map(\.title)
    }
}

private struct StopAudit: Codable, Sendable {
    var reason: String?
}

private struct ProtectionAudit: Codable, Sendable {
    var reason: String
}
