import Scalars

/// Rows with several people in them: `email,password,email,password`, `email_1,password_1,email_2,password_2`, `email,password,email.1,password.1`.
enum ColumnGroups {
    /// The values of a row that belong to another of its people.
    /// - Parameter own: where the address is that the row is asked about.
    /// - Returns: their places; none nearly always.
    static func others(than own: Int, in values: [RowValue]) -> Set<Int> {
        let role = values[own].role
        guard role == .email || role == .login || role == .otherEmail, values.hasTwo(where: { isPerson($0, beside: role) }),
            values.hasTwo(where: isSecret)
        else { return [] }
        let names = values.map(name)
        let people = values.indices.filter { isPerson(values[$0], beside: role) }
        let same = people.filter { names[$0] == names[own] }
        if same.count > 1 { return repeated(same, own: own, names, values) }
        return tagged(people, own: own, names, values)
    }

    /// Whether an address that is not the one of the row's person by its name has a secret of its own: `parent_email,parent_password`.
    static func hasSecret(_ other: Int, in values: [RowValue]) -> Bool {
        guard values.contains(where: isSecret) else { return false }
        let mine = tag(name(values[other]), isSecret: false)
        return !mine.isEmpty && values.contains { isSecret($0) && tag(name($0), isSecret: true) == mine }
    }

    /// Whether another column has in its name whose that address is, and speaks of something to sign in with.
    static func mayHaveSecret(_ other: Int, in values: [RowValue]) -> Bool {
        let mine = tag(name(values[other]), isSecret: false)
        guard !mine.isEmpty, values[other].role == .otherEmail else { return false }
        return values.indices.contains { index in
            let name = name(values[index])
            return index != other && !values[index].isNothing && name.has(text: mine) && Understanding.speaksOfSecret(name)
        }
    }

    /// Whoever else an address may be of is a person of the row, too.
    private static func isPerson(_ value: RowValue, beside role: ColumnRole) -> Bool {
        value.role == role || value.role == .otherEmail || role == .otherEmail && value.role == .email
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

    /// Names with a number or a word before or behind them that say whose they are: `email_2`, `password.1`, `spouse_email`.
    private static func tagged(_ people: [Int], own: Int, _ names: [String], _ values: [RowValue]) -> Set<Int> {
        let secrets = values.indices.filter { isSecret(values[$0]) }
        func tag(_ index: Int) -> String { Self.tag(names[index], isSecret: isSecret(values[index]) || values[index].role == .salt) }
        let mine = tag(own)
        let theirs = Set(people.filter { $0 != own }.map(tag)).subtracting([mine])
        guard secrets.contains(where: { tag($0) == mine }) else {
            // `email,email_2,password_1,password_2`: the first of each, and the second.
            guard people.count == secrets.count, (people + secrets).allSatisfy({ tag($0).utf8.allSatisfy { (0x30...0x39).contains($0) } }),
                let rank = people.firstIndex(of: own)
            else { return [] }
            return Set(secrets).subtracting([secrets[rank]])
        }
        func isNumber(_ tag: String) -> Bool { !tag.isEmpty && tag.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        var others: Set<Int> = []
        for index in values.indices where index != own {
            switch values[index].role {
            case .secret, .hash, .salt:
                let isOther = isNumber(mine) && isNumber(tag(index)) && tag(index) != mine
                if isOther || theirs.contains(tag(index)) { others.insert(index) }
            case .email, .login, .otherEmail, .site, .key, .other, .unknown:
                // `phone_2` is of the second.
                let isTheirs = theirs.contains { !$0.isEmpty && (names[index].ends(with: $0) || names[index].begins(with: $0)) }
                let isMine = !mine.isEmpty && (names[index].ends(with: mine) || names[index].begins(with: mine))
                if isTheirs, !isMine { others.insert(index) }
            }
        }
        return others
    }

    /// What is left of a name without the word for what it is.
    private static func tag(_ name: String, isSecret: Bool) -> String {
        let word = (isSecret ? secretWords : addressWords).first { name.has(text: $0) }
        return word.map { name.swapping(text: $0, for: "") } ?? name
    }

    private static func name(_ value: RowValue) -> String {
        let name = (value.name ?? value.rawName.text(limit: 64)).lowercased()
        return String(String.UnicodeScalarView(name.unicodeScalars.filter { $0.properties.isAlphabetic || $0.properties.numericType != nil }))
    }

    private static let addressWords = ["emailaddress", "mailaddress", "emailadresse", "email", "mail", "username", "userlogin", "login", "account"]

    private static let secretWords = [
        "passwordhash", "passwordsalt", "hashedpassword", "encryptedpassword", "password", "passwort", "passwd", "passhash", "kennwort", "passcode",
        "motdepasse", "contrasena", "senha", "userpass", "pass", "pwd", "pw", "hash", "salt",
    ]
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
