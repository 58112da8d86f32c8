import JSON
import SCIM
import Testing

private let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

@Suite struct MessageTests {
    private static let mara: JSONValue = [
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "c1", "userName": "mara",
        "name": ["givenName": "Mara", "familyName": "Lind"],
        "emails": [["value": "a", "type": "work"], ["value": "b", "type": "home"]], enterprise: ["department": "F", "division": "D"],
        "meta": ["version": "W/\"1\"", "created": "x"],
    ]

    private func projected(only: String = "", without: String = "") throws -> JSONValue {
        try SCIMProjection(only: SCIMProjection.names(only), without: SCIMProjection.names(without)).applied(to: Self.mara, of: .user)
    }

    @Test func `only what is asked for is answered, and what is always`() throws {
        let base: JSONValue = ["schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "c1"]
        #expect(try projected() == Self.mara)
        #expect(try projected(only: "userName") == base.with("userName", "mara"))
        #expect(try projected(only: " USERNAME , nickName,unheardOf") == base.with("userName", "mara"))
        #expect(try projected(only: "name.givenName") == base.with("name", ["givenName": "Mara"]))
        #expect(try projected(only: "name.givenName,name.familyName") == base.with("name", ["givenName": "Mara", "familyName": "Lind"]))
        #expect(try projected(only: "emails.value") == base.with("emails", [["value": "a"], ["value": "b"]]))
        #expect(
            try projected(only: "emails.value,emails.type")
                == base.with("emails", [["value": "a", "type": "work"], ["value": "b", "type": "home"]]))
        #expect(try projected(only: enterprise) == base.with(enterprise, ["department": "F", "division": "D"]))
        #expect(try projected(only: "\(enterprise):department") == base.with(enterprise, ["department": "F"]))
        #expect(try projected(only: "meta.version") == base.with("meta", ["version": "W/\"1\""]))
    }

