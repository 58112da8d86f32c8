import Foundation

/// Reads the lines of a system-information file, one after the other.
struct SystemReading {
    static let mostEntries = 10

    var ipAddress: String?
    var localAddresses: [String] = []
    var country: String?
    var countryOfLocation: String?
    var computer: String?
    var user: String?
    var hardwareId: String?
    var machineId: String?
    var operatingSystem: String?
    var antivirus: [String] = []
    var malwarePath: String?
    private var keys: Set<SystemKey> = []
    private var dates = LogDates()
    /// What the lines are part of that have no label of their own.
    private var list = List.none

    private enum List {
        case none
        case antivirus
        /// Processes and programs, of which names look like labels.
        case other
    }

    mutating func add(line: ByteView) {
        let trimmed = line.trimmed.withoutMarks
        guard let first = trimmed.first else {
            if list == .antivirus { list = .none }
            return
        }
        if first == UInt8(ascii: "[") {
            addHeading(trimmed.from(1).upTo(trimmed.count - 2))
            if trimmed.equals("[processes]") || trimmed.equals("[software]") { list = .other }
            return
        }
        // The malware's own box, spelled as no seller spells a name: the only thing that tells META's file from RedLine's.
        if first == UInt8(ascii: "*"), Self.withoutMarks(trimmed, UInt8(ascii: "*")).equals("m e t a") { isMeta = true }
        guard first != UInt8(ascii: "*"), list != .other else { return }
        let text = Self.withoutMarks(trimmed, UInt8(ascii: "-"), UInt8(ascii: "="))
        guard let colon = text.firstIndex(of: ByteView.colon) else {
            if list == .antivirus { addAntivirus(text) } else { addHeading(text) }
            return
        }
        let value = text.from(colon + 1).trimmed
        if value.isEmpty { addHeading(text.upTo(colon)) }
        add(text.upTo(colon), value)
    }

    /// What a line's label or heading is.
    static func key(of line: ByteView) -> SystemKey? {
        let text = withoutMarks(line, UInt8(ascii: "-"), UInt8(ascii: "="))
        return SystemKey.read(text.upTo(text.firstIndex(of: ByteView.colon) ?? text.count))
    }

    /// Without what stands around a heading and before a label.
    private static func withoutMarks(_ text: ByteView, _ marks: UInt8...) -> ByteView {
        var text = text
        while let first = text.first, marks.contains(first) || ByteView.isBlank(first) { text = text.from(1) }
        while let last = text.last, marks.contains(last) || ByteView.isBlank(last) { text = text.upTo(text.count - 1) }
        return text
    }

    private mutating func addHeading(_ text: ByteView) {
        if let key = SystemKey.read(text) { keys.insert(key) }
        if text.equals("installed apps") || text.equals("process list") || text.equals("installed software") { list = .other }
    }

    private mutating func addAntivirus(_ value: ByteView) {
        guard !Noise.isPlaceholder(value), !value.equals("disabled"), value.count <= 200, antivirus.count < Self.mostEntries else { return }
        let name = value.text(limit: 100)
        if !antivirus.contains(name) { antivirus.append(name) }
    }

