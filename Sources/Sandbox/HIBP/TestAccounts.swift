/// The addresses that Have I Been Pwned documents for integration tests.
enum TestAccounts {
    static let domain = "hibp-integration-tests.com"
    /// Good for these addresses only.
    static let key = "00000000000000000000000000000000"

    static func facts(ofAlias alias: String) -> Exposure.Facts {
        switch alias {
        case "account-exists": .init(breaches: ["Adobe"], pastes: [paste])
        case "multiple-breaches": .init(breaches: ["Adobe", "Gawker", "Stratfor"])
        case "not-active-and-active-breach": .init(breaches: ["Adobe"])
        case "paste-sensitive-breach": .init(breaches: ["AshleyMadison"], pastes: [paste])
        case "sensitive-breach": .init(breaches: ["AshleyMadison"])
        case "sensitive-and-other-breaches": .init(breaches: ["Adobe", "AshleyMadison", "Gawker"])
        case "spam-list-only": .init(breaches: ["RiverCityMedia"])
        case "spam-list-and-others": .init(breaches: ["Adobe", "RiverCityMedia"])
        case "stealer-log": .init(breaches: ["StealerLogsJan2025"], websites: ["mail.example.net"])
        case "subscription-free-breach": .init(breaches: ["OperationEndgame"])
        case "subscription-free-and-other-breaches": .init(breaches: ["Adobe", "Gawker", "OperationEndgame"])
        case "unverified-breach": .init(breaches: ["ActMobile"])
        // not-active-breach, opt-out, opt-out-breach, permanent-opt-out, and whatever is not documented
        default: .none
        }
    }

    static let aliases = [
        "account-exists", "multiple-breaches", "not-active-and-active-breach", "paste-sensitive-breach", "sensitive-breach",
        "sensitive-and-other-breaches", "spam-list-only", "spam-list-and-others", "stealer-log", "subscription-free-breach",
        "subscription-free-and-other-breaches", "unverified-breach",
    ]

    private static let paste = Exposure.Paste(
        source: "Pastebin", id: "Ab12Cd34", title: "sample list", date: "2021-05-04T10:11:12Z", emailCount: 139)
}
