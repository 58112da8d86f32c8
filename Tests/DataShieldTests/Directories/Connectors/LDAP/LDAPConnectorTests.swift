import DataShieldTestSupport
import Foundation
import LDAP
import Testing

@testable import DataShield

@Suite(.enabled(if: SlapdServer.isInstalled, "slapd is not installed: run scripts/prepare directory"))
struct LDAPConnectorTests {
    /// People as directories have them.
    private static let staff = """
        dn: uid=juergen,ou=people,dc=acme,dc=example
        objectClass: inetOrgPerson
        uid: juergen
        cn:: SsO8cmdlbiBHcm/Dnw==
        givenName:: SsO8cmdlbg==
        sn:: R3Jvw58=
        mail: juergen.gross@acme.example
        mail: jg@acme.example
        ou:: 5Za25qWt6YOo
        title: Buyer
        entryUUID: 6ba7b810-9dad-11d1-80b4-00c04fd430c8
        modifyTimestamp: 20260105090000Z

        dn: cn=Doe\\, Jane (J*),ou=people,dc=acme,dc=example
        objectClass: inetOrgPerson
        cn: Doe, Jane (J*)
        sn: Doe
        displayName: Jane Doe
        departmentNumber: Sales
        modifyTimestamp: 20260105090000Z

        dn: uid=locked,ou=people,dc=acme,dc=example
        objectClass: inetOrgPerson
        uid: locked
        cn: Lea Locked
        sn: Locked
        mail: locked@acme.example
        userPassword: secret-locked
        pwdAccountLockedTime: 000001010000Z
        modifyTimestamp: 20260105090000Z

        dn: uid=attacked,ou=people,dc=acme,dc=example
        objectClass: inetOrgPerson
        uid: attacked
        cn: Ada Attacked
        sn: Attacked
        mail: attacked@acme.example
        pwdAccountLockedTime: 20260105090000Z
        pwdChangedTime: 20251231235959Z
        modifyTimestamp: 20260105090000Z

        dn: ou=elsewhere,ou=people,dc=acme,dc=example
        objectClass: referral
        objectClass: extensibleObject
        ou: elsewhere
        ref: ldap://127.0.0.1:1/ou=people,dc=other,dc=example

        """

    @Test(arguments: [("ldaps", true), ("starttls", false)])
    func `five thousand people are listed in pages over an encrypted connection`(_ security: String, _ isTLS: Bool) async throws {
        try await SlapdServer.with(people: 5000) { slapd in
            let connector = try await LDAPWorld.connector(to: slapd, ["ssl": security, "port": String(isTLS ? slapd.tlsPort : slapd.port)])
            let listed = try await connector.listed()
            #expect(listed.pages == 5)
            #expect(Set(listed.people.map(\.externalId)).count == 5000)
            #expect(listed.people.allSatisfy { $0.isActive && $0.email != nil && $0.department != nil && $0.mfaEnabled == nil })
            #expect(listed.end.warnings.isEmpty)
            let person = try #require(listed["amara.abara@acme.example"])
            #expect((person.firstName, person.lastName, person.department, person.title) == ("Amara", "Abara", "Engineering", "Specialist"))
        }
    }

