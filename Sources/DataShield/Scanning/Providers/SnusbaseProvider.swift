import Foundation
import HTTPTypes
import JSON

/// Snusbase, its current API.
package struct SnusbaseProvider: BreachProvider {
    package static let id = ApiProvider.snusbase
    package static let origin = URL(staticString: "https://api.snusbase.com")
    /// It limits twelve hours and not the minute: one a second is polite, and each answer says what is left.
    package static let usualRequestsPerMinute = 60

    private let access: ProviderAccess

    package init(_ access: ProviderAccess) { self.access = access }

    /// Asks for the owner of an address of the documentation, which has a limit of its own and costs no search.
    package func account() async throws -> ProviderAccount {
        struct Body: Encodable {
            var terms = ["192.0.2.1"]
        }
        _ = try await call("tools/ip-whois", Body()).json().required("results")
        return ProviderAccount()
    }

    package func lookUp(_ address: EmailAddress) async throws -> LookUp {
        let page = try await search(address.text, "email")
        let findings = page.rows(of: Self.id) { $0 == address }.findings[address] ?? []
        var unread = page.unread
        // What was found by the address is about it, whether or not it says so.
        if page.unaddressed > 0 { unread.add("the column email of a row is missing") }
        let errors = "the service reported errors beside \(findings.isEmpty ? "an empty result" : "its results")"
        return try LookUp(findings, of: Self.id, missing: page.hasErrors ? errors : page.missing, unread: unread)
    }

    package func lookUp(domain: String) async throws -> DomainLookUp {
        let page = try await search(domain, "_domain")
        if page.hasErrors { throw ProviderFailure.incomplete("the service reported errors beside its results") }
        if let missing = page.missing ?? page.unread.words { throw ProviderFailure.incomplete(missing) }
        return DomainLookUp(page.rows(of: Self.id) { $0.domain == domain }.findings)
    }

    private func search(_ term: String, _ type: String) async throws -> SnusbaseWire.Page {
        struct Body: Encodable {
            var terms: [String]
            var types: [String]
        }
        let answer = try await call("data/search", Body(terms: [term], types: [type]))
        if let left = answer.number("X-Rate-Limit-Remaining") { access.allowance.note(left: left, resetsAt: reset(answer)) }
        return try SnusbaseWire.page(answer.bytes)
    }

    private func reset(_ answer: ProviderAnswer) -> Date? {
        answer.number("X-Rate-Limit-Reset").map { access.now().addingTimeInterval(TimeInterval($0)) }
    }

    private func call(_ path: String, _ body: some Encodable) async throws -> ProviderAnswer {
        var headers: HTTPFields = [:]
        if let name = HTTPField.Name("Auth") { headers[name] = access.key }
        // There are no pages: a domain comes whole.
        let call = try ProviderCall.post(path, headers: headers, body: body, timeout: access.timeout * 3)
        return try await access.call(call) { answer in
            guard answer.status == 429 else { return answer.usualFailure(now: access.now()) }
            guard let seconds = answer.number("X-Rate-Limit-Reset") else { return answer.usualFailure(now: access.now()) }
            if seconds <= Self.longestWait { return .rateLimited(retryAfter: .seconds(seconds)) }
            access.allowance.note(left: 0, resetsAt: reset(answer))
            return .quota
        }
    }

    /// The service says 429 for both: a few seconds are a pause, hours are a quota that is used up.
    private static let longestWait = 300
}

/// What Snusbase writes.
enum SnusbaseWire {
    struct Page: Sendable {
        fileprivate var found: [(address: EmailAddress, row: LeakedRow)]
        var unread = UnreadRows()
        /// Rows that do not say whose they are.
        var unaddressed = 0
        /// What is missing of the rows, if anything is.
        var missing: String?
        /// It said that something went wrong, and maybe showed a part.
        var hasErrors: Bool

        func rows(of provider: ApiProvider, _ isAsked: (EmailAddress) -> Bool) -> LeakedRows {
            var rows = LeakedRows(provider: provider)
            for (address, row) in found where isAsked(address) { rows.add(row, of: address) }
            return rows
        }
    }

    /// Columns that say where a row is and not what was exposed.
    private static let notData: Set = ["db", "_domain", "table"]

    static func page(_ bytes: [UInt8]) throws(ProviderFailure) -> Page {
        let value = try JSONValue.answer(bytes)
        var unread = UnreadRows()
        var tables: [(name: String?, rows: [JSONValue])] = []
        switch try value.required("results") {
        case .object(let members):
            for (name, rows) in members {
                switch rows {
                case .array(let rows): tables.append((name, rows))
                case .object: tables.append((name, [rows]))
                case .null, .bool, .integer, .number, .string: unread.add("results of a table is \(rows.kind), not a list")
                }
            }
        case .array(let rows): tables.append((nil, rows))
        case let other: throw .malformed("results is \(other.kind), neither an object nor a list")
        }
        let count = tables.reduce(0) { $0 + $1.rows.count }
        // Rows that are there are there, whatever is said of their number.
        let size = count == 0 && unread.count == 0 ? try value.requiredNumber("size") : value["size"]?.wholeNumber
        if let size, size > 0, count == 0, unread.count == 0 { throw .malformed("results is empty and size is not") }
        var found: [(EmailAddress, LeakedRow)] = []
        var unaddressed = 0
        var read = 0
        for table in tables {
            for row in table.rows {
                guard case .object(let members) = row else {
                    unread.add("a row of results is \(row.kind), not an object")
                    continue
                }
                read += 1
                let texts = members["email"]?.texts ?? []
                if texts.isEmpty { unaddressed += 1 }
                for text in texts {
                    // try?: what is no address is nobody's of ours.
                    guard let address = try? EmailAddress(text) else { continue }
                    found.append((address, leakedRow(members, table: table.name ?? members["db"]?.name ?? members["table"]?.name)))
                }
            }
        }
        try unread.refuse(whenEmpty: read == 0)
        let missing = size.flatMap { $0 > count + unread.count ? "\(count) of \($0) rows came" : nil }
        if count > 0, tables.allSatisfy({ $0.rows.allSatisfy { $0["email"] == nil } }) { throw .malformed("results has no column email") }
        return Page(found: found, unread: unread, unaddressed: unaddressed, missing: missing, hasErrors: value["errors"]?.holdsSomething ?? false)
    }

    private static func leakedRow(_ members: [String: JSONValue], table: String?) -> LeakedRow {
        let fields = members.filter { !notData.contains($0.key) && $0.value.holdsSomething }.keys
        return LeakedRow(
            source: table.map { PlainText.oneLine($0) } ?? LeakedRow.unnamed(.snusbase), fields: fields,
            sites: ["host", "url"].flatMap { members[$0]?.texts ?? [] })
    }
}
