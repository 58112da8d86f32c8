import Foundation
import LeakFiles
import Postgres
import Scalars

/// How a dump's breach is called, as far as its place says it: by its own file, or, where half of all dumps are called so
/// (`users.sql`), by the archive or folder that holds it. Where nothing says it, it is called what it is: a leak file that
/// was read on a day, which says nothing of when it is from.
struct DumpName: Sendable, Hashable {
    var text: String
    /// Whether the file is named so itself.
    var isOwn: Bool

    /// - Parameters:
    ///   - path: of the part, below what was named to be read; archives are set off by `!`.
    ///   - beginning: the digest of the dump's beginning, which tells dumps apart that nothing else does.
    ///   - readOn: the day on which it is read.
    /// - Returns: nil when nothing tells it from others.
    init?(path: String, beginning: ContentDigest?, readOn day: Date) {
        let names = path.parts { $0 == "/" || $0 == "!" }.map { Self.title(String($0)) }
        guard let last = names.last else { return nil }
        if let last, !Self.isGeneric(last) {
            self.init(text: last, isOwn: true)
        } else if let holder = names.dropLast().compactMap({ $0 }).last(where: { !Self.isGeneric($0) }) {
            self.init(text: holder, isOwn: false)
        } else if let beginning {
            self.init(text: "Leak file read on \(Format.longDay(day)) (\(beginning.description.prefix(8)))", isOwn: false)
        } else {
            return nil
        }
    }

    private init(text: String, isOwn: Bool) {
        self.text = text
        self.isOwn = isOwn
    }

    /// A name without its endings. nil when nothing is left that would tell it from others.
    private static func title(_ name: String) -> String? {
        var title = PlainText.oneLine(name)
        while let dot = title.lastPlace(of: "."), endings.contains(title[title.place(behind: dot)...].lowercased()) { title = String(title[..<dot]) }
        title = String(title.beginning(120))
        // An address in a file's name may be a stranger's.
        guard !title.has("@") else { return nil }
        return title.unicodeScalars.count { $0.properties.isAlphabetic || $0.properties.numericType != nil } >= 3 ? title : nil
    }

    /// Whether a name is one that dumps of anything have: made of such words and of numbers only.
    static func isGeneric(_ title: String) -> Bool {
        title.lowercased().parts { !$0.properties.isAlphabetic }.allSatisfy { $0.hasAtMost(1) || words.contains(String($0)) }
    }

    private static let endings: Set = [
        "txt", "csv", "tsv", "sql", "json", "jsonl", "ndjson", "gz", "zst", "zip", "7z", "rar", "tar", "tgz", "log", "dump", "bz2", "xz", "bak",
    ]

    private static let words: Set = Set(
        """
        account accounts admin all archive archives backup backups bak breach breaches clean cleaned client clients combo combolist combos contact contacts copy \
        credential credentials customer customers data database databases dataset db default desktop documents download downloads dump dumped dumps \
        email emails employee employees \
        export exports file files final full hash hashed hashes html id ids inbox incoming info ingest json latest leak leaked leaks line lines list lists log login \
        logins logs mail mails main master member members merged mongo mongodb mssql mysql new old output part pass passes passwd password \
        passwords people person persons pg pgsql pos postgres postgresql private prod production profile profiles public pwd pwds raw record \
        records result results row rows sample site sorted sql staff stage staging subscriber subscribers table tables tbl temp test text tmp \
        tsv txt ulp unique uniq untitled upload uploads url urls user userdata userlist username usernames users usr utf valid web website wordpress wp xml xls xlsx zip rar
        clientes contraseñas daten datei datos fichier kunden liste neu neue nouveau nouvelle nuevo passwörter usuarios
        база базы новая новый пароли почты слив файл
        """.words.map { String($0) })
}

/// The SQL of the `leak_dumps` table.
struct DumpNameStore {
    let db: TenantTransaction

    /// What a dump is called: as whoever reads it says; else as its file is called, when that says something; else as it was called before,
    /// so that the same text is one breach wherever it lies; else as its place says.
    /// - Parameters:
    ///   - beginning: the digest of the dump's beginning.
    ///   - said: how whoever reads the file calls the breach.
    func name(_ found: DumpName?, beginning: ContentDigest?, said: String?) async throws -> String? {
        guard let name = said ?? found?.text else { return nil }
        guard let beginning = beginning?.bytes else { return name }
        let known = try await known(beginning)
        if let said {
            if known != said {
                try await db.execute(
                    """
                    INSERT INTO leak_dumps (company_id, beginning, name) VALUES (\(db.company), \(beginning), \(said))
                    ON CONFLICT (company_id, beginning) DO UPDATE SET name = excluded.name
                    """)
            }
            return said
        }
        if let known { return found?.isOwn == true ? name : known }
        let added = try await db.execute(
            """
            INSERT INTO leak_dumps (company_id, beginning, name) VALUES (\(db.company), \(beginning), \(name))
            ON CONFLICT (company_id, beginning) DO NOTHING
            """)
        // Another reading has named it meanwhile.
        return added == 1 || found?.isOwn == true ? name : try await self.known(beginning) ?? name
    }

    private func known(_ beginning: [UInt8]) async throws -> String? {
        try await db.first("SELECT name FROM leak_dumps WHERE company_id = \(db.company) AND beginning = \(beginning)", as: String.self)
    }
}
