import Foundation
import JSON
import Testing

@testable import DataShield

@Suite struct HIBPWireTests {
    static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `a breach is read leniently`() throws {
        let entry = try HIBPWire.entry(
            JSONValue.answer(Self.bytes(#"{"Name":"A","Unknown":{"x":[1]},"PwnCount":"12","BreachDate":"soon","IsSpamList":true}"#)))
        #expect(entry == CatalogueEntry(name: "A", pwnCount: 12, isSpamList: true))
        #expect(entry.raisesAlert == false)
    }

    @Test(arguments: [
        ("", "not JSON"), ("{", "not JSON"), ("{}", "not a list of breaches"), ("[1]", "a breach without Name"), ("[{}]", "a breach without Name"),
        (#"[{"Name":""}]"#, "a breach without Name"), (#"[{"Name":7}]"#, "a breach without Name"), ("null", "not a list of breaches"),
    ])
    func `what is no list of breaches is malformed`(text: String, what: String) {
        #expect(throws: ProviderFailure.malformed(what)) { try HIBPWire.catalogue(Self.bytes(text)) }
    }

    @Test func `bytes that are not UTF-8 are malformed`() {
        #expect(throws: ProviderFailure.malformed("not UTF-8")) { try HIBPWire.catalogue([0x5B, 0xFF, 0x5D]) }
    }

    @Test func `a domain's answer is read by address`() throws {
        let answer = try HIBPWire.domain(
            Self.bytes(#"{"Alex.Doe":["A","B"],"sam":[],"not an alias":["C"],"odd":["D",7],"null":null,"one":"E"}"#), "example.com")
        #expect(
            answer.names == [
                try EmailAddress("alex.doe@example.com"): ["A", "B"], try EmailAddress("sam@example.com"): [],
                try EmailAddress("one@example.com"): ["E"],
            ])
        // Of whom not all can be read, they are asked about.
        #expect(answer.toAsk == [try EmailAddress("odd@example.com"), try EmailAddress("null@example.com")])
    }

    @Test func `one breach that cannot be read takes no other away`() throws {
        let (read, unread) = try HIBPWire.entries(JSONValue.answer(Self.bytes(#"[{"Name":"A"},{"Name":7},5,{"Name":"B","IsSpamList":"true"}]"#)))
        #expect(read.map(\.name) == ["A", "B"] && read[1].isSpamList)
        #expect(unread.words == "2 rows cannot be read: a breach without Name")
    }

    @Test(arguments: ["[]", #"{"a":7}"#, #"{"a":[1]}"#, #"{"a":null}"#])
    func `a domain's answer of another shape is malformed`(text: String) {
        #expect(throws: ProviderFailure.self) { try HIBPWire.domain(Self.bytes(text), "example.com") }
    }

    @Test func `the newest breach is the one added last`() throws {
        let entries = try HIBPWire.catalogue(
            Self.bytes(#"[{"Name":"B","AddedDate":"2024-01-02T00:00:00Z"},{"Name":"A","AddedDate":"2024-01-02T00:00:00Z"},{"Name":"C"}]"#)
        ).read.map(\.entry)
        #expect(HIBPWire.marker(entries) == "2024-01-02T00:00:00.000Z|B")
        #expect(HIBPWire.marker([]) == nil)
    }

    @Test(arguments: [("a+x@b.de", "a%2Bx%40b.de"), ("ä/ö", "%C3%A4%2F%C3%B6"), ("a-b_c.d~e", "a-b_c.d~e"), ("\u{7}", "%07")])
    func `an account is one segment of a path`(text: String, escaped: String) {
        #expect(PercentEncoding.of(text) == escaped)
    }
}

@Suite struct PaceTests {
    @Test func `calls are spread evenly, a little below the limit`() async throws {
        let pace = Pace(requestsPerMinute: 6_000)
        let clock = ContinuousClock()
        let began = clock.now
        for _ in 0..<30 { try await pace.turn() }
        let time = clock.now - began
        #expect(time >= .milliseconds(29 * 10))
        #expect(pace.requests == 30)
    }

    @Test func `a higher rate holds at once, and a pause all the same`() async throws {
        let clock = ContinuousClock()
        let pace = Pace(requestsPerMinute: 1)
        try await pace.turn()
        #expect(pace.wait > .seconds(1))
        pace.set(requestsPerMinute: 60_000)
        #expect(pace.wait < .seconds(1), "Not the minute of the former rate.")
        try await pace.turn()
        pace.pause(for: .zero)
        let paused = clock.now
        pace.set(requestsPerMinute: 60_000)
        try await pace.turn()
        #expect(clock.now - paused >= .milliseconds(990))
    }

    @Test func `a pause holds also those who wait already`() async throws {
        let pace = Pace(requestsPerMinute: 600)
        let clock = ContinuousClock()
        let began = clock.now
        try await pace.turn()
        async let second: Void = pace.turn()
        async let third: Void = pace.turn()
        pace.pause(for: .milliseconds(-5))
        _ = try await (second, third)
        #expect(clock.now - began >= .seconds(1), "A second is added to what the service says.")
    }

    @Test func `who is cancelled waits no longer`() async throws {
        let pace = Pace(requestsPerMinute: 1)
        try await pace.turn()
        let waiting = Task { try await pace.turn() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(pace.requests == 1)
    }
}

@Suite struct AllowanceTests {
    @Test func `of answers that overtake each other the least counts, until there are more again`() {
        let noon = Date(timeIntervalSince1970: 1_800_000_000)
        let allowance = Allowance()
        for left in [10, 8, 9] { allowance.note(left: left) }
        #expect(allowance.left == 8)
        allowance.note(left: 5, resetsAt: noon)
        allowance.note(left: 7, resetsAt: noon.addingTimeInterval(1))
        #expect(allowance.left == 5)
        allowance.note(left: 2_048, resetsAt: noon.addingTimeInterval(43_200))
        #expect(allowance.left == 2_048)
        allowance.note(left: nil)
        #expect(allowance.left == 2_048)
        allowance.note(left: -3, resetsAt: noon.addingTimeInterval(43_200))
        #expect(allowance.left == 0)
    }
}
