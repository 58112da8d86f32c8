import Sandbox
import Testing

@Suite struct DemoCompanyTests {
    @Test func `the demo has 250 people in ten departments, each with an address of their own`() {
        let people = DemoCompany.people
        #expect(people.count == 250)
        #expect(Set(people.map(\.department)).count == 10)
        #expect(Set(people.map(\.email)).count == 250)
        #expect(people.allSatisfy { $0.email.hasSuffix("@acme.example") && $0.email.allSatisfy(\.isASCII) })
    }

    @Test func `the staff list is CSV with a line for each`() {
        let lines = DemoCompany.csv().split(separator: "\r\n")
        #expect(lines.count == 251)
        #expect(lines[0] == "Email,First name,Last name,Department,Title")
        #expect(DemoCompany.csv().contains("\"Team Lead, Support\""))
    }

    @Test func `the staff is always the same`() {
        #expect(DemoCompany.makePeople(250) == DemoCompany.people)
        #expect(Array(DemoCompany.makePeople(1000).prefix(250)) == DemoCompany.people)
    }
}
