import JSON
import Scalars

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
        package var data: JSONValue?
    }

    /// An operation that cannot be done, because it is not written as one is. The others are done all the same.
    package struct Odd: Sendable, Hashable {
        /// As far as they can be told.
        package var method: String?
        package var path: String?
        package var bulkId: String?
        package var error: SCIMError
    }

    package enum Entry: Sendable, Hashable {
        case operation(Operation)
        case odd(Odd)

        var operation: Operation? { if case .operation(let operation) = self { operation } else { nil } }
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

    /// In the order of the request.
    package var entries: [Entry]
    /// After so many errors the rest is left undone; nil: never.
    package var failOnErrors: Int?

    /// Reads the body of a bulk request. An operation that is not written as one is refused by itself, RFC 7644 §3.7.3, and so is each of those
    /// that have one bulkId: who refers to it could mean either.
    /// - Throws: `invalidSyntax` when there are no operations; 413 when there are too many.
    package init(_ body: JSONValue, maximumCount: Int) throws(SCIMError) {
        let members = try SCIMMessage.members(of: body, SCIMMessage.bulkRequest)
        guard let items = members["Operations"]?.items, !items.isEmpty else {
            throw .invalidSyntax("Operations has to be a list with at least one operation.")
        }
        guard items.count <= maximumCount else { throw SCIMError(code: 413, nil, "A bulk request has at most \(maximumCount) operations.") }
        failOnErrors = try members.integer("failOnErrors").map { max(1, $0) }
        var counts: [String: Int] = [:]
        for item in items { if let bulkId = Self.text("bulkId", of: item) { counts[bulkId, default: 0] += 1 } }
        entries = items.map { item in
            do throws(SCIMError) {
                let operation = try Self.operation(item)
                if let bulkId = operation.bulkId, counts[bulkId, default: 0] > 1 { throw .invalidSyntax("Another operation has the same bulkId.") }
                return .operation(operation)
            } catch {
                let method = Self.text("method", of: item).flatMap { $0.utf8.count <= 20 ? $0.uppercased() : nil }
                let path = Self.text("path", of: item).flatMap { $0.begins(with: "/") ? $0 : nil }
                return .odd(Odd(method: method, path: path, bulkId: Self.text("bulkId", of: item), error: error))
            }
        }
    }

    /// A member of what may be no operation.
    private static func text(_ name: String, of item: JSONValue) -> String? {
        item.members?.first { SCIMText.isSame($0.key, name) }?.value.text
    }

    private static func operation(_ item: JSONValue) throws(SCIMError) -> Operation {
        guard let object = item.members else { throw .invalidSyntax("Each of Operations has to be an object, and this one is \(item.kind).") }
        let operation = try SCIMMembers(object)
        guard let method = (try operation.string("method")).flatMap({ Method(rawValue: $0.uppercased()) }) else {
            throw .invalidSyntax("method has to be POST, PUT, PATCH or DELETE.")
        }
        guard let path = try operation.string("path"), path.begins(with: "/") else { throw .invalidSyntax("path has to be one such as /Users.") }
        let bulkId = try operation.string("bulkId")
        if method == .post {
            guard let bulkId, !bulkId.isEmpty else { throw .invalidSyntax("A POST in a bulk request needs a bulkId.") }
        }
        if method == .post || method == .put || method == .patch {
            guard operation["data"]?.members != nil else { throw .invalidSyntax("\(method.rawValue) in a bulk request needs data.") }
        }
        return Operation(method: method, path: path, bulkId: bulkId, version: try operation.string("version"), data: operation["data"])
    }

    // MARK: Order

    /// Something to be done: an operation, or what was left out of one.
    struct Step: Sendable, Hashable {
        /// Which of ``entries``.
        var place: Int
        /// What it refers to and is not made yet, because it refers to this one: made without, and completed later.
        var leavingOut = Set<String>()
        var isCompletion = false
    }

    /// The order in which operations can be done: each after those that it refers to. Of those that refer to each other in a circle one is
    /// made without its references, which are added when all are there (RFC 7644 §3.7.1).
    func steps() -> [Step] {
        let operations = entries.map(\.operation)
        let makers = Dictionary(
            operations.enumerated().compactMap { place, operation in operation?.method == .post ? operation?.bulkId.map { ($0, place) } : nil }
        ) { first, _ in first }
        let references: [Set<String>] = operations.map { operation in operation.map { Set(SCIMBulkReferences.all(in: $0)) } ?? [] }
        let needs = references.map { Set($0.compactMap { makers[$0] }) }
        var steps: [Step] = []
        var isDone = Set<Int>()
        var waiting = Array(operations.indices)
        var incomplete: [Int] = []
        while !waiting.isEmpty {
            // Each round does all that can be done, so that without references the order is that of the request.
            var left: [Int] = []
            for place in waiting {
                if needs[place].isSubset(of: isDone) {
                    steps.append(Step(place: place))
                    isDone.insert(place)
                } else {
                    left.append(place)
                }
            }
            if left.count == waiting.count, let place = left.first(where: { Self.isInCircle($0, needs, isDone) }) {
                steps.append(Step(place: place, leavingOut: references[place].filter { makers[$0].map { !isDone.contains($0) } ?? false }))
                isDone.insert(place)
                left.removeAll { $0 == place }
                incomplete.append(place)
            }
            for place in incomplete where needs[place].isSubset(of: isDone) { steps.append(Step(place: place, isCompletion: true)) }
            incomplete.removeAll { needs[$0].isSubset(of: isDone) }
            waiting = left
        }
        return steps
    }

    /// Whether an operation needs itself, by way of others that are not done.
    private static func isInCircle(_ place: Int, _ needs: [Set<Int>], _ isDone: Set<Int>) -> Bool {
        var seen = Set<Int>()
        var next = Array(needs[place])
        while let other = next.popLast() {
            if other == place { return true }
            guard !isDone.contains(other), seen.insert(other).inserted else { continue }
            next += needs[other]
        }
        return false
    }

    // MARK: Doing it

    /// Does the operations, and tells of each how it ended, in the order of the request.
    /// - Parameters:
    ///   - base: the address of the service, without a slash at its end.
    ///   - refused: is told of each that is not performed because it is odd or refers to what was not made: its method, its path, and why.
    ///   - perform: does one, whose references are resolved.
    package func run(
        base: String, refused: (String?, String?, SCIMError) async -> Void = { _, _, _ in }, _ perform: (Operation) async throws -> Outcome
    ) async rethrows -> JSONValue {
        var outcomes: [Int: Outcome] = [:]
        var paths: [Int: String] = [:]
        var ids: [String: String] = [:]
        var leftOut: [Int: Operation] = [:]
        var errorCount = 0
        for step in steps() {
            guard let operation = entries[step.place].operation else {
                guard case .odd(let odd) = entries[step.place], failOnErrors.map({ errorCount < $0 }) ?? true else { continue }
                outcomes[step.place] = Outcome(odd.error.numbered(step.place))
                errorCount += 1
                await refused(odd.method, odd.path, odd.error)
                continue
            }
            if step.isCompletion {
                guard var outcome = outcomes[step.place], let id = outcome.id, var completion = leftOut[step.place] else { continue }
                completion.path += "/\(id)"
                let after = try await Self.perform(completion, ids, refused, perform)
                // It was made, so that it has an address; but it is not what was asked for.
                if let error = after.error {
                    outcome.error = error
                    outcome.status = error.code
                    errorCount += 1
                } else {
                    outcome.version = after.version
                }
                outcomes[step.place] = outcome
                continue
            }
            // What was made without its references still gets them.
            if let failOnErrors, errorCount >= failOnErrors { continue }
            let (now, later) = SCIMBulkReferences.parted(operation, leavingOut: step.leavingOut)
            leftOut[step.place] = later
            // try?: what cannot be resolved is told by perform.
            paths[step.place] = (try? SCIMBulkReferences.resolved(path: operation.path, ids)) ?? operation.path
            let outcome = try await Self.perform(now, ids, refused, perform)
            outcomes[step.place] = outcome
            if outcome.error != nil { errorCount += 1 }
            if let bulkId = operation.bulkId, let id = outcome.id { ids[bulkId] = id }
        }
        let answers = entries.indices.compactMap { place in
            outcomes[place].map { outcome in
                switch entries[place] {
                case .operation(let operation):
                    Self.answer(operation.method.rawValue, operation.bulkId, outcome, at: base + (paths[place] ?? operation.path))
                case .odd(let odd): Self.answer(odd.method, odd.bulkId, outcome, at: odd.path.map { base + $0 })
                }
            }
        }
        return ["schemas": [.string(SCIMMessage.bulkResponse)], "Operations": .array(answers)]
    }

    private static func perform(
        _ operation: Operation, _ ids: [String: String], _ refused: (String?, String?, SCIMError) async -> Void,
        _ perform: (Operation) async throws -> Outcome
    ) async rethrows -> Outcome {
        switch Result(catching: { () throws(SCIMError) in try SCIMBulkReferences.resolved(operation, ids) }) {
        case .success(let operation): return try await perform(operation)
        case .failure(let error):
            await refused(operation.method.rawValue, operation.path, error)
            return Outcome(error)
        }
    }

    /// - Parameters:
    ///   - method: nil where there was none that could be told.
    ///   - address: what the operation was about: RFC 7644 §3.7 asks for it always, a POST that failed aside.
    private static func answer(_ method: String?, _ bulkId: String?, _ outcome: Outcome, at address: String?) -> JSONValue {
        var members: [String: JSONValue] = ["status": .string(String(outcome.status))]
        if let method { members["method"] = .string(method) }
        if let bulkId { members["bulkId"] = .string(bulkId) }
        if let location = outcome.location ?? (method == nil || method == Method.post.rawValue ? nil : address) {
            members["location"] = .string(location)
        }
        if let version = outcome.version { members["version"] = .string(version) }
        if let error = outcome.error { members["response"] = error.body }
        return .object(members)
    }
}

extension SCIMError {
    /// The same, with the number of the operation of a bulk request that is odd: it may have no bulkId by which it is known.
    fileprivate func numbered(_ place: Int) -> SCIMError { numbered(place, of: .max) }
}
