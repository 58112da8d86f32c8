import Foundation
import LDAP
import Scalars
import Synchronization

/// OpenLDAP, Active Directory, and other directories that speak LDAP version 3.
///
/// What differs between them is found out from the server's root DSE. Sources: RFC 4511 to 4517, RFC 2696 (pages), RFC 3062 (passwords),
/// slapo-ppolicy(5); for Active Directory MS-ADTS and "Polling for Changes Using USNChanged".
package struct LDAPConnector: DirectoryConnector {
    package static let kind = DirectoryKind(
        type: .ldap,
        about: "Reads people from an LDAP server: Active Directory, OpenLDAP or another one. It needs an account that may read them.",
        fields: [
            .init(
                "host", "Host", hint: "The server's name as in its certificate, without ldap:// and without a port: dc1.corp.example.",
                isDestination: true,
                problem: { LDAPServer.isHost($0) ? nil : "is a host name or an IP address, without ldap:// and without a port: dc1.corp.example." }),
            .init(
                "port", "Port", hint: "Left empty: 636 with ldaps, else 389.", isOptional: true, isDestination: true,
                problem: { Int($0).map { (1...65_535).contains($0) } == true ? nil : "is a number from 1 to 65535." }),
            .init(
                "ssl", "Encryption", hint: "ldaps encrypts from the start, starttls after connecting. none sends the password in clear text.",
                isDestination: true, choices: ["ldaps", "starttls", "none"], standard: "ldaps"),
            .init(
                "bindDN", "Bind DN",
                hint: "The account to read with: cn=datashield,ou=services,dc=corp,dc=example, or datashield@corp.example at Active Directory."),
            .init("bindPassword", "Bind password", hint: "The password of that account.", isSecret: true),
            .init(
                "baseDN", "Base DN", hint: "Below which entry people are: ou=people,dc=corp,dc=example.",
                problem: { LDAPName.isValid($0) ? nil : "is a distinguished name: ou=people,dc=corp,dc=example." }),
            .init(
                "userFilter", "User filter", hint: "Which entries are people, as an LDAP filter.", isOptional: true,
                standard: "(objectClass=person)", problem: { Self.problem(ofFilter: $0) }),
            .init(
                "caCertificate", "CA certificate",
                hint: "The certificate of the authority that issued the server's, in PEM. Left empty: the authorities that this system trusts.",
                isOptional: true, isDestination: true, isLong: true, problem: { Self.problem(ofCertificates: $0) }),
        ],
        steps: [
            "Make an account for DataShield that may read people below the base DN, with their mail, department, title and state.",
            "Allow it to list everybody: at OpenLDAP with size.prtotal=unlimited in its limits.",
            "For resetting passwords grant it at Active Directory \"Reset password\" and write on pwdLastSet, at OpenLDAP write on userPassword and pwdReset.",
            "Where the server is in a private network, whoever runs DataShield allows its host in DATASHIELD_ALLOWED_HOSTS.",
        ],
        actions: [.forcePasswordReset], hasWeakReset: true)

    let host: String
    let port: Int
    let security: LDAPServer.Security
    let bindName: String
    let base: String
    let filter: LDAPFilter
    /// The password stays in it, because it does not show when it is printed.
    private let configuration: DirectoryConfiguration
    let access: DirectoryAccess

    /// For connecting, and for one operation or page.
    static let connectTimeout: Duration = .seconds(10)
    var operationTimeout: Duration = .seconds(60)

    package init(_ configuration: DirectoryConfiguration, _ access: DirectoryAccess) throws {
        host = configuration["host"]
        security =
            switch configuration["ssl"] {
            case "starttls": .startTLS
            case "none": .none
            default: .tls
            }
        port = Int(configuration["port"]) ?? (security == .tls ? 636 : 389)
        bindName = configuration["bindDN"]
        self.configuration = configuration
        base = configuration["baseDN"]
        let text = configuration["userFilter"]
        do throws(LDAPFilter.Fault) {
            filter = try LDAPFilter(text.isEmpty ? "(objectClass=person)" : text)
        } catch {
            throw InvalidInput("userFilter", "is no LDAP filter: \(error).")
        }
        self.access = access
    }

    private static func problem(ofFilter text: String) -> String? {
        do throws(LDAPFilter.Fault) {
            _ = try LDAPFilter(text)
            return nil
        } catch {
            return "is a filter such as (objectClass=person): \(error)."
        }
    }

    private static func problem(ofCertificates text: String) -> String? {
        if text.has(text: "PRIVATE KEY-----") { return "holds a private key. Only the certificate of the authority belongs here." }
        var rest = text[...]
        var (found, areCertificates) = (0, true)
        while let begin = rest.place(of: "-----BEGIN CERTIFICATE-----") {
            rest = rest[begin.upperBound...]
            found += 1
            let end = (rest.place(of: "-----BEGIN CERTIFICATE-----") ?? rest.endIndex..<rest.endIndex).lowerBound
            let part = rest[..<end]
            // A DER sequence.
            let content = part.place(of: "-----END CERTIFICATE-----").map { part[..<$0.lowerBound].words.joined() }
            if content.flatMap({ Data(base64Encoded: $0) })?.first != 0x30 { areCertificates = false }
        }
        return found > 0 && areCertificates
            ? nil : "is one or more certificates in PEM, each from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----."
    }

    // MARK: Trying

    package func test() async throws -> DirectoryTrial {
        try await session { session in
            var search = session.search(filters: [], pageSize: 10)
            let first = try await session.connection.firstPage(of: search)
            let people = first.compactMap { session.people.person($0).person }
            var warnings = trialWarnings(session, first, people)
            search.attributes = ["1.1"]
            search.pageSize = session.pageSize
            let counted = Mutex(0)
            do {
                let end = try await session.connection.search(search) { entries in
                    let count = counted.withLock { count in
                        count += entries.count
                        return count
                    }
                    if count > Self.countedAtMost { throw TooManyToCount() }
                }
                if end.references > 0 { warnings.append(Self.warning(references: end.references)) }
                return DirectoryTrial(userCount: end.entries, sample: people, warnings: warnings)
            } catch is TooManyToCount {
                return DirectoryTrial(sample: people, warnings: warnings)
            }
        }
    }

    /// Counting takes a listing, which a trial does not do of a large directory.
    private static let countedAtMost = 20_000
    private struct TooManyToCount: Error {}

    private func trialWarnings(_ session: LDAPSession, _ entries: [LDAPEntry], _ people: [DirectoryPerson]) -> [String] {
        var warnings: [String] = []
        if let warning = clearTextWarning { warnings.append(warning) }
        if entries.isEmpty {
            warnings.append("No entry below the base DN matches the user filter, or the bind account may not read them.")
        } else if people.isEmpty {
            warnings.append(Self.warning(withoutId: entries.count, isActiveDirectory: session.root.isActiveDirectory))
        } else if people.allSatisfy({ $0.email == nil }) {
            warnings.append("None of the first people has an e-mail address. Check that the bind account may read mail.")
        }
        return warnings
    }

    /// nil when nothing goes over the network in clear text.
    var clearTextWarning: String? {
        guard security == .none, IPAddress(host)?.isLoopback != true, host.lowercased() != "localhost" else { return nil }
        return
            "The connection is not encrypted: the bind password and everybody's data go over the network in clear text. Choose ldaps or starttls."
    }

    static func warning(references: Int) -> String {
        "The server refers to other servers for a part of the tree (\(references) references). They are not followed."
    }

    static func warning(withoutId count: Int, isActiveDirectory: Bool) -> String {
        "\(count) entries have no \(isActiveDirectory ? "objectGUID" : "entryUUID") that the bind account may read, and were left out."
    }

    // MARK: Connecting

    /// Connects and binds, lends the connection, and closes it. What goes wrong is said in words for administrators.
    func session<R: Sendable>(_ body: @Sendable (LDAPSession) async throws -> R) async throws -> R {
        let address = try await address()
        let server = LDAPServer(
            host: host, address: address.description, port: port, security: security,
            trust: configuration.values["caCertificate"].map { .certificates($0) } ?? .system, connectTimeout: Self.connectTimeout,
            operationTimeout: operationTimeout)
        do {
            return try await LDAPConnection.with(server) { connection in
                do {
                    try await connection.bind(bindName, password: configuration["bindPassword"])
                } catch let failure as LDAPFailure {
                    throw words.ofBind(failure)
                }
                let root = LDAPRoot(try await connection.entry("", attributes: LDAPRoot.attributes))
                do {
                    return try await body(LDAPSession(connector: self, connection: connection, root: root))
                } catch let failure as LDAPFailure {
                    throw words.ofSearch(failure, root)
                }
            }
        } catch let failure as LDAPFailure {
            throw words.ofConnecting(failure)
        }
    }

    var words: LDAPWords { LDAPWords(host: host) }

    private func address() async throws -> IPAddress {
        do {
            return try await access.guardian.check(host: host)
        } catch OutboundFailure.forbiddenAddress {
            throw DirectoryFailure.misconfigured(
                field: "host",
                "\(host) is in a private network, which is closed to typed addresses. Whoever runs DataShield can allow it: DATASHIELD_ALLOWED_HOSTS=\(host)."
            )
        } catch OutboundFailure.unknownHost {
            throw DirectoryFailure.unavailable("The name \(host) cannot be found. Check it, and the name service of this system.")
        }
    }
}

