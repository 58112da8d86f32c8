import Foundation
import HTTPTypes
import NIOCore

/// Have I Been Pwned, API v3.
package struct HIBPProvider: BreachProvider {
    package static let id = ApiProvider.hibp
    package static let origin = URL(staticString: "https://haveibeenpwned.com")
    /// The smallest plan's.
    package static let usualRequestsPerMinute = 10

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

    package func lookUp(_ address: EmailAddress) async throws -> [Finding] {
        let path = "breachedaccount/\(HIBPClient.escaped(address.text))?truncateResponse=false&IncludeUnverified=true"
        guard let bytes = try await call(path) else { return [] }
        let entries = try HIBPWire.entries(JSONValue.answer(bytes))
        var findings: [Finding] = []
        for entry in entries { findings.append(try await finding(entry)) }
        return findings
    }

    package func lookUp(domain: String) async throws -> [EmailAddress: [Finding]] {
        try await requireVerified(domain)
        let bytes: [UInt8]?
        do {
            bytes = try await call("breacheddomain/\(HIBPClient.escaped(domain))", timeout: access.timeout * 6)
        } catch ProviderFailure.notPermitted {
            // Not verified, or larger than the plan includes: in either case each address can still be asked.
            throw ProviderFailure.domainNotVerified
        }
        guard let bytes else { return [:] }
        let names = try HIBPWire.domain(bytes, domain)
        var known: [String: Finding] = [:]
        for name in Set(names.values.joined()) { known[name] = try await finding(CatalogueEntry(name: name)) }
        return names.mapValues { $0.compactMap { known[$0] } }
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
        if entry.dataTypes.isEmpty {
            if let known = try await access.catalogue.entry(named: entry.name) {
                entry = known
            } else if let bytes = try await wire.get("breach/\(HIBPClient.escaped(entry.name))") {
                access.pace.countFreeCall()
                entry = try HIBPWire.entry(JSONValue.answer(bytes))
                try await access.catalogue.add(entry, source: .hibp)
            }
        }
        // That it has the address is certain also of a breach which nothing else is known of.
        let dataTypes = entry.dataTypes.isEmpty ? ["email"] : entry.dataTypes
        return Finding(
            breachName: entry.name, breachDate: entry.breachDate, dataTypes: dataTypes, source: Self.id.source, provider: Self.id,
            raisesAlert: entry.raisesAlert, catalogue: entry.addedAt == nil ? nil : entry)
    }

    /// A call that counts against the key's limit.
    private func call(_ path: String, timeout: Duration? = nil) async throws -> [UInt8]? {
        try await access.pace.turn()
        do {
            return try await wire.get(path, key: access.key, timeout: timeout ?? access.timeout)
        } catch ProviderFailure.rateLimited(let retryAfter) {
            access.pace.pause(for: retryAfter ?? .seconds(2))
            throw ProviderFailure.rateLimited(retryAfter: retryAfter)
        }
    }
}

/// The calls of Have I Been Pwned, with and without a key.
package struct HIBPClient: Sendable {
    private static let keyHeader = HTTPField.Name("hibp-api-key")

    package let origin: URL
    let client: OutboundClient
    let now: Now

    package init(origin: URL, client: OutboundClient, now: @escaping Now) {
        self.origin = origin
        self.client = client
        self.now = now
    }

    /// The breach that was added last.
    func latest() async throws -> CatalogueEntry {
        guard let bytes = try await get("latestbreach") else { throw ProviderFailure.malformed("no latest breach") }
        return try HIBPWire.entry(JSONValue.answer(bytes))
    }

    /// All breaches.
    func catalogue() async throws -> [BreachDraft] {
        guard let bytes = try await get("breaches", timeout: .seconds(60)) else { throw ProviderFailure.malformed("no catalogue") }
        return try HIBPWire.catalogue(bytes)
    }

    /// Makes a call and sorts its answer.
    /// - Returns: the body, or nil when the service has nothing.
    func get(_ path: String, key: String? = nil, timeout: Duration = .seconds(20)) async throws -> [UInt8]? {
        guard let url = URL(string: "api/v3/\(path)", relativeTo: directory) else { throw ProviderFailure.notAcceptable }
        var headers: HTTPFields = [.userAgent: OutboundClient.userAgent, .accept: "application/json"]
        if let key, let name = Self.keyHeader { headers[name] = key }
        let response: OutboundResponse
        do {
            response = try await client.execute(
                OutboundRequest(url: url.absoluteURL, headers: headers, timeout: timeout, responseLimit: 256 << 20))
        } catch let failure as OutboundFailure {
            throw Self.failure(failure)
        }
        return try body(of: response)
    }

    /// The origin with a slash at its end, so that paths are put behind whatever path it has.
    private var directory: URL { origin.absoluteString.hasSuffix("/") ? origin : URL(string: origin.absoluteString + "/") ?? origin }

    private static func failure(_ failure: OutboundFailure) -> ProviderFailure {
        switch failure {
        case .timedOut: .timeout
        case .tooLarge: .malformed("larger than can be read")
        case .badStatus(let status): .unavailable(status: status)
        case .invalidURL, .unknownHost, .forbiddenAddress, .refused, .tls, .connectionLost, .other: .unavailable(status: nil)
        }
    }

    /// What the status means. A page of HTML is from something in front of the service, whatever its status: no 404 of that kind says "clean".
    private func body(of response: OutboundResponse) throws(ProviderFailure) -> [UInt8]? {
        let bytes = Array(response.body.readableBytesView)
        let isPage = Self.isPage(response.headers, bytes)
        switch response.status.code {
        case 200:
            guard !isPage else { throw .malformed("a web page") }
            return bytes
        case 404:
            guard !isPage else { throw .unavailable(status: 404) }
            return nil
        case 400: throw .notAcceptable
        case 401:
            guard !isPage else { throw .blocked }
            throw .refusedKey
        case 402: throw .quota
        case 403:
            guard !isPage else { throw .blocked }
            throw .notPermitted
        case 429: throw .rateLimited(retryAfter: response.retryAfter(now: now()))
        default: throw .unavailable(status: response.status.code)
        }
    }

    private static func isPage(_ headers: HTTPFields, _ bytes: [UInt8]) -> Bool {
        if headers[.contentType]?.lowercased().contains("html") == true { return true }
        return bytes.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 } == UInt8(ascii: "<")
    }

    /// A text as one segment of a path.
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                result += hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return result
    }
}

extension URL {
    /// An address that we wrote ourselves.
    init(staticString: StaticString) {
        guard let url = URL(string: "\(staticString)") else { preconditionFailure("This address is not one: \(staticString)") }
        self = url
    }
}
