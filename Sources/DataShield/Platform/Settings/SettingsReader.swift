import Foundation
import Scalars

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
        (values[name] ?? "").parts(between: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    func url(_ name: String, schemes: [String], example: String, isSecret: Bool) throws -> String? {
        guard let text = values[name] else { return nil }
        // PostgreSQL allows an empty host (a socket), which URL takes as well.
        guard schemes.contains(where: { text.begins(with: $0 + "://") }), !text.utf8.contains(0), !text.contains(where: \.isNewline) else {
            throw SettingsError(name: name, problem: "has to be an address such as \(example).")
        }
        return text
    }

    /// A login of its own into the database.
    func databaseURL(_ name: String, user: String) throws -> Secret? {
        try url(name, schemes: ["postgres", "postgresql"], example: "postgresql://\(user):password@host/database", isSecret: true)
            .map { Secret($0) }
    }

    /// A user of this machine, by name, who is not root.
    func user(_ name: String) throws -> String? {
        guard let text = values[name] else { return nil }
        guard !text.utf8.contains(0), let entry = getpwnam(text) else {
            throw SettingsError(name: name, problem: "names no user of this machine: `useradd --system datashield` makes one.")
        }
        guard entry.pointee.pw_uid != 0 else { throw SettingsError(name: name, problem: "has to name another user than root.") }
        return text
    }

    /// `https://host:port`, without path, query or credentials.
    /// - Parameter mayHavePath: whether the service may be somewhere below its host, as behind a proxy; its own paths follow.
    func origin(_ name: String, mayHavePath: Bool = false) throws -> URL? {
        guard let text = values[name] else { return nil }
        let trimmed = text.rest(before: "/").map { String($0) } ?? text
        guard let url = URL(string: trimmed), let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme), let host = url.host,
            !host.isEmpty, mayHavePath || url.path.isEmpty, url.query == nil, url.fragment == nil, url.user == nil, url.password == nil
        else {
            let only =
                mayHavePath
                ? "an address without query, such as https://proxy.example.com/service"
                : "scheme, host and port only, such as https://shield.example.com"
            throw SettingsError(name: name, problem: "has to be \(only).")
        }
        return url
    }

    func origins(prefix: String, known: [String], mayHavePath: Bool = false) throws -> [String: URL] {
        var origins: [String: URL] = [:]
        for (id, name) in try names(prefix: prefix, known: known) { origins[id] = try origin(name, mayHavePath: mayHavePath) }
        return origins
    }

    /// The settings of services that are there, with the service's id.
    func names(prefix: String, known: [String]) throws -> [(id: String, name: String)] {
        try values.keys.sorted().filter { $0.hasPrefix(prefix) }.map { name in
            let id = String(name.dropFirst(prefix.count))
            guard known.contains(id) else {
                throw SettingsError(name: name, problem: "names no service. Known: \(known.joined(separator: ", ")).")
            }
            return (id, name)
        }
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
