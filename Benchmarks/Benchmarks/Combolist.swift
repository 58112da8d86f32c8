import Foundation

/// SplitMix64: small, and the same everywhere.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int {
        Int(((next() >> 32) &* UInt64(bound)) >> 32)
    }
}

/// Makes combolists as they go round: mostly `address:password`, some `URL:login:password`, two lines of five from Gmail. Nobody in them is real.
struct Combolist {
    private static let first = [
        "alex", "maria", "john", "anna", "peter", "laura", "david", "sofia", "mike", "julia", "chris", "elena", "martin", "sara", "daniel", "lisa",
        "thomas", "nina", "robert", "eva", "kevin", "olga", "frank", "irina", "paul", "katie", "mark", "diana", "simon", "helen", "ivan", "tina",
    ]
    private static let last = [
        "smith", "miller", "garcia", "ivanov", "mueller", "rossi", "silva", "jones", "brown", "kumar", "nguyen", "novak", "schmidt", "wilson",
        "lopez", "martin", "popov", "weber", "moore", "clark", "santos", "fischer", "white", "harris", "kim", "chen", "ali", "khan", "young", "king",
    ]
    private static let words = ["dragon", "summer", "Qwerty", "love", "pass", "Monkey", "sunny", "master", "Hello", "tiger", "blue", "star"]
    private static let common: [(String, Int)] = [
        ("gmail.com", 380), ("yahoo.com", 140), ("hotmail.com", 120), ("mail.ru", 60), ("outlook.com", 40), ("aol.com", 30), ("gmx.de", 20),
        ("web.de", 15), ("yandex.ru", 20), ("icloud.com", 15), ("live.com", 10), ("hotmail.fr", 15), ("orange.fr", 10), ("libero.it", 15),
    ]
    static let companies = (0..<20).map { "\(["acme", "globex", "initech", "umbra", "hooli"][$0 % 5])\($0).example" }

    private let domains: [[UInt8]]
    var random: SplitMix

    init(seed: UInt64) {
        random = SplitMix(state: seed)
        var domains: [[UInt8]] = []
        for (domain, weight) in Self.common { domains += Array(repeating: Array(domain.utf8), count: weight) }
        for number in 0..<150 { domains.append(Array("\(Self.last[number % 30])\(number).example.net".utf8)) }
        for number in 0..<20 { domains.append(Array(Self.companies[number].utf8)) }
        self.domains = domains
    }

    mutating func local() -> String {
        let first = Self.first[random.below(Self.first.count)], last = Self.last[random.below(Self.last.count)]
        switch random.below(6) {
        case 0: return "\(first).\(last)\(random.below(1_000))"
        case 1: return "\(first)\(last)\(random.below(10_000))"
        case 2: return "\(first)_\(random.below(100_000))"
        case 3: return "\(first.prefix(1))\(last)\(random.below(100_000))"
        case 4: return "\(last)\(random.below(1_000_000))"
        default: return "\(first)\(1_950 + random.below(60))\(last.prefix(random.below(5) + 1))"
        }
    }

    mutating func domain() -> String {
        String(decoding: domains[random.below(domains.count)], as: UTF8.self)
    }

    /// Addresses that the lists may have, or not.
    mutating func addresses(_ count: Int, domain: (inout Combolist) -> String) -> [String] {
        var seen: Set<String> = []
        while seen.count < count {
            seen.insert("\(local())@\(domain(&self))")
        }
        return seen.sorted()
    }

    mutating func write(bytes: Int, to path: String, planting watched: [String]) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path) else {
            throw CocoaError(.fileWriteUnknown)
        }
        defer { try? file.close() }
        // Lines are drawn from stocks, because a gigabyte of them spelled one by one would take minutes.
        let locals = (0..<200_000).map { _ in Array(local().utf8) }
        let secrets = (0..<50_000).map { _ in
            Array("\(Self.words[random.below(Self.words.count)])\(random.below(10_000))\(random.below(3) == 0 ? "!" : "")".utf8)
        }
        let sites = (0..<2_000).map { Array("https://\(Self.last[$0 % 30]).example.com/\($0)/login:".utf8) }
        var written = 0
        var buffer: [UInt8] = []
        buffer.reserveCapacity(9 << 20)
        while written < bytes {
            buffer.removeAll(keepingCapacity: true)
            while buffer.count < 8 << 20, written + buffer.count < bytes {
                if random.below(100) < 12 { buffer += sites[random.below(sites.count)] }
                if random.below(10_000) < 2, !watched.isEmpty {
                    buffer += watched[random.below(watched.count)].utf8
                } else {
                    buffer += locals[random.below(locals.count)]
                    if random.below(2) == 0 { buffer += String(random.below(1_000)).utf8 }
                    buffer.append(0x40)
                    buffer += domains[random.below(domains.count)]
                }
                buffer.append(0x3A)
                buffer += secrets[random.below(secrets.count)]
                buffer.append(0x0A)
            }
            try file.write(contentsOf: buffer)
            written += buffer.count
        }
    }
}
