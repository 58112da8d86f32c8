import CLibPQ
import Scalars

/// How a session connects, and what it sets once it has.
struct SessionSettings: Sendable {
    let keywords: [String]
    let values: [String]
    let preparedStatements: Bool
    let statementCacheSize: Int
    /// Sent once after connecting; empty behind a transaction pooler, where a setting would fall to whoever comes next.
    let setup: String
    /// Sent with every transaction, behind a transaction pooler.
    let preamble: SQL?
    /// How long the server may take to answer a statement before the connection is given up; nil for as long as it lives.
    let answerTimeout: Duration?
    /// How long it may take to answer what is asked while connecting.
    let connectTimeout: Duration
    /// How long it may take to stop a statement that was cancelled.
    let cancelPatience: Duration
    let server: ServerPresence

    init(_ configuration: PoolConfiguration) {
        var pairs: [(String, String)] = [
            // A server that is gone without a word is noticed after about a minute and a half.
            ("keepalives_idle", "30"), ("keepalives_interval", "15"), ("keepalives_count", "4"), ("tcp_user_timeout", "30000"),
            ("connect_timeout", String(max(2, Int(configuration.connectTimeout.components.seconds)))),
            ("fallback_application_name", configuration.applicationName),
            // expand_dbname is set below: the first dbname may be a whole URL, and what follows overrides it.
            ("dbname", configuration.connectionString),
        ]
        pairs += configuration.parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        pairs.append(("client_encoding", "UTF8"))
        keywords = pairs.map { $0.0 }
        values = pairs.map { $0.1 }
        answerTimeout = configuration.answerTimeout ?? configuration.statementTimeout.map { $0 + Self.margin }
        connectTimeout = configuration.connectTimeout
        cancelPatience = configuration.cancelPatience
        server = ServerPresence(
            silence: configuration.silence, patience: configuration.connectTimeout * 2, keywords: keywords, values: values)
        preparedStatements = configuration.preparedStatements
        statementCacheSize = configuration.statementCacheSize
        var wanted: [(name: String, value: String)] = [("timezone", "UTC")]
        if let timeout = configuration.statementTimeout { wanted.append(("statement_timeout", timeout.wholeMilliseconds)) }
        if let timeout = configuration.lockTimeout { wanted.append(("lock_timeout", timeout.wholeMilliseconds)) }
        if let role = configuration.role { wanted.append(("role", role)) }
        if configuration.preparedStatements {
            setup = wanted.map { "SET SESSION \($0.name) = \(SessionSettings.literal($0.value))" }.joined(separator: ";")
            preamble = nil
        } else {
            setup = ""
            preamble = "SELECT " + wanted.map { "set_config(\($0.name), \($0.value), true)" as SQL }.joined(separator: ", ")
        }
    }

    /// What an answer may take beyond the time that the server gives a statement.
    static let margin = Duration.seconds(5)

    private static func literal(_ text: String) -> String {
        "'" + text.swapping("'", for: "''") + "'"
    }

    /// Opens a connection and waits until it is there or has failed.
    func open() throws -> ConnectionHandle {
        let handle = try Self.withCStrings(keywords) { keywords in
            try Self.withCStrings(values) { values in
                guard let pointer = PQconnectdbParams(keywords, values, 1) else {
                    throw PostgresError(.connectionFailed, message: "There is no memory for a connection.")
                }
                return ConnectionHandle(pointer)
            }
        }
        guard PQstatus(handle.pointer) == CONNECTION_OK else { throw PostgresError(connection: handle.pointer, kind: .connectionFailed) }
        cpq_silence_notices(handle.pointer)
        return handle
    }

    /// Hands out an array of C strings that ends with a null.
    static func withCStrings<R>(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws -> R) rethrows -> R {
        var buffer: [CChar] = []
        var offsets: [Int] = []
        for string in strings {
            offsets.append(buffer.count)
            buffer.append(contentsOf: string.utf8CString)
        }
        return try buffer.withUnsafeBufferPointer { bytes in
            try withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: strings.count + 1) { pointers in
                for (index, offset) in offsets.enumerated() { pointers.initializeElement(at: index, to: bytes.baseAddress?.advanced(by: offset)) }
                pointers.initializeElement(at: strings.count, to: nil)
                guard let start = pointers.baseAddress else { preconditionFailure("An array with a null at its end has a beginning.") }
                return try body(UnsafePointer(start))
            }
        }
    }
}

extension Duration {
    /// In milliseconds, which is how PostgreSQL takes its timeouts; at least one, for zero means none to it.
    var wholeMilliseconds: String {
        let (seconds, attoseconds) = components
        return String(max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }

    /// In seconds, with their fraction.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

extension PostgresError {
    /// An error met while connecting: whatever the server said, there is no connection.
    static func asConnecting(_ error: any Error) -> any Error {
        guard let error = error as? PostgresError, error.kind != .connectionFailed else { return error }
        var failure = PostgresError(.connectionFailed, message: error.message)
        failure.sqlState = error.sqlState
        failure.detail = error.detail
        failure.hint = error.hint
        return failure
    }
}
