import LeakFiles

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// SwiftPM renames an executable's entry point, so each program hands its own over.
package func run(
    _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt {
    var count = count
    var arguments = arguments
    return runDriver(&count, &arguments, body)
}

private let watch = WatchList(["alex.doe@example.com", "sam@example.net", "a@b.co", "o't+x@b.co", "m@xn--mller-kva.test"])

/// Each way in, for a start of bytes and their number. What is not as promised stops the program.
package enum Entry {
    /// The first byte chooses name, cuts and an additional place that no address needs to be at.
    package static func shape(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        guard count > 4 else { return 0 }
        let input = UnsafeRawBufferPointer(start: start, count: count)
        let choice = input[0]
        let content = UnsafeRawBufferPointer(rebasing: input[4...])
        let shape = FileShape(sample: content, name: ["x.txt", "x.sql", "x.json", "x.csv"][Int(choice & 3)])
        var matches = watch.matches(in: content)
        let place = min(content.count, Int(input[1]) << 4 | Int(input[2] & 15))
        matches.append(WatchMatch(address: 0, range: place..<min(content.count, place + Int(input[3] & 31))))
        for match in matches.suffix(64) {
            var context = MatchContext(line: content, match: match.range, isStartCut: choice & 4 != 0, isEndCut: choice & 8 != 0)
            if context.isStartCut { context.head = UnsafeRawBufferPointer(rebasing: content.prefix(256)) }
            let record = shape.record(of: match.address, in: context, offset: 1)
            precondition((record.login?.count ?? 0) <= 254 && record.fields.count <= 40 && (record.secret?.bytes.count ?? 0) <= 1_024)
        }
        return 0
    }

    package static func passwords(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        read(["Passwords.txt", "Passwords.csv"], start, count)
    }

    package static func system(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        read(["System.txt", "pc_info.json", "ip.txt"], start, count)
    }

    package static func cookies(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt { read(["Cookies/Default.txt"], start, count) }

    package static func autofill(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt { read(["Autofills/Default.txt"], start, count) }

    private static func read(_ names: [String], _ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        let content = UnsafeRawBufferPointer(start: start, count: count)
        for name in names {
            var collector = StealerLogCollector(watch: watch)
            // With an address that is watched the log is made, whatever the rest holds.
            Array("URL: a.example\nUsername: a@b.co\nPassword: x\n".utf8).withUnsafeBytes { collector.add("device/logins.txt", $0) }
            collector.add("device/" + name, content)
            let logs = collector.finish()
            precondition(logs.count == 1 && logs[0].identity.former.ids.allSatisfy { $0.utf8.count == 64 })
        }
        return 0
    }

    /// Entries one after the other: a path up to a line feed, then as many bytes as the next two say.
    package static func collector(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        let input = UnsafeRawBufferPointer(start: start, count: count)
        var collector = StealerLogCollector(watch: watch)
        var position = 0
        while position < count {
            let end = input[position...].firstIndex(of: 10) ?? count
            let path = String(decoding: input[position..<end], as: UTF8.self)
            guard end + 2 < count else { break }
            let length = min(count - end - 3, Int(input[end + 1]) << 8 | Int(input[end + 2]))
            let content = UnsafeRawBufferPointer(rebasing: input[end + 3..<end + 3 + length])
            var interest = collector.interest(in: path)
            if interest == .look { interest = collector.interest(in: path, beginning: content) }
            switch interest {
            case .whole: collector.add(path, content)
            case .presence: collector.notePresence(path)
            case .look, .leakFile, .none: break
            }
            position = end + 3 + length
        }
        let machines = collector.machineCount
        precondition(collector.finish().count <= count && machines <= count)
        return 0
    }
}
