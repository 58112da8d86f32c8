import Foundation
import HTTPTypes
import JSON
import Scalars

/// DeHashed, API v2.
///
/// Each page costs a credit, so that pages are as large as the service makes them.
package struct DehashedProvider: BreachProvider {
    package static let id = ApiProvider.dehashed
    package static let origin = URL(staticString: "https://api.dehashed.com")
    /// Four a second: ten are documented, and more than five were seen to end in a ban.
    package static let usualRequestsPerMinute = 240

    private static let keyHeader = HTTPField.Name("Dehashed-Api-Key")

    private let access: ProviderAccess
    private let pageSize: Int
    /// `page × size` that the service lets through.
    private let reachable: Int

    package init(_ access: ProviderAccess) { self.init(access, pageSize: 10_000, reachable: 50_000) }

    init(_ access: ProviderAccess, pageSize: Int, reachable: Int) {
        self.access = access
        self.pageSize = pageSize
        self.reachable = reachable
    }

    /// Asks for a password's hash, which is free. What is left of the credits is only said with a search, which is not.
    package func account() async throws -> ProviderAccount {
        struct Body: Encodable {
            // Of the empty text: nobody's password.
            var hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

            enum CodingKeys: String, CodingKey {
                case hash = "sha256_hashed_password"
            }
        }
        let answer = try await call("v2/search-password", Body(), timeout: access.timeout)
        _ = try answer.json().requiredNumber("results_found")
        return ProviderAccount()
    }

    package func lookUp(_ address: EmailAddress) async throws -> LookUp {
        let phrase = address.text.escaping("\\", "\"")
        let found = try await search("email:\"\(phrase)\"") { $0 == address }
        var unread = found.unread
        // What was found by the address is about it, whether or not it says so.
        if found.unaddressed > 0 { unread.add("entries[].email is missing") }
        return try LookUp(found.rows.findings[address] ?? [], of: Self.id, missing: found.missing, unread: unread)
    }

    package func lookUp(domain: String) async throws -> DomainLookUp {
        // Quotes are refused for this field; of the letters of a domain only the hyphen has a meaning.
        let found = try await search("domain:\(domain.escaping("-"))") { $0.domain == domain }
        if let missing = found.missing ?? found.unread.words { throw ProviderFailure.incomplete(missing) }
        return DomainLookUp(found.rows.findings)
    }

    // MARK: Pages

    private struct Search: Encodable {
        var query: String
        var page: Int
        var size: Int
    }

    /// What a search found.
    private struct Found {
        var rows = LeakedRows(provider: DehashedProvider.id)
        var unread = UnreadRows()
        /// Rows that do not say whose they are.
        var unaddressed = 0
        /// What is missing of the rows, if anything is.
        var missing: String?
    }

    /// Gets all pages of a search.
    /// - Parameter isAsked: whose rows are taken; a search brings others with it.
    private func search(_ query: String, _ isAsked: (EmailAddress) -> Bool) async throws -> Found {
        var restarts = 0
        while true {
            do {
                return try await pages(query, isAsked)
            } catch is LostPlace {
                // The service has forgotten where we were: it does after ten minutes.
                restarts += 1
                guard restarts < 3 else { throw ProviderFailure.unavailable(status: 400) }
            }
        }
    }

    private func pages(_ query: String, _ isAsked: (EmailAddress) -> Bool) async throws -> Found {
        var found = Found()
        func ended(_ missing: String?) -> Found {
            var end = found
            end.missing = missing
            return end
        }
        var seen: Set<String> = []
        var received = 0
        var page = 1
        while true {
            guard page * pageSize <= reachable else { return ended("\(received) rows are the most that can be fetched of a search") }
            let answer: ProviderAnswer
            do {
                answer = try await call("v2/search", Search(query: query, page: page, size: pageSize), timeout: access.timeout * 3)
            } catch is PaginationLimit {
                return ended("\(received) rows are the most that can be fetched of a search")
            }
            let content = try DehashedWire.page(answer.bytes, after: received)
            access.allowance.note(left: content.balance)
            for entry in content.entries where seen.insert(entry.id).inserted {
                if entry.addresses.isEmpty, !entry.saysWhose { found.unaddressed += 1 }
                for address in entry.addresses where isAsked(address) { found.rows.add(entry.row, of: address) }
            }
            found.unread.add(content.unread)
            let rows = content.entries.count + content.unread.count
            received += rows
            // Where it does not say how many there are, a page that is not full is the last.
            if received >= content.total ?? (rows < pageSize ? received : .max) { return ended(nil) }
            guard rows > 0 else { return ended("\(received) of \(content.total.map { "\($0)" } ?? "all") rows came") }
            page += 1
        }
    }

    // MARK: Calls

    private struct LostPlace: Error {}
    private struct PaginationLimit: Error {}

    private func call(_ path: String, _ body: some Encodable, timeout: Duration) async throws -> ProviderAnswer {
        var headers: HTTPFields = [:]
        if let name = Self.keyHeader { headers[name] = access.key }
        let call = try ProviderCall.post(path, headers: headers, body: body, timeout: timeout)
        return try await access.call(call) { answer in try meaning(answer) }
    }

    /// Many statuses mean several things here, and the text tells which.
    private func meaning(_ answer: ProviderAnswer) throws -> ProviderFailure? {
        // try?: an error without a text is sorted by its status.
        let text = (try? answer.json())?["error"]?.text?.lowercased() ?? ""
        switch answer.status {
        case 400 where text.contains("authentication"): return .refusedKey
        case 400 where text.contains("deep pagination"), 500 where text.contains("pagination state"): throw LostPlace()
        case 400 where text.contains("pagination limit"): throw PaginationLimit()
        // The key is good, and the account has no subscription.
        case 401: return .notPermitted
        case 403 where text.contains("credit"):
            access.allowance.note(left: 0)
            return .quota
        case 429:
            guard case .rateLimited(nil) = answer.usualFailure(now: access.now()) else { return answer.usualFailure(now: access.now()) }
            // Its pages have this header; whether its API has it is not documented.
            return .rateLimited(retryAfter: answer.number("X-Ratelimit-Reset").map { .seconds(min($0, 900)) })
        default: return answer.usualFailure(now: access.now())
        }
    }
}

