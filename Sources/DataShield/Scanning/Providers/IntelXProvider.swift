import Foundation
import HTTPTypes
import JSON
import Scalars

/// Intelligence X, its search API.
///
/// A search is begun, polled until it is done, and ended. It finds files, and of a file only its name, its bucket and its date are
/// taken: what is in it stays where it is.
package struct IntelXProvider: BreachProvider {
    package static let id = ApiProvider.intelx
    package static let origin = URL(staticString: "https://2.intelx.io")
    /// One a second.
    package static let usualRequestsPerMinute = 60
    /// Each is an open search, of which a key has only so many.
    package static let concurrentLookUps = 4
    package static let tellsAllowanceWhenAsked = true

    private let access: ProviderAccess
    private let bounds: Bounds

    /// Where a search that does not end is left.
    struct Bounds: Sendable {
        /// Records of each bucket.
        var records = 1_000
        var recordsInPoll = 100
        var polls = 60
        var time: Duration = .seconds(120)
        /// Before asking again for what was not there yet.
        var wait: Duration = .milliseconds(400)
        /// Addresses of a domain.
        var selectors = 10_000
    }

    package init(_ access: ProviderAccess) { self.init(access, bounds: Bounds()) }

    init(_ access: ProviderAccess, bounds: Bounds) {
        self.access = access
        self.bounds = bounds
    }

    package func account() async throws -> ProviderAccount {
        let credits = try IntelXWire.credits(try await call(.get, "authenticate/info").json())
        return ProviderAccount(quotaLeft: credits)
    }

    package func lookUp(_ address: EmailAddress) async throws -> LookUp {
        let (records, missing) = try await search("intelligent", address.text, maximum: bounds.records, field: "records")
        let items = try IntelXWire.items(records)
        return try LookUp(IntelXWire.findings(items.read), of: Self.id, missing: missing, unread: items.unread)
    }

    /// A search by domain finds files and does not say whose addresses are in them; the phone book does. Who is not in it, of them the
    /// service has nothing; the others are asked about.
    package func lookUp(domain: String) async throws -> DomainLookUp {
        let selectors: [JSONValue]
        let missing: String?
        do {
            (selectors, missing) = try await search("phonebook", domain, maximum: bounds.selectors, field: "selectors")
        } catch ProviderFailure.refusedKey {
            // The same answer as to a key that is good and whose licence has no phone book: this tells them apart.
            _ = try await account()
            throw ProviderFailure.incomplete("the licence has no phone book")
        }
        if let missing { throw ProviderFailure.incomplete(missing) }
        guard selectors.count < bounds.selectors else {
            throw ProviderFailure.incomplete("\(bounds.selectors) addresses are the most that can be fetched of a domain")
        }
        return DomainLookUp(toAsk: Set(try IntelXWire.addresses(selectors).filter { $0.domain == domain }))
    }

    // MARK: Searches

    private struct Search: Encodable {
        var term: String
        /// All that the licence covers: naming one that it does not would be refused as a whole.
        var buckets: [String] = []
        var lookuplevel = 0
        var maxresults: Int
        var timeout = 0
        var datefrom = ""
        var dateto = ""
        /// By date, the newest first: of too many results the newest are wanted.
        var sort = 4
        var media = 0
        var terminate: [String] = []
        /// Of the phone book: addresses.
        var target: Int?
    }

    /// Begins a search, gets what it finds, and ends it, however it went.
    private func search(
        _ kind: String, _ term: String, maximum: Int, field: String
    ) async throws -> (found: [JSONValue], missing: String?) {
        let body = Search(term: term, maxresults: maximum, target: kind == "phonebook" ? 2 : nil)
        let begun = try await call(.post, "\(kind)/search", body).json()
        switch try begun.requiredNumber("status") {
        case 0: break
        case 1: throw ProviderFailure.notAcceptable
        case 2:
            // Other searches have to end first.
            access.pace.pause(for: .seconds(2))
            throw ProviderFailure.rateLimited(retryAfter: .seconds(2))
        case let other: throw ProviderFailure.malformed("status is \(other), which is none of a search")
        }
        let id = try begun.requiredText("id")
        guard !id.isEmpty else { throw ProviderFailure.malformed("id is empty") }
        let result: Result<(found: [JSONValue], missing: String?), any Error>
        do { result = .success(try await poll(kind, id, maximum: maximum, field: field)) } catch { result = .failure(error) }
        await end(id)
        return try result.get()
    }

    private func poll(_ kind: String, _ id: String, maximum: Int, field: String) async throws -> (found: [JSONValue], missing: String?) {
        var found: [JSONValue] = []
        let clock = ContinuousClock()
        let deadline = clock.now + bounds.time
        for _ in 0..<bounds.polls {
            guard clock.now < deadline else { break }
            let path = "\(kind)/search/result?id=\(PercentEncoding.of(id))&limit=\(bounds.recordsInPoll)"
            let answer = try await call(.get, path).json()
            let status = try answer.requiredNumber("status")
            found += answer[field]?.items ?? []
            switch status {
            case 0, 1:
                // None may be null, and only what is there can be none.
                guard answer[field]?.items != nil || answer[field] == .null else { throw ProviderFailure.malformed("\(field) is missing") }
                if status == 1 { return (found, nil) }
            case 2: throw ProviderFailure.incomplete("the search expired before it was done")
            case 3: try await Task.sleep(for: bounds.wait)
            default: throw ProviderFailure.malformed("status is \(status), which is none of a result")
            }
        }
        guard !found.isEmpty else { throw ProviderFailure.timeout }
        return (found, "the search was left after \(found.count) results, before it was done")
    }

    /// Ends a search: one that nobody ends counts as open for a while, and only so many may be.
    private func end(_ id: String) async {
        // A task of its own, because a search that was cancelled has to be ended too.
        await Task {
            // try?: one that cannot be ended ends by itself after some minutes.
            _ = try? await call(.get, "intelligent/search/terminate?id=\(PercentEncoding.of(id))")
        }.value
    }

    // MARK: Calls

    private func call(_ method: HTTPRequest.Method, _ path: String) async throws -> ProviderAnswer {
        try await send(ProviderCall(method: method, path: path, headers: headers, body: nil, timeout: access.timeout))
    }

    private func call(_ method: HTTPRequest.Method, _ path: String, _ body: some Encodable) async throws -> ProviderAnswer {
        try await send(.post(path, headers: headers, body: body, timeout: access.timeout))
    }

    private var headers: HTTPFields {
        var headers: HTTPFields = [:]
        if let name = HTTPField.Name("x-key") { headers[name] = access.key }
        return headers
    }

    /// 401 is also the answer to a key that lacks the function: either way it is of no use.
    private func send(_ call: ProviderCall) async throws -> ProviderAnswer {
        try await access.call(call) { answer in
            let failure = answer.usualFailure(now: access.now())
            if failure == .quota { access.allowance.note(left: 0, resetsAt: Self.midnight(after: access.now())) }
            return failure
        }
    }

    /// Credits are counted by the day of UTC.
    static func midnight(after date: Date) -> Date {
        Date(timeIntervalSince1970: ((date.timeIntervalSince1970 / 86_400).rounded(.down) + 1) * 86_400)
    }
}

