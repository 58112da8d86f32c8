import Foundation

/// An OpenLDAP server of made-up people on 127.0.0.1, for the time of a test. `scripts/slapd-demo` is what runs it; it ends with the
/// test's process, however that ends.
package final class SlapdServer: Sendable {
    package struct Options: Sendable {
        /// How many people are made up: `uid=amara.abara` and so on, the i-th with the password `password-i`.
        package var people = 0
        /// Entries beside them, as slapadd takes them: operational attributes can be given.
        package var ldif = ""
        package var domain = "acme.example"
        /// Attributes and classes besides the usual ones, as slapd.conf has them.
        package var schema = ""
        /// Rules of access before the usual ones, as slapd.conf has them.
        package var access = ""
        /// What a search without pages lists at most.
        package var sizeLimit = 500
        /// Whether passwords are taken only over an encrypted connection.
        package var isConfidential = false
        /// Whether it has no certificate.
        package var isPlainOnly = false

        package init() {}
    }

    /// For clear text and StartTLS.
    package let port: Int
    /// For ldaps; 0 when it has no certificate.
    package let tlsPort: Int
    /// The certificate of the authority that issued the server's, which names 127.0.0.1.
    package let authorityPath: String
    /// Where people are: `ou=people,dc=acme,dc=example`.
    package let base: String
    /// Who may do everything.
    package let adminName: String
    /// Who may read people and set passwords, and is held to the limits.
    package let readerName: String
    /// Who may read people, and nothing else.
    package let onlookerName: String
    /// Of all three.
    package let password: String
    private let process: Process
    private let input: Pipe

    /// The authority's certificate in PEM.
    package var authority: String { get throws { try String(contentsOfFile: authorityPath, encoding: .utf8) } }

    package static let isInstalled = ChildCommand.areInstalled("slapd", "ldapmodify", "openssl")

    /// Starts a server, lends it, and stops it.
    @discardableResult
    package static func with<R>(
        people: Int = 0, _ configure: (inout Options) -> Void = { _ in }, _ body: (SlapdServer) async throws -> R
    ) async throws -> R {
        let server = try await start(people: people, configure)
        let result: Result<R, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        await server.stop()
        return try result.get()
    }

    /// Starts a server, which its caller stops.
    package static func start(people: Int = 0, _ configure: (inout Options) -> Void = { _ in }) async throws -> SlapdServer {
        var options = Options()
        options.people = people
        configure(&options)
        let files = FileManager.default.temporaryDirectory.appendingPathComponent("datashield-slapd-\(UUID().uuidString)", isDirectory: true)
        try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: files) }  // try?: a temporary folder that stays does no harm
        var arguments = ["--while-open", "--people", "\(options.people)", "--domain", options.domain, "--size-limit", "\(options.sizeLimit)"]
        for (option, text) in [("--ldif", options.ldif), ("--schema", options.schema), ("--access", options.access)] where !text.isEmpty {
            let file = files.appendingPathComponent(option)
            try Data(text.utf8).write(to: file)
            arguments += [option, file.path]
        }
        if options.isConfidential { arguments.append("--confidential") }
        if options.isPlainOnly { arguments.append("--plain-only") }
        let launched = try await launch(arguments)
        do {
            return try SlapdServer(launched)
        } catch {
            try? launched.input.fileHandleForWriting.close()  // try?: it has ended already
            throw error
        }
    }

    /// The script as it runs.
    private struct Launched: Sendable {
        let process: Process
        let input: Pipe
        /// What it said.
        let text: String
    }

    /// Runs the script, and reads until it has said all, or has ended. That blocks, so it has a thread of its own.
    private static func launch(_ arguments: [String]) async throws -> Launched {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try launchAndRead(arguments) }) }
        }
    }

    private static func launchAndRead(_ arguments: [String]) throws -> Launched {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = script
        process.arguments = arguments
        process.environment = ChildCommand.environment([:])
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        // Our ends must not be inherited by another script, which would keep them open.
        for handle in [input.fileHandleForWriting, output.fileHandleForReading] { _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC) }
        try ChildCommand.start(process)
        return Launched(process: process, input: input, text: firstWords(of: output.fileHandleForReading))
    }

    /// The repository's script.
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("scripts/slapd-demo")

    private static func firstWords(of handle: FileHandle) -> String {
        var text = ""
        while !text.contains("DATASHIELD_ALLOWED_HOSTS") {
            let data = handle.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        return text
    }

    private init(_ launched: Launched) throws {
        var values: [String: String] = [:]
        for line in launched.text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            values[line[..<colon].trimmingCharacters(in: .whitespaces)] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        guard let port = values["starttls port"].flatMap({ Int($0) }), let base = values["baseDN"], let reader = values["bindDN"],
            let password = values["bindPassword"], let admin = values["adminDN"], let onlooker = values["onlookerDN"],
            let authority = values["CA file"]
        else { throw ChildCommand.Failure(description: "scripts/slapd-demo did not start a server: \(launched.text)") }
        self.port = port
        tlsPort = values["ldaps port"].flatMap { Int($0) } ?? 0
        authorityPath = authority
        self.base = base
        adminName = admin
        readerName = reader
        onlookerName = onlooker
        self.password = password
        process = launched.process
        input = launched.input
    }

    /// Stops the server and removes its files.
    package func stop() async {
        let process = process
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                // A line ends it, and so does the end of its input. try?: it may have ended already.
                try? self.input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
                try? self.input.fileHandleForWriting.close()
                process.waitUntilExit()
                continuation.resume()
            }
        }
    }

    /// The name of one of the people, by what stands before the `@`.
    package func name(of uid: String) -> String { "uid=\(uid),\(base)" }

    /// Changes entries as the administrator.
    /// - Parameter ldif: as ldapmodify takes it.
    package func apply(_ ldif: String) async throws {
        try await ChildCommand.succeed(["ldapmodify"] + connection + ["-D", adminName, "-w", password], input: ldif, environment: variables)
    }

    /// Whether the server lets somebody in with a password.
    package func accepts(_ name: String, password: String) async throws -> Bool {
        let outcome = try await ChildCommand.run(["ldapwhoami"] + connection + ["-D", name, "-w", password], environment: variables)
        // 49 is LDAP's invalidCredentials. 50: the bind is good, and nothing is allowed but changing the password.
        guard [0, 49, 50].contains(outcome.status) else { throw ChildCommand.Failure(description: "ldapwhoami: \(outcome.output)") }
        return outcome.status != 49
    }

    /// Changes somebody's password as they would do it.
    package func changePassword(of name: String, from old: String, to new: String) async throws {
        try await ChildCommand.succeed(["ldappasswd"] + connection + ["-D", name, "-w", old, "-s", new], environment: variables)
    }

    /// What a search as somebody says, in ldapsearch's own words.
    package func search(as name: String, password: String, _ arguments: [String]) async throws -> ChildCommand.Outcome {
        try await ChildCommand.run(["ldapsearch", "-LLL"] + connection + ["-D", name, "-w", password] + arguments, environment: variables)
    }

    /// An attribute of an entry as it is stored, which only the administrator may read.
    package func value(of attribute: String, in name: String) async throws -> String? {
        let outcome = try await search(as: adminName, password: password, ["-o", "ldif-wrap=no", "-s", "base", "-b", name, attribute])
        return outcome.output.split(separator: "\n").first { $0.hasPrefix("\(attribute):") }.map { line in
            let value = line.dropFirst(attribute.utf8.count + 1)
            guard value.hasPrefix(":") else { return value.trimmingCharacters(in: .whitespaces) }
            let data = Data(base64Encoded: value.dropFirst().trimmingCharacters(in: .whitespaces)) ?? Data()
            return String(decoding: data, as: UTF8.self)
        }
    }

    private var connection: [String] { ["-x", "-H", "ldap://127.0.0.1:\(port)"] + (tlsPort == 0 ? [] : ["-ZZ"]) }
    private var variables: [String: String] { tlsPort == 0 ? [:] : ["LDAPTLS_CACERT": authorityPath] }
}
