import DataShield
import DataShieldTestSupport
import Foundation
import Jobs
import Postgres
import Synchronization
import Testing

/// Who comes when: nobody waits for others' long jobs, and nobody is forgotten.
@Suite(.freshDatabasePerTest) struct FairnessTests {
    struct Payload: Codable, Sendable {
        var name: String
    }

    /// Mostly waits for somebody else's service.
    private struct Waiting: JobHandler {
        static let kind = "test.waiting"
        static let waitingAtOnce: Int? = 64
        let body: @Sendable (String) async throws -> Void
        func perform(_ payload: Payload, of job: Job) async throws -> JobOutcome {
            try await body(payload.name)
            return .done
        }
    }

    /// Waits too, and there is room for few.
    private struct Scarce: JobHandler {
        static let kind = "test.scarce"
        static let waitingAtOnce: Int? = 8
        static let share = 4
        let body: @Sendable (String) async throws -> Void
        func perform(_ payload: Payload, of job: Job) async throws -> JobOutcome {
            try await body(payload.name)
            return .done
        }
    }

    /// Works here from beginning to end.
    private struct Working: JobHandler {
        static let kind = "test.working"
        let body: @Sendable (String) async throws -> Void
        func perform(_ payload: Payload, of job: Job) async throws -> JobOutcome {
            try await body(payload.name)
            return .done
        }
    }

    private struct Short: JobHandler {
        static let kind = "test.short"
        let done: Notes
        func perform(_ payload: Payload, of job: Job) async throws -> JobOutcome {
            done.add(payload.name)
            return .done
        }
    }

    private struct Urgent: JobHandler {
        static let kind = "test.urgent"
        static let priority = JobPriority.first
        let done: Notes
        func perform(_ payload: Payload, of job: Job) async throws -> JobOutcome {
            done.add(payload.name)
            return .done
        }
    }

    private func put<Handler: JobHandler>(
        _ handler: Handler.Type, _ name: String, of company: CompanyID? = nil, runAfter: Date? = nil
    ) async throws where Handler.Payload == Payload {
        let job = try NewJob(for: handler, payload: Payload(name: name), companyID: company?.rawValue, runAfter: runAfter)
        try await queue.enqueue(job, in: TestDatabase.current.system)
    }

    private func worker(_ handlers: [any JobHandler], concurrency: Int = 4) -> Worker {
        var configuration = Worker.Configuration()
        configuration.concurrency = concurrency
        configuration.pollInterval = .milliseconds(20)
        configuration.grace = .seconds(30)
        return Worker(queue: queue, handlers: handlers, configuration: configuration, logger: quiet)
    }

    private func companies(_ count: Int) async throws -> [CompanyID] {
        var companies: [CompanyID] = []
        for _ in 0..<count { companies.append(try await TestDatabase.current.makeCompany()) }
        return companies
    }

    private func count(_ kind: String, _ status: String) async throws -> Int {
        try await TestDatabase.current.owner.first(
            "SELECT count(*) FROM jobs WHERE kind = \(kind) AND status = \(status)::sync_job_status", as: Int.self) ?? 0
    }

    @Test func `of fifty companies, everybody's short job is done while everybody's long ones are under way`() async throws {
        let companies = try await companies(50)
        for company in companies { try await put(Waiting.self, "long", of: company) }
        let (gate, done) = (Gate(), Notes())
        try await running([worker([Waiting { _ in await gate.pass() }, Short(done: done)])]) { _ async throws in
            defer { gate.open() }
            try await eventually("All are begun.") { try await count(Waiting.kind, "RUNNING") == companies.count }
            for company in companies { try await put(Short.self, company.rawValue, of: company) }
            try await eventually("Nobody waits.") { try await count(Short.kind, "SUCCEEDED") == companies.count }
            #expect(try await count(Waiting.kind, "RUNNING") == companies.count)
            #expect(Set(done.all) == Set(companies.map(\.rawValue)))
            gate.open()
            try await eventually { try await count(Waiting.kind, "SUCCEEDED") == companies.count }
        }
    }

