import Foundation
import Testing

@testable import DataShield

@Suite struct AuditLimitTests {
    @Test func `so many of a kind are admitted within a minute`() {
        let clock = MovableClock()
        let limit = AuditLimit(2, now: clock.now)
        #expect([limit.admits("a"), limit.admits("a"), limit.admits("a"), limit.admits("b")] == [true, true, false, true])
        clock.advance(59)
        #expect(!limit.admits("a"))
        clock.advance(1)
        #expect(limit.admits("a"))
    }

    @Test func `an event that could not be written is admitted again`() {
        let limit = AuditLimit(now: MovableClock().now)
        #expect(limit.admits("a") && !limit.admits("a"))
        limit.forget("a")
        #expect(limit.admits("a"))
    }

    @Test func `what is counted does not grow without end, and is forgotten with time`() {
        let clock = MovableClock()
        let limit = AuditLimit(now: clock.now)
        for number in 0..<AuditLimit.capacity { #expect(limit.admits("\(number)")) }
        #expect(!limit.admits("one more"))
        clock.advance(60)
        #expect(limit.admits("one more"))
    }
}
