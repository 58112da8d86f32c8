import HTTPTypes
import Hummingbird

extension Pages {
    /// What every page has around its own content.
    func shell(_ frame: Frame, for request: Request, flash: Flash?, signedIn: SignedIn?) -> [String: Any] {
        let role = signedIn?.role
        func may(_ permission: Permission) -> Bool { role?.permissions.contains(permission) ?? false }
        let wishes = wishes(in: request)
        let theme = wishes.theme
        let navigation = Navigation(at: frame.item, for: role, counts: signedIn?.counts ?? NavigationCounts())
        let name = signedIn.map { $0.name.flatMap { $0.isEmpty ? nil : $0 } ?? $0.email } ?? ""
        var shell: [String: Any] = [
            "assets": assets, "title": frame.title, "path": Self.returnPath(of: request), "isNarrow": frame.isNarrow, "showsHIBP": frame.showsHIBP,
            "themeIsLight": "\(theme == .light)", "themeIsDark": "\(theme == .dark)", "themeIsSystem": "\(theme == .system)",
            "userName": name, "userInitials": Format.initials(name), "userEmail": signedIn?.email ?? "",
            "userRole": role == .admin ? "Administrator" : "Viewer", "companyName": signedIn?.companyName ?? "",
            "companyDomain": signedIn?.companyDomain ?? "", "timezone": signedIn?.timezone ?? "UTC",
            "navGroups": navigation.groups.map { group in PageNode(group) }, "navBar": navigation.bar.map { link in PageNode(link) },
            "tabs": navigation.tabs.map { tab in PageNode(tab) }, "tabsLabel": navigation.tabsLabel, "hasTabs": !navigation.tabs.isEmpty,
            "mayScan": may(.employeesScan), "mayTriage": may(.alertsStatus), "mayManageEmployees": may(.employeesManage),
            "mayConnect": may(.connectorsManage), "mayPolicy": may(.policyManage), "mayUsers": may(.usersManage), "mayAudit": may(.auditRead),
        ]
        if theme != .system { shell["theme"] = theme.rawValue }
        if let fold = wishes.navigation { shell["navigation"] = fold.rawValue }
        if signedIn?.isRemediationStopped == true, may(.policyManage) { shell["remediationStopped"] = true }
        if let flash { shell["flash"] = PageNode(Notice(flash)) }
        return shell
    }
}

/// A flash as the template shows it.
private struct Notice {
    var tone: String
    var icon: String
    var text: String
    var undo: Flash.Undo?

    init(_ flash: Flash) {
        text = flash.text
        undo = flash.undo
        switch flash.kind {
        case .done: (tone, icon) = ("good", "check-circle")
        case .problem: (tone, icon) = ("critical", "warning")
        }
    }
}

// MARK: - Cookies

extension Pages {
    private static let themeName = "datashield_theme"
    private static let navigationName = "datashield_navigation"
    private static let year = 31_536_000

    private func wishes(in request: Request) -> FrameWishes {
        FrameWishes(
            theme: cookies.value(Self.themeName, in: request).flatMap { Theme(rawValue: $0) } ?? .system,
            navigation: cookies.value(Self.navigationName, in: request).flatMap { NavigationFold(rawValue: $0) })
    }

    /// The header that keeps a theme for a year.
    func setting(_ theme: Theme) -> HTTPField { cookies.setting(Self.themeName, theme.rawValue, maximumAge: Self.year) }

    /// The header that keeps for a year how the navigation is folded.
    func setting(_ fold: NavigationFold) -> HTTPField { cookies.setting(Self.navigationName, fold.rawValue, maximumAge: Self.year) }
}
