import Scalars

/// Countries as two capital letters.
enum CountryCode {
    /// Reads `DE`, `DE, Berlin`, `Germany`, `Germany (DE)`, `PL 192.0.2.1`; nil for anything else, as an IP address or `Unknown`.
    static func read(_ value: ByteView) -> String? {
        let value = value.trimmed.upTo(120)
        guard !Noise.isPlaceholder(value) else { return nil }
        if let code = code(value) { return code }
        if let open = value.firstIndex(of: UInt8(ascii: "(")), let code = code(value.from(open + 1)) { return code }
        let name = value.upTo(value.firstIndex(of: ByteView.comma) ?? value.firstIndex(of: UInt8(ascii: "(")) ?? value.count).trimmed
        return names[name.lowercasedText(limit: 60)]
    }

    /// Two letters with nothing that goes on behind them.
    private static func code(_ value: ByteView) -> String? {
        guard value.count >= 2, ByteView.isLetter(value[0]), ByteView.isLetter(value[1]) else { return nil }
        if value.count > 2 {
            let next = value[2]
            guard !ByteView.isLetter(next), !ByteView.isDigit(next), next < 0x80, next != ByteView.dot else { return nil }
            guard value[0] & 0x20 == 0, value[1] & 0x20 == 0 else { return nil }
        }
        return value.upTo(2).text(limit: 2).uppercased()
    }

    private static let names: [String: String] = {
        let list = """
            argentina AR,australia AU,austria AT,bangladesh BD,belgium BE,brazil BR,bulgaria BG,canada CA,chile CL,china CN,colombia CO,croatia HR,
            czech republic CZ,czechia CZ,denmark DK,egypt EG,estonia EE,finland FI,france FR,germany DE,greece GR,hong kong HK,hungary HU,india IN,
            indonesia ID,iran IR,iraq IQ,ireland IE,israel IL,italy IT,japan JP,kazakhstan KZ,kenya KE,latvia LV,lithuania LT,luxembourg LU,malaysia MY,
            mexico MX,morocco MA,netherlands NL,the netherlands NL,new zealand NZ,nigeria NG,norway NO,pakistan PK,peru PE,philippines PH,poland PL,
            portugal PT,romania RO,russia RU,russian federation RU,saudi arabia SA,serbia RS,singapore SG,slovakia SK,slovenia SI,south africa ZA,
            south korea KR,korea KR,spain ES,sweden SE,switzerland CH,taiwan TW,thailand TH,tunisia TN,turkey TR,türkiye TR,ukraine UA,
            united arab emirates AE,united kingdom GB,great britain GB,united states US,united states of america US,usa US,venezuela VE,vietnam VN
            """
        var names: [String: String] = [:]
        for entry in list.parts(between: { $0 == "," || $0 == "\n" }) {
            names[String(entry.dropLast(3))] = String(entry.suffix(2))
        }
        return names
    }()
}
