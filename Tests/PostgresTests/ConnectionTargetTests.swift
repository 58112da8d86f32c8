import Testing

@testable import Postgres

@Suite struct ConnectionTargetTests {
    @Test(arguments: [
        ("postgresql://u:p@db.example/d", true), ("postgresql://u:p@db.example/d?sslmode=prefer", true),
        ("postgresql://u:p@db.example/d?sslmode=allow", true), ("postgresql://u:p@db.example/d?sslmode=disable", true),
        ("postgresql://u:p@db.example/d?sslmode=require", false), ("postgresql://u:p@db.example/d?sslmode=verify-ca", false),
        ("postgres://u:p@db.example:6432/d?connect_timeout=3&sslmode=verify-full", false), ("postgresql://10.0.0.7/d", true),
        ("postgresql://localhost/d", false), ("postgresql://127.0.0.1:5433/d", false), ("postgresql://127.1.2.3/d", false),
        ("postgresql://[::1]/d", false), ("postgresql://[fd00::1]/d", true), ("postgresql://127.example.com/d", true),
        ("postgresql://127.0.0.1.example/d", true), ("postgresql://127.0.0.999/d", true),
        ("postgresql:///d", false), ("postgresql://u@/d?host=/run/postgresql", false), ("postgresql://u@%2Frun%2Fpostgresql/d", false),
        ("host=/run/postgresql dbname=d", false), ("host=db.example dbname=d", true), ("host=db.example sslmode=require", false),
        // One of several is enough, and an address goes before a name.
        ("postgresql://localhost,db.example/d", true), ("postgresql://localhost,127.0.0.1/d", false),
        ("postgresql://localhost/d?hostaddr=10.0.0.7", true), ("postgresql://db.example/d?hostaddr=127.0.0.1", false),
        // What a service file says is not known; only what stands beside the service goes before it.
        ("service=prod", true), ("postgresql:///d?service=prod", true), ("service=prod host=localhost", true), ("service=prod sslmode=prefer", true),
        ("service=prod sslmode=verify-full", false), ("postgresql:///d?service=prod&sslmode=require", false), ("service=''", false),
    ])
    func `another machine without TLS can be read on the way`(url: String, canBeRead: Bool) throws {
        #expect(try ConnectionTarget(url).canBeReadOnTheWay == canBeRead)
    }

    @Test func `what cannot be read is told without repeating it`() throws {
        let error = #expect(throws: PostgresError.self) { try ConnectionTarget("postgresql://u:hunter2@host/d?nonsense=1") }
        #expect(error.map { !String(reflecting: $0).contains("hunter2") } == true)
    }
}
