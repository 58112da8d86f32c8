import DataShieldTestSupport
import Foundation
import LeakFiles
import Postgres
import Synchronization
import Testing

@testable import DataShield
@testable import Sandbox

@Suite(.freshDatabase) struct IngestRoutesTests {
    /// Waits until a reading has ended.
    private func ended(_ client: TestClient, _ id: IngestRunID) async throws -> IngestRun.Response {
        let deadline = ContinuousClock.now + .seconds(60)
        // The stream tells of each change, and ends with the run.
        let events = try await client.get("/api/ingest/\(id)/events")
        #expect(events.text.contains("event: finished"))
        let run = try await client.get("/api/ingest/\(id)").decode(IngestRun.Response.self)
        #expect(ContinuousClock.now < deadline)
        return run
    }

    private func people(_ client: TestClient) async throws -> [EmployeeID] {
        var ids: [EmployeeID] = []
        for person in DemoCompany.people { ids.append(try await TestDatabase.current.makeEmployee(in: client.company, email: person.email)) }
        return ids
    }

    @Test func `an uploaded combolist is read, recorded and gone; again, it changes nothing`() async throws {
        try await withServer(as: .admin) { client in
            _ = try await people(client)
            let file = DemoLeaks.combolist(strangers: 2_000)
            var reports: [IngestReport] = []
            for _ in 0..<2 {
                let answer = try await client.send(
                    "POST", "/api/ingest?fileName=combo.txt", body: file, contentType: "application/octet-stream")
                #expect(answer.status == 202)
                let run = try await ended(client, try answer.decode(IngestRun.Response.self).id)
                #expect(run.status == .succeeded)
                #expect(run.percent == 100)
                #expect(run.name == "combo.txt")
                reports.append(run.report)
            }
            let exposed = DemoCompany.people.enumerated().count { $0.offset % 9 == 0 }
            #expect(reports[0].matches == exposed)
            #expect(reports.map(\.newRecords) == [exposed, 0])
            #expect(reports.map(\.newAlerts) == [exposed, 0])
            #expect(reports.map(\.knownFiles) == [0, 1])
            #expect(reports[0].bytes == file.count)
            #expect(reports[0].lines == file.count { $0 == 10 })
            let list = try await client.get("/api/ingest").decode(Page<IngestRun.Response>.self)
            #expect(list.items.count == 2)
        }
    }

