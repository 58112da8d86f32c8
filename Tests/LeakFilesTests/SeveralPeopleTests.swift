import Testing

@testable import LeakFiles

/// Rows, lines, blocks and objects with several people in them: each has their own password, or it is not known; nobody another's.
@Suite struct SeveralPeopleTests {
    /// What may be said of one person: a secret, none (`nil`), or that it is not known.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var person: String
        var allowed: [String?]
        var testDescription: String { "\(name) \(person)" }
    }

    static let unread = "?"

    @Test(arguments: columns + lines + blocks + objects) func `nobody is given another person's password`(_ one: Case) {
        let found = records(one.text, name: one.name, watching: [one.person])
        for record in found {
            let said = record.secretText ?? (record.unread == nil ? nil : Self.unread)
            #expect(one.allowed.contains(said), "\(one.text) \(said ?? "none")")
        }
    }

    @Test func `a block whose beginning is not at hand is nobody's`() {
        let text = (0..<200).map { "Email: x\($0)@shop.example\nPassword: Pw-\($0)\n" }.joined() + "Email: sam@example.net\nPassword: Pw-own\n"
        let found = records(text, watching: ["sam@example.net"])
        #expect(found.allSatisfy { $0.secretText == "Pw-own" || $0.secret == nil && $0.unread != nil }, "\(found)")
    }

    @Test(arguments: [
        "sam@example.net\nthis is her mail address there\nHunter2!xq\n", "sam@example.net\n2024-01-02\nHunter2!xq\n",
        "From: a@x.example\nTo: Ann <sam@example.net>\nSubject: Welcome to us all\n\nsunshine is the word for it\n",
        "From: a@x.example\nTo: sam@example.net\nSubject: Hello there\n\nTo: sign in use Hunter2!xq\n",
        "sam@example.net;www.love.you\n", "sam@example.net,vpn.acme.secret\n", "<tr><td>sam@example.net</td><td>Dragon Slayer</td></tr>\n",
    ]) func `what stands around an address is not known to be harmless`(_ text: String) {
        let found = records(text, watching: ["sam@example.net"])
        #expect(!found.isEmpty && found.allSatisfy { $0.secret == nil && $0.unread != nil }, "\(found)")
    }

    @Test(arguments: [
        ("sam@example.net----Pw-Invented1", "Pw-Invented1"), ("sam@example.net---Pw-Invented1", "Pw-Invented1"),
        ("Login:sam@example.net|Password:Pw-own|Balance:0|Country:DE", "Pw-own"),
    ]) func `signs around a password are none of it`(_ line: String, _ secret: String) {
        #expect(records(line + "\n", watching: ["sam@example.net"]).map(\.secretText) == [secret])
    }
}
