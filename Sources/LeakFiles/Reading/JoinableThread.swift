import Foundation

/// A thread that somebody waits for: file work blocks, and must not hold a thread of Swift's pool.
final class JoinableThread {
    private final class Body {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    private var thread: pthread_t?

    /// - Returns: nil when the system has no thread left.
    init?(_ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        let result = pthread_create(
            &thread, nil,
            { pointer in
                if let pointer { Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run() }
                return nil
            }, body.toOpaque())
        guard result == 0 else {
            body.release()
            return nil
        }
        self.thread = thread
    }

    func join() {
        if let thread { pthread_join(thread, nil) }
        thread = nil
    }
}
