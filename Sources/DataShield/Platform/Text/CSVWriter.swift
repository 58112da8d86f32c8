/// Writes CSV that no spreadsheet runs: RFC 4180, UTF-8, CRLF.
package enum CSVWriter {
    /// Appends one record.
    package static func append(_ cells: some Sequence<String>, to output: inout [UInt8]) {
        var isFirst = true
        for cell in cells {
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            append(cell: neutralised(cell), to: &output)
        }
        output.append(contentsOf: "\r\n".utf8)
    }

    /// A cell that a spreadsheet would take for a formula gets an apostrophe in front; so does one that already looks so treated,
    /// which lets ``restored(_:)`` give back exactly what was there.
    package static func neutralised(_ cell: String) -> String {
        looksLikeFormula(cell.utf8.drop { $0 == UInt8(ascii: "'") }) ? "'" + cell : cell
    }

    /// Undoes ``neutralised(_:)``, so that an exported file can be read in again without a change.
    package static func restored(_ cell: String) -> String {
        guard cell.utf8.first == UInt8(ascii: "'"), looksLikeFormula(cell.utf8.drop { $0 == UInt8(ascii: "'") }) else { return cell }
        return String(cell.dropFirst())
    }

    private static func looksLikeFormula(_ text: some Sequence<UInt8>) -> Bool {
        var bytes = text.makeIterator()
        switch bytes.next() {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), UInt8(ascii: "\t"), UInt8(ascii: "\r"): return true
        default: return false
        }
    }

    private static func append(cell: String, to output: inout [UInt8]) {
        let special = cell.utf8.contains { byte in
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: ";"), UInt8(ascii: "\t"): true
            default: false
            }
        }
        let padded = cell.utf8.first == UInt8(ascii: " ") || cell.utf8.last == UInt8(ascii: " ")
        guard special || padded else {
            output.append(contentsOf: cell.utf8)
            return
        }
        output.append(UInt8(ascii: "\""))
        for byte in cell.utf8 {
            if byte == UInt8(ascii: "\"") { output.append(byte) }
            output.append(byte)
        }
        output.append(UInt8(ascii: "\""))
    }
}
