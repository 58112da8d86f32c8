import LDAP
import Scalars

/// What a server says of itself (its root DSE, RFC 4512, section 5.1).
struct LDAPRoot: Sendable {
    static let attributes = [
        "supportedCapabilities", "supportedControl", "supportedExtension", "namingContexts", "dnsHostName", "dsServiceName", "highestCommittedUSN",
        "tokenGroups", "vendorName", "vendorVersion", "ipaTopologyPluginVersion", "ipaDomainLevel",
    ]

    /// Whose server it is, as far as that makes a difference.
    enum Product: Sendable, Hashable {
        case activeDirectory
        case lightweightActiveDirectory
        case freeIPA
        case directoryServer389
        case sun
        case eDirectory
        case ibm
        case other
    }

    let product: Product

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
        product = Self.product(entry)
        isActiveDirectory = product == .activeDirectory
        hasPages = entry?.texts("supportedControl").contains("1.2.840.113556.1.4.319") == true
        hasPasswordOperation = entry?.texts("supportedExtension").contains("1.3.6.1.4.1.4203.1.11.1") == true
        hasWhoAmI = entry?.texts("supportedExtension").contains("1.3.6.1.4.1.4203.1.11.3") == true
        ownIdentifiers = entry?.values("tokenGroups") ?? []
        trees = entry?.texts("namingContexts") ?? []
        hostName = entry?.text("dnsHostName")
        serviceName = entry?.text("dsServiceName")
        lastChange = entry?.number("highestCommittedUSN")
    }

    private static func product(_ entry: LDAPEntry?) -> Product {
        guard let entry else { return .other }
        let capabilities = entry.texts("supportedCapabilities")
        if capabilities.contains("1.2.840.113556.1.4.800") { return .activeDirectory }
        // LDAP_CAP_ACTIVE_DIRECTORY_ADAM_OID
        if capabilities.contains("1.2.840.113556.1.4.1851") { return .lightweightActiveDirectory }
        if entry.text("ipaTopologyPluginVersion") != nil || entry.text("ipaDomainLevel") != nil { return .freeIPA }
        let vendor = [entry.text("vendorName"), entry.text("vendorVersion")].compactMap { $0?.lowercased() }.joined(separator: " ")
        func isOf(_ names: String...) -> Bool { names.contains { vendor.has(text: $0) } }
        if isOf("389 project", "389-directory", "red hat-directory", "fedora-directory") { return .directoryServer389 }
        if isOf("novell", "netiq", "edirectory", "micro focus", "opentext") { return .eDirectory }
        if isOf("sun-directory", "sun microsystems", "sun-java", "oracle directory server enterprise", "sun java") { return .sun }
        if isOf("international business machines", "ibm") { return .ibm }
        return .other
    }
}
