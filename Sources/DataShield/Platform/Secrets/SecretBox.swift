import Cryptography
import Foundation

/// Seals what must not lie readable in the database: provider keys, addresses of webhooks, directory passwords.
///
/// AES-256-GCM with a random 96-bit nonce. The place that a value belongs to (company, table, column, row) is authenticated with it,
/// so that a sealed value copied elsewhere does not open there. Sealed form, version 1:
/// one byte `1`, four bytes of the key's id, twelve of nonce, the ciphertext, sixteen of tag.
package struct SecretBox: Sendable {
    /// Where a sealed value lives.
    package struct Location: Sendable, Hashable {
        package var company: CompanyID
        package var table: String
        package var column: String
        package var row: String

        package init(company: CompanyID, table: String, column: String, row: String) {
            self.company = company
            self.table = table
            self.column = column
            self.row = row
        }

        fileprivate var bytes: [UInt8] { Array("\(company)|\(table)|\(column)|\(row)".utf8) }
    }

    /// Why a value does not open.
    package enum Failure: Error, CustomStringConvertible, Equatable {
        case unknownFormat
        /// Sealed with a key that we have not got: neither the current one nor one of the previous ones.
        case unknownKey(id: String)
        /// Changed, or moved from where it was sealed.
        case notAuthentic

        package var description: String {
            switch self {
            case .unknownFormat: "This is not a sealed value."
            case .unknownKey(let id): "The value is sealed with key \(id), which is not among the keys of this installation."
            case .notAuthentic: "The sealed value was changed or belongs elsewhere."
            }
        }
    }

    private struct Key: Sendable {
        let id: [UInt8]
        let key: SymmetricKey

        init(_ bytes: [UInt8]) {
            key = SymmetricKey(bytes)
            id = Array(Digest.sha256(of: Array("datashield key id".utf8) + bytes).prefix(4))
        }
    }

    private static let version: UInt8 = 1
    private let current: Key
    private let all: [Key]
    private let master: SymmetricKey

    /// - Parameters:
    ///   - key: 32 bytes; seals and opens.
    ///   - previous: keys that only open.
    package init(key: [UInt8], previous: [[UInt8]] = []) {
        precondition(([key] + previous).allSatisfy { $0.count == 32 }, "Settings and the key file have checked the length.")
        current = Key(key)
        all = [current] + previous.map { Key($0) }
        master = SymmetricKey(key)
    }

    /// The id of the key that seals now, for messages.
    package var currentKeyID: String { Hex.text(current.id) }

    package func seal(_ text: String, at location: Location) throws -> [UInt8] { try seal(Array(text.utf8), at: location) }

    package func seal(_ bytes: [UInt8], at location: Location) throws -> [UInt8] {
        let head = [Self.version] + current.id
        return head + (try AESGCM.seal(bytes, with: current.key, authenticating: head + location.bytes))
    }

    /// - Throws: ``Failure``; CryptoFailure when the library cannot open anything.
    package func open(_ sealed: [UInt8], at location: Location) throws -> [UInt8] {
        guard sealed.count >= 33, sealed[0] == Self.version else { throw Failure.unknownFormat }
        let id = Array(sealed[1..<5])
        guard let key = all.first(where: { $0.id == id }) else { throw Failure.unknownKey(id: Hex.text(id)) }
        do {
            return try AESGCM.open(sealed[5...], with: key.key, authenticating: sealed[..<5] + location.bytes)
        } catch {
            // Not by a pattern: the compiler (6.3.1) does not get along with one for a typed error.
            if error == .notAuthentic { throw Failure.notAuthentic }
            throw error
        }
    }

    package func openText(_ sealed: [UInt8], at location: Location) throws -> String {
        guard let text = String(validating: try open(sealed, at: location), as: UTF8.self) else { throw Failure.unknownFormat }
        return text
    }

    /// Whether a value is sealed with the current key. Those that are not are sealed anew by `datashield rotate-key`.
    package func isCurrent(_ sealed: [UInt8]) -> Bool { sealed.count >= 5 && Array(sealed[1..<5]) == current.id }

    /// A key for another purpose, derived from the current one: a leak of it tells nothing of the others.
    package func derivedKey(for purpose: String) throws -> SymmetricKey {
        try master.derived(for: "datashield \(purpose)".utf8)
    }
}
