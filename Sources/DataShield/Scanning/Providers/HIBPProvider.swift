import Foundation
import HTTPTypes
import JSON

/// Have I Been Pwned, API v3.
package struct HIBPProvider: BreachProvider {
    package static let id = ApiProvider.hibp
    package static let origin = URL(staticString: "https://haveibeenpwned.com")
    /// The smallest plan's.
    package static let usualRequestsPerMinute = 10
    package static let followsHIBPCatalogue = true

    private let access: ProviderAccess
    private let wire: HIBPClient

    package init(_ access: ProviderAccess) {
        self.access = access
        wire = HIBPClient(origin: access.origin, client: access.client, now: access.now)
    }

    package func account() async throws -> ProviderAccount {
        guard let bytes = try await call("subscription/status") else { throw ProviderFailure.malformed("no subscription") }
        return try HIBPWire.account(bytes)
    }

    package func lookUp(_ address: EmailAddress) async throws -> LookUp {
        let path = "breachedaccount/\(PercentEncoding.of(address.text))?truncateResponse=false&IncludeUnverified=true"
        guard let bytes = try await call(path) else { return LookUp() }
        let entries = try HIBPWire.entries(JSONValue.answer(bytes))
        var findings: [Finding] = []
        for entry in entries.read { findings.append(try await finding(entry)) }
        return try LookUp(findings, of: Self.id, missing: nil, unread: entries.unread)
    }

    package func lookUp(domain: String) async throws -> DomainLookUp {
        try await requireVerified(domain)
        let bytes: [UInt8]?
        do {
            bytes = try await call("breacheddomain/\(PercentEncoding.of(domain))", timeout: access.timeout * 6)
        } catch ProviderFailure.notPermitted {
            // Not verified, or larger than the plan includes: in either case each address can still be asked.
            throw ProviderFailure.domainNotVerified
        }
        guard let bytes else { return DomainLookUp() }
        let answer = try HIBPWire.domain(bytes, domain)
        var known: [String: Finding] = [:]
        for name in Set(answer.names.values.joined()) { known[name] = try await finding(CatalogueEntry(name: name)) }
        return DomainLookUp(answer.names.mapValues { $0.compactMap { known[$0] } }, toAsk: answer.toAsk)
    }

    /// Asks which domains the key's owner controls, so that a domain which is not among them costs no refused call.
    private func requireVerified(_ domain: String) async throws {
        do {
            guard let bytes = try await call("subscribeddomains") else { throw ProviderFailure.domainNotVerified }
            guard try HIBPWire.domains(bytes).contains(domain) else { throw ProviderFailure.domainNotVerified }
        } catch ProviderFailure.notPermitted {
            throw ProviderFailure.domainNotVerified
        }
    }

    /// A finding of a breach, with what the catalogue says where the answer only names it.
    private func finding(_ entry: CatalogueEntry) async throws -> Finding {
        var entry = entry
        if let known = try await access.catalogue.entry(named: entry.name) {
            if entry.dataTypes.isEmpty { entry = known }
        } else if !entry.dataTypes.isEmpty {
            // Younger than the copy of the catalogue.
            if entry.addedAt != nil { try await access.catalogue.add(entry, source: .hibp) }
        } else if let bytes = try await wire.get("breach/\(PercentEncoding.of(entry.name))") {
            access.pace.countFreeCall()
            entry = try HIBPWire.entry(JSONValue.answer(bytes))
            try await access.catalogue.add(entry, source: .hibp)
        }
        // That it has the address is certain also of a breach which nothing else is known of.
        let dataTypes = entry.dataTypes.isEmpty ? ["email"] : entry.dataTypes
        return Finding(
            breachName: entry.name, breachDate: entry.breachDate, dataTypes: dataTypes, source: Self.id.source, provider: Self.id,
            raisesAlert: entry.raisesAlert, catalogue: entry.addedAt == nil ? nil : entry)
    }

    /// A call that counts against the key's limit.
    /// - Returns: the body, or nil when the service has nothing.
    private func call(_ path: String, timeout: Duration? = nil) async throws -> [UInt8]? {
        let call = HIBPClient.call(path, key: access.key, timeout: timeout ?? access.timeout)
        let answer = try await access.call(call) { HIBPClient.failure($0, now: access.now()) }
        return answer.status == 404 ? nil : answer.bytes
    }
}

/// The calls of Have I Been Pwned, with and without a key.
package struct HIBPClient: Sendable {
    private static let keyHeader = HTTPField.Name("hibp-api-key")

    package let origin: URL
    let client: OutboundClient
    let now: Now

    /// The breach that was added last.
    func latest() async throws -> CatalogueEntry {
        guard let bytes = try await get("latestbreach") else { throw ProviderFailure.malformed("no latest breach") }
        return try HIBPWire.entry(JSONValue.answer(bytes))
    }

    /// All breaches, but for those that cannot be read.
    func catalogue() async throws -> (read: [BreachDraft], unread: UnreadRows) {
        guard let bytes = try await get("breaches", timeout: .seconds(60)) else { throw ProviderFailure.malformed("no catalogue") }
        return try HIBPWire.catalogue(bytes)
    }

    /// Makes a call that needs no key and counts in no limit.
    /// - Returns: the body, or nil when the service has nothing.
    func get(_ path: String, timeout: Duration = .seconds(20)) async throws -> [UInt8]? {
        let answer = try await ProviderClient(origin: origin, client: client, now: now).send(Self.call(path, timeout: timeout))
        if let failure = Self.failure(answer, now: now()) { throw failure }
        return answer.status == 404 ? nil : answer.bytes
    }

    static func call(_ path: String, key: String? = nil, timeout: Duration) -> ProviderCall {
        var headers: HTTPFields = [:]
        if let key, let name = keyHeader { headers[name] = key }
        return .get("api/v3/\(path)", headers: headers, timeout: timeout)
    }

    /// Why an answer is none. 404 is one: the service has nothing.
    static func failure(_ answer: ProviderAnswer, now: Date) -> ProviderFailure? {
        answer.status == 404 ? nil : answer.usualFailure(now: now)
    }
}
