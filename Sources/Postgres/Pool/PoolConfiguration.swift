/// Where the database is, and how a pool deals with it.
public struct PoolConfiguration: Sendable {
    /// A URL (`postgresql://user@host/database`) or libpq's `host=… dbname=…`. A host that begins with `/` is the directory of a socket.
    public var connectionString: String
    /// Parameters of libpq that go before those of the connection string: `["dbname": "test"]`.
    public var parameters: [String: String] = [:]
    /// How many connections there are at most. Each has a thread.
    public var size = 10
    /// How long to wait for a connection to come free, or to be made.
    public var acquireTimeout: Duration = .seconds(5)
    /// How long one attempt to connect may take; libpq counts whole seconds, at least two.
    public var connectTimeout: Duration = .seconds(5)
    /// What the server lets a statement take; nil leaves it to the server.
    public var statementTimeout: Duration?
    /// What the server lets a statement wait for a lock; nil leaves it to the server.
    public var lockTimeout: Duration?
    /// How long the server may take to answer a statement before the connection is given up, whatever the server's own limits do; nil: five
    /// seconds longer than ``statementTimeout``, if there is one. A transaction that sets its own time has five seconds beyond that.
    public var answerTimeout: Duration?
    /// How long a statement may take before the server is asked, by another connection, whether it is there at all. One that does not answer
    /// within twice ``connectTimeout`` hangs, and the connections that wait for it are given up. Nil: it is not asked.
    public var silence: Duration? = .seconds(5)
    /// How long the server may take to stop a statement whose task was cancelled; then the connection is given up.
    public var cancelPatience: Duration = .seconds(3)
    /// The role whose rights the connections have (`SET ROLE`); nil for the user who signs in.
    public var role: String?
    /// Whether statements are prepared once per connection. Turn it off behind a pooler that changes the connection with each
    /// transaction: then settings and role, too, are sent with each transaction instead of once.
    public var preparedStatements = true
    /// How many prepared statements a connection keeps.
    public var statementCacheSize = 256
    /// What `pg_stat_activity` calls the connections, unless the connection string says something else.
    public var applicationName = "swift-postgres"
    /// How long a connection may lie idle before it is closed.
    public var idleTimeout: Duration = .seconds(600)
    /// How long a connection may have been idle before it is asked whether it still works when it is wanted again.
    public var healthCheckAfter: Duration = .seconds(30)

    /// - Parameter connectionString: a URL or libpq's `key=value` form; empty takes libpq's defaults and environment.
    public init(_ connectionString: String) {
        self.connectionString = connectionString
    }
}

extension PoolConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Without the connection string, which may hold a password.
    public var description: String { "PoolConfiguration(size: \(size), role: \(role ?? "none"))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["size": size, "role": role ?? "none"]) }
}
