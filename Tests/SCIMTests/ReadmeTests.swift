import SCIM
import Testing

@Suite struct ReadmeTests {
    @Test func `the example of the README changes somebody and finds them`() throws {
        // README
        // What a directory sends: somebody new, and a change of them later.
        let person = try SCIMResourceType.user.read([
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "mara@acme.example", "title": "Controller", "emails": [["value": "mara@acme.example", "primary": true]],
        ])
        let patch = try SCIMPatch([
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [["op": "replace", "path": "title", "value": "CFO"]],
        ])
        let changed = try patch.applied(to: person, of: .user)

        // What it gets back, and whether a filter finds them.
        let meta = SCIMMeta(
            id: "17", created: "2026-11-30T08:00:00.000Z", lastModified: "2026-11-30T08:05:00.000Z", version: 2, base: "https://acme.example/scim/v2")
        let answer = changed.resource(of: .user, meta)
        let filter = try SCIMFilterParser.filter(#"userName eq "MARA@acme.example" and title sw "c""#)
        let isFound = try SCIMResourceType.user.condition(filter).holds(for: answer)
        // end of README
        #expect(isFound)
        #expect(answer["title"] == "CFO")
    }
}
