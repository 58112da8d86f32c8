import Cryptography
import Foundation
import HTTPTypes

/// The identity store of AWS IAM Identity Center, JSON 1.1, by its API reference. It verifies signatures (Signature Version 4).
final class IdentityCenterStandIn: StandIn {
    private static let target = "AWSIdentityStore."
    private let staff: DirectoryStaff

    init(staff: DirectoryStaff) { self.staff = staff }

    func endpoint(of request: ServiceRequest) -> String {
        String((request.header("X-Amz-Target") ?? "none").split(separator: ".").last ?? "none")
    }

    func limitedKey(of request: ServiceRequest) -> String? { "account" }

    func refusal(_ request: ServiceRequest, keys: Set<String>?) -> Answer? { nil }

    func answer(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        if let refusal = signatureRefusal(request, now: context.now) { return refusal }
        guard request.headers[.contentType] == "application/x-amz-json-1.1", let target = request.header("X-Amz-Target"),
            target.hasPrefix(Self.target)
        else { return Self.error("UnknownOperationException", "") }
        guard let body = request.object else { return Self.error("SerializationException", "") }
        guard body["IdentityStoreId"] as? String == DirectorySamples.aws["identityStoreId"] else {
            return Self.error(
                "ResourceNotFoundException", "IDENTITY_STORE not found.", more: ["ResourceType": "IDENTITY_STORE", "ResourceId": "d-0000000000"])
        }
        switch target.dropFirst(Self.target.count) {
        case "ListUsers": return list(body)
        case "DescribeUser":
            guard let id = body["UserId"] as? String, let member = member(id) else {
                return Self.error("ResourceNotFoundException", "USER not found.", more: ["ResourceType": "USER"])
            }
            return .object(Self.object(member, hasExtension: true))
        default: return Self.error("UnknownOperationException", "")
        }
    }

    private func list(_ body: [String: Any]) -> Answer {
        let size = body["MaxResults"] as? Int ?? 100
        guard (1...100).contains(size) else {
            return Self.error("ValidationException", "1 validation error detected: Value at 'maxResults' failed to satisfy constraint.")
        }
        let wants = (body["Extensions"] as? [String])?.contains("aws:identitystore:enterprise") ?? false
        let members = staff.listed.employees
        let token = (body["NextToken"] as? String).map { String($0.dropFirst(5)) }
        guard let cut = staff.habits.cut(members.count, at: token, size: size) else {
            return Self.error("ValidationException", "The pagination token is not valid.")
        }
        var page: [String: Any] = ["Users": members[cut.range].map { Self.object($0, hasExtension: wants) }]
        page["NextToken"] = cut.next.map { "AAMA-\($0)" }
        return .object(page)
    }

    private static let idPrefix = "94682428-a0b1-70c2-5f1d-"

    private func member(_ id: String) -> DirectoryStaff.Member? {
        guard id.hasPrefix(Self.idPrefix) else { return nil }
        return staff.member(number: Int(id.dropFirst(Self.idPrefix.count), radix: 16)).flatMap { $0.isGuest ? nil : $0 }
    }

    private static func object(_ member: DirectoryStaff.Member, hasExtension: Bool) -> [String: Any] {
        let digits = String(member.number, radix: 16)
        var user: [String: Any] = [
            "IdentityStoreId": DirectorySamples.aws["identityStoreId"] ?? "",
            "UserId": idPrefix + String(repeating: "0", count: max(0, 12 - digits.count)) + digits, "UserName": member.login,
            "Name": ["GivenName": member.firstName, "FamilyName": member.lastName], "DisplayName": "\(member.firstName) \(member.lastName)",
            "UserStatus": member.isActive ? "ENABLED" : "DISABLED", "UpdatedAt": member.changedAt.timeIntervalSince1970,
        ]
        if let email = member.email { user["Emails"] = [["Value": email, "Type": "work", "Primary": true]] }
        user["Title"] = member.title
        if hasExtension, let department = member.department {
            user["Extensions"] = ["aws:identitystore:enterprise": ["department": department]]
        }
        return user
    }

    // MARK: Signatures

