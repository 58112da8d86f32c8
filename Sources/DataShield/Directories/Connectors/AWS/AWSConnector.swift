import Foundation
import HTTPTypes
import JSON
import Scalars

/// AWS IAM Identity Center through its identity store. It cannot say who has MFA, end sessions or reset passwords: the complete lists of
/// operations of `identitystore`, `sso` and `sso-admin` have none for it.
package struct AWSConnector: DirectoryConnector {
    package static let kind = DirectoryKind(
        type: .aws, about: "Reads people from IAM Identity Center's identity store. AWS offers neither MFA state nor actions on accounts.",
        fields: [
            .init(
                "accessKeyId", "Access key ID",
                hint: "IAM → Users → your user → Security credentials. It begins with AKIA, or ASIA with a session token.",
                problem: DirectoryFieldRules.word(
                    16...128, also: "_", "has to be an access key's ID, such as AKIAIOSFODNN7EXAMPLE: letters and digits.")),
            .init(
                "secretAccessKey", "Secret access key", hint: "Shown once, when the access key is made.", isSecret: true,
                problem: DirectoryFieldRules.secret(16...256, "a secret access key")),
            .init(
                "sessionToken", "Session token", hint: "Only with temporary credentials, which end: not for a lasting connection.", isSecret: true,
                isOptional: true, isLong: true, problem: DirectoryFieldRules.secret(16...8192, "a session token")),
            .init(
                "region", "Region", hint: "Where Identity Center is: IAM Identity Center → Settings, such as eu-central-1.",
                problem: { text in isRegion(text) ? nil : "has to be a region such as eu-central-1." }),
            .init(
                "identityStoreId", "Identity store ID", hint: "IAM Identity Center → Settings → Identity source: d- and ten digits or letters.",
                problem: { text in isStore(text) ? nil : "has to be an identity store's ID: d- and ten characters, such as d-1234567890." }),
        ],
        steps: [
            "In the account of IAM Identity Center (the management account, or one it delegates to), make an IAM user without console access.",
            "Attach a policy that allows identitystore:ListUsers and identitystore:DescribeUser.",
            "Create an access key for the user, for an application that runs outside AWS, and copy both parts.",
            "In IAM Identity Center → Settings, copy the region and the identity store ID.",
        ])

    private static func isRegion(_ text: String) -> Bool { text.wholeMatch(of: /[a-z]{2}(-[a-z]+){1,3}-[0-9]{1,2}/) != nil }
    private static func isStore(_ text: String) -> Bool { text.wholeMatch(of: /d-[0-9a-z]{10}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/) != nil }

    private let client: DirectoryClient
    private let access: DirectoryAccess
    private let signer: SignatureV4
    private let sessionToken: String?
    private let url: URL
    private let store: String

    package init(_ configuration: DirectoryConfiguration, _ access: DirectoryAccess) throws {
        let region = configuration["region"]
        // A region decides the host, so that it is never taken as it comes.
        guard Self.isRegion(region) else { throw InvalidInput("region", "has to be a region such as eu-central-1.") }
        let ending = region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        url = try access.url("https://identitystore.\(region).\(ending)", "/")
        client = DirectoryClient("AWS", access) { AWSErrors.delay($0, now: $1) }
        signer = SignatureV4(
            accessKeyID: configuration["accessKeyId"], secretAccessKey: configuration["secretAccessKey"], region: region, service: "identitystore")
        sessionToken = configuration.values["sessionToken"]
        store = configuration["identityStoreId"]
        self.access = access
    }

    package func test() async throws -> DirectoryTrial {
        let page = try await page(size: 10, token: nil)
        return DirectoryTrial(
            userCount: page.next == nil ? page.rows : nil, sample: page.people.people,
            warnings: DirectoryTrial.warnings(ofUnreadable: page.people.unreadable))
    }

    package func list(
        _ listing: DirectoryListing, deliver: @Sendable (DirectoryPage) async throws -> Void
    ) async throws -> DirectoryListingEnd {
        // There is no "changed since".
        if case .changes = listing { throw DirectoryFailure.stateExpired }
        var token: String?
        var seen: Set<String> = []
        var listed = 0
        repeat {
            let page = try await page(size: 100, token: token, after: listed)
            listed += page.rows
            try await deliver(page.people)
            token = page.next
            if let token, !seen.insert(token).inserted { throw DirectoryFailure.incomplete("The directory's pages lead in a circle.") }
        } while token != nil
        return DirectoryListingEnd()
    }

    package func facts(of externalId: String) async throws -> AccountFacts {
        let user = try await call("DescribeUser", Question(identityStoreId: store, userId: externalId))
        return AccountFacts(isActive: try OddRow.unlisted { try Self.person(user).isActive })
    }

    package func perform(_ action: RemediationType, on externalId: String, isWeakResetWanted: Bool) async throws -> String {
        switch action {
        case .revokeSessions:
            throw DirectoryFailure.unsupported(
                "AWS has no call that ends somebody's sessions. In IAM Identity Center → Users, disable the user's access or end the active sessions "
                    + "under Active sessions; where people come from another identity provider, revoke there.")
        case .forcePasswordReset:
            throw DirectoryFailure.unsupported(
                "AWS has no call that resets somebody's password. In IAM Identity Center → Users → the user, choose Reset password; where people come "
                    + "from another identity provider, reset there.")
        }
    }

    // MARK: Calls

    /// - Parameter place: how many rows came before.
    private func page(size: Int, token: String?, after place: Int = 0) async throws -> (people: DirectoryPage, rows: Int, next: String?) {
        let question = Question(
            identityStoreId: store, maxResults: size, nextToken: token, extensions: ["aws:identitystore:enterprise"])
        let page = try await call("ListUsers", question, isFurtherPage: token != nil)
        let rows = try page.neededList("Users")
        let people = try DirectoryPage.reading(rows, id: "UserId", names: ["UserName"], after: place) { try Self.person($0) }
        return (people, rows.count, try page.filledText("NextToken"))
    }

    /// What the operations are asked with. What is not given is left out: a null is another thing.
    private struct Question: Encodable {
        var identityStoreId: String
        var userId: String?
        var maxResults: Int?
        var nextToken: String?
        var extensions: [String]?

        private enum Name: String, CodingKey {
            case identityStoreId = "IdentityStoreId"
            case userId = "UserId"
            case maxResults = "MaxResults"
            case nextToken = "NextToken"
            case extensions = "Extensions"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Name.self)
            try container.encode(identityStoreId, forKey: .identityStoreId)
            try container.encodeIfPresent(userId, forKey: .userId)
            try container.encodeIfPresent(maxResults, forKey: .maxResults)
            try container.encodeIfPresent(nextToken, forKey: .nextToken)
            try container.encodeIfPresent(extensions, forKey: .extensions)
        }
    }

    private func call(_ operation: String, _ body: Question, isFurtherPage: Bool = false) async throws -> JSONValue {
        let bytes = try JSONCoding.encode(body)
        var call = DirectoryCall(method: .post, url: url, headers: [.contentType: "application/x-amz-json-1.1"], body: bytes)
        guard let target = HTTPField.Name("X-Amz-Target"), let date = HTTPField.Name("X-Amz-Date"), let token = HTTPField.Name("X-Amz-Security-Token")
        else { throw DirectoryFailure.unavailable("A header's name is misspelt.") }
        call.headers[target] = "AWSIdentityStore.\(operation)"
        call.headers[token] = sessionToken
        let (signer, now, host) = (signer, access.now, Self.host(url))
        // For each attempt anew: a signature is good for minutes.
        call.sign = { headers in
            let time = SignatureV4.time(now())
            headers[date] = time
            let signed = [HTTPField.Name.contentType, target, date, token].compactMap { name in
                headers[name].map { (name: name.canonicalName, value: $0) }
            }
            let request = SignatureV4.Request(method: "POST", path: "/", query: "", headers: [(name: "host", value: host)] + signed, body: bytes)
            headers[.authorization] = signer.authorization(request, time: time)
        }
        let answer = try await client.read(call)
        if isFurtherPage, AWSErrors.code(answer) == "ValidationException" { throw DirectoryFailure.lostPage }
        guard answer.isSuccess else { throw AWSErrors.failure(answer, client) }
        return try answer.json()
    }

    /// As the header has it: with the port where it is not the scheme's own.
    private static func host(_ url: URL) -> String {
        let host = url.host ?? ""
        guard let port = url.port, port != (url.scheme == "http" ? 80 : 443) else { return host }
        return "\(host):\(port)"
    }

    static func person(_ json: JSONValue) throws(OddRow) -> DirectoryPerson {
        var odd: [OddField] = []
        let id = try json.readId("UserId").needed("UserId")
        let isActive: Bool
        switch try json.readText("UserStatus").decided("UserStatus") {
        case "ENABLED", nil: isActive = true
        case "DISABLED": isActive = false
        case .some(let other): throw OddRow("UserStatus is \(DirectoryClient.safe(other)), not ENABLED or DISABLED")
        }
        let name = json.readObject("Name").known("Name", &odd)
        let names = DirectoryPerson.names(
            given: name?.readText("GivenName").known("GivenName", &odd), family: name?.readText("FamilyName").known("FamilyName", &odd),
            display: json.readText("DisplayName").known("DisplayName", &odd))
        let emails = json.readList("Emails")
        let first = emails.first { $0["Primary"]?.flag == true } ?? emails.first
        if let first { guard case .object = first else { throw OddRow("Emails is a list of \(first.kind)") } }
        let email = try first?.readText("Value").decided("Emails.Value")
        let login = json.readText("UserName").known("UserName", &odd)
        let others = emails.compactMap { $0.readText("Value").known("Emails.Value", &odd) }
        // The list has no order: where none is marked, all are as good as each other.
        let isMarked = first?["Primary"]?.flag == true
        return DirectoryPerson(
            externalId: id, email: email, firstName: names.first, lastName: names.last, department: department(json, &odd),
            title: json.readText("Title").known("Title", &odd), isActive: isActive, equals: isMarked || others.count < 2 ? [] : others,
            addresses: others, signInNames: [login].compactMap { $0 }, odd: odd)
    }

    /// The enterprise extension's names are not documented beyond its own: taken in any case.
    private static func department(_ json: JSONValue, _ odd: inout [OddField]) -> String? {
        let extensions = json.readObject("Extensions").known("Extensions", &odd)
        let enterprise = extensions?.readObject("aws:identitystore:enterprise").known("aws:identitystore:enterprise", &odd)
        guard let enterprise, case .object(let members) = enterprise,
            let key = members.keys.sorted().first(where: { $0.lowercased() == "department" })
        else { return nil }
        return enterprise.readText(key).known("department", &odd)
    }
}

