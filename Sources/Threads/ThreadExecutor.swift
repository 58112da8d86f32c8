import Foundation

/// A serial executor that is a thread: what blocks on it blocks nobody else.
///
/// C libraries that block are called from actors on such an executor, never from the pool that all tasks share.
/// A task can also prefer it for its own code. Going from there to the actor of this executor and back is no change of thread.
///
/// The thread lives from the first job until ``stop()``; it, and not its maker, keeps the executor in memory while it runs.
// @unchecked: everything that changes is touched only with the mutex held.
package final class ThreadExecutor: SerialExecutor, TaskExecutor, @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let name: String
    private var jobs: [UnownedJob] = []
    private var isStarted = false
    private var isStopped = false
    private var isWaiting = false

    package init(name: String) {
        self.name = name
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(condition)
        mutex.deallocate()
        condition.deallocate()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pthread_mutex_lock(mutex)
        jobs.append(job)
        let mustStart = !isStarted
        isStarted = true
        let mustWake = isWaiting
        pthread_mutex_unlock(mutex)
        if mustWake { pthread_cond_signal(condition) }
        if mustStart { start() }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// Lets the thread end once it has done what is waiting.
    package func stop() {
        pthread_mutex_lock(mutex)
        isStopped = true
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(condition)
    }

    private func start() {
        let thread = Thread { self.work() }
        thread.name = name
        thread.start()
    }

    private func work() {
        let serial = asUnownedSerialExecutor()
        let task = asUnownedTaskExecutor()
        var batch: [UnownedJob] = []
        while take(&batch) {
            for job in batch { job.runSynchronously(isolatedTo: serial, taskExecutor: task) }
            batch.removeAll(keepingCapacity: true)
        }
    }

    /// Waits for jobs. The two arrays are swapped, so that neither is allocated anew.
    /// - Returns: false when there is nothing left to do, ever.
    private func take(_ batch: inout [UnownedJob]) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.isEmpty {
            if isStopped { return false }
            isWaiting = true
            pthread_cond_wait(condition, mutex)
            isWaiting = false
        }
        swap(&jobs, &batch)
        return true
    }
}
