import Foundation

extension HIBPWorld {
    /// The leaks in which a service knows an address, always the same ones: some of those that Have I Been Pwned knows, and some that
    /// nobody else has.
    /// - Parameter address: in any case.
    func leaks(of address: String, in service: SandboxService) -> [Leak] {
        let address = address.lowercased()
        if let names = leaks[service]?[address] { return names.map { leak(named: $0, of: address, in: service) } }
        let facts = facts(of: address)
        let isPinned = pinned[address] != nil
        var found: [Leak] = []
        for index in breaches(of: facts, isOwner: true) {
            let breach = catalogue.breaches[index]
            guard !breach.isStealerLog else { continue }
            // Whoever is exposed to exactly these breaches is so everywhere, so that a test knows what it gets.
            var numbers = SeededNumbers(seed: exposure.seed, text: "\(service.rawValue) \(breach.name) \(address)")
            guard isPinned || numbers.unit() < 0.6 else { continue }
            found.append(leak(of: address, in: breach, service))
        }
        if !facts.websites.isEmpty {
            found += facts.websites.prefix(service == .intelx ? 1 : 2).map { stealerLog(of: address, site: $0, service) }
        }
        if !isPinned, !facts.isEmpty, let own = ownLeak(of: address, service) { found.append(own) }
        return found
    }

    /// Everybody on a domain whom the sandbox knows and the service has something about, by address.
    func leaks(ofDomain domain: String, in service: SandboxService) -> [Leak] {
        addresses(in: domain).flatMap { leaks(of: $0, in: service) }
    }

    /// The addresses on a domain that the sandbox was told of, sorted.
    func addresses(in domain: String) -> [String] {
        let domain = domain.lowercased()
        var all = Set((domains[domain] ?? []).map { "\($0)@\(domain)" })
        let told = Array(pinned.keys) + Array(pinnedWebsites.keys) + leaks.values.flatMap(\.keys)
        all.formUnion(told.filter { $0.hasSuffix("@\(domain)") })
        return all.sorted()
    }

    private func leak(named name: String, of address: String, in service: SandboxService) -> Leak {
        if let index = catalogue.index(of: name) { return leak(of: address, in: catalogue.breaches[index], service) }
        var numbers = SeededNumbers(seed: exposure.seed, text: "\(name) \(address)")
        return Leak(
            address: address, title: name, domain: "", date: "2024-03-09", records: 48_211, kind: .site,
            values: [.password: Self.password(&numbers)])
    }

    private func leak(of address: String, in breach: SandboxBreach, _ service: SandboxService) -> Leak {
        var numbers = SeededNumbers(seed: exposure.seed, text: "\(breach.name) \(address)")
        return Leak(
            address: address, title: breach.title, domain: breach.domain, date: breach.breachDate, records: breach.pwnCount, kind: .site,
            values: Self.values(breach.dataClasses, address, &numbers))
    }

    private func stealerLog(of address: String, site: String, _ service: SandboxService) -> Leak {
        var numbers = SeededNumbers(seed: exposure.seed, text: "log \(site) \(address)")
        return Leak(
            address: address, title: "Stealer Logs", domain: "", date: "2025-02-11", records: 23_000_000, kind: .stealerLog,
            values: [.url: "https://\(site)/login", .username: address, .password: Self.password(&numbers)])
    }

    /// One in five who are exposed are so in something that no other service has.
    private func ownLeak(of address: String, _ service: SandboxService) -> Leak? {
        var numbers = SeededNumbers(seed: exposure.seed, text: "own \(service.rawValue) \(address)")
        guard numbers.unit() < 0.2 else { return nil }
        let names = Self.ownNames[service] ?? []
        guard !names.isEmpty else { return nil }
        let name = names[numbers.below(names.count)]
        let isCompilation = name.hasPrefix("Collection")
        return Leak(
            address: address, title: name, domain: "", date: "2023-\(10 + numbers.below(3))-01", records: 10_000 + numbers.below(5_000_000),
            kind: isCompilation ? .compilation : .site,
            values: isCompilation
                ? [.password: Self.password(&numbers)]
                : [
                    .username: Self.alias(address), .hash: Self.hash(&numbers), .salt: "x\(numbers.below(1000))",
                    .ip: "192.0.2.\(numbers.below(254) + 1)",
                ])
    }

    private static let ownNames: [SandboxService: [String]] = [
        .dehashed: ["Bookworm Forum", "Example Loyalty", "Collection Nine"], .leakcheck: ["Sample Market", "Collection Cobalt", "Garden Club"],
        .intelx: ["Pasted list", "Harbour Board"], .snusbase: ["Pixel Traders", "Rowing Results", "Collection Ember"],
    ]

    // MARK: Values

    private static func values(_ classes: [String], _ address: String, _ numbers: inout SeededNumbers) -> [Leak.Field: String] {
        var values: [Leak.Field: String] = [:]
        for name in classes {
            switch name {
            case "Passwords":
                // Older leaks have the password itself, most a hash.
                if numbers.unit() < 0.4 { values[.password] = password(&numbers) } else { values[.hash] = hash(&numbers) }
            case "Usernames", "Nicknames": values[.username] = alias(address)
            case "Names": values[.name] = alias(address).split(separator: ".").map { $0.capitalized }.joined(separator: " ")
            case "Phone numbers": values[.phone] = "1202555\(1000 + numbers.below(9000))"
            case "IP addresses": values[.ip] = "198.51.100.\(1 + numbers.below(254))"
            case "Physical addresses":
                values[.street] = "\(1 + numbers.below(99)) Example Street"
                values[.city] = "Sampleton"
                values[.zip] = "\(10_000 + numbers.below(80_000))"
            case "Dates of birth": values[.birthday] = "19\(60 + numbers.below(40))-0\(1 + numbers.below(9))-1\(numbers.below(10))"
            case "Genders": values[.gender] = numbers.unit() < 0.5 ? "f" : "m"
            case "Employers": values[.company] = "Example Ltd"
            default: break
            }
        }
        return values
    }

    private static func alias(_ address: String) -> String { String(address.prefix { $0 != "@" }) }
    private static func password(_ numbers: inout SeededNumbers) -> String { "Invented-\(numbers.below(100_000))!" }
    private static func hash(_ numbers: inout SeededNumbers) -> String {
        (0..<32).map { _ in String(numbers.below(16), radix: 16) }.joined()
    }
}
