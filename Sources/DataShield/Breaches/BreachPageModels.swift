/// The list of breaches, `breaches/list`.
struct BreachListModel: Sendable {
    var subtitle: String
    var q: String?
    var scopeFilter: Choice
    var sourceFilter: Choice
    var isFiltered: Bool
    var formError: String?
    var rows: [Row]
    var hasRows: Bool
    var pager: Pager?
    var emptyHint: String

    struct Row: Sendable {
        var url: String
        var title: String
        var domain: String?
        var date: String
        var dataTypes: [DataTag]
        /// "+3": kinds of data that are not listed.
        var more: String?
        var source: String
        var accounts: String
        var people: String
    }
}

/// One breach, `breaches/show`.
struct BreachModel: Sendable {
    var title: String
    var flags: [Badge]
    var description: String?
    var dataTypes: [DataTag]
    var facts: [Fact]
    var alertsURL: String
    var peopleNote: String
    var coverageNote: String
    var rows: [Person]
    var hasRows: Bool
    var pager: Pager?

    /// Somebody who is in this breach.
    struct Person: Sendable {
        var url: String
        var initials: String
        var name: String
        var email: String
        var department: String
        var exposed: [DataTag]
        var sources: String
        var detected: String
    }
}
