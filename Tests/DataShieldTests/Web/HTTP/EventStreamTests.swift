import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// Streams of events end with the session that they were opened with. Two programs are at one database: the stream is at one of them,
/// what ends the session happens at the other, or in the database alone.
@Suite(.freshDatabase) struct EventStreamTests {
    /// What ends a session.
    enum Ending: String, CaseIterable {
        case signOut, endedByAnotherSession, disabled, otherRole, passwordGiven, userDeleted, tooOld, idle, companyRemoved
    }

    private func makeScan(in company: CompanyID) async throws -> String {
        let id = ScanRunID()
        try await TestDatabase.current.tenant.transaction(for: company) { db in
            try await db.execute("INSERT INTO scan_runs (id, company_id, status, started_at) VALUES (\(id), \(company), 'RUNNING', now())")
        }
        return "/api/scans/\(id)/events"
    }

    /// Each change is one that a stream tells of.
    private func change(_ company: CompanyID) async throws {
        for statement: SQL in [
            "UPDATE scan_runs SET scanned = scanned + 1 WHERE company_id = \(company)",
            "UPDATE ingest_runs SET name = name || '.' WHERE company_id = \(company)",
            "UPDATE sync_runs SET listed = listed + 1 WHERE company_id = \(company)",
        ] {
            try await TestDatabase.current.owner.execute(statement)
        }
    }

    private func open(_ path: String, _ client: TestClient, _ connection: RawConnection) async throws {
        await connection.send("GET \(path) HTTP/1.1\r\nHost: x\r\nCookie: \(client.cookieName)=\(client.token ?? "")\r\n\r\n")
        try await connection.waitsFor("event: progress")
    }

    private func count(_ connection: RawConnection) -> Int { connection.text.ranges(of: "event: ").count }

    @Test(arguments: Ending.allCases) func `a stream of events ends with its session, and tells nothing after that`(_ ending: Ending) async throws {
        try await withServer { (first) async throws in
            let company = first.company
            try await withServer(as: .admin, in: company) { (other) async throws in
                let admin = other
                let viewer = try await first.signedIn(as: .viewer)
                let user = try #require(viewer.user)
                let path = try await makeScan(in: company)
                try await RawConnection.with(port: first.server.port) { connection in
                    try await open(path, viewer, connection)
                    // It lives: what changes is told.
                    try await change(company)
                    try await becomesTrue { count(connection) == 2 }
                    var elsewhere = other
                    elsewhere.token = viewer.token
                    switch ending {
                    case .signOut: #expect(try await elsewhere.post("/api/auth/logout").status == 204)
                    case .endedByAnotherSession:
                        try await TestDatabase.current.owner.execute("DELETE FROM sessions WHERE company_id = \(company) AND user_id = \(user)")
                    case .disabled: #expect(try await admin.patch("/api/users/\(user)", ["isDisabled": true]).status == 200)
                    case .otherRole: #expect(try await admin.patch("/api/users/\(user)", ["role": "ADMIN"]).status == 200)
                    case .passwordGiven:
                        #expect(try await admin.patch("/api/users/\(user)", ["password": "violet-otter-harbour-57"]).status == 200)
                    case .userDeleted: #expect(try await admin.delete("/api/users/\(user)").status == 204)
                    case .tooOld:
                        try await TestDatabase.current.owner.execute("UPDATE sessions SET expires_at = now() WHERE user_id = \(user)")
                    case .idle:
                        try await TestDatabase.current.owner.execute(
                            "UPDATE sessions SET last_seen_at = now() - interval '12 hours 1 second' WHERE user_id = \(user)")
                    case .companyRemoved: try await TestDatabase.current.owner.execute("DELETE FROM companies WHERE id = \(company)")
                    }
                    try await change(company)
                    try await becomesTrue { connection.text.hasSuffix("0\r\n\r\n") || connection.hasEnded }
                    #expect(count(connection) == 2, "Nothing is told after the end.")
                    #expect(!connection.text.contains("event: finished"))
                }
            }
        }
    }

    @Test func `streams of readings and of syncs end, too`() async throws {
        try await withServer { (client) async throws in
            let company = client.company
            let directory = try await TestDatabase.current.makeDirectoryConnection(in: company)
            let (ingest, sync) = (IngestRunID(), SyncRunID())
            try await TestDatabase.current.tenant.transaction(for: company) { db in
                try await IngestStore(db: db).insert(ingest, .upload, name: "x.txt", by: nil, at: Date())
                try await db.execute(
                    """
                    INSERT INTO sync_runs (id, company_id, connection_id, trigger, status) VALUES (\(sync), \(company), \(directory), 'manual', 'RUNNING')
                    """)
            }
            for path in ["/api/ingest/\(ingest)/events", "/api/directory/jobs/\(sync)/events"] {
                let viewer = try await client.signedIn(as: .viewer)
                try await RawConnection.with(port: client.server.port) { connection in
                    try await open(path, viewer, connection)
                    #expect(try await viewer.post("/api/auth/logout").status == 204)
                    try await change(company)
                    try await becomesTrue { connection.text.hasSuffix("0\r\n\r\n") || connection.hasEnded }
                    #expect(count(connection) == 1, "\(path)")
                }
            }
        }
    }

    @Test func `a session that another program ended a moment ago opens no stream`() async throws {
        try await withServer { (client) async throws in
            let path = try await makeScan(in: client.company)
            #expect(try await client.get("/api/me").status == 200)
            // This program still takes it for good: it looked a moment ago.
            try await TestDatabase.current.owner.execute("DELETE FROM sessions WHERE user_id = \(try #require(client.user))")
            let answer = try await client.get(path)
            #expect([200, 401].contains(answer.status))
            #expect(!answer.text.contains("event:"))
        }
    }
}
