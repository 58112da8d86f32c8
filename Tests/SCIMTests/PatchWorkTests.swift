import JSON
import SCIM
import Testing

/// What a change of a large group costs, in elements that are looked at.
@Suite struct PatchWorkTests {
    private static let members: [JSONValue] = (0..<20_000).map { ["value": .string("m\($0)"), "display": .string("Person \($0)")] }
    private static let group = SCIMAttributes(["displayName": "Everybody", "members": .array(members)])

    /// - Returns: who is left, and the steps.
    private func patched(_ operations: [JSONValue]) throws -> (count: Int, steps: Int) {
        var work = SCIMPatchWork()
        let result = try SCIMPatch(["Operations": .array(operations)]).applied(to: Self.group, of: .group, counting: &work)
        return (result["members"]?.items?.count ?? 0, work.steps)
    }

    @Test func `fifteen thousand of twenty thousand leave in one operation`() throws {
        let (left, steps) = try patched([["op": "remove", "path": "members", "value": .array(Array(Self.members.prefix(15_000)))]])
        #expect(left == 5_000)
        #expect(steps <= 40_000)
    }

    @Test func `a thousand operations about one member each look at one each`() throws {
        let added = try patched((0..<1_000).map { ["op": "add", "path": "members", "value": [["value": .string("new\($0)")]]] })
        #expect(added.count == 21_000)
        #expect(added.steps <= 25_000)
        let removed = try patched((0..<1_000).map { ["op": "remove", "path": .string("members[value eq \"m\($0)\"]")] })
        #expect(removed.count == 19_000)
        #expect(removed.steps <= 25_000)
        let named = try patched((0..<1_000).map { ["op": "replace", "path": .string("members[value eq \"m\($0)\"].display"), "value": "X"] })
        #expect(named.count == 20_000)
        #expect(named.steps <= 25_000)
    }

    @Test func `a filter that names its members looks at these`() throws {
        let operations = (0..<20).map { operation -> JSONValue in
            let terms = (0..<90).map { "value eq \"m\(operation * 90 + $0)\"" }.joined(separator: " or ")
            return ["op": "remove", "path": .string("members[\(terms)]")]
        }
        let (left, steps) = try patched(operations)
        #expect(left == 20_000 - 1_800)
        #expect(steps <= 200_000)
        let both = try patched([["op": "remove", "path": #"members[display co "Person" and value eq "m7"]"#]])
        #expect(both.count == 19_999 && both.steps <= 20_010)
    }

    @Test func `what would look at millions is refused`() throws {
        let terms = (0..<90).map { "display co \"q\($0)\"" }.joined(separator: " or ")
        let error = #expect(throws: SCIMError.self) { try patched([["op": "remove", "path": .string("members[\(terms)]")]]) }
        #expect(error?.kind == .tooMany && error?.code == 400)
        let every = (0..<60).map { JSONValue.object(["op": "replace", "path": "members.display", "value": .string("x\($0)")]) }
        #expect(throws: SCIMError.self) { try patched(every) }
        // A few such are fine.
        #expect(try patched([["op": "remove", "path": #"members[display ew "7"]"#]]).count == 18_000)
    }

    @Test func `elements of one value are told apart by their use, and by nothing when none is said`() throws {
        let before = SCIMAttributes([
            "userName": "m", "active": true,
            "emails": [["value": "a", "type": "work"], ["value": "a", "type": "home"], ["value": "b"], ["type": "other"]],
        ])
        func emails(_ operations: JSONValue...) throws -> JSONValue? {
            try SCIMPatch(["Operations": .array(operations)]).applied(to: before, of: .user)["emails"]
        }
        #expect(
            try emails(["op": "remove", "path": "emails", "value": [["value": "a", "type": "home"]]])
                == [["value": "a", "type": "work"], ["value": "b"], ["type": "other"]])
        #expect(try emails(["op": "remove", "path": "emails", "value": [["value": "a"]]]) == [["value": "b"], ["type": "other"]])
        #expect(try emails(["op": "remove", "path": "emails", "value": [["type": "other"]]])?.items?.count == 3)
        // What an operation has changed the next one finds, and what it has taken away it does not.
        #expect(
            try emails(
                ["op": "replace", "path": #"emails[value eq "b"].value"#, "value": "c"],
                ["op": "replace", "path": #"emails[value eq "C"].type"#, "value": "home"],
                ["op": "remove", "path": #"emails[value eq "a"]"#], ["op": "add", "path": "emails", "value": [["value": "a", "type": "work"]]])
                == [["value": "c", "type": "home"], ["type": "other"], ["value": "a", "type": "work"]])
    }
}