    @Test func `a form's file keeps its name, and a dump is called by it`() async throws {
        try await withServer(as: .admin) { client in
            let ada = try await TestDatabase.current.makeEmployee(in: client.company, email: "ada@acme-form.example")
            let name = "shop\(CUID.make(at: Date()).suffix(8))"
            let body = """
                --xyz\r
                Content-Disposition: form-data; name="file"; filename="C:\\leaks\\\(name).csv"\r
                Content-Type: text/csv\r
                \r
                email,password\nada@acme-form.example,Invented-9!\n\r
                --xyz--\r\n
                """
            let answer = try await client.send(
                "POST", "/ingest", body: Array(body.utf8), contentType: "multipart/form-data; boundary=xyz",
                headers: [("Sec-Fetch-Site", "same-origin")])
            #expect(answer.status == 303)
            let run = try await ended(client, try #require(answer.header("location")?.split(separator: "/").last.flatMap { IngestRunID(String($0)) }))
            #expect(run.name == "\(name).csv")
            let records = try await TestDatabase.current.owner.query(
                "SELECT b.name FROM breach_records r JOIN breaches b ON b.id = r.breach_id WHERE r.employee_id = \(ada)", as: String.self)
            #expect(records == [name])
        }
    }

    @Test func `stealer logs in an archive are machines, each with its people`() async throws {
        try await withServer(as: .admin) { client in
            _ = try await people(client)
            let answer = try await client.send(
                "POST", "/api/ingest?fileName=logs.zip", body: DemoLeaks.stealerLogs(), contentType: "application/zip")
            let run = try await ended(client, try answer.decode(IngestRun.Response.self).id)
            #expect(run.status == .succeeded, "\(run.errorMessage ?? "")")
            #expect(run.report.skipped == [])
            #expect(run.report.machines == 3)
            let machines = try await client.get("/api/machines").decode(Page<MachineResponse>.self).items
            #expect(Set(machines.compactMap(\.malwareFamily)) == ["RedLine", "Lumma", "Vidar"])
            #expect(machines.map(\.people) == [1, 1, 1])
            #expect(machines.map(\.openAlerts) == [1, 1, 1])
            let redline = try #require(machines.first { $0.malwareFamily == "RedLine" })
            let detail = try await client.get("/api/machines/\(redline.id)").decode(MachineDetailResponse.self)
            #expect(detail.people.map(\.employeeEmail) == [DemoCompany.people[9].email])
            #expect(detail.people[0].artifacts == [.password, .cookie, .autofill])
            #expect(detail.people[0].evidence?.cookies?.map(\.name) == ["session_id", "sid"])
            let credentials = try await client.get("/api/employees/\(detail.people[0].employeeId)/credentials").decode(Page<LeakedCredential>.self)
            #expect(Set(credentials.items.flatMap(\.sites)) == ["mail.example.net", "vpn.acme.example"])
            // A page of each, for whoever may only look.
            let viewer = try await client.signedIn(as: .viewer)
            for path in ["/machines", "/machines/\(redline.id)", "/ingest", "/ingest/\(run.id)", "/employees/\(detail.people[0].employeeId)"] {
                let page = try await viewer.get(path)
                #expect(page.status == 200, "\(path)")
            }
            #expect(try await viewer.get("/machines/\(redline.id)").text.contains("session_id"))
        }
    }

    @Test func `what finds a machine is for administrators, and each look is on record`() async throws {
        try await withServer(as: .admin) { client in
            _ = try await people(client)
            let answer = try await client.send(
                "POST", "/api/ingest?fileName=logs.zip", body: DemoLeaks.stealerLogs(), contentType: "application/zip")
            _ = try await ended(client, try answer.decode(IngestRun.Response.self).id)
            let machines = try await client.get("/api/machines").decode(Page<MachineResponse>.self).items
            let machine = try #require(machines.first { $0.malwareFamily == "RedLine" })
            let traces = try #require(machine.traces)
            let (id, computer) = (try #require(machine.machineId), try #require(traces.computer))
            let system = try #require(machine.operatingSystem)
            #expect(traces.machineId == id && traces.operatingSystem == system)
            let detail = try await client.get("/api/machines/\(machine.id)").decode(MachineDetailResponse.self)
            #expect(detail.machine.traces == traces)
            let person = try #require(detail.people.first)
            let alert = try #require(person.alertId)
            let pages = ["/machines/\(machine.id)", "/employees/\(person.employeeId)", "/alerts/\(alert)"]
            try await tell(client, pages, computer, does: true)
            try await looksAreRecorded(client, machine.id)
            let viewer = try await client.signedIn(as: .viewer)
            let answers = [
                "/machines", "/api/machines", "/api/machines/\(machine.id)", "/api/employees/\(person.employeeId)", "/api/alerts/\(alert)",
            ]
            try await tell(viewer, pages + answers, computer, does: false)
            try await tell(viewer, pages + answers, id, does: false)
            try await tell(viewer, pages + answers, system, does: false)
            let seen = try await viewer.get("/api/machines").decode(Page<MachineResponse>.self).items
            #expect(seen.allSatisfy { $0.machineId == nil && $0.operatingSystem == nil && $0.traces == nil })
            #expect(try await viewer.get("/machines/\(machine.id)").text.contains("Only administrators"))
            // Whoever was shown nothing has not looked.
            try await looksAreRecorded(client, machine.id)
        }
    }

    @Test func `where in an archive a part lies that was passed over is for administrators`() async throws {
        try await withServer(as: .admin) { client in
            _ = try await people(client)
            var zip = StoredZip()
            let folder = "DE[0123456789ABCDEF] [2026-05-06T07_08_09] alex.doe"
            for name in ["a", "b"] { zip.add("\(folder)/../../\(name).txt", "x") }
            let answer = try await client.send("POST", "/api/ingest?fileName=logs.zip", body: zip.bytes(), contentType: "application/zip")
            let id = try answer.decode(IngestRun.Response.self).id
            let whole = try await ended(client, id).report
            #expect(whole.skippedCount == 2 && whole.skipped.map(\.path).sorted().first == "logs.zip!\(folder)/../../a.txt")
            let paths = ["/api/ingest", "/api/ingest/\(id)", "/api/ingest/\(id)/events", "/ingest/\(id)"]
            try await tell(client, paths, "alex.doe", does: true)
            let viewer = try await client.signedIn(as: .viewer)
            try await tell(viewer, paths + ["/ingest"], "alex.doe", does: false)
            let seen = try await viewer.get("/api/ingest/\(id)").decode(IngestRun.Response.self).report
            #expect(seen.skippedCount == 2 && seen.skipped == [SkippedPart(path: "logs.zip", reason: whole.skipped[0].reason)])
            #expect(try await viewer.get("/ingest/\(id)").text.contains("2 parts; only administrators see which"))
        }
    }

    /// Whether each of the addresses answers with a text in it.
    private func tell(_ client: TestClient, _ paths: [String], _ text: String, does: Bool) async throws {
        for path in paths {
            let answer = try await client.get(path)
            #expect(answer.status == 200, "\(path)")
            #expect(answer.text.contains(text) == does, "\(path)")
        }
    }

    private func looksAreRecorded(_ client: TestClient, _ machine: InfectedMachineID) async throws {
        let looks = try await TestDatabase.current.owner.query(
            "SELECT concat_ws(' ', action, target_id, after->>'on', jsonb_array_length(after->'machines')) FROM audit_events WHERE company_id = \(client.company) AND action LIKE 'machine%' ORDER BY 1",
            as: String.self)
        #expect(
            looks == [
                "machine.traced \(machine) a person", "machine.traced \(machine) an alert", "machine.traced \(machine) the machine",
                "machine.traced \(machine) the machine", "machines.traced the list of machines 3",
            ])
    }

    @Test func `a viewer may not have files read, and another company sees nothing of them`() async throws {
        try await withServer(as: .admin) { client in
            _ = try await people(client)
            let answer = try await client.send(
                "POST", "/api/ingest", body: DemoLeaks.stealerLogs(), contentType: "application/octet-stream")
            let id = try answer.decode(IngestRun.Response.self).id
            _ = try await ended(client, id)
            let machine = try #require(try await client.get("/api/machines").decode(Page<MachineResponse>.self).items.first)
            let viewer = try await client.signedIn(as: .viewer)
            #expect(try await viewer.send("POST", "/api/ingest", body: [65], contentType: "text/plain").status == 403)
            let other = try await client.signedIn(as: .admin, in: try await TestDatabase.current.makeCompany())
            for path in ["/api/ingest/\(id)", "/api/ingest/\(id)/events", "/api/machines/\(machine.id)", "/ingest/\(id)", "/machines/\(machine.id)"] {
                #expect(try await other.get(path).status == 404, "\(path)")
            }
            #expect(try await other.get("/api/breaches/\(machine.breachId)").status == 404)
            #expect(try await other.get("/api/machines").decode(Page<MachineResponse>.self).items.isEmpty)
            #expect(try await client.anonymous.get("/api/machines").status == 401)
        }
    }

    @Test(arguments: [
        ("date=x", "date"), ("date=2024-13-40", "date"), ("colour=x", "colour"), ("breach=\(String(repeating: "x", count: 121))", "breach"),
    ])
    func `what is said of a file is checked`(query: String, field: String) async throws {
        try await withServer(as: .admin) { client in
            let answer = try await client.send("POST", "/api/ingest?\(query)", body: [65], contentType: "text/plain")
            #expect(answer.status == 422)
            #expect(try answer.fields == [field])
        }
    }

    @Test func `whoever sends too slowly is told so, and the place is free for the next`() async throws {
        let clock = TestClock()
        try await withServer(as: .admin, clock: clock) { client in
            _ = try await people(client)
            let (pieces, send) = AsyncStream<[UInt8]>.makeStream()
            async let slow = client.send("POST", "/api/ingest", pieces: pieces, contentType: "text/plain")
            send.yield([UInt8](repeating: 65, count: 1_000))
            try await becomesTrue { clock.sleeperCount == 1 }
            let second = try await client.send("POST", "/api/ingest", body: [65], contentType: "text/plain")
            #expect(second.status == 409)
            #expect(try second.problem.detail.contains("Your company"))
            clock.advance(by: Ingests.uploadWindow)
            let answer = try await slow
            #expect(answer.status == 408)
            #expect(answer.header("Content-Type") == "application/problem+json")
            #expect(try answer.problem.detail.contains("too slowly"))
            let next = try await client.send("POST", "/api/ingest", body: Array("x\n".utf8), contentType: "text/plain")
            #expect(next.status == 202)
            _ = try await ended(client, try next.decode(IngestRun.Response.self).id)
            send.finish()
        }
    }

    /// One piece of a file, and nothing more for hours.
    private struct Stalling: AsyncSequence, Sendable {
        let piece: [UInt8]
        /// Finished when the piece has been taken in.
        let taken: AsyncStream<Void>.Continuation

        struct Iterator: AsyncIteratorProtocol {
            var piece: [UInt8]?
            let taken: AsyncStream<Void>.Continuation

            mutating func next() async throws -> [UInt8]? {
                if let piece {
                    self.piece = nil
                    return piece
                }
                taken.finish()
                try await Task.sleep(for: .seconds(3_600))  // sleeps: until it is cancelled
                return nil
            }
        }

        func makeAsyncIterator() -> Iterator { Iterator(piece: piece, taken: taken) }
    }

    @Test func `an upload goes on while each stretch of time brings enough`() async throws {
        let database = TestDatabase.current
        let (clock, uploads) = (TestClock(), IngestUploads())
        let ingests = Ingests(
            database: database.tenant, system: database.system, recorder: Recorder(), secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)),
            uploads: uploads, clock: clock)
        let subject = Subject(actor: .program("test"), company: try await database.makeCompany(), role: .admin)
        let (taken, take) = AsyncStream<Void>.makeStream()
        let piece = [UInt8](repeating: 65, count: Ingests.leastInUploadWindow)
        let upload = Task { try await ingests.upload(Stalling(piece: piece, taken: take), LeakSource(), by: subject) }
        for await _ in taken {}
        try await becomesTrue { clock.sleeperCount == 1 }
        clock.advance(by: Ingests.uploadWindow)
        // It was enough, and the next stretch begins.
        try await becomesTrue { clock.sleeperCount == 1 }
        clock.advance(by: Ingests.uploadWindow)
        await #expect(throws: Ingests.Failure.tooSlow) { _ = try await upload.value }
        try uploads.reserve(for: subject.company)
    }

    @Test func `one company's upload is nothing to another`() async throws {
        let clock = TestClock()
        try await withServer(as: .admin, clock: clock) { client in
            _ = try await people(client)
            let other = try await client.signedIn(as: .admin, in: try await TestDatabase.current.makeCompany())
            _ = try await TestDatabase.current.makeEmployee(in: try await company(of: other), email: "ada@other-upload.example")
            let (pieces, send) = AsyncStream<[UInt8]>.makeStream()
            async let slow = client.send("POST", "/api/ingest", pieces: pieces, contentType: "text/plain")
            send.yield([UInt8](repeating: 65, count: 1_000))
            try await becomesTrue { clock.sleeperCount == 1 }
            // The other's is taken, read and done meanwhile.
            let answer = try await other.send("POST", "/api/ingest", body: Array("x\n".utf8), contentType: "text/plain")
            #expect(answer.status == 202)
            _ = try await ended(other, try answer.decode(IngestRun.Response.self).id)
            send.finish()
            #expect(try await slow.status == 202)
        }
    }

    private func company(of client: TestClient) async throws -> CompanyID {
        try await client.get("/api/company").decode(CompanyResponse.self).id
    }

    @Test func `places and memory are shared, and what is full says nothing of others`() throws {
        let uploads = IngestUploads(places: 3, freeBytes: 10, sharedBytes: 20)
        let (first, second, third, fourth) = (CompanyID(), CompanyID(), CompanyID(), CompanyID())
        for company in [first, second, third] { try uploads.reserve(for: company) }
        #expect(throws: Ingests.Failure.busy) { try uploads.reserve(for: first) }
        #expect(throws: Ingests.Failure.noRoom) { try uploads.reserve(for: fourth) }
        // Half of what is left, above what each has for itself, so that each finds some.
        for (company, most) in [(first, 20), (second, 15), (third, 12)] {
            try uploads.grow(to: 10, for: company)
            try uploads.grow(to: most, for: company)
            #expect(throws: Ingests.Failure.tooLargeNow) { try uploads.grow(to: most + 1, for: company) }
        }
        uploads.release(first)
        try uploads.grow(to: 19, for: second)
        #expect(throws: Ingests.Failure.tooLargeNow) { try uploads.grow(to: 20, for: second) }
        try uploads.reserve(for: fourth)
        #expect(Ingests.Failure.tooLargeNow.status == .serviceUnavailable)
        #expect(Refusal(Ingests.Failure.tooLargeNow).headers[.retryAfter] == "600")
        for word in ["other", "compan"] { #expect(!Ingests.Failure.tooLargeNow.detail.contains(word)) }
        #expect(Ingests.Failure.noRoom.status == .serviceUnavailable)
        #expect(Refusal(Ingests.Failure.noRoom).headers[.retryAfter] == "60")
        for word in ["other", "compan", "read", "another"] { #expect(!Ingests.Failure.noRoom.detail.contains(word)) }
    }

    @Test func `two companies' largest files leave room for a third's`() throws {
        let uploads = IngestUploads()
        let (first, second, third) = (CompanyID(), CompanyID(), CompanyID())
        for company in [first, second, third] { try uploads.reserve(for: company) }
        try uploads.grow(to: Ingests.uploadLimit, for: first)
        #expect(throws: Ingests.Failure.tooLargeNow) { try uploads.grow(to: Ingests.uploadLimit, for: second) }
        try uploads.grow(to: 256 << 20, for: second)
        try uploads.grow(to: 128 << 20, for: third)
    }

    @Test func `a file that says its size is refused before its first byte, and never in the middle`() async throws {
        let database = TestDatabase.current
        let uploads = IngestUploads(places: 3, freeBytes: 10, sharedBytes: 20)
        let ingests = Ingests(
            database: database.tenant, system: database.system, recorder: Recorder(), secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)),
            uploads: uploads, clock: TestClock())
        let subject = Subject(actor: .program("test"), company: try await database.makeCompany(), role: .admin)
        let asked = Mutex(0)
        let (pieces, send) = AsyncStream<[UInt8]>.makeStream()
        let file = Let(pieces: pieces) { asked.withLock { $0 += 1 } }
        await #expect(throws: Ingests.Failure.tooLargeNow) { _ = try await ingests.upload(file, announced: 21, LeakSource(), by: subject) }
        #expect(asked.withLock { $0 } == 0)
        let upload = Task { try await ingests.upload(file, announced: 20, LeakSource(), by: subject) }
        try await becomesTrue { asked.withLock { $0 } == 1 }
        // Nothing of it has come, and its room is nobody else's.
        let other = CompanyID()
        try uploads.reserve(for: other)
        #expect(throws: Ingests.Failure.tooLargeNow) { try uploads.grow(to: 16, for: other) }
        try uploads.grow(to: 15, for: other)
        send.yield([UInt8](repeating: 65, count: 20))
        send.finish()
        #expect(try await upload.value.trigger == .upload)
    }

    /// Pieces of a file, one each time that it is let.
    private struct Let: AsyncSequence, Sendable {
        let pieces: AsyncStream<[UInt8]>
        let asked: @Sendable () -> Void

        struct Iterator: AsyncIteratorProtocol {
            var pieces: AsyncStream<[UInt8]>.Iterator
            let asked: @Sendable () -> Void

            mutating func next() async throws -> [UInt8]? {
                asked()
                return await pieces.next()
            }
        }

        func makeAsyncIterator() -> Iterator { Iterator(pieces: pieces.makeAsyncIterator(), asked: asked) }
    }

    @Test func `an upload that brings enough each time ends after an hour all the same`() async throws {
        let database = TestDatabase.current
        let (clock, uploads) = (TestClock(), IngestUploads())
        let asked = Mutex(0)
        let ingests = Ingests(
            database: database.tenant, system: database.system, recorder: Recorder(), secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)),
            uploads: uploads, clock: clock)
        let subject = Subject(actor: .program("test"), company: try await database.makeCompany(), role: .admin)
        let (pieces, send) = AsyncStream<[UInt8]>.makeStream()
        let upload = Task { try await ingests.upload(Let(pieces: pieces) { asked.withLock { $0 += 1 } }, LeakSource(), by: subject) }
        let piece = [UInt8](repeating: 65, count: Ingests.leastInUploadWindow)
        for window in 1...Ingests.uploadWindows {
            send.yield(piece)
            // The piece is taken in when the next is asked for.
            try await becomesTrue { asked.withLock { $0 } == window + 1 && clock.sleeperCount == 1 }
            clock.advance(by: Ingests.uploadWindow)
            // The window is looked at before the next piece comes: two pieces in one would leave the one after it empty.
            if window < Ingests.uploadWindows { try await becomesTrue { clock.sleeperCount == 1 } }
        }
        await #expect(throws: Ingests.Failure.tooSlow) { _ = try await upload.value }
        try uploads.reserve(for: subject.company)
    }

    @Test func `an uploaded file is read as what its name says`() async throws {
        try await withServer(as: .admin) { client in
            let ada = try await TestDatabase.current.makeEmployee(in: client.company, email: "ada@acme-name.example")
            let name = "Shop\(CUID.make(at: Date()).suffix(8))"
            // Nothing but the name says that these are objects of JSON.
            let text = "rows of users\n{\"email\": \"ada@acme-name.example\", \"password\": \"Invented-9!\"}\n"
            let answer = try await client.send("POST", "/api/ingest?fileName=\(name).json", body: Array(text.utf8), contentType: "text/plain")
            _ = try await ended(client, try answer.decode(IngestRun.Response.self).id)
            let records = try await TestDatabase.current.owner.query(
                "SELECT b.name FROM breach_records r JOIN breaches b ON b.id = r.breach_id WHERE r.employee_id = \(ada)", as: String.self)
            #expect(records == [name])
        }
    }

    @Test func `an empty file and a wrong type are told so, and block nobody`() async throws {
        try await withServer(as: .admin) { client in
            _ = try await people(client)
            #expect(try await client.send("POST", "/api/ingest", body: [], contentType: "text/plain").status == 422)
            #expect(try await client.send("POST", "/api/ingest", body: [65], contentType: "image/png").status == 415)
            let answer = try await client.send("POST", "/api/ingest", body: Array("x\n".utf8), contentType: "text/plain")
            #expect(answer.status == 202)
            _ = try await ended(client, try answer.decode(IngestRun.Response.self).id)
        }
    }
}
