import Foundation
import Scalars

/// What the words of a staff list say of how somebody stands, and of what kind an account is. What is not known says nothing.
enum StaffStatus {
    /// Whether a word of a status column says that somebody is there or has left.
    /// - Returns: nil when it does not tell: "Full-time", "Contractor".
    static func isActive(_ word: String) -> Bool? {
        // A list has hundreds of thousands of them, and nearly all are one word.
        if let plain = plain(word), let known = known(plain) { return known }
        var words = StaffHeading.words(word)
        guard !words.isEmpty else { return nil }
        if let known = known(words.joined()) { return known }
        // "1 - Active": a number before it is a code. Numbers alone may be a day.
        words = Array(words.drop { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        guard !words.isEmpty else { return nil }
        let isNegated = negations.contains(words[0])
        if isNegated { words.removeFirst() }
        if words.first == "longer" || words.first == "currently" { words.removeFirst() }
        // "Terminated - voluntary", "Active (full-time)", "Suspended by administrator"
        guard let first = words.first, let known = known(words.joined()) ?? known(first) else { return nil }
        return isNegated ? !known : known
    }

    /// One word of ASCII letters and digits, in small ones.
    private static func plain(_ word: String) -> String? {
        let isPlain = word.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) && $0 < 0x80 }
        return isPlain && !word.isEmpty ? word.lowercased() : nil
    }

    private static func known(_ word: String) -> Bool? { active.contains(word) ? true : left.contains(word) ? false : nil }

    /// What is no person of the company.
    enum Kind: Sendable, Hashable {
        case guest, bot, service, shared, room, device, alias

        var words: String {
            switch self {
            case .guest: "a guest of another organisation"
            case .bot: "a bot"
            case .service: "a service account"
            case .shared: "a shared mailbox"
            case .room: "a room or a thing"
            case .device: "a computer, a group or a contact"
            case .alias: "an alias of another address"
            }
        }
    }

    /// - Returns: nil for a person's account, and where the word does not tell.
    static func kind(_ word: String) -> Kind? {
        if let plain = plain(word) { return kinds[plain] }
        let words = StaffHeading.words(word)
        let key = words.joined()
        if let kind = kinds[key] { return kind }
        // Slack's "Single-Channel Guest". Who is merely external works for the company, and has its addresses.
        if words.contains("guest") { return .guest }
        if words.contains("bot") { return .bot }
        if words.contains("alias") { return .alias }
        return nil
    }

    private static let kinds: [String: Kind] = {
        let words: [(Kind, String)] = [
            (.guest, "guest guestuser guestmailuser guestmailboxuser externalguest b2b b2bguest gast invitado ospite ultrarestricted"),
            (.bot, "bot appuser workflowbot slackbot robot"),
            (
                .service,
                """
                serviceaccount serviceprincipal systemaccount systemmailbox dienstkonto managedserviceaccount msdsmanagedserviceaccount \
                msdsgroupmanagedserviceaccount discoverymailbox arbitrationmailbox monitoringmailbox auditlogmailbox
                """
            ),
            (
                .shared,
                "sharedmailbox sharedaccount groupmailbox teammailbox publicfoldermailbox publicfolder functionalmailbox funktionspostfach"
            ),
            (.room, "room roommailbox resourcecalendar equipment equipmentmailbox schedulingmailbox"),
            (.alias, "alias aliases useralias usernealias groupalias groupnealias emailalias mailalias aliasaddress"),
            (
                .device,
                """
                computer group contact mailcontact maildistributiongroup mailuniversaldistributiongroup mailuniversalsecuritygroup \
                dynamicdistributiongroup foreignsecurityprincipal organizationalunit
                """
            ),
        ]
        var kinds: [String: Kind] = [:]
        for (kind, text) in words { for word in text.parts(between: " ") { kinds[String(word)] = kind } }
        return kinds
    }()

    private static func set(_ words: String) -> Set<String> { Set(words.parts(between: " ").map { String($0) }) }

    private static let negations = set("not no non nicht niet nao")

    private static let active = set(
        """
        active a enabled allowed yes true 1 current employed present working onboarding onleave leave leaveofabsence paidleave unpaidleave \
        parentalleave maternityleave sabbatical hired probation notice staged provisioned recovery passwordexpired passwordreset lockedout \
        pendinguseraction invited member admin administrator owner primaryowner workspaceowner workspaceadmin orgowner orgadmin activated aktiv aktiviert angestellt \
        beschaftigt beurlaubt elternzeit mutterschutz actif enconge activo activa vigente alta attivo attiva inforza actief indienst ativo ativa wahr ja oui si \
        signinallowed unblocked aktive
        """)

