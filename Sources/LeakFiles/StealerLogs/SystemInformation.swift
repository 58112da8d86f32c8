import Foundation

/// What a stealer wrote down of the machine it ran on.
struct SystemInformation: Sendable {
    var ipAddress: String?
    var country: String?
    var computer: String?
    var user: String?
    var hardwareId: String?
    var operatingSystem: String?
    var capturedAt: Date?
    var evidence = FamilyEvidence()

    /// By itself, without what other files say.
    var family: MalwareFamily? { evidence.family }

    init(_ text: ByteView, name: String) {
        var reading = Reading()
        if text.trimmedLeft.first == UInt8(ascii: "{") {
            for member in JSONObjectReader.members(of: text, from: (text.firstIndex(of: UInt8(ascii: "{")) ?? 0) + 1) {
                reading.add(member.name, member.value)
            }
        } else {
            var lines = LineReader(text.withoutMarks)
            var count = 0
            while count < 400, let line = lines.next() {
                reading.add(line: line, number: count)
                count += 1
            }
        }
        if name == "ip" || name == "ip.txt", reading.ipAddress == nil, ContentKind.isIPv4(text.trimmed) {
            reading.ipAddress = text.trimmed.text(limit: 45)
        }
        ipAddress = reading.ipAddress
        country = reading.country ?? reading.countryOfLocation
        computer = reading.computer
        user = reading.user
        hardwareId = reading.hardwareId ?? reading.machineId
        operatingSystem = reading.operatingSystem
        capturedAt = reading.capturedAt
        evidence = reading.evidence
    }

    /// Fills what another file of the same log did not say.
    mutating func complete(with other: SystemInformation) {
        ipAddress = ipAddress ?? other.ipAddress
        country = country ?? other.country
        computer = computer ?? other.computer
        user = user ?? other.user
        hardwareId = hardwareId ?? other.hardwareId
        operatingSystem = operatingSystem ?? other.operatingSystem
        capturedAt = capturedAt ?? other.capturedAt
        evidence.add(other.evidence)
    }
}

private struct Reading {
    var ipAddress: String?
    var country: String?
    var countryOfLocation: String?
    var computer: String?
    var user: String?
    var hardwareId: String?
    var machineId: String?
    var operatingSystem: String?
    var evidence = FamilyEvidence()
    private var keys: [SystemKey: Int] = [:]
    private var zone: Int?
    /// When the log was made, by each label that says so; best first once sorted.
    private var dates: [(rank: Int, text: [UInt8])] = []
    private var isInList = false

    mutating func add(line: ByteView, number: Int) {
        let trimmed = line.trimmed.withoutMarks
        guard let first = trimmed.first else { return }
        if number < 60, let family = MalwareFamily.named(in: trimmed) { evidence.add(family, .selfNaming) }
        if first == UInt8(ascii: "[") {
            if trimmed.equals("[hardware]") { addStructure(.vidarHardware) }
            // What follows lists processes and programs, of which names look like labels.
            if trimmed.equals("[processes]") || trimmed.equals("[software]") { isInList = true }
            return
        }
        guard first != UInt8(ascii: "*"), !isInList else { return }
        var text = trimmed
        while let mark = text.first, mark == UInt8(ascii: "-") || ByteView.isBlank(mark) { text = text.from(1) }
        guard let colon = text.firstIndex(of: ByteView.colon) else {
            addHeading(text)
            return
        }
        let value = text.from(colon + 1).trimmed
        if value.isEmpty { addHeading(text.upTo(colon)) }
        add(text.upTo(colon), value)
    }

    private mutating func addHeading(_ text: ByteView) {
        if text.equals("network info") { addStructure(.networkInfo) }
        if text.equals("system summary") { addStructure(.systemSummary) }
        if text.equals("system information") { addStructure(.systemInformation) }
        if text.equals("geolocation data") || text.equals("hardware info") || text.equals("report contents") { evidence.add(.phemedrone, .structure) }
        if text.equals("installed apps") || text.equals("process list") || text.equals("installed software") { isInList = true }
    }

    private mutating func addStructure(_ key: SystemKey) {
        keys[key, default: 0] += 1
        guard keys[key] == 1 else { return }
        switch key {
        case .networkInfo, .systemSummary: evidence.add(.stealC, .structure)
        case .vidarHardware: evidence.add(.vidar, .key)
        case .systemInformation: evidence.add(.raccoon, .key)
        default: break
        }
    }

