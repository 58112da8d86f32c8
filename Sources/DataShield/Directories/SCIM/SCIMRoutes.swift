import Foundation
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import SCIM
import Scalars

/// The SCIM 2.0 service provider of a connection, RFC 7643 and 7644. Everything asks for the connection's token; everything is below
/// `/api/scim/{connectionId}`. What goes wrong is said by ``SCIMErrorFormat``.
///
/// | Method             | Path                                             | Answers                             |
/// |--------------------|--------------------------------------------------|-------------------------------------|
/// | GET, POST          | `/Users`, `/Groups`                              | a list; 201 and the resource        |
/// | GET, PUT, DELETE   | `/Users/{id}`, `/Groups/{id}`                    | the resource; 204                   |
/// | PATCH              | `/Users/{id}`, `/Groups/{id}`                    | the user; 204 for a group           |
/// | GET                | `/`                                              | users and groups                    |
/// | POST               | `/.search`, `/Users/.search`, `/Groups/.search`  | a list                              |
/// | POST               | `/Bulk`                                          | how each operation ended            |
/// | GET                | `/ServiceProviderConfig`                         | what is supported                   |
/// | GET                | `/ResourceTypes[/{id}]`, `/Schemas[/{id}]`       | what there is                       |
/// | all                | `/Me`                                            | 501: a token is no person           |
struct SCIMRoutes {
    let tokens: SCIMTokens
    let directory: SCIMDirectory
    let limit: SCIMRateLimit
    let refusals: SCIMRefusals
    let settings: Settings
    let now: Now

    private static let media = "application/scim+json"
    static let root = "/api/scim/{connectionId}"
    /// How large a body may be; the same for a bulk request.
    static let bodyLimit = defaultBodyLimit
    /// Ten thousand members with their addresses and names are two megabytes.
    static let groupBodyLimit = 4 << 20
    static let bulkLimit = 1_000

    private typealias Handler = @Sendable (Request, AppContext, SCIMAccess) async throws -> Response

