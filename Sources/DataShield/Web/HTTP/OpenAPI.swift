import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Scalars

/// The OpenAPI 3.1 document, made from the routes and from the Swift types that they read and answer.
package struct OpenAPI {
    let routes: [RegisteredRoute]
    let version: String
    /// As the cookie of a session is called here.
    let sessionCookie: String

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
                        "type": .string("apiKey"), "in": .string("cookie"), "name": .string(sessionCookie),
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
        var parameters = Self.pathNames(route.path).map { name -> JSONValue in
            // The names of SCIM's own resources are no ids of ours.
            let isID = route.access != .directoryToken || name == "connectionId"
            let schema: Schema = isID ? .string(format: "cuid") : .string(format: nil)
            return Self.parameter(name, in: "path", isRequired: true, Self.json(schema, &components))
        }
        if case .object(_, let properties)? = route.query {
            for property in properties {
                parameters.append(Self.parameter(property.name, in: "query", isRequired: property.isRequired, Self.json(property, &components)))
            }
        }
        if Self.facts.idempotent.contains(route.name) {
            parameters.append(
                Self.parameter(
                    "Idempotency-Key", in: "header", isRequired: false,
                    .object(["type": .string("string"), "pattern": .string("^[A-Za-z0-9_.-]{1,100}$")])))
        }
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if route.body != nil || route.bodyType != nil {
            let schema = route.body.map { Self.json($0, &components) } ?? .object(["type": .string("string"), "format": .string("binary")])
            operation["requestBody"] = .object([
                "required": .bool(true), "description": .string("At most \(route.bodyLimit) bytes."), "x-max-bytes": .integer(route.bodyLimit),
                "content": .object([route.bodyType ?? "application/json": .object(["schema": schema])]),
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
        if Self.facts.accepted.contains(route.name) {
            responses["202"] = .object(success.merging(["description": .string("Accepted: it goes on in the background.")]) { $1 })
        }
        // Another protocol has errors of its own.
        let isSCIM = route.access == .directoryToken
        let problem: JSONValue =
            isSCIM
            ? .object(["application/scim+json": .object(["schema": .object([:])])])
            : .object(["application/problem+json": .object(["schema": Self.reference("Problem")])])
        for (status, text) in Self.refusals(route) where responses[String(status.code)] == nil {
            responses[String(status.code)] = .object(["description": .string(text), "content": problem])
        }
        responses["default"] = .object([
            "description": .string(isSCIM ? "An Error of RFC 7644, section 3.12." : "Something else went wrong."), "content": problem,
        ])
        return responses
    }

    /// The statuses with which a route may refuse, and what each means.
    private static func refusals(_ route: RegisteredRoute) -> [(HTTPResponse.Status, String)] {
        let hasBody = route.body != nil || route.bodyType != nil
        var refusals: [(HTTPResponse.Status, String)] = [
            (.badRequest, hasBody ? "The request or its body cannot be read." : "The request cannot be read."),
            (.serviceUnavailable, "The database cannot be reached, or the server has no room just now; Retry-After says when to try again."),
        ]
        if route.access != .public || facts.authenticating.contains(route.name) { refusals.append((.unauthorized, "Not signed in.")) }
        switch route.access {
        case .permission: refusals.append((.forbidden, "The role may not, a new password is due, or the request came from another site."))
        case .signedIn: refusals.append((.forbidden, "A new password is due, or the request came from another site."))
        case .directoryToken: refusals.append((.forbidden, "It is not supported, or the request came from another site."))
        case .public: if route.method != .get { refusals.append((.forbidden, "The request came from another site.")) }
        }
        if !pathNames(route.path).isEmpty { refusals.append((.notFound, "There is no such thing in this company.")) }
        if route.body != nil || route.query != nil || route.bodyType != nil {
            refusals.append((.unprocessableContent, "The input is wrong; errors names each field."))
        }
        if hasBody {
            refusals += [
                (.requestTimeout, "The body came too slowly."), (.contentTooLarge, "The body is larger than \(route.bodyLimit) bytes."),
                (.unsupportedMediaType, "The body is not of a type that is taken here."),
            ]
        }
        if facts.conflicting.contains(route.name) { refusals.append((.conflict, "It does not fit what is there; the detail says why.")) }
        if facts.throttled.contains(route.name) || route.access == .directoryToken {
            refusals.append((.tooManyRequests, "Too often; Retry-After says when to try again."))
        }
        if facts.asking.contains(route.name) {
            refusals.append((.badGateway, "The directory could not be asked, or it is not known what it did: request has how it stands."))
        }
        if facts.missing.contains(route.name) { refusals.append((.notFound, "What is named is not there, or not for whoever asks.")) }
        return refusals
    }

    private static func parameter(_ name: String, in place: String, isRequired: Bool, _ schema: JSONValue) -> JSONValue {
        .object(["name": .string(name), "in": .string(place), "required": .bool(isRequired), "schema": schema])
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

    /// A field's schema with its bounds.
    static func json(_ property: Schema.Property, _ components: inout [String: JSONValue]) -> JSONValue {
        let schema = json(property.schema, &components)
        guard let bound = property.bound, case .object(let members) = schema else { return schema }
        return .object(members.merging(bound.keywords) { $1 })
    }

    private static func reference(_ name: String) -> JSONValue { .object(["$ref": .string("#/components/schemas/\(name)")]) }

    private static func object(_ properties: [Schema.Property], _ components: inout [String: JSONValue]) -> JSONValue {
        var members: [String: JSONValue] = [:]
        for property in properties {
            let schema = json(property, &components)
            members[property.name] = property.isNullable ? .object(["anyOf": .array([schema, .object(["type": .string("null")])])]) : schema
        }
        return .object([
            "type": .string("object"), "properties": .object(members),
            "required": .array(properties.filter(\.isRequired).map { .string($0.name) }), "additionalProperties": .bool(false),
        ])
    }
}
