import DataShieldTestSupport
import Foundation
import JSON
import Postgres
import SCIM
import Scalars
import Testing

@testable import DataShield
@testable import Sandbox

/// Hostile texts in files and in what directories push.
@Suite(.freshDatabase) struct HostileFileTests {
    private let database = TestDatabase.current

    // MARK: Staff lists

    private static let columns = ["firstName", "lastName", "department", "title", "externalId"]

    private func importing(_ client: TestClient, _ rows: [[String]]) async throws -> ImportReport {
        var bytes: [UInt8] = []
        for row in [["email"] + Self.columns] + rows { CSVWriter.append(row, to: &bytes) }
        let answer = try await client.send("POST", "/api/employees/import", body: bytes, contentType: "text/csv")
        #expect(answer.status == 200, "\(answer.text)")
        return try answer.decode(ImportReport.self)
    }

    @Test func `a staff list's cells are read to the scalar, and written so again`() async throws {
        try await withServer { (client) async throws in
            let rows = HostileText.texts.enumerated().map { number, text in ["h\(number)@nord.example"] + Self.columns.map { _ in text } }
            let report = try await importing(client, rows)
            #expect(report.added == rows.count && report.rejectedCount == 0, "\(report)")
            let people = try await client.get("/api/employees?limit=200").decode(Page<EmployeeResponse>.self).items
            for (number, text) in HostileText.texts.enumerated() {
                let person = try #require(people.first { $0.email == "h\(number)@nord.example" })
                for found in [person.firstName, person.lastName, person.department, person.title, person.externalId] {
                    #expect(found.map { Array($0.utf8) } == Array(text.utf8), "\(Array(text.unicodeScalars))")
                }
            }
            // What is exported is read in without a change.
            let exported = try await client.get("/api/employees/export")
            let again = try await client.send("POST", "/api/employees/import", body: exported.bytes, contentType: "text/csv")
                .decode(ImportReport.self)
            #expect(again.unchanged == rows.count && again.changed == 0 && again.rejectedCount == 0, "\(again)")
        }
    }

    @Test func `a NUL in a cell costs its row and names the column`() async throws {
        try await withServer { (client) async throws in
            for (index, column) in Self.columns.enumerated() {
                var row = ["zero@nord.example"] + Self.columns.map { _ in "x" }
                row[index + 1] = "a\0b"
                let report = try await importing(client, [row, ["well\(index)@nord.example"] + Self.columns.map { _ in "x" }])
                #expect(report.added == 1 && report.rejected.map(\.field) == [column], "\(report)")
            }
            let report = try await importing(client, [["z\0@nord.example"] + Self.columns.map { _ in "x" }])
            #expect(report.rejected.map(\.field) == ["email"])
        }
    }

    // MARK: Leak files

    private func read(
        _ client: TestClient, _ file: [UInt8], _ name: String, _ type: String = "application/octet-stream"
    ) async throws
        -> IngestRun.Response
    {
        let escaped = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let answer = try await client.send("POST", "/api/ingest?fileName=\(escaped)", body: file, contentType: type)
        try #require(answer.status == 202, "\(answer.status) \(answer.text)")
        let id = try answer.decode(IngestRun.Response.self).id
        // The stream ends with the run.
        _ = try await client.get("/api/ingest/\(id)/events")
        return try await client.get("/api/ingest/\(id)").decode(IngestRun.Response.self)
    }

    /// A kind of leak file, with a text where it has names, logins and secrets.
    struct Kind: Sendable {
        var name: String
        var head = ""
        /// A row with an address and a text.
        var row: @Sendable (String, String) -> String
        var border = "\n"
        var tail = "\n"
    }

