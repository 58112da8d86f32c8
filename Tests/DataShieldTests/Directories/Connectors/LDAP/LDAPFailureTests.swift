import DataShieldTestSupport
import Foundation
import LDAP
import Synchronization
import Testing

@testable import DataShield

@Suite(.enabled(if: SlapdServer.isInstalled, "slapd is not installed: run scripts/prepare directory"))
struct LDAPFailureTests {
    @Test func `a certificate that is not trusted or names another host is refused with the reason`() async throws {
        try await SlapdServer.with(people: 1) { slapd in
            try await SlapdServer.with { other in
                for security in ["ldaps", "starttls"] {
                    let port = String(security == "ldaps" ? slapd.tlsPort : slapd.port)
                    let untrusted = try await LDAPWorld.connector(to: slapd, ["ssl": security, "port": port, "caCertificate": try other.authority])
                    guard case .tls(let words) = await LDAPWorld.failure({ try await untrusted.test() }) else {
                        Issue.record("\(security)")
                        return
                    }
                    #expect(words.contains("The server's certificate is not trusted or does not name 127.0.0.1") && words.contains("CA"))
                    // It resolves to 127.0.0.1, which the certificate names; itself it is not named.
                    let misnamed = try await LDAPWorld.connector(
                        to: slapd, ["ssl": security, "port": port, "host": "localhost"], allowed: ["localhost"])
                    guard case .tls(let reason) = await LDAPWorld.failure({ try await misnamed.listed() }) else {
                        Issue.record("\(security)")
                        return
                    }
                    #expect(reason.contains("does not name localhost") && reason.contains("give 127.0.0.1"))
                }
                let plain = try await LDAPWorld.connector(to: slapd, ["port": String(slapd.port)])
                let failure = await LDAPWorld.failure { try await plain.test() }
                guard case .tls(let words) = failure else {
                    Issue.record("\(String(describing: failure))")
                    return
                }
                #expect(words.contains("starttls at 389"))
            }
        }
    }

    @Test func `a wrong password, a wrong base and a lack of encryption are told apart`() async throws {
        try await SlapdServer.with(people: 1) {
            $0.isConfidential = true
        } _: { slapd in
            func failure(_ values: [String: String]) async throws -> DirectoryFailure? {
                let connector = try await LDAPWorld.connector(to: slapd, values)
                return await LDAPWorld.failure { try await connector.listed() }
            }
            guard case .refusedCredentials(let words) = try await failure(["bindPassword": "wrong"]) else {
                Issue.record("wrong password")
                return
            }
            #expect(words.contains("bind password is wrong") && !words.contains(slapd.readerName))
            guard case .refusedCredentials = try await failure(["bindDN": "cn=nobody,dc=acme,dc=example"]) else {
                Issue.record("unknown account")
                return
            }
            guard case .misconfigured("bindDN", _) = try await failure(["bindDN": "nobody@corp.example"]) else {
                Issue.record("no name")
                return
            }
            guard case .misconfigured("baseDN", let base) = try await failure(["baseDN": "ou=nowhere,dc=acme,dc=example"]) else {
                Issue.record("wrong base")
                return
            }
            #expect(base.contains("no entry with this base DN"))
            guard case .misconfigured("ssl", let ssl) = try await failure(["ssl": "none", "port": String(slapd.port)]) else {
                Issue.record("clear text")
                return
            }
            #expect(ssl.contains("choose ldaps or starttls"))
            guard case .misconfigured("baseDN", _) = try await failure(["baseDN": "dc=other,dc=example"]) else {
                Issue.record("another tree")
                return
            }
            #expect(try await failure([:]) == nil)
        }
    }

    @Test func `a listing that is cut short does not count`() async throws {
        try await SlapdServer.with(people: 3000) { slapd in
            let proxy = try TCPProxy(.cutting(port: slapd.tlsPort, after: 1_000_000))
            defer { proxy.stop() }
            let connector = try await LDAPWorld.connector(to: slapd, ["port": String(proxy.port)])
            let delivered = Mutex(0)
            let failure = await LDAPWorld.failure {
                try await connector.list(.everybody) { page in delivered.withLock { $0 += page.people.count } }
            }
            guard case .unavailable = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(failure?.isTransient == true)
            #expect(delivered.withLock { (1..<3000).contains($0) })
        }
        let words = LDAPWords(host: "dc1").ofConnecting(.incomplete(LDAPResult(.sizeLimitExceeded)))
        guard case .incomplete(let text) = words else {
            Issue.record("\(words)")
            return
        }
        #expect(text.contains("size.prtotal=unlimited") && text.contains("(4)"))
    }

    @Test func `an error of whoever takes the pages comes out as it is`() async throws {
        struct Full: Error {}
        try await SlapdServer.with(people: 10) { slapd in
            let connector = try await LDAPWorld.connector(to: slapd)
            await #expect(throws: Full.self) { try await connector.list(.everybody) { _ in throw Full() } }
        }
    }

    @Test func `a server that never answers is given up, and one that is not there is named`() async throws {
        let proxy = try TCPProxy(.silent)
        let values = ["host": "127.0.0.1", "port": String(proxy.port), "ssl": "none", "bindDN": "cn=x", "bindPassword": "y", "baseDN": "dc=x"]
        var connector = try await LDAPWorld.connector(values)
        connector.operationTimeout = .milliseconds(300)
        await LDAPWorld.expect(.timeout) { [connector] in try await connector.test() }
        proxy.stop()
        let nobody = try await LDAPWorld.connector(values.merging(["host": "no-such-host.invalid"]) { $1 })
        guard case .unavailable(let words) = await LDAPWorld.failure({ try await nobody.test() }) else {
            Issue.record("found")
            return
        }
        #expect(words.contains("no-such-host.invalid cannot be found"))
    }

