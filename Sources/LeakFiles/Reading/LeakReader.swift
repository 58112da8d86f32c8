/// Reads leak files, folders and archives, and finds watched addresses in them.
///
/// Reading blocks, so it has threads of its own; all of them have ended when ``read(_:resume:deliver:)`` returns.
package struct LeakReader: Sendable {
    let watch: WatchList
    let limits: LeakLimits
    let threads: Int
    let digestKey: DigestKey

    /// - Parameters:
    ///   - threads: how many look at a plain file. What is compressed is decoded by one, and looked at by another.
    ///   - digestKey: of the content digests; the same for all reads whose digests are compared.
    package init(watch: WatchList, limits: LeakLimits = LeakLimits(), threads: Int = 2, digestKey: DigestKey = DigestKey()) {
        self.watch = watch
        self.limits = limits
        self.threads = max(1, threads)
        self.digestKey = digestKey
    }

    /// Reads files and folders, one after another.
    ///
    /// A batch is delivered when enough was found or enough time has passed, and at the end of each file. When `deliver` is slow, reading waits.
    /// A part that cannot be read is reported in a batch and loses nothing else. After a cancellation, or an error of `deliver`, no batch follows.
    /// - Parameters:
    ///   - paths: of files and folders. Symbolic links are followed here, not in folders.
    ///   - names: what files are called, by their paths, where the path does not say it: a name may tell what a file is.
    ///   - resume: what an earlier read had done.
    ///   - deliver: records a batch; when it has returned, the batch's checkpoint may be kept.
    /// - Throws: `CancellationError`, ``Failure``, and what `deliver` throws.
    nonisolated(nonsending) package func read(
        _ paths: [String], called names: [String: String] = [:], resume: LeakResume = LeakResume(), deliver: (LeakBatch) async throws -> Void
    ) async throws -> LeakReport {
        let queue = BatchQueue(capacity: 4)
        let worker = JoinableThread { [self] in
            ReadRun(self, names: names, resume: resume, queue: queue).run(paths)
            queue.finish()
        }
        guard let worker else { throw Failure.noThread }
        var report = LeakReport()
        do {
            try await withTaskCancellationHandler {
                while let batch = await queue.next() {
                    try Task.checkCancellation()
                    report.add(batch)
                    try await deliver(batch)
                }
                try Task.checkCancellation()
            } onCancel: {
                queue.close()
            }
        } catch {
            queue.close()
            while await queue.next() != nil {}
            worker.join()
            throw error
        }
        // Finishing the queue was its last act: this does not wait.
        worker.join()
        return report
    }

    /// The digest of a file's content, nil when it cannot be read. Blocks.
    package func digest(of path: String) -> ContentDigest? {
        guard let file = try? OpenFile(path, followsLinks: true) else { return nil }
        var input = FileInput(file, digestKey: digestKey)
        return try? input.wholeDigest { true }
    }

    package enum Failure: Error, Equatable {
        /// The system has no thread left.
        case noThread
    }
}
