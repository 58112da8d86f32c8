/// Writes SVG: text is escaped, numbers are short. A chart is built of these pieces and of nothing else.
struct SVG {
    private(set) var text = ""

    /// Begins a drawing that assistive technology reads as one picture with a name and a description.
    /// - Parameter id: unique on the page; the ids of title and description are made of it.
    init(id: String, width: Double, height: Double, title: String, description: String, kind: String) {
        let id = Self.escape(id)
        text += "<svg class=\"chart chart-\(kind)\" viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\" width=\"\(Self.number(width))\" "
        text += "height=\"\(Self.number(height))\" role=\"img\" aria-labelledby=\"\(id)-title \(id)-desc\" xmlns=\"http://www.w3.org/2000/svg\">"
        text += "<title id=\"\(id)-title\">\(Self.escape(title))</title><desc id=\"\(id)-desc\">\(Self.escape(description))</desc>"
    }

    mutating func rect(_ x: Double, _ y: Double, _ width: Double, _ height: Double, radius: Double = 0, tone: Tone, tip: String? = nil) {
        let corner = radius > 0 ? " rx=\"\(Self.number(min(radius, width / 2, height / 2)))\"" : ""
        let body = "x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\" height=\"\(Self.number(height))\"\(corner)"
        shape("rect", body, tone, tip)
    }

    mutating func path(_ data: String, tone: Tone, tip: String? = nil) { shape("path", "d=\"\(data)\"", tone, tip) }

    /// A line without an area.
    mutating func stroke(_ data: String, width: Double, tone: Tone, isRound: Bool = true) {
        text += "<path class=\"s-\(tone.rawValue)\" d=\"\(data)\" fill=\"none\" stroke=\"\(tone.fill)\" stroke-width=\"\(Self.number(width))\""
        text += isRound ? " stroke-linecap=\"round\" stroke-linejoin=\"round\"/>" : "/>"
    }

    mutating func gridLine(y: Double, from: Double, to: Double) {
        text +=
            "<line class=\"grid-line\" x1=\"\(Self.number(from))\" x2=\"\(Self.number(to))\" y1=\"\(Self.number(y))\" y2=\"\(Self.number(y))\" stroke=\"#e8ebed\"/>"
    }

    mutating func label(_ label: String, x: Double, y: Double, anchor: Anchor = .start, size: Double = 11, kind: String = "chart-label") {
        text +=
            "<text class=\"\(kind)\" x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" font-size=\"\(Self.number(size))\" text-anchor=\"\(anchor.rawValue)\" "
        text += "fill=\"#5d6871\">\(Self.escape(label))</text>"
    }

    /// The finished drawing.
    func closed() -> String { text + "</svg>" }

    enum Anchor: String { case start, middle, end }

    private mutating func shape(_ element: String, _ body: String, _ tone: Tone, _ tip: String?) {
        text += "<\(element) class=\"f-\(tone.rawValue)\" \(body) fill=\"\(tone.fill)\""
        text += tip.map { "><title>\(Self.escape($0))</title></\(element)>" } ?? "/>"
    }

    /// Text as it may stand in an element or an attribute. What XML does not allow at all is left out.
    static func escape(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: break
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A number with at most two decimals and no needless zero; what is not a number is 0.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let hundredths = Int((value.clamped(to: -1e9...1e9) * 100).rounded())
        let (whole, rest) = (abs(hundredths) / 100, abs(hundredths) % 100)
        let sign = hundredths < 0 ? "-" : ""
        if rest == 0 { return "\(sign)\(whole)" }
        if rest % 10 == 0 { return "\(sign)\(whole).\(rest / 10)" }
        return "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
