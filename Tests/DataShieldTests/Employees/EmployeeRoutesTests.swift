import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct EmployeeRoutesTests {
    @Test func `an employee is made, read, changed and deleted`() async throws {
        try await withServer(as: .admin) { client in
            let created = try await client.post("/api/employees", ["email": "Jane@Acme.example", "firstName": "Jane", "lastName": "Doe"])
            #expect(created.status == 201)
            let jane = try created.decode(EmployeeResponse.self)
            #expect(jane.email == "jane@acme.example")
            #expect(created.text.contains(#""lastCheckedAt":null"#))
            let changed = try await client.patch(
                "/api/employees/\(jane.id)", ["department": "R&D", "title": nil, "firstName": "Janet"] as [String: String?])
            #expect(changed.status == 200)
            #expect(try changed.decode(EmployeeResponse.self).department == "R&D")
            #expect(try await client.get("/api/employees/\(jane.id)").decode(EmployeeResponse.self).firstName == "Janet")
            #expect(try await client.delete("/api/employees/\(jane.id)").status == 204)
            #expect(try await client.get("/api/employees/\(jane.id)").status == 404)
        }
    }

    @Test func `wrong input is named field by field`() async throws {
        try await withServer(as: .admin) { client in
            let unknown = try await client.post("/api/employees", ["email": "a@b.example", "salary": "1"])
            #expect(unknown.status == 422)
            #expect(try unknown.fields == ["salary"])
            let wrong = try await client.post("/api/employees", ["email": "nobody"])
            #expect(wrong.status == 422)
            #expect(try wrong.fields == ["email"])
            let type = try await client.send("POST", "/api/employees", body: Array(#"{"email": 7}"#.utf8), contentType: "application/json")
            #expect(type.status == 422)
            #expect(try await client.post("/api/employees", ["email": "a@b.example"]).status == 201)
            let taken = try await client.post("/api/employees", ["email": "A@B.example"])
            #expect(taken.status == 409)
            for query in ["cursor=x", "limit=0", "limit=1000", "risk=NONE", "exposed=maybe", "sort=age", "page=2"] {
                let answer = try await client.get("/api/employees?\(query)")
                #expect(answer.status == 422, "\(query)")
                #expect(try answer.fields == [String(query.prefix { $0 != "=" })])
            }
        }
    }

    @Test func `the list is filtered and paged by the query string`() async throws {
        try await withServer(as: .viewer) { client in
            for name in ["Ann", "Ben", "Cem"] {
                _ = try await TestDatabase.current.makeEmployee(
                    in: client.company, firstName: name, lastName: "Doe", department: name == "Ben" ? "R&D" : "Sales")
            }
            let first = try await client.get("/api/employees?limit=2").decode(Page<EmployeeResponse>.self)
            #expect(first.items.map(\.firstName) == ["Ann", "Ben"])
            let cursor = try #require(first.nextCursor)
            let second = try await client.get("/api/employees?limit=2&cursor=\(cursor)").decode(Page<EmployeeResponse>.self)
            #expect(second.items.map(\.firstName) == ["Cem"])
            #expect(second.nextCursor == nil)
            let found = try await client.get("/api/employees?department=R%26D&active=true&exposed=false&vip=false&risk=NOT_ASKED&q=ben&sort=risk")
            #expect(try found.decode(Page<EmployeeResponse>.self).items.map(\.firstName) == ["Ben"])
            let departments = try await client.get("/api/employees/departments").decode(EmployeeRoutes.Departments.self)
            #expect(departments.items.map(\.department) == ["R&D", "Sales"])
        }
    }

    @Test func `a viewer reads and does not change`() async throws {
        try await withServer(as: .viewer) { client in
            let id = try await TestDatabase.current.makeEmployee(in: client.company)
            #expect(try await client.get("/api/employees").status == 200)
            #expect(try await client.get("/api/employees/\(id)").status == 200)
            #expect(try await client.get("/api/employees/export").status == 200)
            #expect(try await client.post("/api/employees", ["email": "a@b.example"]).status == 403)
            #expect(try await client.patch("/api/employees/\(id)", ["title": "x"]).status == 403)
            #expect(try await client.delete("/api/employees/\(id)").status == 403)
            let file = try await client.send("POST", "/api/employees/import", body: Array("email\na@b.example\n".utf8), contentType: "text/csv")
            #expect(file.status == 403)
            #expect(try await client.anonymous.get("/api/employees").status == 401)
            #expect(try await client.get("/api/employees").decode(Page<EmployeeResponse>.self).items.count == 1)
        }
    }

    @Test func `another company's employee is not found`() async throws {
        try await withServer(as: .admin) { client in
            let other = try await TestDatabase.current.makeCompany()
            let id = try await TestDatabase.current.makeEmployee(in: other, email: "jane@other.example")
            for path in ["/api/employees/\(id)", "/api/employees/\(EmployeeID())", "/api/employees/x", "/api/employees/1%27--"] {
                #expect(try await client.get(path).status == 404)
                #expect(try await client.patch(path, ["title": "x"]).status == 404)
                #expect(try await client.delete(path).status == 404)
            }
            #expect(try await !client.get("/api/employees?q=jane").text.contains("other.example"))
        }
    }

    @Test func `a list is read from a body and from a form`() async throws {
        try await withServer(as: .admin) { client in
            let csv = Array("\u{FEFF}E-Mail;Vorname\r\njane@x.example;Jane\r\nnobody;X\r\n".utf8)
            let report = try await client.send("POST", "/api/employees/import", body: csv, contentType: "text/csv; charset=utf-8")
            #expect(report.status == 200)
            let first = try report.decode(ImportReport.self)
            #expect(first.added == 1)
            #expect(first.rejected.map(\.line) == [3])
            let form =
                Array("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.csv\"\r\n\r\n".utf8) + csv + Array("\r\n--b--\r\n".utf8)
            let second = try await client.send("POST", "/api/employees/import", body: form, contentType: "multipart/form-data; boundary=b")
            #expect(try second.decode(ImportReport.self).unchanged == 1)

            #expect(try await client.send("POST", "/api/employees/import", body: csv, contentType: "image/png").status == 415)
            #expect(try await client.send("POST", "/api/employees/import", body: csv, contentType: "multipart/form-data").status == 400)
            let noColumn = try await client.send("POST", "/api/employees/import", body: Array("a,b\n".utf8), contentType: "text/csv")
            #expect(noColumn.status == 422)
            #expect(try noColumn.fields == ["file"])
            #expect(try await client.send("POST", "/api/employees/import", body: [], contentType: "text/csv").status == 422)
        }
    }

    @Test func `the export is a file`() async throws {
        try await withServer(as: .viewer) { client in
            _ = try await TestDatabase.current.makeEmployee(in: client.company, firstName: "=1+1")
            let answer = try await client.get("/api/employees/export")
            #expect(answer.header("Content-Type") == "text/csv; charset=utf-8")
            #expect(answer.header("Content-Disposition")?.contains("employees.csv") == true)
            #expect(answer.text.contains(",'=1+1,"))
        }
    }

    @Test func `who has no department is found, and the numbers of second factors come as a file`() async throws {
        try await withServer(as: .viewer) { client in
            let database = TestDatabase.current
            _ = try await database.makeEmployee(in: client.company, firstName: "Ann", department: nil, mfaEnabled: false)
            _ = try await database.makeEmployee(in: client.company, firstName: "Ben", department: "=Sales", mfaEnabled: false)
            _ = try await database.makeEmployee(in: client.company, firstName: "Cem", department: "=Sales", mfaEnabled: true)
            let link = try #require(try await client.get("/mfa").text.firstMatch(of: /href="([^"]+)">No department</)?.1)
            let page = try await client.get(String(link).replacing("&amp;", with: "&"))
            #expect(page.status == 200 && page.text.contains("Ann") && !page.text.contains("Ben"))
            let found = try await client.get("/api/employees?noDepartment=true").decode(Page<EmployeeResponse>.self)
            #expect(found.items.map(\.firstName) == ["Ann"])
            for path in ["/mfa/export", "/api/mfa/export"] {
                let file = try await client.get(path)
                #expect(file.header("Content-Type") == "text/csv; charset=utf-8")
                #expect(
                    file.text.split(separator: "\r\n").dropFirst().map(String.init) == [",1,0,1,0,0,1", "'=Sales,2,1,1,0,0,1", "All,3,1,2,0,0,2"])
            }
        }
    }

    @Test func `people are filtered by the worst of their exposures`() async throws {
        try await withServer(as: .viewer) { client in
            let database = TestDatabase.current
            let exposed = Timestamp.parse("2026-01-10T00:00:00.000Z")
            /// Somebody whose sessions were revoked at a time, with records of cookies and of passwords.
            func person(_ name: String, sessions: String?, password: String? = nil, _ kinds: [[ArtifactKind]]) async throws {
                let id = try await database.makeEmployee(in: client.company, firstName: name)
                try await database.owner.execute(
                    """
                    UPDATE employees SET sessions_valid_from = \(sessions)::text::timestamptz, password_changed_at = \(password)::text::timestamptz
                    WHERE id = \(id)
                    """)
                for kind in kinds {
                    let breach = try await database.makeBreach(date: exposed)
                    _ = try await database.makeBreachRecord(
                        in: client.company, employee: id, breach: breach, exposedData: ["email"], artifacts: kind)
                }
            }
            try await person("Live", sessions: "2020-01-01", password: "2026-11-01", [[.password], [.cookie], []])
            try await person("Unknown", sessions: nil, password: "2026-11-01", [[.password], [.cookie]])
            try await person("Done", sessions: "2026-11-01", [[.cookie], []])
            try await person("Harmless", sessions: nil, [[]])
            try await person("Clean", sessions: nil, [])
            func shown(_ states: String) async throws -> Set<String> {
                Set(try await client.get("/api/employees?liveness=\(states)").decode(Page<EmployeeResponse>.self).items.map(\.firstName))
            }
            #expect(try await shown("LIVE") == ["Live"])
            #expect(try await shown("UNKNOWN") == ["Unknown"])
            #expect(try await shown("NEUTRALISED") == ["Done"])
            #expect(try await shown("NO_CREDENTIAL") == ["Harmless"])
            #expect(try await shown("LIVE,NEUTRALISED") == ["Live", "Done"])
            #expect(try await client.get("/api/employees?liveness=DEAD").status == 422)
            let page = try await client.get("/employees?liveness=LIVE")
            #expect(page.text.contains("Live") && !page.text.contains("Harmless"))
            #expect(try await client.get("/employees/export?liveness=LIVE").text.split(separator: "\r\n").count == 2)
        }
    }
}
