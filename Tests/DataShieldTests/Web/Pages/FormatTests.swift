import Foundation
import Testing

@testable import DataShield

@Suite struct FormatTests {
    @Test(arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (-4_200, "−4,200")])
    func `a count has its thousands apart`(value: Int, text: String) { #expect(Format.count(value) == text) }

    @Test(arguments: [(999, "999"), (9_999, "9,999"), (10_000, "10k"), (12_345, "12.3k"), (1_500_000, "1.5m"), (3_000_000_000, "3bn")])
    func `a long count is shortened`(value: Int, text: String) { #expect(Format.short(value) == text) }

    @Test(arguments: [(0.0, "0 %"), (0.004, "<1 %"), (0.256, "26 %"), (0.996, ">99 %"), (1.0, "100 %"), (Double.nan, "0 %")] as [(Double, String)])
    func `nearly all is not all, and little is not nothing`(share: Double, text: String) { #expect(Format.percent(share) == text) }

    @Test(
        arguments: [
            (0.0, "just now"), (59, "just now"), (60, "1 min ago"), (3_599, "59 min ago"), (7_200, "2 h ago"), (90_000, "yesterday"),
            (3 * 86_400, "3 days ago"), (40 * 86_400, "14 Oct 2026"),
        ] as [(Double, String)])
    func `a time is told by its distance, an old one by its date`(seconds: Double, text: String) throws {
        let now = try #require(Timestamp.parse("2026-11-23T12:00:00.000Z"))
        #expect(Format.ago(now.addingTimeInterval(-seconds), now: now) == text)
    }

    @Test func `times are those of the reader's zone`() throws {
        let date = try #require(Timestamp.parse("2026-12-31T23:30:00.000Z"))
        let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
        #expect(Format.dateTime(date) == "31 Dec 2026, 23:30")
        #expect(Format.dateTime(date, in: zone) == "1 Jan 2027, 00:30")
    }

    @Test(arguments: [("Jane Doe", "JD"), ("Anna-Maria van der Berg", "AB"), ("jane@acme.example", "J"), ("", "?"), ("Wei", "W")])
    func `initials come of a name`(name: String, text: String) { #expect(Format.initials(name) == text) }

    @Test(arguments: [(0, "under a second"), (45, "45 s"), (180, "3 min"), (7_800, "2 h 10 min"), (3_600, "1 h"), (172_800, "2 days")])
    func `a duration is told in the unit that fits`(seconds: Int, text: String) { #expect(Format.duration(seconds: seconds) == text) }
}
