import Foundation
import Synchronization

/// The people whom the stand-ins of directories list: one staff, told by each service in its own way. Tests edit it while it is served.
package final class DirectoryStaff: Sendable {
    /// An account. Who has been deleted stays in it, so that it can be told.
    package struct Member: Sendable, Equatable {
        /// From 1; all services make their ids of it.
        package let number: Int
        /// nil: the account has no mailbox.
        package var email: String?
        /// What is signed in with.
        package var login: String
        /// Other addresses that reach it.
        package var aliases: [String] = []
        /// An address elsewhere.
        package var otherMail: String?
        package var firstName: String
        package var lastName: String
        package var department: String?
        package var title: String?
        package var isActive = true
        /// Made, and never signed in to.
        package var isStaged = false
        /// Of another organisation; only some services have such accounts.
        package var isGuest = false
        package var hasMFA = false
        package var createdAt: Date
        package var passwordChangedAt: Date
        package var sessionsValidFrom: Date
        package var password = Password.good
        /// How often its password was reset and its sessions were ended from outside.
        package var resets = 0
        package var revocations = 0
        /// When it was changed last, and in which version of the staff.
        package fileprivate(set) var changedAt: Date
        package fileprivate(set) var changedIn = 0
        package fileprivate(set) var isDeleted = false

        /// What the password still opens.
        package enum Password: Sendable, Equatable {
            case good
            /// It has to be changed at the next sign-in, and still opens that.
            case expired
            /// It opens nothing.
            case void
        }
    }

    /// Those who are there, as of a version: made once, because with many people each page would take as long as all of them.
    struct Listed: Sendable {
        let version: Int
        let all: [Member]
        let employees: [Member]
        let active: [Member]
    }

    struct State {
        var members: [Member]
        var byLogin: [String: Int]
        var habits: DirectoryHabits
        /// Counts every change: what was written before one is no longer so.
        var version = 1
        var present: Listed?
    }

    let state: Mutex<State>
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - members: in the order in which they are listed.
    ///   - now: the time of changes.
    init(_ members: [Member], habits: DirectoryHabits = DirectoryHabits(), now: @escaping @Sendable () -> Date) {
        self.now = now
        let byLogin = Dictionary(members.enumerated().map { ($1.login.lowercased(), $0) }) { first, _ in first }
        state = Mutex(State(members: members, byLogin: byLogin, habits: habits))
    }

    /// Everybody who is there, in order.
    package var members: [Member] { listed.all }

    package var habits: DirectoryHabits {
        get { state.withLock { $0.habits } }
        set {
            state.withLock { state in
                state.habits = newValue
                state.version += 1
            }
        }
    }

    var listed: Listed {
        state.withLock { state in
            if let present = state.present, present.version == state.version { return present }
            let all = state.members.filter { !$0.isDeleted }
            let present = Listed(version: state.version, all: all, employees: all.filter { !$0.isGuest }, active: all.filter(\.isActive))
            state.present = present
            return present
        }
    }

    var version: Int { state.withLock { $0.version } }

    /// Whom a version does not know yet as they are, the deleted among them.
    func changed(since version: Int) -> [Member] { state.withLock { state in state.members.filter { $0.changedIn > version } } }

    /// A member by what it is signed in with, in any case; also one who is deleted.
    package func member(_ login: String) -> Member? {
        state.withLock { state in state.byLogin[login.lowercased()].map { state.members[$0] } }
    }

    func member(number: Int?) -> Member? {
        state.withLock { state in
            guard let number, state.members.indices.contains(number - 1), !state.members[number - 1].isDeleted else { return nil }
            return state.members[number - 1]
        }
    }

    // MARK: Editing

    /// Changes an account.
    /// - Returns: false when there is none of this login.
    @discardableResult
    package func edit(_ login: String, _ change: (inout Member) -> Void) -> Bool {
        let place = state.withLock { $0.byLogin[login.lowercased()] }
        return edit(number: place.map { $0 + 1 }, change) != nil
    }

    @discardableResult
    func edit(number: Int?, _ change: (inout Member) -> Void) -> Member? {
        let time = now()
        return state.withLock { state in
            guard let number, state.members.indices.contains(number - 1), !state.members[number - 1].isDeleted else { return nil }
            state.version += 1
            change(&state.members[number - 1])
            state.members[number - 1].changedAt = time
            state.members[number - 1].changedIn = state.version
            state.byLogin[state.members[number - 1].login.lowercased()] = number - 1
            return state.members[number - 1]
        }
    }

    /// Makes an account.
    @discardableResult
    package func add(
        _ login: String, email: String? = nil, firstName: String = "New", lastName: String = "Person", department: String? = nil,
        title: String? = nil,
        isGuest: Bool = false
    ) -> Member {
        let time = now()
        return state.withLock { state in
            state.version += 1
            var member = Member(
                number: state.members.count + 1, email: email ?? login, login: login, firstName: firstName, lastName: lastName,
                department: department, title: title, createdAt: time, passwordChangedAt: time, sessionsValidFrom: time, changedAt: time)
            member.isGuest = isGuest
            member.changedIn = state.version
            state.members.append(member)
            state.byLogin[login.lowercased()] = member.number - 1
            return member
        }
    }

    /// Deletes an account.
    @discardableResult
    package func delete(_ login: String) -> Bool { edit(login) { $0.isDeleted = true } }

    /// Gives a new password that nobody was told, or demands a change of the old one.
    /// - Returns: nil when there is no such account.
    func reset(number: Int?, isPasswordReplaced: Bool, changesDate: Bool) -> Member? {
        let time = now()
        return edit(number: number) { member in
            member.resets += 1
            member.password = isPasswordReplaced ? .void : .expired
            if changesDate { member.passwordChangedAt = time }
        }
    }

    func revoke(number: Int?) -> Member? {
        let time = now()
        return edit(number: number) { member in
            member.revocations += 1
            member.sessionsValidFrom = time
        }
    }
}

