import Cryptography
import DataShieldTestSupport
import Foundation
import HTTPTypes
import JSON
import Logging
import Sandbox
import Testing

@testable import DataShield

@Suite struct SignatureV4Tests {
    private static let signer = SignatureV4(
        accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region: "us-east-1", service: "service")
    private static let time = "20150830T123600Z"
    private static let usual = [(name: "Host", value: "example.amazonaws.com"), (name: "X-Amz-Date", value: time)]

    struct Vector: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var request: SignatureV4.Request
        var canonicalHash: String?
        var signature: String
    }

    // awslabs/aws-c-auth, tests/aws-signing-test-suite/v4
    private static let vectors = [
        Vector(
            testDescription: "get-vanilla", request: .init(method: "GET", path: "/", query: "", headers: usual, body: []),
            canonicalHash: "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(
            testDescription: "get-vanilla-query-order-key-case",
            request: .init(method: "get", path: "", query: "Param2=value2&Param1=value1", headers: usual, body: []),
            canonicalHash: "816cd5b414d056048ba4f7c5386d6e0533120fb1fcfa93762cf0fc39e2cf19e0",
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        Vector(
            testDescription: "post-x-www-form-urlencoded",
            request: .init(
                method: "POST", path: "/", query: "",
                headers: usual + [
                    (name: "Content-Type", value: "application/x-www-form-urlencoded"), (name: "Content-Length", value: "13"),
                    (name: "X-Amz-Content-Sha256", value: "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
                ], body: Array("Param1=value1".utf8)),
            signature: "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"),
    ]

    @Test(arguments: vectors) func `requests of the test suite have its signatures`(vector: Vector) {
        if let hash = vector.canonicalHash { #expect(SignatureV4.hash(Array(SignatureV4.canonical(vector.request).utf8)) == hash) }
        #expect(Self.signer.signature(vector.request, time: Self.time) == vector.signature)
        #expect(Self.signer.authorization(vector.request, time: Self.time).hasSuffix("Signature=\(vector.signature)"))
    }

    @Test func `keys are derived step by step`() {
        let keys = Self.signer.signingKeys(Self.time)
        func text(_ key: SymmetricKey) -> String { key.withUnsafeBytes { Hex.text($0) } }
        #expect(text(keys.date) == "0138c7a6cbd60aa727b2f653a522567439dfb9f3e72b21f9b25941a42f04a7cd")
        #expect(text(keys.region) == "f33d5808504bf34812e5fade63308b424b244c59189be2a591dd2282c7cb563f")
        #expect(text(keys.service) == "f7fd819348e53789a8474fb1aebea778f5af85c40612e0f064eecd5642c81bc1")
        #expect(text(keys.signing) == "938127b5336810ddb6a5d6af445fcac9e371f9ed418ed386b022aed82901be75")
    }

    @Test func `a request of ours is signed as another signer does`() {
        var signer = Self.signer
        signer.service = "identitystore"
        let body = Array(#"{"IdentityStoreId":"d-1234567890","MaxResults":50}"#.utf8)
        let request = SignatureV4.Request(
            method: "POST", path: "/", query: "",
            headers: [
                (name: "X-Amz-Target", value: "AWSIdentityStore.ListUsers"), (name: "content-type", value: "application/x-amz-json-1.1"),
                (name: "host", value: "identitystore.us-east-1.amazonaws.com"), (name: "x-amz-date", value: "20260102T030405Z"),
            ], body: body)
        #expect(SignatureV4.hash(body) == "ae0fb9fda903f5448dc64b29fc55268ca57b2975bd74b4b3352974f912617e3e")
        #expect(
            SignatureV4.hash(Array(SignatureV4.canonical(request).utf8)) == "1b51716f746f1d6108941d8614974292aaa627783e30f99b8c49ee0a795cdae1")
        #expect(
            signer.authorization(request, time: "20260102T030405Z")
                == "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/identitystore/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
                + "Signature=5bf817a03c5bfb872d3642ea003e75c5c1bd618c861d52cc4dc41df2e49b4c6b")
    }

    @Test(arguments: [
        ("a=1&a-b=2&a=0", "a=0&a=1&a-b=2"), ("b&a=x%20y", "a=x%20y&b="), ("x=%7e%2F", "x=~%2F"), ("", ""),
    ])
    func `a query is brought into order by names, then values`(query: String, canonical: String) {
        let request = SignatureV4.Request(method: "GET", path: "/", query: query, headers: Self.usual, body: [])
        #expect(SignatureV4.canonical(request).split(separator: "\n", omittingEmptySubsequences: false)[2] == canonical)
    }

    @Test func `a path is encoded once more, and blanks in headers are single`() {
        let request = SignatureV4.Request(
            method: "GET", path: "/a%20b/c", query: "", headers: [(name: "Host", value: "  a   b "), (name: "x-amz-date", value: Self.time)], body: []
        )
        let lines = SignatureV4.canonical(request).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[1] == "/a%2520b/c")
        #expect(lines[3] == "host:a b")
        #expect(SignatureV4.time(Date(timeIntervalSince1970: 1_440_938_160)) == "20150830T123600Z")
    }
}

