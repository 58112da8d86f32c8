import Foundation

/// Where the private cluster has its files: `postgres` in the program's data directory.
struct ClusterDirectory: Sendable {
    let root: URL
    let account: ServerAccount

    var data: URL { root.appendingPathComponent("data", isDirectory: true) }
    /// Made whole here and then renamed, so that a half-made cluster is never taken for one.
    var unfinished: URL { root.appendingPathComponent("data.new", isDirectory: true) }
    var log: URL { root.appendingPathComponent("log") }
    var hostBasedAccess: URL { root.appendingPathComponent("pg_hba.conf") }
    var identities: URL { root.appendingPathComponent("pg_ident.conf") }
    private var lockFile: URL { root.appendingPathComponent("lock") }

    init(dataDirectory: URL, account: ServerAccount) {
        root = Self.root(in: dataDirectory)
        self.account = account
    }

    /// The cluster's own directory in the program's.
    static func root(in dataDirectory: URL) -> URL {
        dataDirectory.resolvingSymlinksInPath().appendingPathComponent("postgres", isDirectory: true)
    }

    /// Makes what is missing, for the server's account only.
    func prepare() throws {
        try FileManager.default.createDirectory(at: root.deletingLastPathComponent(), withIntermediateDirectories: true)
        try own(root)
        try checkEntrance()
        // Written to as root before, and as the account once the program has become it.
        for file in [lockFile, log] { try giveAway(file) }
    }

    /// The major version of what is there; nil when nothing is.
    func version() throws -> Int? {
        let file = data.appendingPathComponent("PG_VERSION")
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        let text = try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let version = Int(text) else { throw PrivateCluster.Failure.damaged("PG_VERSION") }
        return version
    }

    /// Who may connect: whoever started the program, the account that it runs as, and root, known by the socket, as one of the cluster's
    /// roles. There is no password to lose.
    func writeAccess() throws {
        try write("local all all peer map=datashield\n", to: hostBasedAccess)
        let names = Set([account.client, account.name, "root"]).sorted()
        let lines = names.flatMap { name in ClusterRoles.all.map { "datashield \"\(name)\" \($0)\n" } }
        try write(lines.joined(), to: identities)
    }

    /// The directory of the socket. Its path, with the socket's name, must fit into 107 bytes; a longer one is replaced by a directory
    /// in the user's runtime directory or /tmp, named by the hash of the long one, and private just the same.
    func socketDirectory() throws -> URL {
        let near = root.appendingPathComponent("socket", isDirectory: true)
        let runtime = account.isOther ? nil : ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"]
        let directory = [near, far(in: runtime), far(in: "/tmp")].compactMap(\.self).first { $0.path.utf8.count + "/.s.PGSQL.5432".utf8.count <= 107 }
        guard let directory else { throw PrivateCluster.Failure.noSocketDirectory(near.path) }
        try own(directory)
        // Somebody else may have made it, or a link in its place, to read along.
        var status = stat()
        guard lstat(directory.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == account.user, status.st_mode & 0o077 == 0
        else { throw PrivateCluster.Failure.noSocketDirectory(directory.path) }
        return directory
    }

    private func far(in parent: String?) -> URL? {
        guard let parent, !parent.isEmpty else { return nil }
        let hash = root.path.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return URL(fileURLWithPath: parent, isDirectory: true).appendingPathComponent("datashield-\(String(hash, radix: 36))", isDirectory: true)
    }

    /// Claims the directory for this process, until the descriptor is closed or the process ends, however it ends.
    /// - Returns: nil when another process has it.
    func lock() throws -> FileHandle? {
        let descriptor = open(lockFile.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw PrivateCluster.Failure.notWritable(root.path) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        return flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? handle : nil
    }

    /// How long the log is: what is written behind it is the next program's.
    func logLength() -> UInt64 {
        var status = stat()
        return stat(log.path, &status) == 0 ? UInt64(status.st_size) : 0
    }

    /// Why a program failed, by what it wrote into the log from a place on.
    func cause(after length: UInt64) -> String {
        // try?: without a log there are no words.
        guard let file = try? FileHandle(forReadingFrom: log), (try? file.seek(toOffset: length)) != nil else { return "it said nothing" }
        let text = (try? file.read(upToCount: 1 << 20)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return Self.cause(in: text)
    }

    /// The line that says why: the first complaint, since what follows follows from it.
    static func cause(in text: String) -> String {
        let lines = text.split(whereSeparator: \.isNewline)
        for line in lines {
            // What goes before it is the time, or the step that initdb was at.
            for mark in ["FATAL:", "PANIC:", "error:"] {
                if let range = line.range(of: mark) { return line[range.upperBound...].trimmingCharacters(in: .whitespacesAndNewlines) }
            }
        }
        let asides = ["child process ", "initdb: removing ", "initdb: data directory ", "HINT:", "hint:", "DETAIL:"]
        let telling = lines.last { line in !asides.contains { line.contains($0) } } ?? lines.last
        return telling.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) } ?? "it said nothing"
    }

    /// Keeps one old log beside a log that has grown.
    func rotateLog() {
        var status = stat()
        guard stat(log.path, &status) == 0, status.st_size > 10_000_000 else { return }
        rename(log.path, log.path + ".old")
    }

    /// Makes a directory, if it is not there, and gives it to the server's account alone. One that is not a directory is left as it is.
    private func own(_ directory: URL) throws {
        mkdir(directory.path, 0o700)
        var status = stat()
        guard lstat(directory.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw PrivateCluster.Failure.notWritable(directory.path)
        }
        guard status.st_uid == geteuid() else { return }
        guard chmod(directory.path, 0o700) == 0, chown(directory.path, account.user, account.group) == 0 else {
            throw PrivateCluster.Failure.notWritable(directory.path)
        }
    }

    /// Makes a file, if it is not there, and gives it to the server's account. Of what the account may have put in its place, nothing is
    /// followed or given away.
    private func giveAway(_ file: URL) throws {
        guard account.isOther else { return }
        let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw PrivateCluster.Failure.notWritable(file.path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1,
            fchown(descriptor, account.user, account.group) == 0
        else { throw PrivateCluster.Failure.notWritable(file.path) }
    }

    private func write(_ text: String, to file: URL) throws {
        try Data(text.utf8).write(to: file, options: .atomic)
        guard chmod(file.path, 0o600) == 0, chown(file.path, account.user, account.group) == 0 else {
            throw PrivateCluster.Failure.notWritable(file.path)
        }
    }

    /// The other account must be able to come as far as its own directory.
    private func checkEntrance() throws {
        guard account.isOther else { return }
        var directory = root.deletingLastPathComponent()
        while true {
            var status = stat()
            guard stat(directory.path, &status) == 0 else { throw PrivateCluster.Failure.notWritable(directory.path) }
            let needed: mode_t = status.st_uid == account.user ? 0o100 : status.st_gid == account.group ? 0o010 : 0o001
            if status.st_mode & needed == 0 {
                throw PrivateCluster.Failure.closed(directory.path, account: account.name)
            }
            if directory.path == "/" { return }
            directory = directory.deletingLastPathComponent()
        }
    }
}
