import DataShieldTestSupport
import Foundation
import JSON
import Testing

@testable import DataShield

/// Drives every operation of the OpenAPI document against the server: what the document says is taken is taken, what is beyond is refused
/// by its name, and no status is answered that the document does not have.
@Suite(.freshDatabase) struct DocumentedLimitsTests {
    /// The document as a program would read it.
    private struct Document {
        let root: JSONValue

        subscript(_ path: String...) -> JSONValue? { path.reduce(root) { $0?[$1] } }

        /// A schema without references at its top.
        func resolved(_ schema: JSONValue) -> JSONValue {
            if case .string(let reference)? = schema["$ref"], let name = reference.split(separator: "/").last {
                return self["components", "schemas", String(name)] ?? schema
            }
            // Null is one of what it may be; the other is of interest.
            if case .array(let choices)? = schema["anyOf"], let first = choices.first, first["$ref"] != nil || first["type"] != nil {
                return resolved(first)
            }
            return schema
        }

        /// The simplest value that a schema takes.
        func sample(_ schema: JSONValue) -> JSONValue {
            let schema = resolved(schema)
            if case .array(let words)? = schema["enum"], let first = words.first { return first }
            switch schema["type"]?.text {
            case "string": return .string(text(schema, length: schema["minLength"]?.number ?? 1))
            case "integer": return .integer(schema["minimum"]?.number ?? 1)
            case "number": return .number(1)
            case "boolean": return .bool(false)
            case "array":
                let count = schema["minItems"]?.number ?? 0
                return .array((0..<count).map { _ in sample(schema["items"] ?? .object([:])) })
            case "object":
                guard case .object(let properties)? = schema["properties"], case .array(let required)? = schema["required"] else {
                    return .object([:])
                }
                let names = Set(required.compactMap(\.text))
                return .object(properties.filter { names.contains($0.key) }.mapValues { sample($0) })
            default: return .object([:])
            }
        }

        /// A text of a length that fits the schema's form.
        func text(_ schema: JSONValue, length: Int) -> String {
            if schema["pattern"]?.text == "^c[a-z0-9]{24}$" { return CUID.make(at: Date()) }
            switch schema["format"]?.text {
            case "email":
                // Each part of a domain has 63 characters at most.
                let length = max(length, 6)
                let tail = "@b.example"
                guard length > tail.count else { return "a@b.de" }
                var domain = ""
                while domain.count < length - 64 - tail.count {
                    domain += String(repeating: "d", count: min(60, length - 65 - tail.count - domain.count)) + "."
                }
                let end = "@" + domain + "b.example"
                return String(repeating: "a", count: max(1, length - end.count)) + end
            case "date": return "2026-01-31"
            case "date-time": return "2026-01-31T12:00:00.000Z"
            default:
                // No password that everybody tries, nor one piece again and again.
                let piece = Array("violet otter harbour 57 "), start = "vq7"
                return String((start + String((0..<max(0, length)).map { piece[($0 * 7 + $0 / 24) % piece.count] })).prefix(length)).replacing(
                    " ", with: "x")
            }
        }
    }

    /// A value with which a field is tried, and whether it is taken.
    private struct Trial {
        var value: JSONValue
        var isTaken: Bool
        var what: String
    }

