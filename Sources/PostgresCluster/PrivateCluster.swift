import Foundation
import Logging
import Postgres
import ServiceLifecycle

/// The program's own PostgreSQL, for an installation without a `DATABASE_URL`: made once in the data directory, started and stopped
/// with the program, reached by a Unix socket that only the program's user may open.
///
/// Call ``start()`` before anything that needs the database, then run it as the first service: it stops last. A server that ends
/// unasked is started again.
package actor PrivateCluster: Service {
    private let dataDirectory: URL
    private let user: String?
    private let logger: Logger
    private var server: Server?

    private struct Server {
        let process: ChildProcess
        let directory: ClusterDirectory
        let binaries: ServerBinaries
        let sockets: URL
        let lock: FileHandle
    }

    /// - Parameters:
    ///   - dataDirectory: the program's data directory; the cluster's files go to `postgres` in it.
    ///   - user: who it runs as when we are root; nil: see ``ServerAccount``.
    ///   - logger: for what happens to the server. Its own log is the file `postgres/log`.
    package init(dataDirectory: URL, user: String? = nil, logger: Logger) {
        self.dataDirectory = dataDirectory
        self.user = user
        self.logger = logger
    }

    /// Starts the server, and makes the database and its roles, where they are not there.
    /// - Returns: a URL of the database, as its owner. The app and the system sign in by the same socket, under the names of ``ClusterRoles``.
    /// - Throws: ``Failure``, whose description is one line for whoever started the program.
    @discardableResult
    package func start() async throws -> String {
        let account = try ServerAccount.current(ofCluster: ClusterDirectory.root(in: dataDirectory), named: user)
        let directory = ClusterDirectory(dataDirectory: dataDirectory, account: account)
        try directory.prepare()
        guard let lock = try directory.lock() else { throw Failure.inUse }
        let version = try directory.version()
        let binaries = try await ServerBinaries.find(for: version)
        let sockets = try directory.socketDirectory()
        if version == nil { try await make(directory, binaries) }
        try directory.writeAccess()
        let process = try await Self.launch(directory, binaries, sockets)
        server = Server(process: process, directory: directory, binaries: binaries, sockets: sockets, lock: lock)
        do {
            try await ClusterRoles.prepare(PoolConfiguration(Self.address(sockets)), logger: logger)
        } catch {
            await stop()
            throw error
        }
        logger.info("The private database is ready", metadata: ["postgres.version": "\(binaries.version)"])
        return Self.address(sockets)
    }

    /// The database of a program that runs now on this data directory, for a command that joins it; nil when none does.
    package static func running(in dataDirectory: URL) throws -> String? {
        let account = try ServerAccount.current(ofCluster: ClusterDirectory.root(in: dataDirectory))
        let directory = ClusterDirectory(dataDirectory: dataDirectory, account: account)
        guard FileManager.default.fileExists(atPath: directory.root.path) else { return nil }
        guard try directory.lock() == nil, isReady(directory) else { return nil }
        return address(try directory.socketDirectory())
    }

    /// Keeps the server running until the program is told to shut down, then stops it.
    package func run() async throws {
        if server == nil { try await start() }
        await cancelWhenGracefulShutdown { await self.watch() }
        // Free-standing, because the server is to be stopped properly also when this task was cancelled; then it has little time left.
        let stopping = Task { await self.stop() }
        await withTaskCancellationHandler {
            await stopping.value
        } onCancel: {
            stopping.cancel()
        }
    }

    /// Stops the server, within ten seconds: a fast shutdown, then an immediate one, which the next start recovers from. In a cancelled task, as
    /// it is when the program has to end now, within two.
    package func stop() async {
        guard let server else { return }
        self.server = nil
        for (signal, patience) in [(SIGINT, 7), (SIGQUIT, 2), (SIGKILL, 1)] as [(Int32, Int)] {
            server.process.signal(signal)
            if await Self.hasEnded(server.process, within: .seconds(patience)) { break }
            logger.warning("The private database does not stop", metadata: ["process.signal": "\(signal)"])
        }
        // Closing the file gives the directory free.
        try? server.lock.close()
    }

    private static func hasEnded(_ process: ChildProcess, within patience: Duration) async -> Bool {
        if await process.end(within: patience) != nil { return true }
        guard Task.isCancelled else { return false }
        // In a task of its own, since nothing can be awaited in one that is cancelled.
        return await Task { await process.end(within: .milliseconds(500)) != nil }.value
    }

    /// Starts a server that ended unasked again, with growing pauses when it does so often.
    private func watch() async {
        var pause = Duration.zero
        while !Task.isCancelled, let server {
            let started = ContinuousClock.now
            guard let ending = await server.process.end() else { return }
            guard !Task.isCancelled, self.server != nil else { return }
            logger.error("The private database ended and is started again", metadata: ["process.ending": "\(ending)"])
            pause = ContinuousClock.now - started > .seconds(60) ? .zero : min(max(pause * 2, .milliseconds(500)), .seconds(30))
            do {
                try await Task.sleep(for: pause)
                let process = try await Self.launch(server.directory, server.binaries, server.sockets)
                self.server = Server(
                    process: process, directory: server.directory, binaries: server.binaries, sockets: server.sockets, lock: server.lock)
            } catch is CancellationError {
                return
            } catch {
                logger.error("The private database cannot be started again", metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: Steps

    private func make(_ directory: ClusterDirectory, _ binaries: ServerBinaries) async throws {
        logger.info("Making a private database; this happens once", metadata: ["postgres.version": "\(binaries.version)"])
        // try?: it is there only when an earlier attempt was cut short.
        try? FileManager.default.removeItem(at: directory.unfinished)
        let command = [
            binaries.initdb, "--pgdata=\(directory.unfinished.path)", "--username=\(ClusterRoles.superuser)", "--auth=peer", "--encoding=UTF8",
            "--locale=C.UTF-8", "--data-checksums", "--no-instructions",
        ]
        let length = directory.logLength()
        let process = try ChildProcess(directory.account.command(command), log: directory.log)
        guard await process.end(within: .seconds(120)) == .exited(0) else {
            process.signal(SIGKILL)
            throw Failure.notMade(directory.cause(after: length))
        }
        guard rename(directory.unfinished.path, directory.data.path) == 0 else { throw Failure.notWritable(directory.data.path) }
    }

    private static func launch(
        _ directory: ClusterDirectory, _ binaries: ServerBinaries, _ sockets: URL
    ) async throws -> ChildProcess {
        let others = ClusterProcesses(data: directory.data)
        let settings = ClusterSettings(directory: directory, sockets: sockets).arguments
        let command = directory.account.command([binaries.postgres, "-D", directory.data.path] + settings)
        var attempts = 0
        while true {
            attempts += 1
            try await others.end()
            others.forget(sockets: sockets)
            directory.rotateLog()
            let length = directory.logLength()
            let process = try ChildProcess(command, log: directory.log)
            do {
                try await waitUntilReady(process, directory, logLength: length)
                return process
            } catch Failure.notStarted where attempts < 3 && process.ending != nil && !others.isEmpty {
                // One that a program killed a moment ago had just begun to start was not to be seen yet: now it is.
                continue
            } catch {
                process.signal(SIGQUIT)
                throw error
            }
        }
    }

    /// The server writes "ready" into its pid file when it takes connections. After a crash it first reads its log, which may take a
    /// while: it is waited for as long as it lives, up to five minutes.
    private static func waitUntilReady(_ process: ChildProcess, _ directory: ClusterDirectory, logLength: UInt64) async throws {
        let deadline = ContinuousClock.now + .seconds(300)
        while !isReady(directory, process.id) {
            guard process.ending == nil, ContinuousClock.now < deadline else { throw Failure.notStarted(directory.cause(after: logLength)) }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// - Parameter process: whose file it must be; nil for anybody's.
    private static func isReady(_ directory: ClusterDirectory, _ process: pid_t? = nil) -> Bool {
        // try?: the file is not there before the server is.
        let text = (try? String(contentsOf: directory.data.appendingPathComponent("postmaster.pid"), encoding: .utf8)) ?? ""
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 7, lines[7].hasPrefix("ready") else { return false }
        return process == nil || pid_t(lines[0]) == process
    }

    private static func address(_ sockets: URL) -> String {
        let host = sockets.path.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? sockets.path
        return "postgresql://\(ClusterRoles.owner)@/datashield?host=\(host)&port=5432"
    }
}
