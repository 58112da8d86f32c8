import Foundation
import HTTPTypes

/// Have I Been Pwned, API v3: what is answered to what. No I/O.
struct HIBPService: Sendable {
    let world: HIBPWorld
    let plan: SubscriptionPlan

    /// A request, taken apart.
    struct Request: Sendable {
        /// The path below `/api/v3`, decoded. The first word is lower-cased.
        var path: [String]
        /// The names are lower-cased.
        var query: [String: String]

        func flag(_ name: String, default standard: Bool) -> Bool {
            switch query[name]?.lowercased() {
            case "true": true
            case "false": false
            default: standard
            }
        }
    }

    /// Endpoints that need no key and count in no limit.
    static let keyless: Set = ["breaches", "breach", "latestbreach", "dataclasses"]

    func answer(_ request: Request) -> Answer {
        let path = request.path
        switch (path.first ?? "", path.count) {
        case ("breachedaccount", 2): return account(path[1], request)
        case ("breachedaccount", 3) where path[1].lowercased() == "range": return range(path[2])
        case ("pasteaccount", 2): return pastes(path[1])
        case ("breacheddomain", 2): return domain(path[1])
        case ("subscribeddomains", 1): return subscribedDomains()
        case ("subscription", 2) where path[1].lowercased() == "status": return .json(written: plan.json())
        case ("stealerlogsbyemail", 2): return stealerLogs(ofAddress: path[1])
        case ("stealerlogsbyemaildomain", 2): return stealerLogs(ofDomain: path[1])
        case ("stealerlogsbywebsitedomain", 2): return stealerLogs(ofWebsite: path[1])
        case ("breaches", 1): return breaches(request)
        case ("breach", 2): return world.catalogue.index(of: path[1]).map { .json(written: world.catalogue.full[$0]) } ?? .nothing
        case ("latestbreach", 1): return .json(written: world.catalogue.full[world.catalogue.latest])
        case ("dataclasses", 1): return .json(written: world.catalogue.dataClasses)
        default: return .nothing
        }
    }

    // MARK: Accounts

    private func account(_ account: String, _ request: Request) -> Answer {
        let account = account.trimmingCharacters(in: .whitespaces)
        guard isAcceptable(account) else { return .refusal(.badRequest, "The account is not in an acceptable form.") }
        let catalogue = world.catalogue
        var found = world.breaches(of: world.facts(of: account), isOwner: false)
        if let domain = request.query["domain"]?.lowercased() { found.removeAll { catalogue.breaches[$0].domain.lowercased() != domain } }
        if !request.flag("includeunverified", default: true) { found.removeAll { !catalogue.breaches[$0].isVerified } }
        guard !found.isEmpty else { return .nothing }
        let fragments = request.flag("truncateresponse", default: true) ? catalogue.short : catalogue.full
        return .json(written: found.lazy.map { fragments[$0] }.asJSONArray())
    }

    private func isAcceptable(_ account: String) -> Bool {
        !account.isEmpty && account.utf8.count <= 254 && account.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
    }

