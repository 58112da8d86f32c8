import DataShieldTestSupport
import Foundation
import LDAP
import Synchronization
import Testing

@testable import DataShield

/// What directories of different makers have for the same: ids, addresses, marks of the disabled.
@Suite struct LDAPProductTests {
    private static let now = Date(timeIntervalSince1970: 1_767_603_600)

    private static func entry(_ attributes: [String: [String]]) -> LDAPEntry {
        LDAPEntry(name: "uid=x,dc=acme,dc=example", attributes: attributes.mapValues { $0.map { Array($0.utf8) } })
    }

    @Test(arguments: [
        ("pwdAccountLockedTime", "000001010000Z", false), ("pwdAccountLockedTime", "20260105090000Z", true), ("pwdEndTime", "20260101000000Z", false),
        ("nsAccountLock", "TRUE", false), ("nsAccountLock", "true", false), ("nsAccountLock", "false", true), ("nsAccountLock", "perhaps", true),
        ("inetUserStatus", "Inactive", false), ("inetUserStatus", "deleted", false), ("inetUserStatus", "active", true),
        ("krbPrincipalExpiration", "20240101000000Z", false), ("krbPrincipalExpiration", "20360101000000Z", true),
        ("loginDisabled", "TRUE", false), ("loginDisabled", "FALSE", true), ("loginExpirationTime", "20251231000000Z", false),
        ("sambaAcctFlags", "[DU         ]", false), ("sambaAcctFlags", "[U          ]", true), ("sambaAcctFlags", "[UL         ]", true),
        ("sambaKickoffTime", "1767603599", false), ("sambaKickoffTime", "1767603601", true), ("sambaKickoffTime", "0", true),
        ("shadowExpire", "20457", false), ("shadowExpire", "20459", true), ("shadowExpire", "0", true), ("shadowExpire", "-1", true),
        ("shadowExpire", "1", false), ("zimbraAccountStatus", "closed", false), ("zimbraAccountStatus", "locked", false),
        ("zimbraAccountStatus", "lockout", true), ("zimbraAccountStatus", "maintenance", true), ("zimbraAccountStatus", "active", true),
        ("accountStatus", "noaccess", false), ("accountStatus", "active", true), ("userAccountControl", "514", false),
        ("userAccountControl", "512", true), ("msDS-User-Account-Control-Computed", "2", false), ("msDS-User-Account-Control-Computed", "16", true),
        ("msDS-UserAccountDisabled", "TRUE", false), ("ds-pwp-account-disabled", "true", false), ("orclIsEnabled", "DISABLED", false),
        ("ibm-pwdAccountLocked", "TRUE", false), ("title", "closed", true),
    ])
    func `who is disabled for good is inactive, and who is locked for wrong passwords is not`(
        attribute: String, value: String, isActive: Bool
    ) {
        #expect(LDAPMarks.isActive(Self.entry([attribute.lowercased(): [value]]), now: Self.now) == isActive)
        #expect(LDAPPeople(isActiveDirectory: false, now: Self.now).attributes.contains(attribute))
    }

    @Test(arguments: [
        (["vendorName": ["389 Project"], "vendorVersion": ["389-Directory/2.3.1 B2023"]], LDAPIdentifier.nsUniqueId),
        (["vendorName": ["389 Project"], "ipaDomainLevel": ["1"]], .ipaUniqueID), (["vendorName": ["NetIQ Corporation"]], .eDirectoryGUID),
        (["vendorName": ["Novell, Inc."]], .eDirectoryGUID), (["vendorVersion": ["Sun-Directory-Server/11.1.1.7.0"]], .nsUniqueId),
        (["vendorName": ["International Business Machines (IBM)"]], .ibmEntryUUID), (["vendorName": ["ForgeRock AS."]], .entryUUID),
        (["supportedCapabilities": ["1.2.840.113556.1.4.800"]], .objectGUID), (["supportedCapabilities": ["1.2.840.113556.1.4.1851"]], .objectGUID),
        ([:], .entryUUID),
    ])
    func `the id is what the kind of server has for one`(root: [String: [String]], identifier: LDAPIdentifier) {
        #expect(LDAPIdentifier(of: LDAPRoot(Self.entry(root))) == identifier)
    }

