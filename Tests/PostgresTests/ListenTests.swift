import Testing

@testable import Postgres

@Suite struct ListenTests {
    @Test func `what is notified is heard, in order and with its payload`() async throws {
        try await withPool(size: 2) { (pool) async throws in
            let channel = TestServer.uniqueName("It's a \"channel\"")
            var heard: [String] = []
            for await notification in pool.listen(channel, gaps: true) {
                if notification.isGap {
                    try await pool.transaction { db in
                        for payload in ["one", "it's two", ""] { try await db.execute("SELECT pg_notify(\(channel), \(payload))") }
                    }
                } else {
                    #expect(notification.channel == channel)
                    #expect(notification.processID > 0)
                    heard.append(notification.payload)
                    if heard.count == 3 { break }
                }
            }
            #expect(heard == ["one", "it's two", ""])
        }
    }

    @Test func `each listener hears its channel and no other, on one connection`() async throws {
        try await withPool(configured(size: 2) { $0.applicationName = TestServer.uniqueName("listen") }) { (pool) async throws in
            let channels = (0..<3).map { TestServer.uniqueName("c\($0)") }
            let meeting = MeetingPoint(4)
            try await withThrowingTaskGroup(of: [String].self) { group in
                for channel in channels {
                    group.addTask {
                        var heard: [String] = []
                        for await notification in pool.listen(channel, gaps: true) {
                            if notification.isGap { await meeting.arrive() } else { heard.append(notification.payload) }
                            if heard.count == 2 { break }
                        }
                        return heard.filter { !$0.hasPrefix(channel) }
                    }
                }
                await meeting.arrive()
                for channel in channels + channels { try await pool.execute("SELECT pg_notify(\(channel), \(channel + "!"))") }
                for try await wrong in group { #expect(wrong.isEmpty) }
            }
            let name = pool.configuration.applicationName
            try await eventually("the connection is closed when nobody listens") {
                try await pool.first("SELECT count(*) FROM pg_stat_activity WHERE application_name = \(name) AND query ~ 'LISTEN'", as: Int.self) == 1
            }
        }
    }

    @Test func `listening goes on after the connection was lost, and says that there was a gap`() async throws {
        try await withPool(configured(size: 2) { $0.applicationName = TestServer.uniqueName("listen") }) { (pool) async throws in
            let channel = TestServer.uniqueName("c")
            let name = pool.configuration.applicationName
            var gaps = 0
            var heard: [String] = []
            for await notification in pool.listen(channel, gaps: true) {
                if !notification.isGap {
                    heard.append(notification.payload)
                    break
                }
                gaps += 1
                if gaps == 1 {
                    // The pool has no other connection yet. What this one said last is not looked at: after a while of rest it is nothing.
                    try await withPool(size: 1) { (observer) async throws in
                        try await observer.execute(
                            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = \(name)")
                    }
                } else {
                    try await pool.execute("SELECT pg_notify(\(channel), 'after')")
                }
            }
            #expect(gaps == 2)
            #expect(heard == ["after"])
        }
    }

    @Test func `listening ends with the task, and with the pool`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let first = Task { for await _ in pool.listen("a") {} }
            let second = Task { for await _ in pool.listen("b") {} }
            first.cancel()
            await first.value
            await pool.close()
            await second.value
            for await _ in pool.listen("c") { Issue.record("A closed pool has nothing to tell.") }
        }
    }
}
