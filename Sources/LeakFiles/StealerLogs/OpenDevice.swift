import Foundation
import Scalars

/// What is kept of a device while its files come in: little, whatever they hold.
struct OpenDevice {
    static let mostRecords = 4_000
    static let mostCookieBytes = 256 * 1024
    static let mostCookies = 4_000

    let folder: String
    var touched = 0
    var system: SystemInformation?
    var evidence = FamilyEvidence()
    var records: [LeakRecord] = []
    /// Cookies that may turn out to be of a site of the records: domain, name and expiry of each, one after the other.
    private(set) var candidates: [UInt8] = []
    var credentialCount = 0
    var cookieCount = 0
    /// Of all its credentials, whosever they are.
    var content = LogDigest()
    /// Of forms with a watched address in them, which is all that some logs have.
    var forms = LogDigest()
    var hasTokens = false
    /// Whether it has a file that makes a folder a device: of passwords, or about the system.
    var isDevice = false
    private var autofilled: Set<Int> = []
    /// Whose data are among the records, once there are more than are kept.
    private var heard: Set<Int>?
    private var signs: [FamilyEvidence] = []

    init(folder: String) { self.folder = folder }

    /// About as many bytes as it takes.
    var size: Int { 1_024 + candidates.capacity + records.count * 256 }

    /// Of more than are kept, the first of everybody is, and the first with a secret, so that nobody is missed.
    mutating func add(_ record: LeakRecord) {
        if records.count >= Self.mostRecords {
            if heard == nil { heard = Set(records.map { Self.sign(of: $0) }) }
            guard heard?.insert(Self.sign(of: record)).inserted == true else { return }
        }
        records.append(record)
    }

    /// Another number for an address with a secret.
    private static func sign(of record: LeakRecord) -> Int { record.secret == nil ? ~record.address : record.address }

    /// Each sign counts once, however many files have it.
    mutating func note(_ sign: FamilyEvidence) {
        guard sign.isNotEmpty, !signs.contains(sign) else { return }
        signs.append(sign)
        evidence.add(sign)
    }

    /// Once for each address: browsers keep the same for dozens of forms.
    mutating func addAutofill(_ record: LeakRecord) {
        guard autofilled.insert(record.address).inserted else { return }
        add(record)
    }

    /// Takes in what lies in a folder that is part of this one's device.
    mutating func absorb(_ other: OpenDevice) {
        touched = max(touched, other.touched)
        if let system = other.system {
            if self.system == nil { self.system = system } else { self.system?.complete(with: system) }
        }
        for sign in other.signs { note(sign) }
        for record in other.records {
            if record.shape == .stealerAutofill { addAutofill(record) } else { add(record) }
        }
        if candidates.count + other.candidates.count <= Self.mostCookieBytes { candidates += other.candidates }
        credentialCount += other.credentialCount
        cookieCount += other.cookieCount
        content.add(other.content)
        forms.add(other.forms)
        hasTokens = hasTokens || other.hasTokens
        isDevice = isDevice || other.isDevice
    }

    /// - Parameter watched: the watched domains, for which the last room is kept.
    mutating func addCandidate(_ entry: CookieFile.Entry, watched: CookieScope) {
        let length = candidates.count + entry.domain.count + entry.name.count + 10
        guard length <= Self.mostCookieBytes, length <= Self.mostCookieBytes * 3 / 4 || watched.includes(entry.domain) else { return }
        candidates.append(UInt8(truncatingIfNeeded: entry.domain.count))
        candidates.append(UInt8(truncatingIfNeeded: entry.name.count - 1))
        var expires = UInt64(max(0, entry.expires))
        for _ in 0..<8 {
            candidates.append(UInt8(truncatingIfNeeded: expires))
            expires >>= 8
        }
        candidates.append(contentsOf: entry.domain.bytes)
        candidates.append(contentsOf: entry.name.bytes)
    }

    // MARK: The log

    /// What there is of it; nil when no watched address is in it, because then it concerns nobody.
    func log(_ watch: WatchList, _ watched: CookieScope) -> StealerLog? {
        guard !records.isEmpty else { return nil }
        var evidence = evidence
        if let system { evidence.add(system.evidence) }
        let name = FolderName(folder.parts(between: "/").last ?? "")
        var log = StealerLog(identity: identity(name), malwareFamily: evidence.family?.rawValue)
        log.capturedAt = system?.capturedAt ?? name.date
        log.operatingSystem = system?.operatingSystem
        log.country = system?.country ?? name.country
        log.traces = MachineTraces(
            computer: system?.computer, user: system?.user, addresses: ([system?.ipAddress].compactMap { $0 }) + (system?.localAddresses ?? []),
            antivirus: system?.antivirus ?? [], malwarePath: system?.malwarePath)
        log.records = records
        log.cookies = cookies(watched)
        log.credentialCount = credentialCount
        log.cookieCount = cookieCount
        log.hasTokens = hasTokens
        return log
    }