    @Test func `ids are read and looked for as they are written`() throws {
        let guid: [UInt8] = [0x10, 0xB8, 0xA7, 0x6B, 0xAD, 0x9D, 0xD1, 0x11, 0x80, 0xB4, 0x00, 0xC0, 0x4F, 0xD4, 0x30, 0xC8]
        let entry = LDAPEntry(
            name: "cn=x",
            attributes: [
                "GUID": [guid], "nsUniqueId": [Array("3B6C8E01-93AC11EE-8F1AF0A2-5C9B7D11".utf8)],
                "ipaUniqueID": [Array("6BA7B810-9DAD-11D1-80B4-00C04FD430C8".utf8)], "employeeNumber": [Array(" A*7 ".utf8)],
                "jpegPhoto": [[0xFF, 0x0A]],
            ])
        let number = try #require(LDAPAttribute("employeeNumber"))
        let photo = try #require(LDAPAttribute("jpegPhoto"))
        for (identifier, id, filter) in [
            (
                LDAPIdentifier.eDirectoryGUID, "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                "(GUID=\\10\\b8\\a7\\6b\\ad\\9d\\d1\\11\\80\\b4\\00\\c0\\4f\\d4\\30\\c8)"
            ),
            (.nsUniqueId, "3b6c8e01-93ac11ee-8f1af0a2-5c9b7d11", "(nsUniqueId=3b6c8e01-93ac11ee-8f1af0a2-5c9b7d11)"),
            (.ipaUniqueID, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "(ipaUniqueID=6ba7b810-9dad-11d1-80b4-00c04fd430c8)"),
            (.chosen(number), "A*7", "(employeeNumber=\\41\\2a\\37)"), (.chosen(photo), "hex:ff0a", "(jpegPhoto=\\ff\\0a)"),
        ] {
            #expect(identifier.id(entry) == id)
            #expect(identifier.filter(id: id)?.text == filter)
        }
        #expect(LDAPIdentifier.nsUniqueId.filter(id: "x)(uid=*") == nil && LDAPIdentifier.entryUUID.id(entry) == nil)
    }

    @Test(arguments: [
        (["uid": ["x"]], "the bind account may not read its entryUUID"),
        (["entryUUID": ["17"]], "its entryUUID is not of the form that it should have"),
        (["entryUUID": ["17", "18"]], "its entryUUID has several values"),
    ])
    func `why an entry has no id is said`(attributes: [String: [String]], reason: String) {
        let entry = Self.entry(attributes)
        #expect(LDAPIdentifier.entryUUID.id(entry) == nil && LDAPIdentifier.entryUUID.problem(entry) == reason)
    }

    @Test(arguments: ["", "1", "1.", "a b", "a)(b=*", "é", "mail;lang-en", "-x", String(repeating: "a", count: 129)])
    func `what is no attribute's name is none`(text: String) {
        #expect(LDAPAttribute(text) == nil)
    }

    @Test(
        arguments: [
            (["mail": ["b@x.example", "a@x.example"]], "a@x.example", ["a@x.example", "b@x.example"], ["a@x.example", "b@x.example"]),
            (["mail": ["not an address", "bo@x.example"]], "bo@x.example", [], ["bo@x.example", "not an address"]),
            (
                [
                    "mail": ["b@x.example", "a@x.example"],
                    "proxyAddresses": ["SMTP:b@x.example", "smtp:c@x.example", "x500:/o=x", "sip:b@x.example"],
                ],
                "b@x.example", [], ["a@x.example", "b@x.example", "b@x.example", "c@x.example"]
            ),
            (
                [
                    "mail": ["a@x.example"], "mailAlternateAddress": ["b@x.example"], "zimbraMailAlias": ["c@x.example"],
                    "gosaMailAlternateAddress": ["d@x.example"],
                ],
                "a@x.example", [], ["a@x.example", "b@x.example", "c@x.example", "d@x.example"]
            ),
            (["mailAlternateAddress": ["z@x.example"]], "z@x.example", [], ["z@x.example"]),
            (["mail": ["nobody"]], "nobody", [], ["nobody"]),
        ] as [([String: [String]], String, [String], [String])])
    func `all addresses are found, and mail has no order`(attributes: [String: [String]], email: String, equals: [String], others: [String]) {
        let found = LDAPAddresses.find(Self.entry(attributes), LDAPAttributeMap(), isActiveDirectory: false)
        #expect(found.email == email && found.equals == equals)
        #expect(found.others.sorted() == others)
    }