/// What the errors of AWS mean.
enum AWSErrors {
    /// `ThrottlingException`, out of a header, JSON or XML.
    static func code(_ answer: DirectoryAnswer) -> String? {
        let problem = answer.problem
        let raw =
            answer.header("X-Amzn-ErrorType") ?? problem?["__type"]?.text ?? problem?["code"]?.text ?? problem?["Code"]?.text ?? xmlCode(answer.bytes)
        // namespace#Name:address
        return raw.flatMap { $0.parts(between: "#").last?.parts(between: ":").first }.map { DirectoryClient.safe(String($0)) }
    }

    /// `<Error><Code>InvalidClientTokenId</Code>`, as the older services and what stands before them answer.
    private static func xmlCode(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes.prefix(4096), as: UTF8.self)
        guard let open = text.range(of: "<Code>"), let close = text.range(of: "</Code>", range: open.upperBound..<text.endIndex) else { return nil }
        return String(text[open.upperBound..<close.lowerBound])
    }

    static func delay(_ answer: DirectoryAnswer, now: Date) -> DirectoryDelay? {
        guard !answer.isSuccess else { return nil }
        switch code(answer) {
        case "ThrottlingException", "TooManyRequestsException", "Throttling", "RequestLimitExceeded":
            let stated = answer.problem?["RetryAfterSeconds"]?.wholeNumber.map { Duration.seconds($0.clamped(to: 0...86_400)) }
            return DirectoryDelay(after: stated ?? answer.retryAfter(now: now), isLimit: true)
        case "InternalServerException", "ServiceException", "ServiceUnavailableException", "InternalFailure":
            return DirectoryDelay(after: answer.retryAfter(now: now), isLimit: false)
        default: return .usual(answer, now: now)
        }
    }

    static func failure(_ answer: DirectoryAnswer, _ client: DirectoryClient) -> DirectoryFailure {
        let code = code(answer)
        let shown = code ?? "status \(answer.status)"
        switch code {
        case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId":
            return .refusedCredentials("AWS does not know the access key ID (\(shown)).")
        case "InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignatureException", "IncompleteSignature":
            return .refusedCredentials("AWS refuses the signature (\(shown)): the secret access key is wrong, or this machine's clock is.")
        case "ExpiredTokenException", "ExpiredToken": return .refusedCredentials("The session token has expired (\(shown)).")
        case "RequestTimeTooSkewed", "RequestExpired":
            return .refusedCredentials("AWS finds the time of our request wrong (\(shown)): check this machine's clock.")
        case "AccessDeniedException", "AccessDenied":
            return .notPermitted(
                "AWS does not permit it (\(shown)). Allow identitystore:ListUsers and identitystore:DescribeUser to the access key's user.")
        case "ResourceNotFoundException":
            let isUser = answer.problem?["ResourceType"]?.text == "USER"
            return isUser
                ? .noSuchAccount
                : .misconfigured(field: "identityStoreId", "AWS knows no such identity store in this region (\(shown)).")
        case "ValidationException": return .misconfigured(field: "identityStoreId", "AWS does not take the identity store's ID (\(shown)).")
        default: break
        }
        switch answer.status {
        case 401, 403: return .refusedCredentials("AWS refuses the credentials (\(shown)).")
        default: return client.unexpected(answer, code: code)
        }
    }
}