    private func identity(_ name: FolderName) -> MachineIdentity {
        MachineIdentity(
            machineId: system?.hardwareId ?? name.hardwareId, computer: system?.computer, user: system?.user,
            content: content.bytes ?? forms.bytes,
            folder: String(folder.parts(between: "/").last ?? ""), former: former(name))
    }

    /// By hardware, else by names and network, else by folder.
    private func former(_ name: FolderName) -> FormerName {
        if let hardware = system?.hardwareId { return .hardware(hardware) }
        if let system, system.computer != nil || system.user != nil {
            return .text("names\u{0}\(system.computer ?? "")\u{0}\(system.user ?? "")\u{0}\(system.ipAddress ?? "")")
        }
        let folder = self.folder.parts(between: "/").last ?? ""
        let text = "folder\u{0}\(folder)\u{0}\(name.date.map { String($0.timeIntervalSince1970) } ?? "")"
        return .text(LogNames.looksLikeDevice(folder) ? text : "\(text)\u{0}\(credentialCount)\u{0}\(cookieCount)")
    }

    private func cookies(_ watched: CookieScope) -> [LeakedCookie] {
        let wanted = watched.adding(Set(records.compactMap(\.site)))
        var newest: [CookieKey: LeakedCookie] = [:]
        candidates.withUnsafeBytes { buffer in
            let bytes = ByteView(buffer)
            var index = 0
            while index + 10 <= bytes.count, newest.count < Self.mostCookies {
                let domainEnd = index + 10 + Int(bytes[index])
                let nameEnd = domainEnd + Int(bytes[index + 1]) + 1
                guard nameEnd <= bytes.count else { break }
                var expires: UInt64 = 0
                for place in (0..<8).reversed() { expires = expires << 8 | UInt64(bytes[index + 2 + place]) }
                let written = bytes[index + 10..<domainEnd]
                let name = bytes[domainEnd..<nameEnd]
                index = nameEnd
                guard wanted.includes(written) else { continue }
                let domain = written.lowercasedText(limit: 253)
                let date = expires == 0 ? nil : Date(timeIntervalSince1970: Double(min(expires, 253_402_300_799)))
                let cookie = LeakedCookie(domain: domain, name: name.text(limit: 128), expiresAt: date, isSession: CookieFile.isSessionName(name))
                let key = CookieKey(domain: domain, name: cookie.name)
                if let old = newest[key], (old.expiresAt ?? .distantPast) >= (date ?? .distantPast) { continue }
                newest[key] = cookie
            }
        }
        return newest.values.sorted { ($0.domain, $0.name) < ($1.domain, $1.name) }
    }

    private struct CookieKey: Hashable {
        var domain: String
        var name: String
    }
}

/// What the name of a device's folder says: `DE[0123…] [2024-06-05T10_11_12.1234567-07_00]`.
struct FolderName {
    var country: String?
    var date: Date?
    /// The malware's own id of the machine: 32 letters and digits in brackets.
    var hardwareId: String?

    init(_ name: Substring) {
        let bytes = Array(name.utf8)
        bytes.withUnsafeBytes { buffer in
            let text = ByteView(buffer)
            guard LogNames.looksLikeDevice(name) else { return }
            hardwareId = Self.hardwareId(in: text)
            country = text.from(text[0] == UInt8(ascii: "[") ? 1 : 0).upTo(2).text(limit: 2)
            // A year, a mark and a month begin the date.
            for index in 0..<max(0, text.count - 9) where index == 0 || !ByteView.isHex(text[index - 1]) {
                guard text[index..<index + 4].wholeNumber.map({ (2_010...2_100).contains($0) }) ?? false else { continue }
                guard !ByteView.isDigit(text[index + 4]), ByteView.isDigit(text[index + 5]), ByteView.isDigit(text[index + 6]) else { continue }
                let end = text.firstIndex(of: UInt8(ascii: "]"), from: index) ?? text.count
                if let read = LogDate.read(text[index..<end]) {
                    date = read.date
                    return
                }
            }
        }
    }

    private static func hardwareId(in text: ByteView) -> String? {
        guard let open = text.firstIndex(of: UInt8(ascii: "["), from: 1), let close = text.firstIndex(of: UInt8(ascii: "]"), from: open) else {
            return nil
        }
        let id = text[open + 1..<close]
        guard id.count == 32, id.allSatisfy({ ByteView.isLetter($0) || ByteView.isDigit($0) }) else { return nil }
        return id.text(limit: 32)
    }
}