    @Test func `what a few companies wait for keeps no other's waiting, also of the same kind`() async throws {
        let companies = try await companies(6)
        for number in 0..<4 {
            for company in companies.prefix(2) { try await put(Scarce.self, "greedy\(number)", of: company, runAfter: Date() - 60) }
        }
        let (gate, begun) = (Gate(), Notes())
        let scarce = Scarce { name in
            begun.add(name)
            await gate.pass()
        }
        try await running([worker([scarce])]) { _ async throws in
            defer { gate.open() }
            try await eventually { begun.all.count == 4 }
            for company in companies.dropFirst(2) { try await put(Scarce.self, "modest", of: company) }
            try await eventually("The other half is theirs.") { begun.all.count { $0 == "modest" } == 4 }
            #expect(begun.all.count == 8)
            let each = try await TestDatabase.current.owner.query(
                "SELECT count(*) FROM jobs WHERE status = 'RUNNING' GROUP BY company_id ORDER BY 1", as: Int.self)
            #expect(each == [1, 1, 1, 1, 2, 2])
            gate.open()
            try await eventually { try await count(Scarce.kind, "SUCCEEDED") == 12 }
        }
    }

    @Test func `of one kind, the company with the fewest in hand comes first`() async throws {
        let companies = try await companies(4)
        for number in 0..<2 { try await put(Working.self, "greedy\(number)", of: companies[0], runAfter: Date() - 60) }
        for company in companies.dropFirst() { try await put(Working.self, "modest", of: company, runAfter: Date() - 30) }
        let (gate, begun) = (Gate(), Notes())
        let working = Working { name in
            begun.add(name)
            await gate.pass()
        }
        try await running([worker([working])]) { _ async throws in
            defer { gate.open() }
            try await eventually { begun.all.count == 3 }
            #expect(begun.all.sorted() == ["greedy0", "modest", "modest"])
            gate.open()
            try await eventually { try await count(Working.kind, "SUCCEEDED") == 5 }
        }
    }

    @Test func `of a kind that works all the time, one place fewer than there are is taken`() async throws {
        let companies = try await companies(8)
        for company in companies { try await put(Working.self, "long", of: company) }
        let (gate, done) = (Gate(), Notes())
        try await running([worker([Working { _ in await gate.pass() }, Short(done: done)])]) { _ async throws in
            defer { gate.open() }
            try await eventually { try await count(Working.kind, "RUNNING") == 3 }
            try await put(Short.self, "short", of: companies[0])
            try await eventually { try await count(Short.kind, "SUCCEEDED") == 1 }
            #expect(try await count(Working.kind, "RUNNING") == 3)
            // All come in their turn.
            gate.open()
            try await eventually { try await count(Working.kind, "SUCCEEDED") == companies.count }
        }
    }

    @Test func `a company has its share of a kind and no more, over all workers`() async throws {
        let (greedy, modest) = (try await companies(1)[0], try await companies(1)[0])
        for number in 0..<20 { try await put(Waiting.self, "greedy\(number)", of: greedy) }
        let (gate, begun, done) = (Gate(), Notes(), Notes())
        let workers = (0..<2).map { _ in
            worker([
                Waiting { name in
                    begun.add(name)
                    await gate.pass()
                }, Short(done: done),
            ])
        }
        try await running(workers) { _ async throws in
            defer { gate.open() }
            try await eventually { begun.all.count == Waiting.share }
            // Behind all of these in time, and done before them: the workers have looked again by then.
            for number in 0..<6 { try await put(Short.self, "modest\(number)", of: modest) }
            try await put(Waiting.self, "modest", of: modest)
            try await eventually { done.all.count == 6 && begun.all.contains("modest") }
            #expect(begun.all.count { $0.hasPrefix("greedy") } == Waiting.share)
            gate.open()
            try await eventually("It is one after the other, and all of them.") { try await count(Waiting.kind, "SUCCEEDED") == 21 }
        }
    }

    @Test func `what comes first comes first, whatever was there before it`() async throws {
        let company = try await companies(1)[0]
        let (gate, done) = (Gate(), Notes())
        try await put(Working.self, "first", of: company)
        let working = Working { _ in await gate.pass() }
        try await running([worker([working, Short(done: done), Urgent(done: done)], concurrency: 1)]) { _ async throws in
            defer { gate.open() }
            try await eventually { try await count(Working.kind, "RUNNING") == 1 }
            for number in 0..<3 { try await put(Short.self, "short\(number)", of: company, runAfter: Date() - 60) }
            try await put(Urgent.self, "urgent", of: company)
            gate.open()
            try await eventually { done.all.count == 4 }
        }
        #expect(done.all.first == "urgent")
    }