extension DirectoryStaff {
    /// Who is made up.
    package struct Plan: Sendable {
        package var people = 250
        package var domain = DemoCompany.domain
        /// Shares of all.
        package var disabled = 0.04
        package var withMFA = 0.7
        package var withoutMail = 0.01
        /// Besides the people.
        package var guests = 5
        package init() {}
    }

    /// Made-up people, always the same for a plan.
    static func makeMembers(_ plan: Plan, now: Date) -> [Member] {
        // Whole seconds, as most services write them.
        let today = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        let people = DemoCompany.makePeople(plan.people, domain: plan.domain)
        var members: [Member] = []
        members.reserveCapacity(people.count + plan.guests)
        for person in people {
            var numbers = SeededNumbers(seed: 11, text: person.alias)
            let age = 86_400 * Double(30 + numbers.below(1500))
            let password = 86_400 * Double(1 + numbers.below(Int(age / 86_400)))
            var member = Member(
                number: members.count + 1, email: person.email, login: person.email, firstName: person.firstName, lastName: person.lastName,
                department: person.department, title: person.title, createdAt: today - age, passwordChangedAt: today - password,
                sessionsValidFrom: today - password, changedAt: today - password)
            member.isActive = numbers.unit() >= plan.disabled
            member.hasMFA = numbers.unit() < plan.withMFA
            if numbers.unit() < plan.withoutMail { member.email = nil }
            members.append(member)
        }
        for index in 0..<plan.guests {
            let time = today - 86_400 * Double(20 + index)
            var guest = Member(
                number: members.count + 1, email: "guest\(index + 1)@partner.example", login: "guest\(index + 1)_partner.example#EXT#@\(plan.domain)",
                firstName: "Guest", lastName: "Number \(index + 1)", department: nil, title: nil, createdAt: time, passwordChangedAt: time,
                sessionsValidFrom: time, changedAt: time)
            guest.isGuest = true
            members.append(guest)
        }
        return members
    }
}
