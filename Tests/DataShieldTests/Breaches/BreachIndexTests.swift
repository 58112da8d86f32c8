import Foundation
import Testing

@testable import DataShield

/// Which breach a source means.
@Suite struct BreachIndexTests {
    struct Known: NamedBreach, Sendable {
        var key: String
        var titleKey: String?
        var domainKey: String?
        var breachDate: Date?
        var isOwn = false

        init(_ name: String, title: String? = nil, domain: String? = nil, date: String? = nil, isOwn: Bool = false) {
            key = CanonicalKey.of(name)
            titleKey = title.map(CanonicalKey.of).flatMap { $0 == CanonicalKey.of(name) ? nil : $0 }
            domainKey = domain
            breachDate = BreachDate.day(date)
            self.isOwn = isOwn
        }
    }

    private static let index = BreachIndex([
        Known("Adobe", domain: "adobe.com", date: "2013-10-04"),
        Known("PDL", title: "Data Enrichment Exposure From PDL Customer", date: "2019-10-16"),
        Known("VerificationsIO", title: "Verifications.io", domain: "verifications.io", date: "2019-02-25"),
        Known("MailRu", title: "mail.ru Dump", domain: "mail.ru", date: "2014-09-10"),
        Known("LinkedIn", domain: "linkedin.com", date: "2012-05-05"),
        Known("LinkedInScrape", title: "LinkedIn Scraped Data (2021)", domain: "linkedin.com", date: "2021-04-08"),
        Known("LinkedInScrape2023", title: "LinkedIn Scraped and Faked Data (2023)", domain: "linkedin.com", date: "2023-11-04"),
        Known("Twitter", domain: "twitter.com", date: "2022-01-01"),
        Known("Twitter200M", title: "Twitter (200M)", domain: "twitter.com", date: "2021-01-01"),
        Known("Bell", title: "Bell (2014 breach)", domain: "bell.ca", date: "2014-02-01"),
        Known("Bell2017", title: "Bell (2017 breach)", domain: "bell.ca", date: "2017-05-15"),
        Known("VNG", domain: "zing.vn", date: "2015-05-19"), Known("Zoosk", title: "Zoosk (2011)", domain: "zoosk.com", date: "2011-01-01"),
        Known("Zoosk2020", title: "Zoosk (2020)", domain: "zoosk.com", date: "2020-01-12"),
        Known("Collection1", title: "Collection #1", date: "2019-01-07"),
        Known("NetProspex", domain: "netprospex.com", date: "2016-09-01"), Known("Pemiblanc", date: "2018-04-02"),
        Known("BreachForums", domain: "breached.vc", date: "2022-11-29"), Known("NoDate", domain: "nodate.example"),
        Known("One", title: "The same title"), Known("Two", title: "The same title"),
        Known("Pixel Traders", isOwn: true), Known("linkedin2016", isOwn: true),
    ])

