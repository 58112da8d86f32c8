import Foundation
import Testing

/// Waits until something is so.
/// - Throws: when it is not so in time.
func becomesTrue(
    within limit: Duration = .seconds(60), at place: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    struct TooLate: Error {}
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("It did not become so in time.", sourceLocation: place)
            throw TooLate()
        }
        try await Task.sleep(for: .milliseconds(5))  // sleeps: between two looks, within a deadline
    }
}

/// A folder for a test's leak files, gone afterwards.
func withScratchFolder<R>(_ body: (URL) async throws -> R) async throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ingest-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }  // try?: a left-over temporary file harms nobody
    return try await body(folder)
}
