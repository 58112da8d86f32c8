import Foundation

/// How a secret is written.
package enum SecretKind: String, Sendable, Hashable, Codable, CaseIterable {
    case plain
    case md5
    case sha1
    case sha224
    case sha256
    case sha384
    case sha512
    case bcrypt
    case argon2
    case phpass
    case md5crypt
    case sha256crypt
    case sha512crypt
    case pbkdf2
    case mysql
    case ntlm
    case ssha
    case otherHash

    /// Whether it is a hash of a secret rather than the secret.
    package var isHash: Bool { self != .plain }
}

/// How long a secret is, in classes that do not give it away.
package enum LengthClass: String, Sendable, Hashable, Codable, CaseIterable {
    case empty = "0"
    case short = "1-7"
    case medium = "8-11"
    case long = "12-15"
    case veryLong = "16+"
}

/// A password or its hash, held in memory only: it has no printed form, and is not `Codable`.
package struct LeakedSecret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var kind: SecretKind
    /// As read: undecoded, because a fingerprint of damaged text would not find its like.
    package var bytes: [UInt8]

    package init(kind: SecretKind, bytes: [UInt8]) {
        self.kind = kind
        self.bytes = bytes
    }

    /// For a hash that of the hash's text, which says nothing.
    package var lengthClass: LengthClass {
        switch bytes.count {
        case 0: .empty
        case 1...7: .short
        case 8...11: .medium
        case 12...15: .long
        default: .veryLong
        }
    }

    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// What a place in a leak file is part of.
package enum RecordShape: String, Sendable, Hashable, Codable, CaseIterable {
    /// `URL:login:password`.
    case ulp
    /// `login:password` or `login:hash`.
    case combo
    /// A row of a CSV or TSV file.
    case table
    /// A row of an SQL dump.
    case sql
    /// An object of a JSON file.
    case json
    /// A block of a stealer log's password file.
    case stealerPassword
    /// An entry of a stealer log's autofill files.
    case stealerAutofill
    /// An address in something else.
    case text
}

/// How sure it is that a record was read as it was meant.
package enum ReadingConfidence: Int, Sendable, Hashable, Codable, Comparable {
    case low
    case medium
    case high

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// What one place in a leak file says of one watched address.
package struct LeakRecord: Sendable, Hashable {
    /// The place of the address in the ``WatchList``.
    package var address: Int
    package var shape: RecordShape
    /// The host that the credential is for, lower-cased; nil when the record names none.
    package var site: String?
    /// As written, at most 254 characters; nil when the record has none.
    package var login: String?
    /// nil when the record has none, or an empty one.
    package var secret: LeakedSecret?
    /// The text around the address where it was not understood: nobody knows whether a secret is in it, and it is kept from view as one.
    /// nil beside a secret, and where all was understood.
    package var unread: LeakedSecret?
    /// Names of what else the row holds (`lastip`, `phone`, `dob`), as the file names them or by content; never the values.
    package var fields: [String]
    package var confidence: ReadingConfidence
    /// Where the address begins, in bytes of the decoded part.
    package var offset: UInt64

    package init(
        address: Int, shape: RecordShape, site: String? = nil, login: String? = nil, secret: LeakedSecret? = nil, unread: LeakedSecret? = nil,
        fields: [String] = [], confidence: ReadingConfidence = .medium, offset: UInt64 = 0
    ) {
        self.address = address
        self.shape = shape
        self.site = site
        self.login = login
        self.secret = secret
        self.unread = unread
        self.fields = fields
        self.confidence = confidence
        self.offset = offset
    }
}

/// A cookie that a stealer took: never its value.
package struct LeakedCookie: Sendable, Hashable {
    /// Lower-cased, without a leading dot.
    package var domain: String
    package var name: String
    /// nil for one that ends with the browser.
    package var expiresAt: Date?
    /// Whether by its name it keeps somebody signed in.
    package var isSession: Bool

    package init(domain: String, name: String, expiresAt: Date?, isSession: Bool) {
        self.domain = domain
        self.name = name
        self.expiresAt = expiresAt
        self.isSession = isSession
    }
}

/// One infected machine, as far as it concerns watched addresses.
package struct StealerLog: Sendable, Hashable {
    package var identity: MachineIdentity
    package var traces = MachineTraces()
    /// `RedLine`, `Lumma` …; nil when the evidence is too weak.
    package var malwareFamily: String?
    package var capturedAt: Date?
    /// Operating system as the log names it, at most 100 characters.
    package var operatingSystem: String?
    /// Two capital letters.
    package var country: String?
    /// Credentials and autofill entries of watched addresses.
    package var records: [LeakRecord]
    /// Cookies of sites that the records are for, and of the watched addresses' domains and their subdomains.
    package var cookies: [LeakedCookie]
    /// How many credentials and cookies the log has in all, of whomever.
    package var credentialCount: Int
    package var cookieCount: Int
    /// Whether application tokens (Discord, Google …) were taken.
    package var hasTokens: Bool

    package init(
        identity: MachineIdentity, malwareFamily: String? = nil, capturedAt: Date? = nil, operatingSystem: String? = nil, country: String? = nil,
        records: [LeakRecord] = [], cookies: [LeakedCookie] = [], credentialCount: Int = 0, cookieCount: Int = 0, hasTokens: Bool = false
    ) {
        self.identity = identity
        self.malwareFamily = malwareFamily
        self.capturedAt = capturedAt
        self.operatingSystem = operatingSystem
        self.country = country
        self.records = records
        self.cookies = cookies
        self.credentialCount = credentialCount
        self.cookieCount = cookieCount
        self.hasTokens = hasTokens
    }
}

/// A part that was not read, and why.
package struct SkippedPart: Sendable, Hashable, Codable {
    /// The path of the file, and inside archives that of the entry, joined by `!`: `logs.zip!DE[…]/Passwords.txt`.
    package var path: String
    package var offset: UInt64
    /// A sentence without anything that the part holds.
    package var reason: String

    package init(path: String, offset: UInt64 = 0, reason: String) {
        self.path = path
        self.offset = offset
        self.reason = reason
    }
}