    private static let left = set(
        """
        inactive suspended deleted deactivated terminated deprovisioned disabled blocked archived removed left leaver exemployee \
        former formeremployee departed resigned retired dismissed deceased discarded dormant offboarded offboarding separated quit fired laidoff \
        redundant termed exited gone letgo hasleft deactive revoked expired cancelled canceled closed ended unassigned signinblocked signindenied \
        denied false no 0 softdeleted purged absconded inaktive \
        inaktiv gesperrt deaktiviert ausgeschieden ausgetreten gekundigt suspendiert geloscht blockiert ehemalig ehemalige verlassen pensioniert \
        inactif suspendu desactive bloque parti supprime sorti demissionne licencie archive \
        inactivo inactiva suspendido suspendida desactivado desactivada bloqueado bloqueada baja eliminado eliminada cesado despedido jubilado \
        inattivo inattiva sospeso sospesa disattivato disattivata bloccato bloccata cessato cessata dimesso licenziato eliminato \
        inactief geblokkeerd uitgeschakeld gedeactiveerd uitdienst geschorst verwijderd vertrokken \
        inativo inativa suspenso suspensa desativado desativada demitido desligado excluido nein falsch faux falso
        """)

    /// Yes and no in the words of lists, where enabled and active are a yes.
    static func truth(_ word: String) -> Bool? {
        if let answer = answer(word) { return answer }
        switch word.lowercased() {
        case "enabled", "enrolled", "enforced", "active", "registered", "capable": return true
        case "disabled", "inactive", "not enrolled", "not registered", "not capable", "not enabled", "not set up", "unenrolled": return false
        default: return nil
        }
    }

    /// Yes and no alone. "Active" in a column "Terminated" is no yes.
    static func answer(_ word: String) -> Bool? {
        switch word.lowercased() {
        case "true", "yes", "y", "1", "x", "on", "t", "ja", "j", "wahr", "oui", "vrai", "si", "sí", "sim", "verdadero", "verdadeiro", "vero", "waar",
            "✓", "✔", "☑", "✅":
            true
        case "false", "no", "n", "0", "off", "f", "none", "nein", "falsch", "non", "faux", "nee", "não", "nao", "falso", "onwaar", "✗", "✘", "☐", "❌":
            false
        default: nil
        }
    }

    /// What a cell of a status column says: of its letters T and F and X, on and off, it cannot be told what they stand for.
    static func said(_ word: String) -> Bool? {
        if let known = isActive(word) { return known }
        return ["t", "f", "x", "on", "off", "none"].contains(word.lowercased()) ? nil : answer(word)
    }

    // MARK: Days

    /// Whether a day is over: of one that can be read in two ways, when it is over in both.
    /// - Parameter countsToday: whether it is the day on which something was done, rather than the last one of somebody's work.
    /// - Returns: nil when it cannot be told.
    static func isOver(_ text: String, on today: Date, countsToday: Bool = false) -> Bool? {
        let todaysNumber = number(of: today)
        let days = days(in: text, year: todaysNumber / 10_000)
        guard let first = days.first else { return nil }
        let now = todaysNumber + (countsToday ? 1 : 0)
        let isOver = first < now
        return days.allSatisfy { ($0 < now) == isOver } ? isOver : nil
    }

    /// Years in which a day is meant for one: others stand for none, as 9999 and 1900 do.
    private static let years = 1950...2199
    /// A year of two digits that is farther ahead is of the last century.
    private static let mostYearsAhead = 20

