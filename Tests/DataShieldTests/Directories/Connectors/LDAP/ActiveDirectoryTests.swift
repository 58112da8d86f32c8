import DataShieldTestSupport
import Foundation
import LDAP
import Testing

@testable import DataShield

@Suite struct ActiveDirectoryRuleTests {
    @Test func `a GUID as text has its first three numbers turned round`() {
        let bytes: [UInt8] = [0x10, 0xB8, 0xA7, 0x6B, 0xAD, 0x9D, 0xD1, 0x11, 0x80, 0xB4, 0x00, 0xC0, 0x4F, 0xD4, 0x30, 0xC8]
        #expect(ActiveDirectory.text(ofGUID: bytes) == "6ba7b810-9dad-11d1-80b4-00c04fd430c8")
        #expect(ActiveDirectory.bytes(ofGUID: "6BA7B810-9dad-11d1-80b4-00c04fd430c8") == bytes)
        #expect(ActiveDirectory.text(ofGUID: []) == nil)
        for text in ["", "*", "6ba7b810", "6ba7b810-9dad-11d1-80b4-00c04fd430c8)", "6ba7b8109dad11d180b400c04fd430c8"] {
            #expect(ActiveDirectory.bytes(ofGUID: text) == nil, "\(text)")
        }
        let filter = LDAPPeople(isActiveDirectory: true, now: Date()).filter(id: "6ba7b810-9dad-11d1-80b4-00c04fd430c8")
        #expect(filter?.text == "(objectGUID=\\10\\b8\\a7\\6b\\ad\\9d\\d1\\11\\80\\b4\\00\\c0\\4f\\d4\\30\\c8)")
    }

    @Test func `times count from 1601, and two of them mean never`() {
        #expect(ActiveDirectory.date(ticks: 116_444_736_000_000_000) == Date(timeIntervalSince1970: 0))
        #expect(ActiveDirectory.date(ticks: 134_120_772_000_000_000) == Date(timeIntervalSince1970: 1_767_603_600))
        #expect(ActiveDirectory.date(ticks: 0) == nil && ActiveDirectory.date(ticks: .max) == nil)
    }

    @Test(arguments: [
        ("512", "0", true), ("514", "0", false), ("66048", "9223372036854775807", true), ("66050", "0", false), ("512", "134120772000000000", false),
        ("512", "134120772020000000", true), ("528", "0", true),
    ])
    func `who is disabled or expired is inactive`(_ control: String, _ expires: String, _ isActive: Bool) {
        let entry = LDAPEntry(name: "CN=x", attributes: ["useraccountcontrol": [Array(control.utf8)], "accountexpires": [Array(expires.utf8)]])
        #expect(ActiveDirectory.isActive(entry, now: Date(timeIntervalSince1970: 1_767_603_601)) == isActive)
    }

    @Test func `a password is quoted and in UTF-16`() {
        #expect(ActiveDirectory.bytes(ofPassword: "aé") == [0x22, 0, 0x61, 0, 0xE9, 0, 0x22, 0])
    }

    /// What an entry has, and what is made of it.
    struct Reading: Sendable {
        let attributes: [String: String]
        var email: String?
        var first: String?
        var last: String?

        func person(isActiveDirectory: Bool) -> DirectoryPerson? {
            var values: [String: [[UInt8]]] = [
                "objectguid": [[UInt8](repeating: 7, count: 16)], "entryuuid": [Array("6ba7b810-9dad-11d1-80b4-00c04fd430c8".utf8)],
            ]
            for (name, value) in attributes { values[name.lowercased()] = [Array(value.utf8)] }
            return LDAPPeople(isActiveDirectory: isActiveDirectory, now: Date()).person(LDAPEntry(name: "cn=x", attributes: values)).person
        }
    }