/// What Intelligence X writes.
enum IntelXWire {
    /// A file in which an address is.
    struct Item: Sendable, Hashable {
        var name: String
        var bucket: String
        var date: Date?
    }

    /// The searches that are left, where the answer says so: its form is not documented.
    static func credits(_ value: JSONValue) throws(ProviderFailure) -> Int? {
        guard case .object(let paths) = try value.required("paths") else { throw .malformed("paths is not an object") }
        return paths["/intelligent/search"]?["Credit"]?.wholeNumber
    }

    /// The files, each once.
    static func items(_ records: [JSONValue]) throws(ProviderFailure) -> (read: [Item], unread: UnreadRows) {
        var seen: Set<String> = []
        var items: [Item] = []
        var unread = UnreadRows()
        for record in records {
            guard let bucket = record["bucket"]?.text else {
                unread.add(record["bucket"].map { "bucket is \($0.kind), not a text" } ?? "bucket is missing")
                continue
            }
            let name = PlainText.oneLine(record["name"]?.name ?? "")
            // One id does not make one of two files.
            if let id = record["systemid"]?.name, !id.isEmpty, !seen.insert("\(id)\u{0}\(name)").inserted { continue }
            items.append(Item(name: name, bucket: bucket, date: BreachDate.parse(record["date"]?.text)))
        }
        try unread.refuse(whenEmpty: items.isEmpty)
        return (items, unread)
    }

