import Foundation

/// What would happen if it were done now.
package struct RemediationPlan: Codable, Sendable, Hashable {
    package var action: RemediationType
    /// One for each person, in the order of the alerts.
    package var items: [Item]
    package var cap: Cap

    package struct Item: Codable, Sendable, Hashable {
        package var alertIds: [AlertID]
        package var employeeId: EmployeeID?
        package var employeeName: String?
        package var employeeEmail: String?
        /// Where the call would go.
        package var connectionId: DirectoryConnectionID?
        package var connectionName: String?
        package var connectionType: DirectoryType?
        /// What would be called, in words, in the order of the calls.
        package var calls: [String]
        /// Why nothing would be done; null when it would.
        package var refusal: String?

        /// The refusal as a value; not part of the answer.
        var refused: RemediationRefusal?

        private enum CodingKeys: String, CodingKey {
            case alertIds, employeeId, employeeName, employeeEmail, connectionId, connectionName, connectionType, calls, refusal
        }
    }

    /// How the governor stands.
    package struct Cap: Codable, Sendable, Hashable {
        /// How many people may be touched within the window.
        package var limit: Int
        /// How many were.
        package var used: Int
        package var left: Int
        /// How many more people's requests wait: they come first.
        package var waiting: Int
        package var windowHours: Int
        package var stoppedAt: Date?
        package var stopReason: String?

        init(_ settings: RemediationSettings, people: Int, touched: Int, waiting: Int) {
            limit = settings.governor.limit(people: people)
            used = touched
            self.waiting = waiting
            left = settings.isStopped ? 0 : max(0, limit - touched)
            windowHours = settings.governor.windowHours
            stoppedAt = settings.stoppedAt
            stopReason = settings.stopReason
        }
    }

    /// How many people would be touched.
    package var allowed: Int { items.count { $0.refusal == nil } }
}

/// Goes through a selection as the governor would, without changing anything.
struct RemediationPlanning {
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
    ///   - person: whom it is about; nil when there is no such alert, nil inside when it is about nobody.
    ///   - who: the people of all alerts.
    mutating func add(_ alert: AlertID, of person: EmployeeID??, who: [EmployeeID: RemediationPerson]) {
        guard let person else { return refuse(alert, saying: "There is no such alert.") }
        guard let person, let found = who[person] else {
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
