import Foundation

/// The server processes that work in a data directory, whoever started them: after a `kill -9` of the program or of the server's
/// first process, others may live on.
struct ClusterProcesses: Sendable {
    let data: URL

    private struct Found: Sendable {
        let id: pid_t
        let parent: pid_t
    }

    /// Every process of a server has its data directory as its working directory.
    private func find() -> [Found] {
        // try?: a process may end while we look.
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { entry in
            guard let id = pid_t(entry),
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(entry)/cwd")) == data.path,
                let status = try? String(contentsOfFile: "/proc/\(entry)/stat", encoding: .utf8)
            else { return nil }
            // "4711 (postgres) S 1 …": name, state, parent.
            guard let match = status.firstMatch(of: /\((postgres|postmaster)\) . (\d+)/), let parent = pid_t(match.2) else { return nil }
            return Found(id: id, parent: parent)
        }
    }

    var isEmpty: Bool { find().isEmpty }

    /// Ends them: asks for a fast shutdown first, insists after some seconds.
    func end() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        var lastSignal: Int32 = 0
        while case let found = find(), !found.isEmpty {
            let waited = clock.now - start
            let signal = waited < .seconds(6) ? SIGINT : waited < .seconds(8) ? SIGQUIT : SIGKILL
            if signal != lastSignal || signal == SIGKILL {
                let ids = Set(found.map(\.id))
                let first = found.filter { !ids.contains($0.parent) }
                // Children whose first process was killed end by themselves; a first process is told once per stage.
                for process in signal == SIGKILL ? found : first { kill(process.id, signal) }
                lastSignal = signal
            }
            guard waited < .seconds(15) else { throw PrivateCluster.Failure.inUse }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Removes what says that a server runs here, when the number in it is a stranger's by now, as after a restart of the machine:
    /// the server would take that for a server. A number that nobody has, it sees through by itself.
    func forget(sockets: URL) {
        let files = [
            data.appendingPathComponent("postmaster.pid"), sockets.appendingPathComponent(".s.PGSQL.5432.lock"),
        ]
        for file in files {
            // try?: mostly there is no such file.
            guard let text = try? String(contentsOf: file, encoding: .utf8), let id = text.split(separator: "\n").first.flatMap({ pid_t($0) }),
                kill(id, 0) == 0 || errno == EPERM,
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(id)/cwd")) != data.path
            else { continue }
            unlink(file.path)
        }
    }
}
