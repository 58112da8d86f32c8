import Dispatch

/// The process's first thread, which waits for all the others.
package enum MainThread {
    /// Runs a program to its end.
    ///
    /// An asynchronous `main` does the same and lets its thread end, which on Linux means that it sleeps for ever, half gone: `setuid` passes
    /// over it then, and a server that root started would keep a thread that is root.
    package static func wait(for program: @escaping @Sendable () async -> Void) {
        let end = DispatchSemaphore(value: 0)
        // Free-standing, because it is the whole program: the process ends with it.
        Task {
            await program()
            end.signal()
        }
        end.wait()
    }
}