    @Test func `names in any script, people without mail, locks and references are read as they are`() async throws {
        try await SlapdServer.with(people: 1) {
            $0.ldif = Self.staff
        } _: { slapd in
            let listed = try await LDAPWorld.connector(to: slapd).listed()
            #expect(listed.people.count == 5)
            #expect(listed.end.warnings.count == 1 && listed.end.warnings[0].contains("1 references"))
            // Values have no order: which of the two it is, is settled with what is known.
            let first = try #require(listed["jg@acme.example"])
            #expect(
                first
                    == DirectoryPerson(
                        externalId: "6ba7b810-9dad-11d1-80b4-00c04fd430c8", email: "jg@acme.example", firstName: "Jürgen",
                        lastName: "Groß",
                        department: "営業部", title: "Buyer", equals: ["jg@acme.example", "juergen.gross@acme.example"],
                        addresses: ["juergen.gross@acme.example", "jg@acme.example"], mailbox: ["juergen.gross@acme.example", "jg@acme.example"]))
            let nameless = try #require(listed.people.first { $0.email == nil })
            #expect((nameless.firstName, nameless.lastName, nameless.department) == ("Jane", "Doe", "Sales"))
            #expect(listed["locked@acme.example"]?.isActive == false)
            // Somebody tries passwords: no leaver.
            #expect(listed["attacked@acme.example"]?.isActive == true)
            #expect(listed["attacked@acme.example"]?.passwordChangedAt == Date(timeIntervalSince1970: 1_767_225_599))
            #expect(listed["amara.abara@acme.example"]?.passwordChangedAt == nil)
        }
    }

    @Test func `a trial counts people, shows ten of them, and says what is odd`() async throws {
        try await SlapdServer.with(people: 40) { slapd in
            let trial = try await LDAPWorld.connector(to: slapd).test()
            #expect((trial.userCount, trial.sample.count, trial.warnings.count) == (40, 10, 0))
            let none = try await LDAPWorld.connector(to: slapd, ["userFilter": "(&(objectClass=person)(uid=nobody))"]).test()
            #expect((none.userCount, none.sample.count) == (0, 0))
            #expect(none.warnings.contains { $0.contains("No entry below the base DN matches") })
            let withoutMail = try await LDAPWorld.connector(to: slapd, ["userFilter": "(objectClass=organizationalUnit)"]).test()
            #expect(withoutMail.warnings.contains { $0.contains("e-mail address") })
            let plain = try await LDAPWorld.connector(to: slapd, ["ssl": "none", "port": String(slapd.port)]).test()
            #expect((plain.userCount, plain.warnings.count) == (40, 0), "nothing leaves this machine")
        }
    }

    @Test func `a listing of changes has exactly what was changed`() async throws {
        try await SlapdServer.with(people: 50) { slapd in
            let connector = try await LDAPWorld.connector(to: slapd)
            let all = try await connector.listed()
            let state = try #require(all.end.state)
            try await slapd.apply("dn: \(slapd.name(of: "arjun.abara"))\nchangetype: modify\nreplace: title\ntitle: Director\n")
            let changed = try await connector.listed(.changes(since: state))
            // The first of the people was changed last before the listing, and lies within the margin.
            #expect(Set(changed.people.compactMap(\.email)) == ["amara.abara@acme.example", "arjun.abara@acme.example"])
            #expect(changed["arjun.abara@acme.example"]?.title == "Director")
            let next = try #require(changed.end.state)
            try await slapd.apply(
                "dn: \(slapd.name(of: "beatriz.abara"))\nchangetype: modify\nreplace: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n")
            let again = try await connector.listed(.changes(since: next))
            #expect(Set(again.people.compactMap(\.email)) == ["arjun.abara@acme.example", "beatriz.abara@acme.example"])
            #expect(again["beatriz.abara@acme.example"]?.isActive == false)

            let other = try await LDAPWorld.connector(to: slapd, ["userFilter": "(uid=*)"])
            await LDAPWorld.expect(.stateExpired) { try await other.listed(.changes(since: next)) }
            await LDAPWorld.expect(.stateExpired) { try await connector.listed(.changes(since: DirectoryState(["usn": "5"]))) }
        }
    }

    @Test func `a strong reset kills the old password at once, and stores the new one hashed`() async throws {
        try await SlapdServer.with(people: 3) { slapd in
            let connector = try await LDAPWorld.connector(to: slapd)
            let listed = try await connector.listed()
            let person = try #require(listed["amara.abara@acme.example"])
            let name = slapd.name(of: "amara.abara")
            #expect(try await slapd.accepts(name, password: "password-0"))
            let words = try await connector.perform(.forcePasswordReset, on: person.externalId, isWeakResetWanted: false)
            #expect(words.contains("no longer good") && words.contains("has to choose its own"))
            #expect(try await !slapd.accepts(name, password: "password-0"))
            #expect(try await slapd.accepts(slapd.name(of: "arjun.abara"), password: "password-1"))
            #expect(try await slapd.value(of: "pwdReset", in: name) == "TRUE")
            #expect(try await slapd.value(of: "userPassword", in: name)?.hasPrefix("{SSHA}") == true)
            let facts = try await connector.facts(of: person.externalId)
            #expect(facts.isActive == true && facts.mfaEnabled == nil)
            #expect(try #require(facts.passwordChangedAt) > Date(timeIntervalSinceNow: -3600))
        }
    }

    @Test func `a weak reset leaves the old password good for the change alone`() async throws {
        try await SlapdServer.with(people: 1) { slapd in
            let connector = try await LDAPWorld.connector(to: slapd)
            let id = try #require(try await connector.listed().people.first?.externalId)
            let name = slapd.name(of: "amara.abara")
            let readsItself = ["-s", "base", "-b", name, "mail"]
            #expect(try await slapd.search(as: name, password: "password-0", readsItself).status == 0)
            _ = try await connector.perform(.forcePasswordReset, on: id, isWeakResetWanted: true)
            // The bind is good, and nothing else is: insufficientAccess.
            #expect(try await slapd.search(as: name, password: "password-0", readsItself).status == 50)
            try await slapd.changePassword(of: name, from: "password-0", to: "my own new one")
            #expect(try await slapd.search(as: name, password: "my own new one", readsItself).status == 0)
        }
    }

    @Test func `what a reset cannot do is said`() async throws {
        try await SlapdServer.with(people: 1) { slapd in
            let connector = try await LDAPWorld.connector(to: slapd)
            let id = try #require(try await connector.listed().people.first?.externalId)
            let plain = try await LDAPWorld.connector(to: slapd, ["ssl": "none", "port": String(slapd.port)])
            // A dry run says the same, and asks nobody.
            #expect(plain.refusal(of: .forcePasswordReset, isWeakResetWanted: false)?.contains("choose ldaps or starttls") == true)
            #expect(plain.refusal(of: .forcePasswordReset, isWeakResetWanted: true) == nil)
            #expect(plain.refusal(of: .revokeSessions, isWeakResetWanted: false) != nil)
            guard
                case .refusedAction(let words) = await LDAPWorld.failure({
                    try await plain.perform(.forcePasswordReset, on: id, isWeakResetWanted: false)
                })
            else {
                Issue.record("a password went over the wire")
                return
            }
            #expect(words.contains("encryption"))
            #expect(try await slapd.accepts(slapd.name(of: "amara.abara"), password: "password-0"))
            guard case .unsupported = await LDAPWorld.failure({ try await connector.perform(.revokeSessions, on: id, isWeakResetWanted: false) })
            else {
                Issue.record("sessions cannot be revoked")
                return
            }
            for unknown in ["", "*", "*)(uid=*", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430c8)(uid=*"] {
                await LDAPWorld.expect(.noSuchAccount) { try await connector.perform(.forcePasswordReset, on: unknown, isWeakResetWanted: false) }
                await LDAPWorld.expect(.noSuchAccount) { try await connector.facts(of: unknown) }
            }
            let own = try await LDAPWorld.connector(
                to: slapd, ["bindDN": slapd.name(of: "amara.abara"), "bindPassword": "password-0", "baseDN": slapd.name(of: "amara.abara")])
            guard
                case .refusedAction(let own) = await LDAPWorld.failure({
                    try await own.perform(.forcePasswordReset, on: id, isWeakResetWanted: false)
                })
            else {
                Issue.record("an account reset itself")
                return
            }
            #expect(own.contains("DataShield itself"))
        }
    }

    @Test func `the connection's own account is not reset, however its name is spelled`() async throws {
        try await SlapdServer.with(people: 2) { slapd in
            let name = slapd.name(of: "amara.abara")
            let listed = try await LDAPWorld.connector(to: slapd).listed()
            let id = try #require(listed["amara.abara@acme.example"]?.externalId)
            let spellings = [
                "uid=amara.abara, ou=people, dc=acme, dc=example", "UID = Amara.Abara , OU = People,DC=acme,DC=example",
                "uid=amara\\2Eabara,ou=people,dc=acme,dc=example", "0.9.2342.19200300.100.1.1=amara.abara,2.5.4.11=people,dc=acme,dc=example",
                "userid=amara.abara,organizationalUnitName=people,dc=acme,dc=example",
            ]
            for spelling in [name] + spellings {
                let own = try await LDAPWorld.connector(to: slapd, ["bindDN": spelling, "bindPassword": "password-0", "baseDN": name])
                for isWeak in [false, true] {
                    let failure = await LDAPWorld.failure { try await own.perform(.forcePasswordReset, on: id, isWeakResetWanted: isWeak) }
                    guard case .refusedAction(let words)? = failure else {
                        Issue.record("\(spelling): \(String(describing: failure))")
                        continue
                    }
                    #expect(words == LDAPOwnAccount.refusal)
                }
            }
            #expect(try await slapd.accepts(name, password: "password-0"))
            #expect(try await slapd.value(of: "pwdReset", in: name) == nil)
        }
    }

    @Test func `users are told apart by what they sign in with, whatever their domain`() {
        let entry = LDAPEntry(
            name: "CN=Reader,DC=corp,DC=example",
            attributes: ["sAMAccountName": [Array("Reader".utf8)], "userPrincipalName": [Array("reader@corp.example".utf8)]])
        for name in ["reader", "READER@corp.example", "CORP\\reader", "corp.example\\Reader", "Reader@CORP.EXAMPLE", "reader@other.example"] {
            #expect(LDAPOwnAccount.isUser(name, entry), "\(name)")
        }
        for name in ["reader2", "xreader@corp.example", "CORP\\xreader", "", "CN=Reader,DC=corp,DC=example", "CORP\\\u{301}reader"] {
            #expect(!LDAPOwnAccount.isUser(name, entry), "\(name)")
        }
    }

    @Test func `a right that is missing for the reset is named, and nothing is changed`() async throws {
        try await SlapdServer.with(people: 1) { slapd in
            let connector = try await LDAPWorld.connector(to: slapd, ["bindDN": slapd.onlookerName])
            let id = try #require(try await connector.listed().people.first?.externalId)
            for isWeak in [true, false] {
                guard
                    case .notPermitted(let words) = await LDAPWorld.failure({
                        try await connector.perform(.forcePasswordReset, on: id, isWeakResetWanted: isWeak)
                    })
                else {
                    Issue.record("an onlooker may reset")
                    return
                }
                #expect(words.contains(isWeak ? "write pwdReset" : "write userPassword") && words.contains("Grant it"))
            }
            #expect(try await slapd.accepts(slapd.name(of: "amara.abara"), password: "password-0"))
        }
    }
}
