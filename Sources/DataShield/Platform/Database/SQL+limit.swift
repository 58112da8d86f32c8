import Postgres

extension SQL {
    /// `LIMIT` with its number written out.
    ///
    /// As a bind it would be unknown when PostgreSQL plans: it then supposes a tenth of all rows, finds its general plan dear, and plans
    /// a prepared statement anew each time it is run. There are few different numbers, so that few statements are prepared.
    /// - Parameter count: how many rows at most; a checked number, as ``PageLimit`` gives.
    static func limit(_ count: Int) -> SQL { SQL(unsafe: "LIMIT \(count)") }
}
