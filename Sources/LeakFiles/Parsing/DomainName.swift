import Scalars

/// Names of hosts as they are compared.
enum DomainName {
    /// A name with other than ASCII letters in its ASCII form (RFC 3492), label by label; any other as it is.
    static func ascii(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 >= 0x80 }) else { return name }
        let labels = name.parts(between: ".", keepsEmpty: true).map { label -> String in
            guard label.utf8.contains(where: { $0 >= 0x80 }) else { return String(label) }
            return label.utf8.count <= 120 ? "xn--" + Punycode.encode(label.unicodeScalars) : String(label)
        }
        return labels.joined(separator: ".")
    }

    /// A name with its labels in ASCII form (`xn--…`) as they are written with letters; any other as it is.
    static func unicode(_ name: String) -> String {
        guard name.has(text: "xn--") else { return name }
        return name.parts(between: ".", keepsEmpty: true).map { label -> String in
            // A label has at most 63 characters.
            guard let encoded = label.rest(behind: "xn--"), (1...59).contains(encoded.utf8.count), encoded.utf8.allSatisfy({ $0 < 0x80 }),
                let decoded = Punycode.decode(encoded)
            else { return String(label) }
            return decoded
        }
        .joined(separator: ".")
    }
}
