import DataShieldTestSupport
import Foundation
import Synchronization
import Testing

@testable import LDAP

extension SlapdServer {
    func ldap(_ security: LDAPServer.Security = .tls, trust: LDAPServer.Trust? = nil, host: String = "127.0.0.1") throws -> LDAPServer {
        LDAPServer(
            host: host, address: "127.0.0.1", port: security == .tls ? tlsPort : port, security: security,
            trust: try trust ?? .certificates(authority), connectTimeout: .seconds(20), operationTimeout: .seconds(30))
    }
}

/// Entries that were delivered.
final class Delivered: Sendable {
    private let pages = Mutex<[[LDAPEntry]]>([])
    func take(_ page: [LDAPEntry]) { pages.withLock { $0.append(page) } }
    var all: [LDAPEntry] { pages.withLock { $0.flatMap { $0 } } }
    var sizes: [Int] { pages.withLock { $0.map(\.count) } }
}

@Suite(.enabled(if: SlapdServer.isInstalled, "slapd is not installed: run scripts/prepare directory"))
struct ConnectionTests {
    @Test(arguments: [LDAPServer.Security.tls, .startTLS])
    func `five thousand people come page by page over an encrypted connection, past the server's size limit`(
        _ security: LDAPServer.Security
    ) async throws {
        try await SlapdServer.with(people: 5000) { slapd in
            let delivered = Delivered()
            let end = try await LDAPConnection.with(slapd.ldap(security)) { connection in
                try await connection.bind(slapd.readerName, password: slapd.password)
                let search = LDAPSearch(
                    base: slapd.base, filter: try LDAPFilter("(objectClass=inetOrgPerson)"), attributes: ["uid", "mail", "entryUUID"], pageSize: 1000,
                    isPagingRequired: true)
                return try await connection.search(search) { delivered.take($0) }
            }
            #expect(end == LDAPSearchEnd(entries: 5000, references: 0))
            #expect(delivered.sizes == [1000, 1000, 1000, 1000, 1000])
            #expect(Set(delivered.all.compactMap { $0.text("entryUUID") }).count == 5000)
            #expect(delivered.all.allSatisfy { $0.text("MAIL")?.hasSuffix("@acme.example") == true && $0.values("cn").isEmpty })
        }
    }

