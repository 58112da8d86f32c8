import HTTPTypes
import Hummingbird
import NIOCore
import Scalars

/// The OpenAPI 3.1 document, made from the routes and from the Swift types that they read and answer.
package struct OpenAPI {
    let routes: [RegisteredRoute]
    let version: String

    /// The document as JSON.
    package func document() -> JSONValue {
        var paths: [String: [String: JSONValue]] = [:]
        var components: [String: JSONValue] = [:]
        for route in routes where !route.isPage {
            paths[route.path, default: [:]][route.method.rawValue.lowercased()] = operation(route, &components)
        }
        _ = Self.json(Schema.of(Problem.self), &components)
        return .object([
            "openapi": .string("3.1.0"),
            "info": .object([
                "title": .string("DataShield"), "version": .string(version),
                "description": .string("Which of a company's people are exposed in breaches and stealer logs, and what is done about it."),
            ]),
            "servers": .array([.object(["url": .string("/")])]),
            "paths": .object(paths.mapValues { .object($0) }),
            "components": .object([
                "schemas": .object(components),
                "securitySchemes": .object([
                    "session": .object([
                        "type": .string("apiKey"), "in": .string("cookie"), "name": .string(SessionCookie.name),
                        "description": .string("Set by POST /api/auth/login."),
                    ]),
                    "directoryToken": .object([
                        "type": .string("http"), "scheme": .string("bearer"),
                        "description": .string("Shown once when a SCIM connection is made, or its token changed."),
                    ]),
                ]),
            ]),
        ])
    }

    private func operation(_ route: RegisteredRoute, _ components: inout [String: JSONValue]) -> JSONValue {
        var operation: [String: JSONValue] = [
            "summary": .string(route.summary), "operationId": .string(Self.operationID(route)), "tags": .array([.string(Self.tag(route.path))]),
        ]
        var parameters = Self.pathNames(route.path).map { name in
            JSONValue.object([
                "name": .string(name), "in": .string("path"), "required": .bool(true), "schema": .object(["type": .string("string")]),
            ])
        }
        if case .object(_, let properties)? = route.query {
            for property in properties {
                parameters.append(
                    .object([
                        "name": .string(property.name), "in": .string("query"), "required": .bool(property.isRequired),
                        "schema": Self.json(property.schema, &components),
                    ]))
            }
        }
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if route.body != nil || route.bodyType != nil {
            let schema = route.body.map { Self.json($0, &components) } ?? .object(["type": .string("string"), "format": .string("binary")])
            operation["requestBody"] = .object([
                "required": .bool(true), "content": .object([route.bodyType ?? "application/json": .object(["schema": schema])]),
            ])
        }
        operation["responses"] = .object(responses(route, &components))
        switch route.access {
        case .public: operation["security"] = .array([])
        case .signedIn: operation["security"] = .array([.object(["session": .array([])])])
        case .directoryToken: operation["security"] = .array([.object(["directoryToken": .array([])])])
        case .permission(let permission):
            operation["security"] = .array([.object(["session": .array([])])])
            operation["x-permission"] = .string(permission.rawValue)
        }
        return .object(operation)
    }

    private func responses(_ route: RegisteredRoute, _ components: inout [String: JSONValue]) -> [String: JSONValue] {
        var success: [String: JSONValue] = ["description": .string(route.status.reasonPhrase)]
        if let answer = route.answer {
            success["content"] = .object(["application/json": .object(["schema": Self.json(answer, &components)])])
        } else if let type = route.answerType {
            let schema: [String: JSONValue] = type.hasSuffix("+json") ? [:] : ["type": .string("string")]
            success["content"] = .object([type: .object(["schema": .object(schema)])])
        }
        var responses = [String(route.status.code): JSONValue.object(success)]
        if route.access == .directoryToken {
            // Another protocol, with errors of its own.
            responses["default"] = .object([
                "description": .string("An Error of RFC 7644, section 3.12."),
                "content": .object(["application/scim+json": .object(["schema": .object([:])])]),
            ])
            return responses
        }
        let problem = JSONValue.object([
            "application/problem+json": .object(["schema": .object(["$ref": .string("#/components/schemas/Problem")])])
        ])
        func add(_ status: HTTPResponse.Status, _ text: String) {
            responses[String(status.code)] = .object(["description": .string(text), "content": problem])
        }
        if route.access != .public { add(.unauthorized, "Not signed in.") }
        if case .permission = route.access { add(.forbidden, "The role may not.") }
        if !Self.pathNames(route.path).isEmpty { add(.notFound, "There is no such thing in this company.") }
        if route.body != nil || route.query != nil { add(.unprocessableContent, "The input is wrong; errors names each field.") }
        if route.body != nil {
            add(.badRequest, "The body is not JSON.")
            add(.contentTooLarge, "The body is too large.")
            add(.unsupportedMediaType, "The body is not application/json.")
        }
        responses["default"] = .object(["description": .string("Something else went wrong."), "content": problem])
        return responses
    }

    private static func pathNames(_ path: String) -> [String] {
        path.parts(between: "/").compactMap { $0.content(within: "{", "}") }.map { String($0) }
    }

    static func operationID(_ route: RegisteredRoute) -> String {
        let words = route.path.parts { !$0.properties.isAlphabetic && $0.properties.numericType == nil }.dropFirst()
        return route.method.rawValue.lowercased() + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    static func tag(_ path: String) -> String {
        let segments = path.parts(between: "/")
        return String(segments.count > 1 ? segments[1] : "server")
    }

    /// The JSON Schema of one of ours; objects go into the components and are referred to.
    static func json(_ schema: Schema, _ components: inout [String: JSONValue]) -> JSONValue {
        switch schema {
        case .string(format: nil): return .object(["type": .string("string")])
        case .string(format: "cuid"?): return .object(["type": .string("string"), "pattern": .string("^c[a-z0-9]{24}$")])
        case .string(let format?): return .object(["type": .string("string"), "format": .string(format)])
        case .words(let words): return .object(["type": .string("string"), "enum": .array(words.map { .string($0) })])
        case .integer(nil): return .object(["type": .string("integer")])
        case .integer(let range?):
            return .object(["type": .string("integer"), "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)])
        case .number: return .object(["type": .string("number")])
        case .boolean: return .object(["type": .string("boolean")])
        case .array(let item): return .object(["type": .string("array"), "items": json(item, &components)])
        case .map(let item): return .object(["type": .string("object"), "additionalProperties": json(item, &components)])
        case .any: return .object([:])
        case .reference(let name): return reference(name)
        case .object(let name, let properties):
            if components[name] == nil {
                components[name] = .null  // a place, so that a type that contains itself ends
                components[name] = object(properties, &components)
            }
            return reference(name)
        }
    }

    private static func reference(_ name: String) -> JSONValue { .object(["$ref": .string("#/components/schemas/\(name)")]) }

    private static func object(_ properties: [Schema.Property], _ components: inout [String: JSONValue]) -> JSONValue {
        var members: [String: JSONValue] = [:]
        for property in properties {
            let schema = json(property.schema, &components)
            members[property.name] = property.isNullable ? .object(["anyOf": .array([schema, .object(["type": .string("null")])])]) : schema
        }
        return .object([
            "type": .string("object"), "properties": .object(members),
            "required": .array(properties.filter(\.isRequired).map { .string($0.name) }), "additionalProperties": .bool(false),
        ])
    }
}
