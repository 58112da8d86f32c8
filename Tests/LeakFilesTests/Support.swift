@testable import LeakFiles

let people = ["alex.doe@example.com", "sam@example.net", "kim@acme.example"]

func withView<Result>(_ text: String, _ body: (ByteView) -> Result) -> Result {
    withView(bytes: Array(text.utf8), body)
}

func withView<Result>(bytes: [UInt8], _ body: (ByteView) -> Result) -> Result {
    bytes.withUnsafeBytes { body(ByteView($0)) }
}

/// What a credential line says, in text.
struct Read: Equatable {
    var host: String?
    var login: String
    var secret: String
    var confidence: ReadingConfidence
}

func readLine(_ line: String, separator: String = ":", match: String? = nil) -> Read? {
    withView(line) { view in
        let found = match.flatMap { match in withView(match) { _ in view.firstRange(of: match) } }
        let reading = CredentialLine.read(view, separator: separator.utf8.first ?? 0, match: found.map { view[$0] })
        guard let credential = reading.credential else { return nil }
        return Read(
            host: credential.host.flatMap(SiteAddress.hostName), login: credential.login.text(limit: 254),
            secret: String(decoding: credential.secretEscape.decoded(credential.secret), as: UTF8.self), confidence: credential.confidence)
    }
}

extension ByteView {
    func firstRange(of text: String) -> Range<Int>? {
        let wanted = Array(text.utf8)
        guard count >= wanted.count else { return nil }
        for start in 0...count - wanted.count where Array(self[start..<start + wanted.count].bytes) == wanted { return start..<start + wanted.count }
        return nil
    }
}

/// Reads a file as the core does: shape from its beginning, then each match with its line.
func records(_ text: String, name: String = "list.txt", watching addresses: [String] = people) -> [LeakRecord] {
    records(bytes: Array(text.utf8), name: name, watching: addresses)
}

func records(bytes: [UInt8], name: String = "list.txt", watching addresses: [String] = people) -> [LeakRecord] {
    bytes.withUnsafeBytes { buffer in
        let shape = FileShape(sample: buffer, name: name)
        let whole = ByteView(buffer)
        return WatchList(addresses).matches(in: buffer).map { match in
            var start = 0
            var end = buffer.count
            if !shape.spansLines {
                start = whole.lastIndex(of: ByteView.lineFeed, before: match.range.lowerBound).map { $0 + 1 } ?? 0
                end = whole.firstIndex(of: ByteView.lineFeed, from: match.range.upperBound) ?? buffer.count
            }
            let context = MatchContext(
                line: UnsafeRawBufferPointer(rebasing: buffer[start..<end]), match: match.range.lowerBound - start..<match.range.upperBound - start)
            return shape.record(of: match.address, in: context, offset: UInt64(match.range.lowerBound)) {
                ScanWindow(bytes: buffer, base: 0, isEnd: true).surroundings(of: match.range)
            }
        }
    }
}

extension LeakRecord {
    var secretText: String? { secret.map { String(decoding: $0.bytes, as: UTF8.self) } }
}

extension StealerLogCollector {
    mutating func add(_ path: String, text: String) {
        add(path, bytes: Array(text.utf8))
    }

    mutating func add(_ path: String, bytes: [UInt8]) {
        bytes.withUnsafeBytes { add(path, $0) }
    }
}

/// The logs of an archive with these files.
func logs(_ files: [(String, String)], watching addresses: [String] = people) -> [StealerLog] {
    var collector = StealerLogCollector(watch: WatchList(addresses))
    for (path, text) in files {
        switch interest(in: path, text, collector) {
        case .whole: collector.add(path, text: text)
        case .presence: collector.notePresence(path)
        case .look, .leakFile, .none: break
        }
    }
    return collector.finish()
}

/// What a collector does with a file, having looked into it where it wants to.
func interest(in path: String, _ text: String, _ collector: StealerLogCollector = StealerLogCollector(watch: WatchList(people))) -> EntryInterest {
    let interest = collector.interest(in: path)
    return interest == .look ? Array(text.utf8).withUnsafeBytes { collector.interest(in: path, beginning: $0) } : interest
}

extension MachineIdentity {
    /// Tells two logs apart as an installation does, without its key.
    var key: String { machineId.map { "id \($0)" } ?? computer.map { "names \($0) \(user ?? "")" } ?? "content \(content ?? [])" }
}
