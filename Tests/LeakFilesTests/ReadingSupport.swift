import Foundation
import Testing

@testable import LeakFiles

/// A folder that is removed when the test is over.
final class Scratch {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "leak-files-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Array(text.utf8))
    }
}

/// All that a read delivered.
struct Reading {
    struct Hit: Hashable, Comparable {
        var part: String
        var address: String
        var offset: UInt64

        static func < (left: Hit, right: Hit) -> Bool { (left.part, left.offset, left.address) < (right.part, right.offset, right.address) }
    }

    var hits: [Hit] = []
    var records: [LeakRecord] = []
    var logs: [StealerLog] = []
    var skipped: [SkippedPart] = []
    var finished: [LeakFileSummary] = []
    var batches: [LeakBatch] = []
    var report = LeakReport()

    mutating func add(_ batch: LeakBatch, _ watch: WatchList) {
        batches.append(batch)
        records += batch.records
        logs += batch.logs
        skipped += batch.skipped
        if let file = batch.finished { finished.append(file) }
        let part = (batch.part as NSString).lastPathComponent
        hits += batch.records.map { Hit(part: part, address: watch[$0.address], offset: $0.offset) }
    }
}

/// Delivers each stretch in a batch of its own.
var eagerLimits: LeakLimits {
    var limits = LeakLimits()
    limits.batchInterval = .zero
    return limits
}

func readAll(
    _ paths: [String], _ watch: WatchList, limits: LeakLimits = LeakLimits(), threads: Int = 2, resume: LeakResume = LeakResume()
) async throws -> Reading {
    var reading = Reading()
    reading.report = try await LeakReader(watch: watch, limits: limits, threads: threads).read(paths, resume: resume) { reading.add($0, watch) }
    return reading
}
