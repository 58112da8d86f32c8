/// Where a piece of work in the background stands.
package enum WorkStatus: String, NativeEnum {
    case pending = "PENDING"
    case running = "RUNNING"
    case succeeded = "SUCCEEDED"
    case failed = "FAILED"

    /// Whether nothing more will happen.
    package var isFinished: Bool {
        switch self {
        case .pending, .running: false
        case .succeeded, .failed: true
        }
    }
}
