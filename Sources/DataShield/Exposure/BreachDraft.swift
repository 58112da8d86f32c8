import Foundation

/// What one source, or several, say of a breach: made before it is known whether the catalogue has it.
package struct BreachDraft: Sendable, Hashable {
    package var source: BreachSource
    /// Whether it comes from the source's own catalogue and not from what it said of one person.
    package var isFromCatalogue: Bool
    package var entry: CatalogueEntry

    package var key: String { CanonicalKey.of(entry.name) }

    /// What the title would be as a name: a finding may name either. nil where it is the same, or there is none.
    package var titleKey: String? {
        guard !entry.title.isEmpty else { return nil }
        let key = CanonicalKey.of(entry.title)
        return key == self.key ? nil : key
    }

    package init(source: BreachSource, isFromCatalogue: Bool, entry: CatalogueEntry) {
        self.source = source
        self.isFromCatalogue = isFromCatalogue
        self.entry = entry
    }

    /// What a finding says of its breach: what the company has as its own where no catalogue has it.
    package init(_ finding: Finding) {
        source = finding.source
        isFromCatalogue = false
        entry =
            finding.catalogue
            ?? CatalogueEntry(
                name: finding.breachName, domain: finding.named?.domain, breachDate: finding.breachDate, description: finding.named?.note,
                dataTypes: finding.dataTypes, pwnCount: finding.named?.size, isStealerLog: finding.source == .stealerLog)
        entry.addedAt = nil
    }

    /// What is stored.
    package init(_ breach: Breach) {
        source = breach.source
        entry = breach.entry
        isFromCatalogue = !breach.isOwn
    }

    /// How good the word is: a catalogue's before what was said of one person, and each by its source.
    package var quality: Int { (isFromCatalogue ? 4 : 0) + source.rank }

    /// This with what another says, so that nothing gets worse, and in whatever order the sources come the end is the same.
    ///
    /// A catalogue wins over whoever has none, and fills from the other only what it does not say itself. Where neither has a catalogue:
    /// the name of the better source, all the data types, the earlier date.
    package func improved(by other: BreachDraft) -> BreachDraft {
        let (better, worse) = other.isBetter(than: self) ? (other, self) : (self, other)
        var result = better
        if better.source.rank < worse.source.rank { result.source = worse.source }
        if better.isFromCatalogue {
            result.entry.breachDate = better.entry.breachDate ?? worse.entry.breachDate
            result.entry.domain = better.entry.domain ?? worse.entry.domain
            result.entry.description = better.entry.description ?? worse.entry.description
            if better.entry.dataTypes.isEmpty { result.entry.dataTypes = worse.entry.dataTypes }
            return result
        }
        result.entry.breachDate = [better.entry.breachDate, worse.entry.breachDate].compactMap { $0 }.min()
        result.entry.domain = [better.entry.domain, worse.entry.domain].compactMap { $0 }.min()
        result.entry.description = [better.entry.description, worse.entry.description].compactMap { $0 }.min()
        result.entry.pwnCount = [better.entry.pwnCount, worse.entry.pwnCount].compactMap { $0 }.max()
        result.entry.dataTypes = Set(better.entry.dataTypes).union(worse.entry.dataTypes).sorted()
        result.entry.isFabricated = better.entry.isFabricated || worse.entry.isFabricated
        result.entry.isSpamList = better.entry.isSpamList || worse.entry.isSpamList
        return result
    }

    /// A total order, so that it does not matter who comes first: by quality, then the shorter and the alphabetically earlier name.
    private func isBetter(than other: BreachDraft) -> Bool {
        if quality != other.quality { return quality > other.quality }
        let (mine, theirs) = (entry.name, other.entry.name)
        if mine.utf8.count != theirs.utf8.count { return mine.utf8.count < theirs.utf8.count }
        return mine.utf8.lexicographicallyPrecedes(theirs.utf8)
    }
}
