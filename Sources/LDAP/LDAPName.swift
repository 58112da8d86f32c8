import CLibLDAP

/// Distinguished names as text (RFC 4514).
package enum LDAPName {
    /// A value as it stands within a name: `Doe\, Jane`.
    /// - Parameter value: any text.
    /// - Returns: the text with what has a meaning in names escaped.
    package static func escape(_ value: String) -> String {
        let scalars = Array(value.unicodeScalars)
        var text = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() {
            let isAtEdge = index == 0 || index == scalars.count - 1
            switch scalar {
            case ",", "+", "\"", "\\", "<", ">", ";", "=":
                text.append("\\")
                text.append(scalar)
            case " " where isAtEdge, "#" where index == 0:
                text.append("\\")
                text.append(scalar)
            case "\0"..<" ", "\u{7F}":
                text.append(contentsOf: LDAPFilter.hex(UInt8(scalar.value)).unicodeScalars)
            default: text.append(scalar)
            }
        }
        return String(text)
    }

    /// Whether a text is a distinguished name, the empty one among them.
    package static func isValid(_ text: String) -> Bool {
        guard !text.utf8.contains(0) else { return false }
        var name: LDAPDN?
        guard ldap_str2dn(text, &name, UInt32(LDAP_DN_FORMAT_LDAPV3)) == LDAP_SUCCESS else { return false }
        ldap_dnfree(name)
        return true
    }
}