    @Test func `several values of one thing have no order, and of an id none is it`() throws {
        func person(_ attributes: [String: [String]], _ map: LDAPAttributeMap = LDAPAttributeMap()) -> DirectoryPerson? {
            let entry = Self.entry(attributes.merging(["entryUUID": ["6ba7b810-9dad-11d1-80b4-00c04fd430c8"]]) { $1 })
            return LDAPPeople(isActiveDirectory: false, map: map, now: Self.now).person(entry).person
        }
        for ou in [["Sales", "Buying"], ["Buying", "Sales"]] { #expect(person(["ou": ou])?.department == "Buying") }
        let one = try #require(
            person(["mail": ["a@x.example"], "proxyAddresses": ["smtp:b@x.example"], "userPrincipalName": ["a@x.onmicrosoft.com"]]))
        #expect(one.mailbox == ["a@x.example", "b@x.example"] && one.signInNames == ["a@x.onmicrosoft.com"])
        var map = LDAPAttributeMap()
        map.id = LDAPAttribute("carLicense")
        #expect(person(["carLicense": ["17"]], map)?.externalId == "17")
        #expect(person(["carLicense": ["17", "18"]], map) == nil)
        #expect(person(["carLicense": [""]], map) == nil && person([:], map) == nil)
    }

    @Test(arguments: [
        ("idAttribute", "employee number", "is the name of one attribute"),
        ("addressAttributes", "mail, (x=*)", "is one or more names of attributes"),
        ("departmentAttribute", "1a", "is the name of one attribute"), ("host", "dc1.acme.example, ldap://dc2", "ldap://dc2 is neither"),
        ("host", "dc1:389", "without a port"), ("baseDN", "ou=a,dc=x\nnothing", "line 2 is none"), ("baseDN", "people", "is a distinguished name:"),
    ])
    func `what is wrong in the form is said at its field`(field: String, value: String, words: String) {
        var values = ["host": "dc1.acme.example", "bindDN": "cn=x", "bindPassword": "p", "baseDN": "dc=x"]
        values[field] = value
        let invalid = #expect(throws: InvalidInput.self) { try DirectoryConfiguration(values, of: LDAPConnector.kind) }
        #expect(invalid?.fields.map(\.field) == [field])
        #expect(invalid?.fields.first?.message.contains(words) == true, "\(String(describing: invalid))")
    }
}

/// The same at a real OpenLDAP.
@Suite(.enabled(if: SlapdServer.isInstalled, "slapd is not installed: run scripts/prepare directory"))
struct LDAPQuirkTests {
    /// Attributes that other directories have.
    fileprivate static let schema = """
        attributetype ( 1.3.6.1.4.1.99999.1.2 NAME 'loginDisabled' EQUALITY booleanMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.7 SINGLE-VALUE )
        attributetype ( 1.3.6.1.4.1.99999.1.5 NAME 'krbPrincipalExpiration' EQUALITY generalizedTimeMatch
            ORDERING generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
        attributetype ( 1.3.6.1.4.1.99999.1.8 NAME 'mailAlternateAddress' EQUALITY caseIgnoreMatch
            SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
        objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'quirks' AUXILIARY
            MAY ( loginDisabled $ krbPrincipalExpiration $ mailAlternateAddress ) )

        """

    private static func person(_ uid: String, _ lines: String) -> String {
        """
        dn: uid=\(uid),ou=people,dc=acme,dc=example
        objectClass: inetOrgPerson
        objectClass: quirks
        uid: \(uid)
        cn: \(uid)
        sn: \(uid)
        \(lines)

        """
    }

    fileprivate static let people =
        person("multi", "mail: m.multi@acme.example\nmail: mia@oldname.example\nmailAlternateAddress: mm@acme.example\nemployeeNumber: 17\n")
        + person("badfirst", "mail: not an address\nmail: bo@acme.example\nemployeeNumber: 18\nemployeeType: Stores\n")
        + person("ipagone", "mail: ida@acme.example\nkrbPrincipalExpiration: 20240101000000Z\n")
        + person("edir", "mail: ed@acme.example\nloginDisabled: TRUE\n")

    @Test func `addresses and marks of other directories are read`() async throws {
        try await SlapdServer.with { options in
            options.schema = Self.schema
            options.ldif = Self.people
        } _: { slapd in
            let listed = try await LDAPWorld.connector(to: slapd).listed()
            #expect(listed.people.count == 4)
            let multi = try #require(listed.people.first { $0.lastName == "multi" })
            #expect(multi.equals == ["m.multi@acme.example", "mia@oldname.example"])
            #expect(multi.addresses?.contains("mm@acme.example") == true)
            #expect(listed.people.first { $0.lastName == "badfirst" }?.email == "bo@acme.example")
            #expect(listed["ida@acme.example"]?.isActive == false && listed["ed@acme.example"]?.isActive == false)
        }
    }

