import CLibLDAP
import CLinux
import Foundation

/// The one owner of a handle of libldap and of its socket. Only the connection that made it uses it, on the connection's thread.
final class LDAPHandle {
    let pointer: OpaquePointer
    private let control: SocketControl

    /// How large one message, that is one entry, may be.
    private static let largestMessage: UInt = 4 << 20

    /// Takes over a socket that is connected. When it cannot, the socket is closed.
    init(_ socket: Int32, _ server: LDAPServer, _ control: SocketControl) throws {
        guard LDAPServer.isHost(server.host) else {
            control.release()
            close(socket)
            throw LDAPFailure.invalidInput("host")
        }
        _ = LDAPLibrary.start
        var handle: OpaquePointer?
        let code = ldap_init_fd(socket, LDAP_PROTO_TCP, server.url, &handle)
        guard code == LDAP_SUCCESS, let handle else {
            control.release()
            close(socket)
            throw LDAPFailure.library(code)
        }
        pointer = handle
        self.control = control
        try setOptions(server)
    }

    deinit {
        control.release()
        LDAPLibrary.blockBrokenPipeSignal()
        ldap_unbind_ext_s(pointer, nil, nil)
    }

    private func set(_ code: Int32) throws {
        guard code == LDAP_OPT_SUCCESS else { throw LDAPFailure.library(code) }
    }

