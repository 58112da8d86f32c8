import CLibLDAP

/// What is looked for, and where.
package struct LDAPSearch: Sendable {
    package enum Scope: Sendable {
        /// The entry itself.
        case base
        /// The entry and all below it.
        case subtree
    }

    /// A distinguished name; the empty one is the server itself (its root DSE).
    package var base: String
    package var scope: Scope
    package var filter: LDAPFilter
    /// By name; operational attributes come only when they are named.
    package var attributes: [String]
    /// How many entries a page has (RFC 2696); nil: not in pages.
    package var pageSize: Int?
    /// Whether a server that does not know pages refuses, or lists all in one.
    package var isPagingRequired: Bool
    /// How many entries are taken at most.
    package var limit: Int

    package init(
        base: String, scope: Scope = .subtree, filter: LDAPFilter = .everything, attributes: [String], pageSize: Int? = nil,
        isPagingRequired: Bool = false, limit: Int = .max
    ) {
        self.base = base
        self.scope = scope
        self.filter = filter
        self.attributes = attributes
        self.pageSize = pageSize
        self.isPagingRequired = isPagingRequired
        self.limit = limit
    }
}

/// What a search listed.
package struct LDAPSearchEnd: Sendable, Hashable {
    package var entries = 0
    /// References to other servers, which are not followed.
    package var references = 0
}

/// Entries that came together.
struct LDAPBatch: Sendable {
    var entries: [LDAPEntry] = []
    var isLast = false
    var total = LDAPSearchEnd()
}

/// A search under way.
struct RunningSearch {
    let search: LDAPSearch
    let attributes: CStrings
    /// Whether the next page is asked for as soon as one has come.
    let readsAhead: Bool
    var names = AttributeNames()
    /// The request whose answer is awaited.
    var message: Int32 = 0
    var isAwaited = false
    var cookie: [UInt8] = []
    var emptyPages = 0
    var total = LDAPSearchEnd()

    /// A server that gives page after page with nothing in it would keep us for ever.
    static let emptyPagesLimit = 100
    /// More than a page has: a server that knows no pages sends all in one.
    static let batchLimit = 2000
    static let batchSizeLimit = 16 << 20
}

extension LDAPConnection {
    /// Lists what is found, page by page. The next page is fetched while one is taken, and no more than that.
    /// - Parameters:
    ///   - search: what and where.
    ///   - deliver: takes a page. When it throws, the connection is of no use afterwards.
    /// - Throws: ``LDAPFailure``: ``LDAPFailure/incomplete(_:)`` when the server ended the listing early; what `deliver` throws;
    ///   `CancellationError`. After a failure nothing that was delivered may count as all.
    package nonisolated func search(
        _ search: LDAPSearch, deliver: @Sendable ([LDAPEntry]) async throws -> Void
    ) async throws -> LDAPSearchEnd {
        try await timed { try await self.begin(search, readsAhead: true) }
        var batch = try await timed { try await self.receive() }
        while !batch.isLast {
            async let next = timed { try await self.receive() }
            if !batch.entries.isEmpty { try await deliver(batch.entries) }
            batch = try await next
        }
        if !batch.entries.isEmpty { try await deliver(batch.entries) }
        return batch.total
    }

    /// The first page of what is found.
    package nonisolated func firstPage(of search: LDAPSearch) async throws -> [LDAPEntry] {
        try await timed {
            try await self.begin(search, readsAhead: false)
            return try await self.receive().entries
        }
    }

    /// One entry by its name; the empty name is the server itself.
    /// - Returns: nil when there is none, or it may not be read.
    package nonisolated func entry(_ name: String, attributes: [String]) async throws -> LDAPEntry? {
        do {
            return try await firstPage(of: LDAPSearch(base: name, scope: .base, attributes: attributes)).first
        } catch LDAPFailure.refused(let result) where result.code == .noSuchObject {
            return nil
        }
    }

    private func begin(_ search: LDAPSearch, readsAhead: Bool) throws {
        guard !search.base.utf8.contains(0) else { throw LDAPFailure.invalidInput("base") }
        if let running, running.isAwaited { ldap_abandon_ext(try current().pointer, running.message, nil, nil) }
        running = nil
        var begun = RunningSearch(search: search, attributes: CStrings(search.attributes), readsAhead: readsAhead)
        try send(&begun)
        running = begun
    }

