/// What tells the machine of a log from others.
package struct MachineIdentity: Sendable, Hashable {
    /// The malware's own id of it, exactly as the log gives it; nil where there is none.
    package var machineId: String?
    package var computer: String?
    package var user: String?
    /// A digest of all that was taken, whosever it is: the same log packed anew has the same. Made of secrets, so that it must be keyed before it
    /// is kept anywhere. nil when nothing was.
    package var content: [UInt8]?
    /// The name of the folder that the log lay in.
    package var folder: String
    /// Of what the machine was called before it had a key of ours.
    package var former: FormerName

    package init(
        machineId: String? = nil, computer: String? = nil, user: String? = nil, content: [UInt8]? = nil, folder: String = "",
        former: FormerName = .text("")
    ) {
        self.machineId = machineId
        self.computer = computer
        self.user = user
        self.content = content
        self.folder = folder
        self.former = former
    }
}

/// Of what a machine's name was made before it had a key of ours. Worked out only when it is asked for, which it seldom is.
package enum FormerName: Sendable, Hashable {
    /// The malware's id, together with the family, which depended on what else there was.
    case hardware(String)
    case text(String)

    /// All that it may have been called.
    package var ids: [String] {
        switch self {
        case .hardware(let id): ([""] + MalwareFamily.allCases.map(\.rawValue)).map { Self.digest("hardware\u{0}\($0)\u{0}\(id.uppercased())") }
        case .text(let text): [Self.digest(text)]
        }
    }

    private static func digest(_ text: String) -> String { SHA256Digest.hexadecimal(Array(text.utf8)) }
}

/// What finds an infected machine: of its owner, so that it is shown to few, and kept only where the log concerns somebody who is looked for.
package struct MachineTraces: Sendable, Hashable {
    package var computer: String?
    package var user: String?
    /// Of networks, that which others see first.
    package var addresses: [String]
    package var antivirus: [String]
    /// Where the malware lay.
    package var malwarePath: String?

    package init(computer: String? = nil, user: String? = nil, addresses: [String] = [], antivirus: [String] = [], malwarePath: String? = nil) {
        self.computer = computer
        self.user = user
        self.addresses = addresses
        self.antivirus = antivirus
        self.malwarePath = malwarePath
    }
}

/// A sum over the credentials of a log, whatever their order. Quick, and good against chance only.
struct LogDigest: Sendable, Hashable {
    private var sum: UInt64 = 0
    private var other: UInt64 = 0
    private var count: UInt64 = 0

    mutating func add(_ block: PasswordFile.Block) { add(Self.hash(block.login, from: Self.hash(block.password, from: Self.offset))) }

    mutating func add(_ line: ByteView) { add(Self.hash(line.trimmed, from: Self.offset)) }

    private mutating func add(_ hash: UInt64) {
        sum &+= hash
        // Of another distribution, so that two that cancel out in one do not in the other.
        other &+= (hash ^ hash >> 29) &* 0xBF58_476D_1CE4_E5B9
        count += 1
    }

    mutating func add(_ digest: LogDigest) {
        sum &+= digest.sum
        other &+= digest.other
        count += digest.count
    }

    /// nil when nothing was added.
    var bytes: [UInt8]? {
        guard count > 0 else { return nil }
        return [sum, other, count].flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
    }

    private static let offset: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Eight bytes at a time.
    private static func hash(_ text: ByteView, from start: UInt64) -> UInt64 {
        var hash = start ^ UInt64(text.count)
        var index = 0
        let bytes = text.bytes
        while index + 8 <= text.count {
            hash = mixed(hash ^ UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
            index += 8
        }
        var rest: UInt64 = 0
        while index < text.count {
            rest = rest << 8 | UInt64(text[index])
            index += 1
        }
        return mixed(hash ^ rest)
    }

    @inline(__always) private static func mixed(_ word: UInt64) -> UInt64 {
        let word = word &* 0x9E37_79B9_7F4A_7C15
        return word ^ word >> 32
    }
}
