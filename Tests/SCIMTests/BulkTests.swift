import JSON
import SCIM
import Testing

private let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

@Suite struct BulkTests {
    private func bulk(_ operations: [JSONValue], failOnErrors: Int? = nil) throws -> SCIMBulk {
        var body: [String: JSONValue] = ["schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": .array(operations)]
        if let failOnErrors { body["failOnErrors"] = .integer(failOnErrors) }
        return try SCIMBulk(.object(body), maximumCount: 10)
    }

    private func post(_ bulkId: String, _ data: JSONValue, to path: String = "/Users") -> JSONValue {
        ["method": "POST", "path": .string(path), "bulkId": .string(bulkId), "data": data]
    }

    private func group(_ bulkId: String, _ members: String...) -> JSONValue {
        post(bulkId, ["displayName": .string(bulkId), "members": .array(members.map { ["value": .string($0)] as JSONValue })], to: "/Groups")
    }

    /// Makes everything, under ids that tell what they are of.
    private func run(
        _ operations: [JSONValue], failOnErrors: Int? = nil, failing: [String] = []
    ) async throws -> (done: [SCIMBulk.Operation], answers: [JSONValue]) {
        var done: [SCIMBulk.Operation] = []
        let answer = try await bulk(operations, failOnErrors: failOnErrors).run(base: "https://x.example") { operation in
            done.append(operation)
            let name = operation.bulkId ?? operation.path
            if failing.contains(name) { return SCIMBulk.Outcome(.invalidValue("no")) }
            let id = operation.method == .post ? "id-\(name)" : nil
            return SCIMBulk.Outcome(status: 201, location: "l", version: "v\(done.count)", id: id)
        }
        return (done, answer["Operations"]?.items ?? [])
    }

