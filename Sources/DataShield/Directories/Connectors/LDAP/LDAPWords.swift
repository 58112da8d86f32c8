import Foundation
import LDAP
import Scalars

/// What went wrong, in words for administrators: what is wrong, and how to mend it.
struct LDAPWords: Sendable {
    let host: String

    /// While connecting, and whatever nobody else explains.
    func ofConnecting(_ failure: LDAPFailure) -> DirectoryFailure {
        switch failure {
        case .cannotConnect(let code): .unavailable(unreachable(code))
        case .timedOut: .timeout
        case .connectionLost, .closed:
            .unavailable("The server closed the connection before it answered. Check the port and whether it takes the chosen encryption.")
        case .certificateRefused:
            .tls(
                "The server's certificate is not trusted or does not name \(host): give the certificate of the authority (CA) that issued it, and the host name that it carries.\(localhost)"
            )
        case .encryptionFailed:
            .tls(
                "No encryption could be agreed on: check that this port of \(host) speaks TLS 1.2 or later. ldaps is usually at 636, starttls at 389."
            )
        case .unreadableCertificates: .misconfigured(field: "caCertificate", "The CA certificate cannot be read: give it in PEM.")
        case .startTLSRefused(let result):
            .tls("The server does not encrypt with StartTLS: \(result). Choose ldaps, or set up a certificate on the server.")
        case .emptyPassword: .misconfigured(field: "bindPassword", "The bind password is empty, which would be a bind as nobody.")
        case .invalidInput("host"): .misconfigured(field: "host", "The host is a name or an IP address.")
        case .invalidInput("filter"): .misconfigured(field: "userFilter", "The user filter is not an LDAP filter.")
        case .invalidInput("base"): .misconfigured(field: "baseDN", "The base DN is not a distinguished name.")
        case .invalidInput(let what): .misconfigured(field: "bindDN", "The \(what) cannot be used.")
        case .refused(let result): ofResult(result)
        case .incomplete(let result):
            .incomplete(
                "The server ended the listing early: \(result). Allow the bind account to list everybody in pages: size.prtotal=unlimited at OpenLDAP, MaxPageSize of at least 500 at Active Directory."
            )
        case .tooManyEntries(let limit): .incomplete("The server lists more than \(limit) people. Narrow the base DN or the user filter.")
        case .malformed: .malformed("it is no LDAP")
        case .library(let code): .unavailable("The LDAP library failed with code \(code).")
        }
    }

    /// libldap puts the machine's own name in the place of this one when it checks a certificate.
    private var localhost: String {
        host.lowercased() == "localhost" ? " For a server on this machine give 127.0.0.1 or the machine's full name." : ""
    }

    private func unreachable(_ code: Int32) -> String {
        switch code {
        case ECONNREFUSED: "Nothing listens at this port of \(host). Check the port, and whether the server runs."
        case EHOSTUNREACH, ENETUNREACH: "There is no way to \(host) from here. Check the network and its firewalls."
        default: "\(host) cannot be connected to."
        }
    }

    /// While binding.
    func ofBind(_ failure: LDAPFailure) -> DirectoryFailure {
        guard case .refused(let result) = failure else { return ofConnecting(failure) }
        switch result.code {
        case .invalidCredentials:
            if let code = result.activeDirectoryCode, let reason = ActiveDirectory.reason(ofBind: code) {
                return .refusedCredentials("The server refuses the bind account: \(reason) (\(String(code, radix: 16))).")
            }
            return .refusedCredentials("The server refuses the bind account: bind DN or bind password is wrong, or the account is locked.")
        case .strongerAuthRequired, .confidentialityRequired:
            return .misconfigured(field: "ssl", "The server takes passwords only over an encrypted connection: choose ldaps or starttls.")
        case .inappropriateAuthentication:
            return .refusedCredentials("The bind account cannot sign in with a password.")
        case .invalidDNSyntax:
            return .misconfigured(
                field: "bindDN", "The bind DN is not a distinguished name: write it like cn=datashield,ou=services,dc=corp,dc=example.")
        case .noSuchObject: return .refusedCredentials("There is no account with this bind DN.")
        case .unwillingToPerform: return .refusedCredentials("The server does not take a bind of this account.")
        default: return ofResult(result)
        }
    }

    /// While reading.
    func ofSearch(_ failure: LDAPFailure, _ root: LDAPRoot) -> DirectoryFailure {
        guard case .refused(let result) = failure else { return ofConnecting(failure) }
        // The server's own words: one line, and not without end.
        let named = root.trees.prefix(10).map { PlainText.oneLine(String($0.beginning(200))) }
        let trees = named.isEmpty ? "" : " It holds: \(named.joined(separator: "; "))."
        switch result.code {
        case .noSuchObject:
            return .misconfigured(field: "baseDN", "The server has no entry with this base DN, or the bind account may not read it.\(trees)")
        case .invalidDNSyntax: return .misconfigured(field: "baseDN", "The server does not take the base DN as a distinguished name.\(trees)")
        case .referral: return .misconfigured(field: "baseDN", "The server refers to another server for this base DN. Give that one as host.\(trees)")
        case .inappropriateMatching: return .misconfigured(field: "userFilter", "The server does not take the user filter.")
        case .unavailableCriticalExtension: return .incomplete("The server does not list in pages, which it says it does.")
        default: return ofResult(result)
        }
    }

    /// What a result means wherever it is met.
    private func ofResult(_ result: LDAPResult) -> DirectoryFailure {
        switch result.code {
        case .insufficientAccessRights: .notPermitted("The bind account lacks the right to do this (\(result)).")
        // Active Directory's answer to a search of nobody.
        case .operationsError: .notPermitted("The server lets only accounts that are signed in do this (\(result)).")
        case .strongerAuthRequired, .confidentialityRequired:
            .misconfigured(field: "ssl", "The server wants an encrypted connection: choose ldaps or starttls.")
        case .busy, .unavailable: .unavailable("The server is busy or shutting down (\(result)).")
        default: .unavailable("The server answered with an error: \(result).")
        }
    }

    /// While a password is set, or an account marked.
    /// - Parameter attribute: what was written.
    func ofReset(_ failure: LDAPFailure, writing attribute: String) -> DirectoryFailure {
        switch failure {
        case .timedOut, .connectionLost, .malformed, .library: return .unanswered("The server did not answer when \(attribute) was written.")
        case .cannotConnect, .certificateRefused, .encryptionFailed, .startTLSRefused, .unreadableCertificates, .emptyPassword, .invalidInput,
            .refused, .incomplete, .tooManyEntries, .closed:
            break
        }
        guard case .refused(let result) = failure else { return ofConnecting(failure) }
        switch result.code {
        case .insufficientAccessRights, .confidentialityRequired, .strongerAuthRequired:
            return .notPermitted(
                "The bind account may not write \(attribute) of this account (\(result)). Grant it at Active Directory \"Reset password\" and write on pwdLastSet, at OpenLDAP write on userPassword and pwdReset."
            )
        case .unwillingToPerform, .constraintViolation:
            return .refusedAction("The directory refuses to write \(attribute): its password policy does not allow it (\(result)).")
        case .undefinedAttributeType, .objectClassViolation, .noSuchAttribute:
            return .refusedAction(
                "The directory has no \(attribute): at OpenLDAP the overlay ppolicy has to be loaded for asking for another password.")
        case .noSuchObject: return .noSuchAccount
        default: return ofResult(result)
        }
    }
}
