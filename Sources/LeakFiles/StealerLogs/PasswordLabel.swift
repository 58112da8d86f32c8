import Scalars

extension PasswordFile {
    /// What a line of a password file holds, by the label it begins with.
    enum Label {
        case url
        case login
        case password
        case application
        /// A profile, a seller's name: known, and passed over.
        case other

        /// The label at the beginning of a line, and what follows its colon.
        ///
        /// Only labels of the list, at the beginning and followed by `:` or ` =` count: `pass:word` may stand in any value.
        static func read(_ line: ByteView) -> (Label, ByteView)? {
            var key: UInt128 = 0
            var length = 0
            var index = 0
            var blanks = 0
            while index < min(line.count, 24) {
                let byte = line[index]
                if byte == ByteView.colon || (byte == UInt8(ascii: "=") && blanks > 0) { break }
                index += 1
                if byte == ByteView.blank || byte == ByteView.tab {
                    blanks += 1
                    continue
                }
                var letter = plain(byte)
                if byte >= 0x80 {
                    guard let alike = latin(line, at: index - 1) else { return nil }
                    letter = alike
                    index += 1
                }
                guard letter != 0 else { return nil }
                // Blanks between the words of a label count, those at its end do not.
                if blanks > 0, length > 0 {
                    key = key << 8 | UInt128(ByteView.blank)
                    length += 1
                }
                blanks = 0
                key = key << 8 | UInt128(letter)
                length += 1
                guard length <= 13 else { return nil }
            }
            guard length >= 2, index < line.count, line[index] == ByteView.colon || line[index] == UInt8(ascii: "="), let label = known[key] else {
                return nil
            }
            var value = line.from(index + 1)
            if let first = value.first, first == ByteView.blank || first == ByteView.tab { value = value.from(1) }
            return (label, value.withoutLineEnd)
        }

        /// A letter in lower case, a digit as the letter it is written for (`P455W0RD`); 0 for what no label has.
        private static func plain(_ byte: UInt8) -> UInt8 {
            switch byte {
            case UInt8(ascii: "0"): UInt8(ascii: "o")
            case UInt8(ascii: "1"): UInt8(ascii: "l")
            case UInt8(ascii: "3"): UInt8(ascii: "e")
            case UInt8(ascii: "4"): UInt8(ascii: "a")
            case UInt8(ascii: "5"): UInt8(ascii: "s")
            default: ByteView.isLetter(byte) ? byte | 0x20 : 0
            }
        }

        /// The Latin letter that a Cyrillic one looks like.
        private static func latin(_ line: ByteView, at index: Int) -> UInt8? {
            guard index + 1 < line.count else { return nil }
            return Homoglyph.latin(line[index], line[index + 1])
        }

        private static let known: [UInt128: Label] = {
            var labels: [UInt128: Label] = [:]
            func add(_ label: Label, _ words: String) {
                for word in words.parts(between: ",") {
                    labels[word.utf8.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }] = label
                }
            }
            add(.url, "url,host,hostname,link,site,origin,location,domain,web site,website,server")
            add(.login, "username,user,login,user login,email,usr,user name,user email,e-mail")
            add(.password, "password,pass,pwd,user password,passwd,passw")
            add(.application, "application,soft,software,browser,storage,app")
            add(.other, "profile,path,seller,log tools,free logs,port,form,created")
            return labels
        }()
    }
}

/// Letters that look like others.
enum Homoglyph {
    /// - Returns: in lower case; nil for what looks like none.
    static func latin(_ first: UInt8, _ second: UInt8) -> UInt8? {
        switch (first, second) {
        case (0xD0, 0x90), (0xD0, 0xB0): UInt8(ascii: "a")
        case (0xD0, 0x95), (0xD0, 0xB5): UInt8(ascii: "e")
        case (0xD0, 0x9E), (0xD0, 0xBE): UInt8(ascii: "o")
        case (0xD0, 0xA0), (0xD1, 0x80): UInt8(ascii: "p")
        case (0xD0, 0xA1), (0xD1, 0x81): UInt8(ascii: "c")
        case (0xD0, 0xA5), (0xD1, 0x85): UInt8(ascii: "x")
        case (0xD0, 0xA3), (0xD1, 0x83): UInt8(ascii: "y")
        case (0xD0, 0x9D): UInt8(ascii: "h")
        case (0xD0, 0x9C): UInt8(ascii: "m")
        case (0xD0, 0xA2): UInt8(ascii: "t")
        case (0xD0, 0x9A): UInt8(ascii: "k")
        case (0xD0, 0x92): UInt8(ascii: "b")
        case (0xD0, 0x86), (0xD1, 0x96): UInt8(ascii: "i")
        case (0xD0, 0x85), (0xD1, 0x95): UInt8(ascii: "s")
        default: nil
        }
    }
}
