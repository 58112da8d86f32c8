import Foundation
import Testing

@testable import LDAP

@Suite struct FilterTests {
    @Test(arguments: [
        "(objectClass=person)", "(cn=*)", "(cn=a*b*c)", "(&(objectClass=person)(mail=*))", "(|(a=1)(b=2)(!(c=3)))", "(uSNChanged>=5)", "(a<=b)",
        "(a~=b)",
        "(userAccountControl:1.2.840.113556.1.4.803:=2)", "(ou:dn:=people)", "(:caseExactMatch:=x)", "(cn=\\28x\\29)", "(cn=Jürgen)", "(cn=)",
        "(cn;lang-de=x)", "(2.5.4.3=x)",
    ])
    func `a filter is taken`(_ text: String) throws {
        #expect(try LDAPFilter(text).text == text)
    }

    @Test(arguments: [
        "", "objectClass=person", "(objectClass=person", "objectClass=person)", "(objectClass=person))", "((objectClass=person))", "(&)", "(|)",
        "(!)",
        "(!(a=b)(c=d))", "(&(a=b)", "(=x)", "(a)", "(a>b)", "(a=b(c)", "(cn=\\2)", "(cn=\\zz)", "(cn=a\u{0}b)", "(a=b)(c=d)", "(a b=c)", "(&(a=b)x)",
        "(a::=b)",
        " (a=b)",
    ])
    func `what is no filter is refused, with the place`(_ text: String) {
        #expect(throws: LDAPFilter.Fault.self) { try LDAPFilter(text) }
    }

    @Test func `a filter nested without end is refused`() {
        #expect(throws: LDAPFilter.Fault.self) {
            try LDAPFilter(String(repeating: "(!", count: 100_000) + "(a=b)" + String(repeating: ")", count: 100_000))
        }
    }

    @Test func `the fault says where and what`() {
        #expect(throws: LDAPFilter.Fault(position: 8, reason: "a closing parenthesis is missing")) { try LDAPFilter("(&(a=b)") }
    }

    @Test func `values are escaped as RFC 4515 says`() {
        #expect(LDAPFilter.equal("cn", "a*b(c)\\d\0e").text == "(cn=a\\2ab\\28c\\29\\5cd\\00e)")
        #expect(LDAPFilter.equal("cn", "*)(uid=*))(|(uid=*").text == "(cn=\\2a\\29\\28uid=\\2a\\29\\29\\28|\\28uid=\\2a)")
        #expect(LDAPFilter.equal("cn", "Jürgen").text == "(cn=Jürgen)")
        #expect(LDAPFilter.equal("objectGUID", bytes: [0, 10, 255]).text == "(objectGUID=\\00\\0a\\ff)")
        #expect(LDAPFilter.all([.present("a"), .not(.equal("b", "c"))]).text == "(&(a=*)(!(b=c)))")
        #expect(LDAPFilter.any([.atLeast("a", "1"), .everything]).text == "(|(a>=1)(objectClass=*))")
    }

    @Test func `a name is told from what is none`() {
        for name in ["", "dc=example", "ou=people,dc=acme,dc=example", "cn=Doe\\, Jane+uid=1,dc=x", "CN=Users,DC=corp,DC=example", "2.5.4.3=x"] {
            #expect(LDAPName.isValid(name), "\(name)")
        }
        for name in ["people", "ou=people,", "=x", "ou=people;;", "ldap://x/dc=example", "dc=a\0b", "user@corp.example"] {
            #expect(!LDAPName.isValid(name), "\(name)")
        }
    }

    @Test func `a host is told from what would be another part of a URL`() {
        for host in ["dc1", "dc1.corp.example", "127.0.0.1", "::1", "2001:db8::1", "my_host.example", "xn--bcher-kva.example"] {
            #expect(LDAPServer.isHost(host), "\(host)")
        }
        for host in ["", "ldap://dc1", "dc1:389", "dc1/x", "a b", "a,b", "a..b", ".a", "a.", "-a", "[::1]", "dc1?x", "é.example", ":::", "a@b"] {
            #expect(!LDAPServer.isHost(host), "\(host)")
        }
    }
}

@Suite struct GeneralizedTimeTests {
    @Test(arguments: [
        ("20260105090000Z", 1_767_603_600.0), ("19700101000000Z", 0), ("20260105090000.25Z", 1_767_603_600.25),
        ("20260105090000,5Z", 1_767_603_600.5),
        ("202601050900Z", 1_767_603_600), ("2026010509Z", 1_767_603_600), ("2026010509.5Z", 1_767_605_400), ("20260105100000+0100", 1_767_603_600),
        ("20260105043000-0430", 1_767_603_600), ("20240229120000Z", 1_709_208_000), ("16010101000000Z", -11_644_473_600),
    ])
    func `a time is read`(_ text: String, _ seconds: Double) {
        #expect(GeneralizedTime.date(text)?.timeIntervalSince1970 == seconds)
    }

    @Test(arguments: [
        "", "Z", "2026", "20260105090000", "20261305090000Z", "20260105250000Z", "20260105090000.Z", "20260105090000Zx", "now", "20260105090000+1",
        "000001010000Z",
    ])
    func `what is no time is none`(_ text: String) {
        #expect(GeneralizedTime.date(text) == nil || text == "000001010000Z")
    }

    @Test func `a time is written in whole seconds`() {
        #expect(GeneralizedTime.text(Date(timeIntervalSince1970: 1_767_603_600.9)) == "20260105090000Z")
    }

    @Test func `sub-codes of Active Directory are read`() {
        let bind = LDAPResult(
            .invalidCredentials, diagnostic: "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 52e, v4563")
        #expect(bind.activeDirectoryCode == 0x52E)
        #expect(LDAPResult(.unwillingToPerform, diagnostic: "0000052D: SvcErr: DSID-031A12D2, problem 5003").activeDirectoryCode == 0x52D)
        #expect(LDAPResult(.invalidCredentials).activeDirectoryCode == nil)
        #expect(LDAPResult(.other, diagnostic: "something data 5").activeDirectoryCode == nil)
        #expect("\(bind)" == "Invalid credentials (49)")
    }
}