    @Test func `attributes that an administrator names are read, and one that nobody has is said`() async throws {
        try await SlapdServer.with { options in
            options.schema = Self.schema
            options.ldif = Self.people
        } _: { slapd in
            let chosen = ["idAttribute": "employeeNumber", "departmentAttribute": "employeeType", "addressAttributes": "mailAlternateAddress, mail"]
            let connector = try await LDAPWorld.connector(to: slapd, chosen)
            let listed = try await connector.listed()
            #expect(Set(listed.people.map(\.externalId)) == ["17", "18"])
            #expect(listed.people.first { $0.externalId == "17" }?.email == "mm@acme.example")
            #expect(listed.people.first { $0.externalId == "18" }?.department == "Stores")
            #expect(listed.end.warnings.contains { $0.contains("employeeNumber") })
            #expect(try await connector.facts(of: "17").isActive == true)
            await LDAPWorld.expect(.noSuchAccount) { try await connector.facts(of: "*") }
            let misspelt = try await LDAPWorld.connector(to: slapd, ["departmentAttribute": "departmant"]).test()
            #expect(misspelt.warnings.contains { $0.hasPrefix("departmentAttribute: none of the first people has the attribute departmant") })
            // Who asks for something else begins anew.
            let state = try #require(listed.end.state)
            let other = try await LDAPWorld.connector(to: slapd)
            await LDAPWorld.expect(.stateExpired) { try await other.listed(.changes(since: state)) }
            #expect(try await connector.listed(.changes(since: state)).people.count == 2)
        }
    }

    @Test func `of two entries with one id the second is left out, and so is one with two ids`() async throws {
        try await SlapdServer.with { options in
            options.schema = Self.schema
            options.ldif =
                Self.person("one", "mail: one@acme.example\ncarLicense: 17\n") + Self.person("two", "mail: two@acme.example\ncarLicense: 17\n")
                + Self.person("many", "mail: many@acme.example\ncarLicense: 18\ncarLicense: 19\n")
        } _: { slapd in
            let connector = try await LDAPWorld.connector(to: slapd, ["idAttribute": "carLicense"])
            let pages = Mutex<[DirectoryPage]>([])
            _ = try await connector.list(.everybody) { page in pages.withLock { $0.append(page) } }
            let (people, rows) = pages.withLock { ($0.flatMap(\.people), $0.flatMap(\.unreadable)) }
            #expect(people.map(\.email) == ["one@acme.example"])
            #expect(rows.map(\.name) == [slapd.name(of: "two"), slapd.name(of: "many")])
            #expect(rows.map(\.externalId) == ["17", nil])
            #expect(rows.map(\.reason) == ["another entry has the same carLicense", "its carLicense has several values"])
        }
    }

    @Test func `several base DNs are one directory, and one that is not there is named`() async throws {
        let more = """
            dn: ou=staff,dc=acme,dc=example
            objectClass: organizationalUnit
            ou: staff

            dn: uid=sue,ou=staff,dc=acme,dc=example
            objectClass: inetOrgPerson
            uid: sue
            cn: Sue
            sn: Sue
            mail: sue@acme.example

            """
        try await SlapdServer.with(people: 3) {
            $0.ldif = more
        } _: { slapd in
            let connector = try await LDAPWorld.connector(to: slapd, ["baseDN": "\(slapd.base)\n ou=staff,dc=acme,dc=example\n"])
            let listed = try await connector.listed()
            #expect(listed.people.count == 4 && listed["sue@acme.example"] != nil)
            #expect(try await connector.test().userCount == 4)
            let id = try #require(listed["sue@acme.example"]?.externalId)
            #expect(try await connector.facts(of: id).isActive == true)
            let wrong = try await LDAPWorld.connector(to: slapd, ["baseDN": "\(slapd.base)\nou=nowhere,dc=acme,dc=example"])
            guard case .misconfigured(field: "baseDN", let why)? = await LDAPWorld.failure({ try await wrong.listed() }) else {
                Issue.record("a base that is not there is found")
                return
            }
            #expect(why.hasPrefix("ou=nowhere,dc=acme,dc=example: "))
        }
    }

