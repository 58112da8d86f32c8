import Testing

@testable import DataShield

@Suite struct NavigationTests {
    private func labels(_ role: Role?, at item: NavigationItem? = nil) -> [[String]] {
        Navigation(at: item, for: role).groups.map { $0.links.map(\.label) }
    }

    @Test(arguments: [Role.admin, .viewer]) func `there are nine entries in three groups`(role: Role) {
        #expect(labels(role) == [["Today", "Alerts", "People", "Machines", "Breaches"], ["Response", "Coverage", "Dashboards"], ["Settings"]])
    }

    @Test func `each entry has a sign and a page of its own`() {
        #expect(Set(NavigationSection.allCases.map(\.icon)).count == NavigationSection.allCases.count)
        #expect(Set(NavigationItem.allCases.map(\.url)).count == NavigationItem.allCases.count)
        #expect(Set(NavigationSection.groups.joined()) == Set(NavigationSection.allCases))
    }

    @Test(arguments: [
        (NavigationItem.company, Role.admin, ["Company", "People & directories", "Sources & keys", "Response", "Users", "API", "Audit"]),
        (.company, .viewer, ["Company", "People & directories", "Sources & keys", "Response", "API"]),
        (.left, .viewer, ["All", "Exposed", "Without second factor", "Left"]), (.leakFiles, .viewer, ["Scans", "Leak files", "Sources"]),
        (.today, .admin, []), (.alerts, .admin, []), (.response, .admin, []), (.dashboards, .viewer, []),
    ])
    func `tabs are what the role may see`(item: NavigationItem, role: Role, tabs: [String]) {
        let navigation = Navigation(at: item, for: role)
        #expect(navigation.tabs.map(\.label) == tabs)
        #expect(navigation.tabs.filter(\.isCurrent).map(\.url) == (tabs.isEmpty ? [] : [item.url]))
    }

    @Test(arguments: NavigationItem.allCases) func `the entry of a page is marked, and no other`(item: NavigationItem) {
        let navigation = Navigation(at: item, for: .admin)
        #expect(navigation.groups.flatMap(\.links).filter(\.isCurrent).map(\.label) == [item.section.label])
    }

    @Test func `a page outside the navigation marks nothing and has no tabs`() {
        let navigation = Navigation(at: nil, for: .admin)
        let marked = navigation.groups.flatMap(\.links).filter(\.isCurrent)
        #expect(marked.isEmpty)
        #expect(navigation.tabs.isEmpty)
    }

    @Test func `numbers that are not known, or are nothing, are not shown`() {
        let counts = NavigationCounts(livePeople: 3, openAlerts: 12_345, machines: 0)
        let links = Navigation(at: .today, for: .viewer, counts: counts).groups.flatMap(\.links)
        #expect(links.map { $0.count ?? "" } == ["3", "12.3k", "", "", "", "", "", "", ""])
        #expect(links.first?.isUrgent == true)
        #expect(links.first?.countWords == "live people")
        #expect(Navigation(at: .today, for: .viewer).groups.flatMap(\.links).allSatisfy { $0.count == nil })
    }

    @Test func `whoever is not signed in is offered nothing that needs a session`() {
        #expect(labels(nil).joined().allSatisfy { $0 == "Settings" })
        #expect(Navigation(at: .api, for: nil).tabs.isEmpty)
    }
}
