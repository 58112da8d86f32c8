import HTTPTypes

/// What stands around a page's own content.
package struct Frame: Sendable {
    /// The title of the browser's window.
    package var title: String
    package var item: NavigationItem?
    package var layout: Layout
    /// A page of forms reads better when it is not as wide as the window.
    package var isNarrow: Bool
    /// Whether what is shown comes from Have I Been Pwned, whose licence wants to be named.
    package var showsHIBP: Bool
    package var status: HTTPResponse.Status

    package init(
        _ title: String, in item: NavigationItem? = nil, layout: Layout = .app, isNarrow: Bool = false, showsHIBP: Bool = false,
        status: HTTPResponse.Status = .ok
    ) {
        self.title = title
        self.item = item
        self.layout = layout
        self.isNarrow = isNarrow
        self.showsHIBP = showsHIBP
        self.status = status
    }

    package enum Layout: String, CaseIterable, Sendable {
        /// With navigation, for whoever is signed in.
        case app = "layout/app"
        /// Sign-in and a new password.
        case gate = "layout/gate"
        /// Nothing around it.
        case bare = "layout/bare"
    }
}

/// A place in the navigation.
package enum NavigationItem: String, CaseIterable, Sendable {
    case dashboard, alerts, employees, breaches, machines, scans, ingest, mfa, remediation
    case directories, sources, users, settings, audit, docs

    var label: String {
        switch self {
        case .dashboard: "Dashboard"
        case .alerts: "Alerts"
        case .employees: "Employees"
        case .breaches: "Breaches"
        case .machines: "Machines"
        case .scans: "Scans"
        case .ingest: "Leak files"
        case .mfa: "MFA coverage"
        case .directories: "Directories"
        case .remediation: "Remediation"
        case .sources: "Data sources"
        case .users: "Users"
        case .settings: "Settings"
        case .audit: "Audit trail"
        case .docs: "API"
        }
    }

    package var url: String {
        switch self {
        case .dashboard: "/"
        // Where a program finds it, too.
        case .docs: "/api/docs"
        default: "/" + rawValue
        }
    }

    var icon: String {
        switch self {
        case .dashboard: "dashboard"
        case .alerts: "alert"
        case .employees: "people"
        case .breaches: "breach"
        case .machines: "cookie"
        case .scans: "scan"
        case .ingest: "upload"
        case .mfa: "shield-check"
        case .directories: "building"
        case .remediation: "shield-check"
        case .sources: "key"
        case .users: "users"
        case .settings: "settings"
        case .audit: "audit"
        case .docs: "docs"
        }
    }

    /// What one must be allowed to see it; nil for everybody.
    var permission: Permission? {
        switch self {
        case .dashboard: .dashboardRead
        case .alerts: .alertsRead
        case .employees: .employeesRead
        case .breaches: .breachesRead
        case .machines: .machinesRead
        case .scans: .scansRead
        case .ingest: .machinesRead
        case .mfa: .employeesRead
        case .directories: .directoryRead
        case .remediation: .remediationRead
        case .sources: .credentialsRead
        case .users: .usersManage
        case .settings: .companyRead
        case .audit: .auditRead
        case .docs: nil
        }
    }

    static let main: [NavigationItem] = [.dashboard, .alerts, .employees, .breaches, .machines, .mfa, .scans, .ingest, .remediation]
    static let manage: [NavigationItem] = [.directories, .sources, .users, .settings, .audit, .docs]
}

/// A message on the next page after a form was taken.
package struct Flash: Codable, Sendable, Hashable {
    package enum Kind: String, Codable, Sendable {
        case done, problem
    }
    package var kind: Kind
    package var text: String
    /// How what was done is undone; nil where it cannot be.
    package var undo: Undo?

    /// A form that undoes what was done.
    package struct Undo: Codable, Sendable, Hashable {
        /// Where it is sent.
        package var path: String
        /// What names what was done.
        package var token: String

        package init(path: String, token: String) {
            self.path = path
            self.token = token
        }
    }

    package static func done(_ text: String, undo: Undo? = nil) -> Flash { Flash(kind: .done, text: text, undo: undo) }
    package static func problem(_ text: String) -> Flash { Flash(kind: .problem, text: text) }
}

/// Light, dark, or what the system says.
enum Theme: String, Codable, Sendable, CaseIterable {
    case light, dark, system
}