/// A connection that is bound, and what kind of server it leads to.
struct LDAPSession: Sendable {
    let connector: LDAPConnector
    let connection: LDAPConnection
    let root: LDAPRoot
    let people: LDAPPeople

    init(connector: LDAPConnector, connection: LDAPConnection, root: LDAPRoot) {
        self.connector = connector
        self.connection = connection
        self.root = root
        people = LDAPPeople(isActiveDirectory: root.isActiveDirectory, now: connector.access.now())
    }

    /// Active Directory gives 1000 at most by its standard policy, and says nothing when it gives fewer.
    var pageSize: Int { root.isActiveDirectory ? 500 : 1000 }

    /// A search for people.
    /// - Parameter filters: what else holds for them.
    func search(filters: [LDAPFilter], pageSize: Int) -> LDAPSearch {
        LDAPSearch(
            base: connector.base, filter: .all([connector.filter] + people.filters + filters), attributes: people.attributes,
            pageSize: pageSize, isPagingRequired: root.hasPages, limit: Self.peopleAtMost)
    }

    /// A server that lists without end is none that people are in.
    private static let peopleAtMost = 2_000_000
}

/// What a server says of itself (its root DSE, RFC 4512, section 5.1).
struct LDAPRoot: Sendable {
    static let attributes = [
        "supportedCapabilities", "supportedControl", "supportedExtension", "namingContexts", "dnsHostName", "dsServiceName", "highestCommittedUSN",
        "tokenGroups",
    ]