@Suite struct AWSConnectorTests {
    @Test(arguments: [
        (#"[{"Value":"b@acme.example"},{"Value":"a@acme.example"}]"#, ["b@acme.example", "a@acme.example"]),
        (#"[{"Value":"b@acme.example"},{"Value":"a@acme.example","Primary":true}]"#, []), (#"[{"Value":"a@acme.example"}]"#, []),
    ])
    func `addresses of which none is marked are as good as each other`(emails: String, equals: [String]) throws {
        let text = #"{"UserId":"u-1","UserName":"ada@acme.onmicrosoft.com","Emails":\#(emails)}"#
        let person = try Self.person(try JSONParser.parse(Array(text.utf8)))
        #expect(person.equals == equals && person.addresses?.contains("a@acme.example") == true)
        #expect(person.signInNames == ["ada@acme.onmicrosoft.com"])
    }

    /// Throws anything, because the compiler does not get along with typed errors in the closures of macros.
    private static func person(_ json: JSONValue) throws -> DirectoryPerson { try AWSConnector.person(json) }

    @Test func `actions are told how they are done by hand`() async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let connector = try world.connector(.aws)
            #expect(AWSConnector.kind.actions.isEmpty)
            for action in [RemediationType.revokeSessions, .forcePasswordReset] {
                let failure = await #expect(throws: DirectoryFailure.self) {
                    try await connector.perform(action, on: "x", isWeakResetWanted: false)
                }
                guard case .unsupported(let words)? = failure else {
                    Issue.record("\(String(describing: failure))")
                    continue
                }
                #expect(words.contains("IAM Identity Center"))
            }
            #expect(world.sandbox.requests.total == 0)
        }
    }

    @Test func `an account is described, and a store that is none is a matter of its field`() async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let connector = try world.connector(.aws)
            let member = world.sandbox.staff.members[0]
            let person = try #require(try await world.list(connector).byEmail[member.email ?? ""])
            #expect(try await connector.facts(of: person.externalId) == AccountFacts(isActive: member.isActive))
            await #expect(throws: DirectoryFailure.noSuchAccount) { try await connector.facts(of: "94682428-a0b1-70c2-5f1d-ffffffffffff") }
            let failure = await #expect(throws: DirectoryFailure.self) {
                try await world.connector(.aws, ["identityStoreId": "d-0000000000"]).test()
            }
            guard case .misconfigured(let field, _)? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(field == "identityStoreId")
        }
    }

    @Test func `a request of an hour ago is not taken, and the clock is named`() async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let late = Date(timeIntervalSinceNow: -3600)
            var access = world.access
            access.now = { late }
            let connector = try AWSConnector(DirectoryConfiguration(DirectorySamples.aws, of: AWSConnector.kind), access)
            let failure = await #expect(throws: DirectoryFailure.self) { try await connector.test() }
            #expect(failure?.description.contains("clock") == true)
        }
    }

    @Test(
        arguments: [
            (#"{"__type":"com.amazonaws.identitystore#ThrottlingException:http://x/"}"#, nil, "ThrottlingException"),
            ("{}", "AccessDeniedException:http://internal.amazon.com/", "AccessDeniedException"),
            ("<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code></Error></ErrorResponse>", nil, "InvalidClientTokenId"),
            ("nothing", nil, nil),
        ] as [(String, String?, String?)])
    func `errors are read from a header, JSON or XML`(body: String, header: String?, code: String?) {
        var fields = HTTPFields()
        if let name = HTTPField.Name("X-Amzn-ErrorType") { fields[name] = header }
        #expect(AWSErrors.code(DirectoryAnswer(status: 400, headers: fields, bytes: Array(body.utf8))) == code)
    }

    /// Against moto, an implementation of AWS by others that verifies signatures and policies.
    @Test(.enabled(if: MotoServer.program != nil, "DATASHIELD_MOTO_SERVER names no moto server; scripts/moto-server installs one"))
    func `moto takes our signatures, and lists what it has page by page`() async throws {
        try await MotoServer.with { moto in
            let outbound = OutboundClient(ssrfGuard: SSRFGuard(allowed: []))
            let result: Result<Void, any Error>
            do { result = .success(try await Self.tryMoto(moto, outbound)) } catch { result = .failure(error) }
            await outbound.shutdown()
            try result.get()
        }
    }

    private static func tryMoto(_ moto: MotoServer, _ outbound: OutboundClient) async throws {
        let region = "us-east-1"
        func call(_ service: String, _ headers: HTTPFields, _ body: String) async throws -> String {
            // What moto checks only when it is told to; by the scope of the signature it knows which service is meant.
            let signer = SignatureV4(accessKeyID: "AKIASETUP00000000000", secretAccessKey: "unchecked", region: region, service: service)
            let time = SignatureV4.time(Date())
            let host = "127.0.0.1:\(moto.port)"
            var headers = headers
            headers[try #require(HTTPField.Name("X-Amz-Date"))] = time
            headers[.authorization] = signer.authorization(
                .init(
                    method: "POST", path: "/", query: "", headers: [(name: "host", value: host), (name: "x-amz-date", value: time)],
                    body: Array(body.utf8)), time: time)
            let answer = try await outbound.execute(
                .init(method: .post, url: try #require(URL(string: moto.url + "/")), headers: headers, body: Array(body.utf8)))
            let text = String(decoding: answer.body, as: UTF8.self)
            try #require(answer.status.code == 200, "\(text)")
            return text
        }
        func json(_ service: String, _ target: String, _ body: String) async throws -> JSONValue {
            let name = try #require(HTTPField.Name("X-Amz-Target"))
            return try JSONParser.parse(Array(try await call(service, [.contentType: "application/x-amz-json-1.1", name: target], body).utf8))
        }
        func query(_ body: String) async throws -> String {
            try await call("iam", [.contentType: "application/x-www-form-urlencoded"], body + "&Version=2010-05-08")
        }
        func part(_ name: String, of xml: String) throws -> String {
            let open = try #require(xml.range(of: "<\(name)>")), close = try #require(xml.range(of: "</\(name)>"))
            return String(xml[open.upperBound..<close.lowerBound])
        }

        let store = try #require(try await json("sso", "SWBExternalService.ListInstances", "{}")["Instances"]?.items?.first?["IdentityStoreId"]?.text)
        let count = 130
        for number in 1...count {
            _ = try await json(
                "identitystore", "AWSIdentityStore.CreateUser",
                """
                {"IdentityStoreId": "\(store)", "UserName": "person\(number)", "DisplayName": "Søren Person\(number)", "Title": "Controller",
                "Name": {"GivenName": "Søren", "FamilyName": "Person\(number)"},
                "Emails": [{"Value": "person\(number)@acme.example", "Type": "work", "Primary": true}]}
                """)
        }
        _ = try await query("Action=CreateUser&UserName=datashield")
        let xml = try await query("Action=CreateAccessKey&UserName=datashield")
        let (id, secret) = (try part("AccessKeyId", of: xml), try part("SecretAccessKey", of: xml))
        let policy = #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"identitystore:*","Resource":"*"}]}"#
        _ = try await query("Action=PutUserPolicy&UserName=datashield&PolicyName=read&PolicyDocument=\(PercentEncoding.of(policy))")
        // From here on it verifies.
        try await moto.verifySignatures(outbound)

        let access = DirectoryAccess(
            outbound: outbound, ssrfGuard: SSRFGuard(allowed: []), origin: URL(string: moto.url),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, pause: { _ in })
        func connector(_ secret: String) throws -> AWSConnector {
            let values = ["accessKeyId": id, "secretAccessKey": secret, "region": region, "identityStoreId": store]
            return try AWSConnector(DirectoryConfiguration(values, of: AWSConnector.kind), access)
        }
        let pages = Collected()
        _ = try await connector(secret).list(.everybody) { await pages.add($0) }
        let people = await pages.people
        #expect(people.count == count)
        #expect(await pages.count == 2)
        #expect(people.allSatisfy { $0.firstName == "Søren" && $0.title == "Controller" && $0.isActive })
        #expect(Set(people.compactMap(\.email)).contains("person130@acme.example"))
        #expect(try await connector(secret).facts(of: try #require(people.first).externalId).isActive == true)

        let failure = await #expect(throws: DirectoryFailure.self) { try await connector("wrong/secret/0123456789").test() }
        guard case .refusedCredentials? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    private actor Collected {
        var people: [DirectoryPerson] = []
        var count = 0
        func add(_ page: DirectoryPage) {
            people += page.people
            count += 1
        }
    }
}