    @Test func `operations are done after those that they refer to, with the ids put in`() async throws {
        let (done, answers) = try await run([
            group("group", "bulkId:mara", "bulkId:jo"), post("mara", ["userName": "mara"]),
            post("jo", [enterprise: ["manager": ["value": "bulkId:mara", "$ref": "https://x.example/Users/bulkId:mara"]]]),
            ["method": "delete", "path": "/Users/bulkId:mara"],
        ])
        #expect(done.map(\.bulkId) == ["mara", "jo", nil, "group"])
        #expect(
            done[1].data == [enterprise: ["manager": ["value": "id-mara", "$ref": "https://x.example/Users/id-mara"]]]
                && done[2].path == "/Users/id-mara")
        #expect(done[3].data?["members"] == [["value": "id-mara"], ["value": "id-jo"]])
        #expect(answers.map { $0["bulkId"] } == ["group", "mara", "jo", nil])
    }

    @Test(
        arguments: [
            // What a reference is, in each shape that a directory sends.
            ("POST", "/Groups", ["members": "bulkId:a"], ["members": "id-a"]), ("POST", "/Groups", ["members": ["bulkId:a"]], ["members": ["id-a"]]),
            ("PUT", "/Users/c1", [enterprise: ["manager": "bulkId:a"]], [enterprise: ["manager": "id-a"]]),
            ("PUT", "/Users/c1", ["\(enterprise):manager": ["value": "bulkId:a"]], ["\(enterprise):manager": ["value": "id-a"]]),
            (
                "PATCH", "/Groups/c1", ["Operations": [["op": "add", "path": "members", "value": [["value": "bulkId:a"]]]]],
                ["Operations": [["op": "add", "path": "members", "value": [["value": "id-a"]]]]]
            ),
            (
                "PATCH", "/Groups/c1", ["operations": [["op": "add", "Value": ["members": [["value": "bulkId:a"]], "displayName": "bulkId:a"]]]],
                ["operations": [["op": "add", "Value": ["members": [["value": "id-a"]], "displayName": "bulkId:a"]]]]
            ),
            (
                "PATCH", "/Users/c1", ["Operations": [["op": "add", "path": .string("\(enterprise):manager.value"), "value": "bulkId:a"]]],
                ["Operations": [["op": "add", "path": .string("\(enterprise):manager.value"), "value": "id-a"]]]
            ),
            // And what is a text.
            ("POST", "/Groups", ["displayName": "BULKID: hello"], ["displayName": "BULKID: hello"]),
            ("POST", "/Groups", ["displayName": "bulkId:a"], ["displayName": "bulkId:a"]),
            ("POST", "/Groups", ["members": [["display": "bulkId:a"]]], ["members": [["display": "bulkId:a"]]]),
            ("PUT", "/Users/c1", ["emails": [["value": "bulkId:a"]]], ["emails": [["value": "bulkId:a"]]]),
            (
                "PATCH", "/Groups/c1", ["Operations": [["op": "add", "path": "displayName", "value": "bulkId:a"]]],
                ["Operations": [["op": "add", "path": "displayName", "value": "bulkId:a"]]]
            ),
        ] as [(String, String, JSONValue, JSONValue)]) func `only what refers to a resource is a reference`(
            method: String, path: String, data: JSONValue, expected: JSONValue
        ) async throws
    {
        let operation: JSONValue = ["method": .string(method), "path": .string(path), "bulkId": "b", "data": data]
        #expect(try await run([post("a", [:]), operation]).done.last?.data == expected)
    }

    @Test func `those that refer to each other are made first, and then told of each other`() async throws {
        let (done, answers) = try await run([group("a", "c9", "bulkId:b"), group("b", "bulkId:a"), group("self", "bulkId:self")])
        #expect(
            done.map { "\($0.method.rawValue) \($0.path)" } == [
                "POST /Groups", "POST /Groups", "PATCH /Groups/id-a", "POST /Groups", "PATCH /Groups/id-self",
            ])
        #expect(done[0].data?["members"] == [["value": "c9"]])
        #expect(done[1].data?["members"] == [["value": "id-a"]])
        #expect(done[2].data?["Operations"] == [["op": "add", "path": "members", "value": [["value": "id-b"]]]])
        #expect(done[3].data?["members"] == nil)
        #expect(answers.map { $0["status"] } == ["201", "201", "201"])
        // Made and then changed: the version is that of the change.
        #expect(answers.map { $0["version"] } == ["v3", "v2", "v5"])
    }

    @Test func `two who manage each other are two`() async throws {
        let (done, answers) = try await run([
            post("a", ["userName": "a", enterprise: ["manager": ["value": "bulkId:b"], "department": "D"]]),
            post("b", ["userName": "b", enterprise: ["manager": "bulkId:a"]]),
        ])
        #expect(done[0].data == ["userName": "a", enterprise: ["department": "D"]])
        #expect(done[1].data == ["userName": "b", enterprise: ["manager": "id-a"]])
        #expect(done[2].data?["Operations"] == [["op": "add", "path": .string("\(enterprise):manager"), "value": ["value": "id-b"]]])
        #expect(answers.map { $0["status"] } == ["201", "201"])
    }

    @Test func `in a circle of which a part cannot be made the rest is made, and told to lack it`() async throws {
        let (_, answers) = try await run([group("a", "bulkId:b"), group("b", "bulkId:a")], failOnErrors: 1, failing: ["b"])
        #expect(answers.map { $0["status"] } == ["409", "400"])
        #expect(answers[0]["location"] == "l" && answers[1]["location"] == nil)
    }

    @Test(
        arguments: [
            (1, nil, nil, nil), (.null, nil, nil, nil), ([], nil, nil, nil), ([:], nil, nil, nil),
            (["method": "GET", "path": "/Users"], "GET", nil, "/Users"),
            (["method": 1, "path": "/Users", "bulkId": "x"], nil, "x", nil), (["Method": "move", "bulkId": "x"], "MOVE", "x", nil),
            (["method": .string(String(repeating: "x", count: 21)), "path": "/Users"], nil, nil, nil),
            (["method": "post", "path": "/Users", "data": [:]], "POST", nil, nil),
            (["method": "POST", "path": "/Users", "bulkId": "", "data": [:]], "POST", "", nil),
            (["method": "POST", "path": "/Users", "bulkId": "x"], "POST", "x", nil),
            (["method": "POST", "path": "/Users", "bulkId": 7, "data": [:]], "POST", nil, nil),
            (["method": "PUT", "path": "/Users/c1", "data": "x"], "PUT", nil, "/Users/c1"),
            (["method": "PATCH", "path": "/Users/c1", "bulkId": "x"], "PATCH", "x", "/Users/c1"),
            (["method": "DELETE"], "DELETE", nil, nil), (["method": "DELETE", "path": "Users/1"], "DELETE", nil, nil),
            (["method": "DELETE", "path": "/Users/1", "version": 1], "DELETE", nil, "/Users/1"),
            (["method": "DELETE", "path": "/Users/1", "PATH": "/Users/2"], "DELETE", nil, nil),
        ] as [(JSONValue, String?, String?, String?)]) func `an odd operation is refused by itself, with its number, and the others are done`(
            odd: JSONValue, method: String?, bulkId: String?, path: String?
        ) async throws
    {
        let (done, answers) = try await run([post("a", ["userName": "a"]), odd, post("b", ["userName": "b"])])
        #expect(done.map(\.bulkId) == ["a", "b"])
        #expect(answers.map { $0["status"] } == ["201", "400", "201"])
        #expect(answers[1]["response"]?["scimType"] == "invalidSyntax")
        #expect(answers[1]["response"]?["detail"]?.text?.hasPrefix("Operation 2: ") == true)
        #expect(answers[1]["method"] == method.map { .string($0) } && answers[1]["bulkId"] == bulkId.map { .string($0) })
        guard let path, odd["PATH"] == nil else { return }
        #expect(answers[1]["location"] == .string("https://x.example\(path)") || method == "GET" && answers[1]["location"] != nil)
    }

    @Test func `operations with one bulkId are all refused, and so is who refers to it`() async throws {
        let (done, answers) = try await run([
            post("a", ["userName": "a"]), group("g", "bulkId:a"), post("a", ["userName": "b"]), post("c", ["userName": "c"]),
        ])
        #expect(done.map(\.bulkId) == ["c"])
        #expect(answers.map { $0["status"] } == ["400", "409", "400", "201"])
        #expect(answers.map { $0["bulkId"] } == ["a", "g", "a", "c"])
        #expect(answers[2]["response"]?["detail"] == "Operation 3: Another operation has the same bulkId.")
    }

    @Test func `odd operations are errors after which the rest is left, and each that is not done is told of`() async throws {
        var refused: [String] = []
        let odd: JSONValue = ["method": "PUT", "path": "/Users/c1"]
        let answer = try await bulk([group("g", "bulkId:x"), 1, post("a", ["userName": "a"]), odd, odd, post("b", [:])], failOnErrors: 3).run(
            base: "https://x.example", refused: { refused.append("\($0 ?? "-") \($1 ?? "-"): \($2.detail)") }
        ) { _ in SCIMBulk.Outcome(status: 201, id: "c2") }
        #expect(answer["Operations"]?.items?.map { $0["status"] } == ["409", "400", "201", "400"])
        #expect(
            refused == [
                "POST /Groups: The operation refers to a bulkId under which nothing was made.",
                "- -: Each of Operations has to be an object, and this one is a whole number.", "PUT /Users/c1: PUT in a bulk request needs data.",
            ])
    }

    @Test func `what refers to nothing is a conflict of its own`() async throws {
        let (_, answers) = try await run([group("c", "bulkId:nobody"), group("d")])
        #expect(answers.map { $0["status"] } == ["409", "201"])
    }

    @Test func `a failure says what it was about, unless nothing was made`() async throws {
        let (_, answers) = try await run(
            [
                post("a", ["userName": "a"]), ["method": "PUT", "path": "/Users/bulkId:a", "data": [:]], ["method": "DELETE", "path": "/Users/c9"],
                ["method": "PATCH", "path": "/Users/bulkId:x", "data": [:]], post("bad", [:]),
            ], failing: ["/Users/id-a", "/Users/c9", "bad"])
        #expect(
            answers.map { $0["location"] } == [
                "l", "https://x.example/Users/id-a", "https://x.example/Users/c9", "https://x.example/Users/bulkId:x", nil,
            ])
    }
}
