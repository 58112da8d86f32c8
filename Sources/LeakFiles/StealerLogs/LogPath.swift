import Scalars

/// What the path of an entry says: which device it belongs to, and what it holds.
struct LogPath {
    enum Kind: Hashable {
        case passwords
        case system
        case cookies
        case autofill
        /// Application tokens; that they were taken is all that counts.
        case tokens
        /// Part of a log, without anything to read.
        case part
        /// Nothing that the path tells: the content has to.
        case unknown
    }

    var kind: Kind
    /// The folder of the device, as far as the path tells; empty for files at the top.
    var device: String
    /// Lower-cased, of the entry.
    var name: String
    /// Lower-cased, inside the device's folder.
    var folders: [String]
    /// Whether it lies among what the malware took from elsewhere on the machine: its history, its downloads, its owner's own files. These
    /// are no lists of the malware's making, unless their content says so.
    var isAside = false
    /// Of these, files of the machine's owner.
    var isGrabbed = false
    /// Whether the folders say that this is part of a log.
    var isInLog = false
    /// Whether only words of the name speak for a list of passwords, which a combolist may be called by, too.
    var isGuess = false

    /// - Returns: nil for what is no path inside an archive, and for what tools put there themselves.
    init?(_ path: String) {
        guard path.utf8.count <= 4_096, !path.utf8.contains(where: { $0 < 0x20 }) else { return nil }
        var parts: [Substring] = []
        for part in path.parts(between: { $0 == "/" || $0 == "\\" }) where part != "." {
            guard part != "..", part != "__MACOSX", !part.begins(with: ".") else { return nil }
            parts.append(part)
        }
        // A drive is no part of a path in an archive.
        if let first = parts.first, first.utf8.count == 2, first.ends(with: ":") { return nil }
        guard let last = parts.popLast() else { return nil }
        name = last.lowercased()
        let isDevice = parts.map(LogNames.looksLikeDevice)
        // Folders inside a device's own are looked at; its own name is not.
        let lowered = parts.indices.map { isDevice[$0] ? "" : parts[$0].lowercased() }
        let own = Self.kind(String(last), name, folder: lowered.last)
        let isInner = parts.indices.map { !isDevice[$0] && LogNames.isInner(parts[$0], lowered: lowered[$0]) }
        let depth = Self.deviceDepth(parts, lowered, isInner, isDevice, kind: own)
        device = depth == 1 ? String(parts[0]) : parts[..<depth].joined(separator: "/")
        folders = Array(lowered[depth...])
        isGrabbed = lowered.contains(where: Self.grabbed.contains)
        isAside = isGrabbed || folders.contains(where: Self.asideFolders.contains)
        isInLog = isInner.contains(true) || isDevice.contains(true)
        kind = Self.kind(own, folders)
        isGuess = kind == .passwords && !LogNames.isPasswordFile(Self.plain(name))
    }

    // MARK: Folders

    /// How many folders lead to the device's own.
    private static func deviceDepth(_ parts: [Substring], _ lowered: [String], _ isInner: [Bool], _ isDevice: [Bool], kind: Kind) -> Int {
        if let named = isDevice.lastIndex(of: true) { return named + 1 }
        switch kind {
        case .passwords, .system, .cookies, .autofill, .unknown:
            // From the end, because a wrapper may be called anything.
            var depth = parts.count
            while depth > 0 {
                if isInner[depth - 1] {
                    depth -= 1
                } else if depth > 1, isInner[depth - 2], LogNames.isProfile(lowered[depth - 1]) || LogNames.browsers.contains(lowered[depth - 2]) {
                    depth -= 2
                } else {
                    break
                }
            }
            return depth
        case .tokens, .part:
            guard var depth = isInner.lastIndex(of: true) else { return parts.count }
            while depth > 0, isInner[depth - 1] { depth -= 1 }
            return depth
        }
    }

    // MARK: Files

    private static let partNames: Set<String> = [
        "domaindetects", "domaindetect", "installedbrowsers", "installedsoftware", "software", "installedprograms", "programslist", "processlist",
        "processes", "screenshot", "screen", "cookielist", "cookieslist", "clipboard", "creditcards", "cards", "history", "downloads", "brutelist",
        "copyright", "credits", "readme", "wallets",
    ]

