import Foundation
import Scalars

/// The numbers of `/metrics`, in Prometheus' text format. Requests are labelled by route pattern, never by path, so that no id gets
/// into a metric and the number of series stays bounded.
package final class Telemetry: Sendable {
    /// A number that is read when somebody asks: pool sizes, waiting jobs.
    package struct Gauge: Sendable {
        package var name: String
        package var help: String
        /// The value by label, e.g. `state="idle"`; an empty label means none.
        package var read: @Sendable () async throws -> [(label: String, value: Double)]
    }

    private struct Key: Hashable {
        let method: String
        let route: String
        let status: Int
    }
    private struct Durations {
        var buckets = [Int](repeating: 0, count: Telemetry.bounds.count)
        var count = 0
        var sum = 0.0
    }
    private struct State {
        var requests: [Key: Int] = [:]
        var durations: [String: Durations] = [:]
        var gauges: [Gauge] = []
    }

    private static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    private let lock = NSLock()
    nonisolated(unsafe) private var state = State()  // guarded by `lock`

    package init() {}

    package func add(_ gauge: Gauge) { lock.withLock { state.gauges.append(gauge) } }

    func countRequest(method: String, route: String, status: Int, duration: Duration) {
        let seconds = duration.inSeconds
        let bucket = Self.bounds.firstIndex { seconds <= $0 }
        lock.withLock {
            state.requests[Key(method: method, route: route, status: status), default: 0] += 1
            state.durations[route, default: Durations()].count += 1
            state.durations[route, default: Durations()].sum += seconds
            if let bucket { state.durations[route, default: Durations()].buckets[bucket] += 1 }
        }
    }

    /// The text of `/metrics`.
    package func text() async -> String {
        let state = lock.withLock { self.state }
        var lines = ["# HELP datashield_http_requests_total Requests answered.", "# TYPE datashield_http_requests_total counter"]
        for (key, count) in state.requests.sorted(by: { ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status) })
        {
            lines.append(
                "datashield_http_requests_total{method=\"\(Self.escape(key.method))\",route=\"\(Self.escape(key.route))\",status=\"\(key.status)\"} \(count)"
            )
        }
        lines.append("# HELP datashield_http_request_seconds How long requests took.")
        lines.append("# TYPE datashield_http_request_seconds histogram")
        for (route, durations) in state.durations.sorted(by: { $0.key < $1.key }) {
            let name = "datashield_http_request_seconds"
            var total = 0
            for (bound, count) in zip(Self.bounds, durations.buckets) {
                total += count
                lines.append("\(name)_bucket{route=\"\(Self.escape(route))\",le=\"\(bound)\"} \(total)")
            }
            lines.append("\(name)_bucket{route=\"\(Self.escape(route))\",le=\"+Inf\"} \(durations.count)")
            lines.append("\(name)_sum{route=\"\(Self.escape(route))\"} \(durations.sum)")
            lines.append("\(name)_count{route=\"\(Self.escape(route))\"} \(durations.count)")
        }
        for gauge in state.gauges {
            // try?: metrics answer also while the database is away; a gauge that cannot be read is left out.
            guard let values = try? await gauge.read() else { continue }
            lines.append("# HELP \(gauge.name) \(gauge.help)")
            lines.append("# TYPE \(gauge.name) gauge")
            for (label, value) in values { lines.append("\(gauge.name)\(label.isEmpty ? "" : "{\(label)}") \(value)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func escape(_ label: String) -> String {
        label.escaping("\\", "\"").swapping("\n", for: "\\n")
    }
}