    @Test func `a private address is refused until the operator allows it`() async throws {
        // Other tests look for free ports and may knock at this one: a refusal that connects would show every time.
        var connections: [Int] = []
        while connections.last != 0, connections.count < 3 { connections.append(try await connectionsWhileRefused()) }
        #expect(connections.last == 0)
    }

    private func connectionsWhileRefused() async throws -> Int {
        let proxy = try TCPProxy(.silent)
        defer { proxy.stop() }
        for host in ["127.0.0.1", "localhost", "::1", "10.1.2.3", "169.254.169.254"] {
            let connector = try await LDAPWorld.connector(
                ["host": host, "port": String(proxy.port), "ssl": "none", "bindDN": "cn=x", "bindPassword": "y", "baseDN": "dc=x"], allowed: [])
            guard case .misconfigured("host", let words) = await LDAPWorld.failure({ try await connector.test() }) else {
                Issue.record("\(host)")
                continue
            }
            #expect(words.contains("DATASHIELD_ALLOWED_HOSTS=\(host)"))
        }
        return proxy.connections
    }
}

@Suite struct LDAPConfigurationTests {
    private static let right = [
        "host": "dc1.corp.example", "bindDN": "datashield@corp.example", "bindPassword": "secret", "baseDN": "DC=corp,DC=example",
    ]
    private static let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"

    @Test func `what is left out has its standard`() async throws {
        let connector = try await LDAPWorld.connector(Self.right)
        #expect((connector.port, connector.security, connector.filter.text) == (636, .tls, "(objectClass=person)"))
        let startTLS = try await LDAPWorld.connector(Self.right.merging(["ssl": "starttls"]) { $1 })
        #expect((startTLS.port, startTLS.security) == (389, .startTLS))
        let given = try await LDAPWorld.connector(
            Self.right.merging(["port": "3269", "userFilter": "(mail=*)", "caCertificate": Self.certificate]) { $1 })
        #expect((given.port, given.filter.text) == (3269, "(mail=*)"))
    }

    @Test(arguments: [
        ("host", "ldap://dc1.corp.example"), ("host", "dc1:389"), ("host", "dc1/x"), ("host", ""), ("port", "0"), ("port", "65536"), ("port", "ldap"),
        ("ssl", "tls"), ("bindDN", ""), ("bindPassword", ""), ("baseDN", ""), ("baseDN", "corp.example"), ("userFilter", "objectClass=person"),
        ("userFilter", "(objectClass=person"), ("userFilter", "(&(a=b)(c=d)))"), ("caCertificate", "my certificate"),
        ("caCertificate", "-----BEGIN CERTIFICATE-----\nMIIB"), ("caCertificate", "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----"),
        ("caCertificate", certificate + "\n-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"),
    ])
    func `what cannot be right is refused, with the field and what would be right`(_ field: String, _ value: String) throws {
        let failure = #expect(throws: InvalidInput.self) {
            try DirectoryConfiguration(Self.right.merging([field: value]) { $1 }, of: LDAPConnector.kind)
        }
        #expect(failure?.fields.map(\.field) == [field])
        #expect(failure?.fields.first?.message.contains("secret") == false)
    }

    @Test(arguments: [
        ("none", "10.1.2.3", true), ("none", "dc1.corp.example", true), ("none", "127.0.0.1", false), ("none", "::1", false),
        ("ldaps", "10.1.2.3", false), ("starttls", "dc1.corp.example", false),
    ])
    func `a password over the network in clear text is warned of`(_ security: String, _ host: String, _ isWarned: Bool) async throws {
        let connector = try await LDAPWorld.connector(Self.right.merging(["ssl": security, "host": host]) { $1 })
        #expect((connector.clearTextWarning?.contains("clear text") == true) == isWarned)
    }

    @Test func `it says what it takes and can do, and shows no password`() async throws {
        let kind = LDAPConnector.kind
        #expect(kind.actions == [.forcePasswordReset] && kind.hasWeakReset)
        #expect(kind.fields.filter(\.isSecret).map(\.name) == ["bindPassword"])
        #expect(
            kind.fields.map(\.name) == [
                "host", "port", "ssl", "bindDN", "bindPassword", "baseDN", "userFilter", "idAttribute", "addressAttributes", "departmentAttribute",
                "caCertificate",
            ])
        let connector = try await LDAPWorld.connector(Self.right)
        #expect(!String(reflecting: connector).contains("secret") && !"\(connector)".contains("secret"))
    }

    @Test func `a generated password has all four classes and never comes twice`() {
        var seen: Set<String> = []
        for _ in 0..<500 {
            let password = GeneratedPassword.make()
            #expect(password.utf8.count >= 24)
            #expect(password.contains(where: \.isUppercase) && password.contains(where: \.isLowercase) && password.contains(where: \.isNumber))
            #expect(password.contains { !$0.isLetter && !$0.isNumber } && password.allSatisfy(\.isASCII))
            #expect(!password.contains("\"") && !password.contains(" "))
            seen.insert(password)
        }
        #expect(seen.count == 500)
    }
}