    /// What days a text can mean, each as 20260131; none where there are more numbers in it than those of a day and a time.
    private static func days(in text: String, year now: Int) -> [Int] {
        func day(_ year: Int, _ month: Int, _ day: Int) -> [Int] {
            (1...12).contains(month) && (1...31).contains(day) && years.contains(year) ? [year * 10_000 + month * 100 + day] : []
        }
        func day(short year: Int, _ month: Int, _ number: Int) -> [Int] {
            // What programs write for never.
            if year == 99, month == 12, number == 31 { return [] }
            return day(2_000 + year > now + mostYearsAhead ? 1_900 + year : 2_000 + year, month, number)
        }
        guard let numbers = numbers(in: text) else { return [] }
        // 20261231
        if numbers.count == 1, let number = numbers.first, number > 9_999 { return day(number / 10_000, number / 100 % 100, number % 100) }
        guard numbers.allSatisfy({ $0 < 100 || (1_000...9_999).contains($0) }), numbers.count(where: { $0 > 99 }) < 2 else { return [] }
        let small = numbers.filter { $0 < 100 }
        let year = numbers.first { $0 > 99 }
        if small.count == (year == nil ? 3 : 2) {
            guard let year else {
                return day(short: small[2], small[1], small[0]) + day(short: small[2], small[0], small[1])
            }
            if numbers[0] == year { return day(year, small[0], small[1]) }
            return numbers[1] == year ? [] : day(year, small[1], small[0]) + day(year, small[0], small[1])
        }
        // 31-Dec-2026, Dec 31, 2026, 2026-Dec-31, 31-Dec-26
        guard small.count == (year == nil ? 2 : 1), let month = month(in: text) else { return [] }
        return year.map { day($0, month, small[0]) } ?? day(short: small[1], month, small[0])
    }

    /// The numbers of a text but those of a time and of how far a clock is from that of Greenwich: 2026, 12 and 31 of `2026-12-31T10:00:00.000+01:00`.
    /// - Returns: nil where one is too long for any of a day.
    private static func numbers(in text: String) -> [Int]? {
        let bytes = Array(text.utf8)
        func isDigit(_ index: Int) -> Bool { bytes.indices.contains(index) && (0x30...0x39).contains(bytes[index]) }
        var numbers: [Int] = []
        var wasTime = false
        var index = 0
        while index < bytes.count {
            guard isDigit(index) else {
                index += 1
                continue
            }
            let start = index
            while isDigit(index) { index += 1 }
            let before = start > 0 ? bytes[start - 1] : 0
            let colon = UInt8(ascii: ":")
            let isTime = before == colon || index < bytes.count && bytes[index] == colon || wasTime && before == UInt8(ascii: ".")
            // `GMT+0100`.
            let isZone = index - start == 4 && bytes[start] == UInt8(ascii: "0")
            wasTime = isTime
            if isTime || isZone { continue }
            guard index - start <= 8, index - start != 3, let number = Int(String(decoding: bytes[start..<index], as: UTF8.self)) else { return nil }
            // Of two digits and fewer, of a year, or of a whole day.
            guard index - start <= 2 || number > 999 && index - start == 4 || index - start == 8 && number > 9_999_999 else { return nil }
            numbers.append(number)
        }
        return numbers
    }

    /// The one month that a text has a word for: `Dec`, `31. Dezember`, `déc.` Beside another, `mar.` is a day of the week.
    private static func month(in text: String) -> Int? {
        let found = StaffHeading.words(text).filter { $0.utf8.count > 2 }.map { word in
            Set(months.indices.filter { index in months[index].contains { $0.begins(with: word) } })
        }.filter { !$0.isEmpty }
        let words = found.count > 1 ? found.filter { $0 != [2] } : found
        guard words.count == 1, words[0].count == 1 else { return nil }
        return words[0].first.map { $0 + 1 }
    }

    /// Their names, in the languages that are read. Words are looked for that they begin with.
    private static let months: [[String]] = [
        ["january", "januar", "janner", "janvier", "enero", "gennaio", "januari", "janeiro"],
        ["february", "februar", "fevrier", "febrero", "febbraio", "februari", "fevereiro"],
        ["march", "marz", "maerz", "mrz", "mars", "marzo", "maart", "mrt", "marco"], ["april", "avril", "abril", "aprile"],
        ["may", "mai", "mayo", "maggio", "mei", "maio"], ["june", "juni", "juin", "junio", "giugno", "junho"],
        ["july", "juli", "juillet", "julio", "luglio", "julho"], ["august", "aout", "agosto", "augustus"],
        ["september", "septembre", "septiembre", "setiembre", "settembre", "setembro"],
        ["october", "oktober", "octobre", "octubre", "ottobre", "outubro"], ["november", "novembre", "noviembre", "novembro"],
        ["december", "dezember", "decembre", "diciembre", "dicembre", "dezembro"],
    ]

    private static func number(of date: Date) -> Int {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month, .day], from: date)
        return (parts.year ?? 0) * 10_000 + (parts.month ?? 0) * 100 + (parts.day ?? 0)
    }
}
