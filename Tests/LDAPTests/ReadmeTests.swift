import DataShieldTestSupport
import LDAP
import Testing

@Suite(.enabled(if: SlapdServer.isInstalled, "slapd is not installed: run scripts/prepare directory"))
struct ReadmeTests {
    @Test func `the example of the README lists everybody`() async throws {
        try await SlapdServer.with(people: 3) { slapd in
            let (host, address, port, authority) = ("127.0.0.1", "127.0.0.1", slapd.tlsPort, try slapd.authority)
            let (reader, password, base) = (slapd.readerName, slapd.password, slapd.base)
            // README
            let server = LDAPServer(host: host, address: address, port: port, security: .tls, trust: .certificates(authority))
            let everybody = LDAPSearch(
                base: base, filter: try LDAPFilter("(objectClass=inetOrgPerson)"), attributes: ["uid", "mail"], pageSize: 500)

            let end = try await LDAPConnection.with(server) { connection in
                try await connection.bind(reader, password: password)
                return try await connection.search(everybody) { page in
                    for person in page { print(person.name, person.text("mail") ?? "(no address)") }
                }
            }
            print("\(end.entries) people; \(end.references) references to other servers were not followed")
            // end of README
            #expect(end.entries == 3)
        }
    }
}
