import Foundation

/// A breach as Have I Been Pwned describes it, key by key.
package struct SandboxBreach: Codable, Sendable, Equatable {
    package var name: String
    package var title: String
    package var domain: String
    /// A day, `2013-10-04`.
    package var breachDate: String
    /// A time, `2013-12-04T00:00:00Z`.
    package var addedDate: String
    package var modifiedDate: String
    package var pwnCount: Int
    package var description: String
    package var logoPath: String
    package var dataClasses: [String]
    package var isVerified = true
    package var isFabricated = false
    package var isSensitive = false
    package var isRetired = false
    package var isSpamList = false
    package var isMalware = false
    package var isSubscriptionFree = false
    package var isStealerLog = false

    /// A breach of one's own, for tests.
    package init(
        name: String, title: String? = nil, domain: String = "", breachDate: String = "2026-01-01", addedDate: String = "2026-02-01T00:00:00Z",
        pwnCount: Int = 1000, dataClasses: [String] = ["Email addresses", "Passwords"]
    ) {
        self.name = name
        self.title = title ?? name
        self.domain = domain
        self.breachDate = breachDate
        self.addedDate = addedDate
        modifiedDate = addedDate
        self.pwnCount = pwnCount
        description = "In 2026, \(title ?? name) suffered a breach."
        logoPath = ""
        self.dataClasses = dataClasses
    }

    enum CodingKeys: String, CodingKey {
        case name = "Name", title = "Title", domain = "Domain", breachDate = "BreachDate", addedDate = "AddedDate"
        case modifiedDate = "ModifiedDate", pwnCount = "PwnCount", description = "Description", logoPath = "LogoPath"
        case dataClasses = "DataClasses", isVerified = "IsVerified", isFabricated = "IsFabricated", isSensitive = "IsSensitive"
        case isRetired = "IsRetired", isSpamList = "IsSpamList", isMalware = "IsMalware"
        case isSubscriptionFree = "IsSubscriptionFree", isStealerLog = "IsStealerLog"
    }
}

/// The catalogue of breaches, with its answers written beforehand.
struct BreachCatalogue: Sendable {
    /// Sorted by name, without regard to case, as the service lists them.
    let breaches: [SandboxBreach]
    /// Each breach as JSON.
    let full: [[UInt8]]
    /// Each breach as JSON with nothing but its name.
    let short: [[UInt8]]
    /// Each name as JSON.
    let names: [[UInt8]]
    private let indexByName: [String: Int]
    /// The one added last.
    let latest: Int
    /// The answers that need no key.
    let everything: [UInt8]
    let dataClasses: [UInt8]

    /// The catalogue that comes with the sandbox. Read once per process.
    static func bundled() throws -> BreachCatalogue { try shared.get() }

    private static let shared: Result<BreachCatalogue, any Error> = Result {
        guard let url = Bundle.module.url(forResource: "hibp-catalogue", withExtension: "json", subdirectory: "Resources") else {
            throw CocoaError(.fileNoSuchFile)
        }
        return try BreachCatalogue(try JSONDecoder().decode([SandboxBreach].self, from: Data(contentsOf: url)))
    }

    init(_ breaches: [SandboxBreach]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let sorted = breaches.sorted { $0.name.lowercased() < $1.name.lowercased() }
        self.breaches = sorted
        full = try sorted.map { Array(try encoder.encode($0)) }
        names = try sorted.map { Array(try encoder.encode($0.name)) }
        short = names.map { Array(#"{"Name":"#.utf8) + $0 + Array("}".utf8) }
        indexByName = Dictionary(sorted.enumerated().map { ($1.name.lowercased(), $0) }) { first, _ in first }
        latest = sorted.indices.max { sorted[$0].addedDate < sorted[$1].addedDate } ?? 0
        everything = full.asJSONArray()
        dataClasses = Array(try encoder.encode(Set(breaches.flatMap(\.dataClasses)).sorted()))
    }

    func index(of name: String) -> Int? { indexByName[name.lowercased()] }

    /// The same with one breach more, or with a breach replaced.
    func with(_ breach: SandboxBreach) throws -> BreachCatalogue {
        try BreachCatalogue(breaches.filter { $0.name.lowercased() != breach.name.lowercased() } + [breach])
    }
}

extension Sequence<[UInt8]> {
    /// JSON values as an array.
    func asJSONArray() -> [UInt8] {
        var bytes = [UInt8(ascii: "[")]
        for value in self {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes += value
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }
}
