import CLibCurl
import Foundation
import Synchronization

/// The thread on which libcurl is called: it starts with the first transfer, and ends when there was none for as long as connections are kept.
final class TransferLoop: Sendable {
    private enum Command: Sendable {
        case start(Transfer)
        case cancel(Transfer)
        case resume(Transfer)
    }

    private struct State {
        var commands: [Command] = []
        /// While the thread runs.
        var transfers: TransferSet?
        /// One, or two for the moment in which the first is closing its connections.
        var threads = 0
        var isStopped = false
        /// Who waits for the end of all threads.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let configuration: HTTPClient.Configuration

    init(_ configuration: HTTPClient.Configuration) { self.configuration = configuration }

    /// Takes a transfer over, which is finished whatever happens.
    func start(_ transfer: Transfer) {
        let refusal: (any Error)? = state.withLock { state in
            if state.isStopped { return CancellationError() }
            state.commands.append(.start(transfer))
            if let transfers = state.transfers {
                transfers.wake()
                return nil
            }
            guard let transfers = TransferSet(configuration) else {
                state.commands = []
                return HTTPClient.Failure.other(CURLE_FAILED_INIT.rawValue)
            }
            state.transfers = transfers
            state.threads += 1
            let thread = Thread { self.work(transfers) }
            thread.name = "http-client"
            thread.start()
            return nil
        }
        if let refusal { transfer.finish(.failure(refusal)) }
    }

    func cancel(_ transfer: Transfer) {
        transfer.isCancelled.store(true, ordering: .releasing)
        send(.cancel(transfer))
    }

    func resume(_ transfer: Transfer) { send(.resume(transfer)) }

    private func send(_ command: Command) {
        state.withLock { state in
            // Without a thread there is nothing to cancel or resume.
            guard let transfers = state.transfers else { return }
            state.commands.append(command)
            transfers.wake()
        }
    }

    /// Has the thread end.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            state.transfers?.wake()
        }
    }

    /// Has the thread end, and waits for it.
    func shutdown() async {
        stop()
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard state.threads > 0 else { return true }
                state.waiting.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    // MARK: On the thread

    private func work(_ transfers: TransferSet) {
        // A connection that broke is an error of its call, not a signal that ends the program.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        var lastUse = ContinuousClock.now
        while true {
            let (commands, isStopped) = state.withLock { state in
                defer { state.commands.removeAll(keepingCapacity: true) }
                return (state.commands, state.isStopped)
            }
            for command in commands {
                switch command {
                case .start(let transfer): transfers.add(transfer)
                case .cancel(let transfer): transfers.remove(transfer, CancellationError())
                case .resume(let transfer): transfers.resume(transfer)
                }
            }
            if isStopped { transfers.removeAll(CancellationError()) }
            transfers.perform()
            let now = ContinuousClock.now
            if !transfers.isEmpty { lastUse = now }
            let left = isStopped ? .zero : configuration.keepAlive - (now - lastUse)
            if transfers.isEmpty, left <= .zero, retire() { break }
            transfers.wait(atMost: left, now)
        }
        transfers.close()
        let waiting: [CheckedContinuation<Void, Never>] = state.withLock { state in
            state.threads -= 1
            guard state.threads == 0 else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// - Returns: whether the thread may end: the next transfer then starts another.
    private func retire() -> Bool {
        state.withLock { state in
            guard state.commands.isEmpty else { return false }
            state.transfers = nil
            return true
        }
    }
}
