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
        package var windowHours: Int
        package var stoppedAt: Date?
        package var stopReason: String?

        init(_ settings: RemediationSettings, people: Int, touched: Int) {
            limit = settings.governor.limit(people: people)
            used = touched
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
    private(set) var items: [RemediationPlan.Item] = []
    private var places: [EmployeeID: Int] = [:]
    private var isFull = false

    init(
        action: RemediationType, settings: RemediationSettings, touched: Set<EmployeeID>, activePeople: Int, connections: [DirectoryConnection],
        kinds: @escaping (DirectoryType) -> DirectoryKind?
    ) {
        self.action = action
        self.settings = settings
        self.touched = touched
        self.activePeople = activePeople
        self.connections = connections
        self.kinds = kinds
    }

    /// Adds an alert.
    /// - Parameters:
    ///   - person: whom it is about; nil when there is no such alert, nil inside when it is about nobody.
    ///   - who: the people of all alerts.
    mutating func add(_ alert: AlertID, of person: EmployeeID??, who: [RemediationPerson]) {
        guard let person else { return refuse(alert, saying: "There is no such alert.") }
        guard let person, let found = who.first(where: { $0.id == person }) else {
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
        guard route != nil else { return .unsupported(action) }
        // After the first who is too many, nothing goes any more.
        if isFull { return .stoppedMeanwhile }
        switch settings.governor.decide(
            about: person.id, protection: nil, isEnabled: true, isStopped: settings.isStopped, touched: touched, people: activePeople)
        {
        case .go:
            touched.insert(person.id)
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
