/// The five characters by which PostgreSQL names an error.
public struct SQLState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public static let featureNotSupported = SQLState(rawValue: "0A000")
    public static let numericOutOfRange = SQLState(rawValue: "22003")
    public static let invalidTextRepresentation = SQLState(rawValue: "22P02")
    public static let notNullViolation = SQLState(rawValue: "23502")
    public static let foreignKeyViolation = SQLState(rawValue: "23503")
    public static let uniqueViolation = SQLState(rawValue: "23505")
    public static let checkViolation = SQLState(rawValue: "23514")
    public static let exclusionViolation = SQLState(rawValue: "23P01")
    public static let invalidTransactionState = SQLState(rawValue: "25000")
    public static let readOnlyTransaction = SQLState(rawValue: "25006")
    public static let failedTransaction = SQLState(rawValue: "25P02")
    public static let invalidStatementName = SQLState(rawValue: "26000")
    public static let invalidPassword = SQLState(rawValue: "28P01")
    public static let serializationFailure = SQLState(rawValue: "40001")
    public static let deadlockDetected = SQLState(rawValue: "40P01")
    public static let insufficientPrivilege = SQLState(rawValue: "42501")
    public static let syntaxError = SQLState(rawValue: "42601")
    public static let undefinedColumn = SQLState(rawValue: "42703")
    public static let undefinedTable = SQLState(rawValue: "42P01")
    public static let diskFull = SQLState(rawValue: "53100")
    public static let tooManyConnections = SQLState(rawValue: "53300")
    public static let lockNotAvailable = SQLState(rawValue: "55P03")
    public static let queryCanceled = SQLState(rawValue: "57014")
    public static let adminShutdown = SQLState(rawValue: "57P01")
    public static let crashShutdown = SQLState(rawValue: "57P02")
    public static let cannotConnectNow = SQLState(rawValue: "57P03")

    /// Whether it tells of a failure of the operating system under the server, or inside it: classes 58 and XX.
    var isOfTheSystem: Bool { rawValue.hasPrefix("58") || rawValue.hasPrefix("XX") }

    public var description: String {
        guard let name else { return rawValue }
        return "\(name) (\(rawValue))"
    }

    /// What PostgreSQL's manual calls it, for those that are met in daily life.
    private var name: String? {
        switch self {
        case .featureNotSupported: "feature not supported"
        case .numericOutOfRange: "numeric value out of range"
        case .invalidTextRepresentation: "invalid text representation"
        case .notNullViolation: "not-null violation"
        case .foreignKeyViolation: "foreign key violation"
        case .uniqueViolation: "unique violation"
        case .checkViolation: "check violation"
        case .exclusionViolation: "exclusion violation"
        case .invalidTransactionState: "invalid transaction state"
        case .readOnlyTransaction: "read-only transaction"
        case .failedTransaction: "transaction is aborted"
        case .invalidStatementName: "invalid statement name"
        case .invalidPassword: "invalid password"
        case .serializationFailure: "serialization failure"
        case .deadlockDetected: "deadlock detected"
        case .insufficientPrivilege: "insufficient privilege"
        case .syntaxError: "syntax error"
        case .undefinedColumn: "undefined column"
        case .undefinedTable: "undefined table"
        case .diskFull: "disk full"
        case .tooManyConnections: "too many connections"
        case .lockNotAvailable: "lock not available"
        case .queryCanceled: "query canceled"
        case .adminShutdown: "admin shutdown"
        case .crashShutdown: "crash shutdown"
        case .cannotConnectNow: "cannot connect now"
        default: nil
        }
    }
}
