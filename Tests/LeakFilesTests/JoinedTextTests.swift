import Testing

@testable import LeakFiles

/// Files that were joined of parts in UTF-8 and in UTF-16.
@Suite struct JoinedTextTests {
    enum Part: String, CaseIterable, Sendable {
        case narrow, little, littleMarked, big, bigMarked

        func bytes(_ text: String) -> [UInt8] {
            let little = text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
            let big = text.utf16.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
            switch self {
            case .narrow: return Array(text.utf8)
            case .little: return little
            case .littleMarked: return [0xFF, 0xFE] + little
            case .big: return big
            case .bigMarked: return [0xFE, 0xFF] + big
            }
        }
    }

    struct Join: Sendable, CustomTestStringConvertible {
        var parts: [Part]
        var testDescription: String { parts.map(\.rawValue).joined(separator: "+") }
    }

    static let joins: [Join] = Part.allCases.flatMap { first in
        Part.allCases.flatMap { second in [Part.narrow, .little].map { Join(parts: [first, second, $0]) } }
    }

    private static let people = ["ann@acme.test", "bob.with-long-name@acme.test", "cy@acme.test"]

    private static func text(_ number: Int) -> String {
        let filler = (0..<40).map { "someone\($0)@elsewhere.invalid:Qw\($0)\r\n" }.joined()
        return "\(filler)\(people[number]):Zq7-\(number)\r\nx\(people[number]):no\r\n"
    }

    private static func file(_ join: Join) -> [UInt8] { join.parts.enumerated().flatMap { $1.bytes(text($0)) } }

    @Test(arguments: joins) func `each part of a joined file is read, with its passwords`(_ join: Join) async throws {
        let scratch = try Scratch()
        let paths = [try scratch.write("list.txt", Self.file(join)), try scratch.write("list.txt.gz", ArchiveFixture.gzip(Self.file(join)))]
        for path in paths {
            let reading = try await readAll([path], WatchList(Self.people))
            #expect(reading.records.map(\.address) == [0, 1, 2], "\(path)")
            #expect(reading.records.map(\.secretText) == ["Zq7-0", "Zq7-1", "Zq7-2"], "\(path)")
            #expect(reading.records.map(\.login) == Self.people, "\(path)")
        }
    }

    @Test(arguments: [1, 2, 3, 7, 31, 32, 33, 64, 1000]) func `the decoder cuts nothing, whatever the size of its pieces`(_ size: Int) {
        let bytes =
            Part.little.bytes(Self.text(0)) + Part.narrow.bytes("a@b.test:x\n") + Part.littleMarked.bytes("中文和更多的文字\n")
            + Part.narrow.bytes(Self.text(1))
        var decoder = JoinedDecoder(isBigEndian: false)
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            bytes[start..<min(bytes.count, start + size)].withUnsafeBytes { decoder.decode($0, into: &output) }
        }
        decoder.finish(into: &output)
        #expect(String(decoding: output, as: UTF8.self) == Self.text(0) + "a@b.test:x\n" + "中文和更多的文字\n" + Self.text(1))
    }

    @Test func `big-endian text without a mark is known`() {
        Part.big.bytes(Self.text(0)).withUnsafeBytes { bytes in
            if case .utf16(let isBigEndian, _) = TextEncoding(bytes) { #expect(isBigEndian) } else { Issue.record("taken for UTF-8") }
        }
    }
}
