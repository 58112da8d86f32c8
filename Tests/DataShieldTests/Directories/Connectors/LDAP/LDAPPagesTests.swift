import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

/// What is typed into the form of an LDAP directory, down to the staff list: over the page, at a real OpenLDAP.
@Suite(.freshDatabase) struct LDAPPagesTests {
    private static let tree = """
        dn: ou=staff,dc=acme,dc=example
        objectClass: organizationalUnit
        ou: staff

        dn: uid=ada,ou=people,dc=acme,dc=example
        objectClass: inetOrgPerson
        uid: ada
        cn: Ada Berg
        sn: Berg
        mail: ada@acme.example
        employeeType: a.berg@acme.example
        employeeNumber: 17
        departmentNumber: Sales
        roomNumber: Stores

        dn: uid=sue,ou=staff,dc=acme,dc=example
        objectClass: inetOrgPerson
        uid: sue
        cn: Sue Moe
        sn: Moe
        mail: sue@acme.example
        employeeNumber: 18

        """

    private static func settings() throws -> Settings {
        var settings = Settings.testing
        settings.allowedHosts = [try #require(AllowedHost("127.0.0.0/8"))]
        return settings
    }

    /// Nothing listens at the first host.
    private static func form(_ slapd: SlapdServer) throws -> [(String, String)] {
        [
            ("name", "Headquarters"), ("host", "127.0.0.9, 127.0.0.1"), ("port", String(slapd.tlsPort)), ("ssl", "ldaps"),
            ("bindDN", slapd.readerName), ("bindPassword", slapd.password), ("baseDN", "\(slapd.base)\r\nou=staff,dc=acme,dc=example"),
            ("userFilter", ""), ("idAttribute", "employeeNumber"), ("addressAttributes", "employeeType, mail"),
            ("departmentAttribute", "roomNumber"), ("caCertificate", try slapd.authority), ("autoSyncIntervalMinutes", "0"),
        ]
    }

    private func finished(_ run: String, _ client: TestClient) async throws -> SyncRunResponse {
        try await client.application.withWorker { _ = try await client.get("/api/directory/jobs/\(run)/events") }
        return try await client.get("/api/directory/jobs/\(run)").decode(SyncRunDetail.self).run
    }

    private func people(_ client: TestClient) async throws -> [String: Employee] {
        let subject = Subject(actor: .program("test"), company: client.company, role: .admin)
        let all = try await Employees(database: TestDatabase.current.tenant).list(sort: .newest, limit: 200, for: subject).items
        return Dictionary(uniqueKeysWithValues: all.map { ($0.externalId ?? "", $0) })
    }

    @Test(.enabled(if: SlapdServer.isInstalled, "slapd is not installed: run scripts/prepare directory"))
    func `hosts, bases and attributes of the form are tried, stored, shown again, and what a sync goes by`() async throws {
        try await SlapdServer.with {
            $0.ldif = Self.tree
        } _: { slapd in
            try await withServer(as: .admin, settings: try Self.settings()) { (client) async throws in
                let form = try Self.form(slapd)
                let tested = try await client.submit("/directories/new/LDAP", form + [("action", "test")])
                #expect(tested.status == 200 && tested.text.contains("a.berg@acme.example") && tested.text.contains("sue@acme.example"))
                try await connect(form, client)
                try await change(form, client)
            }
        }
    }

    private func connect(_ form: [(String, String)], _ client: TestClient) async throws {
        let saved = try await client.submit("/directories/new/LDAP", form + [("action", "save")])
        let run = try #require(saved.header("Location")?.split(separator: "/").last)
        let synced = try await finished(String(run), client)
        #expect(synced.status == .succeeded && synced.added == 2)
        #expect(synced.warnings.contains { $0.hasPrefix("127.0.0.9 could not be asked: ") }, "\(synced.warnings)")
        let staff = try await people(client)
        let ada = try #require(staff["17"])
        #expect((ada.email.text, ada.aliases, ada.department) == ("a.berg@acme.example", ["ada@acme.example"], "Stores"))
        #expect(staff["18"]?.email.text == "sue@acme.example")
    }

    /// What is left empty is the usual one again, and the password stays.
    private func change(_ form: [(String, String)], _ client: TestClient) async throws {
        let id = try #require(try await client.get("/api/directory").decode(Page<DirectoryResponse>.self).items.first).id
        let edit = try await client.get("/directories/\(id)/edit").text
        for value in ["127.0.0.9, 127.0.0.1", "employeeNumber", "employeeType, mail", "roomNumber"] {
            #expect(edit.contains(#"value="\#(value)""#), "\(value)")
        }
        #expect(edit.contains("ou=staff,dc=acme,dc=example"))
        let emptied = form.map { ["departmentAttribute", "bindPassword"].contains($0.0) ? ($0.0, "") : $0 }
        #expect(try await client.submit("/directories/\(id)/edit", emptied + [("action", "save")]).status == 303)
        let run = try await client.post("/api/directory/\(id)/sync").decode(SyncRunResponse.self)
        let synced = try await finished(run.id.rawValue, client)
        #expect((synced.status, synced.changed, synced.unchanged) == (.succeeded, 1, 1))
        #expect(try await people(client)["17"]?.department == "Sales")
    }
}
