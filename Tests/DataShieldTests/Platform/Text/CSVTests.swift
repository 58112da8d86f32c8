import Testing

@testable import DataShield

@Suite struct CSVReaderTests {
    typealias Record = CSVReader.Record

    /// Reads bytes in pieces of a size.
    static func read(_ bytes: [UInt8], by size: Int) throws -> (records: [Record], reader: CSVReader) {
        var reader = CSVReader()
        var records: [Record] = []
        var start = 0
        while start < bytes.count {
            reader.append(bytes[start..<min(start + size, bytes.count)])
            start += size
            while let record = try reader.next() { records.append(record) }
        }
        reader.finish()
        while let record = try reader.next() { records.append(record) }
        return (records, reader)
    }

    @Test(arguments: [
        ("a,b\n1,2\n", [Record(line: 1, fields: ["a", "b"]), Record(line: 2, fields: ["1", "2"])]),
        ("a,b\r\n1,2", [Record(line: 1, fields: ["a", "b"]), Record(line: 2, fields: ["1", "2"])]),
        ("a,b\r1,2\r", [Record(line: 1, fields: ["a", "b"]), Record(line: 2, fields: ["1", "2"])]),
        ("a;b,c;d\n1;2;3", [Record(line: 1, fields: ["a", "b,c", "d"]), Record(line: 2, fields: ["1", "2", "3"])]),
        ("a\tb\n1, 2\t3", [Record(line: 1, fields: ["a", "b"]), Record(line: 2, fields: ["1, 2", "3"])]),
        ("\"x;y\",b\n1,2", [Record(line: 1, fields: ["x;y", "b"]), Record(line: 2, fields: ["1", "2"])]),
        ("sep=;\r\na;b\r\n", [Record(line: 2, fields: ["a", "b"])]),
        ("\n\na,b\n\n1,2\n\n", [Record(line: 3, fields: ["a", "b"]), Record(line: 5, fields: ["1", "2"])]),
        (
            "a,b\n1,\n,2\n,",
            [
                Record(line: 1, fields: ["a", "b"]), Record(line: 2, fields: ["1", ""]), Record(line: 3, fields: ["", "2"]),
                Record(line: 4, fields: ["", ""]),
            ]
        ),
        (
            "a,b\n\"one\ntwo\r\nthree\",\"say \"\"hi\"\"\"\n3,4",
            [
                Record(line: 1, fields: ["a", "b"]), Record(line: 2, fields: ["one\ntwo\r\nthree", "say \"hi\""]),
                Record(line: 5, fields: ["3", "4"]),
            ]
        ),
        ("a,b\n \"x\" , \"y\"\n", [Record(line: 1, fields: ["a", "b"]), Record(line: 2, fields: ["x", "y"])]),
        ("a,b\n5\" disk,2\n", [Record(line: 1, fields: ["a", "b"]), Record(line: 2, fields: ["5\" disk", "2"])]),
        ("\"\"\n", [Record(line: 1, fields: [""])]),
        ("", []),
        ("\r\n", []),
        ("a", [Record(line: 1, fields: ["a"])]),
        (
            "a,b\n\"open,1\n2,3\n",
            [
                Record(line: 1, fields: ["a", "b"]), Record(line: 2, fields: [], problem: .unclosedQuote), Record(line: 3, fields: ["2", "3"]),
            ]
        ),
        (
            "a,b\n\"x\"y,1\n2,3",
            [
                Record(line: 1, fields: ["a", "b"]), Record(line: 2, fields: [], problem: .textAfterQuote), Record(line: 3, fields: ["2", "3"]),
            ]
        ),
    ])
    func `records are the same however the bytes arrive`(_ text: String, _ expected: [Record]) throws {
        for size in [1, 2, 3, 7, 4_096] {
            #expect(try Self.read(Array(text.utf8), by: size).records == expected, "in pieces of \(size)")
        }
    }

