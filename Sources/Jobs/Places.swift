import Synchronization

/// What a worker has in hand, and what it may still take.
///
/// It has so many places for work on this machine. A job of an ordinary kind has one from beginning to end. One of a kind that mostly waits for
/// services elsewhere has none, and takes one for as long as it works here: see ``RunningJob/place()``. No kind has all places, and no company
/// more than half.
final class Places: Sendable {
    private struct Waiter {
        let id: UInt64
        let kind: String
        let company: String?
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        let count: Int
        /// Below zero when a place was taken while the queue was asked for jobs.
        var free: Int
        /// Jobs in hand by their kind, whether they have a place or not.
        var inHand: [String: Int] = [:]
        /// Places by the kind and by the company of the jobs that have them.
        var ofKind: [String: Int] = [:]
        var ofCompany: [String: Int] = [:]
        /// In the order in which they came.
        var waiters: [Waiter] = []
        var lastWaiter: UInt64 = 0

        var mostOfAKind: Int { max(1, count - 1) }
        var mostOfACompany: Int { max(1, count / 2) }

        func mayTake(_ kind: String, _ company: String?) -> Bool {
            guard free > 0, ofKind[kind, default: 0] < mostOfAKind else { return false }
            return company.map { ofCompany[$0, default: 0] < mostOfACompany } ?? true
        }

        mutating func take(_ kind: String, _ company: String?) { change(kind, company, by: 1) }
        mutating func give(_ kind: String, _ company: String?) { change(kind, company, by: -1) }

        private mutating func change(_ kind: String, _ company: String?, by number: Int) {
            free -= number
            ofKind[kind, default: 0] += number
            guard let company else { return }
            let held = ofCompany[company, default: 0] + number
            ofCompany[company] = held == 0 ? nil : held
        }

        /// Hands what is free to those who wait and may have it.
        mutating func pass() -> [Waiter] {
            var served: [Waiter] = []
            while let index = waiters.firstIndex(where: { mayTake($0.kind, $0.company) }) {
                let waiter = waiters.remove(at: index)
                take(waiter.kind, waiter.company)
                served.append(waiter)
            }
            return served
        }
    }

    private let state: Mutex<State>
    private let isFree: @Sendable () -> Void

    /// - Parameters:
    ///   - count: how many there are.
    ///   - isFree: called when there may be room for another job.
    init(_ count: Int, isFree: @escaping @Sendable () -> Void) {
        state = Mutex(State(count: count, free: count))
        self.isFree = isFree
    }

    /// How many places nobody has.
    var free: Int { state.withLock { max(0, $0.free) } }
    /// How many places jobs of one kind may have: the last is for others.
    var mostOfAKind: Int { state.withLock { $0.mostOfAKind } }

    func inHand(_ kind: String) -> Int { state.withLock { $0.inHand[kind, default: 0] } }

    /// Notes a job that was taken from the queue.
    func begin(_ job: Job, takesPlace: Bool) {
        state.withLock { state in
            state.inHand[job.kind, default: 0] += 1
            if takesPlace { state.take(job.kind, job.companyID) }
        }
    }

    func end(_ job: Job, takesPlace: Bool) {
        state.withLock { $0.inHand[job.kind, default: 1] -= 1 }
        if takesPlace { give(by: job) }
        isFree()
    }

    /// Waits for a place, behind those who came before and may have one.
    /// - Throws: `CancellationError`.
    func take(for job: Job) async throws {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        let isTaken = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    if state.mayTake(job.kind, job.companyID) {
                        // Whoever waits may not have one just now.
                        state.take(job.kind, job.companyID)
                        return true
                    }
                    state.waiters.append(Waiter(id: id, kind: job.kind, company: job.companyID, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: false)
        }
        guard isTaken else { throw CancellationError() }
    }

    func give(by job: Job) {
        let (served, isFirst) = state.withLock { state in
            state.give(job.kind, job.companyID)
            let served = state.pass()
            return (served, state.free == 1)
        }
        for waiter in served { waiter.continuation.resume(returning: true) }
        // While there were others, the queue had nothing for them.
        if isFirst { isFree() }
    }
}
