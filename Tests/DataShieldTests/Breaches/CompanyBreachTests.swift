import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// What a company's sources say of a breach stays with that company.
@Suite(.freshDatabase) struct CompanyBreachTests {
    static let now = RecorderTests.now
    var database: TestDatabase { .current }
    private var breaches: Breaches { Breaches(database: database.tenant) }

    private func subject(_ company: CompanyID) -> Subject { Subject(actor: .program("test"), company: company, role: .admin) }

    /// What a leak file says of one person: a password.
    private func finding(_ name: String, date: String?, types: [String] = ["email", "password"], secret: UInt8 = 1) -> Finding {
        Finding(
            breachName: name, breachDate: BreachDate.day(date), dataTypes: types, source: .darkWeb, provider: nil,
            leak: LeakFinding(
                file: LeakFileID(), credentials: [FoundCredential(identity: [secret], login: "a…", site: nil, secret: nil)],
                isDated: date != nil))
    }

    /// Records what a file says of a person.
    private func record(_ finding: Finding, of person: EmployeeID, in company: CompanyID) async throws {
        _ = try await database.tenant.transaction(for: company) { db in
            var finding = finding
            finding.leak?.file = try await LeakFileStore(db: db).opened(name: "x", size: 1, place: [1])
            return try await Recorder(now: { Self.now }).record([(person, finding)], in: db)
        }
    }

    /// A company with one person, whose password was changed on a day.
    private func makeCompany(changed: String) async throws -> (company: CompanyID, person: EmployeeID) {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        try await database.owner.execute("UPDATE employees SET password_changed_at = \(BreachDate.day(changed)) WHERE id = \(person)")
        return (company, person)
    }

    private func records(of person: EmployeeID, in company: CompanyID) async throws -> [Breaches.Record] {
        try await breaches.records(of: person, for: subject(company))
    }

    private func name() -> String { "Shop\(CUID.make(at: Date()).suffix(12))" }

    // MARK: Lists

    @Test func `a list by names goes on where it ended, and finds each name, where the database makes other small letters than Swift`() async throws {
        let (company, person) = try await makeCompany(changed: "2026-01-01")
        let names = ["\u{130}a shop", "Ib shop"]
        for name in names { try await record(finding(name, date: nil), of: person, in: company) }
        var found: [String] = []
        var cursor: String?
        repeat {
            let page = try await breaches.list(.init(order: .name), cursor: cursor, limit: 1, for: subject(company))
            found += page.items.map(\.name)
            cursor = page.nextCursor
        } while cursor != nil && found.count < 5
        #expect(found == names)
        for name in names {
            #expect(try await breaches.list(.init(text: name), for: subject(company)).items.map(\.name) == [name])
        }
    }

    // MARK: Two companies

    @Test func `what another company's file says of a breach of one name changes nothing and shows nothing`() async throws {
        let (one, ada) = try await makeCompany(changed: "2026-01-01")
        let (other, bob) = try await makeCompany(changed: "2026-01-01")
        let name = name()
        try await record(finding(name, date: "2026-03-01"), of: ada, in: one)
        let before = try await records(of: ada, in: one)
        #expect(before.map(\.liveness.reason) == [.passwordStands])

        // An older day, another spelling, other data.
        let began = BreachID(at: Date())
        try await record(finding("\(name.uppercased()).com", date: "2012-01-01", types: ["email", "password", "ssn"]), of: bob, in: other)
        #expect(try await records(of: ada, in: one) == before)

        let mine = try #require(before.first?.breach)
        let theirs = try #require(try await records(of: bob, in: other).first?.breach)
        #expect([mine.name, theirs.name] == [name, "\(name.uppercased()).com"])
        #expect([mine.dataTypes, theirs.dataTypes] == [["email", "password"], ["email", "password", "ssn"]])
        #expect([mine.breachDate, theirs.breachDate] == [BreachDate.day("2026-03-01"), BreachDate.day("2012-01-01")])
        #expect(mine.isOwn && theirs.isOwn)
        // Nor does its id tell that somebody else had it before.
        #expect(theirs.id > began)
        for (company, id) in [(one, theirs.id), (other, mine.id)] {
            await #expect(throws: Breaches.Failure.notFound) { try await breaches.find(id, for: subject(company)) }
            #expect(try await breaches.affected(by: id, for: subject(company)).items.isEmpty)
        }
        let counts = try await database.owner.query(
            "SELECT people FROM breach_counts WHERE breach_id = ANY(\([mine.id, theirs.id])::text[])", as: Int.self)
        #expect(counts == [1, 1])
    }

    @Test func `no list, search or page shows another company's breach`() async throws {
        try await withServer(as: .admin) { client in
            let (other, bob) = try await makeCompany(changed: "2026-01-01")
            let (name, type) = (name(), "kind_\(CUID.make(at: Date()).suffix(12))")
            try await record(finding(name, date: "2012-01-01", types: ["email", type]), of: bob, in: other)
            let theirs = try #require(try await records(of: bob, in: other).first?.breach.id)
            let alert = try #require(try await Alerts(database: database.tenant).list(for: subject(other)).items.first?.alert.id)
            let owner = try await client.signedIn(as: .viewer, in: other)
            let mine = try await database.makeEmployee(in: client.company)
            _ = try await database.makeAlert(in: client.company, message: "x", employee: mine, breach: try await database.makeBreach())

            for path in ["/api/breaches?all=true&q=\(name)", "/api/breaches?all=true&dataType=\(type)", "/api/alerts?q=\(name)"] {
                let (here, there) = (try await client.get(path), try await owner.get(path))
                #expect(here.status == 200 && !here.text.contains(theirs.rawValue) && !here.text.contains(name), "\(path)")
                #expect(there.text.contains(theirs.rawValue), "\(path)")
            }
            for (path, id) in [
                ("/breaches?scope=all&q=\(name)", theirs.rawValue), ("/breaches?q=\(name)", theirs.rawValue), ("/alerts?q=\(name)", alert.rawValue),
            ] {
                #expect(try await !client.get(path).text.contains(id), "\(path)")
                #expect(try await owner.get(path).text.contains(id), "\(path)")
            }
            for path in ["/api/breaches/\(theirs)", "/api/breaches/\(theirs)/employees", "/breaches/\(theirs)"] {
                #expect(try await client.get(path).status == 404, "\(path)")
                #expect(try await owner.get(path).status == 200, "\(path)")
            }
            #expect(try await client.get("/api/alerts?breach=\(theirs)").decode(Page<AlertListing>.self).items.isEmpty)
        }
    }

