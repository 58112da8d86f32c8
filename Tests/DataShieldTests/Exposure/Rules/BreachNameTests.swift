import Foundation
import Testing

@testable import DataShield

/// How services name breaches: tables of Snusbase as its documentation has them, names of DeHashed and LeakCheck, files of Intelligence X.
@Suite struct BreachNameTests {
    /// A name, what the breach is called, its site, its days, its size.
    struct Case: Sendable, CustomTestStringConvertible {
        var written: String
        var text: String
        var domain: String?
        var days: String?
        var size: Int?

        init(_ written: String, _ text: String, _ domain: String? = nil, _ days: String? = nil, _ size: Int? = nil) {
            (self.written, self.text, self.domain, self.days, self.size) = (written, text, domain, days, size)
        }

        var testDescription: String { written }
    }

    private static func text(_ days: ClosedRange<Date>?) -> String? {
        days.map { "\(Timestamp.text($0.lowerBound).prefix(10))…\(Timestamp.text($0.upperBound).prefix(10))" }
    }

    private static let cases = [
        Case("0001_LINKEDIN_COM_167M_2012", "linkedin.com", "linkedin.com", "2012-01-01…2012-12-31", 167_000_000),
        Case("0003_KICKSTARTER_COM_5M_FINANCIAL_022014", "kickstarter.com", "kickstarter.com", "2014-02-01…2014-02-28", 5_000_000),
        Case("0002_BIT_LY_8514K_SOCIAL_052014", "bit.ly", "bit.ly", "2014-05-01…2014-05-31", 8_514_000),
        Case("0005_ZING_VN_51M_ENTERTAINMENT_052015", "zing.vn", "zing.vn", "2015-05-01…2015-05-31", 51_000_000),
        Case("0032_CANADA_CA_2M_BUSINESS_2011", "canada.ca", "canada.ca", "2011-01-01…2011-12-31", 2_000_000),
        Case("2002_ATT_COM_73M_MOBILE_082021", "att.com", "att.com", "2021-08-01…2021-08-31", 73_000_000),
        Case("2012_BREACHED_TO_212K_HACKING_112022", "breached.to", "breached.to", "2022-11-01…2022-11-30", 212_000),
        Case("2123_BREACHFORUMS_BF_323K_HACKING_012026", "Breachforums BF", nil, "2026-01-01…2026-01-31", 323_000),
        Case("0001_STEALERLOGS_NA_121M_MALWARE_2023", "Stealer Logs", nil, "2023-01-01…2023-12-31", 121_000_000),
        Case("0001_PEMIBLANC_COMBOLIST_245M_2018", "Pemiblanc Combolist", nil, "2018-01-01…2018-12-31", 245_000_000),
        Case("0001_PEMIBLANC_COMBOLIST_245M", "Pemiblanc Combolist", nil, nil, 245_000_000),
        Case("0001_HASHES_ORG_1913M_2021", "hashes.org", "hashes.org", "2021-01-01…2021-12-31", 1_913_000_000),
        Case("12_MAIL_EXAMPLE_NET_90K_FORUM_012020", "mail.example.net", "mail.example.net", "2020-01-01…2020-01-31", 90_000),
        Case("0001_123RF_COM_8M_PHOTOS_032020", "123rf.com", "123rf.com", "2020-03-01…2020-03-31", 8_000_000),
        Case("77_COM_5K_X_012020", "77.com", "77.com", "2020-01-01…2020-01-31", 5_000),
        Case("4711_EXAMPLE_CO_UK_290_SHOPPING_002019", "example.co.uk", "example.co.uk", "2019-01-01…2019-12-31", 290),
        Case("1234_MAIL_RU_DUMP_16M_SHOPPING_092014", "Mail RU Dump", nil, "2014-09-01…2014-09-30", 16_000_000),
        Case("ADOBE_COM_152M_2013", "adobe.com", "adobe.com", "2013-01-01…2013-12-31", 152_000_000),
        Case("Twitter.com_2023-01", "Twitter.com", "twitter.com", "2023-01-01…2023-01-31"),
        Case("COLLECTION_1_773M_COMBO_2019", "Collection #1", nil, "2019-01-01…2019-12-31", 773_000_000),
        Case("COLLECTION_1", "Collection #1"), Case("STEALERLOGS_NA_2024", "STEALERLOGS_NA_2024", nil, "2024-01-01…2024-12-31"),
        Case("9001_EXAMPLE_COM", "example.com", "example.com"),
        // A name that may be one, too, is kept, and only says when.
        Case("exampleshop_2019", "exampleshop_2019", nil, "2019-01-01…2019-12-31"),
        Case("exampleshop_201905", "exampleshop_201905", nil, "2019-05-01…2019-05-31"),
        Case("exampleshop_2019-05-06", "exampleshop_2019-05-06", nil, "2019-05-06…2019-05-06"),
        Case("example_shop_05_2019", "example_shop_05_2019", nil, "2019-05-01…2019-05-31"),
        Case("Zoosk (2020)", "Zoosk (2020)", nil, "2020-01-01…2020-12-31"),
        Case("LinkedIn 2012", "LinkedIn 2012", nil, "2012-01-01…2012-12-31"),
        // Names.
        Case("Adobe", "Adobe"), Case("Verifications.io", "Verifications.io", "verifications.io"), Case("mail.ru", "mail.ru", "mail.ru"),
        Case("mail.ru Dump", "mail.ru Dump", "mail.ru"), Case("www.Example.com", "www.Example.com", "example.com"), Case("forum.v2", "forum.v2"),
        Case("Pixel_Traders", "Pixel Traders"), Case("Collection #1", "Collection #1"), Case("HASHES", "HASHES"),
        Case("7k7k.com", "7k7k.com", "7k7k.com"),
        Case("Windows 98 Forum", "Windows 98 Forum"), Case("Stealer log 0123456789ab", "Stealer log 0123456789ab"), Case("", ""), Case("_", "_"),
        Case("1_2_3", "1 2 3"), Case("Unnamed source (LeakCheck)", "Unnamed source (LeakCheck)"),
        Case("a_b@c.example_2019", "a_b@c.example_2019", nil, "2019-01-01…2019-12-31"),
    ]

