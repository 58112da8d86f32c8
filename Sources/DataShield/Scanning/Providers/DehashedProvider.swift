import Foundation
import HTTPTypes
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
        let (rows, missing) = try await search("email:\"\(phrase)\"") { $0 == address }
        return LookUp(rows.findings[address] ?? [], warning: missing.map { "DeHashed: \($0)" })
    }

    package func lookUp(domain: String) async throws -> DomainLookUp {
        // Quotes are refused for this field; of the letters of a domain only the hyphen has a meaning.
        let (rows, missing) = try await search("domain:\(domain.escaping("-"))") { $0.domain == domain }
        if let missing { throw ProviderFailure.incomplete(missing) }
        return DomainLookUp(rows.findings)
    }

    // MARK: Pages

    private struct Search: Encodable {
        var query: String
        var page: Int
        var size: Int
    }

    /// Gets all pages of a search.
    /// - Parameter isAsked: whose rows are taken; a search brings others with it.
    /// - Returns: the rows, and what is missing of them, if anything is.
    private func search(_ query: String, _ isAsked: (EmailAddress) -> Bool) async throws -> (LeakedRows, missing: String?) {
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

    private func pages(_ query: String, _ isAsked: (EmailAddress) -> Bool) async throws -> (LeakedRows, missing: String?) {
        var rows = LeakedRows(provider: Self.id)
        var seen: Set<String> = []
        var received = 0
        var page = 1
        while true {
            guard page * pageSize <= reachable else { return (rows, "\(received) rows are the most that can be fetched of a search") }
            let answer: ProviderAnswer
            do {
                answer = try await call("v2/search", Search(query: query, page: page, size: pageSize), timeout: access.timeout * 3)
            } catch is PaginationLimit {
                return (rows, "\(received) rows are the most that can be fetched of a search")
            }
            let content = try DehashedWire.page(answer.bytes)
            access.allowance.note(left: content.balance)
            for entry in content.entries where seen.insert(entry.id).inserted {
                for address in entry.addresses where isAsked(address) { rows.add(entry.row, of: address) }
            }
            received += content.entries.count
            if received >= content.total { return (rows, nil) }
            guard !content.entries.isEmpty else { return (rows, "\(received) of \(content.total) rows came") }
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
        var total: Int
        var entries: [Entry]
    }

    struct Entry: Sendable {
        var id: String
        var addresses: [EmailAddress]
        var row: LeakedRow
    }

    /// What an entry has besides its data.
    private static let notData: Set = ["id", "database_name", "obtained_from", "raw_record"]

    static func page(_ bytes: [UInt8]) throws(ProviderFailure) -> Page {
        let value = try JSONValue.answer(bytes)
        let total = try value.requiredNumber("total")
        var items: [JSONValue] = []
        switch value["entries"] {
        case .array(let list): items = list
        // This is how it says that there are none; a search that has some and does not show them is another matter.
        case nil where total > 0: throw .malformed("entries is missing")
        case nil, .null: break
        case .some(let other): throw .malformed("entries is \(other.kind), not a list")
        }
        var entries: [Entry] = []
        entries.reserveCapacity(items.count)
        for (index, item) in items.enumerated() { entries.append(try entry(item, at: index)) }
        if !items.isEmpty, items.allSatisfy({ $0["email"] == nil }) { throw .malformed("entries[].email is missing") }
        return Page(balance: value["balance"]?.wholeNumber, total: total, entries: entries)
    }

    private static func entry(_ value: JSONValue, at index: Int) throws(ProviderFailure) -> Entry {
        guard case .object(let members) = value else { throw .malformed("entries[] is \(value.kind), not an object") }
        guard let name = members["database_name"] ?? members["obtained_from"] else { throw .malformed("entries[].database_name is missing") }
        let source = name.text.map(PlainText.oneLine) ?? ""
        let fields = members.filter { !notData.contains($0.key) && $0.value.holdsSomething }.keys
        return Entry(
            // One without an identity is one of its own.
            id: members["id"]?.text ?? members["id"]?.wholeNumber.map(String.init) ?? "\u{0}\(index)",
            // try?: what is no address is nobody's of ours.
            addresses: (members["email"]?.texts ?? []).compactMap { try? EmailAddress($0) },
            row: LeakedRow(
                source: source.isEmpty ? LeakedRow.unnamed(.dehashed) : source, fields: fields, sites: members["url"]?.texts ?? []))
    }
}
