/// What a value is, from its looks alone.
enum ContentKind: Hashable {
    case empty
    case email
    case hash
    case ipAddress
    case date
    case phone
    case site
    case number
    case text

    static func recognise(_ value: ByteView) -> ContentKind {
        let value = value.trimmed
        guard !value.isEmpty, !Noise.isPlaceholder(value) else { return .empty }
        if isEmail(value) { return .email }
        if isIPv4(value) || isIPv6(value) { return .ipAddress }
        if isDate(value) { return .date }
        if isPhone(value) { return .phone }
        if value.allSatisfy({ ByteView.isDigit($0) || $0 == ByteView.dot || $0 == UInt8(ascii: "-") }) { return .number }
        if SecretKind.recognise(value).isHash { return .hash }
        if SiteAddress.schemeLength(value) != nil { return .site }
        return .text
    }

    /// The name of the field that a value of this kind is put in when the file names none.
    var fieldName: String? {
        switch self {
        case .ipAddress: "ip_address"
        case .phone: "phone"
        case .date: "date"
        case .hash: "hash"
        case .empty, .email, .site, .number, .text: nil
        }
    }

    /// One @, something before it, and a name with a dot behind it.
    static func isEmail(_ text: ByteView) -> Bool {
        guard text.count <= 320, let at = text.firstIndex(of: ByteView.at), at > 0 else { return false }
        var dots = 0
        var index = at + 1
        while index < text.count {
            let byte = text[index]
            guard SiteAddress.isHostByte(byte) else { return false }
            if byte == ByteView.dot { dots += 1 }
            index += 1
        }
        guard dots > 0, text[at + 1] != ByteView.dot else { return false }
        index = 0
        while index < at {
            switch text[index] {
            case 0...0x20, ByteView.colon, ByteView.semicolon, ByteView.comma, ByteView.pipe, ByteView.quote, ByteView.slash, UInt8(ascii: "<"),
                UInt8(ascii: ">"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), ByteView.backslash:
                return false
            default: index += 1
            }
        }
        return true
    }

    static func isIPv4(_ text: ByteView) -> Bool {
        guard (7...15).contains(text.count) else { return false }
        var parts = 1
        var digits = 0
        var number = 0
        for index in 0..<text.count {
            let byte = text[index]
            if byte == ByteView.dot {
                guard digits > 0 else { return false }
                parts += 1
                digits = 0
                number = 0
            } else {
                guard ByteView.isDigit(byte), digits < 3 else { return false }
                digits += 1
                number = number * 10 + Int(byte - 48)
                guard number <= 255 else { return false }
            }
        }
        return parts == 4 && digits > 0
    }

    static func isIPv6(_ text: ByteView) -> Bool {
        guard (3...45).contains(text.count), text.count(of: ByteView.colon) >= 2 else { return false }
        guard text.allSatisfy({ ByteView.isHex($0) || $0 == ByteView.colon || $0 == ByteView.dot }) else { return false }
        // A time of day has two colons as well.
        return text.firstIndex(of: "::") != nil || text.count(of: ByteView.colon) == 7
    }

    /// `2024-05-06…`, `6.5.2024`, `5/6/2024 07:08`.
    static func isDate(_ text: ByteView) -> Bool {
        guard (8...35).contains(text.count), ByteView.isDigit(text[0]) else { return false }
        var index = 0
        var lengths: [Int] = []
        var mark: UInt8?
        while index < text.count, lengths.count < 3 {
            let start = index
            while index < text.count, ByteView.isDigit(text[index]) { index += 1 }
            guard index > start, index - start <= 4 else { return false }
            lengths.append(index - start)
            guard lengths.count < 3 else { break }
            guard index < text.count else { return false }
            guard [UInt8(ascii: "-"), ByteView.dot, ByteView.slash].contains(text[index]), mark == nil || mark == text[index] else { return false }
            mark = text[index]
            index += 1
        }
        guard lengths.count == 3, lengths[1] <= 2 else { return false }
        guard (lengths[0] == 4 && lengths[2] <= 2) || (lengths[0] <= 2 && (lengths[2] == 4 || lengths[2] == 2)) else { return false }
        guard index < text.count else { return true }
        let next = text[index]
        return next == ByteView.blank || ByteView.lowercased(next) == UInt8(ascii: "t") || next == ByteView.comma
    }

    /// Digits with a leading plus or zero, or set in groups: a bare number may be anything.
    static func isPhone(_ text: ByteView) -> Bool {
        guard (8...22).contains(text.count) else { return false }
        var digits = 0
        var marks = 0
        for index in 0..<text.count {
            switch text[index] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
            case ByteView.blank, UInt8(ascii: "-"), UInt8(ascii: "("), UInt8(ascii: ")"), ByteView.slash: marks += 1
            case UInt8(ascii: "+"): guard index == 0 else { return false }
            default: return false
            }
        }
        guard (8...15).contains(digits) else { return false }
        if text[0] == UInt8(ascii: "+") { return true }
        return digits >= 9 && (text[0] == UInt8(ascii: "0") || text[0] == UInt8(ascii: "(") || marks >= 2) && marks <= 6
    }
}