    static let kinds = [
        Kind(name: "list.txt", row: { "\($0):\($1)" }), Kind(name: "sites.txt", row: { "https://a.example/\($1):\($0):pw" }),
        Kind(name: "shop.csv", head: "email,username,password\n", row: { "\($0),\"\($1.swapping("\"", for: "\"\""))\",pw" }),
        Kind(
            name: "shop.sql", head: "INSERT INTO `users` (`id`, `email`, `name`, `password`) VALUES\n",
            row: { "(1, '\($0)', '\($1.escaping("'", "\\").swapping("\0", for: "\\0"))', 'pw')" }, border: ",\n", tail: ";\n"),
        Kind(
            name: "shop.json",
            row: {
                let text = $1.escaping("\"", "\\").swapping("\0", for: "\\u0000")
                return "{\"email\":\"\($0)\",\"username\":\"\(text)\",\"password\":\"a\\u0000b\\ud800\"}"
            }),
    ]

    @Test(arguments: kinds.indices) func `no text in a leak file ends the reading, and whoever is in it is found`(index: Int) async throws {
        let kind = Self.kinds[index]
        try await withServer { (client) async throws in
            let texts = HostileText.texts + ["Q\0Q\0", "plain"]
            var rows: [String] = []
            for (number, text) in texts.enumerated() {
                let email = "p\(number)@\(client.company.rawValue.suffix(10)).example"
                _ = try await database.makeEmployee(in: client.company, email: email)
                rows.append(kind.row(email, text))
            }
            let file = Array((kind.head + rows.joined(separator: kind.border) + kind.tail).utf8)
            // The file's own name has such a text in it as well, and a breach is called by it.
            let run = try await read(client, file, "\(HostileText.texts[index])\(kind.name)")
            #expect(run.status == .succeeded, "\(kind.name): \(run.errorMessage ?? "")")
            #expect(run.report.newRecords == texts.count, "\(kind.name): \(run.report)")
            for path in ["/ingest", "/breaches", "/employees", "/alerts", "/audit", "/ingest/\(run.id)"] {
                let page = try await client.get(path)
                #expect(page.status == 200 && !HostileText.isRaw(in: page.bytes), "\(kind.name): \(path)")
            }
        }
    }

    @Test func `a stealer log's texts hide nobody and are kept to the scalar`() async throws {
        try await withServer { (client) async throws in
            // Format characters are left out of leaks' texts: they would change how others are shown.
            let texts = ["\"\u{301}Pro\"", "\\\u{301}10", "<\u{FE0F}b>", "\",\"\u{301}", "}\u{301}{\u{1F3FB}", "Q\u{600}\"Q", "\u{301}11", "x\0y"]
            var zip = StoredZip()
            var emails: [String] = []
            for (number, text) in texts.enumerated() {
                let email = "v\(number)@\(client.company.rawValue.suffix(10)).example"
                emails.append(email)
                _ = try await database.makeEmployee(in: client.company, email: email)
                let folder = "US[AB12AB12AB12AB12\(number)] [2026-11-10T10_00_00]\(text.swapping { $0 == "\0" || $0 == "\\" ? "" : nil })"
                zip.add(
                    "\(folder)/Passwords.txt",
                    "URL: https://portal.example/\(text)\nUsername: \(email)\nPassword: \(text)\nApplication: \(text)\n===============\n")
                zip.add(
                    "\(folder)/UserInformation.txt",
                    """
                    Build ID: \(text)
                    IP: 203.0.113.\(number + 1)
                    UserName: \(text)
                    Country: US
                    HWID: HWID\(number)
                    Operation System: Windows \(text)
                    Log date: 10/11/2026 10:00:00 AM
                    MachineName: \(text)

                    """)
                zip.add("\(folder)/Cookies/Chrome_\(number).txt", ".portal.example\tTRUE\t/\tTRUE\t1830297600\tsid\(text)\tINVENTED\n")
                zip.add("\(folder)/Autofills/Chrome_\(number).txt", "name: \(text)\nemail: \(email)\n")
            }
            let run = try await read(client, zip.bytes(), "logs.zip", "application/zip")
            #expect(run.status == .succeeded, "\(run.errorMessage ?? "")")
            #expect(run.report.machines == texts.count, "\(run.report)")
            let machines = try await client.get("/api/machines").decode(Page<MachineResponse>.self).items
            let kept = Set(machines.compactMap(\.operatingSystem).map { Array($0.utf8) })
            #expect(kept == Set(texts.map { Array("Windows \($0.swapping("\0", for: ""))".utf8) }))
            for email in emails {
                let found = try await client.get("/api/employees?q=\(email)").decode(Page<EmployeeResponse>.self).items
                #expect(found.map(\.recordCount) == [1], "\(email)")
            }
            for machine in machines {
                let page = try await client.get("/machines/\(machine.id)")
                #expect(page.status == 200 && !HostileText.isRaw(in: page.bytes))
            }
        }
    }

    // MARK: SCIM

    /// The ways to the texts of a resource that a client writes.
    private static func texts(_ attributes: [SCIMAttribute]) -> [(way: [String], isList: Bool)] {
        attributes.flatMap { attribute -> [(way: [String], isList: Bool)] in
            switch attribute.kind {
            case .string where attribute.mutability == .readWrite && attribute.canonicalValues.isEmpty: [([attribute.name], attribute.isMultiValued)]
            case .complex:
                texts(attribute.subAttributes).map { ([attribute.name] + $0.way, attribute.isMultiValued) }
            default: []
            }
        }
    }

    private static func value(_ text: String, at way: [String], isList: Bool) -> JSONValue {
        guard way.count > 1 else { return .string(text) }
        let inner: JSONValue = .object([way[1]: .string(text)])
        return isList ? .array([inner]) : inner
    }

    private static func isHeld(_ text: String, in value: JSONValue) -> Bool {
        if let found = value.text { return found.utf8.elementsEqual(text.utf8) }
        return value.items?.contains { isHeld(text, in: $0) } ?? value.members?.values.contains { isHeld(text, in: $0) } ?? false
    }

    /// What is made of it: an address that is none stays in the list and is not watched; an id that is nobody's is refused.
    private static let references: Set = ["manager value", "members value", "members display", "userName"]

    @Test func `every text of a resource that a directory pushes comes back to the scalar`() async throws {
        try await withSCIM { (directory) async throws in
            var tried = 0
            for type in SCIMResourceType.all {
                let parts =
                    [(nil as String?, type.schema.attributes + [SCIMAttribute("externalId", .string, "The id in the directory.")])]
                    + type.extensions.map { ($0.urn, $0.attributes) }
                for (urn, attributes) in parts {
                    for (way, isList) in Self.texts(attributes) where !Self.references.contains(way.joined(separator: " ")) {
                        tried += 1
                        for text in HostileText.few {
                            let content = Self.value(text, at: way, isList: isList)
                            var members: [String: JSONValue] = urn.map { [$0: .object([way[0]: content])] } ?? [way[0]: content]
                            if type.name == "User" {
                                members["userName"] = .string("\(CUID.make(at: Date()))@nord.example")
                            } else if members["displayName"] == nil {
                                members["displayName"] = .string(CUID.make(at: Date()))
                            }
                            members["schemas"] = .array([.string(type.schema.urn)] + (urn.map { [.string($0)] } ?? []))
                            let made = try await directory.send("POST", type.endpoint, .object(members))
                            try #require(made.status == 201, "\(way): \(made.status) \(made.detail) for \(Array(text.unicodeScalars))")
                            let found = try await directory.get("\(type.endpoint)/\(made.id)")
                            #expect(Self.isHeld(text, in: found.body), "\(way) lost something of \(Array(text.unicodeScalars))")
                        }
                        let path = urn.map { "\($0):\(way.joined(separator: "."))" } ?? way.joined(separator: ".")
                        if !isList, type.name == "User" {
                            // Another than those that were just pushed.
                            let text = HostileText.whole + "Z"
                            let escaped = text.escaping("\"", "\\")
                            let some = try await directory.makeUser("\(CUID.make(at: Date()))@nord.example")
                            let patched = try await directory.patch(
                                "/Users/\(some.id)", ["op": "replace", "path": .string(path), "value": .string(text)])
                            #expect(patched.status == 200 && Self.isHeld(text, in: patched.body), "\(path): \(patched.detail)")
                            #expect(try await directory.find("\(path) eq \"\(escaped)\"").total == 1, "\(path)")
                        }
                        var broken = type.name == "User" ? "\"userName\":\"n@nord.example\"," : ""
                        if type.name == "Group", way[0] != "displayName" { broken = "\"displayName\":\"g\"," }
                        for bad in ["a\\u0000b", "\\ud800"] where way.count == 1 && urn == nil {
                            let raw = "{\"schemas\":[\"\(type.schema.urn)\"],\(broken)\"\(way[0])\":\"\(bad)\"}"
                            let refused = try await directory.send("POST", type.endpoint, raw: raw)
                            #expect(refused.status == 400, "\(way) \(bad): \(refused.status)")
                        }
                    }
                }
            }
            #expect(tried >= 12)
        }
    }

    // MARK: What is only written alike

    @Test func `one letter and the same in two scalars are another text, and are saved`() async throws {
        try await withServer { (client) async throws in
            let (one, two) = ("Zo\u{EB}", "Zoe\u{308}")
            #expect(one == two)
            let employee = try await database.makeEmployee(in: client.company, firstName: one, lastName: one, department: one)
            let user = try await database.makeUser(in: client.company, name: one)
            let alert = try await database.makeAlert(in: client.company)
            for name in [one, two] {
                let bodies: [(String, [String: String])] = [
                    ("/api/employees/\(employee)", ["firstName": name]), ("/api/employees/\(employee)", ["department": name]),
                    ("/api/users/\(user)", ["name": name]), ("/api/company", ["name": name]),
                ]
                for (path, body) in bodies {
                    let answer = try await client.patch(path, body)
                    #expect(HostileText.isHeld(name, in: try answer.json), "\(path)")
                    #expect(HostileText.isHeld(name, in: try await client.get(path.hasPrefix("/api/users") ? "/api/users" : path).json), "\(path)")
                }
            }
            #expect(try await client.patch("/api/alerts/\(alert)", ["status": "RESOLVED", "resolution": one]).status == 200)
            #expect(HostileText.isHeld(two, in: try await client.patch("/api/alerts/\(alert)", ["resolution": two]).json))
        }
    }
}
