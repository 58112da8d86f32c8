import Foundation
import Scalars

/// Reads the rows of a staff list: which column is which, and what a row says about a person.
///
/// A cell that is not there says nothing, and so leaves what we know as it is. An empty cell takes a department or title away;
/// an empty name, VIP mark, MFA state or status says nothing.
struct StaffSheet: Sendable {
    typealias Column = StaffColumn

    /// Why a row is not taken.
    struct RowFault: Error, Hashable {
        var field: String?
        var reason: String
        /// Nothing is wrong with the row: it is no person of the company, or nothing is to be done about them.
        var isLeftOut = false
    }

    /// What a row says. nil: nothing; an empty department, title or externalId: it has none.
    struct Row: Sendable, Hashable {
        var email: EmailAddress
        var firstName: String?
        var lastName: String?
        var department: String?
        var title: String?
        var externalId: String?
        var isVip: Bool?
        var mfa: MFA?
        /// false: has left, is suspended or blocked.
        var isActive: Bool?
        /// What status columns say when we do not know the word.
        var unknownStatuses: [String] = []
        /// What two of its columns say of whether the person is there that cannot both be so, and what is done then.
        var contradiction: String?
        /// Cells that say something, and that are not what counts.
        var passedOver: [PassedOver] = []
        /// The column of private addresses that the address is from in a list that has one of work: it is of the company's domain.
        var privatePlace: Int?
        /// What two rows have in common that are about one account: all ids and the name. nil where one of them is missing.
        var account: String?
    }

    /// A cell that says something of a person which is not taken, because another one counts or because it cannot be used.
    struct PassedOver: Sendable, Hashable {
        var reason: ImportReport.PassedOver.Reason
        /// What it would have been; nil where that is not known.
        var column: StaffColumn?
        /// In which column it stands, from 0.
        var place: Int
        /// In which one stands what counts.
        var counted: Int?
    }

    enum MFA: Int, Sendable {
        case unknown = -1
        case disabled = 0
        case enabled = 1
    }

    /// How a column is read.
    struct Reading: Sendable, Hashable {
        /// From 0.
        var place: Int
        var heading: String
        /// nil: it is not.
        var column: Column?
    }

    /// For each column where to look, in order.
    private let places: [Column: [Int]]
    private let width: Int
    /// All columns with an id, also those that are not read for another's sake.
    private let idPlaces: [Int]
    /// Columns that are not read for another's sake, and must not say the opposite of it.
    private let seconds: [Column: [Int]]
    /// Columns without a heading.
    private let unnamed: [Int]
    let headings: [String]
    private let isRepeated: [Bool]
    private let domain: String?
    let today: Date
    /// The columns in their order, those without a heading left out.
    let readings: [Reading]

    /// Headings of columns that are not read: they mean nothing to us, or another column says the same better.
    var ignored: [String] { readings.filter { $0.column == nil }.map(\.heading) }

    /// - Parameters:
    ///   - headings: the cells of the row that names the columns.
    ///   - domain: the company's, whose address is taken where a row has several.
    ///   - today: when a day of leaving is over.
    /// - Returns: nil when none of them is the e-mail address.
    init?(headings: [String], domain: String? = nil, today: Date = Date()) {
        var ranked: [Column: [(rank: Int, index: Int)]] = [:]
        for (index, heading) in headings.enumerated() {
            guard let known = StaffHeading.read(heading) else { continue }
            ranked[known.column, default: []].append((known.rank, index))
        }
        guard ranked[.email] != nil || ranked[.privateEmail] != nil else { return nil }
        var places = ranked.mapValues { $0.sorted { ($0.rank, $0.index) < ($1.rank, $1.index) }.map(\.index) }
        idPlaces = places[.externalId] ?? []
        var seconds: [Column: [Int]] = [:]
        for (column, indices) in places where !column.fallsBack {
            // A heading that comes twice is one column in two parts; another heading may be another system's.
            let keys = indices.map { StaffHeading.key(headings[$0]) }
            places[column] = zip(indices, keys).filter { $1 == keys[0] }.map(\.0)
            if column == .vip || column == .mfa { seconds[column] = zip(indices, keys).filter { $1 != keys[0] }.map(\.0) }
        }
        var read: [Int: Column] = [:]
        for (column, indices) in places { for index in indices { read[index] = column } }
        // A private address is nobody's business where there is one of work.
        let hasWork = places[.email] != nil
        readings = headings.enumerated().compactMap { index, heading in
            let heading = heading.unicodeScalars.trimmingSpace()
            guard !heading.isEmpty else { return nil }
            let column = read[index]
            return Reading(place: index, heading: heading, column: column == .privateEmail && hasWork ? nil : column)
        }
        self.places = places
        self.seconds = seconds
        self.domain = domain
        self.today = today
        width = headings.count
        let labels = headings.map { String(PlainText.oneLine($0).beginning(60)) }
        self.headings = labels
        unnamed = labels.indices.filter { labels[$0].isEmpty }
        var counts: [String: Int] = [:]
        for label in labels { counts[label, default: 0] += 1 }
        isRepeated = labels.map { (counts[$0] ?? 0) > 1 }
    }