    @Test(arguments: [
        Reading(attributes: ["mail": "a@x.example", "userPrincipalName": "b@x.example"], email: "a@x.example"),
        Reading(attributes: ["proxyAddresses": "SMTP:c@x.example", "userPrincipalName": "b@x.example"], email: "c@x.example"),
        Reading(attributes: ["proxyAddresses": "smtp:c@x.example", "userPrincipalName": "b@x.example"], email: "b@x.example"),
        Reading(attributes: [:]),
    ])
    func `an address is mail, else the primary one, else the name to sign in with`(_ reading: Reading) throws {
        #expect(try #require(reading.person(isActiveDirectory: true)).email == reading.email)
    }

    @Test(arguments: [
        Reading(attributes: ["givenName": "Ada", "sn": "Lovelace", "cn": "x"], first: "Ada", last: "Lovelace"),
        Reading(attributes: ["cn": "Ada Lovelace"], first: "Ada", last: "Lovelace"),
        Reading(attributes: ["displayName": "Lovelace, Ada", "cn": "x"], first: "Ada", last: "Lovelace"),
        Reading(attributes: ["sn": "van Dyk", "cn": "Jan van Dyk"], first: "Jan", last: "van Dyk"),
        Reading(attributes: ["sn": "Lovelace", "cn": "al"], last: "Lovelace"),
        Reading(attributes: ["givenName": "Ada", "displayName": "Ada King Noel"], first: "Ada", last: "King Noel"),
        Reading(attributes: ["cn": "Printers"], last: "Printers"), Reading(attributes: [:]), Reading(attributes: ["givenName": " ", "sn": "  "]),
    ])
    func `names are taken apart where the directory does not`(_ reading: Reading) throws {
        let person = try #require(reading.person(isActiveDirectory: false))
        #expect(person.firstName == reading.first && person.lastName == reading.last)
    }

    @Test func `sub-codes of a refused bind are said in words`() {
        let words = LDAPWords(host: "dc1")
        for (code, word) in [
            "52e": "password is wrong", "525": "no such account", "533": "disabled", "775": "locked", "773": "must be changed", "532": "expired",
        ] {
            let diagnostic = "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data \(code), v4563"
            guard case .refusedCredentials(let text) = words.ofBind(.refused(LDAPResult(.invalidCredentials, diagnostic: diagnostic))) else {
                Issue.record("\(code)")
                return
            }
            #expect(text.contains(word) && text.contains("(\(code))"), "\(text)")
        }
    }

    @Test func `a computer is nobody, and an entry without an id is told`() {
        let people = LDAPPeople(isActiveDirectory: true, now: Date())
        let computer = LDAPEntry(
            name: "CN=x",
            attributes: ["objectclass": [Array("user".utf8), Array("Computer".utf8)], "objectguid": [[UInt8](repeating: 7, count: 16)]])
        guard case .nobody = people.person(computer) else {
            Issue.record("a computer is somebody")
            return
        }
        guard case .withoutId = people.person(LDAPEntry(name: "CN=x", attributes: [:])) else {
            Issue.record("an id out of nothing")
            return
        }
    }
}

/// Active Directory's own attributes, at Samba's domain controller.
@Suite(.enabled(if: SambaServer.obstacle == nil, "\(SambaServer.obstacle ?? "")"))
struct ActiveDirectoryTests {
    private func connector(_ samba: SambaServer, _ values: [String: String] = [:]) async throws -> LDAPConnector {
        let right = [
            "host": samba.address, "bindDN": samba.adminName, "bindPassword": samba.adminPassword, "baseDN": samba.base,
            "caCertificate": samba.authority,
        ]
        return try await LDAPWorld.connector(right.merging(values) { $1 }, allowed: ["127.0.0.0/8"])
    }

    // One domain for all, because it takes a while to make.
    @Test func `people of a domain are listed, followed and reset`() async throws {
        try await SambaServer.with { samba in
            for name in ["user1", "user2", "user3"] {
                try await samba.tool(
                    "user", "create", name, "Str0ng!pass1", "--mail-address=\(name)@corp.example", "--given-name=Ada", "--surname=\(name)",
                    "--department=Sales", "--job-title=Buyer")
            }
            try await samba.tool("computer", "create", "PC1")
            try await samba.tool("contact", "create", "Outsider", "--mail-address=outsider@other.example")
            try await samba.tool("user", "disable", "user2")
            try await lists(samba)
            try await follows(samba)
            try await resets(samba)
            try await refuses(samba)
        }
    }

