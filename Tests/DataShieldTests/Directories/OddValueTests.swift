import DataShieldTestSupport
import Foundation
import Sandbox
import Testing

@testable import DataShield

/// Every field of every answer of the directories over HTTP, turned into everything that it is not: one odd row never fails a listing, and
/// never makes anybody disappear.
@Suite struct OddValueTests {
    /// What stands in the place of a value.
    static let values = ["null", "7", "\"x\"", "[]", "[\"x\",\"y\"]", "{\"a\":1}", "true", "1.5"]

    /// A call whose answer is spoilt.
    struct Call: Sendable, CustomTestStringConvertible {
        let cloud: Cloud
        var path: String?
        /// How many calls with this path are answered well before.
        var skip = 0
        /// What stands before the number of a row in a place: `value` of `value[1].mail`.
        let rows: String
        /// Whether people are listed with it, rather than something about them.
        var isOfPeople = true

        var testDescription: String { "\(cloud.rawValue) \(path ?? "")" }
    }

    static let calls = [
        Call(cloud: .entra, path: "v1.0/users", skip: 1, rows: "value"),
        Call(cloud: .entra, path: "v1.0/reports", rows: "value", isOfPeople: false),
        Call(cloud: .google, path: "admin/directory", rows: "users"), Call(cloud: .okta, path: "api/v1/users", rows: ""),
        Call(cloud: .okta, path: "api/v1/users", skip: 1, rows: "", isOfPeople: false), Call(cloud: .aws, rows: "Users"),
    ]

    @Test(arguments: calls, values) func `one odd value leaves everybody else as they are`(call: Call, value: String) async throws {
        try await CloudWorld.with(people: 3, pageSize: nil, configure: { $0.staff.guests = 0 }) { world async throws in
            for member in world.sandbox.staff.members {
                world.sandbox.staff.edit(member.login) {
                    $0.aliases = ["alias.\(member.number)@acme.example"]
                    $0.otherMail = "home.\(member.number)@elsewhere.example"
                    $0.department = "Sales"
                    $0.title = "Clerk"
                }
            }
            let right = try await world.list(try world.connector(call.cloud)).people
            #expect(right.count == 3)
            var number = 0
            while try await Self.isSpoilt(number, value, call, world, right) { number += 1 }
            #expect(number > (call.isOfPeople ? 20 : 2), "The answer has more places than that.")
        }
    }

    /// - Returns: whether the answer has a place of this number.
    private static func isSpoilt(
        _ number: Int, _ value: String, _ call: Call, _ world: CloudWorld, _ right: [String: DirectoryPerson]
    ) async throws -> Bool {
        world.sandbox.misbehave(
            .init(.oddValue, service: call.cloud.service, pathPrefix: call.path, skip: call.skip, count: 1, place: number, value: value))
        let result: Result<CloudWorld.Listed, any Error>
        do { result = .success(try await world.list(try world.connector(call.cloud))) } catch { result = .failure(error) }
        guard let place = world.sandbox.takeOddPlace() else { return false }
        check(result, place: place, value, call, right)
        return true
    }

    private static func check(
        _ result: Result<CloudWorld.Listed, any Error>, place: String, _ value: String, _ call: Call, _ right: [String: DirectoryPerson]
    ) {
        let isInRow = place.hasPrefix("\(call.rows)[")
        let listed: CloudWorld.Listed
        switch result {
        case .success(let success): listed = success
        case .failure(let error):
            // Without the list itself, or where it goes on, nothing can be said; and nothing is.
            #expect(call.isOfPeople && !isInRow && error is DirectoryFailure, "\(place) = \(value): \(error)")
            return
        }
        guard isInRow || !call.isOfPeople else { return }
        let unreadable = listed.pages.flatMap(\.unreadable)
        #expect(listed.people.count + unreadable.count == 3, "\(place) = \(value): \(unreadable)")
        let same = right.filter { id, person in listed.people[id].map { $0.email == person.email && $0.isActive == person.isActive } ?? false }
        #expect(same.count >= 2, "\(place) = \(value)")
        for row in unreadable { #expect(!row.name.isEmpty && !row.reason.isEmpty) }
        if !call.isOfPeople { #expect(unreadable.isEmpty && same.count == 3) }
    }

    @Test func `Graph's row without accountEnabled is left out, and its second factor is unknown`() async throws {
        try await CloudWorld.with(people: 3, pageSize: nil, configure: { $0.staff.guests = 0 }) { world async throws in
            let connector = try world.connector(.entra)
            let place = try await Self.number(of: "value[1].accountEnabled", at: "v1.0/users", skip: 1, world)
            world.sandbox.misbehave(.init(.oddValue, service: .entra, pathPrefix: "v1.0/users", skip: 1, count: 1, place: place))
            let listed = try await world.list(connector)
            #expect(listed.people.count == 2)
            let row = try #require(listed.pages.flatMap(\.unreadable).first)
            #expect(row.externalId == row.name && row.reason == "accountEnabled is missing or null")

            let report = try await Self.number(of: "value[0].isMfaCapable", at: "v1.0/reports", skip: 0, world)
            world.sandbox.misbehave(.init(.oddValue, service: .entra, pathPrefix: "v1.0/reports", count: 1, place: report))
            let unknown = try await world.list(connector)
            #expect(unknown.people.values.count { $0.isActive && $0.mfaEnabled == nil } == 1)
            #expect(unknown.end.warnings.contains { $0.hasPrefix("MFA of 1 person is unknown") })
        }
    }

    private struct NoSuchPlace: Error {
        let place: String
    }

    /// The number of a place in an answer.
    private static func number(of place: String, at path: String, skip: Int, _ world: CloudWorld) async throws -> Int {
        for number in 0..<200 {
            world.sandbox.misbehave(.init(.oddValue, service: .entra, pathPrefix: path, skip: skip, count: 1, place: number, value: "null"))
            // try?: what becomes of the listing is of no interest here.
            _ = try? await world.list(try world.connector(.entra))
            if world.sandbox.takeOddPlace() == place { return number }
        }
        throw NoSuchPlace(place: place)
    }
}
