import CLibLDAP

/// Distinguished names as text (RFC 4514).
package enum LDAPName {
    /// Whether a text is a distinguished name, the empty one among them.
    package static func isValid(_ text: String) -> Bool {
        guard !text.utf8.contains(0) else { return false }
        var name: LDAPDN?
        guard ldap_str2dn(text, &name, UInt32(LDAP_DN_FORMAT_LDAPV3)) == LDAP_SUCCESS else { return false }
        ldap_dnfree(name)
        return true
    }
}
