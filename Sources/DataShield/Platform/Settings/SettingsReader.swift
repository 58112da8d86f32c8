import Foundation

/// Reads one setting at a time and says what would be right.
struct SettingsReader {
    let values: [String: String]
    let home: String?

    func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = values[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw SettingsError(name: name, problem: "has to be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    func list(_ name: String) -> [String] {
        (values[name] ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    func url(_ name: String, schemes: [String], example: String, isSecret: Bool) throws -> String? {
        guard let text = values[name] else { return nil }
        // PostgreSQL allows an empty host (a socket), which URL takes as well.
        guard schemes.contains(where: { text.hasPrefix($0 + "://") }), !text.utf8.contains(0), !text.contains(where: \.isNewline) else {
            throw SettingsError(name: name, problem: "has to be an address such as \(example).")
        }
        return text
    }

    /// `https://host:port`, without path, query or credentials.
    func origin(_ name: String) throws -> URL? {
        guard let text = values[name] else { return nil }
        let trimmed = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let url = URL(string: trimmed), let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme), let host = url.host,
            !host.isEmpty, url.path.isEmpty, url.query == nil, url.fragment == nil, url.user == nil, url.password == nil
        else { throw SettingsError(name: name, problem: "has to be scheme, host and port only, such as https://shield.example.com.") }
        return url
    }

    func origins(prefix: String, known: [String]) throws -> [String: URL] {
        var origins: [String: URL] = [:]
        for name in values.keys.sorted() where name.hasPrefix(prefix) {
            let id = String(name.dropFirst(prefix.count))
            guard known.contains(id) else {
                throw SettingsError(name: name, problem: "names no service. Known: \(known.joined(separator: ", ")).")
            }
            origins[id] = try origin(name)
        }
        return origins
    }

    func key(_ name: String, _ text: String?) throws -> Secret? {
        guard let text else { return nil }
        guard let bytes = Data(base64Encoded: text), bytes.count == 32 else {
            throw SettingsError(name: name, problem: "has to be 32 bytes in base64; `openssl rand -base64 32` makes one.")
        }
        return Secret(text)
    }

    func token(_ name: String) throws -> Secret? {
        guard let text = values[name] else { return nil }
        guard text.utf8.count >= 16, !text.contains(where: \.isWhitespace) else {
            throw SettingsError(name: name, problem: "has to be at least 16 characters without spaces.")
        }
        return Secret(text)
    }
}
