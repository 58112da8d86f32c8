import Logging
import Synchronization
import Testing

@testable import DataShield

@Suite struct QuietCancellationTests {
    /// Keeps what it is told.
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    private struct Keeper: LogHandler {
        let lines: Lines
        var logLevel: Logger.Level
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { lines.all.withLock { $0.append("\(event.level): \(event.message)") } }
    }

    @Test(arguments: [
        (Logger.Level.info, ["error: Server shutdown error: no"]),
        (.debug, ["debug: Waiting on child channel: CancellationError()", "error: Server shutdown error: no"]),
    ])
    func `that stopping cancels is no error, and all else is what it was`(level: Logger.Level, expected: [String]) {
        let lines = Lines()
        var logger = Logger(label: "test") { _ in Keeper(lines: lines, logLevel: level) }
        logger.logLevel = level
        let quiet = logger.withoutCancellation
        #expect(quiet.logLevel == level)
        quiet.error("Waiting on child channel: \(CancellationError())")
        quiet.error("Server shutdown error: no")
        #expect(lines.all.withLock { $0 } == expected)
    }
}