    static func addresses(_ selectors: [JSONValue]) throws(ProviderFailure) -> [EmailAddress] {
        var addresses: [EmailAddress] = []
        for selector in selectors {
            // Who it is cannot be told: then each address is asked about.
            guard let value = selector["selectorvalue"]?.text else { throw .incomplete("selectorvalue is no text") }
            // try?: what is no address is nobody's of ours.
            if let address = try? EmailAddress(value) { addresses.append(address) }
        }
        return addresses
    }

    /// One finding for each leak and each other kind of place; what is neither (web pages, registers of domains) is no exposure.
    ///
    /// A leak has the name of its file, by which it is one with what other services report. Stealer logs, pastes and pages of the dark
    /// web are files without a name of that kind: all of a person's are one finding, with the files as evidence.
    static func findings(_ items: [Item]) -> [Finding] {
        var findings: [String: Finding] = [:]
        for item in items {
            guard let finding = finding(item) else { continue }
            let key = CanonicalKey.of(finding.breachName)
            findings[key] = findings[key].map { $0.combined(with: finding) } ?? finding
        }
        return findings.values.sorted { $0.breachName < $1.breachName }
    }

    private static func finding(_ item: Item) -> Finding? {
        func isIn(_ bucket: String) -> Bool { item.bucket == bucket || item.bucket.begins(with: "\(bucket).") }
        let name = ApiProvider.intelx.displayName
        var finding = Finding(breachName: "", dataTypes: ["email"], source: ApiProvider.intelx.source, provider: .intelx)
        if !item.name.isEmpty { finding.evidence = Evidence(items: [PlainText.oneLine(String(item.name.beginning(200)))]) }
        if isIn("leaks.logs") {
            finding.breachName = "Stealer logs (\(name))"
            finding.source = .stealerLog
            finding.capturedAt = item.date
        } else if isIn("leaks") {
            finding.breachName = leak(item.name) ?? BreachName.unnamedLeaks
        } else if isIn("pastes") {
            finding.breachName = "Pastes (\(name))"
        } else if isIn("darknet") {
            finding.breachName = "Dark web pages (\(name))"
        } else if isIn("dumpster") {
            finding.breachName = "Discarded files (\(name))"
        } else {
            return nil
        }
        return finding
    }

    /// The leak that a file is of: without folders, parts and the ending of its format.
    /// - Returns: nil when nothing is left that files of anything are not called, too, such as `passwords.txt` and `x.txt`.
    static func leak(_ file: String) -> String? {
        var name = Substring(file)
        // `Example.com.txt [Part 3 of 12]`
        if let part = name.range(of: "[Part ", options: .caseInsensitive) { name = name[..<part.lowerBound] }
        if let slash = name.unicodeScalars.lastIndex(where: { $0 == "/" || $0 == "\\" }) { name = name[name.place(behind: slash)...] }
        var text = name.trimmingCharacters(in: .whitespaces)
        for ending in [".gz", ".zip", ".rar", ".7z", ".txt", ".csv", ".sql", ".json", ".log", ".xlsx"] where text.lowercased().ends(with: ending) {
            text = String(text.unicodeScalars.dropLast(ending.unicodeScalars.count))
        }
        text = PlainText.oneLine(text)
        return DumpName.isGeneric(text) ? nil : text
    }
}