    private func trials(_ schema: JSONValue, _ document: Document) -> [Trial] {
        let schema = document.resolved(schema)
        var trials: [Trial] = []
        if case .array(let words)? = schema["enum"] {
            trials += words.map { Trial(value: $0, isTaken: true, what: "word") }
            trials.append(Trial(value: .string("NONSENSE"), isTaken: false, what: "another word"))
            return trials
        }
        switch schema["type"]?.text {
        case "string":
            if let most = schema["maxLength"]?.number {
                trials.append(Trial(value: .string(document.text(schema, length: most)), isTaken: true, what: "\(most) characters"))
                trials.append(Trial(value: .string(document.text(schema, length: most + 1)), isTaken: false, what: "\(most + 1) characters"))
            }
            if let least = schema["minLength"]?.number, schema["description"] == nil {
                trials.append(Trial(value: .string(document.text(schema, length: least)), isTaken: true, what: "\(least) characters"))
                trials.append(Trial(value: .string(document.text(schema, length: least - 1)), isTaken: false, what: "\(least - 1) characters"))
            }
            if schema["pattern"] != nil || schema["format"] != nil {
                trials.append(Trial(value: .string("!! no such thing !!"), isTaken: false, what: "another form"))
            }
        case "integer":
            if let least = schema["minimum"]?.number, let most = schema["maximum"]?.number {
                trials += [least, most].map { Trial(value: .integer($0), isTaken: true, what: "\($0)") }
                trials += [least - 1, most + 1].map { Trial(value: .integer($0), isTaken: false, what: "\($0)") }
            }
            trials.append(Trial(value: .string("x"), isTaken: false, what: "no number"))
        case "number":
            if let above = schema["exclusiveMinimum"]?.number, let most = schema["maximum"]?.number {
                trials += [
                    Trial(value: .number(Double(most)), isTaken: true, what: "\(most)"),
                    Trial(value: .number(Double(most) + 0.5), isTaken: false, what: "more"),
                    Trial(value: .number(Double(above)), isTaken: false, what: "\(above)"),
                ]
            }
        case "array":
            guard let items = schema["items"] else { break }
            if let most = schema["maxItems"]?.number {
                trials.append(Trial(value: .array((0..<most).map { _ in document.sample(items) }), isTaken: true, what: "\(most) items"))
                trials.append(Trial(value: .array((0...most).map { _ in document.sample(items) }), isTaken: false, what: "\(most + 1) items"))
            }
            if let least = schema["minItems"]?.number, least > 0 { trials.append(Trial(value: .array([]), isTaken: false, what: "no items")) }
        case "object":
            if case .array(let names)? = schema["propertyNames"]?["enum"], let first = names.first?.text {
                trials.append(Trial(value: .object([first: .number(0)]), isTaken: true, what: "a known name"))
                trials.append(Trial(value: .object([first: .number(-1)]), isTaken: false, what: "a number below 0"))
                trials.append(Trial(value: .object(["nonsense": .number(1)]), isTaken: false, what: "another name"))
            }
        default: break
        }
        return trials
    }

    private struct Operation {
        var method: String
        var path: String
        var isPublic: Bool
        var parameters: [JSONValue]
        var bodyType: String?
        var body: JSONValue?
        var maximum: Int?
        var statuses: Set<Int>
    }

    private func operations(_ document: Document) throws -> [Operation] {
        guard case .object(let paths)? = document["paths"] else {
            Issue.record("The document has no paths.")
            return []
        }
        var operations: [Operation] = []
        for (path, methods) in paths.sorted(by: { $0.key < $1.key }) {
            guard case .object(let methods) = methods else { continue }
            for (method, operation) in methods.sorted(by: { $0.key < $1.key }) {
                guard case .object(let responses)? = operation["responses"] else { continue }
                var parameters: [JSONValue] = []
                if case .array(let all)? = operation["parameters"] { parameters = all }
                var content: (key: String, value: JSONValue)?
                if case .object(let types)? = operation["requestBody"]?["content"] { content = types.first.map { ($0.key, $0.value) } }
                operations.append(
                    Operation(
                        method: method.uppercased(), path: path, isPublic: operation["security"] == .array([]), parameters: parameters,
                        bodyType: content?.key, body: content?.value["schema"], maximum: operation["requestBody"]?["x-max-bytes"]?.number,
                        statuses: Set(responses.keys.compactMap { Int($0) })))
            }
        }
        return operations
    }

    private func send(
        _ operation: Operation, _ client: TestClient, _ document: Document, query: [String: JSONValue] = [:], body: JSONValue? = nil
    ) async throws
        -> TestClient.Answer
    {
        var path = operation.path
        for parameter in operation.parameters where parameter["in"]?.text == "path" {
            let name = parameter["name"]?.text ?? ""
            path = path.replacing("{\(name)}", with: document.text(parameter["schema"] ?? .null, length: 3))
        }
        var items: [String] = []
        for (name, value) in query {
            let texts: [String] = if case .array(let values) = value { values.map(\.plain) } else { [value.plain] }
            items.append("\(name)=\(texts.joined(separator: ",").addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")")
        }
        if !items.isEmpty { path += "?" + items.joined(separator: "&") }
        guard let type = operation.bodyType else { return try await client.send(operation.method, path) }
        if type == "application/json", let schema = operation.body {
            return try await client.send(operation.method, path, json: body ?? document.sample(schema))
        }
        return try await client.send(operation.method, path, body: Array("email\nada@acme.example\n".utf8), contentType: type)
    }