    private func range(_ prefix: String) -> Answer {
        guard plan.includesKAnon else { return .refusal(.forbidden, "Your subscription does not include this feature.") }
        guard prefix.utf8.count == 6, prefix.allSatisfy(\.isHexDigit) else {
            return .refusal(.badRequest, "The hash prefix was not in a valid format")
        }
        let entries = world.range(prefix).map { entry in
            let names = entry.breaches.lazy.map { world.catalogue.names[$0] }.asJSONArray()
            return Array(#"{"hashSuffix":"\#(entry.suffix)","websites":"#.utf8) + names + Array("}".utf8)
        }
        return .json(written: entries.asJSONArray())
    }

    private func pastes(_ account: String) -> Answer {
        guard isAcceptable(account), account.contains("@") else { return .refusal(.badRequest, "The account is not in an acceptable form.") }
        let pastes = world.facts(of: account).pastes
        return pastes.isEmpty ? .nothing : .json(pastes)
    }

    // MARK: Domains

    private func domain(_ domain: String) -> Answer {
        guard isDomain(domain) else { return .refusal(.badRequest, "The domain is not in an acceptable form.") }
        guard var exposed = world.exposed(in: domain) else { return notVerified }
        let catalogue = world.catalogue
        if let limit = plan.domainSearchMaxBreachedAccounts, world.countedSize(of: exposed) > limit {
            exposed = exposed.compactMap { alias, breaches in
                let free = breaches.filter { catalogue.breaches[$0].isSubscriptionFree }
                return free.isEmpty ? nil : (alias, free)
            }
            guard !exposed.isEmpty else {
                return .refusal(.forbidden, "The domain has more breached accounts than your subscription covers.")
            }
        }
        guard !exposed.isEmpty else { return .nothing }
        return .json(written: Self.object(exposed.map { ($0.alias, $0.breaches.lazy.map { catalogue.names[$0] }.asJSONArray()) }))
    }

    private var notVerified: Answer {
        .refusal(.forbidden, "The domain has not been verified by the owner of this API key.")
    }

    private func isDomain(_ domain: String) -> Bool {
        domain.contains(".") && !domain.hasPrefix(".") && !domain.hasSuffix(".")
            && domain.utf8.allSatisfy {
                $0 == 0x2d || $0 == 0x2e || $0 >= 0x80 || Character(UnicodeScalar($0)).isLetter || Character(UnicodeScalar($0)).isNumber
            }
    }

    private func subscribedDomains() -> Answer {
        struct Domain: Encodable {
            let domainName: String
            let pwnCount: Int
            let pwnCountExcludingSpamLists: Int
            let pwnCountExcludingSpamListsAtLastSubscriptionRenewal: Int
            let nextSubscriptionRenewal: String

            enum CodingKeys: String, CodingKey {
                case domainName = "DomainName", pwnCount = "PwnCount", pwnCountExcludingSpamLists = "PwnCountExcludingSpamLists"
                case pwnCountExcludingSpamListsAtLastSubscriptionRenewal = "PwnCountExcludingSpamListsAtLastSubscriptionRenewal"
                case nextSubscriptionRenewal = "NextSubscriptionRenewal"
            }
        }
        let domains = world.domains.keys.filter { $0 != TestAccounts.domain }.sorted().map { name in
            let exposed = world.exposed(in: name) ?? []
            let counted = world.countedSize(of: exposed)
            return Domain(
                domainName: name, pwnCount: exposed.count, pwnCountExcludingSpamLists: counted,
                pwnCountExcludingSpamListsAtLastSubscriptionRenewal: counted, nextSubscriptionRenewal: plan.subscribedUntil)
        }
        return .json(domains)
    }

    // MARK: Stealer logs

    private func stealerLogs(ofAddress address: String) -> Answer {
        guard plan.includesStealerLogs else { return noStealerLogs }
        guard let domain = address.split(separator: "@").last, world.domains[domain.lowercased()] != nil else { return notVerified }
        let websites = world.facts(of: address).websites
        return websites.isEmpty ? .nothing : .json(websites)
    }

    private func stealerLogs(ofDomain domain: String) -> Answer {
        guard plan.includesStealerLogs else { return noStealerLogs }
        guard let aliases = world.domains[domain.lowercased()] else { return notVerified }
        let entries = aliases.sorted().compactMap { alias -> (String, [UInt8])? in
            let websites = world.facts(of: "\(alias)@\(domain)").websites
            return websites.isEmpty ? nil : (alias, websites.map { Self.string($0) }.asJSONArray())
        }
        return entries.isEmpty ? .nothing : .json(written: Self.object(entries))
    }

    private func stealerLogs(ofWebsite website: String) -> Answer {
        guard plan.includesStealerLogs else { return noStealerLogs }
        // Who owns vpn.acme.example is whoever owns acme.example.
        let website = website.lowercased()
        guard world.domains.keys.contains(where: { website == $0 || website.hasSuffix(".\($0)") }) else { return notVerified }
        let addresses = Set(world.addresses).filter { world.facts(of: $0).websites.contains(website) }.sorted()
        return addresses.isEmpty ? .nothing : .json(addresses)
    }

    private var noStealerLogs: Answer { .refusal(.forbidden, "Your subscription does not include stealer logs.") }

    // MARK: Catalogue

    private func breaches(_ request: Request) -> Answer {
        let catalogue = world.catalogue
        let domain = request.query["domain"]?.lowercased()
        let isSpamList = request.query["isspamlist"].flatMap { Bool($0.lowercased()) }
        guard domain != nil || isSpamList != nil else { return .json(written: catalogue.everything) }
        let found = catalogue.breaches.indices.filter { index in
            let breach = catalogue.breaches[index]
            return (domain.map { breach.domain.lowercased() == $0 } ?? true) && (isSpamList.map { breach.isSpamList == $0 } ?? true)
        }
        return .json(written: found.lazy.map { catalogue.full[$0] }.asJSONArray())
    }

    // MARK: JSON

    private static func object(_ entries: [(key: String, value: [UInt8])]) -> [UInt8] {
        var bytes = [UInt8(ascii: "{")]
        for (key, value) in entries {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes += string(key)
            bytes.append(UInt8(ascii: ":"))
            bytes += value
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    private static func string(_ text: String) -> [UInt8] {
        var bytes = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case ..<0x20: bytes += Array(String(format: "\\u%04x", byte).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        return bytes
    }
}
