import Foundation
import JSON
import Scalars

extension Schema {
    /// Everything that is wrong with a value, field by field: unknown fields, missing ones, wrong types, NUL characters.
    package func problems(in value: JSONValue) -> [FieldError] {
        var errors: [FieldError] = []
        check(value, at: "", into: &errors)
        return errors
    }

    private func check(_ value: JSONValue, at path: String, into errors: inout [FieldError]) {
        // A body with very many mistakes gets the first of them: the rest helps nobody.
        guard errors.count < 50 else { return }
        func wrong() { errors.append(FieldError(field: path, message: "must be \(expectation), not \(value.kind).")) }
        switch (self, value) {
        case (.any, _), (.reference, .object): checkText(value, at: path, into: &errors)
        case (.string(let format), .string(let text)):
            checkText(value, at: path, into: &errors)
            switch format {
            case "date-time": if Timestamp.parse(text) == nil { errors.append(FieldError(field: path, message: "must be \(expectation).")) }
            case "cuid": if CompanyID(text) == nil { errors.append(FieldError(field: path, message: "must be an id.")) }
            default: break
            }
        case (.words(let words), .string(let text)):
            if !words.contains(text) { errors.append(FieldError(field: path, message: "must be \(expectation).")) }
        case (.integer(let range), .integer(let number)):
            if let range, !range.contains(number) { errors.append(FieldError(field: path, message: "must be \(expectation).")) }
        case (.integer, .number(let number)) where number.rounded() == number && abs(number) < 1e15: break
        case (.number, .integer), (.number, .number), (.boolean, .bool): break
        case (.array(let item), .array(let items)):
            for (index, element) in items.enumerated() { item.check(element, at: "\(path)[\(index)]", into: &errors) }
        case (.map(let item), .object(let members)):
            for (name, element) in members.sorted(by: { $0.key < $1.key }) {
                checkText(.string(name), at: path, into: &errors)
                item.check(element, at: Self.join(path, name), into: &errors)
            }
        case (.object(_, let properties), .object(let members)):
            for property in properties {
                let name = Self.join(path, property.name)
                guard let element = members[property.name] else {
                    let message = "is missing: it must be \(property.schema.expectation)."
                    if property.isRequired { errors.append(FieldError(field: name, message: message)) }
                    continue
                }
                if element == .null, property.isNullable { continue }
                let count = errors.count
                property.schema.check(element, at: name, into: &errors)
                if errors.count == count, let problem = property.bound?.problem(with: element) {
                    errors.append(FieldError(field: name, message: problem))
                }
            }
            for name in members.keys.filter({ name in !properties.contains { $0.name == name } }).sorted() {
                let known = properties.map(\.name).joined(separator: ", ")
                errors.append(FieldError(field: Self.join(path, name), message: "is not known. Known fields: \(known.isEmpty ? "none" : known)."))
            }
        case (.string, _), (.words, _), (.integer, _), (.number, _), (.boolean, _), (.array, _), (.map, _), (.object, _), (.reference, _): wrong()
        }
    }

    private func checkText(_ value: JSONValue, at path: String, into errors: inout [FieldError]) {
        switch value {
        case .string(let text):
            // PostgreSQL's text cannot hold it, and nobody means it.
            if text.utf8.contains(0) { errors.append(FieldError(field: path, message: "must not contain a NUL character.")) }
        case .array(let items): for item in items { checkText(item, at: path, into: &errors) }
        case .object(let members):
            for (name, item) in members {
                checkText(.string(name), at: path, into: &errors)
                checkText(item, at: path, into: &errors)
            }
        case .null, .bool, .integer, .number: break
        }
    }

    static func join(_ path: String, _ name: String) -> String {
        let name = name.beginning(100).swapping("\0", for: "")
        return path.isEmpty ? name : "\(path).\(name)"
    }

    /// Reads texts (a query string, a form) into the value that this schema expects. What cannot be read stays a text, so that the
    /// check says what is wrong with it.
    package func value(fromTexts texts: [String: [String]]) -> JSONValue {
        guard case .object(_, let properties) = self else { return .object([:]) }
        var members: [String: JSONValue] = [:]
        for (name, values) in texts {
            let property = properties.first { $0.name == name }
            switch property?.schema {
            case .array(let item)?:
                let parts = values.flatMap { $0.parts(between: ",") }.map { $0.trimmingCharacters(in: .whitespaces) }
                members[name] = .array(parts.filter { !$0.isEmpty }.map { item.value(fromText: $0) })
            case let schema:
                let text = values.last ?? ""
                // An empty field of a form means "nothing".
                if text.isEmpty, let property, property.isNullable { continue }
                members[name] = (schema ?? .any).value(fromText: text)
            }
        }
        return .object(members)
    }

    private func value(fromText text: String) -> JSONValue {
        switch self {
        case .integer: Int(text).map { .integer($0) } ?? .string(text)
        case .number: Double(text).flatMap { $0.isFinite ? .number($0) : nil } ?? .string(text)
        case .boolean:
            switch text.lowercased() {
            case "true", "on", "1", "yes": .bool(true)
            case "false", "off", "0", "no": .bool(false)
            default: .string(text)
            }
        case .string, .words, .array, .map, .object, .reference, .any: .string(text)
        }
    }
}

extension Schema {
    /// Decodes a value that has passed the check, and turns what a type's own `init(from:)` refuses into a field error.
    package static func decode<T: Decodable>(_ type: T.Type, from value: JSONValue) throws -> T {
        let problems = Schema.of(type).problems(in: value)
        guard problems.isEmpty else { throw InvalidInput(problems) }
        do {
            return try JSONValueDecoder(value).decode(type)
        } catch let error as DecodingError {
            throw InvalidInput([error.fieldError])
        }
    }
}

extension DecodingError {
    /// The field and what is wrong with it. Our own types say it in their error's description, which never holds the value.
    var fieldError: FieldError {
        let context: Context
        switch self {
        case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found): context = found
        case .keyNotFound(let key, let found):
            context = Context(codingPath: found.codingPath.isEmpty ? [key] : found.codingPath, debugDescription: "is missing")
        @unknown default: return FieldError(field: "", message: "cannot be read.")
        }
        let path = context.codingPath.reduce(into: "") { path, key in
            if let index = key.intValue { path += "[\(index)]" } else { path = Schema.join(path, key.stringValue) }
        }
        let text = context.debugDescription
        return FieldError(field: path, message: text.ends(with: ".") ? text : text + ".")
    }
}
