import Foundation
import Testing

@testable import Cryptography

/// The files of published answers; `Vectors/README.md` says where they come from.
enum Vectors {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors")

    static func text(_ name: String) throws -> String { try String(contentsOf: directory.appending(path: name), encoding: .utf8) }

    /// The blocks of a file, between empty lines: what stands before and behind ` = `, and words that stand alone.
    static func blocks(_ name: String) throws -> [[String: String]] {
        try text(name).components(separatedBy: "\n\n").map { block in
            var fields: [String: String] = [:]
            for line in block.split(separator: "\n") where !line.hasPrefix("#") {
                let sides = line.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
                fields[sides[0]] = sides.count > 1 ? sides[1] : ""
            }
            return fields
        }
        .filter { !$0.isEmpty }
    }

    static func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8).map { UInt8(String(UnicodeScalar($0)), radix: 16) ?? 0 }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

extension [String: String] {
    func bytes(_ name: String) throws -> [UInt8] { Vectors.bytes(try #require(self[name])) }
}
