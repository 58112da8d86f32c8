import Scalars

/// What to do with an entry of an archive or folder.
package enum EntryInterest: Sendable, Hashable {
    /// Hand it over whole, when it is not longer than that.
    case whole(limit: Int)
    /// The path does not say it: ask ``StealerLogCollector/interest(in:beginning:)`` with how it begins.
    case look
    /// Only note that it is there.
    case presence
    /// Read it as an ordinary leak file.
    case leakFile
    /// Pass it over.
    case none
}

/// Collects stealer logs from the entries of an archive or folder, in whatever order they come, in bounded memory.
///
/// Of each device only what concerns watched addresses is kept, and the names of cookies until it is known which sites those are.
package struct StealerLogCollector {
    /// How much all open devices may take before the ones that were longest untouched are finished.
    private static let mostBytes = 32 * 1024 * 1024
    private static let mostDevices = 4_096
    /// How many devices are told apart when they are counted.
    private static let mostFolders = 1_000_000

    private let watch: WatchList
    private let watched: CookieScope
    private var tree = LogTree()
    private var finished: [StealerLog] = []
    private var clock = 0
    private var size = 0
    /// Of devices that were finished.
    private var folders: Set<Int> = []

    /// Devices seen, also those without a watched address.
    package var machineCount: Int {
        folders.count + tree.devices.values.count { $0.isDevice && !folders.contains($0.folder.hashValue) }
    }
    /// Credentials seen, of whomever.
    package private(set) var credentialCount = 0

    package init(watch: WatchList) {
        self.watch = watch
        watched = CookieScope(domains: watch.domains)
    }

    /// What to do with an entry, by its path.
    package func interest(in path: String) -> EntryInterest {
        LogPath(path).map(Self.interest) ?? .none
    }

    private static func interest(of place: LogPath) -> EntryInterest {
        switch place.kind {
        case .passwords where place.isAside || place.isGuess: return .look
        case .passwords, .autofill: return whole(place.kind)
        case .tokens: return .presence
        case .part where place.isTelling: return .presence
        case .unknown where isBinary(place.name): return .none
        case .system, .cookies, .part, .unknown: return .look
        }
    }

    /// What to do with an entry whose path does not say it.
    /// - Parameter beginning: its first bytes, as they are.
    package func interest(in path: String, beginning: UnsafeRawBufferPointer) -> EntryInterest {
        guard let place = LogPath(path) else { return .none }
        if place.kind == .cookies || place.kind == .system {
            let sample = UnsafeRawBufferPointer(rebasing: beginning.prefix(LogContent.glance))
            let isPlain = !ByteView(sample).contains(0) && sample.first != 0xFF && sample.first != 0xFE
            let agrees =
                isPlain
                ? LogContent.agrees(ByteView(sample), place) : TextEncoding.withDecoded(sample) { LogContent.agrees(ByteView($0), place) }
            if agrees { return Self.whole(place.kind) }
        }
        let sample = UnsafeRawBufferPointer(rebasing: beginning.prefix(LogContent.sampleBytes))
        return TextEncoding.withDecoded(sample) { text in
            switch LogContent(ByteView(text), at: place).kind {
            case .part?: .none
            case .tokens?: .presence
            case let kind?: Self.whole(kind)
            case nil: .leakFile
            }
        }
    }

    private static func whole(_ kind: LogPath.Kind) -> EntryInterest {
        switch kind {
        case .passwords: .whole(limit: 32 * 1024 * 1024)
        case .system: .whole(limit: 1024 * 1024)
        default: .whole(limit: 16 * 1024 * 1024)
        }
    }

    private static func isBinary(_ name: String) -> Bool {
        // Databases may be dumps; these are Windows' small pictures.
        guard name != "thumbs.db" else { return true }
        guard let dot = name.lastPlace(of: ".") else { return false }
        return [
            "jpg", "jpeg", "png", "bmp", "gif", "webp", "ico", "url", "lnk", "exe", "dll", "ldb", "mp4", "vdf",
        ]
        .contains(String(name[name.place(behind: dot)...]))
    }

    /// An entry's content, decoded to UTF-8 where it was UTF-16, else raw bytes.
    package mutating func add(_ path: String, _ content: UnsafeRawBufferPointer) {
        guard !content.isEmpty, let place = LogPath(path) else { return }
        let text = ByteView(content)
        let kind: LogPath.Kind
        switch Self.interest(of: place) {
        case .whole: kind = place.kind
        case .look: kind = LogContent(text, at: place).kind ?? .unknown
        case .presence, .leakFile, .none: return notePresence(path)
        }
        switch kind {
        case .passwords, .system, .cookies, .autofill:
            var device = take(place)
            switch kind {
            case .passwords:
                let count = addPasswords(text, place, to: &device)
                device.credentialCount += count
                credentialCount += count
            case .system: Self.addSystem(text, place, to: &device)
            case .cookies: addCookies(text, to: &device)
            case .autofill: addAutofill(text, to: &device)
            case .tokens, .part, .unknown: break
            }
            put(device)
        case .tokens, .part, .unknown: notePresence(path)
        }
    }

    package mutating func notePresence(_ path: String) {
        guard let place = LogPath(path), place.isTelling else { return }
        var device = take(place)
        if place.kind == .tokens { device.hasTokens = true }
        put(device)
    }

    /// Logs that are complete as far as can be told; those without a watched address are counted and dropped.
    package mutating func takeFinished() -> [StealerLog] {
        defer { finished = [] }
        return finished
    }

    /// All that are left.
    package mutating func finish() -> [StealerLog] {
        tree.unite()
        for device in tree.devices.values.sorted(by: { $0.folder < $1.folder }) { close(device) }
        tree.devices = [:]
        size = 0
        return takeFinished()
    }

    // MARK: Devices

    /// Out of the open ones, so that what it holds is changed in place.
    private mutating func take(_ place: LogPath) -> OpenDevice {
        clock += 1
        var device = tree.devices.removeValue(forKey: place.device) ?? OpenDevice(folder: place.device)
        if device.touched > 0 { size -= device.size }
        device.touched = clock
        device.note(place.evidence)
        return device
    }

    private mutating func put(_ device: OpenDevice) {
        size += device.size
        tree.devices[device.folder] = device
        if size > Self.mostBytes || tree.devices.count > Self.mostDevices { closeOldest(except: device.folder) }
    }

    /// Finishes half of the devices, those that were longest untouched: few times much is cheaper than each time one.
    private mutating func closeOldest(except current: String) {
        tree.unite()
        let oldest = tree.devices.values.sorted { $0.touched < $1.touched }
        for device in oldest.prefix(max(1, oldest.count / 2)) where device.folder != current {
            tree.devices.removeValue(forKey: device.folder)
            close(device)
        }
        size = tree.devices.values.reduce(0) { $0 + $1.size }
    }

    private mutating func close(_ device: OpenDevice) {
        if device.isDevice, folders.count < Self.mostFolders { folders.insert(device.folder.hashValue) }
        if let log = device.log(watch, watched) { finished.append(log) }
    }

    // MARK: Files

    /// - Returns: how many credentials there are.
    private func addPasswords(_ text: ByteView, _ place: LogPath, to device: inout OpenDevice) -> Int {
        device.isDevice = true
        let matches = watch.matches(in: text.bytes)
        var next = 0
        var count = 0
        func add(_ block: PasswordFile.Block) {
            count += 1
            device.content.add(block)
            while next < matches.count, matches[next].range.lowerBound < block.range.upperBound {
                let match = matches[next]
                next += 1
                let isInside = match.range.lowerBound >= block.range.lowerBound
                let record =
                    isInside ? PasswordFile.record(of: match.address, text[match.range], in: block, offset: UInt64(match.range.lowerBound)) : nil
                // What no label is known of is understood by what stands where.
                device.add(record ?? UnknownBlock.record(of: match, in: text))
            }
        }
        let isTable = place.name.ends(with: ".csv") || place.name.ends(with: ".tsv") || isTableHeader(text)
        if isTable, let layout = TableLayout(header: firstLines(text)) {
            count = Self.addTable(text, layout, matches, to: &device)
        } else {
            PasswordFile.read(text, body: add)
            for match in matches[min(next, matches.count)...] { device.add(UnknownBlock.record(of: match, in: text)) }
        }
        return count
    }

    private func firstLines(_ text: ByteView) -> [ByteView] {
        var lines: [ByteView] = []
        var reader = LineReader(text)
        while lines.count < 50, let line = reader.next() {
            if !line.trimmed.isEmpty { lines.append(line) }
        }
        return lines
    }

    private func isTableHeader(_ text: ByteView) -> Bool {
        let line = text.upTo(text.firstIndex(of: ByteView.lineFeed) ?? min(text.count, 512)).upTo(512)
        return line.contains("url,") && line.contains("username") && line.contains("password")
    }

    private static func addTable(_ text: ByteView, _ layout: TableLayout, _ matches: [WatchMatch], to device: inout OpenDevice) -> Int {
        var lines = LineReader(text)
        var next = 0
        var count = -1
        while let line = lines.next() {
            if !line.trimmed.isEmpty {
                count += 1
                if count > 0 { device.content.add(line) }
            }
            while next < matches.count, matches[next].range.lowerBound < lines.start { next += 1 }
            while next < matches.count, matches[next].range.upperBound <= lines.start + line.count {
                let match = matches[next]
                next += 1
                let range = match.range.lowerBound - lines.start..<match.range.upperBound - lines.start
                device.add(
                    layout.record(
                        of: match.address, in: line, at: range, isEndCut: false, shape: .stealerPassword, offset: UInt64(match.range.lowerBound)))
            }
        }
        return max(0, count)
    }

    private static func addSystem(_ text: ByteView, _ place: LogPath, to device: inout OpenDevice) {
        let system = SystemInformation(text, name: place.name)
        // A file with one address of a network does not make a device.
        if !place.name.begins(with: "ip.") { device.isDevice = true }
        if device.system == nil { device.system = system } else { device.system?.complete(with: system) }
    }

    private func addCookies(_ text: ByteView, to device: inout OpenDevice) {
        var count = 0
        CookieFile.read(text) { entry in
            count += 1
            device.addCandidate(entry, watched: watched)
        }
        device.cookieCount += count
    }

    private func addAutofill(_ text: ByteView, to device: inout OpenDevice) {
        let matches = watch.matches(in: text.bytes)
        guard !matches.isEmpty else { return }
        device.forms.add(text)
        var next = 0
        func add(_ entry: AutofillFile.Entry?, _ match: WatchMatch) {
            let isWhole = entry.map { match.range.count == $0.value.count } ?? false
            var record = LeakRecord(address: match.address, shape: .stealerAutofill, confidence: isWhole ? .high : .low)
            record.offset = UInt64(match.range.lowerBound)
            record.site = entry.flatMap { $0.form.isEmpty ? nil : SiteAddress.host(of: $0.form) }
            device.addAutofill(record)
        }
        AutofillFile.read(text) { entry in
            guard next < matches.count, let start = entry.value.offset(in: text) else { return }
            while next < matches.count, matches[next].range.upperBound <= start + entry.value.count {
                add(matches[next].range.lowerBound >= start ? entry : nil, matches[next])
                next += 1
            }
        }
        // Whatever the form of the file, the address was in it.
        for match in matches[next...] { add(nil, match) }
    }
}
