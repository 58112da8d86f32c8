import Foundation

/// What a link of change tracking holds.
struct DeltaToken {
    var at: Date
    var version: Int
    /// The version that changes are told since; nil tells everybody.
    var base: Int?
    var page: String?
    var select: String?

    init(at: Date, version: Int, base: Int?, page: String?, select: String?) {
        (self.at, self.version, self.base, self.page, self.select) = (at, version, base, page, select)
    }

    var text: String {
        let parts = ["\(Int(at.timeIntervalSince1970))", "\(version)", base.map { "\($0)" } ?? "", page ?? "", select ?? ""]
        return Data(parts.joined(separator: "|").utf8).base64EncodedString().replacingOccurrences(of: "=", with: "").replacingOccurrences(
            of: "+", with: "-"
        )
        .replacingOccurrences(of: "/", with: "_")
    }

    init?(_ text: String) {
        let standard = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        guard let data = Data(base64Encoded: standard + String(repeating: "=", count: (4 - standard.count % 4) % 4)) else { return nil }
        let parts = String(decoding: data, as: UTF8.self).split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, let seconds = Int(parts[0]), let version = Int(parts[1]) else { return nil }
        at = Date(timeIntervalSince1970: Double(seconds))
        self.version = version
        base = Int(parts[2])
        page = parts[3].isEmpty ? nil : parts[3]
        select = parts[4].isEmpty ? nil : parts[4]
    }
}

/// The properties of a user that an answer has: those that were selected, or those that come by themselves.
struct EntraFields: Sendable {
    private let names: [String]
    private static let usual =
        "businessPhones,displayName,givenName,jobTitle,mail,mobilePhone,officeLocation,preferredLanguage,surname,userPrincipalName,id"

    init(_ select: String?) {
        let chosen = (select ?? Self.usual).split(separator: ",").map(String.init)
        names = chosen.contains("id") ? chosen : chosen + ["id"]
    }

    private static let idPrefix = "0d3c1a52-7f10-4a6e-9b1d-"

    static func id(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return idPrefix + String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }

    static func number(of id: String) -> Int? { id.lowercased().hasPrefix(idPrefix) ? Int(id.dropFirst(idPrefix.count), radix: 16) : nil }

    func write(_ member: DirectoryStaff.Member, to text: inout JSONText) {
        guard !member.isDeleted else {
            text.raw("{\"id\":\"\(Self.id(member.number))\",\"@removed\":{\"reason\":\"changed\"}}")
            return
        }
        for (index, name) in names.enumerated() {
            text.raw(index == 0 ? "{\"" : ",\"")
            text.raw(name)
            text.raw("\":")
            switch name {
            case "id": text.raw("\"\(Self.id(member.number))\"")
            case "userPrincipalName": text.string(member.login)
            case "mail": text.string(orNull: member.email)
            case "displayName": text.string("\(member.firstName) \(member.lastName)")
            case "givenName": text.string(member.firstName)
            case "surname": text.string(member.lastName)
            case "department": text.string(orNull: member.department)
            case "jobTitle": text.string(orNull: member.title)
            case "accountEnabled": text.raw("\(member.isActive)")
            case "userType": text.raw(member.isGuest ? "\"Guest\"" : "\"Member\"")
            case "lastPasswordChangeDateTime": text.raw("\"\(JSONText.time(member.passwordChangedAt))\"")
            case "signInSessionsValidFromDateTime": text.raw("\"\(JSONText.time(member.sessionsValidFrom))\"")
            case "createdDateTime": text.raw("\"\(JSONText.time(member.createdAt))\"")
            case "proxyAddresses": text.strings((member.email.map { ["SMTP:\($0)"] } ?? []) + member.aliases.map { "smtp:\($0)" })
            case "otherMails": text.strings([member.otherMail].compactMap { $0 })
            case "businessPhones": text.raw("[]")
            default: text.raw("null")
            }
        }
        text.raw("}")
    }
}
