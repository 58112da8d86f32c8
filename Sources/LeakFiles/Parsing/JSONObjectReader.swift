/// Reads the members of one JSON object in the middle of a text, without a need for the text to be whole.
struct JSONObjectReader {
    struct Member {
        var name: ByteView
        var value: ByteView
        var range: Range<Int>
        var isString: Bool
        /// Whether an object in a list holds it, which may be about somebody else.
        var isInList: Bool
        /// The object that it is a member of: 0 is the outermost.
        var object = 0
    }

    /// How far an object's beginning is looked for, and its end.
    static let reach = 16 * 1024
    static let mostMembers = 256

    /// Where the string begins and ends that a match lies in.
    static func string(around match: Range<Int>, in text: ByteView) -> Range<Int>? {
        var position = match.lowerBound
        let lowest = max(0, position - reach)
        while let quote = text.lastIndex(of: ByteView.quote, before: position), quote >= lowest {
            guard isEscaped(text, quote) else {
                return quote + 1..<(stringEnd(text, from: match.upperBound) ?? text.count)
            }
            position = quote
        }
        return nil
    }

    private static func isEscaped(_ text: ByteView, _ quote: Int) -> Bool {
        var backslashes = 0
        while backslashes < quote, text[quote - 1 - backslashes] == ByteView.backslash { backslashes += 1 }
        return backslashes % 2 == 1
    }

    static func stringEnd(_ text: ByteView, from start: Int) -> Int? {
        var index = start
        while index < text.count {
            switch text[index] {
            case ByteView.backslash: index += 2
            case ByteView.quote: return index
            default: index += 1
            }
        }
        return nil
    }

    /// The bracket that is open at a place outside strings: `{` or `[`.
    static func bracket(before position: Int, in text: ByteView) -> Int? {
        var depth = 0
        var index = position
        let lowest = max(0, position - reach)
        while index > lowest {
            index -= 1
            switch text[index] {
            case ByteView.quote:
                var end = index
                repeat {
                    guard let quote = text.lastIndex(of: ByteView.quote, before: end), quote >= lowest else { return nil }
                    end = quote
                } while isEscaped(text, end)
                index = end
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                if depth == 0 { return index }
                depth -= 1
            default: break
            }
        }
        return nil
    }

    /// All members of an object and of those inside it, each with its own name.
    /// - Parameter start: behind the opening bracket.
    static func members(of text: ByteView, from start: Int) -> [Member] { read(text, from: start).members }

    /// - Returns: also where reading ended: behind the object, or as far as it goes.
    static func read(_ text: ByteView, from start: Int) -> (members: [Member], parents: [Int], end: Int) {
        let text = text.upTo(start + 2 * reach)
        var members: [Member] = []
        members.reserveCapacity(16)
        // Open brackets inside the object, and the names that led there.
        var open: [(isList: Bool, name: ByteView)] = []
        // Of each object the one that it is in.
        var parents = [0]
        var objects = [0]
        var lists = 0
        var name = ByteView.empty
        var index = start
        func current() -> ByteView { open.last.map { $0.isList ? $0.name : name } ?? name }
        while index < text.count, members.count < mostMembers {
            let byte = text[index]
            switch byte {
            case ByteView.quote:
                let end = stringEnd(text, from: index + 1) ?? text.count
                let content = text[min(index + 1, end)..<end]
                var next = min(end + 1, text.count)
                while next < text.count, ByteView.isBlank(text[next]) { next += 1 }
                if next < text.count, text[next] == ByteView.colon, open.last?.isList != true {
                    // `$oid`, `$date` and their like say how a value is written: its name is that of the object.
                    if content.first != UInt8(ascii: "$") || open.isEmpty { name = content }
                    index = next + 1
                } else {
                    members.append(
                        Member(
                            name: current(), value: content, range: index + 1..<end, isString: true,
                            isInList: lists > 0 && !(open.last?.isList ?? false), object: objects.last ?? 0))
                    index = next
                }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                guard open.count < 32 else { return (members, parents, index + 1) }
                open.append((byte == UInt8(ascii: "["), current()))
                if byte == UInt8(ascii: "[") {
                    lists += 1
                } else {
                    parents.append(objects.last ?? 0)
                    objects.append(parents.count - 1)
                }
                index += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard let last = open.popLast() else { return (members, parents, index + 1) }
                if last.isList { lists -= 1 } else { objects.removeLast() }
                index += 1
            case ByteView.comma, ByteView.colon: index += 1
            case _ where ByteView.isBlank(byte): index += 1
            default:
                let begin = index
                while index < text.count, ![ByteView.comma, UInt8(ascii: "}"), UInt8(ascii: "]")].contains(text[index]),
                    !ByteView.isBlank(text[index])
                {
                    index += 1
                }
                members.append(
                    Member(
                        name: current(), value: text[begin..<index], range: begin..<index, isString: false,
                        isInList: lists > 0 && !(open.last?.isList ?? false), object: objects.last ?? 0))
            }
        }
        return (members, parents, index)
    }
}

