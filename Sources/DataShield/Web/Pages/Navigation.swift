/// An entry of the navigation.
package enum NavigationSection: String, CaseIterable, Sendable {
    case today, alerts, people, machines, breaches, response, coverage, dashboards, settings

    var label: String {
        switch self {
        case .today: "Today"
        case .alerts: "Alerts"
        case .people: "People"
        case .machines: "Machines"
        case .breaches: "Breaches"
        case .response: "Response"
        case .coverage: "Coverage"
        case .dashboards: "Dashboards"
        case .settings: "Settings"
        }
    }

    /// Each is used once, so that one is known by it.
    var icon: String {
        switch self {
        case .today: "flag"
        case .alerts: "alert"
        case .people: "people"
        case .machines: "laptop"
        case .breaches: "breach"
        case .response: "shield-check"
        case .coverage: "scan"
        case .dashboards: "dashboard"
        case .settings: "settings"
        }
    }

    /// Its pages, the first of them behind the entry itself; where there are several, they are tabs.
    var pages: [NavigationItem] { NavigationItem.allCases.filter { $0.section == self } }

    /// The left column, in three groups.
    static let groups: [[NavigationSection]] = [[.today, .alerts, .people, .machines, .breaches], [.response, .coverage, .dashboards], [.settings]]
    /// The bar at the lower edge of a telephone.
    static let bar: [NavigationSection] = [.today, .alerts, .people]
}

/// A page that the navigation leads to: the one behind an entry, or a tab of it.
package enum NavigationItem: String, CaseIterable, Sendable {
    case today, alerts
    case people, exposed, withoutSecondFactor, left
    case machines, breaches, response
    case scans, leakFiles, sourceHealth, dashboards
    case company, directories, sources, responseSettings, users, api, audit

    var section: NavigationSection {
        switch self {
        case .today: .today
        case .alerts: .alerts
        case .people, .exposed, .withoutSecondFactor, .left: .people
        case .machines: .machines
        case .breaches: .breaches
        case .response: .response
        case .scans, .leakFiles, .sourceHealth: .coverage
        case .dashboards: .dashboards
        case .company, .directories, .sources, .responseSettings, .users, .api, .audit: .settings
        }
    }

    /// What its tab says.
    var label: String {
        switch self {
        case .people: "All"
        case .exposed: "Exposed"
        case .withoutSecondFactor: "Without second factor"
        case .left: "Left"
        case .scans: "Scans"
        case .leakFiles: "Leak files"
        case .sourceHealth: "Sources"
        case .company: "Company"
        case .directories: "People & directories"
        case .sources: "Sources & keys"
        case .responseSettings: "Response"
        case .users: "Users"
        case .api: "API"
        case .audit: "Audit"
        case .today, .alerts, .machines, .breaches, .response, .dashboards: section.label
        }
    }

    package var url: String {
        switch self {
        case .today: "/"
        case .alerts: "/alerts"
        case .people: "/employees"
        case .exposed: "/employees?exposed=true&active=true"
        case .withoutSecondFactor: "/mfa"
        case .left: "/employees?active=false"
        case .machines: "/machines"
        case .breaches: "/breaches"
        case .response: "/remediation"
        case .scans: "/scans"
        case .leakFiles: "/ingest"
        case .sourceHealth: "/coverage/sources"
        case .dashboards: "/dashboards"
        case .company: "/settings"
        case .directories: "/directories"
        case .sources: "/sources"
        case .responseSettings: "/remediation/settings"
        case .users: "/users"
        // Where a program finds it, too.
        case .api: "/api/docs"
        case .audit: "/audit"
        }
    }

    /// What one must be allowed to see it; nil for everybody.
    var permission: Permission? {
        switch self {
        case .today, .dashboards: .dashboardRead
        case .alerts: .alertsRead
        case .people, .exposed, .withoutSecondFactor, .left: .employeesRead
        case .machines, .leakFiles: .machinesRead
        case .breaches: .breachesRead
        case .response, .responseSettings: .remediationRead
        case .scans: .scansRead
        case .sources, .sourceHealth: .credentialsRead
        case .company: .companyRead
        case .directories: .directoryRead
        case .users: .usersManage
        case .audit: .auditRead
        case .api: nil
        }
    }
}

extension NavigationCounts {
    /// The number of an entry with what it counts; nil where there is nothing to count.
    func count(of section: NavigationSection) -> (text: String, words: String, isUrgent: Bool)? {
        func count(_ value: Int?, _ one: String, _ several: String, isUrgent: Bool) -> (String, String, Bool)? {
            guard let value, value > 0 else { return nil }
            return (Format.short(value), value == 1 ? one : several, isUrgent)
        }
        switch section {
        case .today: return count(livePeople, "live person", "live people", isUrgent: true)
        case .alerts: return count(openAlerts, "open", "open", isUrgent: false)
        case .machines: return count(machines, "with an open finding", "with an open finding", isUrgent: true)
        case .people, .breaches, .response, .coverage, .dashboards, .settings: return nil
        }
    }
}

/// The navigation around a page, as templates show it.
struct Navigation: Sendable {
    struct Link: Sendable {
        var label: String
        var url: String
        var icon: String
        var isCurrent: Bool
        var count: String?
        /// What the number counts.
        var countWords: String?
        var isUrgent: Bool
    }
    struct Group: Sendable {
        var links: [Link]
    }
    struct Tab: Sendable {
        var label: String
        var url: String
        var isCurrent: Bool
    }

    var groups: [Group]
    var bar: [Link]
    /// The pages beside the one that is shown; none where it is alone.
    var tabs: [Tab]
    var tabsLabel: String

    /// - Parameters:
    ///   - current: the page that is shown.
    ///   - role: what is not for it is not offered; nil for nobody.
    init(at current: NavigationItem?, for role: Role?, counts: NavigationCounts = NavigationCounts()) {
        func isFor(_ item: NavigationItem) -> Bool { item.permission.map { role?.permissions.contains($0) ?? false } ?? true }
        func links(_ sections: [NavigationSection]) -> [Link] {
            sections.compactMap { section in
                guard let first = section.pages.first(where: isFor) else { return nil }
                let count = counts.count(of: section)
                return Link(
                    label: section.label, url: first.url, icon: section.icon, isCurrent: section == current?.section, count: count?.text,
                    countWords: count?.words, isUrgent: count?.isUrgent ?? false)
            }
        }
        groups = NavigationSection.groups.map { Group(links: links($0)) }
        bar = links(NavigationSection.bar)
        let beside = (current?.section.pages ?? []).filter(isFor)
        tabs = beside.count > 1 ? beside.map { Tab(label: $0.label, url: $0.url, isCurrent: $0 == current) } : []
        tabsLabel = current?.section.label ?? ""
    }
}
