import CLibPQ
import Scalars

/// What went wrong between the program and its database.
///
/// Its description is safe to show in a log: it has the SQLSTATE and the names of constraint, table and column, but neither a value
/// nor the server's message, which may quote one. ``logText`` adds what else a log may have; `String(reflecting:)` has everything.
public struct PostgresError: Error, Sendable {
    /// What kind of thing went wrong.
    public enum Kind: Sendable, Equatable {
        /// The server refused or gave up a statement; ``PostgresError/sqlState`` says why.
        case server
        /// There was no way to connect.
        case connectionFailed
        /// The connection broke. Whether the statement under way took effect is not known.
        case connectionLost
        /// No connection of the pool came free in time.
        case poolTimeout
        /// The pool has been shut down.
        case poolClosed
        /// The result does not hold what was asked for.
        case decoding
        /// A value cannot be sent: text with a NUL character, for example.
        case invalidParameter
        /// The library was used in a way that it does not allow, such as keeping a lent connection.
        case misuse
        /// A migration cannot be applied; the message says which and why.
        case migration
    }

    public let kind: Kind
    /// `ERROR`, `FATAL` or `PANIC`, when it came from the server.
    public internal(set) var severity: String?
    /// PostgreSQL's name of the error, when it came from the server.
    public internal(set) var sqlState: SQLState?
    /// The server's message, or ours. A server's message may quote values.
    public internal(set) var message: String
    public internal(set) var detail: String?
    public internal(set) var hint: String?
    public internal(set) var schema: String?
    public internal(set) var table: String?
    public internal(set) var column: String?
    public internal(set) var constraint: String?
    /// Where in the statement, in characters from 1.
    public internal(set) var position: Int?
    /// The statement, with placeholders in place of values.
    public internal(set) var statement: String?
    /// The server's function that raised it.
    var routine: String?
    /// Whether the connection was given up because the server did not answer in time.
    public internal(set) var isUnanswered = false

    init(_ kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }

    public var isUniqueViolation: Bool { sqlState == .uniqueViolation }
    public var isForeignKeyViolation: Bool { sqlState == .foreignKeyViolation }
    public var isCheckViolation: Bool { sqlState == .checkViolation }
    public var isNotNullViolation: Bool { sqlState == .notNullViolation }

    /// Whether the same transaction, done again from its beginning, may well succeed.
    public var isRetryable: Bool {
        sqlState == .serializationFailure || sqlState == .deadlockDetected || isStalePlan
    }

    /// Whether the server has no room left to write, whichever way it says so: by its SQLSTATE, or in the words of the operating system while
    /// it lets nobody in (libpq before 16 has only words then) or where it has no SQLSTATE of its own for them, as for a quota.
    public var isDiskFull: Bool {
        if sqlState == .diskFull { return true }
        switch kind {
        case .connectionFailed, .connectionLost: break
        case .server: guard sqlState?.isOfTheSystem ?? true else { return false }
        case .poolTimeout, .poolClosed, .decoding, .invalidParameter, .misuse, .migration: return false
        }
        return ["No space left on device", "Disk quota exceeded"].contains { message.contains($0) || detail?.contains($0) == true }
    }

    /// Whether the database cannot be used at the moment, for whatever reason: what a web server answers with 503.
    public var isUnavailable: Bool {
        switch kind {
        case .connectionFailed, .connectionLost, .poolTimeout, .poolClosed: true
        case .server:
            sqlState == .adminShutdown || sqlState == .crashShutdown || sqlState == .cannotConnectNow || sqlState == .tooManyConnections
        case .decoding, .invalidParameter, .misuse, .migration: false
        }
    }

    /// Whether a statement that we had prepared is no longer what it was: a table changed under it, or it was thrown away.
    var isStalePlan: Bool {
        (sqlState == .featureNotSupported && routine == "RevalidateCachedQuery") || sqlState == .invalidStatementName
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        var text: String
        switch kind {
        case .server: text = "PostgreSQL" + suffix
        case .connectionFailed: text = "There is no connection to PostgreSQL" + suffix
        case .connectionLost:
            text =
                isUnanswered
                ? "PostgreSQL did not answer in time, and the connection was given up" : "The connection to PostgreSQL was lost" + suffix
        case .poolTimeout, .poolClosed, .decoding, .invalidParameter, .misuse, .migration: text = message
        }
        if let constraint { text += ", constraint \"\(constraint)\"" }
        if let table { text += ", table \"\(schema.map { $0 + "." } ?? "")\(table)\"" }
        if let column { text += ", column \"\(column)\"" }
        return text
    }

    /// Why, behind a colon: a full disk is called that also where there is no SQLSTATE for it.
    private var suffix: String {
        if isDiskFull { return ": \(SQLState.diskFull)" }
        return sqlState.map { ": \($0)" } ?? (kind == .server ? ": error" : "")
    }

    /// All that a log may have: the description, how severe it is, and the statement with placeholders in place of values. Message, detail and
    /// hint are left out: "Key (email)=(ada@example.com) already exists."
    public var logText: String {
        var text = description
        if let severity { text += ", severity \(severity)" }
        if let position { text += ", position \(position)" }
        if let statement {
            text += ", statement: \(statement.words.joined(separator: " ").beginning(1_000))"
        }
        return text
    }

    /// What a log may have of any error: of one of ours ``logText``, of another what it says of itself.
    public static func logText(of error: any Error) -> String {
        (error as? PostgresError)?.logText ?? String(reflecting: error)
    }

    public var debugDescription: String {
        var text = description
        func add(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { text += "\n  \(name): \(value)" }
        }
        add("severity", severity)
        add("message", message == text ? nil : message)
        add("detail", detail)
        add("hint", hint)
        add("position", position.map { String($0) })
        add("statement", statement)
        return text
    }
}

extension PostgresError {
    /// The error that a result of libpq tells of.
    init(_ result: OpaquePointer, kind: Kind, statement: String?) {
        func field(_ code: some BinaryInteger) -> String? {
            PQresultErrorField(result, Int32(code)).map { String(cString: $0) }
        }
        self.init(kind, message: field(CPQ_DIAG_MESSAGE) ?? PostgresError.trimmed(PQresultErrorMessage(result)))
        severity = field(CPQ_DIAG_SEVERITY)
        sqlState = field(CPQ_DIAG_SQLSTATE).map { SQLState(rawValue: $0) }
        detail = field(CPQ_DIAG_DETAIL)
        hint = field(CPQ_DIAG_HINT)
        schema = field(CPQ_DIAG_SCHEMA)
        table = field(CPQ_DIAG_TABLE)
        column = field(CPQ_DIAG_COLUMN)
        constraint = field(CPQ_DIAG_CONSTRAINT)
        position = field(CPQ_DIAG_POSITION).flatMap { Int($0) }
        routine = field(CPQ_DIAG_ROUTINE)
        self.statement = statement
    }

    /// The error that a connection of libpq tells of.
    init(connection: OpaquePointer, kind: Kind) {
        self.init(kind, message: PostgresError.trimmed(PQerrorMessage(connection)))
    }

    /// The same as the loss of a connection that was cut because nothing came.
    func asUnanswered() -> PostgresError {
        var error = self
        error.isUnanswered = true
        error.message = "The server did not answer in time."
        return error
    }

    private static func trimmed(_ text: UnsafePointer<CChar>?) -> String {
        guard let text else { return "" }
        var whole = Substring(String(cString: text))
        while whole.last?.isWhitespace == true { whole.removeLast() }
        return String(whole)
    }
}
