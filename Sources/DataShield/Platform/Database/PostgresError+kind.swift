import Postgres

extension PostgresError {
    /// Whether the server has no room left to write.
    var isDiskFull: Bool { sqlState == .diskFull }
}
