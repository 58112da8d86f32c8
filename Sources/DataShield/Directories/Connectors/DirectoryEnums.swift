/// What kind of directory a connection leads to.
package enum DirectoryType: String, NativeEnum {
    case entra = "AZURE_AD"
    case google = "GOOGLE_WORKSPACE"
    case ldap = "LDAP"
    case aws = "AWS_DIRECTORY"
    case okta = "OKTA"
    /// The directory pushes its people to us.
    case scim = "SCIM"

    /// As its users know it.
    package var displayName: String {
        switch self {
        case .entra: "Microsoft Entra ID"
        case .google: "Google Workspace"
        case .ldap: "LDAP or Active Directory"
        case .aws: "AWS IAM Identity Center"
        case .okta: "Okta"
        case .scim: "SCIM 2.0"
        }
    }
}

/// What can be done to an account in its directory.
package enum RemediationType: String, NativeEnum {
    case revokeSessions = "REVOKE_SESSIONS"
    case forcePasswordReset = "FORCE_PASSWORD_RESET"

    /// As a button says it.
    package var displayName: String {
        switch self {
        case .revokeSessions: "Revoke sessions"
        case .forcePasswordReset: "Force password reset"
        }
    }
}
