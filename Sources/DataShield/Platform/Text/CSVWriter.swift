import Scalars

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
    /// which lets ``restored(_:)`` give back exactly what was there. A negative number is a number, and stays one.
    package static func neutralised(_ cell: String) -> String {
        looksLikeFormula(cell.unicodeScalars.drop { $0 == "'" }) ? "'" + cell : cell
    }

    /// Undoes ``neutralised(_:)``, so that an exported file can be read in again without a change.
    package static func restored(_ cell: String) -> String {
        guard let rest = cell.rest(behind: "'"), looksLikeFormula(cell.unicodeScalars.drop { $0 == "'" }) else { return cell }
        return String(rest)
    }

    /// Spreadsheets for Chinese, Japanese and Korean also take the wide forms of the signs; `|` calls a program in old ones.
    private static func looksLikeFormula(_ text: Substring.UnicodeScalarView) -> Bool {
        switch text.first {
        case "-": !isNumber(text.dropFirst())
        case "=", "+", "@", "|", "\t", "\r", "\n", "\u{FF1D}", "\u{FF0B}", "\u{FF0D}", "\u{FF20}", "\u{FF5C}": true
        case nil: false
        case _?: false
        }
    }

    /// Digits, with one point among them at most.
    private static func isNumber(_ scalars: Substring.UnicodeScalarView) -> Bool {
        let parts = scalars.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.allSatisfy { part in !part.isEmpty && part.allSatisfy { ("0"..."9").contains($0) } }
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
