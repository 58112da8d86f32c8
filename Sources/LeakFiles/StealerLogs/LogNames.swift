import Scalars

/// What names of files and folders in logs say, word by word: malware writes `Passwords_Google Chrome.txt`, `Chrome Passwords.txt` and
/// `Browser Data`, and each build another one.
enum LogNames {
    /// A name in words of letters, lower-cased: `AllPasswords_list2` is `all passwords list`.
    static func words(_ name: some StringProtocol) -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        var wasLower = false
        func end() {
            if !word.isEmpty { words.append(String(word).lowercased()) }
            word = String.UnicodeScalarView()
        }
        for scalar in name.unicodeScalars {
            let isLetter = scalar.isASCII ? ByteView.isLetter(UInt8(scalar.value)) : scalar.properties.isAlphabetic
            guard isLetter else {
                end()
                wasLower = false
                continue
            }
            let isUpper = scalar.properties.isUppercase
            if isUpper, wasLower { end() }
            word.append(scalar)
            wasLower = !isUpper
        }
        end()
        return words
    }

    // MARK: Folders

    /// Whether a folder is one that malware makes inside a device's own: called by what lies in it, with no number and nothing of a machine.
    static func isInner(_ folder: Substring, lowered: String) -> Bool {
        if innerFolders.contains(lowered) { return true }
        guard !lowered.unicodeScalars.contains(where: { ("0"..."9").contains($0) }) else { return false }
        let words = words(folder)
        return !words.isEmpty && words.contains(where: innerWords.contains)
            && words.allSatisfy { innerWords.contains($0) || browserWords.contains($0) || beside.contains($0) }
    }

    /// Whether a folder is a browser's, or of a profile in one.
    static func isProfile(_ folder: String) -> Bool {
        folder == "default" || folder.begins(with: "profile") || folder.ends(with: ".default") || folder.has(text: ".default-")
            || folder == "guest profile" || folder == "user data" || folder == "network" || browsers.contains(folder)
    }

    static let browsers: Set<String> = [
        "chrome", "google chrome", "google", "edge", "microsoft edge", "firefox", "mozilla firefox", "opera", "opera gx", "opera stable", "brave",
        "vivaldi", "yandex", "chromium", "gecko", "browser", "browsers", "safari", "cent browser", "360browser",
    ]

    private static let innerFolders: Set<String> = browsers.union([
        "passwords", "password", "logins", "cookies", "cookie", "autofill", "autofills", "history", "downloads", "cc", "creditcards", "credit cards",
        "cards", "ftp", "restore", "telegram", "discord", "steam", "messengers", "messenger", "wallets", "wallet", "extensions", "extension",
        "plugins", "filegrabber", "file grabber", "grabber", "files", "crypto", "googleaccounts", "google accounts", "accounttokens", "tokens",
        "fingerprint", "masterkeys", "important", "vpn", "applications", "soft", "games", "bookmarks", "system", "information", "debug",
        "fbfastcheck", "screenshots",
    ])

    /// Words of which one makes a folder an inner one.
    private static let innerWords = Set(
        """
        browser browsers password passwords passwd login logins credential credentials creds cookie cookies autofill autofills history downloads \
        bookmarks cards ftp telegram discord steam messenger messengers messaging wallet wallets extension extensions plugins grabber grabbed crypto \
        tokens token fingerprint vpn applications apps soft software games system sysinfo systeminfo information screenshots sessions processes \
        passwörter passwort zugangsdaten contraseñas senhas mots пароли куки браузеры система
        """.words.map(String.init))

    private static let browserWords = Set(
        "chrome google edge microsoft firefox mozilla opera gx stable brave vivaldi yandex chromium gecko safari cent internet explorer".words.map(
            String.init))

    /// Words that stand beside others, in folders and files.
    private static let beside = Set(
        """
        all my list unique saved stolen decrypted plain full text txt default profile network user users data file files auto fill info log of from by the \
        and for account accounts local storage web site sites pass new master keys other found total export output result results pc machine \
        device host hardware computer client general mail email de passe
        """.words.map(String.init))

    // MARK: Devices

    /// `DE[0123…] [2024-06-05T10_11_12]`, `[US]_[code]_[2024_05_06_07-08-09]_[192.0.2.10]`, `US_192.0.2.10_2024-05-06`.
    static func looksLikeDevice(_ folder: Substring) -> Bool {
        guard folder.utf8.count >= 12 else { return false }
        var folder = folder
        return folder.withUTF8 { buffer in
            var text = ByteView(UnsafeRawBufferPointer(buffer))
            if text[0] == UInt8(ascii: "[") { text = text.from(1) }
            guard text[0] &- 65 < 26, text[1] &- 65 < 26, !ByteView.isLetter(text[2]), !ByteView.isDigit(text[2]) else { return false }
            var digits = 0
            for index in 2..<text.count where ByteView.isHex(text[index]) { digits += 1 }
            return digits >= 8
        }
    }

    /// Also `DE_c1` and `[AE] 17`: a country first, and something behind it that tells one from the next.
    static func mayBeDevice(_ folder: Substring) -> Bool {
        if looksLikeDevice(folder) { return true }
        var scalars = Array(folder.unicodeScalars.prefix(5))
        if scalars.first == "[" { scalars.removeFirst() }
        guard scalars.count >= 4 else { return false }
        guard scalars[..<2].allSatisfy({ ("A"..."Z").contains($0) }) else { return false }
        return !scalars[2].properties.isAlphabetic && !("0"..."9").contains(scalars[2])
    }

    /// A name without its numbers, so that `PC1` and `PC2` are alike.
    static func shape(_ folder: Substring) -> String? {
        var shape = String.UnicodeScalarView()
        var hasDigits = false
        for scalar in folder.unicodeScalars {
            if ("0"..."9").contains(scalar) {
                hasDigits = true
                if shape.last != "#" { shape.append("#") }
            } else {
                shape.append(scalar)
            }
        }
        return hasDigits ? String(shape) : nil
    }

    // MARK: Files

    /// Whether a file has one of the names that malware gives its list, letters and digits only.
    static func isPasswordFile(_ plain: String) -> Bool { passwordNames.contains(plain) }

    /// What a file holds by its name alone; nil when that says nothing.
    static func kind(_ name: String, _ plain: String) -> LogPath.Kind? {
        if systemNames.contains(plain) { return .system }
        if passwordNames.contains(plain) { return .passwords }
        let words = words(name)
        // Numbered parts of big lists are no files of one device.
        let isPlain = words.allSatisfy { isKnown($0) } && longestNumber(in: name) <= 2
        guard isPlain else { return nil }
        if words.contains(where: { $0.has(text: "cookie") }), !words.contains("list") { return .cookies }
        if words.contains(where: { $0.has(text: "autofill") }) || words.contains("auto") && words.contains("fill") { return .autofill }
        if words.contains(where: { $0.has(text: "password") || $0 == "logins" || $0 == "credentials" }) { return .passwords }
        return words.contains(where: { $0 == "information" || $0 == "info" || $0 == "sysinfo" || $0 == "systeminfo" }) ? .system : nil
    }

    private static func isKnown(_ word: String) -> Bool {
        innerWords.contains(word) || browserWords.contains(word) || beside.contains(word) || word == "important"
            || ["password", "cookie", "autofill"].contains { stem in
                // `chromepasswords`, `allcookies`.
                word.rest(behind: stem).map { $0.isEmpty || $0 == "s" } ?? false
                    || [stem, stem + "s"].contains { tail in word.rest(before: tail).map { isBefore(String($0)) } ?? false }
            }
    }

    private static func isBefore(_ word: String) -> Bool { browserWords.contains(word) || beside.contains(word) }

    private static func longestNumber(in name: String) -> Int {
        var longest = 0
        var length = 0
        for scalar in name.unicodeScalars {
            length = ("0"..."9").contains(scalar) ? length + 1 : 0
            longest = max(longest, length)
        }
        return longest
    }

    private static let systemNames: Set<String> = [
        "userinformation", "userinfo", "information", "system", "systeminfo", "systeminformation", "machineinfo", "pcinfo", "info", "buildinfo",
        "environment", "identification", "ip",
    ]

    private static let passwordNames: Set<String> = [
        "passwords", "password", "allpasswords", "allpasswordslist", "passwordlist", "passwordslist", "uniquepasswords", "logins", "credentials",
        "icloudpasswords", "keychain", "brute", "filezilla", "allpasswordlist",
    ]
}