    mutating func add(_ label: ByteView, _ value: ByteView) {
        guard let key = SystemKey.read(label) else { return }
        keys.insert(key)
        if key == .antivirus { list = .antivirus } else if list == .antivirus { list = .none }
        guard !Noise.isPlaceholder(value), !value.equals("disabled"), !value.isEmpty, value.count <= 400 else { return }
        switch key {
        case .ip:
            if ipAddress == nil { ipAddress = Self.address(in: value) } else { addLocal(value) }
            if country == nil, value.count > 2, value[2] == ByteView.blank { country = CountryCode.read(value) }
            if country == nil, let open = value.firstIndex(of: UInt8(ascii: "[")) {
                country = CountryCode.read(value.from(open + 1).upTo(value.count - open - 2))
            }
        case .localIP: addLocal(value)
        case .country:
            if country == nil { country = CountryCode.read(value) }
            if ipAddress == nil { ipAddress = Self.address(in: value) }
        case .location: if countryOfLocation == nil { countryOfLocation = CountryCode.read(value) }
        case .computer, .netBIOS:
            // `EXAMPLE-PC [WORKGROUP]`.
            if computer == nil { computer = value.upTo(value.firstIndex(of: " [") ?? value.count).text(limit: 100) }
        case .user: addUser(value)
        case .computerAndUser:
            let mark = value.firstIndex(of: ByteView.slash) ?? value.firstIndex(of: ByteView.backslash)
            if let mark, computer == nil { computer = value.upTo(mark).trimmed.text(limit: 100) }
            if user == nil { user = value.from(mark.map { $0 + 1 } ?? 0).trimmed.text(limit: 100) }
        case .userAndComputer:
            let open = value.firstIndex(of: " (") ?? value.count
            if user == nil { user = value.upTo(open).text(limit: 100) }
            if computer == nil, open < value.count { computer = value.from(open + 2).upTo(value.count - open - 3).text(limit: 100) }
        case .hardwareId: if hardwareId == nil { hardwareId = value.text(limit: 100) }
        case .machineId, .guid, .botId: if machineId == nil { machineId = value.text(limit: 100) }
        case .operatingSystem: if operatingSystem == nil { operatingSystem = value.text(limit: 100) }
        case .fileLocation, .path: if malwarePath == nil { malwarePath = value.text(limit: 400) }
        case .antivirus: addAntivirus(value)
        case .timeZone: dates.addZone(value)
        case .logDate: dates.add(.log, value)
        case .date: dates.add(.date, value)
        case .localDate: dates.add(.local, value)
        case .time: dates.add(.time, value)
        case .lastSeen: dates.add(.lastSeen, value)
        case .installDate: dates.add(.install, value)
        default: break
        }
    }

    private mutating func addUser(_ value: ByteView) {
        guard user == nil else { return }
        // Phemedrone writes `user\COMPUTER`, others `COMPUTER\user` or the user alone: kept as it stands where it is not known which.
        guard keys.contains(.hardwareInfo), let mark = value.firstIndex(of: ByteView.backslash) else {
            user = value.text(limit: 100)
            return
        }
        user = value.upTo(mark).trimmed.text(limit: 100)
        if computer == nil { computer = value.from(mark + 1).trimmed.text(limit: 100) }
    }

    private mutating func addLocal(_ value: ByteView) {
        guard localAddresses.count < Self.mostEntries, let address = Self.address(in: value), address != ipAddress,
            !localAddresses.contains(address)
        else { return }
        localAddresses.append(address)
    }

    /// An address of a network anywhere in a value.
    private static func address(in value: ByteView) -> String? {
        var start = 0
        while start < value.count {
            while start < value.count, !ByteView.isHex(value[start]), value[start] != ByteView.colon { start += 1 }
            var end = start
            while end < value.count, ByteView.isHex(value[end]) || value[end] == ByteView.dot || value[end] == ByteView.colon { end += 1 }
            let part = value[start..<end]
            if ContentKind.isIPv4(part) || ContentKind.isIPv6(part) { return part.lowercasedText(limit: 45) }
            start = max(end, start + 1)
        }
        return nil
    }

    // MARK: What it amounts to

    var labels: Int { keys.count(where: \.isOfMachine) }
    var isAboutOneMachine: Bool { keys.contains(where: \.isTelling) }
    private var isMeta = false

    /// When the log was made.
    var capturedAt: Date? { dates.capturedAt(isLumma: lumma > 0, hasInstallDate: keys.contains(.traffic)) }

    /// How many signs of Lumma's there are beside its own name: it writes these together.
    private var lumma: Int {
        let signs = [SystemKey.netBIOS, .processorVendor, .processorThreads, .elevated].count(where: keys.contains)
        return (keys.contains(.lummaBuild) ? 4 : 0) + (keys.contains(.lummaId) ? 2 : 0) + (dates.isSigned ? 2 : 0) + (signs >= 3 ? 2 : 0)
    }

