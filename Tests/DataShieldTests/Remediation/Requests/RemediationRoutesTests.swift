import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct RemediationRoutesTests {
    private struct Order: Encodable, Sendable {
        var action = "REVOKE_SESSIONS"
        var dryRun: Bool?
    }
    private struct BulkOrder: Encodable, Sendable {
        var ids: [AlertID]
        var action = "REVOKE_SESSIONS"
        var dryRun: Bool?
    }

    /// A server of a company whose directory writes down what it is asked.
    private func withWorld(
        as role: Role = .admin, isEnabled: Bool = true, patience: Duration = .seconds(300),
        _ body: (RemediationWorld, TestClient) async throws -> Void
    ) async throws {
        let world = try await RemediationWorld(isEnabled: isEnabled, clock: MovedClock(Date()))
        try await withServer(as: role, in: world.company, directories: world.directory, patience: patience) { client in
            try await body(world, client)
        }
    }

    /// Gives an order and asks again for what came of it until it has ended: on a busy machine it takes longer than somebody is kept waiting,
    /// which is a 202. With the same key no second one is made.
    private func ended(_ alert: AlertID, key: String, _ client: TestClient) async throws -> TestClient.Answer {
        func ask() async throws -> TestClient.Answer {
            try await client.post("/api/alerts/\(alert)/remediate", Order(), headers: [("Idempotency-Key", key)])
        }
        var answer = try await ask()
        try await eventually {
            if answer.status == 202 { answer = try await ask() }
            return answer.status != 202
        }
        return answer
    }

    @Test func `an alert is remediated, after a dry run that does nothing`() async throws {
        try await withWorld { world, client in
            let alert = try await world.makeAlert(about: try await world.makePerson())
            let dry = try await client.post("/api/alerts/\(alert)/remediate", Order(dryRun: true))
            #expect(dry.status == 200)
            let plan = try #require(try dry.decode(RemediationRoutes.Answer.self).plan)
            #expect(plan.items.first?.connectionName == "Main" && plan.cap.left == 1)
            #expect(world.directory.calls.isEmpty)
            let done = try await client.post("/api/alerts/\(alert)/remediate", Order())
            let request = try #require(try done.decode(RemediationRoutes.Answer.self).request)
            // 202 where the machine is so busy that it took longer than somebody is kept waiting.
            #expect(done.status == (request.status.isEnded ? 200 : 202))
            try await eventually { try await client.get("/api/remediation/requests/\(request.id)").decode(RemediationOutcome.self).status == .done }
            let log = try await client.get("/api/remediation?action=REVOKE_SESSIONS&status=SUCCESS").decode(Page<RemediationActionResponse>.self)
            #expect(log.items.count == 1)
            #expect(log.items.first?.performedBy?.hasSuffix("@users.example") == true)
            #expect(try await client.get("/api/alerts/\(alert)").decode(AlertDetailResponse.self).liveness?.state == .neutralised)
        }
    }

    @Test func `what cannot be done says why`() async throws {
        try await withWorld { world, client in
            let alert = try await world.makeAlert(about: try await world.makePerson())
            #expect(try await client.post("/api/alerts/\(alert)/remediate", ["action": "BLOCK"]).fields == ["action"])
            #expect(try await client.post("/api/alerts/\(AlertID())/remediate", Order()).status == 404)
            let strange = try await RemediationWorld()
            let other = try await strange.makeAlert(about: try await strange.makePerson())
            #expect(try await client.post("/api/alerts/\(other)/remediate", Order()).status == 404)
            let nobody = try await world.database.makeAlert(in: world.company)
            let refused = try await client.post("/api/alerts/\(nobody)/remediate", Order())
            #expect(refused.status == 409)
            #expect(try refused.problem.detail.contains("no longer on the list"))
            #expect(strange.directory.calls.isEmpty)
        }
        try await withWorld(isEnabled: false) { world, client in
            let alert = try await world.makeAlert(about: try await world.makePerson())
            #expect(try await client.post("/api/alerts/\(alert)/remediate", Order()).status == 403)
            #expect(try await client.post("/api/remediation/bulk", BulkOrder(ids: [alert])).status == 403)
        }
        try await withWorld(as: .viewer) { world, client in
            let alert = try await world.makeAlert(about: try await world.makePerson())
            #expect(try await client.post("/api/alerts/\(alert)/remediate", Order()).status == 403)
            #expect(try await client.get("/api/remediation").status == 200)
            #expect(try await client.get("/remediation").status == 200)
            let page = try await client.get("/remediation/settings")
            #expect(page.status == 200 && !page.text.contains("Add policy"))
            #expect(!(try await client.get("/alerts/\(alert)").text.contains("/remediation/confirm")))
            #expect(world.directory.calls.isEmpty)
        }
    }

    @Test func `whoever asks is told after a while that the directory takes its time, and can ask for the end`() async throws {
        try await withWorld(patience: .milliseconds(1)) { world, client in
            let alert = try await world.makeAlert(about: try await world.makePerson())
            let (gate, opening) = AsyncStream.makeStream(of: Void.self)
            world.directory.onCall { _ in for await _ in gate {} }
            let answer = try await client.post("/api/alerts/\(alert)/remediate", Order())
            #expect(answer.status == 202)
            let request = try #require(try answer.decode(RemediationRoutes.Answer.self).request)
            opening.finish()
            let path = "/api/remediation/requests/\(request.id)"
            try await eventually { try await client.get(path).decode(RemediationOutcome.self).status == .done }
        }
    }

    @Test func `a selection waits for a worker, and the list of requests shows it`() async throws {
        try await withWorld { world, client in
            let alert = try await world.makeAlert(about: try await world.makePerson())
            let answer = try await client.post("/api/remediation/bulk", BulkOrder(ids: [alert, AlertID()]))
            #expect(answer.status == 202)
            let decoded = try answer.decode(RemediationRoutes.BulkAnswer.self)
            #expect(decoded.requested == 1 && decoded.requests.map(\.alertId) == [alert] && !decoded.repeated)
            #expect(decoded.plan.items.map { $0.refusal == nil } == [true, false])
            let waiting = try await client.get("/api/remediation/requests?status=PENDING").decode(Page<RemediationOutcome>.self)
            let request = try #require(waiting.items.first)
            #expect(decoded.requests.map(\.id) == [request.id])
            try await world.drain()
            let ended = try await client.get("/api/remediation/requests/\(request.id)").decode(RemediationOutcome.self)
            #expect(ended.status == .done && ended.attempts.count == 1)
            #expect(try await client.get("/api/remediation/requests/\(RemediationRequestID())").status == 404)
            #expect(try await client.post("/api/remediation/bulk", BulkOrder(ids: [])).fields == ["ids"])
        }
    }

    @Test(arguments: [
        (DirectoryFailure.refusedAction("The account is an administrator's."), 409, RemediationFailure.refused),
        (.notPermitted("Grant the role."), 409, .refused), (.noSuchAccount, 409, .refused),
        (.unavailable("It is being maintained."), 502, .unavailable),
        (.refusedCredentials("The token has ended."), 502, .unavailable), (.unanswered("Okta did not answer."), 502, .unknown),
    ]) func `a request that failed is a problem that names it`(failure: DirectoryFailure, status: Int, kind: RemediationFailure) async throws {
        try await withWorld { world, client in
            world.directory.onCall { _ in throw failure }
            let alert = try await world.makeAlert(about: try await world.makePerson())
            // The repetition has the same answer.
            for _ in 0..<2 {
                let answer = try await ended(alert, key: "one", client)
                #expect(answer.status == status)
                #expect(answer.header("Content-Type") == "application/problem+json")
                let problem = try answer.decode(RemediationRoutes.FailedRequest.self)
                #expect(problem.status == status && problem.detail == problem.request.reason && !problem.requestId.isEmpty)
                #expect(problem.request.failure == kind && problem.request.attempts.map(\.outcomeKnown) == [kind != .unknown])
                #expect(problem.request.nextAction == (kind == .unknown ? .revokeSessions : nil))
                #expect(try await client.get("/api/remediation/requests/\(problem.request.id)").status == 200)
            }
            #expect(world.directory.calls.count == 1)
            let document = try await client.get("/api/openapi.json").text
            #expect(document.contains("\"502\"") && document.contains("The directory could not be asked, or it is not known what it did"))
            let page = try await client.get("/remediation").text
            // Besides the filter's choice.
            #expect((page.ranges(of: "Not known").count > 1) == (kind == .unknown))
            #expect(page.contains("Finish by hand (1)") == (kind == .unknown))
            for (status, count) in [("SUCCESS", 0), ("FAILED", kind == .unknown ? 0 : 1), ("UNKNOWN", kind == .unknown ? 1 : 0)] {
                let found = try await client.get("/api/remediation?status=\(status)").decode(Page<RemediationActionResponse>.self).items
                #expect(found.count == count, "\(status)")
                #expect(found.allSatisfy { $0.word == (kind == .unknown ? "NOT KNOWN" : "FAILED") })
                #expect(try await client.get("/remediation?status=\(status)").text.contains("No attempt matches") == (count == 0), "\(status)")
            }
            let detail = try await client.get("/api/alerts/\(alert)").decode(AlertDetailResponse.self)
            #expect(detail.history.compactMap(\.outcome) == [kind == .unknown ? .unknown : .failed])
            #expect(try await client.get("/alerts/\(alert)").text.contains("it is not known whether it was done") == (kind == .unknown))
            #expect(try await client.get("/api/remediation/export").text.contains(",\(kind != .unknown)\r\n"))
        }
    }

    @Test func `settings, protected people and resuming`() async throws {
        try await withWorld { world, client in
            let changed = try await client.patch(
                "/api/remediation/settings",
                RemediationSettingsChange(
                    capPeople: 3, capPercent: 50, windowHours: 12,
                    policies: [.init(minSeverity: .critical, requires: .session, action: .revokeSessions)]))
            #expect(changed.status == 200)
            let settings = try changed.decode(RemediationSettingsResponse.self)
            #expect(settings.capPeople == 3 && settings.policies.count == 1 && settings.enabled)
            #expect(try await client.patch("/api/remediation/settings", ["capPeople": 0]).fields == ["capPeople"])
            #expect(try await client.post("/api/remediation/resume").status == 409)

            let person = try await world.makePerson()
            let added = try await client.post("/api/remediation/protected", ["employeeId": person.rawValue, "reason": "Break-glass"])
            #expect(added.status == 201)
            #expect(try await client.post("/api/remediation/protected", ["email": "x@y.example", "reason": "?"]).fields == ["email"])
            let other = try await world.makePerson(email: "other.\(world.company.rawValue.suffix(8))@acme.example")
            let both = try await client.post(
                "/api/remediation/protected",
                ["employeeId": person.rawValue, "email": "other.\(world.company.rawValue.suffix(8))@acme.example", "reason": "Which of the two?"])
            #expect(both.status == 422)
            #expect(try both.fields == ["email"])
            let same = try await client.post(
                "/api/remediation/protected",
                ["employeeId": other.rawValue, "email": " Other.\(world.company.rawValue.suffix(8))@acme.example", "reason": "The same"])
            #expect(same.status == 201)
            #expect(try await client.delete("/api/remediation/protected/\(other)").status == 204)
            #expect(try await client.post("/api/remediation/protected", ["reason": ""]).fields == ["reason"])
            #expect(try await client.post("/api/remediation/protected", ["reason": " "]).fields == ["reason", "email"])
            #expect(try await client.post("/api/remediation/protected", ["employeeId": EmployeeID().rawValue, "reason": "x"]).status == 404)
            let alert = try await world.makeAlert(about: person)
            let refused = try await client.post("/api/alerts/\(alert)/remediate", Order())
            #expect(refused.status == 409)
            #expect(try refused.problem.detail.contains("Break-glass"))
            let stranger = try await client.signedIn(as: .admin, in: try await world.database.makeCompany())
            #expect(try await stranger.delete("/api/remediation/protected/\(person)").status == 404)
            #expect(try await client.delete("/api/remediation/protected/\(person)").status == 204)
            #expect(try await client.get("/api/remediation/protected").decode(Page<ProtectedPersonResponse>.self).items.isEmpty)
        }
    }

    @Test func `the log is exported, and a cell that a spreadsheet would run is made harmless`() async throws {
        try await withWorld { world, client in
            let person = try await world.makePerson()
            try await world.database.owner.execute(
                """
                INSERT INTO remediation_actions (id, company_id, action, status, target, detail, performed_by, employee_id)
                VALUES (\(RemediationActionID()), \(world.company), 'REVOKE_SESSIONS', 'FAILED', 'a@acme.example', '=HYPERLINK("x")', '@sum', \(person))
                """)
            let export = try await client.get("/api/remediation/export?status=FAILED")
            #expect(export.header("Content-Type")?.hasPrefix("text/csv") == true)
            #expect(export.text.contains("'=HYPERLINK"))
            #expect(export.text.contains("'@sum"))
            #expect(try await client.get("/remediation/export?status=SUCCESS").text.split(separator: "\r\n").count == 1)
            let other = try await client.signedIn(as: .admin, in: try await world.database.makeCompany())
            #expect(!(try await other.get("/api/remediation/export").text.contains("HYPERLINK")))
            for query in ["cursor=x", "limit=0", "status=DONE", "action=X", "from=x", "to=x", "employee=x"] {
                #expect(try await client.get("/api/remediation?\(query)").status == 422, "\(query)")
            }
        }
    }

    @Test func `the pages lead from the alert over the dry run to the log, and a stop is on every page`() async throws {
        try await withWorld { world, client in
            let person = try await world.makePerson()
            let alert = try await world.makeAlert(about: person)
            let second = try await world.makeAlert(about: try await world.makePerson())
            #expect(try await client.get("/alerts/\(alert)").text.contains("/remediation/confirm"))
            let fields = [("id", alert.rawValue), ("back", "/alerts/\(alert)"), ("action", "REVOKE_SESSIONS")]
            let confirm = try await client.submit("/remediation/confirm", fields)
            #expect(confirm.status == 200 && confirm.text.contains("What would happen"))
            #expect(world.directory.calls.isEmpty)
            let run = try await client.submit("/remediation/run", fields)
            #expect(run.status == 303 && run.header("Location") == "/alerts/\(alert)")
            try await eventually { try await world.requests().map(\.status) == [.done] }
            #expect(world.directory.calls.count == 1)
            let log = try await client.get("/remediation?employee=\(person)")
            #expect(log.text.contains("Okta “Main”: done"))
            let refused = try await client.submit("/remediation/confirm", [("id", second.rawValue), ("action", "REVOKE_SESSIONS")])
            #expect(refused.text.contains("The limit is reached"))
            _ = try await client.submit("/remediation/run", [("id", second.rawValue), ("action", "REVOKE_SESSIONS")])
            // A session is kept for a moment; another one is looked up.
            let fresh = try await client.signedIn(as: .admin, in: world.company)
            #expect(try await fresh.get("/").text.contains("Remediation is stopped"))
            let viewer = try await client.signedIn(as: .viewer, in: world.company)
            #expect(!(try await viewer.get("/").text.contains("Remediation is stopped")))
            #expect(try await fresh.get("/remediation").text.contains("Waiting, under way and refused"))
            #expect(try await client.get("/metrics").text.contains("datashield_remediation_stopped"))
            #expect(try await fresh.submit("/remediation/resume", []).status == 303)
            #expect(try await world.remediation.settings(for: world.subject).cap.stoppedAt == nil)
        }
    }

    @Test func `the forms of the settings`() async throws {
        try await withWorld { world, client in
            let form = [
                ("enabled", "false"), ("capPeople", "5"), ("capPercent", "1.5"), ("windowHours", "48"), ("weakReset", "true"),
            ]
            #expect(try await client.submit("/remediation/settings", form).status == 303)
            let settings = try await world.remediation.settings(for: world.subject)
            #expect(!settings.enabled && settings.capPercent == 1.5 && settings.weakReset && settings.windowHours == 48)
            let wrong = try await client.submit(
                "/remediation/settings",
                [("enabled", "true"), ("capPeople", "0"), ("capPercent", "2"), ("windowHours", "24"), ("weakReset", "false")])
            #expect(wrong.status == 422 && wrong.text.contains("must be a whole number from 1 to 100000."))
            let policy = [("minSeverity", "CRITICAL"), ("requires", "SESSION"), ("action", "REVOKE_SESSIONS")]
            #expect(try await client.submit("/remediation/policies", policy).status == 303)
            #expect(try await client.get("/remediation/settings").text.contains("Critical with a stolen session"))
            #expect(try await client.submit("/remediation/policies/delete", policy).status == 303)
            #expect(try await world.remediation.settings(for: world.subject).policies.isEmpty)
            let nobody = try await client.submit("/remediation/protected", [("email", "x@y.example"), ("reason", "Break-glass")])
            #expect(nobody.status == 422 && nobody.text.contains("nobody&#39;s") || nobody.text.contains("nobody's"))
            let person = try await world.makePerson(email: "glass.\(world.company.rawValue.suffix(8))@acme.example")
            let protection = [("email", "glass.\(world.company.rawValue.suffix(8))@acme.example"), ("reason", "Break-glass")]
            #expect(try await client.submit("/remediation/protected", protection).status == 303)
            #expect(try await client.get("/remediation/settings").text.contains("Break-glass"))
            #expect(try await client.submit("/remediation/protected/\(person)/delete", []).status == 303)
            #expect(try await client.submit("/remediation/resume", []).status == 303)
        }
    }

    @Test func `an order that is sent twice is carried out once, by header and by form`() async throws {
        try await withWorld { world, client in
            let alert = try await world.makeAlert(about: try await world.makePerson())
            for _ in 0..<2 {
                #expect(try await ended(alert, key: "\"one-order\"", client).status == 200)
            }
            #expect(world.directory.calls.count == 1)
            #expect(
                try await client.post("/api/alerts/\(alert)/remediate", Order(), headers: [("Idempotency-Key", "a b")]).fields == ["Idempotency-Key"])
            let fields = [("id", alert.rawValue), ("back", "/alerts/\(alert)"), ("action", "REVOKE_SESSIONS")]
            let page = try await client.submit("/remediation/confirm", fields).text
            let key = try #require(page.firstMatch(of: /name="key" value="([a-z0-9]+)"/)?.1)
            for _ in 0..<2 { #expect(try await client.submit("/remediation/run", fields + [("key", String(key))]).status == 303) }
            try await eventually { try await world.requests().map(\.status) == [.done, .done] }
            #expect(world.directory.calls.count == 2)
            for _ in 0..<2 {
                let answer = try await client.post("/api/remediation/bulk", BulkOrder(ids: [alert]), headers: [("Idempotency-Key", "many")])
                #expect(try answer.decode(RemediationRoutes.BulkAnswer.self).requested == 1)
            }
            let second = try await world.makeAlert(about: try await world.makePerson())
            let other = try await client.post("/api/remediation/bulk", BulkOrder(ids: [second]), headers: [("Idempotency-Key", "many")])
            #expect(other.status == 422)
            try await world.drain()
            #expect(world.directory.calls.count == 3)
        }
    }

    @Test func `a policy is looked at before it is added`() async throws {
        try await withWorld { world, client in
            let person = try await world.makePerson(email: "due.\(world.company.rawValue.suffix(8))@acme.example")
            _ = try await world.makeAlert(about: person)
            let policy = [("minSeverity", "CRITICAL"), ("requires", "SESSION"), ("action", "REVOKE_SESSIONS")]
            let page = try await client.submit("/remediation/policies/confirm", policy)
            #expect(page.status == 200 && page.text.contains("due.\(world.company.rawValue.suffix(8))@acme.example"))
            #expect(page.text.contains("act on 1 of 1 person"))
            // What is told anew counts, too.
            #expect(page.text.contains("that are new, or have something new, from now on"))
            #expect(try await world.remediation.settings(for: world.subject).policies.isEmpty)
            let body = RemediationSettingsChange.Policy(minSeverity: .critical, requires: .session, action: .revokeSessions)
            let found = try await client.post("/api/remediation/policies/dry-run", body).decode(PolicyPlan.self)
            #expect(found.people == 1 && found.plan.allowed == 1)
            #expect(world.directory.calls.isEmpty)
            let stranger = try await client.signedIn(as: .viewer, in: try await world.database.makeCompany())
            #expect(try await stranger.post("/api/remediation/policies/dry-run", body).decode(PolicyPlan.self).people == 0)
            #expect(try await stranger.submit("/remediation/policies/confirm", policy).status == 403)
        }
    }

    @Test func `the log is filtered by who did it, the alert and the time`() async throws {
        try await withWorld { world, client in
            let (one, two) = (AlertID(), AlertID())
            let rows: [(AlertID, String, String)] = [
                (one, "Ada@acme.example", "2026-03-01T10:00:00Z"), (one, "Policy: 100% sure", "2026-03-02T23:59:59Z"),
                (two, "ada.b@acme.example", "2026-03-03T00:00:00Z"),
            ]
            for (alert, name, time) in rows {
                try await world.database.owner.execute(
                    """
                    INSERT INTO remediation_actions (id, company_id, action, status, target, performed_by, alert_id, created_at)
                    VALUES (\(RemediationActionID()), \(world.company), 'REVOKE_SESSIONS', 'SUCCESS', 'x@acme.example', \(name), \(alert),
                        \(time)::text::timestamptz)
                    """)
            }
            func shown(_ query: String) async throws -> [String?] {
                try await client.get("/api/remediation?\(query)").decode(Page<RemediationActionResponse>.self).items.map(\.performedBy)
            }
            #expect(try await shown("performedBy=ADA") == ["ada.b@acme.example", "Ada@acme.example"])
            // What means something in a pattern is a character like others.
            #expect(try await shown("performedBy=0%25") == ["Policy: 100% sure"])
            #expect(try await shown("performedBy=a_a").isEmpty)
            #expect(try await shown("alert=\(two)") == ["ada.b@acme.example"])
            #expect(try await shown("from=2026-03-02") == ["ada.b@acme.example", "Policy: 100% sure"])
            // A day is included, a moment is not.
            #expect(try await shown("to=2026-03-02") == ["Policy: 100% sure", "Ada@acme.example"])
            #expect(try await shown("to=2026-03-02T23:59:59Z") == ["Ada@acme.example"])
            #expect(try await shown("from=2026-03-02T23:59:59Z&to=2026-03-03T00:00:00Z&alert=\(one)") == ["Policy: 100% sure"])
            let page = try await client.get("/remediation?alert=\(two)&performedBy=ada")
            #expect(page.text.contains("ada.b@acme.example") && !page.text.contains("100% sure"))
            #expect(try await client.get("/remediation/export?to=2026-03-01").text.split(separator: "\r\n").count == 2)
        }
    }
}
