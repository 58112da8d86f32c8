import Foundation
import Testing

@testable import DataShield

/// The order of work: spec §4, row by row.
@Suite struct UrgencyTests {
    private static let early = Date(timeIntervalSince1970: 1_700_000_000)
    private static let late = Date(timeIntervalSince1970: 1_750_000_000)

    @Test(
        arguments: [
            (.init(state: .live, certainty: .certain, standing: [.session]), .actNow),
            (.init(state: .live, certainty: .certain, standing: [.token]), .actNow),
            (.init(state: .live, certainty: .certain, standing: [.companyPassword]), .actNow),
            (.init(state: .live, certainty: .ifReused, standing: [.password]), .today),
            (.init(state: .unknown, isFromMalware: true), .today),
            (.init(state: .unknown, standing: [.password], hasCompanySite: true), .today),
            (.init(state: .unknown, standing: [.password]), .thisWeek),
            (.init(state: .unknown), .thisWeek),
            (.init(state: .neutralised), .nothingToDo),
            (.init(state: .noCredential), .nothingToDo),
        ] as [(Urgency.Exposed, Urgency.Band)])
    func `a band is what is known of the exposure`(exposed: Urgency.Exposed, band: Urgency.Band) {
        #expect(Urgency(of: exposed, .init(name: "Ann")).band == band)
        #expect(Urgency(of: exposed, .init(name: "Ann", isDisabled: true)).band == .nothingToDo)
    }

    private static let people: [(Urgency.Exposed, Urgency.Person)] = [
        (.init(state: .live, certainty: .certain, standing: [.session]), .init(name: "Session", hasSecondFactor: true)),
        (.init(state: .live, certainty: .certain, standing: [.token, .password]), .init(name: "Token", hasSecondFactor: true)),
        (.init(state: .live, certainty: .certain, standing: [.companyPassword]), .init(name: "No factor", hasSecondFactor: false)),
        (.init(state: .live, certainty: .certain, standing: [.companyPassword]), .init(name: "Not known")),
        (.init(state: .live, certainty: .certain, standing: [.companyPassword]), .init(name: "VIP", isVip: true, hasSecondFactor: true)),
        (.init(state: .live, certainty: .certain, standing: [.companyPassword], exposedAt: late), .init(name: "Z newer", hasSecondFactor: true)),
        (.init(state: .live, certainty: .certain, standing: [.companyPassword], exposedAt: early), .init(name: "A older", hasSecondFactor: true)),
        (.init(state: .live, certainty: .certain, standing: [.companyPassword]), .init(name: "A undated", hasSecondFactor: true)),
        (.init(state: .live, certainty: .certain, standing: [.companyPassword]), .init(name: "B undated", hasSecondFactor: true)),
        (.init(state: .live, certainty: .certain, standing: [.password]), .init(name: "A other", isVip: true, hasSecondFactor: false)),
        (.init(state: .live, certainty: .certain, standing: [.hash]), .init(name: "A hash", isVip: true, hasSecondFactor: false)),
        (.init(state: .live, certainty: .ifReused, standing: [.password]), .init(name: "A reused", isVip: true, hasSecondFactor: false)),
        (.init(state: .unknown, isFromMalware: true), .init(name: "A withheld", isVip: true, hasSecondFactor: false)),
        (.init(state: .unknown, standing: [.password]), .init(name: "A unknown", isVip: true, hasSecondFactor: false)),
        (.init(state: .neutralised), .init(name: "A done", isVip: true, hasSecondFactor: false)),
    ]

    @Test func `within a band the first difference decides`() {
        let order = Self.people.map { Urgency(of: $0.0, $0.1) }
        for (index, one) in order.enumerated() {
            for other in order.dropFirst(index + 1) {
                #expect(one < other, "\(one.reasons) before \(other.reasons)")
                #expect(!(other < one))
            }
        }
        #expect(order.shuffled().sorted() == order)
    }

    @Test func `the reasons say what stands there and nothing of a second factor beside a session`() {
        func reasons(_ index: Int) -> String { Urgency(of: Self.people[index].0, Self.people[index].1).reasons.joined(separator: ", ") }
        #expect(reasons(0) == "a signed-in session")
        #expect(reasons(2) == "a password for a site of the company's, no second factor")
        #expect(reasons(4) == "a password for a site of the company's, a second factor is on, VIP")
        #expect(reasons(5).hasSuffix("exposed on 15 Jun 2025"))
        #expect(reasons(11) == "a password for another site, which works here if it is reused, no second factor, VIP")
        #expect(reasons(12) == "malware, and nobody says what it took, no second factor, VIP")
        #expect(reasons(14) == "it was changed or ended afterwards")
    }
}
