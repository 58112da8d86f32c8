import Testing

@testable import DataShield

@Suite struct ChartTests {
    @Test func `text from outside is escaped in every chart`() {
        let evil = #"<script>alert("x")</script>&'"#
        let charts = [
            Charts.donut([.init(evil, 3, .high), .init("b", 1, .low)], id: "a", title: evil, caption: evil),
            Charts.columns([.init(label: evil, parts: [.init(evil, 2, .low)])], id: "b", title: evil, unit: evil),
            Charts.sparkline([1, 2], id: "c", title: evil),
            Charts.gauge(5, level: evil, tone: .low, id: evil, title: evil),
        ]
        for chart in charts {
            #expect(!chart.contains("<script"))
            #expect(!chart.contains("\"x\""))
            #expect(chart.contains("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;"))
        }
    }

    @Test func `a chart has a name, a description and no style attribute`() {
        let charts = [
            Charts.donut([.init("Critical", 2, .critical), .init("High", 1, .high)], id: "d", title: "Open alerts", caption: "open"),
            Charts.columns([.init(label: "1 Nov", parts: [.init("High", 4, .high)])], id: "t", title: "Alerts", unit: "alerts"),
            Charts.gauge(63, level: "High", tone: .high, id: "g", title: "Risk"),
            Charts.sparkline([1, 5, 2], id: "s", title: "Alerts"),
        ]
        for chart in charts {
            #expect(chart.contains("role=\"img\""))
            #expect(chart.contains("<title id=") && chart.contains("<desc id="))
            #expect(!chart.contains("style="))
            #expect(chart.hasSuffix("</svg>"))
        }
        #expect(charts[0].contains("Critical 2, High 1"))
        #expect(charts[2].contains("63 of 100: High."))
    }

    @Test func `an empty chart says that there is nothing`() {
        #expect(Charts.donut([.init("High", 0, .high)], id: "d", title: "Open", caption: "open").contains("Nothing yet."))
        #expect(Charts.columns([], id: "t", title: "Alerts", unit: "alerts").hasSuffix("</svg>"))
        #expect(Charts.sparkline([], id: "s", title: "Alerts").contains("Nothing yet."))
    }

    @Test(arguments: [7, 0], [48.0, 168, 320])
    func `a ring of one slice, or of none, is drawn whole and hollow`(value: Int, size: Double) throws {
        let chart = Charts.donut([.init("High", value, .high)], id: "d", title: "Open", caption: "open", size: size)
        #expect(chart.contains(value > 0 ? "f-high" : "f-neutral"))
        #expect(chart.contains(" 0 1 1 "))
        // An arc that ends where it begins would not be drawn at all: without the outer one there is nothing, without the inner one a disc.
        let path = try #require(chart.firstMatch(of: /d="M(\S+ \S+?)A\S+ \S+ 0 1 1 (\S+ \S+?)L(\S+ \S+?)A\S+ \S+ 0 1 0 (\S+ \S+?)Z"/)?.output)
        #expect(path.1 != path.2)
        #expect(path.3 != path.4)
    }

    @Test(arguments: [(0, 1), (4, 1), (5, 2), (8, 2), (9, 5), (20, 5), (21, 10), (40, 10), (41, 20), (1_000, 500)])
    func `lines stand at round numbers`(highest: Int, step: Int) {
        #expect(Charts.niceStep(highest) == step)
    }

    @Test(
        arguments: [(1.0, "1"), (0.5, "0.5"), (2.05, "2.05"), (-3.25, "-3.25"), (1.0 / 3, "0.33"), (Double.nan, "0"), (.infinity, "0")]
            as [(Double, String)])
    func `numbers are short`(value: Double, text: String) {
        #expect(SVG.number(value) == text)
    }

    @Test(arguments: [-0.5, 0, 0.25, 1, 7, Double.nan])
    func `a bar is never longer than its place`(share: Double) throws {
        let chart = Charts.bar(share, tone: .accent)
        let width = try #require(chart.split(separator: "f-accent\" width=\"").last?.split(separator: "\"").first.flatMap { Double($0) })
        #expect((0...100).contains(width))
    }
}
