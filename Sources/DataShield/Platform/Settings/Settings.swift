import Foundation
import Logging
import Scalars

/// Everything that whoever runs the program can set. Read once, at start; no code below `main` reads the environment.
package struct Settings: Sendable {
    /// Where PostgreSQL is; nil: the program runs its own in ``dataDirectory``.
    package var databaseURL: Secret?
    /// The same database for connections that see one company at a time; nil: the program makes a login of its own, when it may.
    package var databaseAppURL: Secret?
    /// The same for connections that see all companies. Both are set, or none.
    package var databaseSystemURL: Secret?
    package var dataDirectory: URL
    /// Who the server becomes when root starts it; nil: see ``ServerAccount``.
    package var user: String?
    /// The key that seals secrets; nil: a key file in ``dataDirectory``.
    package var encryptionKey: Secret?
    /// Keys of before, that still open.
    package var previousEncryptionKeys: [Secret] = []
    package var host = "127.0.0.1"
    package var port = 8080
    /// How people reach the program: `https://shield.example`.
    package var publicURL: URL?
    package var smtpURL: Secret?
    package var mailFrom: EmailAddress?
    package var cronSecret: Secret?
    /// Who else than this machine may read `/metrics`.
    package var metricsToken: Secret?
    /// Private addresses that calls to addresses which a user typed may reach.
    package var allowedHosts: [AllowedHost] = []
    /// Origins of providers by their id, where not their own: `HIBP` → `http://127.0.0.1:9000`.
    package var providerURLs: [String: URL] = [:]
    /// Calls a minute by a provider's id, where its documentation and plan do not say what holds here.
    package var providerRates: [String: Int] = [:]
    package var directoryURLs: [String: URL] = [:]
    /// Requests a second that one SCIM connection may send.
    package var scimRate = 100
    package var logLevel: Logger.Level = .info
    /// Off behind a transaction pooler, which would break statements that are prepared once per connection.
    package var preparedStatements = true
    /// Connections to PostgreSQL that requests may use at once.
    package var poolSize = 10
    /// Seconds for which a job is a process's without a sign of life.
    package var jobLease = 15
    /// Seconds between two looks at the queue, when nothing is announced; what is due by time is looked for half as often.
    package var jobPoll = 5

    /// Connections that clients may have open in all, and from one address; nil: what the system's limit of open files allows.
    package var connections: Int?
    package var connectionsPerAddress: Int?

    /// Settings for a data directory, all else as it is by itself.
    package init(dataDirectory: URL) { self.dataDirectory = dataDirectory }

    /// Whether people reach us by HTTPS.
    package var isHTTPS: Bool { publicURL?.scheme == "https" }

    /// `https://shield.example`: the scheme, host and port of ``publicURL``.
    package var publicOrigin: String? {
        guard let publicURL, let scheme = publicURL.scheme, let host = publicURL.host else { return nil }
        return "\(scheme)://\(host)" + (publicURL.port.map { ":\($0)" } ?? "")
    }

    /// Where links in messages lead: the public address, or the one that we listen at.
    package var baseURL: String { publicOrigin ?? "http://\(host == "0.0.0.0" || host == "::" ? "localhost" : host):\(port)" }
}

/// A text that must not be seen: printing it shows nothing of it.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let value: String
    package init(_ value: String) { self.value = value }
    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A setting that cannot be used: one line that names it, and never shows what it holds.
package struct SettingsError: Error, CustomStringConvertible, Equatable {
    package let name: String
    package let problem: String
    package var description: String { "\(name) \(problem)" }
}

extension Settings {
    /// Reads the settings.
    /// - Parameters:
    ///   - environment: the process's environment; it goes before the file.
    ///   - file: the text of a file of `KEY=VALUE` lines.
    /// - Throws: ``SettingsError`` for the first that is wrong.
    package static func read(environment: [String: String], file: String? = nil) throws -> Settings {
        var values = try file.map { try entries(ofFile: $0) } ?? [:]
        for (name, value) in environment where isKnown(name) { values[name] = value }
        // An empty value means "not set": that is how many tools unset one.
        return try Settings(SettingsReader(values: values.filter { !$0.value.isEmpty }, home: environment["HOME"]))
    }

