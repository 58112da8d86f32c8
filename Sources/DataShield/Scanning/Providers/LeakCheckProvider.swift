import Foundation
import HTTPTypes
import JSON

/// LeakCheck, Pro API v2.
package struct LeakCheckProvider: BreachProvider {
    package static let id = ApiProvider.leakcheck
    package static let origin = URL(staticString: "https://leakcheck.io")
    /// Three a second.
    package static let usualRequestsPerMinute = 180
    /// There is no call that tells about the key and counts for nothing.
    package static let isTrialFree = false

    private static let keyHeader = HTTPField.Name("X-API-Key")

    private let access: ProviderAccess
    private let limits: Limits

    /// How much of a query can be fetched.
    struct Limits: Sendable {
        var rows = 1_000
        var offset = 2_500
    }

    package init(_ access: ProviderAccess) { self.init(access, limits: Limits()) }

    init(_ access: ProviderAccess, limits: Limits) {
        self.access = access
        self.limits = limits
    }

    /// Asks about an address of nobody, which costs one query and says how many are left.
    package func account() async throws -> ProviderAccount {
        let answer = try await call("nobody@example.com", "email", offset: 0, limit: 1)
        let page = try LeakCheckWire.page(answer.bytes)
        return ProviderAccount(quotaLeft: page.quota)
    }

    package func lookUp(_ address: EmailAddress) async throws -> LookUp {
        let found = try await query(address.text, "email") { $0 == address }
        var unread = found.unread
        // What was found by the address is about it, whether or not it says so.
        if found.unaddressed > 0 { unread.add("result[].email is missing") }
        return try LookUp(found.rows.findings[address] ?? [], of: Self.id, missing: found.missing, unread: unread)
    }

    package func lookUp(domain: String) async throws -> DomainLookUp {
        let found = try await query(domain, "domain") { $0.domain == domain }
        if let missing = found.missing ?? found.unread.words { throw ProviderFailure.incomplete(missing) }
        return DomainLookUp(found.rows.findings)
    }

    /// What a query found.
    private struct Found {
        var rows = LeakedRows(provider: LeakCheckProvider.id)
        var unread = UnreadRows()
        /// Rows that do not say whose they are.
        var unaddressed = 0
        /// What is missing of the rows, if anything is.
        var missing: String?
    }

    /// Gets all pages of a query, as far as they can be reached.
    private func query(_ value: String, _ type: String, _ isAsked: (EmailAddress) -> Bool) async throws -> Found {
        var found = Found()
        var offset = 0
        while true {
            // The last page begins where the largest offset is, so that the one before ends there.
            let limit = offset < limits.offset ? min(limits.rows, limits.offset - offset) : limits.rows
            let page = try LeakCheckWire.page(try await call(value, type, offset: offset, limit: limit).bytes)
            access.allowance.note(left: page.quota)
            for row in page.rows {
                if row.addresses.isEmpty, !row.saysWhose { found.unaddressed += 1 }
                for address in row.addresses where isAsked(address) { found.rows.add(row.row, of: address) }
            }
            found.unread.add(page.unread)
            let rows = page.rows.count + page.unread.count
            offset += rows
            // Where it does not say how many there are, a page that is not full is the last.
            if offset >= page.found ?? (rows < limit ? offset : .max) { return found }
            let all = page.found.map { "\($0)" } ?? "all"
            guard rows > 0 else {
                found.missing = "\(offset) of \(all) rows came"
                return found
            }
            guard offset <= limits.offset else {
                found.missing = "\(offset) of \(all) rows are the most that can be fetched"
                return found
            }
        }
    }

    private func call(_ value: String, _ type: String, offset: Int, limit: Int) async throws -> ProviderAnswer {
        var headers: HTTPFields = [:]
        if let name = Self.keyHeader { headers[name] = access.key }
        let path = "api/v2/query/\(PercentEncoding.of(value))?type=\(type)&limit=\(limit)&offset=\(offset)"
        return try await access.call(.get(path, headers: headers, timeout: access.timeout)) { answer in
            let failure = LeakCheckWire.failure(answer, now: access.now())
            if failure == .quota { access.allowance.note(left: 0) }
            return failure
        }
    }
}

/// What LeakCheck writes.
enum LeakCheckWire {
    struct Page: Sendable {
        /// nil where it cannot be read, beside rows that can.
        var found: Int?
        var quota: Int?
        var rows: [Row]
        var unread = UnreadRows()
    }

    struct Row: Sendable {
        /// Of one person as a rule.
        var addresses: [EmailAddress]
        /// Whether it names somebody, by whatever text.
        var saysWhose: Bool
        var row: LeakedRow
    }

    /// A bad key is a 400 as a bad query is, and a used-up quota a 403 as a plan that has ended: the text tells them apart. Also an answer
    /// of 200 may say that it is none.
    static func failure(_ answer: ProviderAnswer, now: Date) -> ProviderFailure? {
        // try?: what is not JSON is sorted by its status, and when that is 200, by whoever reads it.
        let value = try? answer.json()
        let text = value?["error"]?.text?.lowercased() ?? ""
        let isRefused = value?["success"].map { !$0.flag } ?? false
        if text.contains("x-api-key") { return .refusedKey }
        if text.contains("limit reached") { return .quota }
        if text.contains("too many requests"), answer.status < 300 { return .rateLimited(retryAfter: nil) }
        if let failure = answer.usualFailure(now: now) { return failure }
        return isRefused ? .malformed("success is false") : nil
    }

    static func page(_ bytes: [UInt8]) throws(ProviderFailure) -> Page {
        let value = try JSONValue.answer(bytes)
        // Rows that are there are there, whatever is said of their number.
        let listed = value["result"]?.items ?? []
        let found = listed.isEmpty ? try value.requiredNumber("found") : value["found"]?.wholeNumber
        let items = try value.requiredList("result")
        var page = Page(found: found, quota: value["quota"]?.wholeNumber, rows: [])
        page.rows.reserveCapacity(items.count)
        for item in items {
            guard case .object(let members) = item else {
                page.unread.add("result[] is \(item.kind), not an object")
                continue
            }
            page.rows.append(row(members))
        }
        try page.unread.refuse(whenEmpty: page.rows.isEmpty)
        if !items.isEmpty, items.allSatisfy({ $0["email"] == nil }) { throw .malformed("result[].email is missing") }
        return page
    }

    /// A row without the name of a source is an exposure all the same.
    private static func row(_ members: [String: JSONValue]) -> Row {
        let source = members["source"] ?? .null
        let name = PlainText.oneLine(source["name"]?.name ?? source.name ?? "")
        let isNamed = !name.isEmpty && name.lowercased() != "unknown"
        var fields = Set(members.filter { $0.key != "source" && $0.key != "fields" && $0.value.holdsSomething }.keys)
        fields.formUnion(members["fields"]?.texts ?? [])
        return Row(
            // try?: what is no address is nobody's of ours.
            addresses: (members["email"]?.texts ?? []).compactMap { try? EmailAddress($0) }, saysWhose: !(members["email"]?.texts ?? []).isEmpty,
            row: LeakedRow(
                source: isNamed ? name : LeakedRow.unnamed(.leakcheck), days: source["breach_date"]?.text.flatMap { BreachTable.days($0) },
                fields: fields,
                sites: ["origin", "website", "url", "domain"].flatMap { members[$0]?.texts ?? [] }))
    }
}
