import Sandbox
import Testing

@Suite struct ReadmeTests {
    @Test func `the example of the README answers, and then refuses once`() async throws {
        // README
        var configuration = Sandbox.Configuration()
        configuration.exposures = ["sam@acme.example": ["Adobe", "Gawker"]]

        try await Sandbox.with(configuration) { url, sandbox in
            let client = SandboxClient(url: url)  // any HTTP client
            let known = try await client.get("breachedaccount/sam@acme.example")
            #expect(try known.json([NamedBreach].self).map(\.name) == ["Adobe", "Gawker"])

            sandbox.misbehave(Misbehaviour(.tooManyRequests, service: .hibp, count: 1, retryAfter: 6))
            let refused = try await client.get("breachedaccount/sam@acme.example")
            #expect(refused.status == 429)
            #expect(sandbox.requests[.hibp] == 2)
        }
        // end of README
    }
}
