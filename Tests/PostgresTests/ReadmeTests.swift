import Foundation
import Postgres
import Testing

@Suite struct ReadmeTests {
    @Test func `the example of the README connects, writes and reads`() async throws {
        let (url, logger) = (try TestServer.configuration().connectionString, quiet)
        let table = TestServer.uniqueName("readme")
        // README
        var configuration = PoolConfiguration(url)  // postgresql://app@localhost/shop, or host=/run/postgresql dbname=shop
        configuration.statementTimeout = .seconds(30)
        let pool = PostgresPool(configuration: configuration, logger: logger)  // works at once; a Service for a ServiceGroup

        let names = try await pool.transaction { db in
            try await db.execute("CREATE TEMPORARY TABLE \(identifier: table) (name text, born date) ON COMMIT DROP")
            try await db.execute("INSERT INTO \(identifier: table) VALUES (\("Mara"), \(Date(timeIntervalSince1970: 0)))")
            return try await db.query("SELECT name FROM \(identifier: table) WHERE born < now()", as: String.self)
        }
        // end of README
        await pool.close()
        #expect(names == ["Mara"])
    }
}
