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
            domainKey = domain?.replacing(".", with: "").replacing("-", with: "")
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
        Known("OGUsers", domain: "ogusers.com", date: "2018-12-26"), Known("OGUsers2020", domain: "ogusers.com", date: "2020-04-02"),
        Known("OGUsers2021", domain: "ogusers.com", date: "2021-04-11"),
        Known("ExploreTalent", title: "Explore Talent (July 2024)", domain: "exploretalent.com", date: "2022-02-28"),
        Known("ExploreTalentAug2024", title: "Explore Talent (August 2024)", domain: "exploretalent.com", date: "2024-08-15"),
        Known("boAt", domain: "boat-lifestyle.com", date: "2024-03-02"), Known("Fridae", domain: "fridae.asia", date: "2014-05-02"),
        Known("JD", domain: "jd.com", date: "2013-01-01"), Known("MC2Data", title: "MC2 Data", domain: "mc2data.com", date: "2024-08-01"),
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
        ("ogusers.com_2020-04", nil, "ogusers2020"), ("OGUSERS_COM_350K_HACKING_042021", nil, "ogusers2021"), ("OGUsers", nil, "ogusers"),
        // A title with a date in it is that title.
        ("Explore Talent (July 2024)", nil, "exploretalent"), ("Explore Talent (August 2024)", nil, "exploretalentaug2024"),
        // A table writes dots and hyphens alike, and knows endings that nobody listed.
        ("1234_BOAT_LIFESTYLE_COM_7M_SHOPPING_032024", nil, "boat"), ("1234_FRIDAE_ASIA_35K_DATING_052014", nil, "fridae"),
        ("1234_JD_142M_SHOPPING_012013", nil, "jd"), ("0001_JD_COM_142M_SHOPPING_012013", nil, "jd"), ("MC2 Data Dump", nil, "mc2data"),
        ("126_COM_5M_EMAIL_2012", nil, nil),
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

    /// An entry of Have I Been Pwned's catalogue.
    private struct Entry: Decodable {
        var name: String
        var title: String
        var domain: String
        var breachDate: String

        enum CodingKeys: String, CodingKey {
            case name = "Name"
            case title = "Title"
            case domain = "Domain"
            case breachDate = "BreachDate"
        }
    }

    /// How services would name an entry: by name, title and site, and as tables do.
    private static func spellings(_ entry: Entry) -> [(name: String, date: String?)] {
        func table(_ text: String) -> String { String(text.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }) }
        let (year, month) = (entry.breachDate.prefix(4), entry.breachDate.dropFirst(5).prefix(2))
        let names: [(String, String?)] = [
            (entry.name, nil), (entry.name, entry.breachDate), (entry.title, nil), (entry.title, entry.breachDate), ("\(entry.title) Dump", nil),
            ("\(entry.title) \(year)", nil), ("\(table(entry.name))_5M_\(year)", nil),
            ("1234_\(table(entry.title))_5M_SHOPPING_\(month)\(year)", nil),
        ]
        guard !entry.domain.isEmpty else { return names }
        return names + [
            (entry.domain, nil), (entry.domain, entry.breachDate), ("\(entry.domain)_\(year)-\(month)", nil),
            ("1234_\(table(entry.domain))_5M_SHOPPING_\(month)\(year)", nil),
        ]
    }

    @Test func `each spelling of each breach of the catalogue means that breach, but for sites that were breached several times`() throws {
        let file = URL(filePath: #filePath).appending(path: "../../../../Sources/Sandbox/Resources/hibp-catalogue.json").standardized
        let entries = try JSONDecoder().decode([Entry].self, from: Data(contentsOf: file))
        let known = entries.map { entry in
            Known(entry.name, title: entry.title, domain: entry.domain.isEmpty ? nil : entry.domain.lowercased(), date: entry.breachDate)
        }
        let index = BreachIndex(known)
        let sites = Dictionary(grouping: known.compactMap(\.domainKey), by: { $0 }).filter { $0.value.count > 1 }
        var (count, wrong): (Int, [String]) = (0, [])
        for (entry, breach) in zip(entries, known) {
            for (name, date) in Self.spellings(entry) {
                count += 1
                let found = index.breach(BreachNaming(BreachName(name), date: BreachDate.day(date)))
                guard found?.key != breach.key, !sites.keys.contains(breach.domainKey ?? "") else { continue }
                wrong.append("\(name) is \(found?.key ?? "nothing") and not \(breach.key)")
            }
        }
        #expect(count > 10_000)
        #expect(wrong == [])
    }

    @Test func `nothing is meant where nothing is known`() {
        let empty = BreachIndex<Known>([])
        for (name, date, _) in Self.cases { #expect(empty.breach(BreachNaming(BreachName(name), date: BreachDate.day(date))) == nil) }
    }
}

extension BreachIndexTests.Known: Equatable {}
