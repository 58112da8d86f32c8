import Foundation
import HTTPTypes
import JSON

/// The stealer logs of Have I Been Pwned: at which sites an address was typed on an infected machine.
///
/// That is all it says. There is no password, no date and no machine in an answer, so a finding has the data types e-mail address and
/// website, the sites as evidence, and no artifact; that it comes from a stealer log makes it at least HIGH. All logs are one breach,
/// since nothing tells them apart.
package struct HIBPStealerProvider: BreachProvider {
    package static let id = ApiProvider.hibpStealer
    package static let origin = HIBPProvider.origin
    /// The smallest plan's that includes the logs has more; its status says how many.
    package static let usualRequestsPerMinute = 10
    /// Logs are loaded as breaches are.
    package static let followsHIBPCatalogue = true

    static let breachName = "Stealer logs (HIBP)"

    private let access: ProviderAccess
    private let verified: VerifiedDomains

    package init(_ access: ProviderAccess) {
        self.access = access
        verified = VerifiedDomains()
    }

    package func account() async throws -> ProviderAccount {
        guard let bytes = try await call("subscription/status") else { throw ProviderFailure.malformed("no subscription") }
        // What is neither yes nor no does not say: the first look-up will.
        switch try JSONValue.answer(bytes).required("IncludesStealerLogs") {
        case .bool(false), .integer(0): throw ProviderFailure.notPermitted
        case .null, .bool, .integer, .number, .string, .array, .object: break
        }
        return try HIBPWire.account(bytes)
    }

    package func lookUp(_ address: EmailAddress) async throws -> LookUp {
        try await requireVerified(address.domain)
        let bytes: [UInt8]?
        do {
            bytes = try await call("stealerlogsbyemail/\(PercentEncoding.of(address.text))")
        } catch ProviderFailure.notPermitted {
            throw ProviderFailure.domainNotVerified
        }
        guard let bytes else { return LookUp() }
        let sites = try HIBPWire.sites(JSONValue.answer(bytes))
        return try LookUp([sites.read].compactMap(Self.finding), of: Self.id, missing: nil, unread: sites.unread)
    }

    package func lookUp(domain: String) async throws -> DomainLookUp {
        try await requireVerified(domain)
        let bytes: [UInt8]?
        do {
            bytes = try await call("stealerlogsbyemaildomain/\(PercentEncoding.of(domain))", timeout: access.timeout * 6)
        } catch ProviderFailure.notPermitted {
            throw ProviderFailure.domainNotVerified
        }
        guard let bytes else { return DomainLookUp() }
        let answer = try HIBPWire.domain(bytes, domain)
        return DomainLookUp(answer.names.compactMapValues { sites in Self.finding(sites).map { [$0] } }, toAsk: answer.toAsk)
    }

    private static func finding(_ sites: [String]) -> Finding? {
        guard !sites.isEmpty else { return nil }
        let hosts = Set(sites.compactMap(Site.init).map(\.host)).sorted()
        return Finding(
            breachName: breachName, dataTypes: ["email", "website_url"], evidence: Evidence(sites: Array(hosts.prefix(Exposure.evidenceLimit))),
            source: id.source, provider: id)
    }

    /// Answers for a domain that the key's owner has not verified are refused: that is asked once, and not with each address.
    private func requireVerified(_ domain: String) async throws {
        let domains = try await verified.known {
            guard let bytes = try await call("subscribeddomains") else { return [] }
            return try HIBPWire.domains(bytes)
        }
        guard domains.contains(domain) else { throw ProviderFailure.domainNotVerified }
    }

    private func call(_ path: String, timeout: Duration? = nil) async throws -> [UInt8]? {
        let call = HIBPClient.call(path, key: access.key, timeout: timeout ?? access.timeout)
        let answer = try await access.call(call) { HIBPClient.failure($0, now: access.now()) }
        return answer.status == 404 ? nil : answer.bytes
    }
}

/// The verified domains of a key, asked for once. An actor, because look-ups run at the same time.
private actor VerifiedDomains {
    private var domains: Set<String>?

    func known(_ ask: @Sendable () async throws -> Set<String>) async throws -> Set<String> {
        if let domains { return domains }
        // Those who come meanwhile ask too; the answers are the same.
        let answer = try await ask()
        domains = answer
        return answer
    }
}
