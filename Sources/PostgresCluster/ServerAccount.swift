import Foundation

/// Who the server runs as: whoever started it, or, when that is root, somebody who may less. The private cluster runs as the same
/// account, since PostgreSQL refuses to run as root.
package struct ServerAccount: Sendable, Equatable {
    package let name: String
    let user: uid_t
    let group: gid_t
    private let home: String
    /// The name of who started the program, who connects as well.
    let client: String

    /// Whether this is still another account than the one that the process has.
    package var isOther: Bool { user != geteuid() }

    /// Why the process could not become its account.
    package struct Failure: Error, CustomStringConvertible, Equatable {
        package let description: String
    }

    private init(_ entry: passwd, client: String) {
        name = String(cString: entry.pw_name)
        (user, group) = (entry.pw_uid, entry.pw_gid)
        home = String(cString: entry.pw_dir)
        self.client = client
    }

    /// The account of a program with a private cluster. For root: the one that is set, or whose the cluster is already, or `datashield`
    /// when there is such a user, or else `postgres`, who is there wherever PostgreSQL is.
    /// - Parameters:
    ///   - directory: the cluster's own directory; nil when there is none yet.
    ///   - named: DATASHIELD_USER.
    /// - Throws: ``PrivateCluster/Failure`` when there is none, or when the cluster is somebody else's than the one that is set.
    static func current(ofCluster directory: URL? = nil, named: String? = nil) throws -> ServerAccount {
        guard let own = getpwuid(geteuid())?.pointee else { throw PrivateCluster.Failure.noAccount }
        let client = String(cString: own.pw_name)
        guard geteuid() == 0 else { return ServerAccount(own, client: client) }
        var owner: ServerAccount?
        var status = stat()
        if let directory, lstat(directory.path, &status) == 0, status.st_uid != 0 {
            owner = getpwuid(status.st_uid).map { ServerAccount($0.pointee, client: client) }
        }
        if let named, let chosen = getpwnam(named) {
            let account = ServerAccount(chosen.pointee, client: client)
            guard let owner, let directory, owner.user != account.user else { return account }
            throw PrivateCluster.Failure.otherOwner(directory.path, owner: owner.name, account: account.name)
        }
        if let owner { return owner }
        guard let chosen = getpwnam("datashield") ?? getpwnam("postgres") else { throw PrivateCluster.Failure.noAccount }
        return ServerAccount(chosen.pointee, client: client)
    }

    /// The account of a program whose database is elsewhere. For root: the one that is set, or `datashield` when there is such a user, or
    /// `nobody`. Never `postgres`: a server of this machine takes that user for its administrator.
    package static func withoutCluster(named: String?) throws -> ServerAccount {
        guard let own = getpwuid(geteuid())?.pointee else { throw PrivateCluster.Failure.noAccount }
        let client = String(cString: own.pw_name)
        guard geteuid() == 0 else { return ServerAccount(own, client: client) }
        guard let chosen = (named.flatMap { getpwnam($0) } ?? getpwnam("datashield") ?? getpwnam("nobody"))?.pointee else {
            throw Failure(description: "There is no user that the server could run as: make one with `useradd --system datashield`.")
        }
        return ServerAccount(chosen, client: client)
    }

    /// The account of a program with a private cluster in this data directory.
    /// - Parameter named: as of ``current(ofCluster:named:)``.
    package static func ofCluster(in dataDirectory: URL, named: String?) throws -> ServerAccount {
        try current(ofCluster: ClusterDirectory.root(in: dataDirectory), named: named)
    }

    /// Whether it is an account for this program alone.
    package var isOfItsOwn: Bool { !["postgres", "nobody"].contains(name) }

    /// A command line that runs a program as this account. setpriv becomes the program, so that its number is the program's.
    func command(_ program: [String]) -> [String] {
        guard isOther else { return program }
        return ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(group)", "--init-groups", "--"] + program
    }

    /// Makes the process this account, for good and with all its threads: glibc does it for each of them, which the kernel does not. Does
    /// nothing when it is so already.
    /// - Throws: ``Failure`` when it cannot be; the process must then not go on as a server.
    package func become() throws {
        guard isOther else { return }
        // libpq looks there for certificates, and fails when it may not look.
        setenv("HOME", home, 1)
        guard initgroups(name, group) == 0, setgid(group) == 0, setuid(user) == 0 else {
            throw Failure(description: "The server cannot become the user \(name): \(String(cString: strerror(errno))).")
        }
        // There must be no way back.
        guard getuid() == user, geteuid() == user, getgid() == group, getegid() == group, setuid(0) != 0, try areAllThreadsThis() else {
            throw Failure(description: "The server has not become the user \(name).")
        }
    }

    /// Whether no thread was passed over. One that was about to end is, and is gone a moment later.
    /// - Throws: ``Failure`` when the kernel does not show the threads: what cannot be seen is not taken for done.
    private func areAllThreadsThis() throws -> Bool {
        for _ in 0..<1000 {
            // try?: what a thread that has ended was does not matter; that nothing at all can be read does, below.
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
            let accounts = threads.compactMap { thread -> [Substring]? in
                let status = (try? String(contentsOfFile: "/proc/self/task/\(thread)/status", encoding: .utf8)) ?? ""
                return status.split(separator: "\n").first { $0.hasPrefix("Uid:") }?.dropFirst(4).split(separator: "\t")
            }
            guard !accounts.isEmpty else {
                throw Failure(
                    description: "The server cannot see in /proc/self/task whether all its threads have become the user \(name). Mount /proc.")
            }
            if accounts.allSatisfy({ $0.allSatisfy { $0 == "\(user)" } }) { return true }
            usleep(1000)
        }
        return false
    }
}
