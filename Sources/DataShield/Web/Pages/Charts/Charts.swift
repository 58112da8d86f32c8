import Foundation

/// Charts as SVG, for pages, reports and mails alike: values in, text out.
package enum Charts {
    /// A share of a whole.
    package struct Slice: Sendable, Hashable {
        package var label: String
        package var value: Int
        package var tone: Tone

        package init(_ label: String, _ value: Int, _ tone: Tone) {
            self.label = label
            self.value = value
            self.tone = tone
        }
    }

    /// A column of stacked parts over a place on the time axis.
    package struct Column: Sendable, Hashable {
        /// What stands under the axis, when there is room: "12 Nov".
        package var label: String
        package var parts: [Slice]
        var total: Int { parts.reduce(0) { $0 + max(0, $1.value) } }

        package init(label: String, parts: [Slice]) {
            self.label = label
            self.parts = parts
        }
    }

    /// Shares of a whole as a ring, with the whole in the middle.
    package static func donut(_ slices: [Slice], id: String, title: String, caption: String, size: Double = 168) -> String {
        let total = slices.reduce(0) { $0 + max(0, $1.value) }
        let told = slices.map { "\($0.label) \(Format.count($0.value))" }.joined(separator: ", ")
        var svg = SVG(id: id, width: size, height: size, title: title, description: total == 0 ? "Nothing yet." : told, kind: "donut")
        let centre = size / 2
        let (outer, inner) = (size / 2 - 2, size / 2 - size * 0.135)
        if total == 0 {
            svg.path(ring(centre, outer, inner, from: 0, to: 1), tone: .neutral)
        }
        var start = 0.0
        let shown = slices.filter { $0.value > 0 }
        for slice in shown {
            let share = Double(slice.value) / Double(total)
            // A hair between two slices, so that they are told apart without their colours.
            let gap = shown.count > 1 ? min(0.006, share / 4) : 0
            svg.path(
                ring(centre, outer, inner, from: start + gap / 2, to: start + share - gap / 2), tone: slice.tone,
                tip: "\(slice.label): \(Format.count(slice.value)) (\(Format.percent(share)))")
            start += share
        }
        svg.label(Format.short(total), x: centre, y: centre + 4, anchor: .middle, size: size * 0.17, kind: "chart-value")
        svg.label(caption, x: centre, y: centre + 20, anchor: .middle, size: 11)
        return svg.closed()
    }

    private static func ring(_ centre: Double, _ outer: Double, _ inner: Double, from: Double, to: Double) -> String {
        // An arc cannot end where it begins: a whole ring is drawn as nearly one, by so much that its ends are not rounded to one place.
        let end = min(to, from + 0.9999)
        let large = end - from > 0.5 ? 1 : 0
        func point(_ radius: Double, _ share: Double) -> String {
            let angle = share * 2 * Double.pi - Double.pi / 2
            return "\(SVG.number(centre + radius * cos(angle))) \(SVG.number(centre + radius * sin(angle)))"
        }
        let (o, i) = (SVG.number(outer), SVG.number(inner))
        return "M\(point(outer, from))A\(o) \(o) 0 \(large) 1 \(point(outer, end))L\(point(inner, end))A\(i) \(i) 0 \(large) 0 \(point(inner, from))Z"
    }

    /// Stacked columns over time.
    /// - Parameters:
    ///   - width: for how wide a place: text keeps its size, so a narrow place gets a chart of its own.
    ///   - unit: what is counted: "alerts".
    package static func columns(_ columns: [Column], id: String, title: String, unit: String, width: Double = 760, height: Double = 292) -> String {
        let highest = columns.map(\.total).max() ?? 0
        let sum = columns.reduce(0) { $0 + $1.total }
        let span = columns.first.flatMap { first in columns.last.map { "\(first.label) to \($0.label)" } } ?? ""
        var svg = SVG(
            id: id, width: width, height: height, title: title,
            description: "\(Format.count(sum)) \(unit), \(span); at most \(Format.count(highest)) in one step.", kind: "columns")
        let step = niceStep(highest)
        let top = Double(step * max(1, (highest + step - 1) / step))
        let (left, bottom, head) = (34.0, height - 24, 10.0)
        let plot = bottom - head
        for tick in stride(from: 0, through: Int(top), by: step) {
            let y = (bottom - plot * Double(tick) / top).rounded() + 0.5
            svg.gridLine(y: y, from: left, to: width)
            svg.label(Format.short(tick), x: left - 8, y: y + 3.5, anchor: .end)
        }
        guard !columns.isEmpty else { return svg.closed() }
        let slot = (width - left) / Double(columns.count)
        let bar = min(26, max(2, slot * 0.68))
        let every = max(1, Int((52 / slot).rounded(.up)))
        for (index, column) in columns.enumerated() {
            let x = left + slot * Double(index) + (slot - bar) / 2
            var y = bottom
            for part in column.parts where part.value > 0 {
                let tall = plot * Double(part.value) / top
                y -= tall
                svg.rect(
                    x, y, bar, max(tall - 1, 0.75), radius: 1.5, tone: part.tone,
                    tip: "\(column.label): \(Format.count(part.value)) \(part.label.lowercased())")
            }
            // Counted from the end, so that today is always named.
            if (columns.count - 1 - index).isMultiple(of: every) {
                let isLast = index == columns.count - 1
                svg.label(column.label, x: isLast ? width : x + bar / 2, y: height - 6, anchor: isLast ? .end : .middle)
            }
        }
        return svg.closed()
    }

    /// The distance of the lines behind a chart: 1, 2 or 5 times a power of ten, for about four lines.
    static func niceStep(_ highest: Int) -> Int {
        guard highest > 4 else { return 1 }
        var power = 1
        while power * 10 * 4 <= highest { power *= 10 }
        return [1, 2, 5, 10].map { $0 * power }.first { $0 * 4 >= highest } ?? power * 10
    }

    /// A bar that is filled in part. It says nothing by itself: the number stands beside it as text.
    package static func bar(_ share: Double, tone: Tone) -> String {
        let filled = SVG.number((share.isFinite ? share : 0).clamped(to: 0...1) * 100)
        return "<svg class=\"chart-bar\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\" width=\"100\" height=\"6\">"
            + "<rect class=\"f-track\" width=\"100\" height=\"6\" fill=\"#eff1f3\"/><rect class=\"f-\(tone.rawValue)\" width=\"\(filled)\" height=\"6\" fill=\"\(tone.fill)\"/></svg>"
    }

    /// What a whole is made of, side by side. It says nothing by itself: the numbers stand beside it as text. A part that is there is seen, however
    /// small it is.
    package static func stack(_ parts: [(count: Int, tone: Tone)]) -> String {
        let shown = parts.filter { $0.count > 0 }
        let total = Double(shown.reduce(0) { $0 + $1.count })
        guard total > 0 else { return "" }
        // A part has at least one hundredth and a half; the others give it what it lacks, each by its size.
        let least = 1.5
        let raised = shown.map { max(least, Double($0.count) / total * 100) }
        let sum = raised.reduce(0, +)
        var svg =
            "<svg class=\"chart-stack\" viewBox=\"0 0 100 12\" preserveAspectRatio=\"none\" aria-hidden=\"true\" width=\"100\" height=\"12\">"
        var x = 0.0
        for (part, width) in zip(shown, raised) {
            let width = width / sum * 100
            svg +=
                "<rect class=\"f-\(part.tone.rawValue)\" x=\"\(SVG.number(x))\" width=\"\(SVG.number(width))\" height=\"12\" fill=\"\(part.tone.fill)\"/>"
            x += width
        }
        return svg + "</svg>"
    }

    /// A line without axes: whether it goes up or down.
    package static func sparkline(_ values: [Int], id: String, title: String, width: Double = 120, height: Double = 32) -> String {
        let highest = Double(max(1, values.max() ?? 1))
        let told = values.map { Format.count($0) }.joined(separator: ", ")
        var svg = SVG(id: id, width: width, height: height, title: title, description: told.isEmpty ? "Nothing yet." : told, kind: "sparkline")
        guard values.count > 1 else { return svg.closed() }
        let points = values.enumerated().map { index, value in
            let x = 1.5 + (width - 3) * Double(index) / Double(values.count - 1)
            return "\(SVG.number(x)) \(SVG.number(height - 2 - (height - 4) * Double(max(0, value)) / highest))"
        }
        svg.stroke("M" + points.joined(separator: "L"), width: 1.75, tone: .accent)
        return svg.closed()
    }

    /// A score of 0 to 100 as a half ring.
    package static func gauge(_ score: Int, level: String, tone: Tone, id: String, title: String, width: Double = 188) -> String {
        let score = score.clamped(to: 0...100)
        let height = width * 0.6
        var svg = SVG(id: id, width: width, height: height, title: title, description: "\(score) of 100: \(level).", kind: "gauge")
        let (centre, base) = (width / 2, height - 8)
        let radius = width / 2 - 10
        func point(_ share: Double) -> String {
            let angle = Double.pi * (1 + share)
            return "\(SVG.number(centre + radius * cos(angle))) \(SVG.number(base + radius * sin(angle)))"
        }
        let r = SVG.number(radius)
        svg.stroke("M\(point(0))A\(r) \(r) 0 0 1 \(point(1))", width: 11, tone: .neutral)
        if score > 0 { svg.stroke("M\(point(0))A\(r) \(r) 0 0 1 \(point(Double(score) / 100))", width: 11, tone: tone) }
        svg.label("\(score)", x: centre, y: base - 14, anchor: .middle, size: width * 0.21, kind: "chart-value")
        svg.label("of 100", x: centre, y: base + 3, anchor: .middle, size: 11)
        return svg.closed()
    }
}
