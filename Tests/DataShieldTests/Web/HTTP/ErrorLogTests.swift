import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// What is logged of requests that fail by what nobody foresaw.
@Suite(.freshDatabasePerTest) struct ErrorLogTests {
    @Test func `a unique violation on an address is logged without the address`() async throws {
        let owner = TestDatabase.current.owner
        // A constraint that no capability knows of, so that the request fails by it.
        try await owner.execute("CREATE TABLE canaries (email text CONSTRAINT canaries_are_unique UNIQUE)")
        try await owner.execute("GRANT ALL ON canaries TO PUBLIC")
        try await owner.execute(
            """
            CREATE FUNCTION sing() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN INSERT INTO canaries VALUES ('ada@canary.example'), ('ada@canary.example'); RETURN NEW; END $$
            """)
        try await owner.execute("CREATE TRIGGER sing BEFORE INSERT ON employees FOR EACH ROW EXECUTE FUNCTION sing()")
        let log = RecordedLog()
        try await withServer(as: .admin, logger: log.logger) { client in
            let answer = try await client.post("/api/employees", ["email": "ada@canary.example", "firstName": "Ada", "lastName": "Canary"])
            #expect(answer.status == 500)
            #expect(!answer.text.contains("canar"))
        }
        let lines = log.lines
        #expect(lines.contains { $0.contains("Request failed") && $0.contains("canaries_are_unique") && $0.contains("23505") })
        #expect(!lines.contains { $0.contains("ada@canary") })
    }
}
