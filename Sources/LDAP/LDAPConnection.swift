import CLibLDAP
import Foundation
import Threads

/// A connection to a directory, over libldap, which blocks: it is called on a thread of the connection's own and nowhere else.
///
/// What is not done within its time, or whose task is cancelled, cuts the connection off; it is of no use afterwards.
package actor LDAPConnection {
    private nonisolated let server: LDAPServer
    private nonisolated let control = SocketControl()
    private nonisolated let executor = ThreadExecutor(name: "ldap")
    private var handle: LDAPHandle?
    var running: RunningSearch?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private init(_ server: LDAPServer) { self.server = server }

    deinit { executor.stop() }

    /// Connects, lends the connection, and closes it, however the closure ended.
    /// - Throws: ``LDAPFailure``, `CancellationError`, what the closure throws.
    package static func with<R: Sendable>(_ server: LDAPServer, _ body: @Sendable (LDAPConnection) async throws -> R) async throws -> R {
        let connection = LDAPConnection(server)
        let result: Result<R, any Error>
        do {
            try await connection.timed(server.connectTimeout) { try await connection.connect() }
            result = .success(try await body(connection))
        } catch {
            result = .failure(error)
        }
        await connection.close()
        return try result.get()
    }

    private func connect() throws {
        LDAPLibrary.blockBrokenPipeSignal()
        let socket = try TCPSocket.connect(server.address, port: server.port, timeout: server.connectTimeout, control)
        let handle = try LDAPHandle(socket, server, control)
        try handle.secure(server)
        self.handle = handle
    }

    private func close() {
        running = nil
        handle = nil
    }

    /// Runs a step of the connection that must be done within a time.
    nonisolated func timed<R: Sendable>(_ limit: Duration? = nil, _ step: @escaping @Sendable () async throws -> R) async throws -> R {
        let (control, limit) = (control, limit ?? server.operationTimeout)
        return try await withTaskCancellationHandler {
            do {
                return try await withThrowingTaskGroup(of: R?.self) { group in
                    defer { group.cancelAll() }
                    group.addTask { try await step() }
                    group.addTask {
                        try await Task.sleep(for: limit)
                        control.cut(.timedOut)
                        return nil
                    }
                    while let outcome = try await group.next() {
                        if let outcome { return outcome }
                    }
                    throw LDAPFailure.closed
                }
            } catch {
                guard let reason = control.reason else { throw error }
                throw SocketControl.error(reason)
            }
        } onCancel: {
            control.cut(.cancelled)
        }
    }

    // MARK: Operations

    /// Says who we are, by a simple bind (RFC 4513, section 5.1.3).
    /// - Parameters:
    ///   - name: a distinguished name; at Active Directory also `user@domain` or `DOMAIN\user`.
    ///   - password: an empty one is refused here, because servers may take the bind for one of nobody and let it succeed.
    /// - Throws: ``LDAPFailure``, `CancellationError`.
    package nonisolated func bind(_ name: String, password: String) async throws {
        guard !password.isEmpty else { throw LDAPFailure.emptyPassword }
        guard !name.isEmpty, !name.utf8.contains(0) else { throw LDAPFailure.invalidInput("name") }
        try await timed { try await self.performBind(name, Array(password.utf8)) }
    }

    private func performBind(_ name: String, _ password: [UInt8]) throws {
        let handle = try current()
        try check(
            withValue(password) { credentials in
                var credentials = credentials
                return ldap_sasl_bind_s(handle.pointer, name, nil, &credentials, nil, nil, nil)
            })
    }

    /// Replaces the values of attributes of an entry, all or none.
    /// - Parameters:
    ///   - name: the entry's distinguished name.
    ///   - replacements: by attribute; no value takes the attribute away.
    /// - Throws: ``LDAPFailure``, `CancellationError`.
    package nonisolated func modify(_ name: String, replacing replacements: [String: [[UInt8]]]) async throws {
        guard !name.utf8.contains(0), !replacements.keys.contains(where: { $0.utf8.contains(0) }) else { throw LDAPFailure.invalidInput("name") }
        try await timed { try await self.performModify(name, replacements) }
    }

    private func performModify(_ name: String, _ replacements: [String: [[UInt8]]]) throws {
        let handle = try current()
        let changes = Modifications(replacements)
        try check(changes.withPointer { ldap_modify_ext_s(handle.pointer, name, $0, nil, nil) })
    }

    /// Sets an account's password by the extended operation for that (RFC 3062), by which the server stores it in its own way.
    /// - Parameters:
    ///   - name: the account's distinguished name.
    ///   - password: the new one.
    /// - Throws: ``LDAPFailure``, `CancellationError`.
    package nonisolated func setPassword(of name: String, to password: String) async throws {
        try await timed { try await self.performSetPassword(Array(name.utf8), Array(password.utf8)) }
    }

    private func performSetPassword(_ name: [UInt8], _ password: [UInt8]) throws {
        let handle = try current()
        let code = withValue(name) { name in
            withValue(password) { password in
                var (name, password, generated) = (name, password, berval())
                defer { ber_memfree(generated.bv_val) }
                return ldap_passwd_s(handle.pointer, &name, nil, &password, &generated, nil, nil)
            }
        }
        try check(code)
    }

    /// Asks the server whom it takes us for (RFC 4532), however the name was spelled that we said at the bind.
    /// - Returns: an authorization identity (RFC 4513, section 5.2.1.8): `dn:` and a distinguished name, or `u:` and what the server calls a
    ///   user; empty for nobody.
    /// - Throws: ``LDAPFailure``, `CancellationError`.
    package nonisolated func whoAmI() async throws -> String {
        try await timed { try await self.performWhoAmI() }
    }

    private func performWhoAmI() throws -> String {
        let handle = try current()
        var identity: UnsafeMutablePointer<berval>?
        let code = ldap_whoami_s(handle.pointer, &identity, nil, nil)
        defer { ber_bvfree(identity) }
        try check(code)
        guard let identity else { return "" }
        guard let text = String(validating: LDAPEntry.bytes(identity.pointee), as: UTF8.self) else { throw LDAPFailure.malformed }
        return text
    }

    // MARK: Results

    func current() throws -> LDAPHandle {
        guard let handle else { throw LDAPFailure.closed }
        return handle
    }

    /// Takes the code of a call as success, or throws what it says.
    func check(_ code: Int32) throws {
        guard code != LDAP_SUCCESS else { return }
        throw failure(code)
    }

    /// What a code other than success means. A connection that is broken is closed here.
    func failure(_ code: Int32) -> LDAPFailure {
        guard code < 0 else { return .refused(LDAPResult(LDAPResultCode(rawValue: code), diagnostic: handle?.diagnostic ?? "")) }
        switch code {
        case LDAP_FILTER_ERROR: return .invalidInput("filter")
        case LDAP_PARAM_ERROR: return .invalidInput("name")
        default: break
        }
        close()
        switch code {
        case LDAP_SERVER_DOWN, LDAP_CONNECT_ERROR: return .connectionLost
        case LDAP_TIMEOUT: return .timedOut
        case LDAP_DECODING_ERROR: return .malformed
        default: return .library(code)
        }
    }

    /// Hands out bytes as libldap takes them.
    private func withValue(_ bytes: [UInt8], _ body: (berval) -> Int32) -> Int32 {
        var bytes = bytes
        return bytes.withUnsafeMutableBytes { buffer in
            body(berval(bv_len: ber_len_t(buffer.count), bv_val: buffer.baseAddress?.assumingMemoryBound(to: CChar.self)))
        }
    }
}
