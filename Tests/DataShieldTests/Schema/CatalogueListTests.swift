import DataShieldTestSupport
import Foundation
import Postgres
import Testing

/// The live catalogue in whole, against rules and against a list, and whether rules and list notice what makes it weaker.
@Suite(.freshDatabase) struct CatalogueListTests {
    private var owner: PostgresPool { TestDatabase.current.owner }

    @Test(arguments: CatalogueRules.all) func `a rule of the catalogue holds`(rule: CatalogueRules.Rule) async throws {
        #expect(try await rule.found(in: owner) == [])
    }

    /// `make catalogue` writes the list anew; what changed is then to be read in `git diff`.
    private static let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Schema/catalogue.txt").standardizedFileURL

    @Test func `the catalogue is as it is listed, line by line`() async throws {
        let found = try await Catalogue.lines(of: owner)
        if ProcessInfo.processInfo.environment["DATASHIELD_WRITE_CATALOGUE"] != nil {
            try (found.joined(separator: "\n") + "\n").write(to: Self.file, atomically: true, encoding: .utf8)
        }
        let listed = try String(contentsOf: Self.file, encoding: .utf8).split(separator: "\n").map(String.init)
        let (surplus, missing) = (Set(found).subtracting(listed).sorted(), Set(listed).subtracting(found).sorted())
        #expect(surplus == [], "not listed: if it is wanted, `make catalogue` writes the list anew")
        #expect(missing == [], "listed, and not there: if it is to go, `make catalogue` writes the list anew")
    }

    // MARK: Mutants

    /// Tries mutants, and tells of each that was not noticed.
    private func tryOut(_ choose: ([CatalogueMutants.Mutant]) -> [CatalogueMutants.Mutant]) async throws -> Int {
        try await owner.withConnection { connection in
            #expect(try await CatalogueRules.count(in: connection) == 0)
            let digest = try await Catalogue.digest(of: connection)
            let mutants = choose(try await CatalogueMutants.all(of: connection))
            for mutant in mutants {
                let fate = try await CatalogueMutants.fate(of: mutant, digest: digest, on: connection)
                #expect(fate == .noticed, "\(mutant)")
            }
            return mutants.count
        }
    }

    @Test func `one mutant of each kind is noticed`() async throws {
        let tried = try await tryOut { mutants in
            // The first two of each by their first words: ALTER POLICY, GRANT DELETE, DROP TRIGGER …
            let kinds = Dictionary(grouping: mutants) { $0.change.split(separator: " ").prefix(2).joined(separator: " ") }
            return kinds.values.flatMap { $0.prefix(2) }
        }
        #expect(tried > 30)
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["DATASHIELD_MUTANTS"] != nil, "`make mutants` tries all"))
    func `no mutant survives`() async throws {
        let began = ContinuousClock.now
        let tried = try await tryOut { $0 }
        #expect(tried > 864)
        print("\(tried) mutants tried in \(ContinuousClock.now - began)")
    }
}
