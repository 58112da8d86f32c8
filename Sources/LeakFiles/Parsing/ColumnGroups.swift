import Scalars

/// Rows with several people in them: `email,password,email,password`, `email_1,password_1,email_2,password_2`, `email,password,email.1,password.1`.
enum ColumnGroups {
    /// Whose the values of a row are.
    struct Share {
        /// Where those are that belong to another of the row's people; none nearly always.
        var others: Set<Int> = []
        /// Whether it is not clear whose the secrets are.
        var isUnclear = false
    }

    /// So many people a row has at most whose columns are told apart by their names.
    private static let mostPeople = 8

    /// - Parameter own: where the address is that the row is asked about.
    static func share(of own: Int, in values: [RowValue]) -> Share {
        let role = values[own].role
        guard values.hasTwo(where: { isAddress($0) || $0.role == role }) else { return Share() }
        let secrets = values.indices.filter { isSecret(values[$0]) || values[$0].role == .salt }
        guard secrets.contains(where: { isSecret(values[$0]) }) else { return Share() }
        let people = values.indices.filter {
            $0 == own || isAddress(values[$0]) && !values[$0].text.isSameText(as: values[own].text) || values[$0].role == role && role == .login
        }
        guard people.count > 1 else { return Share() }
        let same = people.filter { values[$0].role == role }
        if same.count > 1 {
            let names = values.map(name)
            let ofOne = same.filter { names[$0] == names[own] }
            if ofOne.count > 1 { return Share(others: repeated(ofOne, own: own, names, values)) }
        }
        guard people.count <= mostPeople else { return Share(others: Set(secrets), isUnclear: true) }
        return tagged(people, own: own, secrets, values)
    }

    /// Whether an address that is not the one of the row's person by its name has a secret of its own: `parent_email,parent_password`.
    static func hasSecret(_ other: Int, in values: [RowValue]) -> Bool {
        guard values.contains(where: isSecret) else { return false }
        let mine = tag(values[other])
        return !mine.isEmpty && values.contains { isSecret($0) && tag($0) == mine }
    }

    /// Whether another column has in its name whose that address is, and speaks of something to sign in with.
    static func mayHaveSecret(_ other: Int, in values: [RowValue]) -> Bool {
        let mine = tag(values[other])
        guard !mine.isEmpty else { return false }
        return values.indices.contains { index in
            guard index != other, !values[index].isNothing else { return false }
            let name = values[index].name ?? values[index].rawName.text(limit: 64)
            return Understanding.speaksOfSecret(name) && mine.contains { name.lowercased().has(text: $0) }
        }
    }

    /// Whether a value is somebody's address, by its name or its looks.
    private static func isAddress(_ value: RowValue) -> Bool {
        switch value.role {
        case .email, .otherEmail: true
        case .login, .key, .other, .unknown: value.text.contains(ByteView.at) && ContentKind.isEmail(value.text.trimmed)
        case .secret, .hash, .salt, .site: false
        }
    }

    private static func isSecret(_ value: RowValue) -> Bool { value.role == .secret || value.role == .hash }

    /// Names that come again: of those that come as often as the address's each is its person's, and what comes once goes with what is before it.
    private static func repeated(_ same: [Int], own: Int, _ names: [String], _ values: [RowValue]) -> Set<Int> {
        var places: [String: [Int]] = [:]
        for (index, name) in names.enumerated() { places[name, default: []].append(index) }
        let rank = same.firstIndex(of: own) ?? 0
        // A group begins where the first of the names that come again does.
        let begins = names.first { (places[$0]?.count ?? 0) == same.count }.flatMap { places[$0] } ?? same
        func group(_ index: Int) -> Int { begins.lastIndex { $0 <= index } ?? -1 }
        var others: Set<Int> = []
        for (index, value) in values.enumerated() where index != own {
            let all = places[names[index]] ?? []
            if all.count == same.count {
                if all.firstIndex(of: index) != rank { others.insert(index) }
            } else if all.count > 1 || isSecret(value) || value.role == .salt {
                if group(index) >= 0, group(index) != rank { others.insert(index) }
            }
        }
        return others
    }