    @Test func `a search that meets the size limit is incomplete`() async throws {
        try await SlapdServer.with(people: 30) {
            $0.sizeLimit = 20
        } _: { slapd in
            let delivered = Delivered()
            await #expect(throws: LDAPFailure.incomplete(LDAPResult(.sizeLimitExceeded))) {
                try await LDAPConnection.with(slapd.ldap()) { connection in
                    try await connection.bind(slapd.readerName, password: slapd.password)
                    _ = try await connection.search(LDAPSearch(base: slapd.base, attributes: ["uid"])) { delivered.take($0) }
                }
            }
            #expect(delivered.all.isEmpty)
            await #expect(throws: LDAPFailure.tooManyEntries(limit: 25)) {
                try await LDAPConnection.with(slapd.ldap()) { connection in
                    try await connection.bind(slapd.readerName, password: slapd.password)
                    _ = try await connection.search(LDAPSearch(base: slapd.base, attributes: ["uid"], pageSize: 10, limit: 25)) { _ in }
                }
            }
        }
    }

    @Test func `references to other servers are counted and not followed`() async throws {
        try await SlapdServer.with(people: 3) {
            $0.ldif = """
                dn: ou=elsewhere,ou=people,dc=acme,dc=example
                objectClass: referral
                objectClass: extensibleObject
                ou: elsewhere
                ref: ldap://127.0.0.1:1/ou=people,dc=other,dc=example

                """
        } _: { slapd in
            let delivered = Delivered()
            let end = try await LDAPConnection.with(slapd.ldap()) { connection in
                try await connection.bind(slapd.readerName, password: slapd.password)
                return try await connection.search(LDAPSearch(base: slapd.base, attributes: ["uid"], pageSize: 2)) { delivered.take($0) }
            }
            #expect(end == LDAPSearchEnd(entries: 4, references: 1))
            #expect(delivered.all.count == 4)
            await #expect(throws: LDAPFailure.refused(LDAPResult(.referral))) {
                try await LDAPConnection.with(slapd.ldap()) { connection in
                    try await connection.bind(slapd.readerName, password: slapd.password)
                    _ = try await connection.firstPage(of: LDAPSearch(base: "ou=elsewhere,\(slapd.base)", attributes: ["uid"]))
                }
            }
        }
    }

    @Test func `values are bytes, and modifications keep them`() async throws {
        try await SlapdServer.with(people: 1) { slapd in
            let name = slapd.name(of: "amara.abara")
            let picture: [UInt8] = [0xFF, 0xD8, 0, 1, 2, 0, 0xFE]
            try await LDAPConnection.with(slapd.ldap(.startTLS)) { connection in
                try await connection.bind(slapd.adminName, password: slapd.password)
                try await connection.modify(name, replacing: ["jpegPhoto": [picture], "displayName": [Array("Jürgen 山田".utf8)], "title": []])
                let entry = try #require(try await connection.entry(name, attributes: ["jpegPhoto", "displayName", "title"]))
                #expect(entry.values("jpegPhoto") == [picture])
                #expect(entry.text("jpegPhoto") == nil)
                #expect(entry.text("displayName") == "Jürgen 山田")
                #expect(entry.values("title").isEmpty)
                #expect(try await connection.entry("uid=nobody,\(slapd.base)", attributes: ["uid"]) == nil)
                await #expect(throws: LDAPFailure.self) { try await connection.modify(name, replacing: ["noSuchAttribute": [[65]]]) }
                // The connection is still good.
                let root = try #require(try await connection.entry("", attributes: ["supportedControl", "namingContexts"]))
                #expect(root.texts("supportedControl").contains("1.2.840.113556.1.4.319"))
                #expect(root.texts("namingContexts") == ["dc=acme,dc=example"])
            }
        }
    }

    @Test(arguments: ["*", "*)(uid=*", "amara.abara)(|(uid=*", "\\2a", "a\0b", "amara.abara\0"])
    func `what is injected into a filter finds nobody`(_ value: String) async throws {
        try await SlapdServer.with(people: 5) { slapd in
            let found = try await LDAPConnection.with(slapd.ldap()) { connection in
                try await connection.bind(slapd.readerName, password: slapd.password)
                return try await connection.firstPage(of: LDAPSearch(base: slapd.base, filter: .equal("uid", value), attributes: ["uid"]))
            }
            #expect(found.isEmpty)
        }
    }

    @Test func `a password is set by the operation for it, and stored hashed`() async throws {
        try await SlapdServer.with(people: 1) { slapd in
            let name = slapd.name(of: "amara.abara")
            #expect(try await slapd.accepts(name, password: "password-0"))
            try await LDAPConnection.with(slapd.ldap()) { connection in
                try await connection.bind(slapd.readerName, password: slapd.password)
                try await connection.setPassword(of: name, to: "another, with ümlaut")
            }
            #expect(try await !slapd.accepts(name, password: "password-0"))
            #expect(try await slapd.accepts(name, password: "another, with ümlaut"))
            #expect(try await slapd.value(of: "userPassword", in: name)?.hasPrefix("{SSHA}") == true)
        }
    }

    @Test func `who may not sign in is told so, and an empty password is not even tried`() async throws {
        try await SlapdServer.with(people: 1) { slapd in
            try await LDAPConnection.with(slapd.ldap()) { connection in
                for password in ["wrong", "password-0 ", "\0"] {
                    let failure = await #expect(throws: LDAPFailure.self) { try await connection.bind(slapd.readerName, password: password) }
                    guard case .refused(let result) = failure else {
                        Issue.record("\(String(describing: failure))")
                        continue
                    }
                    #expect(result.code == .invalidCredentials)
                }
                await #expect(throws: LDAPFailure.emptyPassword) { try await connection.bind(slapd.readerName, password: "") }
                await #expect(throws: LDAPFailure.invalidInput("name")) { try await connection.bind("", password: "x") }
                await #expect(throws: LDAPFailure.invalidInput("name")) { try await connection.bind("\(slapd.readerName)\0,dc=x", password: "x") }
                await #expect(throws: LDAPFailure.refused(LDAPResult(.invalidDNSyntax, diagnostic: "invalid DN"))) {
                    try await connection.bind("no name", password: "x")
                }
            }
        }
    }

    @Test(arguments: [LDAPServer.Security.tls, .startTLS])
    func `a certificate that is not trusted, or names another host, is refused`(_ security: LDAPServer.Security) async throws {
        try await SlapdServer.with { slapd in
            try await SlapdServer.with { other in
                let open: @Sendable (LDAPServer) async throws -> Void = { try await LDAPConnection.with($0) { _ in } }
                try await open(slapd.ldap(security))
                try await open(slapd.ldap(security, host: "ldap.acme.example"))
                await #expect(throws: LDAPFailure.certificateRefused) { try await open(slapd.ldap(security, trust: .certificates(other.authority))) }
                await #expect(throws: LDAPFailure.certificateRefused) { try await open(slapd.ldap(security, trust: .system)) }
                await #expect(throws: LDAPFailure.certificateRefused) { try await open(slapd.ldap(security, host: "dc1.acme.example")) }
                await #expect(throws: LDAPFailure.unreadableCertificates) {
                    try await open(slapd.ldap(security, trust: .certificates("-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n")))
                }
                await #expect(throws: LDAPFailure.invalidInput("host")) { try await open(slapd.ldap(security, host: "127.0.0.1/x")) }
            }
        }
    }

    @Test func `a server without a certificate is not talked to in clear text when encryption was asked for`() async throws {
        try await SlapdServer.with {
            $0.isPlainOnly = true
        } _: { slapd in
            let startTLS = LDAPServer(host: "127.0.0.1", address: "127.0.0.1", port: slapd.port, security: .startTLS)
            let failure = await #expect(throws: LDAPFailure.self) { try await LDAPConnection.with(startTLS) { _ in } }
            guard case .startTLSRefused = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            var tls = startTLS
            tls.security = .tls
            await #expect(throws: LDAPFailure.encryptionFailed) { try await LDAPConnection.with(tls) { _ in } }
            var plain = startTLS
            plain.security = .none
            try await LDAPConnection.with(plain) { try await $0.bind(slapd.readerName, password: slapd.password) }
        }
    }

    @Test func `a server that takes no passwords in clear text says so`() async throws {
        try await SlapdServer.with {
            $0.isConfidential = true
        } _: { slapd in
            let failure = await #expect(throws: LDAPFailure.self) {
                try await LDAPConnection.with(slapd.ldap(.none)) { try await $0.bind(slapd.readerName, password: slapd.password) }
            }
            guard case .refused(let result) = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(result.code == .confidentialityRequired)
        }
    }

    @Test func `an error of whoever takes the pages ends the search, and is theirs`() async throws {
        struct Enough: Error {}
        try await SlapdServer.with(people: 300) { slapd in
            await #expect(throws: Enough.self) {
                try await LDAPConnection.with(slapd.ldap()) { connection in
                    try await connection.bind(slapd.readerName, password: slapd.password)
                    _ = try await connection.search(LDAPSearch(base: slapd.base, attributes: ["uid"], pageSize: 10)) { _ in throw Enough() }
                }
            }
        }
    }
}
