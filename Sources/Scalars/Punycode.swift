/// The encoding of RFC 3492, which writes a label of an internationalised domain name in letters, digits and hyphens.
package enum Punycode {
    private static let base = 36
    private static let minimum = 1
    private static let maximum = 26

    /// Encodes a label, without the `xn--` in front.
    package static func encode(_ label: some Sequence<Unicode.Scalar>) -> String {
        let input = label.map { Int($0.value) }
        var output = input.filter { $0 < 0x80 }.map { UInt8($0) }
        let basic = output.count
        if basic > 0 { output.append(UInt8(ascii: "-")) }
        var (point, delta, bias, handled) = (0x80, 0, 72, basic)
        while handled < input.count {
            // There is one: `handled` counts the points below `point`, and it is less than all.
            let next = input.lazy.filter { $0 >= point }.min() ?? point
            delta += (next - point) * (handled + 1)
            point = next
            for other in input {
                if other < point { delta += 1 }
                guard other == point else { continue }
                var rest = delta
                var step = base
                while true {
                    let threshold = min(max(step - bias, minimum), maximum)
                    if rest < threshold { break }
                    output.append(digit(threshold + (rest - threshold) % (base - threshold)))
                    rest = (rest - threshold) / (base - threshold)
                    step += base
                }
                output.append(digit(rest))
                bias = adapt(delta, over: handled + 1, first: handled == basic)
                delta = 0
                handled += 1
            }
            delta += 1
            point += 1
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Decodes a label that stood behind `xn--`.
    /// - Returns: nil when it is not Punycode.
    package static func decode(_ label: some StringProtocol) -> String? {
        let bytes = Array(label.utf8)
        let hyphen = bytes.lastIndex(of: UInt8(ascii: "-"))
        var output = hyphen.map { bytes[..<$0].map { Int($0) } } ?? []
        var position = hyphen.map { $0 + 1 } ?? 0
        var (point, index, bias) = (0x80, 0, 72)
        while position < bytes.count {
            let before = index
            var (weight, step) = (1, base)
            while true {
                guard position < bytes.count, let digit = value(bytes[position]) else { return nil }
                position += 1
                let (product, overflow) = digit.multipliedReportingOverflow(by: weight)
                guard !overflow, product < Int(Int32.max), index + product < Int(Int32.max) else { return nil }
                index += product
                let threshold = min(max(step - bias, minimum), maximum)
                if digit < threshold { break }
                weight *= base - threshold
                guard weight < Int(Int32.max) else { return nil }
                step += base
            }
            bias = adapt(index - before, over: output.count + 1, first: before == 0)
            point += index / (output.count + 1)
            guard point <= 0x10FFFF else { return nil }
            index %= output.count + 1
            output.insert(point, at: index)
            index += 1
        }
        var text = String.UnicodeScalarView()
        for value in output {
            guard let scalar = Unicode.Scalar(UInt32(value)) else { return nil }
            text.append(scalar)
        }
        return String(text)
    }

    private static func adapt(_ delta: Int, over count: Int, first: Bool) -> Int {
        var delta = first ? delta / 700 : delta / 2
        delta += delta / count
        var steps = 0
        while delta > (base - minimum) * maximum / 2 {
            delta /= base - minimum
            steps += base
        }
        return steps + (base - minimum + 1) * delta / (delta + 38)
    }

    private static func digit(_ value: Int) -> UInt8 {
        value < 26 ? UInt8(ascii: "a") + UInt8(value) : UInt8(ascii: "0") + UInt8(value - 26)
    }

    private static func value(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(byte - UInt8(ascii: "a"))
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0")) + 26
        default: nil
        }
    }
}
