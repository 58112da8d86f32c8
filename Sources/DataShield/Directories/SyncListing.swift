import Foundation
import Postgres

/// Keeps what a directory lists until it is whole. Each page is a transaction of its own: none is held open while the directory is asked,
/// and memory does not grow with it.
struct SyncListing: Sendable {
    let run: SyncRunID
    let holder: String
    let company: CompanyID
    let database: TenantDatabase

    private static let columns = [
        "company_id", "run_id", "line", "id", "external_id", "email", "first_name", "last_name", "department", "title", "is_active", "mfa_enabled",
        "password_changed_at", "sessions_valid_from", "problem",
    ]

    /// Keeps a page.
    /// - Parameter listed: people of the pages before.
    /// - Returns: people so far.
    /// - Throws: ``SyncStore/Superseded`` when the attempt is no longer this one's.
    func keep(_ page: DirectoryPage, after listed: Int) async throws -> Int {
        let count = listed + page.people.count + page.removed.count
        guard count > listed else { return listed }
        return try await database.transaction(for: company) { db in
            try await SyncStore(db).listed(run, count, holder: holder)
            // By way of a table of its own: COPY goes around row-level security, and PostgreSQL lets it into no table that has it.
            try await db.execute("CREATE TEMPORARY TABLE directory_page (LIKE directory_listings INCLUDING DEFAULTS) ON COMMIT DROP")
            try await db.copyIn("directory_page", columns: Self.columns) { writer in
                var line = listed
                for person in page.people {
                    try append(person, line: line, to: &writer)
                    try await writer.endRow()
                    line += 1
                }
                for id in page.removed {
                    try append(DirectoryPerson(externalId: id, email: nil, isActive: false), line: line, to: &writer)
                    try await writer.endRow()
                    line += 1
                }
            }
            try await db.execute("INSERT INTO directory_listings SELECT * FROM directory_page")
            return count
        }
    }

    private func append(_ person: DirectoryPerson, line: Int, to writer: inout CopyWriter) throws {
        let address = Self.address(person.email)
        try writer.append(company)
        try writer.append(run)
        try writer.append(line)
        try writer.append(EmployeeID())
        try writer.append(person.externalId)
        try writer.append(address.text)
        try writer.append(Self.text(person.firstName))
        try writer.append(Self.text(person.lastName))
        try writer.append(Self.text(person.department))
        try writer.append(Self.text(person.title))
        try writer.append(person.isActive)
        try writer.append(person.mfaEnabled)
        try writer.append(person.passwordChangedAt)
        try writer.append(person.sessionsValidFrom)
        try writer.append(address.problem)
    }

    /// An address in our spelling, or why there is none.
    static func address(_ email: String?) -> (text: String?, problem: String?) {
        guard let email, !email.isEmpty else { return (nil, "has no e-mail address in the directory") }
        do {
            return (try EmailAddress(email).text, nil)
        } catch {
            return (nil, "has an e-mail address that is none: \(error.message)")
        }
    }

    /// A text as the staff list has it: one line of at most 200 characters; nil for an empty one, which says nothing.
    static func text(_ text: String?) -> String? {
        guard let text, !text.isEmpty else { return nil }
        let line = PlainText.oneLine(text)
        return line.isEmpty ? nil : String(line.prefix(EmployeeText.maximum))
    }
}
