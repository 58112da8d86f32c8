import JSON
import Scalars

/// Finds the names in what a client sends that a kind of resource does not have. They are passed over, so that a client whose attributes
/// are other ones is not refused; whoever looks after it wants to know which they were.
///
/// What RFC 7643 has and we do not keep, such as telephone numbers, is not among them. Names are given as the schema's authors would have to
/// write them, each once, and never with a value.
struct SCIMUnknownNames {
    /// More than a client's own extensions have. One more than these says that there are more.
    static let maximumCount = 50
    /// Stands for what is no name at all.
    static let noName = "a text that is no name"

    let type: SCIMResourceType
    private(set) var names: [String] = []
    private var known = Set<String>()

    init(of type: SCIMResourceType) { self.type = type }

    private var isFull: Bool { names.count > Self.maximumCount }

    private mutating func add(_ name: String) {
        if !isFull, known.insert(name).inserted { names.append(name) }
    }

    /// Adds what stands in an object, whose name is shown only when it is one.
    private mutating func add(_ name: String, behind beginning: String) {
        // try?: what is no name is not one that could be shown either.
        add((try? SCIMPath(name)).flatMap { $0.urn == nil ? beginning + $0.description : nil } ?? Self.noName)
    }

    // MARK: Whole resources

    /// Looks through the body of a POST or PUT. What has no value says nothing.
    mutating func visit(resource body: JSONValue) {
        for (name, value) in (body.members ?? [:]).sorted(by: { $0.key < $1.key }) where !value.isUnassigned && !isFull {
            if let found = type.extensionSchema(name) {
                visit(value, of: found, skipsUnassigned: true)
            } else if let path = try? SCIMPath(name) {  // try?: the next says what it is instead
                if case .attribute(let target) = type.resolve(path), target.attribute.isMultiValued, target.sub != nil {
                    add(path.description)
                } else {
                    visit(SCIMPatchPath(path: path, filter: nil, sub: nil), value)
                }
            } else if let path = try? SCIMFilterParser.patchPath(name) {  // try?: as above
                // A value path, which only a change has.
                add("\(path.path)[…]\(path.sub.map { ".\($0)" } ?? "")")
            } else {
                add(Self.noName)
            }
        }
    }

    // MARK: Changes

    mutating func visit(_ operation: SCIMPatch.Operation) {
        let value: JSONValue? = operation.kind == .remove ? Optional.none : operation.value
        if let path = operation.path { return visit(path, value) }
        for (name, value) in (value?.members ?? [:]).sorted(by: { $0.key < $1.key }) where !isFull {
            if let found = type.extensionSchema(name) {
                visit(value, of: found, skipsUnassigned: false)
            } else if let path = try? SCIMFilterParser.patchPath(name) {  // try?: it is shown as no name
                visit(path, value)
            } else {
                add(Self.noName)
            }
        }
    }

    // MARK: Parts

    /// What a path names that is not there: the attribute, what is asked of it, what is changed of it, or what is put there.
    private mutating func visit(_ path: SCIMPatchPath, _ value: JSONValue?) {
        let name = path.path.description
        switch type.resolve(path.path) {
        case .passedOver:
            // The core schema is no attribute: what stands under its URN alone is not read.
            if type.isCore(name) { add(name) }
        case .unknown:
            guard SCIMText.folded(name).begins(with: "urn:"), let members = value?.members, !members.isEmpty else { return add(name) }
            for (member, value) in members.sorted(by: { $0.key < $1.key }) where !value.isUnassigned { add(member, behind: "\(name):") }
        case .wholeExtension(let found):
            if path.filter == nil { visit(value, of: found, skipsUnassigned: false) } else { add("\(name)[…]") }
        case .attribute(let target):
            for asked in path.filter?.names(unknownTo: target.leaf) ?? [] { add("\(name)[\(asked)]") }
            let element = path.filter == nil ? name : "\(name)[…]"
            guard let sub = path.sub else { return visitParts(of: value, target.leaf, element) }
            if let leaf = target.leaf.sub(sub) {
                visitParts(of: value, leaf, "\(element).\(sub)")
            } else if target.leaf.kind == .complex || !SCIMText.isSame(sub, "value") {
                // Of what has no parts, `value` is the value itself.
                add("\(element).\(sub)")
            }
        }
    }

    private mutating func visit(_ value: JSONValue?, of found: SCIMSchema, skipsUnassigned: Bool) {
        for (name, value) in (value?.members ?? [:]).sorted(by: { $0.key < $1.key }) where !(skipsUnassigned && value.isUnassigned) && !isFull {
            if let attribute = found.attribute(name) {
                visitParts(of: value, attribute, "\(found.urn):\(attribute.name)")
            } else {
                add(name, behind: "\(found.urn):")
            }
        }
    }

    /// The parts of a value that its attribute does not have. A value in an object of its own, as Entra writes some, has `value` and `$ref`.
    private mutating func visitParts(of value: JSONValue?, _ attribute: SCIMAttribute, _ name: String) {
        guard let value, attribute.mutability != .readOnly else { return }
        for item in value.items ?? [value] {
            guard let members = item.members, !isFull else { continue }
            for (part, value) in members.sorted(by: { $0.key < $1.key }) where !value.isUnassigned {
                if attribute.kind != .complex {
                    if !SCIMText.isSame(part, "value"), !SCIMText.isSame(part, "$ref") { add(part, behind: "\(name).") }
                } else if let sub = attribute.sub(part) {
                    visitParts(of: value, sub, "\(name).\(sub.name)")
                } else {
                    add(part, behind: "\(name).")
                }
            }
        }
    }
}

extension SCIMPatch {
    /// The names in it that a kind of resource does not have, each once: of attributes, of what stands in brackets and behind them, and of the
    /// parts of what is put there. At most fifty, and one more when there are more. What is known and not kept is not among them.
    package func unknownNames(of type: SCIMResourceType) -> [String] {
        var found = SCIMUnknownNames(of: type)
        for operation in operations { found.visit(operation) }
        return found.names
    }
}

extension SCIMResourceType {
    /// The same of the body of a POST or PUT.
    package func unknownNames(in body: JSONValue) -> [String] {
        var found = SCIMUnknownNames(of: self)
        found.visit(resource: body)
        return found.names
    }

    /// How many names are told of one call.
    package static let toldNames = SCIMUnknownNames.maximumCount
}
