/// A bulk request, RFC 7644 §3.7: many operations in one, which can refer to what earlier ones make (`bulkId:x`).
package struct SCIMBulk: Sendable, Hashable {
    package enum Method: String, Sendable {
        case post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE"
    }

    package struct Operation: Sendable, Hashable {
        package var method: Method
        /// `/Users`, `/Users/{id}`
        package var path: String
        package var bulkId: String?
        /// What If-Match would say.
        package var version: String?
        package var data: SCIMValue?
    }

    /// How an operation ended.
    package struct Outcome: Sendable, Hashable {
        package var status: Int
        package var location: String?
        package var version: String?
        /// The id of what was made.
        package var id: String?
        package var error: SCIMError?

        package init(status: Int, location: String? = nil, version: String? = nil, id: String? = nil, error: SCIMError? = nil) {
            self.status = status
            self.location = location
            self.version = version
            self.id = id
            self.error = error
        }

        package init(_ error: SCIMError) { self.init(status: error.code, error: error) }
    }

    package var operations: [Operation]
    /// After so many errors the rest is left undone; nil: never.
    package var failOnErrors: Int?

    /// Reads the body of a bulk request.
    /// - Throws: `invalidSyntax`; 413 when there are too many operations.
    package init(_ body: SCIMValue, maximumCount: Int) throws(SCIMError) {
        let members = try SCIMMessage.members(of: body, SCIMMessage.bulkRequest)
        guard let items = members["Operations"]?.items, !items.isEmpty else {
            throw .invalidSyntax("Operations has to be a list with at least one operation.")
        }
        guard items.count <= maximumCount else { throw SCIMError(code: 413, nil, "A bulk request has at most \(maximumCount) operations.") }
        failOnErrors = try members.integer("failOnErrors").map { max(1, $0) }
        operations = []
        var known = Set<String>()
        for item in items {
            guard let object = item.members else { throw .invalidSyntax("Each of Operations has to be an object, and one is \(item.kind).") }
            let operation = try SCIMMembers(object)
            guard let method = (try operation.string("method")).flatMap({ Method(rawValue: $0.uppercased()) }) else {
                throw .invalidSyntax("method has to be POST, PUT, PATCH or DELETE.")
            }
            guard let path = try operation.string("path"), path.hasPrefix("/") else { throw .invalidSyntax("path has to be one such as /Users.") }
            let bulkId = try operation.string("bulkId")
            if method == .post {
                guard let bulkId, !bulkId.isEmpty else { throw .invalidSyntax("A POST in a bulk request needs a bulkId.") }
            }
            if let bulkId {
                guard known.insert(bulkId).inserted else { throw .invalidSyntax("Two operations have the same bulkId.") }
            }
            if method == .post || method == .put || method == .patch {
                guard operation["data"]?.members != nil else { throw .invalidSyntax("\(method.rawValue) in a bulk request needs data.") }
            }
            operations.append(
                Operation(method: method, path: path, bulkId: bulkId, version: try operation.string("version"), data: operation["data"]))
        }
    }

    /// The order in which operations can be done: each after those that it refers to.
    /// - Returns: places in ``operations``, and those that refer to each other in a circle.
    package func order() -> (order: [Int], circular: Set<Int>) {
        let makers = Dictionary(
            operations.enumerated().compactMap { place, operation in operation.method == .post ? operation.bulkId.map { ($0, place) } : nil }
        ) { first, _ in first }
        let needs = operations.map { operation in Set(Self.references(in: operation).compactMap { makers[$0] }) }
        var order: [Int] = []
        var isDone = Set<Int>()
        var waiting = Array(operations.indices)
        // Each round does all that can be done, so that without references the order is that of the request.
        while !waiting.isEmpty {
            var left: [Int] = []
            for place in waiting {
                if needs[place].isSubset(of: isDone) {
                    order.append(place)
                    isDone.insert(place)
                } else {
                    left.append(place)
                }
            }
            guard left.count < waiting.count else { return (order + left, Set(left)) }
            waiting = left
        }
        return (order, [])
    }

    private static let prefix = "bulkId:"

    private static func reference(_ text: some StringProtocol) -> String? {
        text.utf8.count > prefix.utf8.count && SCIMText.isSame(text.prefix(prefix.count), prefix) ? String(text.dropFirst(prefix.count)) : nil
    }

    private static func references(in operation: Operation) -> [String] {
        operation.path.split(separator: "/").compactMap { reference($0) } + (operation.data.map { references(in: $0) } ?? [])
    }

    private static func references(in value: SCIMValue) -> [String] {
        switch value {
        case .string(let text): reference(text).map { [$0] } ?? []
        case .array(let items): items.flatMap { references(in: $0) }
        case .object(let members): members.values.flatMap { references(in: $0) }
        case .null, .bool, .integer, .number: []
        }
    }

    /// An operation with the ids in place of what it refers to.
    /// - Parameter ids: by bulkId, of what was made so far.
    /// - Throws: 409 when it refers to something that was not made.
    package static func resolved(_ operation: Operation, _ ids: [String: String]) throws(SCIMError) -> Operation {
        var resolved = operation
        var parts: [String] = []
        for part in operation.path.split(separator: "/") { parts.append(try Self.resolved(String(part), ids)) }
        resolved.path = "/" + parts.joined(separator: "/")
        resolved.data = try operation.data.map { value throws(SCIMError) in try Self.resolved(value, ids) }
        return resolved
    }

    private static func resolved(_ text: String, _ ids: [String: String]) throws(SCIMError) -> String {
        guard let reference = reference(text) else { return text }
        guard let id = ids[reference] else {
            throw SCIMError(code: 409, nil, "The operation refers to a bulkId under which nothing was made.")
        }
        return id
    }

    private static func resolved(_ value: SCIMValue, _ ids: [String: String]) throws(SCIMError) -> SCIMValue {
        switch value {
        case .string(let text): return .string(try resolved(text, ids))
        case .array(let items):
            var resolved: [SCIMValue] = []
            for item in items { resolved.append(try Self.resolved(item, ids)) }
            return .array(resolved)
        case .object(let members):
            var resolved: [String: SCIMValue] = [:]
            for (name, value) in members { resolved[name] = try Self.resolved(value, ids) }
            return .object(resolved)
        case .null, .bool, .integer, .number: return value
        }
    }

    /// Does the operations, and tells of each how it ended, in the order of the request.
    /// - Parameter perform: does one, whose references are resolved.
    package func run(_ perform: (Operation) async throws -> Outcome) async rethrows -> SCIMValue {
        var outcomes: [Int: Outcome] = [:]
        var ids: [String: String] = [:]
        var errorCount = 0
        let (order, circular) = order()
        for place in order {
            if let failOnErrors, errorCount >= failOnErrors { break }
            let outcome: Outcome
            if circular.contains(place) {
                outcome = Outcome(SCIMError(code: 409, nil, "The operation and others refer to each other in a circle."))
            } else {
                switch Result(catching: { () throws(SCIMError) in try Self.resolved(operations[place], ids) }) {
                case .success(let operation): outcome = try await perform(operation)
                case .failure(let error): outcome = Outcome(error)
                }
            }
            outcomes[place] = outcome
            if outcome.error != nil { errorCount += 1 }
            if let bulkId = operations[place].bulkId, let id = outcome.id { ids[bulkId] = id }
        }
        let answers = operations.indices.compactMap { place in outcomes[place].map { Self.answer(operations[place], $0) } }
        return ["schemas": [.string(SCIMMessage.bulkResponse)], "Operations": .array(answers)]
    }

    private static func answer(_ operation: Operation, _ outcome: Outcome) -> SCIMValue {
        var members: [String: SCIMValue] = ["method": .string(operation.method.rawValue), "status": .string(String(outcome.status))]
        if let bulkId = operation.bulkId { members["bulkId"] = .string(bulkId) }
        if let location = outcome.location { members["location"] = .string(location) }
        if let version = outcome.version { members["version"] = .string(version) }
        if let error = outcome.error { members["response"] = error.body }
        return .object(members)
    }
}