    @Test func `what is excluded is left out, unless it is always there`() throws {
        let left = try projected(without: "id,schemas,name.givenName,emails.type,\(enterprise):division,meta")
        #expect(
            left == [
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "c1", "userName": "mara", "name": ["familyName": "Lind"],
                "emails": [["value": "a"], ["value": "b"]], enterprise: ["department": "F"],
            ])
        #expect(try projected(without: "name.givenName,name.familyName")["name"] == nil)
        #expect(try projected(without: "emails.type,emails.value")["emails"] == nil)
        #expect(try projected(without: "emails,emails.type")["emails"] == nil)
        #expect(throws: SCIMError.self) { try projected(only: "userName", without: "name") }
        #expect(throws: SCIMError.self) { try projected(only: "user name!") }
    }

    @Test(
        arguments: [
            ("emails.type,emails.display", "", [["type": "work"], ["display": "B"]]),
            ("emails.value,emails.type", "", [["value": "a", "type": "work"], ["value": "b"]]),
            ("emails.value,emails", "", [["value": "a", "type": "work"], ["value": "b", "display": "B"]]),
            ("emails.primary", "", nil),
            ("", "emails.type,emails.display", [["value": "a"], ["value": "b"]]), ("", "emails.value,emails.type", [["display": "B"]]),
            ("", "emails.value,emails.type,emails.display", nil),
        ] as [(String, String, JSONValue?)]) func `each element is cut by itself`(only: String, without: String, expected: JSONValue?) throws
    {
        let person: JSONValue = ["id": "c1", "emails": [["value": "a", "type": "work"], ["value": "b", "display": "B"]]]
        let projection = try SCIMProjection(only: SCIMProjection.names(only), without: SCIMProjection.names(without))
        #expect(projection.applied(to: person, of: .user)["emails"] == expected)
    }

    @Test(arguments: [
        (nil as Int?, nil as Int?, 1, 100), (0, -1, 1, 0), (-5, 0, 1, 0), (3, 7, 3, 7), (1, 100_000, 1, 1_000), (Int.max, 1, 1 << 40, 1),
    ]) func `pages begin at one and end somewhere`(start: Int?, count: Int?, expectedStart: Int, expectedCount: Int) {
        let page = SCIMPageRequest(startIndex: start, count: count)
        #expect(page.startIndex == expectedStart && page.count == expectedCount)
    }

    @Test func `a question is read from a query string and from a body alike`() throws {
        let one = try SCIMQuery(parameters: [
            "filter": "title pr", "sortBy": "userName", "sortOrder": "Descending", "startIndex": "2", "count": "5", "attributes": "userName",
            "aadOptscim062020": "",
        ])
        let other = try SCIMQuery(search: [
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": "title pr", "sortBy": "userName", "sortOrder": "descending",
            "startIndex": 2,
            "count": 5, "attributes": ["userName"],
        ])
        #expect(one == other)
        #expect(throws: SCIMError.self) { try SCIMQuery(parameters: ["sortOrder": "up"]) }
        #expect(throws: SCIMError.self) { try SCIMQuery(parameters: ["count": "many"]) }
        #expect(throws: SCIMError.self) { try SCIMQuery(search: ["schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]]) }
    }

    @Test func `sorting puts who has no value last, and first when turned around`() throws {
        let people: [JSONValue] = [["id": "1", "title": "b"], ["id": "2"], ["id": "3", "title": "A"], ["id": "4", "title": "B"]]
        let target = try SCIMResourceType.user.sorting(by: SCIMPath(["title"]))
        func order(_ isDescending: Bool) -> [JSONValue?] { SCIMSorting.sorted(people, by: target, isDescending: isDescending).map { $0["id"] } }
        #expect(order(false) == ["3", "1", "4", "2"])
        #expect(order(true) == ["2", "1", "4", "3"])
        let address = try SCIMResourceType.user.sorting(by: SCIMPath(["emails"]))
        #expect(address.sortKey(of: ["emails": [["value": "B"], ["value": "A", "primary": true]]]) == "a")
        #expect(throws: SCIMError.self) { try SCIMResourceType.user.sorting(by: SCIMPath(["name"])) }
        #expect(throws: SCIMError.self) { try SCIMResourceType.user.sorting(by: SCIMPath(["unheardOf"])) }
    }

    @Test(arguments: [
        ("W/\"3\"", true), ("\"3\"", true), ("3", true), ("*", true), ("W/\"1\", W/\"3\"", true), ("W/\"2\"", false), ("", false),
        ("W/\"33\"", false),
    ]) func `an entity tag names a version`(header: String, expected: Bool) {
        #expect(SCIMEntityTag.header(header, names: 3) == expected)
    }

    @Test func `what is published is complete and has no null in it`() {
        for type in SCIMResourceType.all {
            for schema in [type.schema] + type.extensions {
                let attributes = schema.body(base: "https://x.example")["attributes"]?.items ?? []
                #expect(!attributes.isEmpty)
                for attribute in attributes {
                    for name in ["name", "type", "multiValued", "description", "required", "mutability", "returned"] {
                        #expect(attribute[name] != nil, "\(name)")
                    }
                    #expect((attribute["subAttributes"] != nil) == (attribute["type"] == "complex"))
                    #expect(!String(describing: attribute).contains(".null"))
                }
            }
        }
        let emails = SCIMResourceType.user.schema.body(base: "")["attributes"]?.items?.first { $0["name"] == "emails" }
        #expect(emails?["subAttributes"]?.items?.map { $0["name"] } == ["value", "type"])
    }

    // MARK: Bulk

    private func bulk(_ operations: [JSONValue], failOnErrors: Int? = nil) throws -> SCIMBulk {
        var body: [String: JSONValue] = ["schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": .array(operations)]
        if let failOnErrors { body["failOnErrors"] = .integer(failOnErrors) }
        return try SCIMBulk(.object(body), maximumCount: 10)
    }

    private func post(_ bulkId: String, _ data: JSONValue) -> JSONValue {
        ["method": "POST", "path": "/Users", "bulkId": .string(bulkId), "data": data]
    }

    @Test func `after so many errors the rest is left`() async throws {
        let bulk = try bulk([post("a", [:]), post("b", [:]), post("c", [:])], failOnErrors: 2)
        let answer = await bulk.run(base: "") { _ in SCIMBulk.Outcome(.invalidValue("no")) }
        #expect(answer["Operations"]?.items?.count == 2)
        #expect(answer["Operations"]?.items?.first?["response"]?["scimType"] == "invalidValue")
    }

    @Test(
        arguments: [
            "x", [:], [], .null, ["Operations": []], ["Operations": "x"], ["Operations": [:]],
            ["schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [["method": "DELETE", "path": "/Users/1"]]],
        ] as [JSONValue]) func `what is no bulk request is refused as that`(body: JSONValue)
    {
        let error = #expect(throws: SCIMError.self) { try SCIMBulk(body, maximumCount: 10) }
        #expect(error?.kind == .invalidSyntax)
    }

    @Test func `too many operations are too large`() {
        let error = #expect(throws: SCIMError.self) { try bulk((0...10).map { post("\($0)", [:]) }) }
        #expect(error?.code == 413)
    }

    @Test func `an error's body has its status as a text`() {
        #expect(
            SCIMError.uniqueness("userName is in use already.").body == [
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "409", "scimType": "uniqueness",
                "detail": "userName is in use already.",
            ])
        #expect(SCIMError.notFound("x").body["scimType"] == nil)
    }
}
