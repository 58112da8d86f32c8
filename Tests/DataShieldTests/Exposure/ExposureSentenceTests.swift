import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// What happened to somebody, as lists and pages say it.
@Suite(.freshDatabase) struct ExposureSentenceTests {
    var database: TestDatabase { .current }

    /// What is known of a finding.
    struct Facts: Sendable, CustomTestStringConvertible {
        var data: [String] = []
        var artifacts: [ArtifactKind] = []
        var source = BreachSource.hibp
        var sources: [ApiProvider] = [.hibp]
        /// OWN stands for the company's domain.
        var sites: [String] = []
        var family: String?
        var breachDomain: String?
        var title: String

        var testDescription: String { title }
    }

    static let facts: [Facts] = [
        Facts(data: ["password"], artifacts: [.cookie, .password], family: "Lumma", title: "Lumma took Ann Lee's password and signed-in sessions"),
        Facts(data: ["email"], artifacts: [.token], title: "Malware took Ann Lee's tokens"),
        Facts(data: ["email"], source: .stealerLog, sources: [.hibpStealer], title: "Malware took data of Ann Lee"),
        Facts(data: ["email", "password"], breachDomain: "shop.example", title: "The Breach exposed Ann Lee's password"),
        Facts(data: ["email", "hashed_password"], breachDomain: "shop.example", title: "The Breach exposed Ann Lee's password hash"),
        Facts(data: ["email", "password"], title: "Ann Lee's password in The Breach"),
        Facts(data: ["phone"], title: "The Breach exposed Ann Lee's phone"),
        Facts(data: ["phone", "credit_card"], title: "The Breach exposed Ann Lee's credit card and phone"),
        Facts(data: ["phone", "name", "email", "credit_card"], title: "The Breach exposed Ann Lee's credit card, phone and other data"),
        Facts(data: ["ip_address"], title: "The Breach exposed Ann Lee's IP address"),
        Facts(data: [], title: "Ann Lee in The Breach"),
    ]

    /// Somebody in a breach.
    struct World {
        var company: CompanyID
        var domain: String
        var record: BreachRecordID
        var alert: AlertID
    }

    func makeWorld(_ facts: Facts) async throws -> World {
        let company = try await database.makeCompany()
        let domain = try #require(try await database.system.first("SELECT domain FROM companies WHERE id = \(company)", as: String.self))
        let person = try await database.makeEmployee(in: company, firstName: "Ann", lastName: "Lee")
        let breach = try await database.makeBreach(source: facts.source, dataTypes: facts.data)
        try await database.system.execute("UPDATE breaches SET title = 'The Breach', domain = \(facts.breachDomain) WHERE id = \(breach)")
        let record = try await database.makeBreachRecord(
            in: company, employee: person, breach: breach, exposedData: facts.data, artifacts: facts.artifacts, sources: facts.sources)
        let evidence = Exposure(evidence: Evidence(sites: facts.sites.map { $0.replacing("OWN", with: domain) })).evidenceText
        try await database.system.execute(
            "UPDATE breach_records SET evidence = \(evidence)::jsonb, malware_family = \(facts.family) WHERE id = \(record)")
        return World(
            company: company, domain: domain, record: record, alert: try await database.makeAlert(in: company, employee: person, breach: breach))
    }

    @Test(arguments: facts) func `a title says who took what of whom`(facts: Facts) async throws {
        let world = try await makeWorld(facts)
        let viewer = Subject(actor: .program("test"), company: world.company, role: .viewer)
        #expect(try await Alerts(database: database.tenant).detail(world.alert, for: viewer).title == facts.title)
    }

    static let leads: [(Facts, String)] = [
        (
            Facts(artifacts: [.cookie, .password], sites: ["OWN"], family: "RedLine", title: ""),
            "RedLine took the password for OWN and signed-in sessions"
        ),
        (Facts(artifacts: [.password], sites: ["a.example"], family: "Vidar", title: ""), "Vidar took a password, for a.example"),
        (Facts(artifacts: [.password], sites: ["OWN", "a.example"], title: ""), "Malware took the password for OWN, also for a.example"),
        (
            Facts(artifacts: [.password], sites: ["a.example", "b.example", "c.example"], title: ""),
            "Malware took a password, for a.example and 2 other sites"
        ),
        (Facts(source: .stealerLog, sources: [.hibpStealer], title: ""), "Malware took data that the source does not name"),
        (Facts(data: ["hashed_password"], title: ""), "The Breach exposed the hash of a password"),
    ]

    @Test(arguments: leads) func `a row of the first page begins with what was taken and by whom`(facts: Facts, lead: String) async throws {
        let world = try await makeWorld(facts)
        let rows = try await database.system.query(
            """
            SELECT \(ExposureLiveness.columns) FROM breach_records r
            JOIN breaches b ON b.id = r.breach_id JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id
            WHERE r.id = \(world.record)
            """, as: ExposureLiveness.self)
        let sentence = ExposureSentence(try #require(rows.first), breach: "The Breach", family: facts.family)
        #expect(sentence.lead == lead.replacing("OWN", with: world.domain))
        #expect(!sentence.detail.isEmpty)
    }
}
