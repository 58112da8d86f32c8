import Foundation
import Testing

@testable import DataShield

@Suite struct DataTypeTests {
    @Test(arguments: HIBPClasses.all) func `every data class of Have I Been Pwned has its term`(name: String, term: String) {
        #expect(DataType.normalise(name) == term)
        #expect(DataType.aliases[DataType.joinedWords(name)] != nil, "It must be in the table, not only come out right.")
    }

    @Test func `there are 146 classes`() {
        #expect(HIBPClasses.all.count == 146)
        #expect(Set(HIBPClasses.all.map(\.name)).count == 146)
    }

    @Test(arguments: [
        ("Passwords", "password"), ("Email addresses", "email"), ("Credit cards", "credit_card"), ("Password hashes", "hashed_password"),
        ("IP addresses", "ip_address"), ("hash", "hashed_password"), ("lastip", "ip_address"), ("LastIP", "ip_address"), ("_domain", "website_url"),
        ("dob", "date_of_birth"), ("hashed_password", "hashed_password"), ("first_name", "name"), ("Driver's licenses", "drivers_license"),
        ("Driver’s licenses", "drivers_license"), ("  passwords  ", "password"), ("PASSWORDS", "password"), ("salaries", "salary"),
    ])
    func `names of all sources become terms`(name: String, term: String) {
        #expect(DataType.normalise(name) == term)
    }

    @Test(arguments: [
        ("Shoe sizes", "shoe_sizes"), ("Pets' names (all)", "pets_names_all"), ("näme-größe", "näme_größe"), ("a\u{0}b", "a_b"), ("x", "x"),
    ])
    func `unknown names are kept, lower-cased and joined`(name: String, term: String) {
        #expect(DataType.normalise(name) == term)
    }

    @Test(arguments: ["", "   ", "--", "\u{0}", "…"]) func `a name without letters and digits is none`(name: String) {
        #expect(DataType.normalise(name) == nil)
    }

    @Test func `a term stays what it is when it is normalised again`() {
        for term in Set(DataType.aliases.values) { #expect(DataType.normalise(term) == term) }
    }

    @Test func `a name of any length becomes a term of bounded length`() {
        #expect((DataType.normalise(String(repeating: "ab ", count: 10_000)) ?? "").utf8.count <= DataType.maximumLength + 4)
    }

    @Test func `a list is sorted and has each term once`() {
        #expect(DataType.normalise(all: ["Passwords", "Historical passwords", "Email addresses", ""]) == ["email", "password"])
    }

    @Test func `the terms that rules name are in the vocabulary`() {
        let vocabulary = Set(DataType.aliases.values)
        let named = [
            "salary", "tax_id", "ssn", "national_id", "passport", "health_records", "biometric_data", "date_of_birth", "ip_address", "geolocation",
            "bank_account", "contracts", "financial",
        ]
        for term in DataType.critical.union(DataType.contact).union(named) { #expect(vocabulary.contains(term), "\(term)") }
    }

    @Test func `every entry of the real catalogue can be read, and each of its classes has an alias`() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../../../shared/reference/data/hibp-breaches.json")
        guard let bytes = try? Data(contentsOf: file) else {
            // The whole catalogue is not part of the repository; the list of its classes above is.
            print("The real catalogue of Have I Been Pwned is not here: its entries were not read.")
            return
        }
        let (drafts, unread) = try HIBPWire.catalogue(Array(bytes))
        #expect(unread.count == 0)
        #expect(drafts.count == 875)
        #expect(Set(drafts.map(\.key)).count == 875)
        #expect(drafts.allSatisfy { $0.entry.breachDate != nil && $0.entry.addedAt != nil && $0.entry.pwnCount != nil })
        #expect(drafts.count { !$0.entry.isVerified } == 42)
        #expect(drafts.count { $0.entry.isFabricated } == 3)
        #expect(drafts.count { $0.entry.isSensitive } == 80)
        #expect(drafts.count { $0.entry.isRetired } == 2)
        #expect(drafts.count { $0.entry.isSpamList } == 16)
        #expect(drafts.count { $0.entry.isMalware } == 5)
        #expect(drafts.count { $0.entry.isStealerLog } == 3)
        #expect(drafts.compactMap(\.entry.pwnCount).max() == 772_904_991)
        let known = Set(DataType.aliases.values)
        #expect(drafts.allSatisfy { $0.entry.dataTypes.allSatisfy(known.contains) })
        for draft in drafts {
            let text = PlainText.of(html: draft.entry.description ?? "")
            #expect(!text.isEmpty && !text.contains("<a") && !text.contains("</"), "\(draft.entry.name)")
        }
    }
}
