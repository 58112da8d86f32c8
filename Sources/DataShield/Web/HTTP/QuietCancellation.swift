import Logging

/// Logs for Hummingbird, which takes it for an error that a server which is told to stop leaves a connection in the middle of something:
/// a page that follows a scan, say. That is what stopping means, and nobody has to look at it.
struct QuietCancellation: LogHandler {
    private var inner: any LogHandler

    init(_ inner: any LogHandler) { self.inner = inner }

    var logLevel: Logger.Level {
        get { inner.logLevel }
        set { inner.logLevel = newValue }
    }
    var metadata: Logger.Metadata {
        get { inner.metadata }
        set { inner.metadata = newValue }
    }
    var metadataProvider: Logger.MetadataProvider? {
        get { inner.metadataProvider }
        set { inner.metadataProvider = newValue }
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { inner[metadataKey: key] }
        set { inner[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        var event = event
        if event.message.description.hasSuffix(": \(CancellationError())") {
            event.level = .debug
            guard logLevel <= .debug else { return }
        }
        inner.log(event: event)
    }
}

extension Logger {
    /// This logger for a server, see ``QuietCancellation``.
    package var withoutCancellation: Logger {
        var logger = self
        let handler = QuietCancellation(self.handler)
        logger.handler = handler
        return logger
    }
}
