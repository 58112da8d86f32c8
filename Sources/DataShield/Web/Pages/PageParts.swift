import Scalars

/// A word in a small frame, with an icon: never colour alone.
package struct Badge: Sendable, Hashable {
    package var label: String
    package var tone: String
    package var icon: String

    package init(_ label: String, _ tone: Tone, icon: String) {
        self.label = label
        self.tone = tone.rawValue
        self.icon = icon
    }
}

extension ConnectStatus {
    package var badge: Badge {
        switch self {
        case .active: Badge("Working", .good, icon: "check-circle")
        case .error: Badge("Error", .critical, icon: "warning")
        case .pending: Badge("Not tried yet", .neutral, icon: "clock")
        }
    }
}

/// One of the values of a select.
package struct SelectOption: Sendable, Hashable {
    package var value: String
    package var label: String
    package var isSelected: Bool

    package init(_ value: String, _ label: String, isSelected: Bool = false) {
        self.value = value
        self.label = label
        self.isSelected = isSelected
    }
}

/// A select: in a form with label, hint and error, among filters with the label for assistive technology alone.
package struct Choice: Sendable, Hashable {
    package var id: String
    package var name: String
    package var label: String
    package var options: [SelectOption]
    package var hint: String?
    package var error: String?
    package var describedBy: String?

    /// - Parameters:
    ///   - options: value and label of each.
    ///   - selected: the value that is chosen; "" is usually the first, for none.
    package init(
        _ name: String, _ label: String, _ options: [(value: String, label: String)], selected: String?, hint: String? = nil, error: String? = nil
    ) {
        id = name
        self.name = name
        self.label = label
        self.options = options.map { SelectOption($0.value, $0.label, isSelected: $0.value == selected ?? "") }
        self.hint = hint
        self.error = error
        describedBy = FormField.described(id: name, hint: hint, error: error)
    }
}

/// What narrows a list down and has no control of its own among the filters: it stays when they are applied, and is said.
package struct Narrowing: Sendable, Hashable {
    package var name: String
    package var value: String
    package var label: String

    /// Those that have a value.
    package static func all(_ parts: [(name: String, value: String?, label: String)]) -> [Narrowing] {
        parts.compactMap { part in
            part.value.flatMap { $0.isEmpty ? nil : Narrowing(name: part.name, value: $0, label: part.label) }
        }
    }
}

/// A field of a form.
package struct FormField: Sendable, Hashable {
    package var id: String
    package var name: String
    package var label: String
    package var type: String
    package var value: String
    package var autocomplete: String?
    package var placeholder: String?
    package var minimum: String?
    package var maximum: String?
    package var isRequired: Bool
    package var isOptional: Bool
    /// Several lines.
    package var isLong = false
    package var hint: String?
    package var error: String?
    package var describedBy: String?

    package init(
        _ name: String, _ label: String, type: String = "text", value: String? = nil, autocomplete: String? = nil, placeholder: String? = nil,
        minimum: Int? = nil, maximum: Int? = nil, isRequired: Bool = false, isOptional: Bool = false, hint: String? = nil, error: String? = nil
    ) {
        id = name
        self.name = name
        self.label = label
        self.type = type
        self.value = value ?? ""
        self.autocomplete = autocomplete
        self.placeholder = placeholder
        self.minimum = minimum.map { String($0) }
        self.maximum = maximum.map { String($0) }
        self.isRequired = isRequired
        self.isOptional = isOptional
        self.hint = hint
        self.error = error
        describedBy = Self.described(id: name, hint: hint, error: error)
    }

    static func described(id: String, hint: String?, error: String?) -> String? {
        let ids = [error == nil ? nil : "\(id)-error", hint == nil ? nil : "\(id)-hint"].compactMap { $0 }
        return ids.isEmpty ? nil : ids.joined(separator: " ")
    }
}

/// Where a list goes on.
package struct Pager: Sendable, Hashable {
    package var summary: String
    package var firstURL: String?
    package var nextURL: String?

    /// - Parameters:
    ///   - path: the list's address.
    ///   - query: its filters, without the cursor.
    ///   - cursor: where this page began; nil at the beginning.
    package init(_ summary: String, path: String, query: [(String, String?)], cursor: String?, next: String?) {
        self.summary = summary
        firstURL = cursor == nil ? nil : URLText.path(path, query)
        nextURL = next.map { URLText.path(path, query + [("cursor", $0)]) }
    }
}

/// Addresses of our own pages.
package enum URLText {
    /// A path with a query string of those values that are there.
    package static func path(_ path: String, _ query: [(String, String?)]) -> String {
        let parts = query.compactMap { name, value in value.flatMap { $0.isEmpty ? nil : "\(name)=\(escape($0))" } }
        return parts.isEmpty ? path : path + "?" + parts.joined(separator: "&")
    }

    private static func escape(_ text: String) -> String { PercentEncoding.of(text) }
}

extension [FieldError] {
    /// What was wrong with a field of a form.
    package subscript(field name: String) -> String? { first { $0.field == name }?.message }
}
