import DataShieldTestSupport
import Foundation
import JSON
import Postgres
import SCIM
import Testing

@testable import DataShield

/// Sequences of requests as real directories send them, from `Tests/SCIM/Cases`.
///
/// A step has `req` (method, and path below the connection's address) with `body`, and `status` and `expect` of the answer; or `staff`, an
/// address on the staff list, with what is expected of the person; or `staffcount`. `save` keeps members of what came back under names, which
/// later steps write as `{name}`; `{d}` is the domain of the company. `expect` names what has to be so and says nothing of the rest:
/// null for what is not there, `{"$set": true}` for what is, whatever it is.
@Suite(.freshDatabase) struct SCIMCaseTests {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../SCIM/Cases").standardizedFileURL
    private static let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path())) ?? []).filter { $0.hasSuffix(".json") }
        .sorted()

    @Test func `there are cases`() { #expect(Self.names.count >= 12) }

    @Test(arguments: names) func `what a directory sends comes out as it means it`(name: String) async throws {
        let bytes = try Data(contentsOf: Self.directory.appending(path: name))
        let steps = try #require(try SCIMJSON.parse([UInt8](bytes))["steps"]?.items)
        try await withSCIM { scim in
            var sequence = Sequence(scim: scim, name: name)
            for step in steps { try await sequence.take(step) }
        }
    }

    /// A sequence under way.
    private struct Sequence {
        let scim: SCIMClient
        let name: String
        var number = 0
        var saved = ["d": "acme.example"]

        mutating func take(_ step: JSONValue) async throws {
            number += 1
            let step = filled(step)
            if case .integer(let count)? = step["staffcount"] {
                #expect(try await scim.employeeCount() == count, "\(name), step \(number)")
            } else if let address = step["staff"]?.text {
                let person = try #require(try await scim.employee(address), "\(name), step \(number): \(address) is not on the list")
                let isOff: JSONValue = person.deactivatedAt.map { .string("\($0)") } ?? .null
                keep(
                    [
                        "id": .string(person.id.rawValue), "deactivatedAt": isOff, "department": person.department.map { .string($0) } ?? .null,
                        "title": person.title.map { .string($0) } ?? .null,
                    ], step)
            } else {
                let words = (step["req"]?.items ?? []).compactMap { $0.text }
                let request = try #require(words.count == 2 ? words : nil)
                let reply = try await scim.send(request[0], request[1], step["body"])
                let statuses = step["status"].map { $0.items ?? [$0] }
                #expect(
                    statuses?.contains(.integer(reply.status)) ?? (reply.status == 200), "\(name), step \(number): \(reply.status) \(reply.detail)")
                keep(reply.body, step)
            }
        }

        /// Checks what came back, and keeps what later steps need.
        private mutating func keep(_ found: JSONValue, _ step: JSONValue) {
            if let expected = step["expect"] { check(found, expected, "") }
            for (name, member) in step["save"]?.members ?? [:] { saved[name] = found[member.text ?? ""]?.text }
        }

        private func check(_ found: JSONValue?, _ expected: JSONValue, _ place: String) {
            let comment: Comment = "\(name), step \(number): \(place)"
            if expected["$set"] == true {
                #expect(found != nil && found != .null, comment)
            } else if expected == .null {
                #expect(found == nil || found == .null, comment)
            } else if let members = expected.members {
                for (name, value) in members { check(found?[name], value, "\(place)/\(name)") }
            } else {
                #expect(found == expected, comment)
            }
        }

        private func filled(_ value: JSONValue) -> JSONValue {
            switch value {
            case .string(let text): .string(saved.reduce(text) { $0.replacingOccurrences(of: "{\($1.key)}", with: $1.value) })
            case .array(let items): .array(items.map { filled($0) })
            case .object(let members): .object(members.mapValues { filled($0) })
            case .null, .bool, .integer, .number: value
            }
        }
    }
}