    /// Why a request is not signed as it should be; nil when it is.
    private func signatureRefusal(_ request: ServiceRequest, now: Date) -> Answer? {
        let incomplete = Self.error("IncompleteSignatureException", "Authorization header requires existence of Signature.", .forbidden)
        guard let header = request.headers[.authorization], header.hasPrefix("AWS4-HMAC-SHA256 ") else {
            return Self.error("MissingAuthenticationTokenException", "Missing Authentication Token", .forbidden)
        }
        var parts: [String: String] = [:]
        for part in header.dropFirst(17).split(separator: ",") {
            let sides = part.trimmingCharacters(in: .whitespaces).split(separator: "=", maxSplits: 1)
            if sides.count == 2 { parts[String(sides[0])] = String(sides[1]) }
        }
        guard let credential = parts["Credential"]?.split(separator: "/").map(String.init), credential.count == 5,
            let signed = parts["SignedHeaders"],
            let signature = parts["Signature"], let time = request.header("X-Amz-Date"), time.count == 16
        else { return incomplete }
        let samples = DirectorySamples.aws
        guard credential[0] == samples["accessKeyId"] else {
            return Self.error("UnrecognizedClientException", "The security token included in the request is invalid.")
        }
        guard credential[1] == time.prefix(8), credential[2] == samples["region"], credential[3] == "identitystore", credential[4] == "aws4_request"
        else {
            return Self.error("InvalidSignatureException", "Credential should be scoped correctly.")
        }
        let names = signed.split(separator: ";").map(String.init)
        guard Set(names).isSuperset(of: ["host", "x-amz-date"]), names == names.sorted() else { return incomplete }
        // Within five minutes.
        let (earliest, latest) = (Self.time(now - 300), Self.time(now + 300))
        guard time >= earliest, time <= latest else {
            return Self.error("InvalidSignatureException", "Signature expired: \(time) is now earlier than \(earliest)")
        }
        var headers = ""
        for name in names {
            let value = name == "host" ? request.authority : request.header(name) ?? ""
            headers += "\(name):\(value.split(separator: " ").joined(separator: " "))\n"
        }
        let canonical = ["POST", "/", "", headers, signed, Self.hex(Digest.sha256(of: request.body))].joined(separator: "\n")
        let scope = credential.dropFirst().joined(separator: "/")
        let text = ["AWS4-HMAC-SHA256", time, scope, Self.hex(Digest.sha256(of: canonical.utf8))].joined(separator: "\n")
        var key = SymmetricKey("AWS4\(samples["secretAccessKey"] ?? "")".utf8)
        for word in credential.dropFirst() { key = SymmetricKey(HMAC.code(of: word.utf8, key: key)) }
        guard Self.hex(HMAC.code(of: text.utf8, key: key)) == signature else {
            return Self.error("InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")
        }
        return nil
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func time(_ date: Date) -> String { JSONText.time(date).filter { $0 != "-" && $0 != ":" } }

    // MARK: Errors

    private static func error(
        _ type: String, _ message: String, _ status: HTTPResponse.Status = .badRequest, more: [String: Any] = [:]
    ) -> Answer {
        var answer = Answer.object(
            more.merging(["__type": "com.amazonaws.identitystore#\(type)", "Message": message]) { first, _ in first }, status: status)
        answer.contentType = "application/x-amz-json-1.1"
        return answer.with("X-Amzn-RequestId", "00000000-0000-4000-8000-000000000000")
    }

    func tooManyRequests(after seconds: Int?) -> Answer {
        Self.error("ThrottlingException", "Rate exceeded", more: seconds.map { ["RetryAfterSeconds": $0] } ?? [:])
    }
    var internalError: Answer { Self.error("InternalServerException", "", .internalServerError) }
    var refusedKey: Answer { Self.error("UnrecognizedClientException", "The security token included in the request is invalid.") }
    var forbidden: Answer { Self.error("AccessDeniedException", "User is not authorized to perform: identitystore:ListUsers") }
    var quotaUsedUp: Answer { tooManyRequests(after: 300) }
    /// Of temporary credentials.
    var expiredToken: Answer { Self.error("ExpiredTokenException", "The security token included in the request is expired") }
    var renamed: [String: String] { ["Users": "Members", "UserId": "Id"] }
}
