/// Prints measurements as a Markdown table, so that it can go into docs/benchmarks.md as it is.
enum Table {
    static func text(_ measurements: [Measurement]) -> String {
        let head = ["What", "Measured", "Peer", "Ratio", "Bar", "Met"]
        let rows = measurements.map { [$0.what, $0.measured, $0.peer, $0.ratio, $0.bar, $0.isMet ? "yes" : "NO"] }
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        func line(_ cells: [String]) -> String {
            "| " + zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: " | ") + " |"
        }
        return ([line(head), line(widths.map { String(repeating: "-", count: $0) })] + rows.map(line)).joined(separator: "\n")
    }
}
