import Cryptography
import Foundation
import LeakFiles
import Postgres
import Synchronization

/// Fingerprints of leaked secrets, keyed by a company: equal secrets have equal ones, and without the key nobody can find out by trying which
/// secret one is of. Two companies have different ones of the same secret.
struct SecretFingerprints: Sendable {
    /// Enough that no two secrets of a company meet by chance, and half of what would be needed to tell more.
    private static let length = 16

    /// One for all copies: millions are made, each by going back to the key.
    private final class Maker: Sendable {
        let code: Mutex<HMAC>
        init(key: [UInt8]) { code = Mutex(HMAC(key: SymmetricKey(key))) }
    }
    private let maker: Maker

    /// - Parameter key: 32 bytes.
    init(key: [UInt8]) { maker = Maker(key: key) }

    /// Of a secret alone: tells that it is used again.
    func fingerprint(of secret: LeakedSecret) -> [UInt8] {
        code("secret", [Array(secret.kind.rawValue.utf8), secret.bytes])
    }

    /// Of a login with its secret: the same in ten lists is one exposure.
    /// - Parameter machine: the machine that it was stolen from; the same password on another machine is another theft.
    func identity(login: String?, secret: LeakedSecret?, machine: String?) -> [UInt8] {
        code(
            "credential",
            [
                Array((login ?? "").lowercased().utf8), Array((secret?.kind.rawValue ?? "").utf8), secret?.bytes ?? [], Array((machine ?? "").utf8),
            ])
    }

    /// Of a text beside an address that was not understood: the same in ten lists is one.
    func identity(login: String, unread: LeakedSecret, machine: String?) -> [UInt8] {
        code("text", [Array(login.lowercased().utf8), unread.bytes, Array((machine ?? "").utf8)])
    }

    /// Of what a machine is known by.
    func mark(of kind: String, _ parts: [[UInt8]]) -> [UInt8] { code("machine by \(kind)", parts) }

    private func code(_ purpose: String, _ parts: [[UInt8]]) -> [UInt8] {
        maker.code.withLock { code in
            // With their lengths, so that no two lists of parts make the same bytes.
            for part in [Array(purpose.utf8)] + parts {
                withUnsafeBytes(of: UInt64(part.count).littleEndian) { code.update($0) }
                code.update(part)
            }
            return Array(code.finish().prefix(Self.length))
        }
    }
}

/// Keeps the companies' keys.
struct FingerprintKeys: Sendable {
    let database: TenantDatabase
    let secrets: SecretBox

    /// The company's fingerprints; its key is made when it is first asked for.
    func fingerprints(of company: CompanyID) async throws -> SecretFingerprints {
        let (secrets, place) = (secrets, place(company))
        let key = try await database.transaction(for: company) { db -> [UInt8] in
            let sealed = try await db.first(
                "SELECT fingerprint_key_enc FROM companies WHERE id = \(company) FOR UPDATE", as: SealedKey.self)?.bytes
            if let sealed { return try secrets.open(sealed, at: place) }
            let key = SymmetricKey.random().withUnsafeBytes { Array($0) }
            try await db.execute("UPDATE companies SET fingerprint_key_enc = \(try secrets.seal(key, at: place)) WHERE id = \(company)")
            return key
        }
        return SecretFingerprints(key: key)
    }

    private func place(_ company: CompanyID) -> SecretBox.Location {
        SecretBox.Location(company: company, table: "companies", column: "fingerprint_key_enc", row: company.rawValue)
    }

    private struct SealedKey: RowDecodable {
        let bytes: [UInt8]?
        init(from row: inout Row) throws { bytes = try row.next(as: Data?.self).map { Array($0) } }
    }
}
