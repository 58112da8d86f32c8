/// The stealer logs of a folder.
struct FolderLogs {
    let identity: FileIdentity
    var collector: StealerLogCollector
    var entries = 0
    var passedOver = 0
    var isIncomplete = false
    private var digest: DigestStream
    private var bytes: UInt64 = 0
    private var matches: UInt64 = 0

    init(_ identity: FileIdentity, watch: WatchList, digestKey: DigestKey) {
        self.identity = identity
        collector = StealerLogCollector(watch: watch)
        digest = DigestStream(key: digestKey)
    }

    /// What to do with a file whose path does not say it.
    func interest(in relative: String, _ file: OpenFile) throws(OpenFile.Failure) -> EntryInterest {
        let beginning = try file.beginning(LogContent.sampleBytes)
        return beginning.withUnsafeBytes { collector.interest(in: relative, beginning: $0) }
    }

    /// Reads a file of a log.
    mutating func add(_ relative: String, _ file: OpenFile) throws(OpenFile.Failure) {
        var content = [UInt8](repeating: 0, count: Int(file.size))
        let result: Result<Int, OpenFile.Failure> = content.withUnsafeMutableBytes { memory in
            do throws(OpenFile.Failure) {
                return .success(try file.read(at: 0, into: memory))
            } catch {
                return .failure(error)
            }
        }
        let count = try result.get()
        content.removeLast(content.count - count)
        entries += 1
        bytes += UInt64(count)
        // Names and lengths too, so that the same bytes in other files are another folder.
        Array("\(relative)\0\(count)\0".utf8).withUnsafeBytes { digest.add($0) }
        content.withUnsafeBytes { content in
            digest.add(content)
            TextEncoding.withDecoded(content) { collector.add(relative, $0) }
        }
    }

    mutating func take() -> [StealerLog] { counted(collector.takeFinished()) }
    mutating func finish() -> [StealerLog] { counted(collector.finish()) }

    private mutating func counted(_ logs: [StealerLog]) -> [StealerLog] {
        for log in logs { matches += UInt64(log.records.count) }
        return logs
    }

    var summary: LeakFileSummary {
        var digest = self.digest
        return LeakFileSummary(
            file: identity, outcome: isIncomplete ? .incomplete : .read, digest: isIncomplete || entries == 0 ? nil : digest.end(), bytes: bytes,
            matches: matches,
            entries: entries, machines: collector.machineCount, credentials: collector.credentialCount, passedOver: passedOver, isFolder: true)
    }
}
