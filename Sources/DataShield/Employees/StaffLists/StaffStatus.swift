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
        let days = days(in: text)
        guard let first = days.first else { return nil }
        let now = number(of: today) + (countsToday ? 1 : 0)
        let isOver = first < now
        return days.allSatisfy { ($0 < now) == isOver } ? isOver : nil
    }

    /// What days a text can mean, each as 20260131.
    private static func days(in text: String) -> [Int] {
        func day(_ year: Int, _ month: Int, _ day: Int) -> [Int] {
            (1...12).contains(month) && (1...31).contains(day) && (1900...9999).contains(year) ? [year * 10_000 + month * 100 + day] : []
        }
        let parts = text.parts { !("0"..."9").contains($0) }
        // 20261231
        if let first = parts.first, first.utf8.count == 8, let number = Int(first) { return day(number / 10_000, number / 100 % 100, number % 100) }
        let numbers = parts.prefix(3).compactMap { part in part.utf8.count <= 4 ? Int(part) : nil }
        if numbers.count > 1, let month = month(in: text) {
            // 31-Dec-2026, Dec 31, 2026, 2026-Dec-31
            let (year, number) = numbers[0] > 999 ? (numbers[0], numbers[1]) : (numbers[1], numbers[0])
            return day(year < 100 ? 2_000 + year : year, month, number)
        }
        guard numbers.count == 3 else { return [] }
        let (a, b, c) = (numbers[0], numbers[1], numbers[2])
        if a > 999 { return day(a, b, c) }
        let year = c < 100 ? 2_000 + c : c
        return day(year, b, a) + day(year, a, b)
    }

    /// The month that a text has a word for: `Dec`, `31. Dezember`, `déc.` A day of the week, which may begin alike, stands before it.
    private static func month(in text: String) -> Int? {
        StaffHeading.words(text).filter { $0.utf8.count > 2 }.compactMap { word in
            months.firstIndex { $0.contains { word.begins(with: $0) } }.map { $0 + 1 }
        }.last
    }

    /// How they begin, in the languages that are read.
    private static let months = [
        ["jan", "ene", "gen", "januar"], ["feb", "fev"], ["mar", "mrz", "maa"], ["apr", "avr", "abr"], ["may", "mai", "mag", "mei"],
        ["jun", "juin", "giu"], ["jul", "juil", "lug"], ["aug", "aou", "ago"], ["sep", "set"], ["oct", "okt", "ott", "out"], ["nov"],
        ["dec", "dez", "dic"],
    ]

    private static func number(of date: Date) -> Int {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month, .day], from: date)
        return (parts.year ?? 0) * 10_000 + (parts.month ?? 0) * 100 + (parts.day ?? 0)
    }
}