    private func lists(_ samba: SambaServer) async throws {
        for values in [[:], ["ssl": "starttls"]] {
            let connector = try await connector(samba, values)
            let listed = try await connector.listed()
            #expect(Set(listed.people.compactMap(\.email)).isSuperset(of: ["user1@corp.example", "user2@corp.example", "user3@corp.example"]))
            #expect(listed["outsider@other.example"] == nil)
            #expect(!listed.people.contains { $0.lastName == "PC1" || $0.email?.contains("$") == true })
            let first = try #require(listed["user1@corp.example"])
            #expect((first.firstName, first.lastName, first.department, first.title, first.isActive) == ("Ada", "user1", "Sales", "Buyer", true))
            #expect(try #require(first.passwordChangedAt) > Date(timeIntervalSinceNow: -3600))
            #expect(listed["user2@corp.example"]?.isActive == false)
            let ldapsearch = try await samba.search(samba.base, ["(sAMAccountName=user1)", "objectGUID"])
            let encoded = try #require(ldapsearch.output.split(separator: "\n").first { $0.hasPrefix("objectGUID:: ") }?.dropFirst(13))
            #expect(ActiveDirectory.text(ofGUID: Array(try #require(Data(base64Encoded: String(encoded))))) == first.externalId)
            #expect(try await connector.facts(of: first.externalId).isActive == true)
            let trial = try await connector.test()
            #expect(trial.userCount == listed.people.count && trial.warnings.allSatisfy { $0.contains("references") })
        }
    }