    /// How a column is called in a report: by its heading, and by its number where that tells more.
    func label(_ place: Int) -> String {
        guard place < headings.count, !headings[place].isEmpty else { return "column \(place + 1)" }
        return isRepeated[place] ? "\(headings[place]) (column \(place + 1))" : headings[place]
    }

    /// Reads one row.
    func row(_ cells: [String]) throws(RowFault) -> Row {
        if let kind = kind(cells) {
            throw RowFault(field: Column.kind.field, reason: "This is \(kind.words), no person of the company.", isLeftOut: true)
        }
        if cells.count > width, cells[width...].contains(where: { !$0.unicodeScalars.trimmingSpace().isEmpty }) {
            throw RowFault(
                field: nil, reason: "The row has \(cells.count) cells, the heading \(width): a cell that has the delimiter in it needs quotes.")
        }
        let standing = standing(cells)
        let found = try address(cells, isActive: standing.isActive)
        var row = Row(email: found.address)
        (row.isActive, row.unknownStatuses, row.contradiction) = (standing.isActive, standing.unknown, standing.contradiction)
        row.passedOver = found.others
        row.privatePlace = found.privatePlace
        try readNames(cells, into: &row)
        row.department = try text(.department, of: cells)
        row.title = try text(.title, of: cells)
        row.externalId = try text(.externalId, of: cells)
        row.account = account(of: row, cells)
        if let word = word(.vip, of: cells) {
            guard let value = StaffStatus.truth(word) else { throw RowFault(field: Column.vip.field, reason: "Yes or no is expected.") }
            row.isVip = value
        }
        if let word = word(.mfa, of: cells) {
            if let value = StaffStatus.truth(word) {
                row.mfa = value ? .enabled : .disabled
            } else if ["unknown", "n/a", "-", "?", "unbekannt"].contains(word.lowercased()) {
                row.mfa = .unknown
            } else {
                throw RowFault(field: Column.mfa.field, reason: "Yes, no or unknown is expected.")
            }
        }
        noteOthers(cells, into: &row)
        return row
    }

    /// Finds the cells of columns that do not fall back which say something else than the one that counts, and those that nothing names.
    private func noteOthers(_ cells: [String], into row: inout Row) {
        for (column, indices) in places where !column.fallsBack && (indices.count > 1 || seconds[column] != nil) {
            let told = filled(column, of: cells)
            let counted = told.first ?? (place: indices[0], word: "")
            for (place, word) in told.dropFirst() where word.lowercased() != counted.word.lowercased() {
                row.passedOver.append(.init(reason: .differs, column: column, place: place, counted: counted.place))
            }
            for place in seconds[column] ?? [] where place < cells.count {
                // Only yes against no: what the words of two systems stand for is another matter.
                guard let one = StaffStatus.truth(counted.word), let other = StaffStatus.truth(cells[place].unicodeScalars.trimmingSpace()),
                    one != other
                else { continue }
                row.passedOver.append(.init(reason: .differs, column: column, place: place, counted: counted.place))
            }
        }
        for place in unnamed where place < cells.count && !cells[place].isEmpty && !cells[place].unicodeScalars.trimmingSpace().isEmpty {
            row.passedOver.append(.init(reason: .noHeading, place: place))
        }
    }

