import Foundation

/// A new employee as a form or an API client gives it.
package struct EmployeeCreation: Codable, Sendable {
    package var email: String
    package var firstName: String?
    package var lastName: String?
    package var department: String?
    package var title: String?
    package var isVip: Bool?
    package var mfaEnabled: Bool?
    package var externalId: String?

    /// The checked details.
    /// - Throws: ``InvalidInput`` that names every field that is wrong.
    func details() throws -> EmployeeDetails {
        var check = EmployeeCheck()
        let address = check.email(email)
        let details = EmployeeDetails(
            email: address ?? EmailAddress(stored: ""), firstName: check.text(firstName, "firstName") ?? "",
            lastName: check.text(lastName, "lastName") ?? "", department: check.text(department, "department").nonEmpty,
            title: check.text(title, "title").nonEmpty, isVip: isVip ?? false, mfaEnabled: mfaEnabled,
            externalId: check.text(externalId, "externalId").nonEmpty)
        try check.finish()
        return details
    }
}

/// A change of an employee: what is absent stays, null takes away.
package struct EmployeeChange: Codable, Sendable {
    package var email: Patch<String> = .absent
    package var firstName: Patch<String> = .absent
    package var lastName: Patch<String> = .absent
    package var department: Patch<String> = .absent
    package var title: Patch<String> = .absent
    package var isVip: Patch<Bool> = .absent
    package var mfaEnabled: Patch<Bool> = .absent
    package var externalId: Patch<String> = .absent
    /// false: has left; kept, not scanned, not counted.
    package var isActive: Patch<Bool> = .absent

    package init() {}

    /// Makes the change.
    /// - Throws: ``InvalidInput`` that names every field that is wrong.
    func apply(to employee: inout Employee, at now: Date) throws {
        var check = EmployeeCheck()
        switch email {
        case .absent: break
        case .clear: check.fail("email", EmailAddress.Fault.missing.message)
        case .set(let text): if let address = check.email(text) { employee.email = address }
        }
        employee.firstName = check.patched(firstName, employee.firstName, "firstName") ?? ""
        employee.lastName = check.patched(lastName, employee.lastName, "lastName") ?? ""
        employee.department = check.patched(department, employee.department, "department").nonEmpty
        employee.title = check.patched(title, employee.title, "title").nonEmpty
        employee.externalId = check.patched(externalId, employee.externalId, "externalId").nonEmpty
        employee.isVip = isVip.applied(to: employee.isVip) ?? false
        employee.mfaEnabled = mfaEnabled.applied(to: employee.mfaEnabled)
        switch isActive {
        case .absent: break
        case .clear: check.fail("isActive", "must be true or false.")
        case .set(true): employee.deactivatedAt = nil
        case .set(false): employee.deactivatedAt = employee.deactivatedAt ?? now
        }
        try check.finish()
    }
}

/// Collects what is wrong with an employee's fields, so that all of it is said at once.
private struct EmployeeCheck {
    private var errors: [FieldError] = []

    mutating func fail(_ field: String, _ message: String) { errors.append(FieldError(field: field, message: message)) }

    mutating func email(_ text: String) -> EmailAddress? {
        do { return try EmailAddress(text) } catch {
            fail("email", error.message)
            return nil
        }
    }

    mutating func text(_ text: String?, _ field: String) -> String? {
        guard let text else { return nil }
        do { return try EmployeeText.clean(text) } catch {
            fail(field, error.message)
            return nil
        }
    }

    mutating func patched(_ patch: Patch<String>, _ old: String?, _ field: String) -> String? {
        switch patch {
        case .absent: old
        case .clear: nil
        case .set(let text): self.text(text, field)
        }
    }

    func finish() throws {
        guard errors.isEmpty else { throw InvalidInput(errors) }
    }
}

extension String? {
    /// nil instead of an empty text.
    var nonEmpty: String? { flatMap { $0.isEmpty ? nil : $0 } }
}