/// What DeHashed writes.
enum DehashedWire {
    struct Page: Sendable {
        var balance: Int?
        /// nil where it cannot be read, beside rows that can.
        var total: Int?
        var entries: [Entry]
        var unread = UnreadRows()
    }

    struct Entry: Sendable {
        var id: String
        var addresses: [EmailAddress]
        /// Whether it names somebody, by whatever text.
        var saysWhose: Bool
        var row: LeakedRow
    }

    /// What an entry has besides its data.
    private static let notData: Set = ["id", "database_name", "obtained_from", "raw_record"]

    /// - Parameter place: how many rows came before.
    static func page(_ bytes: [UInt8], after place: Int = 0) throws(ProviderFailure) -> Page {
        let value = try JSONValue.answer(bytes)
        var items: [JSONValue] = []
        switch value["entries"] {
        case .array(let list): items = list
        case .object(let one): items = [.object(one)]
        case nil, .null: break
        case .some(let other): throw .malformed("entries is \(other.kind), not a list")
        }
        // Rows that are there are there, whatever is said of their number.
        let total = items.isEmpty ? try value.requiredNumber("total") : value["total"]?.wholeNumber
        // This is how it says that there are none; a search that has some and does not show them is another matter.
        if value["entries"] == nil || value["entries"] == .null, let total, total > 0 { throw .malformed("entries is missing") }
        var page = Page(balance: value["balance"]?.wholeNumber, total: total, entries: [])
        page.entries.reserveCapacity(items.count)
        for (index, item) in items.enumerated() {
            guard case .object(let members) = item else {
                page.unread.add("entries[] is \(item.kind), not an object")
                continue
            }
            page.entries.append(entry(members, at: place + index))
        }
        try page.unread.refuse(whenEmpty: page.entries.isEmpty)
        if !items.isEmpty, items.allSatisfy({ $0["email"] == nil }) { throw .malformed("entries[].email is missing") }
        return page
    }

    /// An entry without the name of a leak is an exposure all the same.
    private static func entry(_ members: [String: JSONValue], at index: Int) -> Entry {
        let source = (members["database_name"]?.name ?? members["obtained_from"]?.name).map(PlainText.oneLine) ?? ""
        let fields = members.filter { !notData.contains($0.key) && $0.value.holdsSomething }.keys
        let id = members["id"]?.text ?? members["id"]?.wholeNumber.map(String.init) ?? ""
        return Entry(
            // One without an identity is one of its own, and one id does not make one of two leaks.
            id: id.isEmpty ? "\u{0}\(index)" : "\(id)\u{0}\(source)",
            // try?: what is no address is nobody's of ours.
            addresses: (members["email"]?.texts ?? []).compactMap { try? EmailAddress($0) },
            saysWhose: !(members["email"]?.texts ?? []).isEmpty,
            row: LeakedRow(
                source: source.isEmpty ? LeakedRow.unnamed(.dehashed) : source, fields: fields, sites: members["url"]?.texts ?? []))
    }
}
