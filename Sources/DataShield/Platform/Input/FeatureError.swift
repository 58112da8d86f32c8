import HTTPTypes
import Logging

/// An error of a capability that says itself what the caller may hear and how loudly we hear it.
/// One middleware turns it into an RFC 9457 problem document.
package protocol FeatureError: Error, CustomStringConvertible, Sendable {
    /// The status of the answer.
    var status: HTTPResponse.Status { get }
    /// What the caller reads: plain words, no secret, no address of anybody.
    var detail: String { get }
    /// The input that was wrong, field by field.
    var fields: [FieldError] { get }
    var logLevel: Logger.Level { get }
}

extension FeatureError {
    package var fields: [FieldError] { [] }
    package var logLevel: Logger.Level { .info }
    package var description: String { detail }
}

/// One field of the input that was wrong, and what would be right.
package struct FieldError: Codable, Sendable, Hashable {
    /// The field by its JSON name, with dots for nesting: `riskWeights.session`.
    package var field: String
    package var message: String
}

/// Input that cannot be accepted: names each field and what would be right. Answered with 422.
package struct InvalidInput: FeatureError {
    package var fields: [FieldError]
    package var status: HTTPResponse.Status { .unprocessableContent }
    package var detail: String { fields.map { "\($0.field): \($0.message)" }.joined(separator: " ") }

    package init(_ fields: [FieldError]) { self.fields = fields }
    package init(_ field: String, _ message: String) { fields = [FieldError(field: field, message: message)] }
}