    private static let names: Set<String> = [
        "DATABASE_URL", "DATABASE_APP_URL", "DATABASE_SYSTEM_URL", "DATASHIELD_USER", "DATASHIELD_DATA_DIR",
        "DATASHIELD_ENCRYPTION_KEY", "DATASHIELD_ENCRYPTION_KEY_PREVIOUS", "DATASHIELD_HOST",
        "DATASHIELD_PORT", "DATASHIELD_PUBLIC_URL", "SMTP_URL", "MAIL_FROM", "CRON_SECRET", "DATASHIELD_METRICS_TOKEN",
        "DATASHIELD_ALLOWED_HOSTS", "DATASHIELD_LOG_LEVEL", "DATASHIELD_PREPARED_STATEMENTS", "DATASHIELD_POOL_SIZE", "DATASHIELD_SCIM_RATE",
        "DATASHIELD_CONNECTIONS", "DATASHIELD_CONNECTIONS_PER_ADDRESS",
        "DATASHIELD_JOB_LEASE", "DATASHIELD_JOB_POLL",
    ]
    static let providerPrefix = "DATASHIELD_PROVIDER_URL_"
    static let ratePrefix = "DATASHIELD_PROVIDER_RATE_"
    static let directoryPrefix = "DATASHIELD_DIRECTORY_URL_"

    private static func isKnown(_ name: String) -> Bool {
        names.contains(name) || name.hasPrefix(providerPrefix) || name.hasPrefix(ratePrefix) || name.hasPrefix(directoryPrefix)
    }