    // MARK: The catalogue

    @Test func `a finding of a breach that the catalogue has changes nothing of it`() async throws {
        let (company, ada) = try await makeCompany(changed: "2020-01-01")
        let name = name()
        let known = try await database.makeBreach(name: name, date: BreachDate.day("2016-05-05"), dataTypes: ["email"])
        let version: SQL = "SELECT b::text || b.xmin::text FROM breaches b WHERE id = \(known)"
        let before = try await database.owner.first(version, as: String.self)
        try await record(finding("\(name).com", date: "2012-01-01", types: ["email", "ssn"]), of: ada, in: company)
        #expect(try await database.owner.first(version, as: String.self) == before)
        let found = try await records(of: ada, in: company)
        #expect(found.map(\.record.breachId) == [known])
        #expect(found.map(\.record.exposedData) == [["email", "ssn"]])
        #expect(try await database.owner.first("SELECT count(*) FROM breaches WHERE company_id = \(company)", as: Int.self) == 0)
    }

    @Test func `a breach is known by its name and by its title`() async throws {
        let (company, ada) = try await makeCompany(changed: "2020-01-01")
        let name = name()
        let entry = CatalogueEntry(name: name, title: "The \(name) Store", addedAt: Self.now, dataTypes: ["email"])
        try await BreachCatalogue(system: database.system).add(entry, source: .hibp)
        let outcome = try await database.tenant.transaction(for: company) { db in
            try await Recorder(now: { Self.now }).record(
                [
                    (ada, RecorderTests.finding(.dehashed, "the-\(name)-store.com", types: ["phone"])),
                    (ada, RecorderTests.finding(.leakcheck, name, types: ["name"])),
                    (ada, RecorderTests.finding(.dehashed, name, types: ["address"])),
                ], in: db)
        }
        #expect(outcome == .init(newRecords: 1, newAlerts: 1))
        let again = try await database.tenant.transaction(for: company) { db in
            try await Recorder(now: { Self.now }).record([(ada, RecorderTests.finding(.snusbase, "The \(name) Store"))], in: db)
        }
        #expect(again.newRecords == 0 && again.corroborated == 1)
        let found = try await records(of: ada, in: company)
        #expect(found.map(\.breach.name) == [name])
        #expect(found.map(\.record.exposedData) == [["address", "email", "name", "password", "phone"]])
    }

    @Test func `a title that two breaches have is neither's name`() async throws {
        let (company, ada) = try await makeCompany(changed: "2020-01-01")
        let name = name()
        for number in 1...2 {
            let entry = CatalogueEntry(name: "\(name)\(number)x", title: "The \(name)", addedAt: Self.now)
            try await BreachCatalogue(system: database.system).add(entry, source: .hibp)
        }
        try await record(finding("The \(name)", date: nil), of: ada, in: company)
        #expect(try await records(of: ada, in: company).map(\.breach.isOwn) == [true])
    }

    @Test func `an id of the catalogue tells when its source took the breach in, and not who scanned`() async throws {
        let name = name()
        let added = try #require(Timestamp.parse("2019-07-01T00:00:00.000Z"))
        try await BreachCatalogue(system: database.system).add(CatalogueEntry(name: name, addedAt: added), source: .hibp)
        let id = try await database.owner.first("SELECT id FROM breaches WHERE name = \(name)", as: BreachID.self)
        #expect(id?.rawValue.prefix(10) == BreachID(at: added).rawValue.prefix(10))
    }

    // MARK: Dates

    @Test(
        arguments: [("2016-05-05", .passwordChanged), ("2026-03-01", .passwordUnclear), (nil, .passwordUnclear)] as [(String?, LivenessReason)])
    func `a file of another day than the breach it bears the name of says nothing of when its secrets are from`(
        date: String?, reason: LivenessReason
    ) async throws {
        let (company, ada) = try await makeCompany(changed: "2020-01-01")
        let name = name()
        _ = try await database.makeBreach(name: name, date: BreachDate.day("2016-05-05"))
        try await record(finding(name, date: date), of: ada, in: company)
        #expect(try await records(of: ada, in: company).map(\.liveness.reason) == [reason])
    }

    @Test func `an older file of one name does not make the secrets of a younger one older`() async throws {
        let (company, ada) = try await makeCompany(changed: "2020-01-01")
        let name = name()
        try await record(finding(name, date: "2026-03-01"), of: ada, in: company)
        #expect(try await records(of: ada, in: company).map(\.liveness.reason) == [.passwordStands])
        try await record(finding(name, date: "2012-01-01", secret: 2), of: ada, in: company)
        // When the first one was out nobody knows any more: it may still be live.
        #expect(try await records(of: ada, in: company).map(\.liveness.reason) == [.passwordUnclear])
    }
}
