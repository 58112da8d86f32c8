import Foundation
import JSON
import Scalars

/// What Have I Been Pwned writes, read leniently: names we do not know are passed over, missing flags are false.
enum HIBPWire {
    /// The whole catalogue, but for what cannot be read of it.
    static func catalogue(_ bytes: [UInt8]) throws(ProviderFailure) -> (read: [BreachDraft], unread: UnreadRows) {
        let (read, unread) = try entries(JSONValue.answer(bytes))
        return (read.map { BreachDraft(source: .hibp, isFromCatalogue: true, entry: $0) }, unread)
    }

    /// A list of breaches. One that cannot be read is left out, unless none can.
    static func entries(_ value: JSONValue) throws(ProviderFailure) -> (read: [CatalogueEntry], unread: UnreadRows) {
        guard let items = value.items else { throw .malformed("not a list of breaches") }
        var entries: [CatalogueEntry] = []
        var unread = UnreadRows()
        entries.reserveCapacity(items.count)
        for item in items {
            do {
                entries.append(try entry(item))
            } catch {
                unread.add("a breach without Name")
            }
        }
        try unread.refuse(whenEmpty: entries.isEmpty)
        return (entries, unread)
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
            dataTypes: DataType.normalise(all: value["DataClasses"]?.items?.compactMap(\.text) ?? []), pwnCount: value["PwnCount"]?.wholeNumber,
            isVerified: flag("IsVerified"), isFabricated: flag("IsFabricated"), isSensitive: flag("IsSensitive"), isRetired: flag("IsRetired"),
            isSpamList: flag("IsSpamList"), isMalware: flag("IsMalware"), isStealerLog: flag("IsStealerLog"), logoPath: text("LogoPath"))
    }

    /// An answer about a domain.
    struct Domain: Sendable, Hashable {
        /// Names of breaches by alias.
        var names: [EmailAddress: [String]] = [:]
        /// Whose names cannot all be read: they are asked about one by one.
        var toAsk: Set<EmailAddress> = []
    }

    static func domain(_ bytes: [UInt8], _ domain: String) throws(ProviderFailure) -> Domain {
        guard case .object(let members) = try JSONValue.answer(bytes) else { throw .malformed("not an object of aliases") }
        var answer = Domain()
        var unread = UnreadRows()
        answer.names.reserveCapacity(members.count)
        for (alias, value) in members {
            let breaches = value.texts
            let count = value.items?.count ?? (value.text == nil ? 0 : 1)
            let isRead = breaches.count == count && (value.items != nil || value.text != nil)
            if !isRead { unread.add("an alias without a list of the names of breaches") }
            // try?: an alias that makes no address is nobody's of ours.
            guard let address = try? EmailAddress("\(alias)@\(domain)") else { continue }
            if isRead { answer.names[address, default: []] += breaches } else { answer.toAsk.insert(address) }
        }
        try unread.refuse(whenEmpty: unread.count == members.count)
        // What was read of somebody who is asked about comes again with the answer.
        for address in answer.toAsk { answer.names[address] = nil }
        return answer
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
        // An answer that has it is one of a subscription. What cannot be read is not known, and the usual pace holds.
        guard let rate = value["Rpm"] else { throw .malformed("a subscription without Rpm") }
        return ProviderAccount(
            plan: value["SubscriptionName"]?.name.map(PlainText.oneLine), requestsPerMinute: rate.wholeNumber.flatMap { $0 > 0 ? $0 : nil })
    }

    /// Sites at which an address was typed.
    static func sites(_ value: JSONValue) throws(ProviderFailure) -> (read: [String], unread: UnreadRows) {
        guard let items = value.items else { throw .malformed("not a list of websites") }
        var sites: [String] = []
        var unread = UnreadRows()
        for item in items {
            if let site = item.text { sites.append(site) } else { unread.add("a website that is not a name") }
        }
        try unread.refuse(whenEmpty: sites.isEmpty)
        return (sites, unread)
    }

    static func domains(_ bytes: [UInt8]) throws(ProviderFailure) -> Set<String> {
        guard let items = try JSONValue.answer(bytes).items else { throw .malformed("not a list of domains") }
        var domains: Set<String> = []
        var unread = UnreadRows()
        for item in items {
            if let name = item["DomainName"]?.text { domains.insert(name.lowercased()) } else { unread.add("DomainName is missing") }
        }
        try unread.refuse(whenEmpty: domains.isEmpty)
        return domains
    }
}
