import Foundation
import Postgres

/// What comes before the call: whose account it is, and whether it may be made.
extension RequestRunner {
    // MARK: Preparing

    /// What may take the directory's time and has to be known before the start.
    enum Preparation: Sendable {
        case ready(Ready)
        case refused(RemediationRefusal)
    }

    struct Ready: Sendable {
        /// As it is to be expected; what holds is chosen again under the lock.
        var route: RemediationRoute
        var connections: [DirectoryConnection]
        /// The way into the route's directory, or why there is none: opened before the start, because its settings are in the database.
        var opened: Swift.Result<any DirectoryConnector, Unanswered>
        /// The directory's own id of the account whose primary address is the person's; nil when the id was known.
        var found: String?
    }

    /// Chooses the directory, and looks up the account of somebody who is known there by address only: a directory may take an alias for
    /// an address, and the account behind it may be anybody's.
    func prepare(_ request: RemediationRequest, of company: CompanyID) async throws -> Preparation {
        let (person, isWeak) = try await database.read(for: company) { db in
            let store = RemediationStore(db)
            return (try await store.people([request.employee]).first, try await store.settings().isWeakResetChosen)
        }
        guard let person else { return .refused(.noPerson) }
        // Here already: nobody is asked about an account that is not to be touched.
        if let protection = person.protection { return .refused(.protected(reason: protection)) }
        let connections = try await directories.connections(of: company)
        guard
            let route = RemediationRoute.choose(
                request.action, for: person, among: connections, isWeakResetChosen: isWeak, kinds: directories.kind)
        else { return .refused(.unsupported(request.action)) }
        let opened = try await asking(route.connection, request, { try await directories.connector(for: route.connection, of: company) })
        let connector: any DirectoryConnector
        switch opened {
        case .success(let open): connector = open
        case .failure(let failure):
            // Told to stop: it goes on waiting, for the next program.
            try Task.checkCancellation()
            // With the account's id the call is made, which fails, too, and is in the log.
            return route.externalId == nil ? .refused(.said(failure.words)) : .ready(Ready(route: route, connections: connections, opened: opened))
        }
        if let words = connector.refusal(of: request.action, isWeakResetWanted: route.isWeak) {
            return .refused(.said("\(route.connection.words): \(words)"))
        }
        guard route.externalId == nil else { return .ready(Ready(route: route, connections: connections, opened: opened)) }
        switch try await asking(route.connection, request, { try await connector.account(at: person.email) }) {
        case .success(let account):
            // try?: an account whose address is none is another's.
            guard let email = account.email, (try? EmailAddress(email))?.text == person.email else {
                return .refused(.otherAccount(route.connection.words))
            }
            return .ready(Ready(route: route, connections: connections, opened: opened, found: account.externalId))
        case .failure(let failure):
            try Task.checkCancellation()
            return .refused(.said(failure.words))
        }
    }

    // MARK: Starting

    /// Starts a request, if the governor lets it: this is where the cap is counted, protection is checked and the account is chosen, under
    /// one lock.
    /// - Returns: nil when it was refused, or is another's.
    func start(_ request: RemediationRequest, _ ready: Ready, of company: CompanyID) async throws -> Start? {
        try await database.transaction(for: company) { db in
            let store = RemediationStore(db)
            let settings = try await store.lockSettings()
            // The one reading of the time by which all of this is decided.
            let time = try await clock.read(db)
            guard let current = try await store.find(request.id, locking: true), current.status == .pending else { return nil }
            guard let person = try await store.people([request.employee]).first else {
                try await store.refuse(request.id, .noPerson, now: time)
                return nil
            }
            var start = Start(route: ready.route, opened: ready.opened, account: "", holder: CUID.make(at: time), at: time)
            // First: what goes to nobody uses nothing of the cap, and stops nobody.
            switch try await account(of: person, request, ready, settings, store) {
            case .refused(let refusal):
                try await store.refuse(request.id, refusal, now: time)
                return nil
            case .account(let id, let route): (start.account, start.route) = (id, route)
            }
            let decision = settings.governor.decide(
                about: person.id, protection: person.protection, isEnabled: try await store.isEnabled(), isStopped: settings.isStopped,
                touched: try await store.touched(since: settings.governor.windowStart(at: time, countedFrom: settings.countedFrom)),
                people: try await store.activePeople())
            switch decision {
            case .go:
                try await store.start(
                    request.id, at: start.route.connection.id, holder: start.holder, lease: time.addingTimeInterval(lease), now: time)
                try await interruption(.starting)
                return start
            case .refuse(let refusal):
                try await store.refuse(request.id, refusal, now: time)
                if refusal == .stopped { _ = try await store.refuseWaiting(.stopped, now: time) }
                return nil
            case .stop(let refusal):
                try await store.refuse(request.id, refusal, now: time)
                let waiting = try await store.refuseWaiting(.stoppedMeanwhile, now: time)
                var stopped = settings
                stopped.stoppedAt = time
                stopped.stopReason = refusal.description
                try await store.save(stopped)
                try await AdminNotice(title: "remediation.stopped", reason: refusal.description, refused: waiting + 1).page(
                    adminsOf: company, in: db, logger: logger)
                return nil
            }
        }
    }

    private enum Chosen {
        case account(String, RemediationRoute)
        case refused(RemediationRefusal)
    }

    /// Whose account it is by what is known now. Somebody who has another address than when it was asked for may be another, too.
    private func account(
        of person: RemediationPerson, _ request: RemediationRequest, _ ready: Ready, _ settings: RemediationSettings, _ store: RemediationStore
    ) async throws -> Chosen {
        guard person.email == request.target else { return .refused(.personChanged) }
        let route = RemediationRoute.choose(
            request.action, for: person, among: ready.connections, isWeakResetChosen: settings.isWeakResetChosen, kinds: directories.kind)
        guard let route, route == ready.route, let account = route.externalId ?? ready.found else { return .refused(.personChanged) }
        let owner = try await store.owner(ofAccount: account, in: route.connection.id, besides: person.id)
        if let reason = owner.protection { return .refused(.protected(reason: reason)) }
        guard !owner.isSomebodyElse else { return .refused(.otherAccount(route.connection.words)) }
        return .account(account, route)
    }
}