    @Test(arguments: [1, 2, 5, 4_096])
    func `encodings are told apart`(_ size: Int) throws {
        let expected = [Record(line: 1, fields: ["Name", "Straße"]), Record(line: 2, fields: ["Žofie", "😀"])]
        let text = "Name,Straße\nŽofie,😀\n"
        var (little, big): ([UInt8], [UInt8]) = ([0xFF, 0xFE], [0xFE, 0xFF])
        for unit in text.utf16 {
            little += [UInt8(truncatingIfNeeded: unit), UInt8(unit >> 8)]
            big += [UInt8(unit >> 8), UInt8(truncatingIfNeeded: unit)]
        }
        for (bytes, encoding) in [
            (Array(text.utf8), CSVReader.Encoding.utf8), ([0xEF, 0xBB, 0xBF] + Array(text.utf8), .utf8), (little, .utf16), (big, .utf16),
        ] {
            let (records, reader) = try Self.read(bytes, by: size)
            #expect(records == expected)
            #expect(reader.encoding == encoding)
        }
        // "Müller – €" as Windows-1252, in one line of an otherwise UTF-8 file.
        let mixed = Array("Name,Straße\n".utf8) + [0x4D, 0xFC, 0x6C, 0x6C, 0x65, 0x72, 0x2C, 0x96, 0x80, 0x0A]
        let (records, reader) = try Self.read(mixed, by: size)
        #expect(records == [Record(line: 1, fields: ["Name", "Straße"]), Record(line: 2, fields: ["Müller", "–€"])])
        #expect(reader.encoding == .windows1252)
    }

    @Test func `a line that is too long is passed over`() throws {
        let long = String(repeating: "x", count: 70_000)
        for size in [1_000, 1_000_000] {
            let (records, _) = try Self.read(Array("a,b\n\(long),1\n2,3\n".utf8), by: size)
            #expect(
                records == [
                    Record(line: 1, fields: ["a", "b"]), Record(line: 2, fields: [], problem: .tooLong), Record(line: 3, fields: ["2", "3"]),
                ])
        }
    }

    @Test func `a quotation mark that nothing closes for 64 KiB costs its own line`() throws {
        let rows = String(repeating: "1,2\n", count: 20_000)
        let (records, _) = try Self.read(Array("a,b\n\"1,2\n\(rows)".utf8), by: 10_000)
        #expect(records.count == 20_002)
        #expect(records[1] == Record(line: 2, fields: [], problem: .unclosedQuote))
        #expect(records.last == Record(line: 20_002, fields: ["1", "2"]))
    }

    @Test func `quotation marks that never close do not keep us busy for ever`() {
        // On each line the quote that the line before opened is closed and another opened.
        let hostile = "x,y\n" + String(repeating: "a\",b,\"c\n", count: 40_000)
        #expect(throws: CSVReader.NotCSV.self) { try Self.read(Array(hostile.utf8), by: 65_536) }
    }
}

@Suite struct CSVWriterTests {
    @Test(arguments: [
        ("=1+1", "'=1+1"), ("+49", "'+49"), ("-2+3+cmd|x", "'-2+3+cmd|x"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"), ("\rx", "'\rx"),
        ("'=1", "''=1"), ("plain", "plain"), ("", ""), ("a=b", "a=b"), ("'quoted'", "'quoted'"), ("'", "'"),
        ("|cmd", "'|cmd"), ("\u{FF1D}1+1", "'\u{FF1D}1+1"), ("\u{FF0B}1", "'\u{FF0B}1"), ("\u{FF0D}1", "'\u{FF0D}1"), ("\u{FF20}A1", "'\u{FF20}A1"),
        ("\u{FF5C}cmd", "'\u{FF5C}cmd"), ("\nx", "'\nx"), ("=\u{301}1", "'=\u{301}1"), ("'\u{FF1D}1", "''\u{FF1D}1"),
        ("-12", "-12"), ("-12.5", "-12.5"), ("-3", "-3"), ("'-3", "'-3"), ("-", "'-"), ("-1.", "'-1."), ("-1.2.3", "'-1.2.3"), ("-1-2", "'-1-2"),
        ("-\u{661}", "'-\u{661}"),
    ])
    func `a cell that a spreadsheet would run is made a text, and is read back as it was`(_ cell: String, _ written: String) {
        #expect(Array(CSVWriter.neutralised(cell).utf8) == Array(written.utf8))
        #expect(Array(CSVWriter.restored(written).utf8) == Array(cell.utf8))
    }

    @Test func `cells are quoted where they must be`() throws {
        let cells = ["a,b", "say \"hi\"", "two\nlines", " padded ", "plain", "", "a;b"]
        var output: [UInt8] = []
        CSVWriter.append(cells, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\" padded \",plain,,\"a;b\"\r\n")
        // A first line whose delimiters are commas, as every file of ours has.
        let header = Array("h1,h2,h3,h4,h5,h6,h7\r\n".utf8)
        #expect(try CSVReaderTests.read(header + output, by: 5).records.last?.fields == cells)
    }
}
