import DataShieldTestSupport
import Foundation
import JSON
import SCIM
import Testing

@testable import DataShield

/// A directory that pushes beside one that is asked.
extension DirectorySyncTests {
    private func push(_ address: String, _ connection: DirectoryConnectionID, _ place: Place, title: String) async throws {
        let access = SCIMAccess(connection: connection, connectionName: "Okta", company: place.company, base: "http://x")
        let user: JSONValue = ["userName": .string(address), "title": .string(title)]
        _ = try await SCIMDirectory(database: database.tenant).create(.user, user, access)
    }

    @Test func `whom a sync lets go and another directory has pushed as active is watched on`() async throws {
        let place = try await place()
        let pushing = try await database.makeDirectoryConnection(in: place.company, type: .scim)
        let directory = ListedDirectory((1...5).map { .person($0) })
        try await sync(directory, place)
        let before = try #require(try await person("p1@listed.example", place))
        try await push("p1@listed.example", pushing, place, title: "Pushed")
        try await push("p2@listed.example", pushing, place, title: "Pushed")
        #expect(try await person("p1@listed.example", place)?.title == nil)
        directory.set((2...5).map { .person($0) })
        let (run, _, _) = try await sync(directory, place)
        #expect(run.deactivated == 1)
        let after = try #require(try await person("p1@listed.example", place))
        #expect(after.id == before.id && after.deactivatedAt == nil && after.title == "Pushed" && after.sourceConnectionId == pushing.rawValue)
        // Who stays with the other one stays.
        #expect(try await person("p2@listed.example", place)?.sourceConnectionId == place.connection.rawValue)
        let actors = try await database.tenant.query(
            for: place.company,
            "SELECT actor_name FROM audit_events WHERE company_id = \(place.company) AND target_id = \(before.id) AND action = 'scim.user_updated'",
            as: String.self)
        #expect(actors.count == 1)
        // And the sync that lists them again leaves them to who has them.
        directory.set((1...5).map { .person($0) })
        let (again, samples, _) = try await sync(directory, place)
        #expect(again.skipped == 1 && samples.skipped.first?.reason.contains("another directory") == true)
    }
}