    @Test(arguments: cases) func `a name is taken apart`(_ one: Case) {
        let name = BreachName(one.written)
        #expect(name.text == one.text)
        #expect(name.domain == one.domain)
        #expect(Self.text(name.days) == one.days)
        #expect(name.size == one.size)
        #expect(name.written == (one.text == one.written ? nil : one.written))
        // What it is called is called so.
        let again = BreachName(name.text)
        #expect(again.text == name.text)
    }

    @Test(
        arguments: [
            ("2019-02", "2019-02-01…2019-02-28"), ("2020-02", "2020-02-01…2020-02-29"), ("2019", "2019-01-01…2019-12-31"),
            ("122019", "2019-12-01…2019-12-31"),
            ("201912", "2019-12-01…2019-12-31"), ("2019-02-30", nil), ("2019-13", nil), ("1812", nil), ("132019", nil), ("4711", nil), ("", nil),
            ("-", nil),
            ("2019-", nil), ("٢٠١٩", nil),
        ] as [(String, String?)])
    func `a date is a day, a month or a year`(text: String, days: String?) {
        #expect(Self.text(BreachTable.days(text)) == days)
    }

    @Test func `what a source calls it is kept, with what its date is known to`() {
        #expect(BreachName("Adobe").note == nil)
        #expect(
            BreachName("ADOBE_COM_152M_2013").note
                == "A source calls it ADOBE_COM_152M_2013. Of its date that tells the year, whose last day it counts as.")
        #expect(BreachName("0001_PEMIBLANC_COMBOLIST_245M").note == "A source calls it 0001_PEMIBLANC_COMBOLIST_245M.")
    }
}
