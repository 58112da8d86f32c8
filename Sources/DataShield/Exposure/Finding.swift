import Foundation

/// What a source says about one person: they are in this breach, with these data. The one currency between every source and the recorder.
package struct Finding: Sendable, Hashable {
    /// The breach as the source names it.
    package var breachName: String
    /// What that name says, where the source's adapter has taken it apart; else the recorder does.
    package var named: BreachName?
    /// Midnight UTC of the day, nil when the source gives none or one that is not a date.
    package var breachDate: Date?
    /// Terms of the one vocabulary, see ``DataType/normalise(_:)``.
    package var dataTypes: [String]
    package var artifacts: [ArtifactKind] = []
    package var machineId: String?
    package var malwareFamily: String?
    package var capturedAt: Date?
    package var evidence: Evidence?
    package var source: BreachSource
    /// nil for what was found in a leak file.
    package var provider: ApiProvider?
    /// A breach that its source flags fabricated or a spam list is recorded, and raises no alert.
    package var raisesAlert: Bool = true
    /// What the source's catalogue says of the breach, when it has one.
    package var catalogue: CatalogueEntry?
    /// What the leak file says beyond that, when it comes from one.
    package var leak: LeakFinding?

    /// How far its word goes.
    var tier: ProviderTier { provider?.tier ?? .leakFile }
}

/// What is kept to show why: sites, redacted logins and names of files, never a secret.
package struct Evidence: Sendable, Hashable, Codable {
    package var sites: [String]
    package var logins: [String]
    /// Names of the files in which a source found it.
    package var items: [String]
    /// Sessions that were taken from an infected machine; nil for none.
    package var cookies: [StolenCookie]?

    package init(sites: [String] = [], logins: [String] = [], items: [String] = [], cookies: [StolenCookie]? = nil) {
        self.sites = sites
        self.logins = logins
        self.items = items
        self.cookies = cookies
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        sites = try container.decode([String].self, forKey: .sites)
        logins = try container.decode([String].self, forKey: .logins)
        // Evidence that was kept before there were any has none.
        items = try container.decodeIfPresent([String].self, forKey: .items) ?? []
        cookies = try container.decodeIfPresent([StolenCookie].self, forKey: .cookies)
    }
}

/// A cookie that a stealer took: its name and where it is good, never its value.
package struct StolenCookie: Sendable, Hashable, Codable, Comparable {
    package var domain: String
    package var name: String
    /// nil for one that ends with the browser.
    package var expiresAt: Date?

    package static func < (left: Self, right: Self) -> Bool {
        (left.domain, left.name, left.expiresAt ?? .distantPast) < (right.domain, right.name, right.expiresAt ?? .distantPast)
    }
}
