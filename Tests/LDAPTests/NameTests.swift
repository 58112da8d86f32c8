import Testing

@testable import LDAP

/// Names that are spelled differently and mean the same.
@Suite struct NameTests {
    private static let reader = "cn=Reader One,ou=Services,dc=acme,dc=example"

    @Test(arguments: [
        reader, "CN=Reader One,OU=Services,DC=acme,DC=example", "cn=reader one,ou=services,dc=ACME,dc=Example",
        "cn=Reader One, ou=Services, dc=acme, dc=example", "  cn = Reader One , ou =Services,dc= acme,dc=example  ",
        "cn=Reader One;ou=Services;dc=acme;dc=example", "cn=Reader   One,ou=Services,dc=acme,dc=example",
        "cn=Reader\\20One,ou=Services,dc=acme,dc=example",
        "cn=\\ Reader One\\ ,ou=Services,dc=acme,dc=example", "cn=\\52eader\\ One,ou=Services,dc=acme,dc=example",
        "cn=\"Reader One\",ou=\"Services\",dc=acme,dc=example", "2.5.4.3=Reader One,2.5.4.11=Services,0.9.2342.19200300.100.1.25=acme,dc=example",
        "OID.2.5.4.3=Reader One,oid.2.5.4.11=Services,dc=acme,dc=example",
        "commonName=Reader One,organizationalUnitName=Services,domainComponent=acme,dc=example",
        "cn=#0c0a526561646572204f6e65,ou=Services,dc=acme,dc=example", "2.5.4.3=#130A526561646572204F6E65,ou=Services,dc=acme,dc=example",
        "cn=#1e140052006500610064006500720020004f006e0065,ou=Services,dc=acme,dc=example", "cn=Ｒeader One,ou=Services,dc=acme,dc=example",
        "cn=Reader\u{A0}One,ou=Services,dc=acme,dc=example", "cn=Rea\u{AD}der One,ou=Services,dc=acme,dc=example",
        "cn=Reader One,\nou=Services,\tdc=acme,dc=example", "cn=Reader One\u{FE0F},ou=Services,dc=acme,dc=example",
        "cn\u{20}=Reader One,ou=Services,dc=acme,dc=example",
    ]) func `one entry has many spellings`(_ text: String) throws {
        let name = try #require(LDAPName(text))
        #expect(name == LDAPName(Self.reader))
        #expect(name.levels.count == 4)
    }

    @Test(arguments: [
        ("cn=Doe\\, Jane,dc=x", "cn=Doe\\2C Jane,dc=x"), ("cn=Doe\\, Jane,dc=x", "cn=\"Doe, Jane\",dc=x"),
        ("cn=a+uid=b,dc=x", "UID=b + CN=a,dc=x"), ("cn=a+uid=b+sn=c,dc=x", "sn=c+uid=b+cn=a,dc=x"), ("cn=a\\+b,dc=x", "cn=a\\2bb,dc=x"),
        ("cn=Größe,dc=x", "cn=GRÖSSE,dc=x"), ("cn=Größe,dc=x", "cn=Gr\\c3\\b6\\C3\\9Fe,dc=x"), ("cn=Gro\u{308}ße,dc=x", "cn=Größe,dc=x"),
        ("cn=a\\\\b,dc=x", "cn=a\\5cb,dc=x"), ("cn=\\#1,dc=x", "cn=\\231,dc=x"), ("cn=ΣΑΣ,dc=x", "cn=σας,dc=x"), ("", "  "),
        ("emailAddress=a@b.example,dc=x", "E=A@B.EXAMPLE,dc=x"), ("cn=\\\"a\\\",dc=x", "cn=\\22a\\22,dc=x"), ("cn=a\\=b,dc=x", "cn=a=b,dc=x"),
    ]) func `signs are the same however they are escaped`(_ one: String, _ other: String) throws {
        let (name, same) = (try #require(LDAPName(one)), try #require(LDAPName(other)))
        #expect(name == same && name.hashValue == same.hashValue)
    }

    @Test(arguments: [
        ("cn=a,dc=x", "cn=b,dc=x"), ("cn=a,dc=x", "cn=a,dc=x,dc=y"), ("cn=a,ou=b,dc=x", "ou=b,cn=a,dc=x"), ("cn=a,dc=x", "uid=a,dc=x"),
        ("cn=a\\,dc=x", "cn=a,dc=x"), ("cn=ab,dc=x", "cn=a b,dc=x"), ("cn=a+uid=b,dc=x", "cn=a,uid=b,dc=x"), ("cn=#0402fffe,dc=x", "cn=,dc=x"),
        ("cn=\\ff,dc=x", "cn=\\fe,dc=x"), ("cn=a,dc=x", ""),
    ]) func `different entries are different`(_ one: String, _ other: String) throws {
        let (name, another) = (try #require(LDAPName(one)), try #require(LDAPName(other)))
        #expect(name != another)
    }

    @Test(arguments: [
        "reader@acme.example", "ACME\\reader", "reader", "cn", "=a", "cn=a,", "cn=a,dc", "cn=\"a", "cn=\"a\"b,dc=x", "cn=a\\", "cn=#0", "cn=#,dc=x",
        "cn=#0401zz,dc=x", ",cn=a", "c n=a", "cn=a,,dc=x", "<GUID=6ba7b810-9dad-11d1-80b4-00c04fd430c8>", "S-1-5-21-1-2-3-500", "cn=a\0,dc=x",
    ]) func `what is no name is none`(_ text: String) {
        #expect(LDAPName(text) == nil)
    }

    @Test func `a mark behind what separates does not hide it`() {
        // A Character may be a comma and a mark together: bytes tell them apart.
        for mark in ["\u{301}", "\u{200D}", "\u{FE0F}"] {
            #expect(LDAPName("cn=a,\(mark)dc=x") == nil)
            #expect(LDAPName("cn=a\(mark),dc=x")?.levels.count == 2)
            #expect(LDAPName("cn=\(mark)a,dc=x")?.levels.count == 2)
        }
    }
}
