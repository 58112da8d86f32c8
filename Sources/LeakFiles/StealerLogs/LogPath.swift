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
        /// Nothing of a log, as far as the path tells.
        case unknown
    }

    var kind: Kind
    /// The folder of the device; empty for files at the top.
    var device: String
    /// Lower-cased, of the entry.
    var name: String
    /// Lower-cased, inside the device's folder.
    var folders: [String]

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
        let lowered = parts.map { $0.lowercased() }
        // What a stealer took from the machine's own folders is no list of its making.
        let own = lowered.contains(where: Self.grabbed.contains) ? .part : Self.kind(name, folder: lowered.last)
        let depth = Self.deviceDepth(parts, lowered, kind: own)
        device = parts[..<depth].joined(separator: "/")
        folders = Array(lowered[depth...])
        kind = Self.kind(own, name, folders)
    }

    // MARK: Folders

    /// How many folders lead to the device's own.
    private static func deviceDepth(_ parts: [Substring], _ lowered: [String], kind: Kind) -> Int {
        if let named = parts.indices.last(where: { looksLikeDevice(parts[$0]) }) { return named + 1 }
        let isInner = { (index: Int) in innerFolders.contains(lowered[index]) }
        switch kind {
        case .passwords, .system, .cookies, .autofill:
            // From the end, because a wrapper may be called anything.
            var depth = parts.count
            while depth > 0 {
                if isInner(depth - 1) {
                    depth -= 1
                } else if depth > 1, isInner(depth - 2), isProfile(lowered[depth - 1]) || browsers.contains(lowered[depth - 2]) {
                    depth -= 2
                } else {
                    break
                }
            }
            return depth
        case .tokens, .part, .unknown:
            guard var depth = parts.indices.last(where: isInner) else { return parts.count }
            while depth > 0, isInner(depth - 1) { depth -= 1 }
            return depth
        }
    }

    /// `DE[0123…] [2024-06-05T10_11_12]`, `[US]_[code]_[2024_05_06_07-08-09]_[192.0.2.10]`, `US_192.0.2.10_2024-05-06`.
    static func looksLikeDevice(_ folder: Substring) -> Bool {
        let bytes = Array(folder.utf8)
        return bytes.withUnsafeBytes { buffer in
            var text = ByteView(buffer)
            guard text.count >= 12 else { return false }
            if text[0] == UInt8(ascii: "[") { text = text.from(1) }
            guard text[0] &- 65 < 26, text[1] &- 65 < 26, !ByteView.isLetter(text[2]), !ByteView.isDigit(text[2]) else { return false }
            var digits = 0
            for index in 2..<text.count where ByteView.isHex(text[index]) { digits += 1 }
            return digits >= 8
        }
    }

    private static func isProfile(_ folder: String) -> Bool {
        folder == "default" || folder.begins(with: "profile") || folder.ends(with: ".default") || folder.has(text: ".default-")
            || folder == "guest profile"
            || folder == "user data" || folder == "network" || browsers.contains(folder)
    }

    private static let browsers: Set<String> = [
        "chrome", "google chrome", "google", "edge", "microsoft edge", "firefox", "mozilla firefox", "opera", "opera gx", "opera stable", "brave",
        "vivaldi",
        "yandex", "chromium", "gecko", "browser", "browsers", "safari", "cent browser", "360browser",
    ]

    private static let innerFolders: Set<String> = browsers.union([
        "passwords", "password", "logins", "cookies", "cookie", "autofill", "autofills", "history", "downloads", "cc", "creditcards", "credit cards",
        "cards",
        "ftp", "restore", "telegram", "discord", "steam", "messengers", "messenger", "wallets", "wallet", "extensions", "extension", "plugins",
        "filegrabber", "file grabber", "grabber", "files", "crypto", "googleaccounts", "google accounts", "accounttokens", "tokens", "fingerprint",
        "masterkeys", "important", "vpn", "applications", "soft", "games", "bookmarks", "system", "information", "debug", "fbfastcheck",
        "screenshots",
    ])

    // MARK: Files

    private static let systemNames: Set<String> = [
        "userinformation", "userinfo", "information", "system", "systeminfo", "systeminformation", "machineinfo", "pcinfo", "info", "buildinfo",
        "environment", "identification", "ip",
    ]

    private static let passwordNames: Set<String> = [
        "passwords", "password", "allpasswords", "allpasswordslist", "passwordlist", "passwordslist", "uniquepasswords", "logins", "credentials",
        "icloudpasswords", "keychain", "brute", "filezilla", "allpasswordlist",
    ]

    private static let partNames: Set<String> = [
        "domaindetects", "domaindetect", "installedbrowsers", "installedsoftware", "software", "installedprograms", "programslist", "processlist",
        "processes", "screenshot", "screen", "cookielist", "clipboard", "creditcards", "cards", "history", "downloads", "brutelist", "copyright",
        "credits",
        "readme", "wallets",
    ]

    private static let grabbed: Set<String> = ["filegrabber", "file grabber", "grabber"]

    private static let skippedFolders: Set<String> = [
        "history", "downloads", "cc", "creditcards", "credit cards", "cards", "filegrabber", "file grabber", "grabber", "files", "bookmarks",
        "screenshots",
    ]

    /// Without what follows the last dot, and of that only letters and digits.
    private static func plain(_ name: String) -> (String, ending: String) {
        let dot = name.lastPlace(of: ".") ?? name.endIndex
        var plain = ""
        for scalar in name[..<dot].unicodeScalars where ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) {
            plain.unicodeScalars.append(scalar)
        }
        return (plain, dot < name.endIndex ? String(name[name.place(behind: dot)...]) : "")
    }

    /// By the name and its folder alone.
    private static func kind(_ name: String, folder: String?) -> Kind {
        let (plain, ending) = plain(name)
        let isText = ending == "txt" || ending == "log" || ending.isEmpty || ending == "csv" || ending == "tsv"
        guard isText || ending == "json" else { return tokenFile(plain, folder) ? .tokens : .unknown }
        switch folder {
        case "cookies", "cookie": return plain == "cookielist" ? .part : .cookies
        case "autofill", "autofills": return .autofill
        case "passwords", "logins": if isText, !isWordList(plain) { return .passwords }
        default: break
        }
        if tokenFile(plain, folder) { return .tokens }
        if systemNames.contains(plain) { return .system }
        if isText, passwordNames.contains(plain) { return .passwords }
        // `Passwords[Chrome]_Default.txt`; numbered parts of big lists are no password files of a device.
        if isText,
            name.begins(with: "passwords[") || name.begins(with: "passwords_[") || name.begins(with: "passwords (") || name.begins(with: "password[")
        {
            return .passwords
        }
        if plain.begins(with: "cookies"), plain != "cookieslist",
            name.has("[") || plain == "cookies" || plain == "cookiesjson" || name.begins(with: "cookies_")
        {
            return .cookies
        }
        if plain == "importantautofills" || plain == "autofill" || plain == "autofills" { return .autofill }
        return partNames.contains(plain) ? .part : .unknown
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
    private static func kind(_ kind: Kind, _ name: String, _ folders: [String]) -> Kind {
        if folders.contains(where: skippedFolders.contains) { return .part }
        if kind == .unknown || kind == .part {
            if folders.contains("telegram") || folders.contains("accounttokens") || folders.contains("googleaccounts") { return .tokens }
            if !folders.isEmpty { return .part }
        }
        if kind == .system, folders.contains(where: { $0 != "system" && $0 != "information" }) { return .part }
        return kind
    }

    /// What the name and the folders speak for.
    var evidence: FamilyEvidence {
        var evidence = FamilyEvidence()
        switch name {
        case "userinformation.txt": evidence.add(.redLine, .fileName)
        case "importantautofills.txt", "domaindetects.txt": evidence.add(.redLine, .fileName)
        case "_information.txt": evidence.add(.cryptBot, .file)
        case "brute.txt" where folders.isEmpty, "googletokens.txt": evidence.add(.rhadamanthys, .fileName)
        case "keychain.txt", "keychain data.txt", "icloud passwords.txt", "system_information.txt": evidence.add(.atomic, .file)
        case "pc_info.json": evidence.add(.worldWind, .file)
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