    @Test func `what waits takes a place for what it does here only, and no kind has all of them`() async throws {
        let companies = try await companies(12)
        for company in companies { try await put(Waiting.self, "waiting", of: company) }
        let (service, work) = (Gate(), Gate())
        let atWork = Mutex((now: 0, most: 0))
        let waiting = Waiting { _ in
            await service.pass()
            let place = try await RunningJob.place()
            defer { place?.give() }
            atWork.withLock {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            await work.pass()
            atWork.withLock { $0.now -= 1 }
        }
        let done = Notes()
        try await running([worker([waiting, Short(done: done)])]) { _ async throws in
            defer {
                service.open()
                work.open()
            }
            try await eventually { try await count(Waiting.kind, "RUNNING") == companies.count }
            service.open()
            try await eventually { atWork.withLock { $0.now } == 3 }
            // The last place is for others.
            try await put(Short.self, "short", of: companies[0])
            try await eventually { done.all == ["short"] }
            work.open()
            try await eventually { try await count(Waiting.kind, "SUCCEEDED") == companies.count }
        }
        #expect(atWork.withLock { $0.most } == 3)
    }

    @Test func `who is told to stop while waiting for a place stops`() async throws {
        for company in try await companies(6) { try await put(Waiting.self, "waiting", of: company) }
        let begun = Notes()
        let waiting = Waiting { name in
            let place = try await RunningJob.place()
            defer { place?.give() }
            begun.add(name)
            try await Task.sleep(for: .seconds(600))  // sleeps: until it is cancelled
        }
        var configuration = Worker.Configuration()
        configuration.grace = .milliseconds(50)
        try await running([Worker(queue: queue, handlers: [waiting], configuration: configuration, logger: quiet)]) { stop async throws in
            try await eventually { begun.all.count == 3 }
            await stop()
        }
        #expect(try await count(Waiting.kind, "PENDING") == 6)
    }

    @Test func `jobs with which workers were lost more than once are in hand one at a time, until they get on`() async throws {
        let companies = try await companies(4)
        for (number, company) in companies.prefix(3).enumerated() { try await put(Waiting.self, "suspect\(number)", of: company) }
        // Lost once before, and now again: one of them ends its workers, and the others were in hand with it.
        try await TestDatabase.current.owner.execute(
            """
            UPDATE jobs SET status = 'RUNNING', attempts = 1, leased_by = 'a killed worker', lost_leases = 1, lease_until = now() - interval '1 second'
            """)
        let (begun, progress, end) = (Notes(), Gate(), Gate())
        let waiting = Waiting { name in
            begun.add(name)
            guard name.hasPrefix("suspect") else { return }
            await progress.pass()
            await RunningJob.madeProgress()
            await end.pass()
        }
        try await running([worker([waiting]), worker([waiting])]) { _ async throws in
            defer {
                progress.open()
                end.open()
            }
            try await eventually { begun.all.count == 1 }
            // Others go on beside it. When they have, the workers have looked again.
            for number in 0..<3 { try await put(Waiting.self, "other\(number)", of: companies[3]) }
            try await eventually { begun.all.count == 4 }
            #expect(begun.all.count { $0.hasPrefix("suspect") } == 1)
            // Each that gets on lets the next one go.
            progress.open()
            try await eventually { begun.all.count { $0.hasPrefix("suspect") } == 3 }
            end.open()
            try await eventually { try await count(Waiting.kind, "SUCCEEDED") == 6 }
        }
    }

    @Test func `a suspected job keeps none of another kind waiting`() async throws {
        let companies = try await companies(2)
        try await put(Waiting.self, "suspect", of: companies[0])
        try await TestDatabase.current.owner.execute("UPDATE jobs SET lost_leases = 2")
        let (begun, done, gate) = (Notes(), Notes(), Gate())
        let waiting = Waiting { name in
            begun.add(name)
            await gate.pass()
        }
        try await running([worker([waiting, Urgent(done: done)])]) { _ async throws in
            defer { gate.open() }
            try await eventually { begun.all == ["suspect"] }
            try await put(Urgent.self, "urgent", of: companies[1], runAfter: Date() + 3600)
            try await TestDatabase.current.owner.execute("UPDATE jobs SET lost_leases = 2, run_after = now() WHERE kind = \(Urgent.kind)")
            try await eventually { done.all == ["urgent"] }
            #expect(try await count(Waiting.kind, "RUNNING") == 1)
        }
    }

    @Test func `of those with which workers were lost still more often one is in hand, what comes first before the rest`() async throws {
        let companies = try await companies(2)
        try await put(Waiting.self, "suspect", of: companies[0], runAfter: Date() - 60)
        try await put(Urgent.self, "urgent", of: companies[1])
        try await TestDatabase.current.owner.execute("UPDATE jobs SET lost_leases = 3")
        let done = Notes()
        let waiting = Waiting { name in
            let before = try await count(Urgent.kind, "SUCCEEDED")
            done.add("\(name), \(before) done before it")
        }
        try await running([worker([waiting, Urgent(done: done)])]) { _ async throws in
            try await eventually { done.all.count == 2 }
        }
        #expect(done.all == ["urgent", "suspect, 1 done before it"])
    }

    // MARK: The statement

    /// What a claim reads of the table, by the server's own account of it.
    private func rowsRead(_ sql: SQL) async throws -> (rows: Int, plan: String) {
        let plan = try await TestDatabase.current.system.transaction { db in
            try await db.query("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) \(sql)", as: String.self)
        }
        var rows = 0
        var isOfJobs = false
        for line in plan {
            if let scan = line.firstMatch(of: /(Seq|Index|Bitmap|Tid)[A-Za-z ]* Scan.*\(actual rows=(\d+)\S* loops=(\d+)\)/) {
                isOfJobs = line.contains("on jobs")
                if isOfJobs { rows += (Int(scan.2) ?? 0) * (Int(scan.3) ?? 0) }
            } else if isOfJobs, let removed = line.firstMatch(of: /Rows Removed by (?:Filter|Index Recheck): (\d+)/) {
                rows += Int(removed.1) ?? 0
            }
        }
        return (rows, plan.joined(separator: "\n"))
    }

    @Test(arguments: [false, true]) func `a claim looks at few jobs, however many there are`(isAnalyzed: Bool) async throws {
        let companies = try await companies(10)
        let owner = TestDatabase.current.owner
        // One company has a hundred thousand, the others ten each, of two kinds, and all of them later.
        let greedy = companies[0]
        try await owner.execute(
            """
            INSERT INTO jobs (id, company_id, kind, run_after)
            SELECT 'c' || lpad(n::text, 24, '0'), \(greedy), CASE n % 2 WHEN 0 THEN 'a' ELSE 'b' END, now() - interval '1 hour'
            FROM generate_series(1, 100000) n
            """)
        for (number, company) in companies.dropFirst().enumerated() {
            try await owner.execute(
                """
                INSERT INTO jobs (id, company_id, kind, run_after)
                SELECT 'cz' || lpad(n::text, 23, '0'), \(company), CASE n % 2 WHEN 0 THEN 'a' ELSE 'b' END, now() - interval '1 minute'
                FROM generate_series(\(number * 10 + 1)::int, \(number * 10 + 10)::int) n
                """)
        }
        if isAnalyzed { try await owner.execute("ANALYZE jobs") }
        let wanted = [
            JobQueue.Wanted("a", share: 2, room: 64, reserve: 32, takesPlace: false), JobQueue.Wanted("b", priority: .first, share: 2, room: 3),
        ]
        let claiming = JobQueue.claiming(wanted, places: 4, worker: "a worker", lease: .seconds(15))
        let (rows, plan) = try await rowsRead(claiming)
        // Two of each company and kind, a step from company to company, and each that is taken once more to lock and to write it.
        #expect(rows < 400, "\(plan)")
        #expect(rows > 20, "The plan is not read rightly: \(plan)")
        let taken = try await owner.query("SELECT company_id FROM jobs WHERE status = 'RUNNING' AND kind = 'a'", as: String.self)
        #expect(taken.count == 20)
        #expect(Set(taken).count == 10)
        #expect(try await count("b", "RUNNING") == 3)
        // With everybody's share in hand there is nothing to take, and it costs no more to see that.
        let again = try await rowsRead(JobQueue.claiming([wanted[0]], places: 4, worker: "a worker", lease: .seconds(15)))
        #expect(again.rows < 200, "\(again.plan)")
        #expect(try await count("a", "RUNNING") == 20)
    }
}