    @Test func `the server takes what the document says, refuses what is beyond, and answers as it says`() async throws {
        try await withServer { (client) async throws in
            let document = Document(root: try await client.get("/api/openapi.json").json)
            let operations = try operations(document)
            #expect(operations.count > 70)
            let hash = try await PasswordHasher(cost: 4).hash(ServerUnderTest.password)
            // A session of its own for each: some of them end it. Its user has a password, which some look at.
            func newClient() async throws -> TestClient {
                let client = try await client.signedIn(as: .admin)
                try await TestDatabase.current.owner.execute("UPDATE users SET hashed_password = \(hash) WHERE id = \(client.user)")
                return client
            }
            var fields = 0
            for operation in operations {
                let name = "\(operation.method) \(operation.path)"
                func documented(_ answer: TestClient.Answer, _ what: String) {
                    #expect(operation.statuses.contains(answer.status), "\(name), \(what): \(answer.status) \(answer.text.prefix(300))")
                    #expect(answer.status < 500, "\(name), \(what)")
                }
                documented(try await send(operation, try await newClient(), document), "as it is")
                if !operation.isPublic {
                    let answer = try await send(operation, client.anonymous, document)
                    #expect(answer.status == 401, "\(name)")
                    #expect(operation.statuses.contains(401), "\(name)")
                }
                for parameter in operation.parameters where parameter["in"]?.text == "query" {
                    guard let field = parameter["name"]?.text, let schema = parameter["schema"] else { continue }
                    for trial in trials(schema, document) {
                        fields += 1
                        let client = try await newClient()
                        let answer = try await send(operation, client, document, query: [field: trial.value])
                        try check(answer, trial, field, name, documented)
                    }
                }
                guard operation.bodyType == "application/json", let schema = operation.body, case .object(var members) = document.sample(schema),
                    case .object(let properties)? = document.resolved(schema)["properties"]
                else { continue }
                for (field, schema) in properties.sorted(by: { $0.key < $1.key }) {
                    for trial in trials(schema, document) {
                        fields += 1
                        let before = members[field]
                        members[field] = trial.value
                        let client = try await newClient()
                        let answer = try await send(operation, client, document, body: .object(members))
                        members[field] = before
                        try check(answer, trial, field, name, documented)
                    }
                }
            }
            #expect(fields > 150, "\(fields)")
        }
    }

    private func check(
        _ answer: TestClient.Answer, _ trial: Trial, _ field: String, _ name: String, _ further: (TestClient.Answer, String) -> Void
    ) throws {
        further(answer, "\(field) of \(trial.what)")
        let named =
            answer.status == 422 ? try answer.fields.contains { $0 == field || $0.hasPrefix("\(field).") || $0.hasPrefix("\(field)[") } : false
        if trial.isTaken {
            #expect(!named, "\(name): \(field) of \(trial.what) is refused: \(answer.text.prefix(300))")
        } else {
            #expect(answer.status == 422 && named, "\(name): \(field) of \(trial.what) is not refused: \(answer.status) \(answer.text.prefix(300))")
        }
    }

    @Test func `a body of the size that the document says is read, and one byte more is 413`() async throws {
        try await withServer { (client) async throws in
            let document = Document(root: try await client.get("/api/openapi.json").json)
            for operation in try operations(document) where operation.bodyType == "application/json" {
                guard let most = operation.maximum, case .object(let members)? = operation.body.map({ document.sample($0) }) else { continue }
                let text = String(decoding: try JSONWriter.bytes(JSONValue.object(members)), as: UTF8.self)
                for (size, isTooLarge) in [(most, false), (most + 1, true)] {
                    let client = try await client.signedIn(as: .admin)
                    let body = Array((text + String(repeating: " ", count: size - text.utf8.count)).utf8)
                    var path = operation.path
                    for parameter in operation.parameters where parameter["in"]?.text == "path" {
                        path = path.replacing("{\(parameter["name"]?.text ?? "")}", with: CUID.make(at: Date()))
                    }
                    let answer = try await client.send(operation.method, path, body: body, contentType: "application/json")
                    #expect((answer.status == 413) == isTooLarge, "\(operation.method) \(path): \(answer.status)")
                }
            }
        }
    }

    @Test func `what is said of routes beside their types is said of routes that there are`() async throws {
        try await withServer(as: nil) { client in
            let names = Set(client.application.routes.map(\.name))
            #expect(OpenAPI.facts.all.isSubset(of: names), "\(OpenAPI.facts.all.subtracting(names))")
        }
    }
}

extension JSONValue {
    fileprivate var number: Int? {
        switch self {
        case .integer(let number): number
        case .number(let number): Int(number)
        default: nil
        }
    }
    /// As a query string has it.
    fileprivate var plain: String {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .bool(let flag): String(flag)
        default: ""
        }
    }
}
