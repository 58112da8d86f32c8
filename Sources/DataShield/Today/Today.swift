import Foundation
import Postgres

/// Who must act first, and why.
package struct Today: Sendable {
    private let database: TenantDatabase
    private let now: Now
    private static let listedPeople = 7
    private static let listedMachines = 5

    package init(database: TenantDatabase, now: @escaping Now = { Date() }) {
        self.database = database
        self.now = now
    }

    /// All of the page at one moment, in two round trips: it reads counts that are kept, and the beginnings of indexes.
    package func summary(for subject: Subject) async throws -> TodaySummary {
        let now = now()
        let company = subject.company
        return try await database.read(for: company) { db in
            let visit = try await db.first(TodayQueries.previousVisit(of: subject), as: Date?.self) ?? nil
            let since = min(visit ?? now.addingTimeInterval(-7 * 86_400), now)
            let rows = try await db.pipeline([
                TodayQueries.livePeople(of: company), TodayQueries.actFirst(of: company, limit: Self.listedPeople),
                TodayQueries.findings(of: company), TodayQueries.happened(in: company, since: since, now: now),
                TodayQueries.machines(of: company, limit: Self.listedMachines), TodayQueries.machineCount(of: company),
                TodayQueries.blind(of: company), Dashboards.people(company), Dashboards.coverage(company),
            ])
            let live = try rows[0].decoded(LivePeople.self).first ?? LivePeople()
            let people = try rows[7].decoded(DashboardMetrics.self).first?.metrics.people ?? 0
            var findings = TodaySummary.Findings()
            for count in try rows[2].decoded(StateCount.self) { count.add(to: &findings) }
            var happened = try rows[3].decoded(TodaySummary.Since.self).first
            happened?.at = since
            happened?.isVisit = visit != nil
            var blind = try rows[6].decoded(TodaySummary.Blind.self).first
            blind?.people = people
            return TodaySummary(
                liveCertain: live.certain, liveIfReused: live.ifReused, actFirst: try rows[1].decoded(TodaySummary.Person.self),
                findings: findings,
                since: happened ?? .init(at: since, isVisit: visit != nil, newLive: 0, neutralised: 0, cameBack: 0),
                machines: .init(
                    count: try rows[5].decoded(Int.self).first ?? 0, latest: try rows[4].decoded(TodaySummary.Machine.self)),
                blind: blind
                    ?? .init(
                        people: people, unanswered: people, outsideDirectory: people, sources: 0, sourcesWithProblem: 0, directoriesWithProblem: 0,
                        scansByHandOnly: true),
                coverage: .init(people: people, providers: try rows[8].decoded(CoverageRow.self).map(\.provider)))
        }
    }
}

extension Today {
    /// What stands beside the entries of the navigation.
    package func counts(for subject: Subject) async throws -> NavigationCounts {
        let counts = try await database.query(
            for: subject.company, TodayQueries.counts(of: subject.company, upTo: Alerts.countLimit), as: NavigationCounts.self)
        return counts.first ?? NavigationCounts()
    }
}

// MARK: - Rows

extension NavigationCounts: RowDecodable {
    package init(from row: inout Row) throws {
        self.init(livePeople: try row.next(), openAlerts: try row.next(), machines: try row.next())
    }
}

private struct LivePeople: RowDecodable {
    var certain = 0
    var ifReused = 0

    init() {}

    init(from row: inout Row) throws {
        certain = try row.next()
        ifReused = try row.next()
    }
}

private struct StateCount: RowDecodable {
    var state: String
    var count: Int

    init(from row: inout Row) throws {
        state = try row.next()
        count = try row.next()
    }

    func add(to findings: inout TodaySummary.Findings) {
        switch state {
        case "LIVE": findings.live += count
        case "LIVE_IF_REUSED": findings.liveIfReused += count
        case "NEUTRALISED": findings.neutralised += count
        case "NO_CREDENTIAL": findings.noCredential += count
        // An unknown is never taken for clean.
        default: findings.unknown += count
        }
    }
}

extension TodaySummary.Person: RowDecodable {
    package init(from row: inout Row) throws {
        alertId = try row.next()
        employeeId = try row.next()
        name = try row.next()
        department = try row.next()
        urgency = Urgency(rank: try row.next()).band
        title = try row.next()
        isVip = try row.next()
        mfaEnabled = try row.next()
        let breach: String = try row.next()
        let family: String? = try row.next()
        let exposure = try ExposureLiveness(from: &row)
        (state, certainty) = (exposure.state, exposure.certainty)
        why = ExposureSentence(exposure, breach: breach, family: family)
        // Of what malware took and nobody names both may be part.
        let isWithheld = exposure.credentials.isEmpty
        let standing = exposure.credentials.filter { $0.state == .live || $0.state == .unknown }
        actions = []
        if standing.contains(where: \.kind.isSession) || isWithheld && exposure.isFromMalware && !exposure.endedSessions {
            actions.append(.revokeSessions)
        }
        if standing.contains(where: { !$0.kind.isSession }) || isWithheld && !exposure.changedPassword { actions.append(.forcePasswordReset) }
    }
}

extension TodaySummary.Since: RowDecodable {
    package init(from row: inout Row) throws {
        (at, isVisit) = (.distantPast, false)
        newLive = try row.next()
        neutralised = try row.next()
        cameBack = try row.next()
        medianSecondsToNeutralise = try row.next()
    }
}

extension TodaySummary.Machine: RowDecodable {
    package init(from row: inout Row) throws {
        id = try row.next()
        malwareFamily = try row.next()
        capturedAt = try row.next()
        people = try row.next()
    }
}

extension TodaySummary.Blind: RowDecodable {
    package init(from row: inout Row) throws {
        people = 0
        unanswered = try row.next()
        outsideDirectory = try row.next()
        sources = try row.next()
        sourcesWithProblem = try row.next()
        directoriesWithProblem = try row.next()
        scansByHandOnly = try row.next()
        lastScanAt = try row.next()
    }
}