extension JSONObjectReader {
    /// What the object around a match says; nil when the match is in no object's string.
    static func record(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord? {
        let text = ByteView(context.line)
        guard let string = string(around: context.match, in: text), string.upperBound >= context.match.upperBound else { return nil }
        var position = string.lowerBound - 1
        var isInList = false
        var levels = 0
        var found: LeakRecord?
        while levels < 4, let bracket = bracket(before: position, in: text) {
            if text[bracket] == UInt8(ascii: "[") {
                // A list of addresses is the object's; a list of objects is not.
                guard levels == 0, !isInList else {
                    // What holds a list of objects may have a secret for them all.
                    if let outer = Self.bracket(before: bracket, in: text), text[outer] == UInt8(ascii: "{"), hasSecret(text, object: outer) {
                        found?.markUnread()
                    }
                    break
                }
                isInList = true
                position = bracket
                continue
            }
            let record = record(of: address, text, object: bracket, string: string, at: context.match, isEndCut: context.isEndCut, offset: offset)
            // An object inside that of the person: `{"contact":{"email":…},"password":…}`.
            if record.secret != nil || found == nil { found = record }
            if record.secret != nil { break }
            let isUnread = record.unread != nil || found?.unread != nil
            if let outer = found, outer.fields.count < record.fields.count, record.login != nil { found = record }
            if isUnread { found?.markUnread() }
            position = bracket
            levels += 1
        }
        return found
    }

    private static func record(
        of address: Int, _ text: ByteView, object: Int, string: Range<Int>, at match: Range<Int>, isEndCut: Bool, offset: UInt64
    ) -> LeakRecord {
        let (members, parents, end) = read(text, from: object + 1)
        let owner = members.first { $0.range.lowerBound <= match.lowerBound && match.upperBound <= $0.range.upperBound }
        let owners = owner.map { Owners(own: $0, members, parents) }
        var isUnclear = false
        let isWhole = end > object + 1 && text[end - 1] == UInt8(ascii: "}")
        let matched = text[match]
        var values: [RowValue] = []
        values.reserveCapacity(members.count)
        var isName = false
        for member in members {
            if member.name.offset(in: text) == string.lowerBound, !member.name.isEmpty { isName = true }
            if member.isInList, !member.range.contains(match.lowerBound) { continue }
            let isWord = !member.isString && (member.value.equals("null") || member.value.equals("false") || member.value.equals("true"))
            if isWord, !member.range.contains(match.lowerBound) { continue }
            if let owners {
                switch owners.ownership(of: member) {
                case .own: break
                case .others: continue
                case .unclear:
                    let role = ColumnRole.of(member.name)
                    if role == .secret || role == .hash, !member.value.isEmpty { isUnclear = true }
                    continue
                }
            }
            values.append(
                RowValue(
                    text: member.value, escape: member.isString ? .json : .none, range: member.range, isQuoted: member.isString, rawName: member.name,
                    role: ColumnRole.of(member.name), isCut: isEndCut && member.range.upperBound == text.count))
        }
        if isName, string.count == match.count, let value = members.first(where: { $0.name.offset(in: text) == string.lowerBound }) {
            // `{"alex.doe@example.com": "secret"}`.
            var record = LeakRecord(address: address, shape: .json, login: matched.text(limit: 254), confidence: .low, offset: offset)
            if value.isString || value.value.count > 3 && value.value.allSatisfy(ByteView.isDigit) {
                record.secret = LeakedSecret(value.value, escape: .json)
            }
            return record
        }
        if string.count == match.count, let inner = member(behind: string, in: text) {
            // `{"alex.doe@example.com": {"password": "secret"}}`.
            values = inner + [RowValue(text: matched, range: match, isQuoted: true, role: .email)]
        }
        let reading = RowReading(values: values, shape: .json, isNamed: true, confidence: .high, isWhole: isWhole)
        let record = reading.record(of: address, at: match, text: matched, offset: offset)
        return record.unread(unless: !isUnclear)
    }

    private static func hasSecret(_ text: ByteView, object: Int) -> Bool {
        members(of: text, from: object + 1).contains {
            guard $0.object == 0, $0.isString, !$0.value.isEmpty else { return false }
            let role = ColumnRole.of($0.name)
            return role == .secret || role == .hash
        }
    }

    /// The members of the object that a name is the name of.
    private static func member(behind string: Range<Int>, in text: ByteView) -> [RowValue]? {
        var index = string.upperBound + 1
        while index < text.count, ByteView.isBlank(text[index]) || text[index] == ByteView.colon { index += 1 }
        guard index < text.count, text[index] == UInt8(ascii: "{"), text.from(string.upperBound + 1).trimmedLeft.first == ByteView.colon else {
            return nil
        }
        let (members, _, end) = read(text, from: index + 1)
        let isWhole = text[end - 1] == UInt8(ascii: "}")
        return members.filter { !$0.isInList }.map {
            RowValue(
                text: $0.value, escape: $0.isString ? .json : .none, range: $0.range, isQuoted: $0.isString, rawName: $0.name,
                role: ColumnRole.of($0.name), isCut: !isWhole)
        }
    }
}

extension JSONObjectReader {
    /// Which objects are of others than whose an address is.
    private struct Owners {
        enum Ownership {
            case own
            case others
            /// It may be theirs or another's.
            case unclear
        }

