import Scalars

/// The name of an attribute as a client writes it: `userName`, `name.familyName`, `urn:…:User:department`.
package struct SCIMPath: Sendable, Hashable, CustomStringConvertible {
    /// What stands before the last colon; nil without one.
    package var urn: String?
    /// The rest, apart at its dots; empty for a URN alone that ends in a version.
    package var parts: [String]

    package var description: String { [urn, parts.isEmpty ? nil : parts.joined(separator: ".")].compactMap { $0 }.joined(separator: ":") }

    /// `value`, by itself.
    var isValue: Bool { urn == nil && parts.count == 1 && SCIMText.isSame(parts[0], "value") }

    package init(urn: String? = nil, _ parts: [String]) {
        self.urn = urn
        self.parts = parts
    }

    /// - Throws: `invalidPath` when the text is no name.
    package init(_ text: some StringProtocol) throws(SCIMError) {
        let text = String(text)
        var name = text[...]
        if let colon = text.lastPlace(of: ":") {
            urn = String(text[..<colon])
            name = text[text.place(behind: colon)...]
        }
        parts = name.parts(between: ".", keepsEmpty: true).map { String($0) }
        let isURN = urn.map { SCIMText.folded($0).begins(with: "urn:") } ?? true
        // A URN by itself that ends in a version: `urn:scim:schemas:extension:enterprise:1.0`. With nothing behind its last colon it is no name.
        if isURN, urn != nil, !name.isEmpty, name.unicodeScalars.allSatisfy({ "0123456789.".unicodeScalars.contains($0) }), name.first != "." {
            (urn, parts) = (text, [])
            return
        }
        guard parts.allSatisfy({ Self.isName($0) }), isURN else {
            throw .invalidPath("A path is an attribute's name, such as userName, name.familyName or emails[type eq \"work\"].value.")
        }
    }

    /// RFC 7643 §2.1, and the `$ref` of references.
    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "$") else { return false }
        return text.utf8.dropFirst().allSatisfy { isLetter($0) || ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A }
}

/// A path that leads somewhere in a kind of resource.
package struct SCIMTarget: Sendable, Hashable {
    /// The extension that the attribute is of; nil for the core schema.
    package var extensionURN: String?
    package var attribute: SCIMAttribute
    /// nil for the attribute itself.
    package var sub: SCIMAttribute?

    package init(extensionURN: String? = nil, attribute: SCIMAttribute, sub: SCIMAttribute? = nil) {
        self.extensionURN = extensionURN
        self.attribute = attribute
        self.sub = sub
    }

    /// What is compared: the sub-attribute when there is one.
    package var leaf: SCIMAttribute { sub ?? attribute }

    /// The member names on the way from the resource.
    package var steps: [String] { (extensionURN.map { [$0] } ?? []) + [attribute.name] + (sub.map { [$0.name] } ?? []) }

    package var name: String { (extensionURN.map { $0 + ":" } ?? "") + attribute.name + (sub.map { "." + $0.name } ?? "") }
}

extension SCIMResourceType {
    /// Where a path leads.
    package enum Resolution: Sendable, Hashable {
        case attribute(SCIMTarget)
        /// A whole extension: its URN alone.
        case wholeExtension(SCIMSchema)
        /// Something that RFC 7643 has and we do not keep.
        case passedOver
        /// What nobody here knows, also under the URN of a client's own schema.
        case unknown
    }

    package func resolve(_ path: SCIMPath) -> Resolution {
        guard let urn = path.urn else { return resolve(path.parts, in: nil) }
        if let first = path.parts.first {
            // The URN's own end was taken for a name: `…:User`, or `…:User.manager`, as Entra writes it; `urn:…:2.0:User` has a dot of its own,
            // which may have parted it. Before the shorter URN, which is a former one.
            let whole = "\(urn):\(first)"
            let rest = Array(path.parts.dropFirst())
            if isCore(whole) { return rest.isEmpty ? .passedOver : resolve(rest, in: nil) }
            if let found = extensionSchema(whole) { return rest.isEmpty ? .wholeExtension(found) : resolve(rest, in: found) }
        }
        if isCore(urn) { return path.parts.isEmpty ? .passedOver : resolve(path.parts, in: nil) }
        if let found = extensionSchema(urn) { return path.parts.isEmpty ? .wholeExtension(found) : resolve(path.parts, in: found) }
        return .unknown
    }

    private func resolve(_ parts: [String], in found: SCIMSchema?) -> Resolution {
        guard let first = parts.first, let attribute = found.map({ $0.attribute(first) }) ?? core(first) else {
            guard found == nil, let first = parts.first else { return .unknown }
            if isPassedOver(first) { return .passedOver }
            // Entra and others leave the extension's URN out: `manager[value eq "…"]`, `department`.
            guard let found = extensions.first(where: { $0.attribute(first) != nil }) else { return .unknown }
            return resolve(parts, in: found)
        }
        switch parts.count {
        case 1: return .attribute(SCIMTarget(extensionURN: found?.urn, attribute: attribute))
        case 2:
            guard let sub = attribute.sub(parts[1]) else { return .unknown }
            return .attribute(SCIMTarget(extensionURN: found?.urn, attribute: attribute, sub: sub))
        default: return .unknown
        }
    }
}
