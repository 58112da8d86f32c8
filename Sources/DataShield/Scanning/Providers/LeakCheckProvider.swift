import Foundation
import HTTPTypes

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
        let (rows, missing) = try await query(address.text, "email") { $0 == address }
        return LookUp(rows.findings[address] ?? [], warning: missing.map { "LeakCheck: \($0)" })
    }

    package func lookUp(domain: String) async throws -> DomainLookUp {
        let (rows, missing) = try await query(domain, "domain") { $0.domain == domain }
        if let missing { throw ProviderFailure.incomplete(missing) }
        return DomainLookUp(rows.findings)
    }

    /// Gets all pages of a query, as far as they can be reached.
    private func query(
        _ value: String, _ type: String, _ isAsked: (EmailAddress) -> Bool
    ) async throws -> (LeakedRows, missing: String?) {
        var rows = LeakedRows(provider: Self.id)
        var offset = 0
        while true {
            // The last page begins where the largest offset is, so that the one before ends there.
            let limit = offset < limits.offset ? min(limits.rows, limits.offset - offset) : limits.rows
            let page = try LeakCheckWire.page(try await call(value, type, offset: offset, limit: limit).bytes)
            access.allowance.note(left: page.quota)
            for row in page.rows {
                if let address = row.address, isAsked(address) { rows.add(row.row, of: address) }
            }
            offset += page.rows.count
            if offset >= page.found { return (rows, nil) }
            guard !page.rows.isEmpty else { return (rows, "\(offset) of \(page.found) rows came") }
            guard offset <= limits.offset else { return (rows, "\(offset) of \(page.found) rows are the most that can be fetched") }
        }
    }

    private func call(_ value: String, _ type: String, offset: Int, limit: Int) async throws -> ProviderAnswer {
        var headers: HTTPFields = [:]
        if let name = Self.keyHeader { headers[name] = access.key }
        let path = "api/v2/query/\(ProviderClient.escaped(value))?type=\(type)&limit=\(limit)&offset=\(offset)"
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
        var found: Int
        var quota: Int?
        var rows: [Row]
    }

    struct Row: Sendable {
        /// nil when the row has none: it is not about a person that we know.
        var address: EmailAddress?
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
        let found = try value.requiredNumber("found")
        let items = try value.requiredList("result")
        var rows: [Row] = []
        rows.reserveCapacity(items.count)
        for item in items { rows.append(try row(item)) }
        if !items.isEmpty, items.allSatisfy({ $0["email"] == nil }) { throw .malformed("result[].email is missing") }
        return Page(found: found, quota: value["quota"]?.wholeNumber, rows: rows)
    }

    private static func row(_ value: JSONValue) throws(ProviderFailure) -> Row {
        guard case .object(let members) = value else { throw .malformed("result[] is \(value.kind), not an object") }
        guard let source = members["source"] else { throw .malformed("result[].source is missing") }
        guard let text = source["name"]?.text else { throw .malformed("result[].source.name is missing") }
        let name = PlainText.oneLine(text)
        let isNamed = !name.isEmpty && name.lowercased() != "unknown"
        var fields = Set(members.filter { $0.key != "source" && $0.key != "fields" && $0.value.holdsSomething }.keys)
        fields.formUnion(members["fields"]?.texts ?? [])
        return Row(
            // try?: what is no address is nobody's of ours.
            address: members["email"]?.text.flatMap { try? EmailAddress($0) },
            row: LeakedRow(
                source: isNamed ? name : LeakedRow.unnamed(.leakcheck), days: source["breach_date"]?.text.flatMap { BreachTable.days($0) },
                fields: fields,
                sites: ["origin", "website", "url", "domain"].flatMap { members[$0]?.texts ?? [] }))
    }
}
