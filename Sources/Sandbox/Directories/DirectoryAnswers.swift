import Foundation
import HTTPTypes
import Synchronization

/// Writes JSON for many people: an encoder would take most of a benchmark's time.
struct JSONText {
    private(set) var bytes: [UInt8] = []

    mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    /// Text that is JSON already.
    mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20: bytes.append(contentsOf: "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func strings(_ texts: [String]) {
        raw("[")
        for (index, text) in texts.enumerated() {
            if index > 0 { raw(",") }
            string(text)
        }
        raw("]")
    }

    mutating func string(orNull text: String?) {
        if let text { string(text) } else { raw("null") }
    }

    /// `2026-01-05T09:00:00Z`, or with milliseconds.
    static func time(_ date: Date, milliseconds: Bool = false) -> String {
        let total = Int((date.timeIntervalSince1970 * 1000).rounded(.down))
        var time = time_t(total / 1000)
        var parts = tm()
        gmtime_r(&time, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let rest = total % 1000
        let fraction = milliseconds ? ".\(rest < 100 ? "0" : "")\(rest < 10 ? "0" : "")\(rest)" : ""
        return
            "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))\(fraction)Z"
    }
}

/// What the sandbox remembers of answers, until the staff changes: a page of a thousand people is written once.
final class RememberedAnswers: Sendable {
    private let remembered = Mutex<(version: Int, answers: [String: Answer])>((0, [:]))

    func answer(_ key: String, version: Int, _ make: () -> Answer) -> Answer {
        if let known = remembered.withLock({ $0.version == version ? $0.answers[key] : nil }) { return known }
        let answer = make()
        remembered.withLock { remembered in
            if remembered.version != version { remembered = (version, [:]) }
            remembered.answers[key] = answer
        }
        return answer
    }
}

/// The tokens that a service has given out, with what they are for.
final class IssuedTokens: Sendable {
    private let tokens = Mutex<[String: (scope: String, until: Date)]>([:])

    func issue(_ prefix: String, scope: String, until: Date) -> String {
        let text = prefix + (0..<4).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }.joined()
        tokens.withLock { $0[text] = (scope, until) }
        return text
    }

    /// What a token is for; nil when it is unknown or has expired.
    func scope(of header: String?, now: Date) -> String? {
        guard let header, header.hasPrefix("Bearer ") else { return nil }
        return tokens.withLock { tokens in
            guard let token = tokens[String(header.dropFirst(7))], now < token.until else { return nil }
            return token.scope
        }
    }

    func expire() { tokens.withLock { $0 = [:] } }
}

extension ServiceRequest {
    /// The values of a form, decoded.
    var form: [String: String] {
        var form: [String: String] = [:]
        for pair in String(decoding: body, as: UTF8.self).split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            form[String(sides[0])] = sides.count > 1 ? String(sides[1]).replacingOccurrences(of: "+", with: " ").removingPercentEncoding : ""
        }
        return form
    }
}

extension Answer {
    func with(_ name: String, _ value: String) -> Answer {
        var answer = self
        if let name = HTTPField.Name(name) { answer.fields.append(.init(name: name, value: value)) }
        return answer
    }

    static let noContent = Answer(status: .noContent, body: [])
}
