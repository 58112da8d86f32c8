import Foundation
import Sandbox
import Testing

/// Made-up people are exposed the same way whoever asks, and however.
@Suite struct ExposureTests {
    static let people = DemoCompany.makePeople(400)

    static var configuration: Sandbox.Configuration {
        var configuration = Sandbox.Configuration()
        configuration.domains = [DemoCompany.domain: people.map(\.alias)]
        return configuration
    }

    @Test func `domain search and account search agree, but for the sensitive breaches`() async throws {
        try await Sandbox.with(Self.configuration) { url, sandbox async throws in
            let client = SandboxClient(url: url)
            let domain = try await client.get("breacheddomain/\(DemoCompany.domain)").json([String: [String]].self)
            var hidden = 0
            for person in Self.people {
                let reply = try await client.get("breachedaccount/\(person.email)")
                let byAccount = reply.status == 404 ? [] : try reply.json([NamedBreach].self).map(\.name)
                let byDomain = domain[person.alias] ?? []
                let open = byDomain.filter { sandbox.breach($0)?.isSensitive == false }
                hidden += byDomain.count - open.count
                #expect(byAccount == open)
            }
            #expect(hidden > 0)
        }
    }

    @Test func `about a third of the people are exposed, to one to seven breaches`() throws {
        let sandbox = try Sandbox(configuration: Self.configuration)
        let counts = Self.people.map { sandbox.breaches(of: $0.email, isOwner: true).count }.filter { $0 > 0 }
        #expect((110...170).contains(counts.count))
        #expect(counts.allSatisfy { (1...7).contains($0) })
        #expect(Set(counts).count >= 5)
    }

    @Test func `two sandboxes with one seed agree, with two they do not`() throws {
        var other = Self.configuration
        other.seed += 1
        let answers = try [Self.configuration, Self.configuration, other].map { configuration in
            let sandbox = try Sandbox(configuration: configuration)
            return Self.people.map { sandbox.breaches(of: $0.email, isOwner: true) }
        }
        #expect(answers[0] == answers[1])
        #expect(answers[0] != answers[2])
    }

    @Test func `retired breaches are told to nobody`() async throws {
        try await Sandbox.with { url, sandbox async throws in
            sandbox.setDomain("old.example", aliases: ["sam"], exposures: ["sam": ["VTech", "Ticketek"]])
            let client = SandboxClient(url: url)
            #expect(try await client.get("breachedaccount/sam@old.example").status == 404)
            #expect(try await client.get("breacheddomain/old.example").status == 404)
        }
    }

    @Test func `only verified domains are searched`() async throws {
        try await Sandbox.with(Self.configuration) { url, _ async throws in
            let client = SandboxClient(url: url)
            #expect(try await client.get("breacheddomain/ACME.example").status == 200)
            #expect(try await client.get("breacheddomain/other.example").status == 403)
            #expect(try await client.get("stealerlogsbyemail/sam@other.example").status == 403)
            #expect(try await client.get("stealerlogsbyemaildomain/other.example").status == 403)
            #expect(try await client.get("stealerlogsbywebsitedomain/other.example").status == 403)
        }
    }

    @Test func `the subscribed domains are counted`() async throws {
        struct Domain: Decodable {
            let domainName: String
            let pwnCount: Int?
            let pwnCountExcludingSpamLists: Int?

            enum CodingKeys: String, CodingKey {
                case domainName = "DomainName", pwnCount = "PwnCount", pwnCountExcludingSpamLists = "PwnCountExcludingSpamLists"
            }
        }
        try await Sandbox.with(Self.configuration) { url, _ async throws in
            let client = SandboxClient(url: url)
            let domains = try await client.get("subscribeddomains").json([Domain].self)
            let exposed = try await client.get("breacheddomain/\(DemoCompany.domain)").json([String: [String]].self)
            #expect(domains.map(\.domainName) == [DemoCompany.domain])
            #expect(domains[0].pwnCount == exposed.count)
            #expect((domains[0].pwnCountExcludingSpamLists ?? 0) <= exposed.count)
        }
    }

    @Test func `stealer logs agree by address, by domain and by website`() async throws {
        try await Sandbox.with(Self.configuration) { url, sandbox async throws in
            let client = SandboxClient(url: url)
            let byDomain = try await client.get("stealerlogsbyemaildomain/\(DemoCompany.domain)").json([String: [String]].self)
            #expect(byDomain.count > 5)
            for person in Self.people {
                let reply = try await client.get("stealerlogsbyemail/\(person.email)")
                let sites = reply.status == 404 ? nil : try reply.json([String].self)
                #expect(sites == byDomain[person.alias])
                let hasLog = sandbox.breaches(of: person.email, isOwner: true).contains { sandbox.breach($0)?.isStealerLog == true }
                #expect(hasLog == (sites != nil))
            }
            let site = "vpn.\(DemoCompany.domain)"
            let byWebsite = try await client.get("stealerlogsbywebsitedomain/\(site)").json([String].self)
            #expect(byWebsite == byDomain.filter { $0.value.contains(site) }.map { "\($0.key)@\(DemoCompany.domain)" }.sorted())
        }
    }

    @Test func `the catalogue grows when a breach is added`() async throws {
        try await Sandbox.with(Self.configuration) { url, _ async throws in
            let client = SandboxClient(url: url)
            let before = try await client.get("breacheddomain/\(DemoCompany.domain)").json([String: [String]].self)
            let person = Self.people[0]
            let breach = String(decoding: try JSONEncoder().encode(SandboxBreach(name: "BrandNew")), as: UTF8.self)
            let added = try await client.admin(.PUT, "breaches", #"{"breach": \#(breach), "addresses": ["\#(person.email)"]}"#)
            #expect(added.status == 204)
            #expect(try await client.get("latestbreach").json(SandboxBreach.self).name == "BrandNew")
            #expect(try await client.get("breachedaccount/\(person.email)").json([NamedBreach].self).map(\.name).contains("BrandNew"))
            var after = try await client.get("breacheddomain/\(DemoCompany.domain)").json([String: [String]].self)
            after[person.alias]?.removeAll { $0 == "BrandNew" }
            #expect(after.filter { !$0.value.isEmpty } == before)
        }
    }

    @Test func `ten thousand people of a domain are one answer`() async throws {
        var configuration = Sandbox.Configuration()
        let aliases = (0..<10_000).map { "person\($0)" }
        configuration.domains = ["large.example": aliases]
        try await Sandbox.with(configuration) { url, sandbox async throws in
            let exposed = try await SandboxClient(url: url).get("breacheddomain/large.example").json([String: [String]].self)
            #expect((3000...4000).contains(exposed.count))
            #expect(sandbox.requests.total == 1)
        }
    }
}
