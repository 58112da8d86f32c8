/// What a user is in their company.
package enum Role: String, NativeEnum {
    case admin = "ADMIN"
    case viewer = "VIEWER"

    /// The permissions of the role. An ADMIN does everything in the company; a VIEWER reads all but secrets and the audit trail,
    /// starts scans and triages alerts.
    package var permissions: Set<Permission> {
        switch self {
        case .admin: Set(Permission.allCases)
        case .viewer:
            [
                .dashboardRead, .employeesRead, .employeesScan, .breachesRead, .alertsRead, .alertsStatus, .scansRead, .machinesRead,
                .credentialsRead, .directoryRead, .companyRead, .remediationRead,
            ]
        }
    }
}

extension Role {
    package var label: String {
        switch self {
        case .admin: "Administrator"
        case .viewer: "Viewer"
        }
    }
}