    /// What the labels and headings speak for, whatever their values.
    var evidence: FamilyEvidence {
        var evidence = FamilyEvidence()
        func add(_ family: MalwareFamily, _ weight: FamilyEvidence.Weight, _ signs: SystemKey...) {
            for sign in signs where keys.contains(sign) { evidence.add(family, weight) }
        }
        add(.redLine, .key, .buildId, .fileLocation, .userAccountControl, .elevation, .hardwares, .keyboardLayouts)
        if isMeta { evidence.add(.meta, .selfNaming) }
        add(.lumma, .selfNaming, .lummaBuild)
        if lumma > 0 { evidence.add(.lumma, .file) }
        add(.stealC, .structure, .networkInfo, .systemSummary)
        add(.phemedrone, .structure, .geolocation, .hardwareInfo, .reportContents)
        add(.raccoon, .key, .buildDate, .botId, .systemInformation, .displayDevices, .installedApps)
        add(.meduza, .file, .buildName)
        add(.cryptBot, .file, .userAndComputer)
        add(.acreed, .file, .isElevator)
        add(.rhadamanthys, .file, .traffic)
        if keys.contains(.traffic) { add(.rhadamanthys, .key, .installDate) }
        // RisePro's file is Vidar's with a build and a place: what it has in common with it speaks for neither.
        let isRisePro = keys.contains(.zipOfAutofills) || keys.isSuperset(of: [.build, .location]) && !keys.contains(.buildId)
        if isRisePro { evidence.add(.risePro, .file) } else { add(.vidar, .key, .workDirectory, .guid, .hardware) }
        return evidence
    }
}

/// What a file says of when the log was made.
struct LogDates {
    /// By which label; the better come first.
    enum Role: Int {
        case log
        case date
        case local
        case time
        case lastSeen
        /// Of the malware where it says so; else of the operating system, which says nothing.
        case install
    }

    private static let most = 10
    /// The zone of Lumma's panel.
    private static let panelZone = 3 * 3_600

    private var found: [(role: Role, text: [UInt8])] = []
    private var zone: Int?
    private var signedAt: Date?
    /// Whether a time has Lumma's signature.
    private(set) var isSigned = false

    mutating func addZone(_ value: ByteView) { zone = zone ?? LogDate.zoneOffset(value) }

    mutating func add(_ role: Role, _ value: ByteView) {
        if let open = value.firstIndex(of: "(sig:") {
            isSigned = true
            let digits = value.from(open + 5)
            var end = 0
            while end < digits.count, ByteView.isDigit(digits[end]) { end += 1 }
            signedAt = signedAt ?? (end == 10 && (end == digits.count || !ByteView.isHex(digits[end])) ? LogDate.epoch(digits.upTo(end)) : nil)
        }
        guard found.count < Self.most else { return }
        found.append((role, Array(value.upTo(80).bytes)))
    }

    /// The best of what was read: the second that is counted, before what only is written; what is named as the log's time, before what only
    /// could be; and the unambiguous before the others.
    func capturedAt(isLumma: Bool, hasInstallDate: Bool) -> Date? {
        if let signedAt { return signedAt }
        var best: (rank: Int, date: Date)?
        for (role, bytes) in found where role != .install || hasInstallDate {
            // Lumma's panel writes its own time, in its own zone.
            let isPanelTime = isLumma && role == .time
            let offset = isPanelTime ? Self.panelZone : zone ?? 0
            guard var read = bytes.withUnsafeBytes({ LogDate.read(ByteView($0), offset: offset) }) else { continue }
            if !read.hasTime, let time = timeOfDay { read.date.addTimeInterval(time - Double(zone ?? 0)) }
            let rank = (isPanelTime ? 0 : role.rawValue) + (read.isAmbiguous ? 10 : 0)
            if best.map({ rank < $0.rank }) ?? true { best = (rank, read.date) }
        }
        return best?.date
    }

    /// The time in a line of its own, beside one with the date.
    private var timeOfDay: TimeInterval? {
        for (role, bytes) in found where role == .time || role == .local {
            let time = bytes.withUnsafeBytes { buffer -> TimeInterval? in
                let parts = ByteView(buffer).trimmed
                guard (4...8).contains(parts.count), let first = parts.firstIndex(of: ByteView.colon) else { return nil }
                let second = parts.firstIndex(of: ByteView.colon, from: first + 1) ?? parts.count
                guard let hour = parts.upTo(first).wholeNumber, hour < 24, let minute = parts[first + 1..<second].wholeNumber, minute < 60 else {
                    return nil
                }
                return TimeInterval(hour * 3_600 + minute * 60 + (parts.from(second + 1).wholeNumber ?? 0))
            }
            if let time { return time }
        }
        return nil
    }
}
