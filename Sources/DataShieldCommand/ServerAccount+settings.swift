import DataShield
import PostgresCluster

extension ServerAccount {
    /// The account of the server with these settings.
    /// - Throws: as ``ServerAccount/ofCluster(in:named:)`` and ``ServerAccount/withoutCluster(named:)`` do.
    init(serving settings: Settings) throws {
        guard settings.databaseURL == nil else {
            self = try .withoutCluster(named: settings.user)
            return
        }
        self = try .ofCluster(in: settings.dataDirectory, named: settings.user)
    }
}
