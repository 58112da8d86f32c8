import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// Takes and reads what was uploaded, in the process that was sent it; the owner of that work.
///
/// Each company has one place: whoever sends a second file before the first is read waits for their own company alone. What files are
/// held in memory is bounded over all companies, fairly: the beginning of a file, ``freeBytes``, always has room, and what is above it is
/// taken from ``sharedBytes``. A company takes half of what the others leave at most, so that there is always some for the next: the largest
/// file has room while nobody else has a large one. How full it is is told to nobody, only that a file has no room now.
package final class IngestUploads: Service {
    /// How many companies have a place at once.
    static let places = 32
    /// How many files are read at once; the processors are shared among them.
    static let readings = 8
    /// So much of each file has room whatever others send.
    static let freeBytes = 8 << 20
    /// How much the rest of all files takes together.
    static let sharedBytes = 1 << 30

    private struct State {
        /// The bytes of each company's file that are taken from the shared room.
        var taken: [CompanyID: Int] = [:]
        var shared = 0
        var reading = 0
    }

    let logger: Logger?
    private let limits: (places: Int, free: Int, shared: Int)
    private let state = Mutex(State())
    private let work: AsyncStream<@Sendable () async -> Void>
    private let continuation: AsyncStream<@Sendable () async -> Void>.Continuation

    package convenience init(logger: Logger? = nil) {
        self.init(logger: logger, places: Self.places, freeBytes: Self.freeBytes, sharedBytes: Self.sharedBytes)
    }

    init(logger: Logger? = nil, places: Int, freeBytes: Int, sharedBytes: Int) {
        self.logger = logger
        limits = (places, freeBytes, sharedBytes)
        (work, continuation) = AsyncStream.makeStream()
    }

    /// Reads until it is told to shut down; readings under way are then cancelled, and say so in their runs.
    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            await withTaskGroup(of: Void.self) { group in
                var started = 0
                for await body in work {
                    if started == Self.readings {
                        _ = await group.next()
                        started -= 1
                    }
                    started += 1
                    group.addTask { await body() }
                }
            }
        }
    }

    /// Takes a company's place.
    /// - Throws: ``Ingests/Failure/busy`` while the company has it already, ``Ingests/Failure/noRoom`` when all places are taken.
    func reserve(for company: CompanyID) throws {
        try state.withLock { state in
            guard state.taken[company] == nil else { throw Ingests.Failure.busy }
            guard state.taken.count < limits.places else { throw Ingests.Failure.noRoom }
            state.taken[company] = 0
        }
    }

    /// Gives a company's place back, and the room of its file.
    func release(_ company: CompanyID) {
        state.withLock { state in state.shared -= state.taken.removeValue(forKey: company) ?? 0 }
    }

    /// Takes room for a company's file, which has so many bytes now, or will have.
    /// - Throws: ``Ingests/Failure/tooLargeNow``.
    func grow(to size: Int, for company: CompanyID) throws {
        try state.withLock { state in
            guard let before = state.taken[company] else { return }
            let now = max(before, size - limits.free)
            guard now > before else { return }
            let left = limits.shared - (state.shared - before)
            guard now <= left / 2 else { throw Ingests.Failure.tooLargeNow }
            state.taken[company] = now
            state.shared += now - before
        }
    }

    /// Has a company's file read, whose place is free again afterwards.
    /// - Parameter body: is told how many threads it may use.
    func start(for company: CompanyID, _ body: @escaping @Sendable (Int) async -> Void) {
        continuation.yield { [self] in
            let others = state.withLock { state in
                state.reading += 1
                return state.reading
            }
            await body(max(1, ProcessInfo.processInfo.activeProcessorCount / others))
            state.withLock { $0.reading -= 1 }
            release(company)
        }
    }
}
