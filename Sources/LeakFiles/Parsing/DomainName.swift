import Scalars

/// Names of hosts as they are compared.
enum DomainName {
    /// A name with other than ASCII letters in its ASCII form (RFC 3492), label by label; any other as it is.
    static func ascii(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 >= 0x80 }) else { return name }
        let labels = name.parts(between: ".", keepsEmpty: true).map { label -> String in
            guard label.utf8.contains(where: { $0 >= 0x80 }) else { return String(label) }
            guard label.utf8.count <= 120, let encoded = punycode(label.unicodeScalars.map(\.value)) else { return String(label) }
            return "xn--" + encoded
        }
        return labels.joined(separator: ".")
    }

    /// A name with its labels in ASCII form (`xn--…`) as they are written with letters; any other as it is.
    static func unicode(_ name: String) -> String {
        guard name.has(text: "xn--") else { return name }
        return name.parts(between: ".", keepsEmpty: true).map { label -> String in
            guard label.begins(with: "xn--"), let decoded = letters(Array(label.utf8.dropFirst(4))) else { return String(label) }
            return decoded
        }
        .joined(separator: ".")
    }

    /// What a label in ASCII form stands for, without its `xn--`; nil when it is none (RFC 3492, section 6.2).
    private static func letters(_ label: [UInt8]) -> String? {
        guard label.count <= 59, label.allSatisfy({ $0 < 0x80 }) else { return nil }
        let hyphen = label.lastIndex(of: UInt8(ascii: "-"))
        var output = (hyphen.map { label[..<$0] } ?? []).map { UInt32($0) }
        var rest = label[(hyphen.map { $0 + 1 } ?? 0)...]
        var code: UInt64 = 128
        var place: UInt64 = 0
        var bias: UInt32 = 72
        while !rest.isEmpty {
            let before = place
            var weight: UInt64 = 1
            var step: UInt32 = 36
            while true {
                guard let byte = rest.popFirst(), let digit = value(byte), weight < 1 << 32 else { return nil }
                place += UInt64(digit) * weight
                let threshold = step <= bias ? 1 : step >= bias + 26 ? 26 : step - bias
                if digit < threshold { break }
                weight *= UInt64(36 - threshold)
                step += 36
            }
            let count = UInt64(output.count + 1)
            guard place - before <= UInt64(UInt32.max) else { return nil }
            bias = adapted(UInt32(place - before), points: UInt32(count), isFirst: before == 0)
            code += place / count
            place %= count
            guard code <= 0x10FFFF else { return nil }
            output.insert(UInt32(code), at: Int(place))
            place += 1
        }
        let scalars = output.compactMap { Unicode.Scalar($0) }
        return scalars.count == output.count ? String(String.UnicodeScalarView(scalars)) : nil
    }

    private static func value(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - 97)
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - 65)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - 22)
        default: nil
        }
    }

    private static func punycode(_ label: [UInt32]) -> String? {
        var output = label.filter { $0 < 0x80 }.compactMap(UInt8.init(exactly:))
        let basic = output.count
        var handled = basic
        if basic > 0 { output.append(UInt8(ascii: "-")) }
        var code: UInt32 = 128
        var delta: UInt32 = 0
        var bias: UInt32 = 72
        while handled < label.count {
            guard let next = label.filter({ $0 >= code }).min() else { return nil }
            delta += (next - code) * UInt32(handled + 1)
            code = next
            for scalar in label {
                if scalar < code { delta += 1 }
                guard scalar == code else { continue }
                var rest = delta
                var step: UInt32 = 36
                while true {
                    let threshold = step <= bias ? 1 : step >= bias + 26 ? 26 : step - bias
                    if rest < threshold { break }
                    output.append(digit(threshold + (rest - threshold) % (36 - threshold)))
                    rest = (rest - threshold) / (36 - threshold)
                    step += 36
                }
                output.append(digit(rest))
                bias = adapted(delta, points: UInt32(handled + 1), isFirst: handled == basic)
                delta = 0
                handled += 1
            }
            delta += 1
            code += 1
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func digit(_ value: UInt32) -> UInt8 { value < 26 ? UInt8(97 + value) : UInt8(22 + value) }

    private static func adapted(_ delta: UInt32, points: UInt32, isFirst: Bool) -> UInt32 {
        var delta = isFirst ? delta / 700 : delta / 2
        delta += delta / points
        var step: UInt32 = 0
        while delta > 455 {
            delta /= 35
            step += 36
        }
        return step + 36 * delta / (delta + 38)
    }
}