        private let own: Int
        private let parents: [Int]
        /// The objects around that of the address, and itself.
        private var around: Set<Int>
        /// Objects with another address in them.
        private var addressed: Set<Int> = []
        /// Objects with a login that is no address.
        private var named: Set<Int> = []

        init(own: Member, _ members: [Member], _ parents: [Int]) {
            self.own = own.object
            self.parents = parents
            around = [0]
            var object = own.object
            while object > 0 {
                around.insert(object)
                object = parents[object]
            }
            for member in members where member.isString && member.object != own.object {
                if member.value.contains(ByteView.at), ContentKind.isEmail(member.value.trimmed) {
                    if !member.value.isSameText(as: own.value) { addressed.insert(member.object) }
                } else if !member.value.isEmpty, ColumnRole.of(member.name) == .login {
                    named.insert(member.object)
                }
            }
        }

        func ownership(of member: Member) -> Ownership {
            if member.object == own { return .own }
            if around.contains(member.object) { return addressed.contains(member.object) || named.contains(member.object) ? .unclear : .own }
            // Up to where the two have an object in common.
            var object = member.object
            var isNamed = false
            while !around.contains(object) {
                if addressed.contains(object) { return .others }
                isNamed = isNamed || named.contains(object)
                object = parents[object]
            }
            // Of several people, or of another login.
            let isInner = object == own
            return isNamed || !addressed.isEmpty && !isInner ? .unclear : .own
        }
    }
}
