import Foundation
import Scalars

/// The programs of a PostgreSQL server on this machine.
struct ServerBinaries: Sendable, Equatable {
    /// The oldest version that has what the schema needs.
    static let oldest = 15

    let directory: String
    let version: Int

    var initdb: String { directory + "/initdb" }
    var postgres: String { directory + "/postgres" }

    /// Finds those to use.
    /// - Parameters:
    ///   - version: the major version of the data directory; nil for a new one, which takes the newest.
    ///   - path: the directories to look in before Debian's own.
    /// - Throws: ``PrivateCluster/Failure``.
    static func find(for version: Int?, path: String = ProcessInfo.processInfo.environment["PATH"] ?? "") async throws -> ServerBinaries {
        let found = await all(path: path)
        guard let version else {
            guard let newest = found.filter({ $0.version >= oldest }).max(by: { $0.version < $1.version }) else {
                throw PrivateCluster.Failure.noBinaries
            }
            return newest
        }
        if let match = found.first(where: { $0.version == version }) { return match }
        guard !found.isEmpty else { throw PrivateCluster.Failure.noBinaries }
        throw PrivateCluster.Failure.otherVersion(data: version, programs: Set(found.map(\.version)).sorted())
    }

    private static func all(path: String) async -> [ServerBinaries] {
        let debian = "/usr/lib/postgresql"
        // try?: where there is no such directory there are no programs.
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []
        var found: [ServerBinaries] = []
        for directory in path.parts(between: ":").map(String.init) where isServer(directory) {
            if let version = await version(of: directory) { found.append(ServerBinaries(directory: directory, version: version)) }
        }
        for name in versions {
            guard let version = Int(name), isServer("\(debian)/\(name)/bin") else { continue }
            found.append(ServerBinaries(directory: "\(debian)/\(name)/bin", version: version))
        }
        return found
    }

    private static func isServer(_ directory: String) -> Bool {
        ["initdb", "postgres"].allSatisfy { FileManager.default.isExecutableFile(atPath: "\(directory)/\($0)") }
    }

    /// Asks the server of a directory that does not tell by its name: "postgres (PostgreSQL) 15.18 (Debian …)".
    private static func version(of directory: String) async -> Int? {
        let answer = FileManager.default.temporaryDirectory.appendingPathComponent("postgres-version-\(UUID().uuidString)")
        // try?: whatever does not answer is no server that we can use.
        defer { try? FileManager.default.removeItem(at: answer) }
        guard let asked = try? ChildProcess(["\(directory)/postgres", "-V"], log: answer) else { return nil }
        guard await asked.end(within: .seconds(5)) == .exited(0), let text = try? String(contentsOf: answer, encoding: .utf8) else { return nil }
        return text.firstMatch(of: /\(PostgreSQL\) (\d+)/).flatMap { Int($0.1) }
    }
}