    func add(to api: APIRoutes) {
        for kind in SCIMKind.allCases { addResources(kind, to: api) }
        add(.get, "", "SCIM: users and groups", to: api) { request, context, access in
            try await list(request, SCIMKind.allCases, access)
        }
        add(.post, "/.search", "SCIM: search users and groups", hasBody: true, to: api) { request, _, access in
            try await search(request, SCIMKind.allCases, access)
        }
        add(.post, "/Bulk", "SCIM: do many operations", hasBody: true, to: api) { request, _, access in try await bulk(request, access) }
        add(.get, "/ServiceProviderConfig", "SCIM: what is supported", to: api) { request, _, access in
            try refuseFilter(request)
            let provider = SCIMServiceProvider(bulkOperations: Self.bulkLimit, bulkBytes: Self.bodyLimit)
            return try SCIMAnswer.body(provider.body(base: access.base))
        }
        add(.get, "/ResourceTypes", "SCIM: kinds of resources", to: api) { request, _, access in
            try refuseFilter(request)
            return try everything(SCIMResourceType.all.map { $0.body(base: access.base) })
        }
        add(.get, "/ResourceTypes/{id}", "SCIM: a kind of resource", to: api) { request, context, access in
            try refuseFilter(request)
            let name = Self.parameter("id", context)
            guard let type = SCIMResourceType.all.first(where: { SCIMText.isSame($0.name, name) }) else {
                throw SCIMError.notFound("There is no resource type of this name: \(SCIMResourceType.all.map(\.name).joined(separator: ", ")).")
            }
            return try SCIMAnswer.body(type.body(base: access.base))
        }
        let schemas = SCIMResourceType.all.flatMap { [$0.schema] + $0.extensions }
        add(.get, "/Schemas", "SCIM: schemas", to: api) { request, _, access in
            try refuseFilter(request)
            return try everything(schemas.map { $0.body(base: access.base) })
        }
        add(.get, "/Schemas/{id}", "SCIM: a schema", to: api) { request, context, access in
            try refuseFilter(request)
            let urn = Self.parameter("id", context)
            guard let schema = schemas.first(where: { SCIMText.isSame($0.urn, urn) }) else {
                throw SCIMError.notFound("There is no schema of this URN.")
            }
            return try SCIMAnswer.body(schema.body(base: access.base))
        }
        for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] {
            add(method, "/Me", "SCIM: not supported", status: .notImplemented, to: api) { _, _, _ in
                throw SCIMError(code: 501, nil, "A token belongs to a directory, not to a person: there is no Me.")
            }
        }
    }

    private func addResources(_ kind: SCIMKind, to api: APIRoutes) {
        let (path, name) = (kind.type.endpoint, kind.type.name.lowercased())
        add(.get, path, "SCIM: list \(name)s", to: api) { request, _, access in try await list(request, [kind], access) }
        add(.post, path, "SCIM: create a \(name)", hasBody: true, status: .created, to: api) { request, _, access in
            let projection = try Self.projection(request)
            let body = try await Self.body(request, of: kind)
            let resource = try await directory.create(kind, body, access)
            await notePassedOver(kind.type.unknownNames(in: body), "POST", kind, .created, access)
            return try answer(resource, projection, access, status: .created)
        }
        add(.post, "\(path)/.search", "SCIM: search \(name)s", hasBody: true, to: api) { request, _, access in
            try await search(request, [kind], access)
        }
        add(.get, "\(path)/{id}", "SCIM: one \(name)", to: api) { request, context, access in
            let projection = try Self.projection(request)
            let resource = try await directory.find(
                try Self.id(kind, context), kind, withMembers: !projection.leavesOut("members", of: kind.type), access)
            if let known = request.headers[.ifNoneMatch], SCIMEntityTag.header(known, names: resource.version) {
                return Response(status: .notModified, headers: [.eTag: SCIMEntityTag.text(resource.version)])
            }
            return try answer(resource, projection, access)
        }
        add(.put, "\(path)/{id}", "SCIM: replace a \(name)", hasBody: true, to: api) { request, context, access in
            let projection = try Self.projection(request)
            let body = try await Self.body(request, of: kind)
            let resource = try await directory.replace(try Self.id(kind, context), kind, body, ifMatch: request.headers[.ifMatch], access)
            await notePassedOver(kind.type.unknownNames(in: body), "PUT", kind, .ok, access)
            return try answer(resource, projection, access)
        }
        add(.patch, "\(path)/{id}", "SCIM: change a \(name)", hasBody: true, to: api) { request, context, access in
            let projection = try Self.projection(request)
            let patch = try SCIMPatch(try await Self.body(request, of: kind))
            limit.owe(patch.operations.count - 1, access.connection, now: now())
            let resource = try await directory.patch(
                try Self.id(kind, context), kind, patch, ifMatch: request.headers[.ifMatch], access)
            // A group can have ten thousand members, and a change names a few: they are sent only to who asks.
            let isBrief = kind == .group && projection == .standard
            let response =
                try isBrief
                ? Response(status: .noContent, headers: [.eTag: SCIMEntityTag.text(resource.version)]) : answer(resource, projection, access)
            await notePassedOver(patch.unknownNames(of: kind.type), "PATCH", kind, response.status, access)
            return response
        }
        add(.delete, "\(path)/{id}", "SCIM: delete a \(name)", status: .noContent, to: api) { request, context, access in
            try await directory.delete(try Self.id(kind, context), kind, ifMatch: request.headers[.ifMatch], access)
            return Response(status: .noContent)
        }
    }

    private func add(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, hasBody: Bool = false, status: HTTPResponse.Status = .ok,
        to api: APIRoutes, use handler: @escaping Handler
    ) {
        api.respond(
            method, Self.root + path, .directoryToken, summary: summary, body: hasBody ? JSONValue.self : nil, bodyType: hasBody ? Self.media : nil,
            limit: path.hasPrefix(SCIMKind.group.type.endpoint) ? Self.groupBodyLimit : Self.bodyLimit,
            answerType: status == .noContent ? nil : Self.media, status: status
        ) { request, context in
            let access = try await access(request, context)
            do {
                try admit(access, to: Self.parameter("connectionId", context))
                return try await handler(request, context, access)
            } catch let error as CancellationError {
                throw error
            } catch {
                await note(error, request.method.rawValue, Self.path(of: request), access)
                throw error
            }
        }
    }

    // MARK: What is refused

    private func note(_ error: any Error, _ method: String, _ path: String, _ access: SCIMAccess) async {
        let refused = SCIMErrorFormat.error(error, Refusal(error))
        let call = SCIMRefusals.Call(method: method, path: path, status: refused.code, reason: refused.detail)
        await refusals.note([call], of: access.connection, in: access.company)
    }

    /// Notes a call that no route takes: an endpoint that was typed in with something behind it, as `/v2`, sends all of them astray.
    /// - Parameter status: what it is answered; that it is not so but otherwise is no refusal.
    func noteUnrouted(_ request: Request, _ context: AppContext, _ status: HTTPResponse.Status) async {
        guard status.code >= 400 else { return }
        do {
            let access = try await access(request, context)
            try limit.take(access.connection, now: now())
            let reason = "There is nothing at this address and for this method. The endpoint is \(access.base), with nothing behind it."
            let call = SCIMRefusals.Call(method: request.method.rawValue, path: Self.path(of: request), status: status.code, reason: reason)
            await refusals.note([call], of: access.connection, in: access.company)
        } catch {
            // Without a good token, or of a directory that runs wild: it is answered all the same, and that is all.
        }
    }

    /// Names that we do not have are passed over, and not in silence: somebody may have meant one that we do.
    /// - Parameter status: what the call is answered.
    private func notePassedOver(
        _ names: [String], _ method: String, _ kind: SCIMKind, _ status: HTTPResponse.Status, _ access: SCIMAccess
    ) async {
        guard !names.isEmpty else { return }
        // Whoever it was about: the same name is the same row.
        let path = kind.type.endpoint + (method == "POST" ? "" : "/{id}")
        var reasons = names.prefix(SCIMResourceType.toldNames).map { "Passed over, because no attribute is called so: \($0)" }
        // Before the names, of which those for which there is no room are counted together.
        if names.count > reasons.count { reasons.insert("Passed over: more names that no attribute has than are listed one by one.", at: 0) }
        let calls = reasons.map { SCIMRefusals.Call(method: method, path: path, status: status.code, reason: $0) }
        await refusals.note(calls, of: access.connection, in: access.company)
    }

    /// Below the connection's address; what stands behind a question mark can name a person.
    private static func path(of request: Request) -> String {
        let parts = request.uri.path.parts(between: "/").dropFirst(3)
        return "/" + parts.joined(separator: "/")
    }

    // MARK: Who asks

    /// The connection whose token the request has.
    /// - Throws: 401 without a token that is good.
    private func access(_ request: Request, _ context: AppContext) async throws -> SCIMAccess {
        guard let token = Self.bearerToken(request), let holder = try await tokens.find(token) else {
            throw SCIMError.unauthorized
        }
        let origin = settings.publicOrigin ?? request.head.authority.map { "http://\($0)" } ?? settings.baseURL
        return SCIMAccess(
            connection: holder.connection, connectionName: holder.name, company: holder.company,
            base: origin + SCIMTokens.path(of: holder.connection.rawValue), address: context.sourceAddress(of: request))
    }

    /// - Throws: 404 when the token is another connection's than the path's; 429.
    private func admit(_ access: SCIMAccess, to path: String) throws {
        guard ConstantTime.equal(access.connection.rawValue, path) else {
            throw SCIMError.notFound("There is no connection at this address that the token is of.")
        }
        try limit.take(access.connection, now: now())
    }

    private static func bearerToken(_ request: Request) -> String? {
        guard let header = request.headers[.authorization] else { return nil }
        let parts = header.parts(between: " ", limit: 1)
        guard parts.count == 2, SCIMText.isSame(parts[0], "Bearer") else { return nil }
        let token = parts[1].swapping(" ", for: "")
        return token.isEmpty ? nil : token
    }

    // MARK: What is asked

    private static func parameter(_ name: String, _ context: AppContext) -> String {
        let text = context.parameters.get(name) ?? ""
        return text.removingPercentEncoding ?? text
    }

    private static func id(_ kind: SCIMKind, _ context: AppContext) throws -> SCIMResourceID {
        guard let id = SCIMResourceID(parameter("id", context)) else { throw SCIMDirectory.notFound(kind) }
        return id
    }

    private static func body(_ request: Request, of kind: SCIMKind? = nil) async throws -> JSONValue {
        if let type = request.headers[.contentType]?.parts(between: ";").first.map({ $0.swapping(" ", for: "").lowercased() }) {
            guard type == media || type == "application/json" else { throw HTTPFailure.unsupportedMediaType(expected: media) }
        }
        return try SCIMJSON.parse(Array(buffer: try await request.bodyBytes(limit: kind == .group ? groupBodyLimit : bodyLimit)))
    }

    private static func parameters(_ request: Request) throws -> [String: String] {
        let path = request.head.path ?? ""
        guard let mark = path.firstPlace(of: "?") else { return [:] }
        let query = path[path.place(behind: mark)...].unicodeScalars.prefix { $0 != "#" }
        // Of a parameter that comes twice the last holds; those that are not ours are passed over.
        return try Request.texts(Array(String(query).utf8)).compactMapValues(\.last)
    }

    private static func projection(_ request: Request) throws -> SCIMProjection {
        let parameters = try SCIMMembers(try parameters(request).mapValues { .string($0) })
        return try SCIMProjection(
            only: SCIMProjection.names(parameters["attributes"]?.text), without: SCIMProjection.names(parameters["excludedAttributes"]?.text))
    }

    /// RFC 7644 §4: a filter on what describes the service would leave out a part of it.
    private func refuseFilter(_ request: Request) throws {
        guard try Self.parameters(request)["filter"] == nil else {
            throw SCIMError(code: 403, nil, "What describes the service cannot be filtered.")
        }
    }

    // MARK: What is answered

    private func everything(_ resources: [JSONValue]) throws -> Response {
        try SCIMAnswer.body(SCIMList(resources, totalResults: resources.count).body)
    }

    private func answer(
        _ resource: SCIMResource, _ projection: SCIMProjection, _ access: SCIMAccess, status: HTTPResponse.Status = .ok
    ) throws -> Response {
        let meta = resource.meta(access)
        let headers: HTTPFields = [.eTag: meta.entityTag, .location: meta.location(of: resource.kind.type)]
        return try SCIMAnswer.body(projection.applied(to: resource.value(access), of: resource.kind.type), status: status, headers: headers)
    }

    private func list(_ request: Request, _ kinds: [SCIMKind], _ access: SCIMAccess) async throws -> Response {
        try SCIMAnswer.body(try await directory.list(try SCIMQuery(parameters: try Self.parameters(request)), kinds, access).body)
    }

    private func search(_ request: Request, _ kinds: [SCIMKind], _ access: SCIMAccess) async throws -> Response {
        try SCIMAnswer.body(try await directory.list(try SCIMQuery(search: try await Self.body(request)), kinds, access).body)
    }

    // MARK: Bulk

    private func bulk(_ request: Request, _ access: SCIMAccess) async throws -> Response {
        let bulk = try SCIMBulk(try await Self.body(request), maximumCount: Self.bulkLimit)
        limit.owe(bulk.entries.count - 1, access.connection, now: now())
        let refused = { (method: String?, path: String?, error: SCIMError) in
            await note(error, method ?? request.method.rawValue, "/Bulk\(path ?? "")", access)
        }
        return try SCIMAnswer.body(
            try await bulk.run(base: access.base, refused: refused) { operation in
                do {
                    return try await perform(operation, access)
                } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    await note(error, operation.method.rawValue, "/Bulk\(operation.path)", access)
                    // Each operation ends by itself: those before it stay done, and those after it are done.
                    return SCIMBulk.Outcome(SCIMErrorFormat.error(error, Refusal(error)))
                }
            })
    }

    private func perform(_ operation: SCIMBulk.Operation, _ access: SCIMAccess) async throws -> SCIMBulk.Outcome {
        let parts = operation.path.parts(between: "/")
        guard let kind = SCIMKind.allCases.first(where: { "/\(parts.first ?? "")" == $0.type.endpoint }) else {
            throw SCIMError.notFound("A path in a bulk request is one of /Users and /Groups, with an id behind it except for POST.")
        }
        let data = operation.data ?? .null
        if operation.method == .post {
            guard parts.count == 1 else { throw SCIMError.notFound("POST takes \(kind.type.endpoint) alone as its path.") }
            let resource = try await directory.create(kind, data, access)
            await notePassedOver(kind.type.unknownNames(in: data), "POST", kind, .created, access)
            return outcome(resource, 201, access)
        }
        guard parts.count == 2, let id = SCIMResourceID(String(parts[1])) else { throw SCIMDirectory.notFound(kind) }
        switch operation.method {
        case .post, .put:
            let resource = try await directory.replace(id, kind, data, ifMatch: operation.version, access)
            await notePassedOver(kind.type.unknownNames(in: data), "PUT", kind, .ok, access)
            return outcome(resource, 200, access)
        case .patch:
            let patch = try SCIMPatch(data)
            limit.owe(patch.operations.count - 1, access.connection, now: now())
            let resource = try await directory.patch(id, kind, patch, ifMatch: operation.version, access)
            await notePassedOver(patch.unknownNames(of: kind.type), "PATCH", kind, .ok, access)
            return outcome(resource, 200, access)
        case .delete:
            try await directory.delete(id, kind, ifMatch: operation.version, access)
            return SCIMBulk.Outcome(status: 204, location: "\(access.base)\(kind.type.endpoint)/\(id)")
        }
    }

    private func outcome(_ resource: SCIMResource, _ status: Int, _ access: SCIMAccess) -> SCIMBulk.Outcome {
        let meta = resource.meta(access)
        return SCIMBulk.Outcome(
            status: status, location: meta.location(of: resource.kind.type), version: meta.entityTag, id: resource.id.rawValue)
    }
}