    /// Sets everything that matters, because what is not set comes from files and variables of the system (ldap.conf(5)).
    private func setOptions(_ server: LDAPServer) throws {
        try set(cldap_set_number(pointer, LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3))
        // The library would follow them to any host, as nobody.
        try set(cldap_turn_off(pointer, LDAP_OPT_REFERRALS))
        try set(cldap_set_number(pointer, LDAP_OPT_DEREF, LDAP_DEREF_NEVER))
        try set(cldap_set_number(pointer, LDAP_OPT_SIZELIMIT, LDAP_NO_LIMIT))
        try set(cldap_set_number(pointer, LDAP_OPT_TIMELIMIT, LDAP_NO_LIMIT))
        try set(time: LDAP_OPT_NETWORK_TIMEOUT, server.connectTimeout)
        try set(time: LDAP_OPT_TIMEOUT, server.operationTimeout)
        try set(cldap_limit_incoming(pointer, Self.largestMessage))
        guard server.security != .none else { return }
        try set(cldap_set_number(pointer, LDAP_OPT_X_TLS_REQUIRE_CERT, LDAP_OPT_X_TLS_DEMAND))
        // TLS 1.2. A library made with GnuTLS, as Debian's is, takes the option and does nothing with it: it wants it in GnuTLS's own words.
        try set(cldap_set_number(pointer, LDAP_OPT_X_TLS_PROTOCOL_MIN, 0x303))
        if LDAPLibrary.usesGnuTLS {
            try set(cldap_set_text(pointer, LDAP_OPT_X_TLS_CIPHER_SUITE, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"))
        }
        for option in [LDAP_OPT_X_TLS_CACERTDIR, LDAP_OPT_X_TLS_CERTFILE, LDAP_OPT_X_TLS_KEYFILE] {
            try set(cldap_set_text(pointer, option, nil))
        }
        let authorities = try Authorities(server.trust)
        try set(cldap_set_text(pointer, LDAP_OPT_X_TLS_CACERTFILE, authorities.path))
        // Reads the file, and makes of all the above what the connection will use.
        guard cldap_set_number(pointer, LDAP_OPT_X_TLS_NEWCTX, 0) == LDAP_OPT_SUCCESS else { throw LDAPFailure.unreadableCertificates }
        withExtendedLifetime(authorities) {}
    }

    private func set(time option: Int32, _ duration: Duration) throws {
        let (seconds, attoseconds) = duration.components
        try set(cldap_set_time(pointer, option, Int(seconds), Int(attoseconds / 1_000_000_000_000)))
    }

    /// Encrypts the connection and checks whose the certificate is.
    func secure(_ server: LDAPServer) throws {
        switch server.security {
        case .none: break
        case .tls: try check(encrypting: ldap_install_tls(pointer))
        case .startTLS:
            let code = ldap_start_tls_s(pointer, nil, nil)
            if code > 0 { throw LDAPFailure.startTLSRefused(LDAPResult(LDAPResultCode(rawValue: code), diagnostic: diagnostic)) }
            try check(encrypting: code)
        }
        guard server.security == .none || ldap_tls_inplace(pointer) == 1 else { throw LDAPFailure.encryptionFailed }
        // A connection that breaks is at its end: the library must not make another one by the host's name, past the checked address.
        try set(cldap_set_text(pointer, LDAP_OPT_URI, "ldapi://%2Fdev%2Fnull"))
    }

    private func check(encrypting code: Int32) throws {
        switch code {
        case LDAP_SUCCESS: break
        case LDAP_TIMEOUT: throw LDAPFailure.timedOut
        default:
            // GnuTLS has no words for a certificate that failed its check, whatever the reason; OpenSSL's have "certificate" in them.
            let isAboutCertificate = ["unknown error code", "certificate"].contains { diagnostic.lowercased().contains($0) }
            throw isAboutCertificate ? LDAPFailure.certificateRefused : LDAPFailure.encryptionFailed
        }
    }

    /// What the server said beside its last result, or the library itself.
    var diagnostic: String {
        var text: UnsafeMutablePointer<CChar>?
        guard ldap_get_option(pointer, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text) == LDAP_OPT_SUCCESS, let text else { return "" }
        defer { ldap_memfree(text) }
        return String(cString: text)
    }

    /// The code of what went wrong last.
    var lastCode: Int32 {
        var code: Int32 = 0
        ldap_get_option(pointer, LDAP_OPT_RESULT_CODE, &code)
        return code
    }
}

/// What is done once for the whole library.
enum LDAPLibrary {
    /// Its first call, and the first one of its TLS library, must not be made by two threads at once.
    static let start: Void = {
        cldap_set_number(nil, LDAP_OPT_PROTOCOL_VERSION, LDAP_VERSION3)
        // Whether the system's own settings make sense does not matter: each handle has its own.
        cldap_set_number(nil, LDAP_OPT_X_TLS_NEWCTX, 0)
    }()

    /// What the library was made with.
    static let usesGnuTLS: Bool = {
        var name: UnsafeMutablePointer<CChar>?
        guard ldap_get_option(nil, LDAP_OPT_X_TLS_PACKAGE, &name) == LDAP_OPT_SUCCESS, let name else { return false }
        defer { ldap_memfree(name) }
        return String(cString: name) == "GnuTLS"
    }()

    /// The library writes to its socket without asking for an error instead of a signal, which would end the program. A signal that a
    /// thread has blocked stays with the thread.
    static func blockBrokenPipeSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}

/// A file with the authorities' certificates, for as long as this lives.
private final class Authorities {
    /// nil: the system has no such file, and nobody is trusted.
    let path: String?
    private var descriptor: Int32?

    /// Where the distributions keep what they trust: Debian, Fedora, SUSE, Alpine.
    private static let systemFiles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
    ]

    init(_ trust: LDAPServer.Trust) throws {
        switch trust {
        case .system: path = Self.systemFiles.first { access($0, R_OK) == 0 }
        case .certificates(let text):
            // The library reads a file. This one is in memory and has no name.
            let descriptor = datashield_memory_file("certificates")
            guard descriptor >= 0 else { throw LDAPFailure.unreadableCertificates }
            self.descriptor = descriptor
            path = "/proc/self/fd/\(descriptor)"
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                guard count > 0 else { throw LDAPFailure.unreadableCertificates }
                rest = rest.dropFirst(count)
            }
        }
    }

    deinit {
        if let descriptor { close(descriptor) }
    }
}
