/// Names of servers: what whoever checked mailboxes wrote beside their addresses.
enum ServerName {
    /// Whether a text may be the name of a host: three labels and more, or two of which the last is a common one.
    static func mayBe(_ text: ByteView) -> Bool {
        guard let labels = labels(of: text) else { return false }
        return labels.count > 2 || common.contains { labels[labels.count - 1].equals($0) }
    }

    /// Whether a text is more likely that than a password: `mx1.example.net`, `example-com.mail.protection.outlook.com`. What it is is not known for all
    /// that: words with points between them are a password of some.
    static func isLikely(_ text: ByteView) -> Bool {
        guard let labels = labels(of: text), labels.count > 2 else { return false }
        return labels.prefix(min(2, labels.count - 2)).contains { label in
            var start = 0
            for index in 0...label.count where index == label.count || !ByteView.isLetter(label[index]) {
                let word = label[start..<index]
                if services.contains(where: { word.equals($0) }) { return true }
                start = index + 1
            }
            return false
        }
    }

    /// - Returns: nil for what is no name of a host, or is written as none ever is.
    private static func labels(of text: ByteView) -> [ByteView]? {
        let text = text.last == ByteView.dot ? text.upTo(text.count - 1) : text
        guard (4...253).contains(text.count), text.contains(ByteView.dot) else { return nil }
        let dash = UInt8(ascii: "-")
        var labels: [ByteView] = []
        var (start, hasSmall, hasCapital) = (0, false, false)
        for index in 0...text.count {
            guard index == text.count || text[index] == ByteView.dot else {
                let byte = text[index]
                guard ByteView.isLetter(byte) || ByteView.isDigit(byte) || byte == dash else { return nil }
                if byte >= 0x61 { hasSmall = true } else if byte >= 0x41 { hasCapital = true }
                continue
            }
            let label = text[start..<index]
            guard (1...63).contains(label.count), label.first != dash, label.last != dash else { return nil }
            labels.append(label)
            start = index + 1
        }
        guard labels.count > 1, let top = labels.last, top.count > 1, top.allSatisfy(ByteView.isLetter) || top.hasPrefix("xn--") else { return nil }
        return hasSmall && hasCapital ? nil : labels
    }

    private static let common: [StaticString] = [
        "com", "net", "org", "edu", "gov", "mil", "int", "info", "biz", "io", "de", "fr", "uk", "at", "ch", "it", "es", "nl", "be", "pl", "ru", "se",
        "no", "dk", "fi", "eu", "us", "ca", "au", "jp", "cn", "in", "br", "example", "test", "local", "lan",
    ]

    private static let services: [StaticString] = [
        "mx", "mail", "mails", "email", "webmail", "mailgw", "mailhost", "mailrelay", "mailserver", "smtp", "smtps", "smtpin", "esmtp", "imap",
        "imaps",
        "pop", "pops", "mta", "relay", "aspmx", "exchange", "autodiscover", "owa", "ns", "dns", "www", "ftp", "sftp", "vpn", "webdisk", "cpanel",
    ]
}
