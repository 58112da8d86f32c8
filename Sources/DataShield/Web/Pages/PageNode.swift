import Mustache

/// A model as templates read it: each part is looked at once, with reflection, and found by its name from then on. The library alone
/// would reflect anew at every tag.
///
/// What is nil or an empty text counts as absent, and hides what an outer part has under the same name.
struct PageNode: MustacheParent {
    private var parts: [String: Any]

    /// - Parameters:
    ///   - model: a struct of texts, truth values, optionals, arrays and structs of these.
    ///   - shared: what every page has; the model's own names go before.
    init(_ model: Any, shared: [String: Any] = [:]) {
        parts = shared
        for child in Mirror(reflecting: model).children {
            if let label = child.label { parts[label] = Self.value(child.value) }
        }
    }

    func child(named name: String) -> Any? { parts[name] }

    mutating func set(_ name: String, _ value: Any) { parts[name] = Self.value(value) }

    private static func value(_ value: Any) -> Any {
        switch value {
        case let text as String: return text.isEmpty ? Absent() : text
        case let truth as Bool: return truth
        case let number as Int: return String(number)
        default: break
        }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional: return mirror.children.first.map { Self.value($0.value) } ?? Absent()
        case .collection: return mirror.children.map { Self.value($0.value) }
        default: return PageNode(value)
        }
    }

    /// Nothing: renders as nothing, and no section is shown for it.
    private struct Absent: MustacheCustomRenderable {
        var renderText: String { "" }
        var isNull: Bool { true }
    }
}