    mutating func add(_ label: ByteView, _ value: ByteView) {
        guard let key = SystemKey.read(label) else { return }
        keys[key, default: 0] += 1
        if keys[key] == 1 { addEvidence(key) }
        guard !Noise.isPlaceholder(value), !value.equals("disabled"), !value.isEmpty, value.count <= 400 else { return }
        switch key {
        case .ip:
            if ipAddress == nil { ipAddress = Self.address(in: value) }
            if country == nil, value.count > 2, value[2] == ByteView.blank { country = CountryCode.read(value) }
        case .country:
            if country == nil { country = CountryCode.read(value) }
            if ipAddress == nil { ipAddress = Self.address(in: value) }
        case .location: if countryOfLocation == nil { countryOfLocation = CountryCode.read(value) }
        case .computer:
            // `EXAMPLE-PC [WORKGROUP]`.
            if computer == nil { computer = value.upTo(value.firstIndex(of: " [") ?? value.count).text(limit: 100) }
        case .user: if user == nil { user = value.text(limit: 100) }
        case .userAndComputer:
            let open = value.firstIndex(of: " (") ?? value.count
            if user == nil { user = value.upTo(open).text(limit: 100) }
            if computer == nil, open < value.count { computer = value.from(open + 2).upTo(value.count - open - 3).text(limit: 100) }
        case .hardwareId: if hardwareId == nil { hardwareId = value.text(limit: 100) }
        case .machineId: if machineId == nil { machineId = value.text(limit: 100) }
        case .operatingSystem: if operatingSystem == nil { operatingSystem = value.text(limit: 100) }
        case .timeZone: if zone == nil { zone = LogDate.zoneOffset(value) }
        case .logDate: addDate(0, value)
        case .date: addDate(2, value)
        case .localDate: addDate(3, value)
        case .time: addDate(keys[.lummaId] != nil || keys[.lummaBuild] != nil ? 1 : 4, value)
        case .lastSeen: addDate(5, value)
        case .installDate: addDate(6, value)
        case .build, .buildId, .buildName, .buildDate, .fileLocation, .path, .workDirectory, .traffic, .lummaId, .lummaBuild, .botId,
            .userAccountControl,
            .elevation, .version, .installPath, .guid, .networkInfo, .systemSummary, .vidarHardware, .systemInformation:
            if key == .guid, machineId == nil { machineId = value.text(limit: 100) }
        }
    }

    private mutating func addDate(_ rank: Int, _ value: ByteView) {
        guard dates.count < 8 else { return }
        dates.append((rank, Array(value.upTo(80).bytes)))
    }

    private mutating func addEvidence(_ key: SystemKey) {
        switch key {
        case .buildId, .fileLocation, .userAccountControl, .elevation: evidence.add(.redLine, .key)
        case .lummaId: evidence.add(.lumma, .file)
        case .lummaBuild: evidence.add(.lumma, .selfNaming)
        case .buildDate, .botId: evidence.add(.raccoon, .key)
        case .workDirectory: evidence.add(.vidar, .key)
        case .guid: evidence.add(.vidar, .key)
        case .build, .location:
            // Both with a machine's id and no id of a build: RisePro's form of Vidar's file.
            if keys[.build] != nil, keys[.location] != nil, keys[.buildId] == nil { evidence.add(.risePro, .file) }
        case .traffic: evidence.add(.rhadamanthys, .key)
        case .installDate: evidence.add(.rhadamanthys, .key)
        case .buildName: evidence.add(.meduza, .file)
        case .userAndComputer: evidence.add(.cryptBot, .file)
        default: break
        }
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

    /// The best of what was read: what is named as the log's time, before what only could be, and the unambiguous before the others.
    var capturedAt: Date? {
        var best: (rank: Int, date: Date)?
        for (rank, bytes) in dates {
            let zone = rank == 1 ? 0 : zone ?? 0
            guard var read = bytes.withUnsafeBytes({ LogDate.read(ByteView($0), offset: zone) }) else { continue }
            if !read.hasTime, let time = timeOfDay { read.date.addTimeInterval(time - Double(zone)) }
            let order = rank + (read.isAmbiguous ? 10 : 0)
            if best.map({ order < $0.rank }) ?? true { best = (order, read.date) }
        }
        return best?.date
    }

    /// The time in a line of its own, beside one with the date.
    private var timeOfDay: TimeInterval? {
        for (rank, bytes) in dates where rank == 1 || rank == 4 {
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