    private func follows(_ samba: SambaServer) async throws {
        let connector = try await connector(samba)
        let state = try #require(try await connector.listed().end.state)
        #expect(state.values["server"] == "dc1.corp.example.com" && state.values["invocation"]?.utf8.count == 36)
        let none = try await connector.listed(.changes(since: state))
        #expect(none.people.isEmpty)
        try await samba.apply("dn: CN=Ada user3,CN=Users,\(samba.base)\nchangetype: modify\nreplace: title\ntitle: Director\n")
        let changed = try await connector.listed(.changes(since: try #require(none.end.state)))
        #expect(changed.people.map(\.email) == ["user3@corp.example"] && changed.people.first?.title == "Director")
        #expect(try await connector.listed(.changes(since: try #require(changed.end.state))).people.isEmpty)
        for (name, value) in [
            "invocation": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "server": "dc2.corp.example.com", "usn": "99999999", "base": "DC=x",
        ] {
            let other = DirectoryState(state.values.merging([name: value]) { $1 })
            await LDAPWorld.expect(.stateExpired) { try await connector.listed(.changes(since: other)) }
        }
    }

    private func resets(_ samba: SambaServer) async throws {
        let connector = try await connector(samba)
        let listed = try await connector.listed()
        func id(_ name: String) throws -> String { try #require(listed["\(name)@corp.example"]?.externalId) }
        #expect(try await samba.refusal(of: "user1@corp.example.com", password: "Str0ng!pass1") == nil)
        let words = try await connector.perform(.forcePasswordReset, on: id("user1"), isWeakResetWanted: false)
        #expect(words.contains("no longer good") && words.contains("has to choose its own"))
        #expect(try await samba.refusal(of: "user1@corp.example.com", password: "Str0ng!pass1")?.contains("data 52e") == true)
        #expect(try await connector.facts(of: id("user1")).passwordChangedAt == nil, "pwdLastSet is 0: it must be changed")
        // Good for the change alone: a bind is told so.
        _ = try await connector.perform(.forcePasswordReset, on: id("user3"), isWeakResetWanted: true)
        #expect(try await samba.refusal(of: "user3@corp.example.com", password: "Str0ng!pass1")?.contains("data 773") == true)

        // 66048: a normal account whose password never expires.
        try await samba.apply("dn: CN=Ada user3,CN=Users,\(samba.base)\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 66048\n")
        guard
            case .refusedAction(let reason) = await LDAPWorld.failure({
                try await connector.perform(.forcePasswordReset, on: id("user3"), isWeakResetWanted: true)
            })
        else {
            Issue.record("a reset without effect")
            return
        }
        #expect(reason.contains("never expires"))
        let strong = try await connector.perform(.forcePasswordReset, on: id("user3"), isWeakResetWanted: false)
        #expect(strong.contains("no longer good") && strong.contains("never expires"))
        #expect(try await samba.refusal(of: "user3@corp.example.com", password: "Str0ng!pass1")?.contains("data 52e") == true)
        // 262656: a smart card is required.
        try await samba.apply(
            "dn: CN=Ada user3,CN=Users,\(samba.base)\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 262656\n")
        for isWeak in [true, false] {
            guard
                case .refusedAction(let reason) = await LDAPWorld.failure({
                    try await connector.perform(.forcePasswordReset, on: id("user3"), isWeakResetWanted: isWeak)
                })
            else {
                Issue.record("a reset without effect")
                return
            }
            #expect(reason.contains("smart card"))
        }
    }

    private func refuses(_ samba: SambaServer) async throws {
        func failure(_ values: [String: String]) async throws -> DirectoryFailure? {
            let connector = try await connector(samba, values)
            return await LDAPWorld.failure { try await connector.test() }
        }
        guard case .refusedCredentials(let wrong) = try await failure(["bindPassword": "wrong"]) else {
            Issue.record("wrong password")
            return
        }
        #expect(wrong.contains("password is wrong") && wrong.contains("52e"))
        guard case .refusedCredentials = try await failure(["bindDN": "user2@corp.example.com", "bindPassword": "Str0ng!pass1"]) else {
            Issue.record("a disabled account")
            return
        }
        guard case .misconfigured("ssl", _) = try await failure(["ssl": "none"]) else {
            Issue.record("clear text")
            return
        }
        guard case .misconfigured("baseDN", let base) = try await failure(["baseDN": "OU=nowhere,\(samba.base)"]) else {
            Issue.record("no base")
            return
        }
        #expect(base.contains("DC=corp,DC=example,DC=com"))
        try await keepsItsOwn(samba)
    }

    /// The administrator's own account, by whatever spelling of its name the server lets in.
    private func keepsItsOwn(_ samba: SambaServer) async throws {
        let listed = try await connector(samba).listed()
        let administrator = try #require(listed.people.first { $0.email == nil && $0.lastName == "Administrator" })
        #expect(try await connector(samba).session { $0.root.ownIdentifiers }.isEmpty == false, "the server says who has bound")
        let common = ["CORP\\Administrator", "administrator@corp.example.com", "CN=Administrator,CN=Users,\(samba.base)"]
        let odd = [
            "cn = administrator , cn = USERS, dc=corp, dc=example ,dc=com", "2.5.4.3=Administrator,CN=Users,\(samba.base)",
            "CN=\\41dministrator,CN=Users,\(samba.base)", "{\(administrator.externalId)}", "corp.example.com/Users/Administrator",
            "corp.example.com\\administrator", "ADMINISTRATOR@CORP", "<GUID=\(administrator.externalId)>",
        ]
        for spelling in common + odd {
            let own = try await connector(samba, ["bindDN": spelling])
            let failure = await LDAPWorld.failure {
                try await own.perform(.forcePasswordReset, on: administrator.externalId, isWeakResetWanted: false)
            }
            switch failure {
            case .refusedAction?: break
            // The server does not know this spelling at all.
            case .refusedCredentials? where odd.contains(spelling), .misconfigured(field: "bindDN", _)? where odd.contains(spelling): break
            default: Issue.record("\(spelling): \(String(describing: failure))")
            }
        }
        #expect(try await samba.refusal(of: samba.adminName, password: samba.adminPassword) == nil)
        // By another account it can be: that one's name is not its own.
        let other = try #require(listed["user1@corp.example"])
        _ = try await connector(samba).perform(.forcePasswordReset, on: other.externalId, isWeakResetWanted: false)
    }
}
