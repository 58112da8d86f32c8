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
                "host", "Host",
                hint: "The server's name as in its certificate, without ldap:// and without a port: dc1.corp.example. Of several, with commas "
                    + "between them, the first that can be reached is asked.",
                isDestination: true, problem: { Self.problem(ofHosts: $0) }),
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
                "baseDN", "Base DN", hint: "Below which entry people are: ou=people,dc=corp,dc=example. Several stand on a line each.",
                isLong: true, problem: { Self.problem(ofBases: $0) }),
            .init(
                "userFilter", "User filter", hint: "Which entries are people, as an LDAP filter.", isOptional: true,
                standard: "(objectClass=person)", problem: { Self.problem(ofFilter: $0) }),
            .init(
                "idAttribute", "Attribute of the id",
                hint: "What tells people apart and never changes. Left empty: what this kind of server has, such as entryUUID, objectGUID, "
                    + "nsUniqueId, ipaUniqueID or GUID.",
                isOptional: true, problem: { LDAPAttributeMap.problem($0) }),
            .init(
                "addressAttributes", "Attributes of addresses",
                hint:
                    "Where e-mail addresses are, the first one first: mail, mailAlternateAddress. Left empty: mail, and the usual ones for aliases.",
                isOptional: true, problem: { LDAPAttributeMap.problem(ofList: $0) }),
            .init(
                "departmentAttribute", "Attribute of the department",
                hint: "Left empty: department at Active Directory, else departmentNumber, ou or department.", isOptional: true,
                problem: { LDAPAttributeMap.problem($0) }),
            .init(
                "caCertificate", "CA certificate",
                hint: "The certificate of the authority that issued the server's, in PEM. Left empty: the authorities that this system trusts.",
                isOptional: true, isDestination: true, isLong: true, problem: { Self.problem(ofCertificates: $0) }),
        ],
        steps: [
            "Make an account for DataShield that may read people below the base DN, with their id, mail, aliases, department, title and state.",
            "Let it read the id of everybody, such as entryUUID: who cannot be told apart is left out, and then nobody is taken for gone.",
            "Allow it to list everybody: at OpenLDAP with size.prtotal=unlimited in its limits.",
            "For resetting passwords grant it at Active Directory \"Reset password\" and write on pwdLastSet, at OpenLDAP write on userPassword and pwdReset.",
            "Where the server is in a private network, whoever runs DataShield allows its host in DATASHIELD_ALLOWED_HOSTS.",
        ],
        actions: [.forcePasswordReset], hasWeakReset: true)

    /// The first that can be reached is asked.
    let hosts: [String]
    let port: Int
    let security: LDAPServer.Security
    let bindName: String
    /// Below which entries people are.
    let bases: [String]
    let filter: LDAPFilter
    let map: LDAPAttributeMap
    /// The password stays in it, because it does not show when it is printed.
    private let configuration: DirectoryConfiguration
    let access: DirectoryAccess

    /// For connecting, and for one operation or page.
    static let connectTimeout: Duration = .seconds(10)
    var operationTimeout: Duration = .seconds(60)

    package init(_ configuration: DirectoryConfiguration, _ access: DirectoryAccess) throws {
        hosts = Self.hosts(configuration["host"])
        map = LDAPAttributeMap(configuration)
        security =
            switch configuration["ssl"] {
            case "starttls": .startTLS
            case "none": .none
            default: .tls
            }
        port = Int(configuration["port"]) ?? (security == .tls ? 636 : 389)
        bindName = configuration["bindDN"]
        self.configuration = configuration
        bases = Self.bases(configuration["baseDN"])
        let text = configuration["userFilter"]
        do throws(LDAPFilter.Fault) {
            filter = try LDAPFilter(text.isEmpty ? "(objectClass=person)" : text)
        } catch {
            throw InvalidInput("userFilter", "is no LDAP filter: \(error).")
        }
        self.access = access
    }

    /// What is asked in turn, and how many are at most: names with commas, blanks or lines between them.
    private static func hosts(_ text: String) -> [String] {
        text.unicodeScalars.split { ",; \t\r\n".unicodeScalars.contains($0) }.map { String(String.UnicodeScalarView($0)) }
    }

    private static func problem(ofHosts text: String) -> String? {
        let hosts = hosts(text)
        if hosts.count > 10 { return "has at most ten hosts." }
        guard let wrong = hosts.first(where: { !LDAPServer.isHost($0) }) else {
            return hosts.isEmpty ? "is a host name or an IP address: dc1.corp.example." : nil
        }
        let words = "is a host name or an IP address, without ldap:// and without a port: dc1.corp.example."
        return hosts.count == 1 ? words : "\(words) \(PlainText.oneLine(wrong)) is neither."
    }

    private static func bases(_ text: String) -> [String] {
        text.unicodeScalars.split { $0 == "\n" || $0 == "\r" }.map { String(String.UnicodeScalarView($0)).trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
    }

    private static func problem(ofBases text: String) -> String? {
        let bases = bases(text)
        if bases.count > 50 { return "has at most fifty distinguished names." }
        guard let wrong = bases.firstIndex(where: { !LDAPName.isValid($0) }) else { return nil }
        return bases.count == 1
            ? "is a distinguished name: ou=people,dc=corp,dc=example."
            : "is a distinguished name on each line, such as ou=people,dc=corp,dc=example: line \(wrong + 1) is none."
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
            var first: [LDAPEntry] = []
            for base in bases where first.count < 10 {
                let search = session.search(base, filters: [], pageSize: 10)
                first += try await session.explained(base) { try await session.connection.firstPage(of: search) }
            }
            first = Array(first.prefix(10))
            let people = first.compactMap { session.people.person($0).person }
            var warnings = session.warnings + trialWarnings(session, first, people)
            let counted = Mutex(0)
            var references = 0
            do {
                for base in bases {
                    var search = session.search(base, filters: [], pageSize: session.pageSize)
                    search.attributes = ["1.1"]
                    let end = try await session.connection.search(search) { entries in
                        let count = counted.withLock { count in
                            count += entries.count
                            return count
                        }
                        if count > Self.countedAtMost { throw TooManyToCount() }
                    }
                    references += end.references
                }
            } catch is TooManyToCount {
                return DirectoryTrial(sample: people, warnings: warnings)
            }
            if references > 0 { warnings.append(Self.warning(references: references)) }
            return DirectoryTrial(userCount: counted.withLock { $0 }, sample: people, warnings: warnings)
        }
    }

    /// Counting takes a listing, which a trial does not do of a large directory.
    private static let countedAtMost = 20_000
    private struct TooManyToCount: Error {}

    private func trialWarnings(_ session: LDAPSession, _ entries: [LDAPEntry], _ people: [DirectoryPerson]) -> [String] {
        var warnings: [String] = []
        if let warning = clearTextWarning { warnings.append(warning) }
        let withoutId = entries.count { if case .withoutId = session.people.person($0) { true } else { false } }
        if withoutId > 0 {
            let name = session.people.identifier.attribute
            warnings.append("\(withoutId) of the first \(entries.count) entries have no \(name) that the bind account may read. \(Self.advice(name))")
        }
        for (field, attribute) in map.missing(in: entries) where field != "idAttribute" || withoutId == 0 {
            warnings.append("\(field): none of the first people has the attribute \(attribute), or the bind account may not read it.")
        }
        if entries.isEmpty {
            warnings.append("No entry below the base DN matches the user filter, or the bind account may not read them.")
        } else if people.isEmpty {
            return warnings
        } else if people.allSatisfy({ $0.email == nil }) {
            warnings.append("None of the first people has an e-mail address. Check that the bind account may read mail.")
        }
        return warnings
    }

    /// nil when nothing goes over the network in clear text.
    var clearTextWarning: String? {
        guard security == .none, hosts.contains(where: { IPAddress($0)?.isLoopback != true && $0.lowercased() != "localhost" }) else { return nil }
        return
            "The connection is not encrypted: the bind password and everybody's data go over the network in clear text. Choose ldaps or starttls."
    }

    static func warning(references: Int) -> String {
        "The server refers to other servers for a part of the tree (\(references) references). They are not followed."
    }

    /// What to do where ids cannot be read.
    static func advice(_ attribute: String) -> String {
        "Let the bind account read \(attribute) of everybody below the base DN, or name another attribute as idAttribute."
    }

    // MARK: Connecting

    /// Connects and binds, lends the connection, and closes it. What goes wrong is said in words for administrators. Of several hosts the
    /// next one is asked while nothing has been done yet: not where the bind account was refused, because it would be locked.
    func session<R: Sendable>(_ body: @Sendable (LDAPSession) async throws -> R) async throws -> R {
        var passedOver: [String] = []
        for host in hosts.dropLast() {
            let isBound = Mutex(false)
            do {
                return try await session(host, passedOver) { session in
                    isBound.withLock { $0 = true }
                    return try await body(session)
                }
            } catch let failure as DirectoryFailure {
                guard !isBound.withLock({ $0 }), failure.isOfHost else { throw failure }
                passedOver.append("\(host) could not be asked: \(failure)")
            }
        }
        let last = hosts.last ?? ""
        do {
            return try await session(last, passedOver, body)
        } catch DirectoryFailure.unavailable(let why) where !passedOver.isEmpty {
            throw DirectoryFailure.unavailable("None of the hosts can be asked. \(passedOver.joined(separator: " ")) \(last): \(why)")
        }
    }

    private func session<R: Sendable>(
        _ host: String, _ passedOver: [String], _ body: @Sendable (LDAPSession) async throws -> R
    ) async throws -> R {
        let address = try await address(of: host)
        let words = LDAPWords(host: host)
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
                    return try await body(LDAPSession(connector: self, host: host, connection: connection, root: root, warnings: passedOver))
                } catch let failure as LDAPFailure {
                    throw words.ofSearch(failure, root)
                }
            }
        } catch let failure as LDAPFailure {
            throw words.ofConnecting(failure)
        }
    }

    private func address(of host: String) async throws -> IPAddress {
        do {
            return try await access.ssrfGuard.check(host: host)
        } catch OutboundFailure.forbiddenAddress {
            throw DirectoryFailure.misconfigured(
                field: "host",
                "\(host) is in a private network, which is closed to typed addresses. Whoever runs DataShield can allow it: DATASHIELD_ALLOWED_HOSTS=\(host)."
            )
        } catch OutboundFailure.unknownHost {
            throw DirectoryFailure.unavailable("The name \(host) cannot be found. Check it, and the name service of this system.")
        } catch OutboundFailure.timedOut {
            throw DirectoryFailure.unavailable("The name service of this system did not say in time what the address of \(host) is.")
        }
    }
}

extension DirectoryFailure {
    /// Whether another host of the same directory may do better: this one cannot be reached, or is not what it should be.
    fileprivate var isOfHost: Bool {
        switch self {
        case .unavailable, .timeout, .tls: true
        case .refusedCredentials, .notPermitted, .misconfigured, .rateLimited, .unanswered, .incomplete, .stateExpired, .malformed, .noSuchAccount,
            .refusedAction, .unsupported:
            false
        }
    }
}
