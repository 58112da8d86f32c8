import Foundation
import NIOPosix
import Synchronization

/// Asks the system for the addresses of a name. The system's call blocks for as long as the name service takes, so it has threads of its own:
/// a slow name service holds up nobody who does not ask for a name. Whoever waits can be cancelled; the thread then comes back by itself.
struct NameLookup: Sendable {
    /// As many names can be asked for at a time; more wait until their caller's time is over.
    static let threadCount = 16
    static let system = NameLookup()

    private let threads: NIOThreadPool
    private let blockingLookup: @Sendable (String) throws -> [IPAddress]

    /// - Parameter blockingLookup: what blocks. Handed in by tests.
    init(threadCount: Int = threadCount, blockingLookup: @escaping @Sendable (String) throws -> [IPAddress] = NameLookup.addresses) {
        threads = NIOThreadPool(numberOfThreads: threadCount)
        self.blockingLookup = blockingLookup
        threads.start()
    }

    /// - Throws: ``OutboundFailure/unknownHost``, or `CancellationError` as soon as the task is cancelled.
    func addresses(of name: String) async throws -> [IPAddress] {
        let answer = Answer()
        threads.submit { state in
            guard state == .active, answer.isAwaited else { return answer.give(.failure(CancellationError())) }
            answer.give(Result { try blockingLookup(name) })
        }
        return try await answer.wait()
    }

    /// What a thread gives, and a task may give up.
    private final class Answer: Sendable {
        private enum State {
            case pending
            case awaited(CheckedContinuation<[IPAddress], any Error>)
            case given(Result<[IPAddress], any Error>)
        }

        private let state = Mutex(State.pending)

        /// Whether the name is still of interest.
        var isAwaited: Bool { state.withLock { if case .given = $0 { false } else { true } } }

        /// The first answer counts.
        func give(_ result: Result<[IPAddress], any Error>) {
            let waiter = state.withLock { state -> CheckedContinuation<[IPAddress], any Error>? in
                switch state {
                case .given: return nil
                case .pending:
                    state = .given(result)
                    return nil
                case .awaited(let waiter):
                    state = .given(result)
                    return waiter
                }
            }
            waiter?.resume(with: result)
        }

        func wait() async throws -> [IPAddress] {
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { waiter in
                    let given = state.withLock { state -> Result<[IPAddress], any Error>? in
                        if case .given(let result) = state { return result }
                        state = .awaited(waiter)
                        return nil
                    }
                    if let given { waiter.resume(with: given) }
                }
            } onCancel: {
                give(.failure(CancellationError()))
            }
        }
    }

    private static func addresses(of name: String) throws -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { throw OutboundFailure.unknownHost }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = list
        while let entry = next {
            var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(entry.pointee.ai_addr, entry.pointee.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0, NI_NUMERICHOST) == 0 {
                let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                // A link-local address has its interface behind a percent sign.
                if let address = IPAddress(String(text.prefix { $0 != "%" })) { addresses.append(address) }
            }
            next = entry.pointee.ai_next
        }
        return addresses
    }
}
