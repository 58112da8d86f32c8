/// The commonest line of all, read without looking for all that it might be.
extension FileShape {
    /// Reads `address:secret` with nothing else in the line and nothing in it that could mean something. For each hit in a list of many people
    /// this is most of the work.
    /// - Returns: the very record that ``anyRecord(of:in:offset:)`` makes of such a line; nil for any other line.
    static func plainCombo(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord? {
        let line = ByteView(context.line)
        let end = context.match.upperBound
        guard context.match.lowerBound == 0, end > 0, end <= 254, end + 1 < line.count, line.count <= 1_024, !context.isStartCut, !context.isEndCut,
            line[end] == ByteView.colon, ByteView.isLetter(line[0]) || ByteView.isDigit(line[0])
        else { return nil }
        let (login, secret) = (line.upTo(end), line.from(end + 1))
        guard login.allSatisfy(isPlainInAddress), ContentKind.isEmail(login), !line.hasPrefix("telegram"), secret.allSatisfy(isPlainInSecret),
            !Noise.isPlaceholder(secret)
        else { return nil }
        return LeakRecord(
            address: address, shape: .combo, login: String(decoding: login.bytes, as: UTF8.self), secret: LeakedSecret(secret), confidence: .medium,
            offset: offset)
    }

    /// What an address is made of almost always.
    @inline(__always) private static func isPlainInAddress(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x25, 0x2B, 0x2D, 0x2E, 0x40, 0x5F: true
        default: false
        }
    }

    /// What can neither end a field, nor begin a site's address, an advertisement, an escape or a quotation: visible ASCII without
    /// `" ' , / : ; < > [ \ ] ` |`.
    @inline(__always) private static func isPlainInSecret(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x26, 0x28...0x2B, 0x2D, 0x2E, 0x3D, 0x3F, 0x40, 0x5E, 0x5F, 0x7B, 0x7D, 0x7E: true
        default: false
        }
    }
}
