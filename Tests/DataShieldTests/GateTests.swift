import DataShieldTestSupport
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import DataShield

@Suite struct GateTests {
    /// Says that it has begun, and goes on until it is told to stop.
    private final class Probe: Service {
        let begun = Mutex(false)

        func run() async throws {
            begun.withLock { $0 = true }
            // try?: thrown when it is cancelled, which is an end as well.
            try? await gracefulShutdown()
        }
    }

    private func withGroup(_ gate: Gate, _ probe: Probe, _ body: () async throws -> Void) async throws {
        let services: [any Service] = [Gated(service: probe, gate: gate)]
        let group = ServiceGroup(services: services, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        async let end: Void = group.run()
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        try await end
        try result.get()
    }

    @Test func `what is behind a gate begins when it opens`() async throws {
        let (gate, probe) = (Gate(), Probe())
        try await withGroup(gate, probe) {
            try await becomesTrue { gate.waiting == 1 }
            #expect(!probe.begun.withLock { $0 })
            gate.open()
            try await becomesTrue { probe.begun.withLock { $0 } }
        }
        // Who comes later does not wait.
        await gate.wait()
    }

    @Test func `what is told to stop before the gate opens never begins`() async throws {
        let (gate, probe) = (Gate(), Probe())
        try await withGroup(gate, probe) { try await becomesTrue { gate.waiting == 1 } }
        #expect(gate.waiting == 0 && !probe.begun.withLock { $0 })
    }

    @Test func `jobs and schedules wait for the gate, whatever else runs`() async throws {
        try await TestDatabase.withNew { database in
            let application = try Application.build(
                .init(
                    settings: .testing, database: database.tenant, system: database.system,
                    secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
            let gated = application.services(.all, after: Gate()).filter { $0 is Gated }
            #expect(gated.count == application.background.count + 1)
            #expect(!application.services(.web, after: Gate()).contains { $0 is Gated })
            // There is nothing to be shut down but the client.
            await application.outbound.shutdown()
        }
    }
}