    /// The lines of a settings file: `KEY=VALUE`, `export KEY="VALUE"`, `# a comment`.
    private static func entries(ofFile text: String) throws -> [String: String] {
        var entries: [String: String] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            var line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.begins(with: "#") { continue }
            if let rest = line.rest(behind: "export ") { line = String(rest) }
            guard let sign = line.firstPlace(of: "=") else {
                throw SettingsError(name: "The settings file", problem: "has no KEY=VALUE in line \(index + 1).")
            }
            let name = line[..<sign].trimmingCharacters(in: .whitespaces)
            var value = line[line.place(behind: sign)...].trimmingCharacters(in: .whitespaces)
            guard isKnown(name) else {
                throw SettingsError(name: name.isEmpty ? "The settings file" : String(name.prefix(80)), problem: "is no setting (line \(index + 1)).")
            }
            if let content = value.content(within: "\"", "\"") ?? value.content(within: "'", "'") { value = String(content) }
            entries[name] = value
        }
        return entries
    }

    private init(_ reader: SettingsReader) throws {
        let root = getuid() == 0
        let standard = root ? "/var/lib/datashield" : (reader.home ?? FileManager.default.temporaryDirectory.path) + "/.local/share/datashield"
        let directory = reader.values["DATASHIELD_DATA_DIR"] ?? standard
        guard !directory.utf8.contains(0) else { throw SettingsError(name: "DATASHIELD_DATA_DIR", problem: "is not a path.") }
        self.init(dataDirectory: URL(fileURLWithPath: directory, isDirectory: true).standardizedFileURL)
        databaseURL = try reader.url("DATABASE_URL", schemes: ["postgres", "postgresql"], example: "postgresql://user@host/database", isSecret: true)
            .map { Secret($0) }
        databaseAppURL = try reader.databaseURL("DATABASE_APP_URL", user: "app")
        databaseSystemURL = try reader.databaseURL("DATABASE_SYSTEM_URL", user: "system")
        if (databaseAppURL == nil) != (databaseSystemURL == nil) {
            let (missing, other) = databaseAppURL == nil ? ("DATABASE_APP_URL", "DATABASE_SYSTEM_URL") : ("DATABASE_SYSTEM_URL", "DATABASE_APP_URL")
            throw SettingsError(name: missing, problem: "has to be set with \(other): each is a login of its own.")
        }
        if databaseAppURL != nil, databaseURL == nil {
            throw SettingsError(name: "DATABASE_URL", problem: "has to be set with DATABASE_APP_URL: it is the login that runs migrations.")
        }
        user = try reader.user("DATASHIELD_USER")
        encryptionKey = try reader.key("DATASHIELD_ENCRYPTION_KEY", reader.values["DATASHIELD_ENCRYPTION_KEY"])
        previousEncryptionKeys = try reader.list("DATASHIELD_ENCRYPTION_KEY_PREVIOUS")
            .compactMap { try reader.key("DATASHIELD_ENCRYPTION_KEY_PREVIOUS", $0) }
        if let value = reader.values["DATASHIELD_HOST"] {
            guard !value.has("/"), !value.unicodeScalars.contains(where: \.properties.isWhitespace) else {
                throw SettingsError(name: "DATASHIELD_HOST", problem: "has to be an address or a host name, such as 127.0.0.1.")
            }
            host = value
        }
        port = try reader.integer("DATASHIELD_PORT", in: 0...65_535) ?? port
        publicURL = try reader.origin("DATASHIELD_PUBLIC_URL")
        smtpURL = try reader.url("SMTP_URL", schemes: ["smtp", "smtps"], example: "smtp://user:password@host:587", isSecret: true).map { Secret($0) }
        if let value = reader.values["MAIL_FROM"] {
            // `DataShield <shield@example.com>` or the address alone.
            let address = value.firstPlace(of: "<").flatMap { value[$0...].content(within: "<", ">") } ?? value[...]
            guard let address = try? EmailAddress(address) else {  // try?: the reason could repeat what is set
                throw SettingsError(name: "MAIL_FROM", problem: "has to be an e-mail address, such as shield@example.com.")
            }
            mailFrom = address
        }
        cronSecret = try reader.token("CRON_SECRET")
        metricsToken = try reader.token("DATASHIELD_METRICS_TOKEN")
        allowedHosts = try reader.list("DATASHIELD_ALLOWED_HOSTS").map { text in
            guard let host = AllowedHost(text) else {
                throw SettingsError(
                    name: "DATASHIELD_ALLOWED_HOSTS", problem: "has to be host names, addresses or networks with commas between, such as 10.0.0.0/8.")
            }
            return host
        }
        let providers = ApiProvider.allCases.map(\.rawValue)
        providerURLs = try reader.origins(prefix: Self.providerPrefix, known: providers, mayHavePath: true)
        for (id, name) in try reader.names(prefix: Self.ratePrefix, known: providers) {
            providerRates[id] = try reader.integer(name, in: 1...1_000_000)
        }
        directoryURLs = try reader.origins(
            prefix: Self.directoryPrefix, known: ["AZURE_AD", "GOOGLE_WORKSPACE", "LDAP", "AWS_DIRECTORY", "OKTA", "SCIM"])
        scimRate = try reader.integer("DATASHIELD_SCIM_RATE", in: 1...1_000_000) ?? scimRate
        if let value = reader.values["DATASHIELD_LOG_LEVEL"] {
            guard let level = Logger.Level(rawValue: value.lowercased()) else {
                let words = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw SettingsError(name: "DATASHIELD_LOG_LEVEL", problem: "has to be one of \(words).")
            }
            logLevel = level
        }
        if let value = reader.values["DATASHIELD_PREPARED_STATEMENTS"] {
            guard ["true", "false"].contains(value.lowercased()) else {
                throw SettingsError(name: "DATASHIELD_PREPARED_STATEMENTS", problem: "has to be true or false.")
            }
            preparedStatements = value.lowercased() == "true"
        }
        poolSize = try reader.integer("DATASHIELD_POOL_SIZE", in: 2...500) ?? poolSize
        connections = try reader.integer("DATASHIELD_CONNECTIONS", in: 8...1_000_000)
        connectionsPerAddress = try reader.integer("DATASHIELD_CONNECTIONS_PER_ADDRESS", in: 1...1_000_000)
        jobLease = try reader.integer("DATASHIELD_JOB_LEASE", in: 1...3600) ?? jobLease
        jobPoll = try reader.integer("DATASHIELD_JOB_POLL", in: 1...300) ?? jobPoll
    }
}
