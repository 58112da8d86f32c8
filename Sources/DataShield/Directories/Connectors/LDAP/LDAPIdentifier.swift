import Foundation
import LDAP

/// By which attribute a directory tells its entries apart, and how its values are written: it stays when name and address change.
enum LDAPIdentifier: Sendable, Hashable {
    /// RFC 4530: OpenLDAP, OpenDJ and most others.
    case entryUUID
    /// Active Directory, also its lightweight form.
    case objectGUID
    /// 389 Directory Server and Oracle's of Sun's line: every entry has it, also those that are older than `entryUUID` there.
    case nsUniqueId
    /// FreeIPA, where it may be read by whoever may read people.
    case ipaUniqueID
    /// eDirectory.
    case eDirectoryGUID
    /// IBM's.
    case ibmEntryUUID
    /// What an administrator chose.
    case chosen(LDAPAttribute)

    var attribute: String {
        switch self {
        case .entryUUID: "entryUUID"
        case .objectGUID: "objectGUID"
        case .nsUniqueId: "nsUniqueId"
        case .ipaUniqueID: "ipaUniqueID"
        case .eDirectoryGUID: "GUID"
        case .ibmEntryUUID: "ibm-entryUuid"
        case .chosen(let attribute): attribute.name
        }
    }

    /// Which one a server has.
    init(of root: LDAPRoot) {
        switch root.product {
        case .activeDirectory, .lightweightActiveDirectory: self = .objectGUID
        case .freeIPA: self = .ipaUniqueID
        case .directoryServer389, .sun: self = .nsUniqueId
        case .eDirectory: self = .eDirectoryGUID
        case .ibm: self = .ibmEntryUUID
        case .other: self = .entryUUID
        }
    }

    /// Whether nothing but a person's word says that no two entries have the same.
    var isChosen: Bool { if case .chosen = self { true } else { false } }

    /// The id of an entry; nil where it has none that may be read.
    func id(_ entry: LDAPEntry) -> String? {
        switch self {
        case .objectGUID, .eDirectoryGUID: return entry.values(attribute).first.flatMap { ActiveDirectory.text(ofGUID: $0) }
        case .entryUUID, .ipaUniqueID, .ibmEntryUUID:
            guard let text = entry.text(attribute) else { return nil }
            return Self.isPlainId(text) ? text : UUID(uuidString: text)?.uuidString.lowercased()
        case .nsUniqueId:
            guard let text = entry.text(attribute)?.trimmingCharacters(in: .whitespaces), !text.isEmpty else { return nil }
            return text.lowercased()
        case .chosen:
            // Of several, which have no order, none tells who it is.
            let values = entry.values(attribute)
            guard values.count == 1, let bytes = values.first, !bytes.isEmpty else { return nil }
            guard let text = String(validating: bytes, as: UTF8.self), !text.utf8.contains(0), !text.hasPrefix(Self.binary) else {
                return Self.binary + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
            let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
            return trimmed.isEmpty ? nil : trimmed
        }
    }

    /// Why an entry has none.
    func problem(_ entry: LDAPEntry) -> String {
        switch entry.values(attribute).count {
        case 0: "the bind account may not read its \(attribute)"
        case 1: "its \(attribute) is not of the form that it should have"
        default: "its \(attribute) has several values"
        }
    }

    /// Before the digits of a value that is no text.
    private static let binary = "hex:"

    /// Finds the entry with an id; nil for what is no id of this kind.
    func filter(id: String) -> LDAPFilter? {
        switch self {
        case .objectGUID: return ActiveDirectory.bytes(ofGUID: id).map { .equal("objectGUID", bytes: $0) }
        case .eDirectoryGUID: return ActiveDirectory.bytes(ofGUID: id).map { .equal("GUID", bytes: $0) }
        case .entryUUID: return UUID(uuidString: id).map { .equal("entryUUID", $0.uuidString.lowercased()) }
        case .ipaUniqueID: return UUID(uuidString: id).map { .equal("ipaUniqueID", $0.uuidString.lowercased()) }
        case .ibmEntryUUID: return UUID(uuidString: id).map { .equal("ibm-entryUuid", $0.uuidString.lowercased()) }
        case .nsUniqueId:
            guard !id.isEmpty, id.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || (48...57).contains($0) || (97...102).contains($0 | 0x20) }) else {
                return nil
            }
            return .equal("nsUniqueId", id)
        case .chosen(let attribute):
            guard !id.isEmpty else { return nil }
            guard id.hasPrefix(Self.binary) else { return .equal(attribute, bytes: Array(id.utf8)) }
            let digits = Array(id.utf8.dropFirst(Self.binary.utf8.count))
            let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
            return bytes.isEmpty ? nil : .equal(attribute, bytes: bytes)
        }
    }

    /// Whether an id is written as we write it, which spares reading it: nearly all are.
    private static func isPlainId(_ text: String) -> Bool {
        text.utf8.count == 36
            && text.utf8.enumerated().allSatisfy { index, byte in
                switch index {
                case 8, 13, 18, 23: byte == UInt8(ascii: "-")
                default: (48...57).contains(byte) || (97...102).contains(byte)
                }
            }
    }
}

/// Which attributes an administrator wants read, where a directory keeps things elsewhere than usual.
struct LDAPAttributeMap: Sendable, Hashable {
    var id: LDAPAttribute?
    /// The first that has an address says which is the person's; those of all are watched.
    var addresses: [LDAPAttribute] = []
    var department: LDAPAttribute?

    init() {}

    init(_ configuration: DirectoryConfiguration) {
        id = LDAPAttribute(configuration["idAttribute"])
        addresses = Self.list(configuration["addressAttributes"]) ?? []
        department = LDAPAttribute(configuration["departmentAttribute"])
    }

    /// What it asks for, to tell whether a later listing asks the same.
    var text: String {
        [id?.name ?? "", addresses.map(\.name).joined(separator: ","), department?.name ?? ""].joined(separator: "|").lowercased()
    }

    static func problem(_ text: String) -> String? {
        LDAPAttribute(text) == nil ? "is the name of one attribute, such as employeeNumber." : nil
    }

    static func problem(ofList text: String) -> String? {
        guard let list = list(text) else { return "is one or more names of attributes, with commas between them: mail, mailAlternateAddress." }
        return list.count > 10 ? "has at most ten attributes." : nil
    }

    /// - Returns: nil when one of them is no name.
    private static func list(_ text: String) -> [LDAPAttribute]? {
        var names: [LDAPAttribute] = []
        for word in text.unicodeScalars.split(whereSeparator: { $0 == "," || $0 == ";" || $0 == " " }) {
            guard let name = LDAPAttribute(String(String.UnicodeScalarView(word))) else { return nil }
            names.append(name)
        }
        return names
    }

    /// Those that none of the entries has, by the fields of the form: what was typed may be misspelt, or may not be read.
    func missing(in entries: [LDAPEntry]) -> [(field: String, attribute: String)] {
        guard !entries.isEmpty else { return [] }
        var chosen: [(field: String, attribute: String)] = addresses.map { (field: "addressAttributes", attribute: $0.name) }
        if let id { chosen.append((field: "idAttribute", attribute: id.name)) }
        if let department { chosen.append((field: "departmentAttribute", attribute: department.name)) }
        return chosen.filter { choice in entries.allSatisfy { $0.values(choice.attribute).isEmpty } }
    }
}