    private func account(of row: Row, _ cells: [String]) -> String? {
        // "N/A" and "0" are nobody's number.
        guard let id = row.externalId, id.utf8.contains(where: { (0x31...0x39).contains($0) }) else { return nil }
        let names = [row.firstName, row.lastName].map { ($0 ?? "").lowercased() }
        guard names.contains(where: { !$0.isEmpty }) else { return nil }
        // Somebody's account for administration has their staff number and an id of its own.
        let ids = idPlaces.map { $0 < cells.count ? cells[$0].unicodeScalars.trimmingSpace() : "" }
        let account = (ids + names).joined(separator: "\u{1F}")
        // The database stores none with it.
        return account.has("\0") ? nil : account
    }

    // MARK: Cells

    /// The first of the column's cells that is not empty; an empty one when all are; nil when the row has none of them.
    private func cell(_ column: Column, of cells: [String]) -> String? {
        guard let indices = places[column] else { return nil }
        var found: String?
        for index in indices where index < cells.count {
            if !cells[index].isEmpty { return cells[index] }
            found = ""
        }
        return found
    }

    /// The cell without blanks around it; nil for an empty one.
    private func word(_ column: Column, of cells: [String]) -> String? {
        guard let cell = cell(column, of: cells), !cell.isEmpty else { return nil }
        let word = cell.unicodeScalars.trimmingSpace()
        return word.isEmpty ? nil : word
    }

    private func text(_ column: Column, of cells: [String]) throws(RowFault) -> String? {
        guard let cell = cell(column, of: cells) else { return nil }
        do { return try EmployeeText.clean(CSVWriter.restored(cell)) } catch {
            throw RowFault(field: column.field, reason: error.message)
        }
    }

    /// All cells of a column that say something, and where they stand.
    func filled(_ column: Column, of cells: [String]) -> [(place: Int, word: String)] {
        (places[column] ?? []).compactMap { index in
            guard index < cells.count, !cells[index].isEmpty else { return nil }
            let word = cells[index].unicodeScalars.trimmingSpace()
            return word.isEmpty ? nil : (index, word)
        }
    }

    private func words(_ column: Column, of cells: [String]) -> [String] { filled(column, of: cells).map(\.word) }
}

// MARK: - The address

extension StaffSheet {
    /// The work address of a row: of several that of the company's domain, then that of the likeliest column. A private one only where the
    /// list has no other column, or where it is of the company's domain.
    /// - Returns: it, the column of private ones where it is from one that is not read otherwise, and the cells with others, and with what was meant
    ///   for one and is none.
    private func address(
        _ cells: [String], isActive: Bool?
    ) throws(RowFault) -> (address: EmailAddress, privatePlace: Int?, others: [PassedOver]) {
        var fault: EmailAddress.Fault?
        var found: [(place: Int, address: EmailAddress, isPrivate: Bool)] = []
        var others: [PassedOver] = []
        for column in [Column.email, .privateEmail] {
            for (place, cell) in filled(column, of: cells) {
                do { found.append((place, try EmailAddress(Self.bare(CSVWriter.restored(cell))), column == .privateEmail)) } catch {
                    // A name to sign in with beside an address is none.
                    if error != .noAt { others.append(.init(reason: .noAddress, column: column, place: place)) }
                    if column == .email || places[.email] == nil, fault == nil || fault == .noAt { fault = error }
                }
            }
        }
        // Without a domain any is of it.
        func isHome(_ address: EmailAddress) -> Bool { domain == nil || address.domain == domain }
        var chosen = found.first { !$0.isPrivate && isHome($0.address) }
        if domain != nil { chosen = chosen ?? found.first { $0.isPrivate && isHome($0.address) } }
        chosen = chosen ?? found.first { !$0.isPrivate }
        if places[.email] == nil { chosen = chosen ?? found.first }
        if let chosen {
            for index in others.indices { others[index].counted = chosen.place }
            for other in found where other.address != chosen.address {
                others.append(PassedOver(reason: .notWatched, column: .email, place: other.place, counted: chosen.place))
            }
            return (chosen.address, chosen.isPrivate && places[.email] != nil ? chosen.place : nil, others)
        }
        let missing = fault ?? .missing
        if missing == .missing || missing == .noAt {
            if isActive == false {
                throw RowFault(field: Column.active.field, reason: "They have left, and the row has no address.", isLeftOut: true)
            }
            if let reason = Self.footer(cells) { throw RowFault(field: nil, reason: reason, isLeftOut: true) }
        }
        if found.contains(where: \.isPrivate) {
            throw RowFault(field: Column.email.field, reason: "has no work address; the private one is not taken.")
        }
        throw RowFault(field: Column.email.field, reason: missing.message)
    }