    private static let grabbed: Set<String> = ["filegrabber", "file grabber", "grabber"]

    private static let asideFolders: Set<String> = [
        "history", "downloads", "cc", "creditcards", "credit cards", "cards", "files", "bookmarks", "screenshots",
    ]

    /// Without what follows the last dot, and of that only letters and digits.
    private static func plain(_ name: String) -> String {
        let dot = name.lastPlace(of: ".") ?? name.endIndex
        return String(decoding: name[..<dot].utf8.filter { ByteView.isLetter($0) || ByteView.isDigit($0) }, as: UTF8.self)
    }

    /// By the name and its folder alone.
    private static func kind(_ written: String, _ name: String, folder: String?) -> Kind {
        let ending = name.lastPlace(of: ".").map { name[name.place(behind: $0)...] } ?? ""
        let isText = ending == "txt" || ending == "log" || ending.isEmpty || ending == "csv" || ending == "tsv"
        if folder == "autofill" || folder == "autofills", isText || ending == "json" { return .autofill }
        let plain = plain(name)
        guard isText || ending == "json" else { return tokenFile(plain, folder) ? .tokens : .unknown }
        switch folder {
        case "cookies", "cookie": return plain == "cookielist" ? .part : .cookies
        case "passwords", "logins": if isText, !isWordList(plain) { return .passwords }
        default: break
        }
        if tokenFile(plain, folder) { return .tokens }
        if partNames.contains(plain) { return .part }
        let stem = String(written[..<(written.lastPlace(of: ".") ?? written.endIndex)])
        let known = isWordList(plain) && !LogNames.isPasswordFile(plain) ? nil : LogNames.kind(stem, plain)
        return known == .passwords && !isText ? .unknown : known ?? .unknown
    }

    private static func isWordList(_ plain: String) -> Bool {
        plain.has(text: "wordlist") || plain.has(text: "bruteforce") || plain.has(text: "passwordcracker")
    }

    private static func tokenFile(_ plain: String, _ folder: String?) -> Bool {
        if plain == "tokens" || plain == "token" || plain == "googletokens" || plain == "discordtokens" { return true }
        switch folder {
        case "accounttokens", "googleaccounts", "google accounts", "restore", "tokens": return true
        case "discord": return plain.has(text: "token")
        default: return false
        }
    }

    /// With the folders inside the device's own in view.
    private static func kind(_ kind: Kind, _ folders: [String]) -> Kind {
        guard kind == .unknown || kind == .part else { return kind }
        return folders.contains("telegram") || folders.contains("accounttokens") || folders.contains("googleaccounts") ? .tokens : kind
    }

    /// What the names of file and folders speak for. None is enough by itself: whoever packs a log anew gives it other names.
    var evidence: FamilyEvidence {
        var evidence = FamilyEvidence()
        switch name {
        case "userinformation.txt": evidence.add(.redLine, .fileName)
        case "importantautofills.txt", "domaindetects.txt": evidence.add(.redLine, .fileName)
        case "_information.txt": evidence.add(.cryptBot, .fileName)
        case "brute.txt" where folders.isEmpty, "googletokens.txt": evidence.add(.rhadamanthys, .fileName)
        case "keychain.txt", "keychain data.txt", "icloud passwords.txt": evidence.add(.atomic, .structure)
        case "system_information.txt": evidence.add(.atomic, .fileName)
        case "domain detect.txt": evidence.add(.vidar, .fileName)
        case "system_info.txt", "cookie_list.txt": evidence.add(.stealC, .fileName)
        case "system info.txt", "machineinfo.txt": evidence.add(.raccoon, .fileName)
        default: break
        }
        if folders.contains("fingerprint") || folders.contains("masterkeys") { evidence.add(.rhadamanthys, .file) }
        if folders.contains("fbfastcheck") { evidence.add(.worldWind, .file) }
        return evidence
    }

    /// Whether there is something to note although nothing is read.
    var isTelling: Bool { kind == .tokens || evidence.isNotEmpty }
}
