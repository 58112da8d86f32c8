import Foundation

/// Decides which made-up people are in which breaches: drawn by a seeded hash of the address, so that the answer is the same in every
/// process and from every endpoint. The order of what is drawn depends on the bundled catalogue alone; breaches that were added
/// to a running sandbox expose only whom they were said to.
struct Exposure: Sendable {
    let seed: UInt64
    /// How many of all addresses are exposed, 0…1.
    let share: Double
    /// The breaches that may be drawn, and up to which number each is.
    private let drawable: [String]
    private let bounds: [Double]
    private let stealerLogs: [String]

    /// What is known of one address.
    struct Facts: Sendable, Equatable {
        /// Names of breaches.
        var breaches: [String] = []
        var pastes: [Paste] = []
        /// Domains of websites at which the address was typed on an infected machine; sorted.
        var websites: [String] = []

        static let none = Facts()
        var isEmpty: Bool { breaches.isEmpty && pastes.isEmpty && websites.isEmpty }
    }

    struct Paste: Encodable, Sendable, Equatable {
        var source: String
        var id: String
        var title: String?
        var date: String?
        var emailCount: Int

        enum CodingKeys: String, CodingKey {
            case source = "Source", id = "Id", title = "Title", date = "Date", emailCount = "EmailCount"
        }
    }

    init(seed: UInt64, share: Double, catalogue: BreachCatalogue) {
        self.seed = seed
        self.share = share
        let candidates = catalogue.breaches.filter { !$0.isRetired && !$0.isStealerLog }
        drawable = candidates.map(\.name)
        stealerLogs = catalogue.breaches.filter(\.isStealerLog).map(\.name)
        var sum = 0.0
        // The square root keeps the largest from being in everybody's list.
        bounds = candidates.map { breach in
            sum += Double(breach.pwnCount).squareRoot()
            return sum
        }
    }

    /// - Parameter address: lower-cased.
    func facts(of address: String) -> Facts {
        var numbers = SeededNumbers(seed: seed, text: address)
        guard numbers.unit() < share, let total = bounds.last else { return .none }
        var facts = Facts()
        let count = Self.count(numbers.unit())
        var chosen: Set<Int> = []
        while chosen.count < count { chosen.insert(drawn(numbers.unit() * total)) }
        facts.breaches = chosen.sorted().map { drawable[$0] }
        // One in eight exposed people had malware on a machine.
        if numbers.unit() < 0.125, !stealerLogs.isEmpty {
            facts.breaches.append(stealerLogs[numbers.below(stealerLogs.count)])
            facts.websites = Self.websites(of: address, &numbers)
        }
        if numbers.unit() < 0.1 {
            let id = String(numbers.next(), radix: 36)
            facts.pastes = [Paste(source: "Pastebin", id: id, title: nil, date: "2021-05-04T10:11:12Z", emailCount: 20 + numbers.below(500))]
        }
        return facts
    }

    /// How many breaches somebody who is exposed is in.
    private static func count(_ unit: Double) -> Int {
        switch unit {
        case ..<0.36: 1
        case ..<0.62: 2
        case ..<0.80: 3
        case ..<0.90: 4
        case ..<0.96: 5
        default: 6
        }
    }

    /// The first breach whose bound is above a number.
    private func drawn(_ number: Double) -> Int {
        var low = 0
        var high = bounds.count - 1
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] > number { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static let sites = [
        "accounts.social.example", "billing.cloud.example", "chat.example.org", "code.example.net", "crm.example.com", "git.example.net",
        "id.streaming.example", "login.bank.example", "login.travel.example", "mail.example.net", "portal.insurance.example",
        "shop.example.org", "sso.example.com", "store.games.example", "vpn.example.com", "webmail.example.org",
    ]

    private static func websites(of address: String, _ numbers: inout SeededNumbers) -> [String] {
        var chosen: Set<String> = []
        let count = 1 + numbers.below(4)
        while chosen.count < count { chosen.insert(sites[numbers.below(sites.count)]) }
        // Sometimes something of the employer's own.
        if numbers.unit() < 0.4, let domain = address.split(separator: "@").last { chosen.insert("vpn.\(domain)") }
        return chosen.sorted()
    }
}

/// Numbers that follow from a seed and a text: FNV-1a, then SplitMix64.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64, text: String) {
        var hash = 0xcbf2_9ce4_8422_2325 ^ seed
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        state = hash
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// 0 ≤ x < 1.
    mutating func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }

    /// 0 ≤ x < bound.
    mutating func below(_ bound: Int) -> Int { Int(unit() * Double(bound)) }
}
