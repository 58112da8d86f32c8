import Foundation
import Scalars

extension StaffSheet {
    /// What the columns of a row say together of whether somebody is there.
    struct Standing {
        var isActive: Bool?
        var unknown: [String] = []
        var contradiction: String?
    }

    /// What one column says of it.
    private struct Statement {
        enum Weight {
            case plain
            /// A no where a column asks for one way of being gone: not blocked, not suspended. It does not deny another.
            case no
            /// That the account was deleted, and with it whatever else is said of it.
            case deletion
        }
        var column: Column
        var place: Int
        var word: String
        var isThere: Bool
        var weight = Weight.plain
    }

    /// Whether the row says that somebody is there. Where its columns contradict each other none counts, so that nobody is deactivated or
    /// brought back by one of them; but who was deleted is gone, who is there by their status was hired again when their last day is over, and who
    /// has left by a word whose last day is yet to come is there until then. Days are those of UTC: a company has no time zone.
    func standing(_ cells: [String]) -> Standing {
        var standing = Standing()
        let said = statements(cells, &standing.unknown)
        let gone = said.filter { !$0.isThere }
        let there = said.filter(\.isThere)
        if let denied = gone.isEmpty ? Optional.none : there.first(where: { $0.weight != .no }) ?? deniedNo(there, gone) {
            if let deletion = gone.first(where: { $0.weight == .deletion }) {
                standing.isActive = false
                standing.contradiction =
                    "\(label(deletion.place)) says that they were deleted, \(label(denied.place)) that they are there. The deletion counts."
            } else if let first = gone.first(where: { denied.weight != .no || denies(denied, $0) }) {
                standing.contradiction =
                    "\(label(first.place)) says that they have left, \(label(denied.place)) that they are there. "
                    + "Neither counts: nobody is deactivated or brought back by it."
            }
            return standing
        }
        standing.isActive = !gone.isEmpty ? false : !there.isEmpty ? true : nil
        var (over, ahead): (Int?, Int?)
        for (place, word) in filled(.leavingDay, of: cells) {
            switch StaffStatus.isOver(word, on: today) {
            case true?: over = over ?? place
            case false?: ahead = ahead ?? place
            case nil where gone.isEmpty: if word.utf8.contains(where: { (0x30...0x39).contains($0) }) { Self.add(word, to: &standing.unknown) }
            case nil: break
            }
        }
        if let first = gone.first {
            // Programs write that somebody is leaving as soon as it is known. Whose account is blocked or deleted is gone before their last day, too.
            guard let ahead, over == nil, gone.allSatisfy(isOfWork) else { return standing }
            standing.isActive = nil
            standing.contradiction =
                "\(label(first.place)) says that they have left, and the day in \(label(ahead)) is yet to come. "
                + "Neither counts until then: nobody is deactivated or brought back by it."
            return standing
        }
        guard let over else { return standing }
        if let first = there.first(where: { $0.weight != .no || deniesLeaving($0) }) {
            // Who was hired again may still have the day on which they left.
            standing.contradiction = "The day in \(label(over)) is over, and \(label(first.place)) says that they are there. They are taken as there."
        } else if let ahead {
            // Not by a no either: not suspended.
            standing.isActive = nil
            standing.contradiction =
                "The day in \(label(over)) is over, that in \(label(ahead)) is not. Neither counts: nobody is deactivated or brought back by it."
        } else {
            standing.isActive = false
        }
        return standing
    }

