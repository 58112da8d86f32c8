import Cryptography
import Foundation

/// What the stand-in of Have I Been Pwned knows.
struct HIBPWorld: Sendable {
    var catalogue: BreachCatalogue
    let exposure: Exposure
    /// Verified domains, with the parts before the `@` that are known there; all lower-cased.
    var domains: [String: [String]]
    /// Addresses that are in exactly these breaches.
    var pinned: [String: [String]]
    /// The sites at which these of them were typed on an infected machine.
    var pinnedWebsites: [String: [String]]
    /// What a service of collections has about an address, where it is exactly that.
    var leaks: [SandboxService: [String: [String]]]
    /// Addresses that are in these breaches besides others.
    var added: [String: [String]] = [:]

    init(
        catalogue: BreachCatalogue, seed: UInt64, share: Double, domains: [String: [String]], exposures: [String: [String]],
        websites: [String: [String]], leaks: [SandboxService: [String: [String]]]
    ) {
        self.catalogue = catalogue
        exposure = Exposure(seed: seed, share: share, catalogue: catalogue)
        self.domains = [TestAccounts.domain: TestAccounts.aliases]
        pinned = Dictionary(exposures.map { ($0.lowercased(), $1) }) { _, last in last }
        pinnedWebsites = Dictionary(websites.map { ($0.lowercased(), $1.sorted()) }) { _, last in last }
        self.leaks = leaks.mapValues { Dictionary($0.map { ($0.lowercased(), $1) }) { _, last in last } }
        for (domain, aliases) in domains { self.domains[domain.lowercased()] = aliases.map { $0.lowercased() } }
    }

    /// - Parameter address: in any case.
    func facts(of address: String) -> Exposure.Facts {
        let address = address.lowercased()
        let parts = address.split(separator: "@")
        var facts: Exposure.Facts
        if parts.count == 2, parts[1] == TestAccounts.domain {
            facts = TestAccounts.facts(ofAlias: String(parts[0]))
        } else if let breaches = pinned[address] {
            facts = .init(breaches: breaches, websites: pinnedWebsites[address] ?? [])
        } else {
            facts = exposure.facts(of: address)
        }
        if let more = added[address] { facts.breaches += more.filter { !facts.breaches.contains($0) } }
        return facts
    }

    /// The breaches of an address as places in the catalogue, in its order.
    /// - Parameter isOwner: whether the asker has proven to own the domain, and sees the sensitive ones.
    func breaches(of facts: Exposure.Facts, isOwner: Bool) -> [Int] {
        facts.breaches.compactMap { catalogue.index(of: $0) }
            .filter { !catalogue.breaches[$0].isRetired && (isOwner || !catalogue.breaches[$0].isSensitive) }
            .sorted()
    }

    /// Whoever is exposed in a domain, with the breaches; nil when the domain is not verified.
    func exposed(in domain: String) -> [(alias: String, breaches: [Int])]? {
        domains[domain.lowercased()].map { aliases in
            aliases.sorted().compactMap { alias in
                let breaches = breaches(of: facts(of: "\(alias)@\(domain)"), isOwner: true)
                return breaches.isEmpty ? nil : (alias, breaches)
            }
        }
    }

    /// How many addresses count for the size of a domain: those that are in more than spam lists.
    func countedSize(of exposed: [(alias: String, breaches: [Int])]) -> Int {
        exposed.count { $0.breaches.contains { !catalogue.breaches[$0].isSpamList } }
    }

    /// All addresses that the sandbox was told of.
    var addresses: [String] {
        domains.flatMap { domain, aliases in aliases.map { "\($0)@\(domain)" } } + pinned.keys
    }

    /// The k-anonymity answer: those among all known addresses whose SHA-1 begins so, and some that belong to nobody.
    func range(_ prefix: String) -> [(suffix: String, breaches: [Int])] {
        let prefix = prefix.uppercased()
        var found: [String: [Int]] = [:]
        for address in Set(addresses) {
            let hash = Digest.sha1(of: address.utf8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
                .uppercased()
            guard hash.hasPrefix(prefix) else { continue }
            let breaches = breaches(of: facts(of: address), isOwner: false)
            if !breaches.isEmpty { found[String(hash.dropFirst(prefix.count))] = breaches }
        }
        var numbers = SeededNumbers(seed: exposure.seed, text: prefix)
        for _ in 0..<20 {
            let suffix = (0..<34).map { _ in String(numbers.below(16), radix: 16) }.joined().uppercased()
            found[suffix] = [numbers.below(catalogue.breaches.count)]
        }
        return found.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