    /// The address of `Ann Lee <ann@acme.test>` and `mailto:ann@acme.test`.
    static func bare(_ text: String) -> String {
        var text = text.unicodeScalars.trimmingSpace()
        if text.ends(with: ">"), let start = text.lastPlace(of: "<") { text = String(text[text.place(behind: start)...].unicodeScalars.dropLast()) }
        for scheme in ["mailto:", "MAILTO:", "smtp:", "SMTP:"] { if let rest = text.rest(behind: scheme) { return String(rest) } }
        return text
    }

    /// Why a row without an address is none of the list: a sum, a note of the program that wrote it, the headings once more.
    static func footer(_ cells: [String]) -> String? {
        let filled = cells.map { $0.unicodeScalars.trimmingSpace() }.filter { !$0.isEmpty }
        guard let first = filled.first else { return nil }
        if first.begins(with: "#TYPE ") { return "This line names the type of an export, and is no person." }
        let words = StaffHeading.words(first)
        let hasOnlyNumbers = filled.dropFirst().allSatisfy { $0.unicodeScalars.allSatisfy { !$0.properties.isAlphabetic } }
        if let word = words.first(where: { !numberWord($0) }), sums.contains(word), hasOnlyNumbers {
            return "This line is a sum or a note below the list, and no person."
        }
        let headings = filled.filter { StaffHeading.read($0) != nil }.count
        if filled.count > 1, headings == filled.count { return "These are the headings once more." }
        return nil
    }

    private static func numberWord(_ word: String) -> Bool { word.unicodeScalars.allSatisfy { !$0.properties.isAlphabetic } }

    private static let sums: Set<String> = [
        "total", "totals", "grand", "subtotal", "count", "sum", "summe", "gesamt", "gesamtsumme", "anzahl", "totale", "totaal", "aantal", "nombre",
        "suma", "records", "rows", "record", "row", "employees", "users", "generated", "exported", "report", "end", "confidential", "page",
        "effectif", "mitarbeiter", "datensatze", "lignes", "filas", "righe", "rijen",
    ]
}

// MARK: - Names

extension StaffSheet {
    private func readNames(_ cells: [String], into row: inout Row) throws(RowFault) {
        row.firstName = try name(.firstName, of: cells, &row.passedOver)?.text
        row.lastName = try name(.lastName, of: cells, &row.passedOver)?.text
        let (first, last) = (row.firstName ?? "", row.lastName ?? "")
        if first.isEmpty, last.isEmpty, let full = try name(.lastThenFirst, of: cells, &row.passedOver), !full.text.isEmpty {
            (row.firstName, row.lastName) = Self.split(lastThenFirst: full.text)
            return
        }
        // What only says the same once more is not worth a fault.
        if !first.isEmpty, !last.isEmpty || places[.lastName] != nil { return noteOtherNames(cells, first: first, last: last, into: &row) }
        guard let full = try name(.fullName, of: cells, &row.passedOver), !full.text.isEmpty else { return }
        if first.isEmpty, last.isEmpty {
            (row.firstName, row.lastName) = Self.split(fullName: full.text)
        } else if !first.isEmpty {
            // "Name" beside "Vorname" is the last name, unless it has the first in it.
            let both = Self.split(fullName: full.text)
            row.lastName = both.first.begins(with: first) && !both.last.isEmpty ? both.last : full.text
        } else {
            noteOtherNames(cells, first: first, last: last, into: &row)
        }
    }