    /// LDAP_CAP_ACTIVE_DIRECTORY_OID is among its capabilities.
    let isActiveDirectory: Bool
    let hasPages: Bool
    /// Whether a password is set by the extended operation for that.
    let hasPasswordOperation: Bool
    /// Whether it says whom it takes us for (RFC 4532).
    let hasWhoAmI: Bool
    /// Active Directory: the security identifiers of whoever has bound, their own among them.
    let ownIdentifiers: [[UInt8]]
    /// The trees that it holds.
    let trees: [String]
    /// Active Directory: the domain controller's name, the entry of its service, and the number of its last change.
    let hostName: String?
    let serviceName: String?
    let lastChange: Int64?

    init(_ entry: LDAPEntry?) {
        isActiveDirectory = entry?.texts("supportedCapabilities").contains("1.2.840.113556.1.4.800") == true
        hasPages = entry?.texts("supportedControl").contains("1.2.840.113556.1.4.319") == true
        hasPasswordOperation = entry?.texts("supportedExtension").contains("1.3.6.1.4.1.4203.1.11.1") == true
        hasWhoAmI = entry?.texts("supportedExtension").contains("1.3.6.1.4.1.4203.1.11.3") == true
        ownIdentifiers = entry?.values("tokenGroups") ?? []
        trees = entry?.texts("namingContexts") ?? []
        hostName = entry?.text("dnsHostName")
        serviceName = entry?.text("dsServiceName")
        lastChange = entry?.number("highestCommittedUSN")
    }
}
