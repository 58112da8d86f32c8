import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct CustodyTests {
    let database = TestDatabase.current
    private static let ours = DirectoryConnectionID()
    private static let another = DirectoryConnectionID()

    private func person(of source: DirectoryConnectionID?, hasLeft: Bool) async throws -> Employee {
        let company = try await database.makeCompany()
        let subject = Subject(actor: .program("test"), company: company, role: .admin)
        var person = try await Employees(database: database.tenant).create(.init(email: "jane@acme.example"), by: subject)
        person.sourceConnectionId = source?.rawValue
        person.deactivatedAt = hasLeft ? Date(timeIntervalSince1970: 1_800_000_000) : nil
        return person
    }

    /// Who brought them, whether they have left, whether the directory has them as active, and whether it may speak for them.
    @Test(
        arguments: [
            (nil, false, true, true), (nil, false, false, true), (nil, true, true, true), (nil, true, false, true),
            (ours, false, true, true), (ours, false, false, true), (ours, true, true, true), (ours, true, false, true),
            (another, false, true, false), (another, false, false, false), (another, true, true, true), (another, true, false, false),
        ] as [(DirectoryConnectionID?, Bool, Bool, Bool)])
    func `a directory speaks for its own people, for whom none has, and for whom another has let go`(
        source: DirectoryConnectionID?, hasLeft: Bool, isActive: Bool, may: Bool
    ) async throws {
        let person = try await person(of: source, hasLeft: hasLeft)
        #expect(person.mayBeTaken(by: Self.ours, isActive: isActive) == may)
    }

    @Test(arguments: [nil, ours], [false, true])
    func `the statement and the value say the same of custody`(source: DirectoryConnectionID?, hasLeft: Bool) async throws {
        let person = try await person(of: source, hasLeft: hasLeft)
        let isHeld = try await database.system.first(
            """
            SELECT \(Custody.isHeld("e"))
            FROM (SELECT \(person.sourceConnectionId)::text AS source_connection_id, \(person.deactivatedAt)::timestamptz AS deactivated_at) e
            """, as: Bool.self)
        #expect(isHeld == (person.custodian != nil))
        #expect(isHeld == (source != nil && !hasLeft))
    }

    @Test func `of nobody there is no custody`() async throws {
        let isHeld = try await database.system.first(
            """
            SELECT \(Custody.isHeld("e")) FROM (SELECT 1) one
            LEFT JOIN (SELECT NULL::text AS source_connection_id, NULL::timestamptz AS deactivated_at WHERE false) e ON true
            """, as: Bool.self)
        #expect(isHeld == false)
    }
}
