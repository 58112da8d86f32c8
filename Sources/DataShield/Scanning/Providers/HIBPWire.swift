import Foundation
import Scalars

/// What Have I Been Pwned writes, read leniently: names we do not know are passed over, missing flags are false.
enum HIBPWire {
    /// The whole catalogue.
    static func catalogue(_ bytes: [UInt8]) throws(ProviderFailure) -> [BreachDraft] {
        try entries(JSONValue.answer(bytes)).map { BreachDraft(source: .hibp, isFromCatalogue: true, entry: $0) }
    }

    /// A list of breaches.
    static func entries(_ value: JSONValue) throws(ProviderFailure) -> [CatalogueEntry] {
        guard let items = value.list else { throw .malformed("not a list of breaches") }
        var entries: [CatalogueEntry] = []
        entries.reserveCapacity(items.count)
        for item in items { entries.append(try entry(item)) }
        return entries
    }

    /// A breach. With `truncateResponse` it is only a name.
    static func entry(_ value: JSONValue) throws(ProviderFailure) -> CatalogueEntry {
        guard let name = value["Name"]?.text.map(PlainText.oneLine), !name.isEmpty else { throw .malformed("a breach without Name") }
        func text(_ key: String) -> String? {
            guard let text = value[key]?.text, !text.isEmpty else { return nil }
            return text.swapping("\0", for: "")
        }
        func flag(_ key: String) -> Bool { value[key]?.flag ?? false }
        return CatalogueEntry(
            name: String(name.beginning(200)), title: PlainText.oneLine(text("Title") ?? ""), domain: text("Domain"),
            breachDate: BreachDate.day(text("BreachDate")), addedAt: BreachDate.parse(text("AddedDate")), description: text("Description"),
            dataTypes: DataType.normalise(all: value["DataClasses"]?.list?.compactMap(\.text) ?? []), pwnCount: value["PwnCount"]?.wholeNumber,
            isVerified: flag("IsVerified"), isFabricated: flag("IsFabricated"), isSensitive: flag("IsSensitive"), isRetired: flag("IsRetired"),
            isSpamList: flag("IsSpamList"), isMalware: flag("IsMalware"), isStealerLog: flag("IsStealerLog"), logoPath: text("LogoPath"))
    }

    /// Names of breaches by alias.
    static func domain(_ bytes: [UInt8], _ domain: String) throws(ProviderFailure) -> [EmailAddress: [String]] {
        guard case .object(let members) = try JSONValue.answer(bytes) else { throw .malformed("not an object of aliases") }
        var names: [EmailAddress: [String]] = [:]
        names.reserveCapacity(members.count)
        for (alias, value) in members {
            guard let list = value.list else { throw .malformed("an alias without a list of breaches") }
            var breaches: [String] = []
            for item in list {
                guard let name = item.text else { throw .malformed("a breach of an alias that is not a name") }
                breaches.append(name)
            }
            // try?: an alias that makes no address is nobody's of ours.
            guard let address = try? EmailAddress("\(alias)@\(domain)") else { continue }
            names[address, default: []] += breaches
        }
        return names
    }

    /// The newest of a catalogue: by it one knows whether there is anything new.
    static func marker(_ entries: [CatalogueEntry]) -> String? {
        let newest = entries.max { left, right in
            (left.addedAt ?? .distantPast, left.name) < (right.addedAt ?? .distantPast, right.name)
        }
        return newest.map(marker)
    }

    static func marker(_ entry: CatalogueEntry) -> String { "\(entry.addedAt.map(Timestamp.text) ?? "")|\(entry.name)" }

    static func account(_ bytes: [UInt8]) throws(ProviderFailure) -> ProviderAccount {
        let value = try JSONValue.answer(bytes)
        guard let rate = value["Rpm"]?.wholeNumber, rate > 0 else { throw .malformed("a subscription without Rpm") }
        return ProviderAccount(plan: value["SubscriptionName"]?.text.map(PlainText.oneLine), requestsPerMinute: rate)
    }

    /// Sites at which an address was typed.
    static func sites(_ value: JSONValue) throws(ProviderFailure) -> [String] {
        guard let items = value.list else { throw .malformed("not a list of websites") }
        var sites: [String] = []
        for item in items {
            guard let site = item.text else { throw .malformed("a website that is not a name") }
            sites.append(site)
        }
        return sites
    }

    static func domains(_ bytes: [UInt8]) throws(ProviderFailure) -> Set<String> {
        guard let items = try JSONValue.answer(bytes).list else { throw .malformed("not a list of domains") }
        var domains: Set<String> = []
        for item in items { domains.insert(try item.requiredText("DomainName").lowercased()) }
        return domains
    }
}
