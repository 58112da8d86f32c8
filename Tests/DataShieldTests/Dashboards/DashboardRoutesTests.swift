import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct DashboardRoutesTests {
    @Test func `the dashboard is there for who is signed in`() async throws {
        try await withServer(as: .viewer) { client in
            _ = try await TestDatabase.current.makeAlert(in: client.company, severity: .critical)
            let answer = try await client.get("/api/dashboard?range=30d")
            #expect(answer.status == 200)
            let summary = try answer.decode(DashboardSummary.self)
            #expect(summary.range == .month)
            #expect(summary.timeline.count == 30)
            #expect(summary.openAlerts.critical == 1)
            #expect(try await client.get("/api/dashboard").decode(DashboardSummary.self).timeline.count == 53)
            #expect(try await client.get("/api/dashboard?range=1y").fields == ["range"])
            #expect(try await client.anonymous.get("/api/dashboard").status == 401)
        }
    }
}