    @Test func `the next host is asked when one hangs up before it has let us in`() async throws {
        try await SlapdServer.with(people: 2) { slapd in
            // At another address of the machine: the port is the same for all hosts.
            let proxy = try TCPProxy(.cutting(port: slapd.port, after: 0), host: 9, port: slapd.port)
            defer { proxy.stop() }
            let connector = try await LDAPWorld.connector(
                to: slapd, ["host": "127.0.0.9, 127.0.0.1", "ssl": "none", "port": String(slapd.port)], allowed: ["127.0.0.0/8"])
            let listed = try await connector.listed()
            #expect(listed.people.count == 2 && proxy.connections >= 1)
            #expect(listed.end.warnings.contains { $0.hasPrefix("127.0.0.9 could not be asked: ") }, "\(listed.end.warnings)")
            // What a reset goes by is the same way.
            let id = try #require(listed.people.first?.externalId)
            #expect(try await connector.facts(of: id).isActive == true)
        }
    }

    @Test func `the next host is asked when one cannot be reached, and not when the account is refused`() async throws {
        try await SlapdServer.with(people: 2) { slapd in
            // Nothing listens at this address of the machine.
            let hosts = ["host": "127.0.0.9, 127.0.0.1"]
            let connector = try await LDAPWorld.connector(to: slapd, hosts, allowed: ["127.0.0.0/8"])
            let listed = try await connector.listed()
            #expect(listed.people.count == 2)
            #expect(listed.end.warnings.contains { $0.hasPrefix("127.0.0.9 could not be asked: ") })
            let refused = try await LDAPWorld.connector(
                to: slapd, ["host": "127.0.0.1, 127.0.0.9", "bindPassword": "wrong"], allowed: ["127.0.0.0/8"])
            guard case .refusedCredentials? = await LDAPWorld.failure({ try await refused.listed() }) else {
                Issue.record("another host was asked with a refused password")
                return
            }
            let none = try await LDAPWorld.connector(to: slapd, ["host": "127.0.0.9 127.0.0.10"], allowed: ["127.0.0.0/8"])
            guard case .unavailable(let why)? = await LDAPWorld.failure({ try await none.listed() }) else {
                Issue.record("nobody listens there")
                return
            }
            #expect(why.contains("None of the hosts") && why.contains("127.0.0.9") && why.contains("127.0.0.10"))
        }
    }
}

/// An access rule that hides ids, and values that come in another order.
extension DirectorySyncTests {
    @Test(.enabled(if: SlapdServer.isInstalled, "slapd is not installed: run scripts/prepare directory"))
    func `values of mail in another order change nobody, and who is disabled elsewhere is not taken`() async throws {
        let place = try await place()
        try await SlapdServer.with { options in
            options.schema = LDAPQuirkTests.schema
            options.ldif = LDAPQuirkTests.people
        } _: { slapd in
            let connector = try await LDAPWorld.connector(to: slapd)
            let first = try await sync(connector, place).run
            #expect((first.status, first.added, first.skipped) == (.succeeded, 2, 2))
            #expect(Set(try await people(place).map(\.email.text)) == ["m.multi@acme.example", "bo@acme.example"])
            try await slapd.apply(
                "dn: \(slapd.name(of: "multi"))\nchangetype: modify\nreplace: mail\nmail: mia@oldname.example\nmail: m.multi@acme.example\n")
            let again = try await sync(connector, place).run
            #expect((again.added, again.changed, again.deactivated) == (0, 0, 0))
            #expect(Set(try await people(place).map(\.email.text)) == ["m.multi@acme.example", "bo@acme.example"])
        }
    }

    @Test(.enabled(if: SlapdServer.isInstalled, "slapd is not installed: run scripts/prepare directory"))
    func `ids that an access rule hides take nobody off`() async throws {
        let place = try await place()
        try await SlapdServer.with(people: 60) {
            $0.access = """
                access to dn.regex="^uid=[a-g][a-z.]*,ou=people,dc=acme,dc=example$" attrs=entryUUID
                    by dn.exact="cn=datashield,ou=services,dc=acme,dc=example" none
                    by * read

                """
        } _: { slapd in
            let whole = try await LDAPWorld.connector(to: slapd, ["bindDN": slapd.onlookerName])
            #expect(try await sync(whole, place).run.added == 60)
            let hidden = try await LDAPWorld.connector(to: slapd)
            let (run, samples, _) = try await sync(hidden, place)
            #expect(run.status == .succeeded && run.deactivated == 0)
            #expect(run.skipped >= 15 && run.listed == 60)
            #expect(samples.skipped.allSatisfy { $0.externalId.hasPrefix("uid=") && $0.reason.contains("entryUUID") })
            #expect(run.warnings.contains { $0.contains("nobody was taken for gone") })
            #expect(run.warnings.contains { $0.hasPrefix("Let the bind account read entryUUID") })
            #expect(try await people(place).allSatisfy { $0.deactivatedAt == nil })
        }
    }
}