    /// Names with a number or a word before or behind them that say whose they are: `email_2`, `password.1`, `spouse_email`. A secret is somebody's whose
    /// address has the very same words; what is nobody's so is not given.
    private static func tagged(_ people: [Int], own: Int, _ secrets: [Int], _ values: [RowValue]) -> Share {
        let tags = values.indices.reduce(into: [Int: Set<String>]()) { $0[$1] = Self.tag(values[$1]) }
        // `email_1` is the first, unless there is an `email` before it.
        let isCounted = people.contains { tags[$0]?.isEmpty ?? false } && people.contains { tags[$0] == ["1"] }
        func tag(of index: Int) -> Set<String> { isCounted ? tags[index] ?? [] : (tags[index] ?? []).subtracting(["1"]) }
        let mine = tag(of: own)
        let theirs = Set(people.filter { $0 != own }.map(tag(of:))).subtracting([mine])
        let filled = secrets.filter { !values[$0].isNothing && values[$0].role != .salt }
        let ofMine = secrets.filter { tag(of: $0) == mine && isSecret(values[$0]) }
        var others = Set(secrets.filter { tag(of: $0) != mine })
        if ofMine.isEmpty {
            // One person with two addresses: nothing says of a password that it is of one of them.
            let isOfOne = secrets.allSatisfy { tag(of: $0).isEmpty && !hasNumber(values[$0]) }
            if isOfOne, mine.isSubset(of: sameWords) { return Share() }
            return Share(others: Set(secrets), isUnclear: filled.contains { !theirs.contains(tag(of: $0)) || tag(of: $0).isEmpty })
        }
        // Of two people whose columns are called alike, or nearly.
        let isAlike = people.contains { $0 != own && tag(of: $0) == mine && values[$0].role != .login && values[own].role != .login }
        if isAlike, filled.count(where: { tag(of: $0) == mine && values[$0].role == .secret }) > 1 {
            return Share(others: Set(secrets), isUnclear: true)
        }
        if !filled.contains(where: { tag(of: $0) == mine }), filled.contains(where: { !theirs.contains(tag(of: $0)) }) {
            return Share(others: Set(secrets), isUnclear: true)
        }
        let words = theirs.reduce(into: Set<String>()) { $0.formUnion($1) }.subtracting(mine)
        // `phone_2` is of the second.
        for index in others.isEmpty ? 0..<0 : values.indices where index != own && !secrets.contains(index) && !words.isDisjoint(with: tag(of: index))
        {
            others.insert(index)
        }
        return Share(others: others)
    }

    /// The words of a name that say whose something is, without those for what it is; a first one has none.
    private static func tag(_ value: RowValue) -> Set<String> {
        let name = value.name ?? value.rawName.text(limit: 64)
        var words: Set<String> = []
        var (word, wasSmall, wasDigit, isAlgorithm) = ("", false, false, false)
        func end() {
            let text = word.lowercased()
            // `md5`, `sha256`.
            if let rest = bare(text), !(wasDigit && isAlgorithm) { words.insert(rest) }
            if !text.isEmpty { isAlgorithm = text.ends(with: "md") || text.ends(with: "sha") }
            word = ""
        }
        for scalar in name.unicodeScalars {
            let (isLetter, isDigit) = (scalar.properties.isAlphabetic, scalar.properties.numericType != nil)
            if !isLetter && !isDigit || isDigit != wasDigit || wasSmall && scalar.properties.isUppercase { end() }
            if isLetter || isDigit { word.unicodeScalars.append(scalar) }
            (wasSmall, wasDigit) = (scalar.properties.isLowercase, isDigit)
        }
        end()
        return words
    }

    private static func hasNumber(_ value: RowValue) -> Bool {
        let name = (value.name ?? value.rawName.text(limit: 64)).lowercased().swapping(text: "md5", for: "").swapping(text: "sha", for: "")
        return name.utf8.contains { (0x30...0x39).contains($0) }
    }

    /// - Returns: nil for a word that says what something is.
    private static func bare(_ word: String) -> String? {
        var word = word
        while true {
            if word.isEmpty || plainWords.contains(word) { return nil }
            // `adminpassword`, `mailwork`.
            guard let part = parts.first(where: { word.utf8.count > $0.utf8.count && (word.begins(with: $0) || word.ends(with: $0)) }) else {
                return word
            }
            let (scalars, count) = (word.unicodeScalars, part.unicodeScalars.count)
            word = String(String.UnicodeScalarView(word.begins(with: part) ? scalars.dropFirst(count) : scalars.dropLast(count)))
        }
    }

    private static let parts: [String] = [
        "emailaddress", "emailadresse", "password", "passwort", "passwd", "kennwort", "username", "userpass", "userpwd", "email", "mail", "login",
        "pass", "pwd", "hash", "salt",
    ]

    private static let plainWords: Set<String> = [
        "e", "email", "mail", "address", "adresse", "addr", "courriel", "correo", "user", "name", "username", "login", "account", "usr", "uid",
        "nick",
        "password", "passwort", "passwd", "pass", "pwd", "pw", "kennwort", "passcode", "mot", "de", "passe", "contrasena", "senha", "clave", "hash",
        "salt", "hashed", "encrypted", "plain", "text", "md", "sha", "crypt", "bcrypt", "digest", "clear", "md5", "sha1", "id", "new", "old",
        "current", "primary", "main", "first", "the", "of",
    ]

    /// Words for another address of the same person.
    private static let sameWords: Set<String> = [
        "2", "3", "4", "5", "secondary", "second", "backup", "alternate", "alternative", "alt", "private", "personal", "work", "business", "home",
    ]

    private static func name(_ value: RowValue) -> String {
        let name = (value.name ?? value.rawName.text(limit: 64)).lowercased()
        return String(String.UnicodeScalarView(name.unicodeScalars.filter { $0.properties.isAlphabetic || $0.properties.numericType != nil }))
    }
}

extension [RowValue] {
    fileprivate func hasTwo(where test: (RowValue) -> Bool) -> Bool {
        var found = 0
        for value in self where test(value) {
            found += 1
            if found > 1 { return true }
        }
        return false
    }
}
