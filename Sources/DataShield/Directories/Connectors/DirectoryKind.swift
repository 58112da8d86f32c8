import Foundation

/// What a kind of directory is, for the wizard, for validation and for the choice of who can remediate.
package struct DirectoryKind: Sendable {
    package var type: DirectoryType
    /// One sentence: what is read, and what it needs.
    package var about: String
    package var fields: [Field]
    /// What has to be granted there, in the order of doing it. Each step is one sentence.
    package var steps: [String]
    /// What it can do to an account.
    package var actions: Set<RemediationType> = []
    /// Whether a reset can leave the old password good for one more sign-in, where that is chosen.
    package var hasWeakReset: Bool = false

    /// A field of the configuration.
    package struct Field: Sendable {
        /// As in the API: `tenantId`.
        package var name: String
        /// As on the page: "Tenant ID".
        package var label: String
        /// Where the value is found, and what it looks like.
        package var hint: String
        /// Sealed like all, and never shown again: only replaced.
        package var isSecret: Bool
        package var isOptional: Bool
        /// Decides where secrets are sent, or how they are protected on the way: another value takes a secret that is known for another place.
        package var isDestination: Bool
        /// Several lines, such as a key in PEM.
        package var isLong: Bool
        /// What can be chosen, when it is a choice.
        package var choices: [String]
        /// What stands for a value that was left out.
        package var standard: String?
        /// Says what is wrong with a value, or nil.
        package var problem: @Sendable (String) -> String?

        /// The label within a sentence: "tenant ID".
        var spokenLabel: String {
            let isWord = label.unicodeScalars.dropFirst().first?.properties.isLowercase ?? false
            return isWord ? label.prefix(1).lowercased() + label.dropFirst() : label
        }

        package init(
            _ name: String, _ label: String, hint: String, isSecret: Bool = false, isOptional: Bool = false, isDestination: Bool = false,
            isLong: Bool = false, choices: [String] = [], standard: String? = nil, problem: @escaping @Sendable (String) -> String? = { _ in nil }
        ) {
            self.name = name
            self.label = label
            self.hint = hint
            self.isSecret = isSecret
            self.isOptional = isOptional
            self.isDestination = isDestination
            self.isLong = isLong
            self.choices = choices
            self.standard = standard
            self.problem = problem
        }
    }
}

/// The values of a connection's fields, checked one by one. Secrets are among them: it is sealed as a whole when stored, and printing it
/// shows nothing.
package struct DirectoryConfiguration: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// How many bytes a value has at most: a service account's key file is one.
    static let longest = 16_384

    /// Fields that were left empty are not in it.
    package let values: [String: String]

    package var description: String { "(directory configuration)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Checks what was typed.
    /// - Parameters:
    ///   - input: by field name; blanks around a value are dropped, and an empty value is one left out.
    ///   - former: the configuration that it replaces; its secrets stay where none is given, and where they are sent to stays as it was.
    /// - Throws: ``InvalidInput`` with every field that is missing, unknown or cannot be right.
    package init(_ input: [String: String], of kind: DirectoryKind, replacing former: DirectoryConfiguration? = nil) throws {
        var values: [String: String] = [:]
        var errors: [FieldError] = []
        let known = Set(kind.fields.map(\.name))
        func typed(_ field: DirectoryKind.Field) -> String { String((input[field.name] ?? "").unicodeScalars.trimmingSpace()) }
        // A secret that is stored goes only to where it was given for: else whoever may change a host could have it sent to their own.
        let moved = former.flatMap { former in
            kind.fields.first { $0.isDestination && (typed($0).isEmpty ? $0.standard ?? "" : typed($0)) != former[$0.name] }
        }
        // What was replaced as a whole takes nothing of the former one.
        let isReplaced = kind.fields.contains { $0.isSecret && !$0.isOptional && !typed($0).isEmpty }
        for name in input.keys.sorted() where !known.contains(name) {
            errors.append(FieldError(field: name, message: "is no field of \(kind.type.displayName)."))
        }
        for field in kind.fields {
            var value = typed(field)
            if value.isEmpty, field.isSecret, let kept = former?.values[field.name], !(field.isOptional && isReplaced) {
                if let moved {
                    errors.append(FieldError(field: field.name, message: "is needed again, because \(moved.label) is another one now."))
                    continue
                }
                value = kept
            }
            if value.isEmpty { value = field.standard ?? "" }
            guard !value.isEmpty else {
                if !field.isOptional { errors.append(FieldError(field: field.name, message: "is missing: enter the \(field.spokenLabel).")) }
                continue
            }
            if value.utf8.count > Self.longest {
                errors.append(FieldError(field: field.name, message: "has at most 16,384 characters."))
            } else if value.unicodeScalars.contains(where: {
                $0.properties.generalCategory == .control && !(field.isLong && "\r\n\t".unicodeScalars.contains($0))
            }) {
                errors.append(FieldError(field: field.name, message: "has a control character or a line break in it."))
            } else if !field.choices.isEmpty, !field.choices.contains(value) {
                errors.append(FieldError(field: field.name, message: "is one of \(field.choices.joined(separator: ", "))."))
            } else if let problem = field.problem(value) {
                errors.append(FieldError(field: field.name, message: problem))
            } else {
                values[field.name] = value
            }
        }
        guard errors.isEmpty else { throw InvalidInput(errors) }
        self.values = values
    }

    /// Takes up what was stored.
    init(stored values: [String: String]) { self.values = values }

    /// A field that is needed. Reading one that is not among the kind's is a programmer's mistake and reads as empty.
    package subscript(_ name: String) -> String { values[name] ?? "" }

    /// What may be shown: all but the secrets.
    package func shown(of kind: DirectoryKind) -> [String: String] {
        values.filter { value in kind.fields.contains { $0.name == value.key && !$0.isSecret } }
    }
}