    /// Asks for the first page, or the next.
    private func send(_ running: inout RunningSearch) throws {
        let handle = try current()
        var controls: [UnsafeMutablePointer<LDAPControl>?] = [nil, nil]
        defer { if let control = controls[0] { ldap_control_free(control) } }
        if let size = running.search.pageSize {
            var cookie = running.cookie
            let isCritical: Int32 = running.search.isPagingRequired ? 1 : 0
            var control: UnsafeMutablePointer<LDAPControl>?
            let code = cookie.withUnsafeMutableBytes { buffer in
                // An empty cookie begins at the first page.
                var value = berval(bv_len: ber_len_t(buffer.count), bv_val: buffer.baseAddress?.assumingMemoryBound(to: CChar.self))
                return ldap_create_page_control(handle.pointer, ber_int_t(clamping: size), &value, isCritical, &control)
            }
            try check(code)
            controls[0] = control
        }
        let scope =
            switch running.search.scope {
            case .base: LDAP_SCOPE_BASE
            case .subtree: LDAP_SCOPE_SUBTREE
            }
        var attributes = running.attributes.pointers
        let code = ldap_search_ext(
            handle.pointer, running.search.base, Int32(scope), running.search.filter.text, &attributes, 0, &controls, nil, nil, LDAP_NO_LIMIT,
            &running.message)
        try check(code)
        running.isAwaited = true
    }

    /// Waits for entries: those of one page, or as many as are taken at once.
    private func receive() throws -> LDAPBatch {
        guard var running else { throw LDAPFailure.closed }
        do {
            if !running.isAwaited { try send(&running) }
            let batch = try receive(&running)
            self.running = batch.isLast ? nil : running
            return batch
        } catch {
            self.running = nil
            throw error
        }
    }

    private func receive(_ running: inout RunningSearch) throws -> LDAPBatch {
        let handle = try current()
        var batch = LDAPBatch()
        var size = 0
        while true {
            var message: OpaquePointer?
            let kind = ldap_result(handle.pointer, running.message, LDAP_MSG_ONE, nil, &message)
            guard kind > 0, let message else { throw failure(kind == 0 ? LDAP_TIMEOUT : handle.lastCode) }
            switch Int(kind) {
            case CLDAP_ENTRY:
                defer { ldap_msgfree(message) }
                let entry = try LDAPEntry(message, of: handle.pointer, names: &running.names)
                batch.entries.append(entry)
                size += entry.size
                running.total.entries += 1
                guard running.total.entries <= running.search.limit else { throw LDAPFailure.tooManyEntries(limit: running.search.limit) }
                if batch.entries.count >= RunningSearch.batchLimit || size >= RunningSearch.batchSizeLimit {
                    batch.total = running.total
                    return batch
                }
            case CLDAP_SEARCH_RESULT:
                running.isAwaited = false
                running.cookie = try finishPage(message, handle)
                running.emptyPages = batch.entries.isEmpty ? running.emptyPages + 1 : 0
                guard running.emptyPages <= RunningSearch.emptyPagesLimit else { throw LDAPFailure.malformed }
                batch.total = running.total
                batch.isLast = running.cookie.isEmpty
                // Before the entries are taken, so that the server is at work meanwhile.
                if !batch.isLast, running.readsAhead { try send(&running) }
                return batch
            case CLDAP_REFERENCE:
                ldap_msgfree(message)
                running.total.references += 1
            default: ldap_msgfree(message)
            }
        }
    }

    /// Reads how a page ended.
    /// - Returns: the cookie for the next page; empty when there is none.
    private func finishPage(_ message: OpaquePointer, _ handle: LDAPHandle) throws -> [UInt8] {
        var code: Int32 = 0
        var diagnostic: UnsafeMutablePointer<CChar>?
        var controls: UnsafeMutablePointer<UnsafeMutablePointer<LDAPControl>?>?
        let parsed = ldap_parse_result(handle.pointer, message, &code, nil, &diagnostic, nil, &controls, 1)
        defer {
            ldap_memfree(diagnostic)
            ldap_controls_free(controls)
        }
        guard parsed == LDAP_SUCCESS else { throw failure(parsed) }
        guard code == LDAP_SUCCESS else {
            let result = LDAPResult(LDAPResultCode(rawValue: code), diagnostic: diagnostic.map { String(cString: $0) } ?? "")
            throw result.code.isLimit ? LDAPFailure.incomplete(result) : LDAPFailure.refused(result)
        }
        guard let control = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, nil) else { return [] }
        var estimate: ber_int_t = 0
        var cookie = berval()
        defer { ber_memfree(cookie.bv_val) }
        guard ldap_parse_pageresponse_control(handle.pointer, control, &estimate, &cookie) == LDAP_SUCCESS else { throw LDAPFailure.malformed }
        return LDAPEntry.bytes(cookie)
    }
}