    /// Finds whole names that are not those of the first and last name, which count.
    private func noteOtherNames(_ cells: [String], first: String, last: String, into row: inout Row) {
        for column in [Column.fullName, .lastThenFirst] {
            for (place, word) in filled(column, of: cells) where Self.isName(word) {
                let full = word.lowercased()
                let isSame =
                    first.isEmpty || last.isEmpty
                    ? full == (first + last).lowercased() : full.has(text: first.lowercased()) && full.has(text: last.lowercased())
                let counted = (filled(.firstName, of: cells).first ?? filled(.lastName, of: cells).first)?.place
                if !isSame { row.passedOver.append(.init(reason: .differs, column: column, place: place, counted: counted)) }
            }
        }
    }

    /// What the first of a name's cells that has one says; ids and addresses are none. The others are noted where they say another.
    private func name(_ column: Column, of cells: [String], _ others: inout [PassedOver]) throws(RowFault) -> (text: String, place: Int)? {
        var found: (text: String, place: Int)?
        for place in places[column] ?? [] where place < cells.count {
            if let found, !found.text.isEmpty {
                // try?: what cannot be a name does not count either.
                let text = try? EmployeeText.clean(CSVWriter.restored(cells[place]))
                guard let text else {
                    others.append(.init(reason: .differs, column: column, place: place, counted: found.place))
                    continue
                }
                if Self.isName(text), !text.isEmpty, text.lowercased() != found.text.lowercased() {
                    others.append(.init(reason: .differs, column: column, place: place, counted: found.place))
                }
                continue
            }
            let text: String
            do { text = try EmployeeText.clean(CSVWriter.restored(cells[place])) } catch {
                throw RowFault(field: column.field, reason: error.message)
            }
            found = (text.isEmpty || Self.isName(text) ? text : "", place)
        }
        return found
    }

    /// Whether a text can be somebody's name: not a number, an id of a directory or an address.
    static func isName(_ text: String) -> Bool {
        let isNumber = text.utf8.allSatisfy { (0x20...0x40).contains($0) } && text.utf8.contains { (0x30...0x39).contains($0) }
        guard !isNumber, !text.begins(with: "S-1-5-") else { return false }
        if text.has("@"), (try? EmailAddress(text)) != nil { return false }
        let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
        let isHex = digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }
        return !(digits.count == 32 && isHex)
    }

    /// "Doe, Jane" and "Jane Doe" are Jane and Doe; "Ludwig van Beethoven" is Ludwig and van Beethoven.
    static func split(fullName: String) -> (first: String, last: String) {
        if let comma = fullName.firstPlace(of: ",") {
            let last = fullName[..<comma].unicodeScalars.trimmingSpace()
            let first = fullName[fullName.place(behind: comma)...].unicodeScalars.trimmingSpace()
            return (first, last)
        }
        let words = fullName.parts(between: " ")
        guard words.count > 1 else { return (fullName, "") }
        let particle = words.dropFirst().dropLast().firstIndex { particles.contains($0.lowercased()) }
        let start = particle ?? words.count - 1
        return (words[..<start].joined(separator: " "), words[start...].joined(separator: " "))
    }

    /// "Doe, Jane" and "Doe Jane" are Jane and Doe, "van Beethoven Ludwig" is Ludwig and van Beethoven.
    static func split(lastThenFirst text: String) -> (first: String, last: String) {
        if text.has(",") { return split(fullName: text) }
        let words = text.parts(between: " ")
        guard words.count > 1 else { return ("", text) }
        let end = words.firstIndex { !particles.contains($0.lowercased()) } ?? 0
        return (words[(end + 1)...].joined(separator: " "), words[...end].joined(separator: " "))
    }

    private static let particles: Set<String> = [
        "van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "du", "la", "le", "zu", "zur", "al", "el", "bin", "ibn", "ter", "ten",
    ]
}

// MARK: - Kind

extension StaffSheet {
    /// What a row is when it is no person of the company.
    private func kind(_ cells: [String]) -> StaffStatus.Kind? {
        for word in words(.kind, of: cells) + words(.status, of: cells) { if let kind = StaffStatus.kind(word) { return kind } }
        if words(.bot, of: cells).contains(where: { StaffStatus.truth($0) == true }) { return .bot }
        if words(.guest, of: cells).contains(where: { StaffStatus.truth($0) == true }) { return .guest }
        let isInvited = words(.email, of: cells).contains { $0.has("#") && $0.lowercased().has(text: "#ext#") }
        return isInvited ? .guest : nil
    }
}