    private func statements(_ cells: [String], _ unknown: inout [String]) -> [Statement] {
        var said: [Statement] = []
        for (place, word) in filled(.status, of: cells) {
            guard let isThere = StaffStatus.said(word) else {
                Self.add(word, to: &unknown)
                continue
            }
            let weight: Statement.Weight = !isThere && word.lowercased().has(text: "deleted") ? .deletion : .plain
            said.append(Statement(column: .status, place: place, word: word, isThere: isThere, weight: weight))
        }
        for (place, word) in filled(.active, of: cells) {
            guard let isThere = StaffStatus.truth(word) ?? StaffStatus.isActive(word) else {
                Self.add(word, to: &unknown)
                continue
            }
            said.append(Statement(column: .active, place: place, word: word, isThere: isThere))
        }
        for (place, word) in filled(.inactive, of: cells) {
            // A yes says that they have left; a word of a status says what it says elsewhere; a day of deletion, say, is one that is over.
            let answer =
                StaffStatus.answer(word) ?? (StaffStatus.isActive(word) == nil ? StaffStatus.isOver(word, on: today, countsToday: true) : nil)
            if let answer {
                let weight: Statement.Weight = !answer ? .no : StaffHeading.key(headings[place]).has(text: "delet") ? .deletion : .plain
                said.append(Statement(column: .inactive, place: place, word: word, isThere: !answer, weight: weight))
            } else if let isThere = StaffStatus.isActive(word) {
                said.append(Statement(column: .inactive, place: place, word: word, isThere: isThere))
            } else {
                Self.add(word, to: &unknown)
            }
        }
        // "SuspendedUser", in Google's list of addresses.
        for (place, word) in filled(.kind, of: cells) where word.lowercased().begins(with: "suspended") {
            said.append(Statement(column: .kind, place: place, word: word, isThere: false))
        }
        return said
    }

    /// Keeps a word that says nothing, once; more than a hundred in one row are no words of a status.
    private static func add(_ word: String, to unknown: inout [String]) {
        if unknown.count < 100, !unknown.contains(word) { unknown.append(word) }
    }

    /// A no that cannot be so when another column is right. Nobody has fifty columns of them, and each is held against each.
    private func deniedNo(_ there: [Statement], _ gone: [Statement]) -> Statement? {
        there.prefix(50).first { one in gone.prefix(50).contains { denies(one, $0) } }
    }

    /// What columns are called in which a yes says that somebody left the company, and not only that their account is blocked.
    private static let leavings = [
        "terminated", "leaver", "left", "exemployee", "formeremployee", "resigned", "departed", "offboarded", "ausgeschieden",
    ]

    /// Whether a no denies that they have left: not terminated. Who is not suspended may have left all the same.
    private func deniesLeaving(_ statement: Statement) -> Bool {
        let key = StaffHeading.key(headings[statement.place])
        return Self.leavings.contains { key.has(text: $0) }
    }

    /// What words of a status and headings have in them that are about somebody's account, and not about their work.
    private static let accountWords = [
        "account", "konto", "compte", "cuenta", "credential", "signin", "login", "enabled", "suspend", "suspens", "sospes", "disabled", "disabilit",
        "block", "bloq", "blocc", "blok", "gesperrt", "archiv", "revok", "deaktiv", "deactiv", "desactiv", "disattiv", "desativ", "uitgeschakeld",
        "deprovision", "locked", "delet", "geloscht", "supprim", "elimin", "verwijderd", "purged", "removed",
    ]

    /// Whether somebody's work has ended by what a column says, and not only their account.
    private func isOfWork(_ statement: Statement) -> Bool {
        guard statement.weight != .deletion, statement.column != .kind else { return false }
        let (heading, word) = (StaffHeading.key(headings[statement.place]), StaffHeading.key(statement.word))
        return !Self.accountWords.contains { heading.has(text: $0) || word.has(text: $0) }
    }

    /// Whether a no denies just that way of being gone which another column tells.
    private func denies(_ there: Statement, _ gone: Statement) -> Bool {
        let key = StaffHeading.key(headings[there.place])
        func names(_ other: String) -> Bool { other.utf8.count > 3 && (key.has(text: other) || other.has(text: key)) }
        // Not suspended, and terminated: both may be so. Not terminated, and terminated: they may not.
        let other = StaffHeading.key(headings[gone.place])
        switch gone.column {
        case .inactive: return names(other)
        case .active:
            return [("enabled", "disabled"), ("active", "inactive"), ("aktiv", "inaktiv"), ("actif", "inactif"), ("activo", "inactivo")].contains {
                let opposite = other.swapping(text: $0, for: $1)
                return opposite != other && names(opposite)
            }
        default: return StaffHeading.words(gone.word).first { word in !word.utf8.allSatisfy { (0x30...0x39).contains($0) } }.map(names) ?? false
        }
    }
}