    /// A name as a source writes it, the day that the source says besides, and the key of what is meant.
    private static let cases: [(String, String?, String?)] = [
        ("Adobe", nil, "adobe"), ("adobe.com", "2013-10-04", "adobe"), ("ADOBE_COM_152M_2013", nil, "adobe"), ("Adobe (2013)", nil, "adobe"),
        // A name is enough, whatever date is said.
        ("Adobe", "2023-01-01", "adobe"), ("ADOBE_COM_152M_2023", nil, "adobe"),
        ("PDL", nil, "pdl"), ("People Data Labs", nil, "pdl"), ("People Data Labs (PDL)", "2019-10-01", "pdl"),
        ("PEOPLE_DATA_LABS_622M_BUSINESS_102019", nil, "pdl"), ("7788_PEOPLE_DATA_LABS_622M_BUSINESS_102019", nil, "pdl"),
        ("Data enrichment exposure from PDL customer", nil, "pdl"),
        ("1234_DATA_ENRICHMENT_EXPOSURE_FROM_PDL_CUSTOMER_622M_SHOPPING_102019", nil, "pdl"),
        // Another name counts only where the dates agree.
        ("People Data Labs", "2025-03-01", nil), ("PEOPLE_DATA_LABS_1M_BUSINESS_2024", nil, nil), ("Dun & Bradstreet", "2016-09-01", "netprospex"),
        ("Verifications.io", nil, "verificationsio"), ("VERIFICATIONS_IO_763M_MARKETING_022019", nil, "verificationsio"),
        ("Verifications IO", nil, "verificationsio"), ("verificationsio.com", nil, "verificationsio"),
        ("mail.ru", nil, "mailru"), ("MAIL_RU_16M_EMAIL_092014", nil, "mailru"), ("1234_MAIL_RU_DUMP_16M_SHOPPING_092014", nil, "mailru"),
        ("Mail.ru Leak", nil, "mailru"), ("Mail.ru Dump", nil, "mailru"),
        // The site, where one breach has it and the dates do not contradict.
        ("zing.vn", nil, "vng"), ("0005_ZING_VN_51M_ENTERTAINMENT_052015", nil, "vng"), ("zing.vn", "2016-01-01", "vng"),
        ("zing.vn", "2018-01-01", nil),
        ("ZING_VN_3M_GAMES_2021", nil, nil), ("nodate.example", "1999-01-01", "nodate"), ("bell.ca", nil, nil),
        ("BELL_CA_2M_TELECOM_052017", nil, nil),
        // Of a site with several, a name means the one of its date.
        ("LinkedIn", nil, "linkedin"), ("0001_LINKEDIN_COM_167M_2012", nil, "linkedin"), ("LinkedIn", "2021-04-08", "linkedinscrape"),
        ("LINKEDIN_COM_700M_SOCIAL_2021", nil, "linkedinscrape"), ("LINKEDIN_COM_20M_SOCIAL_112023", nil, "linkedinscrape2023"),
        ("LinkedIn", "2016-05-01", "linkedin"), ("LinkedIn 2012", nil, "linkedin"), ("LinkedIn 2021", nil, "linkedinscrape"),
        ("Zoosk", "2020-01-12", "zoosk2020"), ("ZOOSK_COM_30M_DATING_012020", nil, "zoosk2020"), ("Zoosk (2011)", nil, "zoosk"),
        ("Zoosk", nil, "zoosk"),
        ("Twitter.com_2023-01", nil, "twitter"), ("Twitter", "2021-06-01", "twitter"), ("Bell", "2017-05-15", "bell2017"),
        ("COLLECTION_1_773M_COMBO_2019", nil, "collection1"), ("Collection 1", nil, "collection1"), ("Collection #2", nil, nil),
        ("0001_PEMIBLANC_COMBOLIST_245M_2018", nil, "pemiblanc"), ("2012_BREACHFORUMS_BF_212K_HACKING_112022", nil, "breachforums"),
        ("2123_BREACHFORUMS_BF_323K_HACKING_012026", nil, nil),
        // A title that two have tells neither.
        ("The same title", nil, nil),
        // The company's own.
        ("Pixel Traders", nil, "pixeltraders"), ("4411_PIXEL_TRADERS_1M_SHOPPING_102023", nil, "pixeltraders"),
        ("pixel-traders.com", nil, "pixeltraders"),
        ("LinkedIn 2016", nil, "linkedin2016"), ("Nothing known", nil, nil), ("", nil, nil),
    ]

    @Test(arguments: cases) func `a name means at most one breach`(name: String, date: String?, key: String?) {
        #expect(Self.index.breach(BreachNaming(BreachName(name), date: BreachDate.day(date)))?.key == key)
    }

    @Test func `nothing is meant where nothing is known`() {
        let empty = BreachIndex<Known>([])
        for (name, date, _) in Self.cases { #expect(empty.breach(BreachNaming(BreachName(name), date: BreachDate.day(date))) == nil) }
    }
}

extension BreachIndexTests.Known: Equatable {}
