import Foundation
import HTTPTypes
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
        /// Where the id of the second row is.
        var idPlace: String?

        var testDescription: String { "\(cloud.rawValue) \(path ?? "")" }

        /// Puts a value into a place of its answer, once.
        /// - Parameter isTrial: whether the connection is tested, which asks for people first.
        func spoilt(_ place: Int, _ value: String, isTrial: Bool = false) -> Misbehaviour {
            .init(.oddValue, service: cloud.service, pathPrefix: path, skip: isTrial ? 0 : skip, count: 1, place: place, value: value)
        }
    }

    static let calls = [
        Call(cloud: .entra, path: "v1.0/users", skip: 1, rows: "value", idPlace: "value[1].id"),
        Call(cloud: .entra, path: "v1.0/reports", rows: "value", isOfPeople: false),
        Call(cloud: .google, path: "admin/directory", rows: "users", idPlace: "users[1].id"),
        Call(cloud: .okta, path: "api/v1/users", rows: "", idPlace: "[1].id"),
        Call(cloud: .okta, path: "api/v1/users", skip: 1, rows: "", isOfPeople: false), Call(cloud: .aws, rows: "Users", idPlace: "Users[1].UserId"),
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
        world.sandbox.misbehave(call.spoilt(number, value))
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
        // What cannot be read says neither that there is a second factor nor that there is none.
        if value != "true", value != "\"x\"" {
            for (id, person) in listed.people where person.mfaEnabled != nil {
                #expect(person.mfaEnabled == right[id]?.mfaEnabled, "\(place) = \(value)")
            }
        }
        for row in unreadable { #expect(!row.name.isEmpty && !row.reason.isEmpty) }
        if !call.isOfPeople { #expect(unreadable.isEmpty && same.count == 3) }
    }

    @Test func `Graph's row without accountEnabled is left out, and its second factor is unknown`() async throws {
        try await CloudWorld.with(people: 3, pageSize: nil, configure: { $0.staff.guests = 0 }) { world async throws in
            let connector = try world.connector(.entra)
            let place = try await Self.number(of: "value[1].accountEnabled", in: Self.calls[0], world)
            world.sandbox.misbehave(.init(.oddValue, service: .entra, pathPrefix: "v1.0/users", skip: 1, count: 1, place: place))
            let listed = try await world.list(connector)
            #expect(listed.people.count == 2)
            let row = try #require(listed.pages.flatMap(\.unreadable).first)
            #expect(row.externalId == row.name && row.reason == "accountEnabled is missing or null")

            let report = try await Self.number(of: "value[0].isMfaCapable", in: Self.calls[1], world)
            world.sandbox.misbehave(.init(.oddValue, service: .entra, pathPrefix: "v1.0/reports", count: 1, place: report))
            let unknown = try await world.list(connector)
            #expect(unknown.people.values.count { $0.isActive && $0.mfaEnabled == nil } == 1)
            #expect(unknown.end.warnings.contains { $0.hasPrefix("MFA of 1 person is unknown") })
        }
    }

    // MARK: Ids

    /// Everything that is no id, and nothing at all.
    static let noIds = ["", "null", "7", "\"\"", "\"  \"", "[]", "[\"x\"]", "[\"x\",\"y\"]", "{\"a\":1}", "true", "1.5"]

    /// The calls that list people.
    static let lists = calls.filter { $0.idPlace != nil }

    @Test(arguments: lists, noIds) func `a row without an id is named, left out, and may be anybody's`(call: Call, value: String) async throws {
        try await CloudWorld.with(people: 3, pageSize: nil, configure: { $0.staff.guests = 0 }) { world async throws in
            let right = try await world.list(try world.connector(call.cloud)).people
            let place = try await Self.number(of: call.idPlace ?? "", in: call, world)
            world.sandbox.misbehave(call.spoilt(place, value))
            let listed = try await world.list(try world.connector(call.cloud))
            #expect(listed.people.count == 2 && Set(listed.people.keys).isSubset(of: right.keys))
            let row = try #require(listed.pages.flatMap(\.unreadable).first)
            #expect(row.externalId == nil && row.name.contains("@") && row.reason.contains("d is "), "\(row)")
            // A test of the connection tells as much. Graph's answer to it has one place more.
            world.sandbox.misbehave(call.spoilt(call.cloud == .entra ? place + 1 : place, value, isTrial: true))
            let trial = try await world.connector(call.cloud).test()
            #expect(trial.sample.count == 2 && trial.warnings.contains { $0.contains(row.name) && $0.contains(row.reason) }, "\(trial.warnings)")
        }
    }

    // MARK: Names

    private static func answer(_ text: String) -> DirectoryAnswer { DirectoryAnswer(status: 200, headers: [:], bytes: Array(text.utf8)) }

    @Test func `a name that stands twice in a row spoils that row alone, and half of a surrogate pair none`() throws {
        let okta = #"""
            [{"id": "1", "status": "ACTIVE", "status": "SUSPENDED", "profile": {"login": "a@x.example"}},
             {"id": "2", "status": "ACTIVE", "profile": {"login": "b@x.example", "title": "\ud800"}},
             {"id": "3", "id": "4", "status": "ACTIVE", "profile": {"login": "c@x.example"}}]
            """#
        var users: [OktaUser] = []
        let rows = try #require(try Self.answer(okta).json().items)
        let page = try DirectoryPage.reading(rows, id: "id", names: ["profile.login"], after: 0) {
            users.append(try OktaUser($0))
            return nil
        }
        #expect(users.map(\.id) == ["2"] && users.first?.title == "\u{FFFD}")
        #expect(page.unreadable.map(\.externalId) == ["1", nil] && page.unreadable.map(\.name) == ["1", "c@x.example"])
    }

    @Test func `so it is at Graph`() throws {
        let graph = #"""
            {"value": [{"id": "1", "accountEnabled": true, "accountEnabled": false}, {"id": "2", "id": "3", "userPrincipalName": "b@x.example"},
                       {"id": "4", "displayName": "\ud800"}]}
            """#
        let users = try EntraPage(Self.answer(graph)) { try EntraUser(&$0) }.items
        #expect(users.map(\.id) == ["1", nil, "4"])
        #expect(users.map { $0.problem?.problem } == ["accountEnabled stands in it twice", "id stands in it twice", nil])
        let report = #"{"value": [{"id": "1", "isMfaCapable": true, "isMfaCapable": false}, {"id": "2", "isMfaCapable": true}]}"#
        let registrations = try EntraPage(Self.answer(report)) { try EntraRegistration(&$0) }.items
        #expect(registrations.map(\.isCapable) == [nil, true])
    }

    private struct NoSuchPlace: Error {
        let place: String
    }

    /// The number of a place in an answer.
    fileprivate static func number(of place: String, in call: Call, _ world: CloudWorld) async throws -> Int {
        for number in 0..<200 {
            world.sandbox.misbehave(call.spoilt(number, "null"))
            // try?: what becomes of the listing is of no interest here.
            _ = try? await world.list(try world.connector(call.cloud))
            if world.sandbox.takeOddPlace() == place { return number }
        }
        throw NoSuchPlace(place: place)
    }
}

/// The same where the staff list is.
extension DirectorySyncTests {
    @Test(arguments: OddValueTests.lists, ["", "null", "7", "[\"x\"]"])
    func `nobody is gone because an id of a listing cannot be read`(call: OddValueTests.Call, value: String) async throws {
        let place = try await place()
        try await CloudWorld.with(
            people: 3, pageSize: nil,
            configure: {
                $0.staff.guests = 0
                $0.staff.disabled = 0
            }
        ) { world async throws in
            #expect(try await sync(try world.connector(call.cloud), place).run.added == 3)
            let number = try await OddValueTests.number(of: call.idPlace ?? "", in: call, world)
            world.sandbox.misbehave(call.spoilt(number, value))
            let (run, samples, _) = try await sync(try world.connector(call.cloud), place)
            #expect((run.status, run.added, run.deactivated, run.skipped) == (.succeeded, 0, 0, 1))
            #expect(samples.skipped.map(\.reason).first?.hasPrefix("could not be read: ") == true)
            #expect(run.warnings.contains { $0.contains("nobody was taken for gone") })
            let staff = try await people(place)
            #expect(staff.count == 3 && staff.allSatisfy { $0.deactivatedAt == nil })
        }
    }
}
