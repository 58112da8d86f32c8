/// Goes through a selection as the governor would, without changing anything.
struct DryRun {
    let action: RemediationType
    let settings: RemediationSettings
    var touched: Set<EmployeeID>
    let activePeople: Int
    let connections: [DirectoryConnection]
    let kinds: (DirectoryType) -> DirectoryKind?
    let ways: [DirectoryConnectionID: Way]
    /// How many people wait who were not touched yet.
    let waiting: Int
    private(set) var items: [RemediationPlan.Item] = []
    private var underWay: Set<EmployeeID> = []
    private var places: [EmployeeID: Int] = [:]
    private var isFull = false

    /// The way into a directory.
    enum Way: Sendable {
        case open(any DirectoryConnector)
        /// Why it cannot be gone.
        case shut(String)
    }

    /// - Parameter open: what waits or is under way, in the order of its turn: it goes before what is planned.
    init(
        action: RemediationType, settings: RemediationSettings, touched: Set<EmployeeID>, activePeople: Int, connections: [DirectoryConnection],
        kinds: @escaping (DirectoryType) -> DirectoryKind?, ways: [DirectoryConnectionID: Way], open: [RemediationStore.Open]
    ) {
        self.action = action
        self.settings = settings
        self.touched = touched
        self.activePeople = activePeople
        self.connections = connections
        self.kinds = kinds
        self.ways = ways
        underWay = Set(open.filter { $0.action == action }.map(\.employee))
        let before = open.filter { !$0.isStarted && !touched.contains($0.employee) }.map(\.employee)
        waiting = Set(before).count
        for person in before where !isFull { _ = decision(about: person) }
    }

    /// Adds an alert.
    /// - Parameters:
    ///   - holder: whom it is about.
    ///   - who: the people of all alerts.
    mutating func add(_ alert: AlertID, of holder: AlertHolder, who: [EmployeeID: RemediationPerson]) {
        if holder == .noAlert { return refuse(alert, saying: "There is no such alert.") }
        guard let person = holder.person, let found = who[person] else {
            return refuse(alert, saying: RemediationRefusal.noPerson.description, .noPerson)
        }
        if let place = places[person] {
            items[place].alertIds.append(alert)
            return
        }
        places[person] = items.count
        var item = RemediationPlan.Item(alertIds: [alert], employeeId: person, employeeName: found.name, employeeEmail: found.email, calls: [])
        let route = RemediationRoute.choose(
            action, for: found, among: connections, isWeakResetChosen: settings.isWeakResetChosen, kinds: kinds)
        if let route {
            let type = route.connection.type
            item.connectionId = route.connection.id
            item.connectionName = route.connection.name
            item.connectionType = type
            item.calls = [type.call(action, isWeak: route.isWeak)]
            if route.revokesAfterReset { item.calls.append(type.call(.revokeSessions, isWeak: false)) }
        }
        item.refused = refusal(of: found, route)
        item.refusal = item.refused?.description
        items.append(item)
    }

    private mutating func refusal(of person: RemediationPerson, _ route: RemediationRoute?) -> RemediationRefusal? {
        if let protection = person.protection { return .protected(reason: protection) }
        guard let route else { return .unsupported(action) }
        switch ways[route.connection.id] {
        case .open(let connector)?:
            if let words = connector.refusal(of: action, isWeakResetWanted: route.isWeak) { return .said("\(route.connection.words): \(words)") }
        case .shut(let words)?: return .said(words)
        case nil: break
        }
        if underWay.contains(person.id) { return .underWay }
        return decision(about: person.id)
    }

    /// What the governor would say of one more, after those before.
    private mutating func decision(about person: EmployeeID) -> RemediationRefusal? {
        // After the first who is too many, nothing goes any more.
        if isFull { return .stoppedMeanwhile }
        switch settings.governor.decide(
            about: person, protection: nil, isEnabled: true, isStopped: settings.isStopped, touched: touched, people: activePeople)
        {
        case .go:
            touched.insert(person)
            return nil
        case .refuse(let refusal):
            return refusal
        case .stop(let refusal):
            isFull = true
            return refusal
        }
    }

    private mutating func refuse(_ alert: AlertID, saying words: String, _ refusal: RemediationRefusal? = nil) {
        items.append(.init(alertIds: [alert], calls: [], refusal: words, refused: refusal ?? .said(words)))
    }
}

/// Whom an alert is about.
enum AlertHolder: Sendable, Hashable {
    case person(EmployeeID)
    /// The person was deleted.
    case nobody
    /// There is no such alert.
    case noAlert

    var person: EmployeeID? {
        switch self {
        case .person(let id): id
        case .nobody, .noAlert: nil
        }
    }
}
