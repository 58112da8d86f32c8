import Testing

@testable import DataShield

/// Which secrets of a connection stay when its settings are changed.
@Suite struct DirectoryConfigurationTests {
    private static let ldap = [
        "host": "dc1.corp.example", "bindDN": "cn=reader,dc=corp,dc=example", "bindPassword": "made-up-password", "baseDN": "dc=corp,dc=example",
    ]
    private static let okta = ["domain": "acme.okta.com", "apiToken": "00" + String(repeating: "a", count: 40)]

    private func kind(_ type: DirectoryType) throws -> DirectoryKind { try #require(DirectoryRegistry.connector(for: type)).kind }

    @Test(
        arguments: [
            // What is changed, and which secret has to be given again.
            (DirectoryType.ldap, ldap, ["host": "elsewhere.example"], "bindPassword"),
            (.ldap, ldap, ["port": "1389"], "bindPassword"),
            (.ldap, ldap, ["ssl": "none"], "bindPassword"),
            (.ldap, ldap, ["ssl": "ldaps"], nil),
            (.ldap, ldap, ["baseDN": "ou=people,dc=corp,dc=example"], nil),
            (.ldap, ldap, ["userFilter": "(mail=*)"], nil),
            (.okta, okta, ["domain": "elsewhere.okta.com"], "apiToken"),
            (.okta, okta, [:], nil),
        ] as [(DirectoryType, [String: String], [String: String], String?)])
    func `a stored secret goes only to where it was given for`(
        type: DirectoryType, stored: [String: String], change: [String: String], needed: String?
    ) throws {
        let kind = try kind(type)
        let former = try DirectoryConfiguration(stored, of: kind)
        let secrets = Set(kind.fields.filter(\.isSecret).map(\.name))
        let input = stored.merging(change) { $1 }.filter { !secrets.contains($0.key) }
        do {
            let after = try DirectoryConfiguration(input, of: kind, replacing: former)
            #expect(needed == nil)
            for secret in secrets { #expect(after.values[secret] == stored[secret]) }
        } catch let invalid as InvalidInput {
            #expect(invalid.fields.map(\.field) == [try #require(needed)])
            #expect(invalid.fields.allSatisfy { $0.message.contains("is needed again") })
        }
        // Given again, it is taken.
        _ = try DirectoryConfiguration(stored.merging(change) { $1 }, of: kind, replacing: former)
    }

    @Test func `keys that are replaced take no token of the former ones`() throws {
        let kind = try kind(.aws)
        let keys = [
            "accessKeyId": "ASIA2222222222222222", "secretAccessKey": String(repeating: "s", count: 40),
            "sessionToken": String(repeating: "t", count: 60), "region": "eu-central-1", "identityStoreId": "d-1234567890",
        ]
        let former = try DirectoryConfiguration(keys, of: kind)
        let kept = try DirectoryConfiguration(
            keys.filter { $0.key != "secretAccessKey" && $0.key != "sessionToken" }, of: kind, replacing: former)
        #expect(kept == former)
        let lasting = keys.merging(["accessKeyId": "AKIA2222222222222222", "sessionToken": ""]) { $1 }
        #expect(try DirectoryConfiguration(lasting, of: kind, replacing: former).values["sessionToken"] == nil)
    }
}
