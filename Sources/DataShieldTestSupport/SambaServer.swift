import Foundation

/// An Active Directory domain controller, made and run by Samba on a loopback address of its own: its ports are fixed. It needs root.
package final class SambaServer: Sendable {
    /// Where it listens, which its certificate names.
    package let address: String
    /// The certificate of the authority that issued the server's, in PEM.
    package let authority: String
    package let base = "DC=corp,DC=example,DC=com"
    package let adminName = "administrator@corp.example.com"
    package let adminPassword = "Passw0rd!23"
    private let process: Process
    private let directory: URL

    /// Why it cannot be run here; nil when it can.
    package static let obstacle: String? =
        !ChildCommand.areInstalled("samba", "samba-tool", "openssl")
        ? "Samba's domain controller is not installed: run scripts/prepare directory"
        : getuid() != 0 ? "Samba's domain controller needs root" : nil

    /// Makes a domain, runs its controller, lends it, and stops it.
    @discardableResult
    package static func with<R>(_ body: (SambaServer) async throws -> R) async throws -> R {
        let server = try await start()
        let result: Result<R, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        await server.stop()
        return try result.get()
    }

    package static func start() async throws -> SambaServer {
        // Short, because paths of sockets are. Other users may enter it.
        let directory = URL(fileURLWithPath: "/tmp/datashield-samba-\(UUID().uuidString.prefix(8))", isDirectory: true)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        do {
            return try await start(in: directory)
        } catch {
            try? FileManager.default.removeItem(at: directory)  // try?: the error is the one to tell
            throw error
        }
    }

    private static func start(in directory: URL) async throws -> SambaServer {
        let number = Int(getpid())
        let address = "127.77.\(number / 250 % 250 + 1).\(number % 250 + 1)"
        let variables = ["T": directory.path, "A": address]
        try await ChildCommand.succeed(["bash", "-ec", provision], environment: variables)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "samba", "-F", "-M", "single", "-s", "\(directory.path)/dc/etc/smb.conf", "--option=server services=ldap cldap kdc rpc",
            "--option=pid directory=\(directory.path)/run", "--option=ncalrpc dir=\(directory.path)/run/ncalrpc",
        ]
        process.environment = ChildCommand.environment([:])
        let log = "\(directory.path)/samba.log"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread { continuation.resume(with: Result { try ChildCommand.start(process) }) }
        }
        let authority = try String(contentsOf: directory.appendingPathComponent("ca.pem"), encoding: .utf8)
        let server = SambaServer(address: address, authority: authority, process: process, directory: directory)
        do {
            try await server.waitUntilReady()
        } catch {
            await server.stop()
            throw error
        }
        return server
    }

    private init(address: String, authority: String, process: Process, directory: URL) {
        self.address = address
        self.authority = authority
        self.process = process
        self.directory = directory
    }

    /// A certificate that names the address, and a domain.
    private static let provision = """
        cd "$T"
        {
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 \
            -subj "/CN=Throw-away authority" -addext basicConstraints=critical,CA:TRUE
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=dc1
        printf 'subjectAltName=IP:%s,DNS:dc1.corp.example.com\\nextendedKeyUsage=serverAuth\\n' "$A" > extensions
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile extensions -out server.pem
        chmod 600 server.key
        samba-tool domain provision --targetdir="$T/dc" --realm=CORP.EXAMPLE.COM --domain=CORP --adminpass='Passw0rd!23' \
            --server-role=dc --dns-backend=SAMBA_INTERNAL --use-rfc2307 --host-name=dc1 --host-ip="$A" \
            --option="interfaces=$A/8" --option="bind interfaces only=yes"
        sed -i "s#/var/log/samba/log.%m#$T/log.%m#; /dns forwarder/d" dc/etc/smb.conf
        sed -i "/^\\[global\\]/a tls enabled = yes\\ntls certfile = $T/server.pem\\ntls keyfile = $T/server.key\\ntls cafile = $T/ca.pem" dc/etc/smb.conf
        mkdir -p run
        } < /dev/null
        """

    /// A bind that succeeds is the sign.
    private func waitUntilReady() async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        var last = ""
        while ContinuousClock.now < deadline, process.isRunning {
            let outcome = try await search("", scope: "base", ["highestCommittedUSN"])
            if outcome.status == 0 { return }
            last = outcome.output
            try await Task.sleep(for: .milliseconds(200))  // sleeps: between two looks, within a deadline
        }
        let log = (try? String(contentsOf: directory.appendingPathComponent("samba.log"), encoding: .utf8)) ?? ""  // try?: for the words only
        throw ChildCommand.Failure(description: "samba did not start: \(last) \(log.suffix(2000))")
    }

    /// Stops the controller and removes its files.
    package func stop() async {
        let process = process
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                process.terminate()
                process.waitUntilExit()
                continuation.resume()
            }
        }
        try? FileManager.default.removeItem(at: directory)  // try?: temporary files that stay do no harm
    }

    /// Runs samba-tool on the domain's files.
    package func tool(_ arguments: String...) async throws {
        try await ChildCommand.succeed(["samba-tool"] + arguments + ["-s", "\(directory.path)/dc/etc/smb.conf"])
    }

    /// Changes entries as the administrator.
    package func apply(_ ldif: String) async throws {
        try await ChildCommand.succeed(["ldapmodify"] + connection + ["-D", adminName, "-w", adminPassword], input: ldif, environment: variables)
    }

    /// What a search as the administrator says.
    package func search(_ base: String, scope: String = "sub", _ arguments: [String]) async throws -> ChildCommand.Outcome {
        try await ChildCommand.run(
            ["ldapsearch", "-LLL", "-o", "ldif-wrap=no"] + connection + ["-D", adminName, "-w", adminPassword, "-b", base, "-s", scope] + arguments,
            environment: variables)
    }

    /// What a bind with a password is answered: nil when it is let in.
    package func refusal(of name: String, password: String) async throws -> String? {
        let asked = ["-D", name, "-w", password, "-s", "base", "-b", "", "1.1"]
        let outcome = try await ChildCommand.run(["ldapsearch"] + connection + asked, environment: variables)
        guard [0, 49].contains(outcome.status) else { throw ChildCommand.Failure(description: "ldapsearch: \(outcome.output)") }
        return outcome.status == 0 ? nil : outcome.output
    }

    private var connection: [String] { ["-x", "-ZZ", "-H", "ldap://\(address)"] }
    private var variables: [String: String] { ["LDAPTLS_CACERT": "\(directory.path)/ca.pem"] }
}
