import ArgumentParser
import DataShield
import DataShieldCommand
import Foundation
import Logging
import PostgresCluster
import Sandbox
import ServiceLifecycle

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Runs a made-up company, imported and scanned, to look around in.",
        discussion: """
            A private database, \(DemoCompany.people.count) people of \(DemoCompany.domain), stand-ins of six breach-intelligence services \
            on this machine, and two made-up leak files. Nothing leaves it. A second start finds its data.
            """)

    @OptionGroup var options: SettingsOptions

    @Option(help: "The port to listen at.")
    var port: Int?

    @Flag(help: "Begin anew: forget the data of an earlier demo.")
    var fresh = false

    func run() async throws {
        var settings = try options.read()
        if options.dataDir == nil, ProcessInfo.processInfo.environment["DATASHIELD_DATA_DIR"] == nil {
            // Beside an installation's own data, never in it.
            settings.dataDirectory = URL(fileURLWithPath: settings.dataDirectory.path + "-demo", isDirectory: true)
        }
        (settings.databaseURL, settings.databaseAppURL, settings.databaseSystemURL) = (nil, nil, nil)
        if let port { settings.port = port }
        let logger = Logger.standard(max(settings.logLevel, .warning))
        let directory = DemoDirectory(url: settings.dataDirectory)
        if fresh { try directory.forget() }
        let signIn = try directory.signIn()

        var configuration = Sandbox.Configuration()
        configuration.domains = [DemoCompany.domain: DemoCompany.people.map(\.alias)]
        let sandbox = try Sandbox(configuration: configuration, logger: logger.withoutCancellation)
        let prepared = settings
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await sandbox.run() }
            var settings = prepared
            let url = try await sandbox.url()
            for provider in ApiProvider.allCases {
                settings.providerURLs[provider.rawValue] = URL(string: url + provider.standIn.path)
                // Nobody is spared by waiting.
                settings.providerRates[provider.rawValue] = 60_000
            }
            for type in DirectoryType.allCases where type.sandboxSample(domain: DemoCompany.domain) != nil {
                settings.directoryURLs[type.rawValue] = URL(string: url)
            }
            // A directory that is connected to try things out is on this machine.
            settings.allowedHosts += [AllowedHost("127.0.0.1")].compactMap { $0 }
            Output.line("Starting the private database in \(settings.dataDirectory.path)")
            let open = try await OpenDatabase(settings, logger: logger)
            guard let cluster = open.cluster else {
                throw CommandFailure("Another program runs on \(settings.dataDirectory.path). Stop it first, or give --data-dir another directory.")
            }
            do {
                // The data is made before the server listens, and not by root: so it cannot listen where only root may.
                let user = try BecomeUser(settings, listens: false, logger: logger)
                let application = try DataShield.Application.build(.init(settings: settings, access: open.access, logger: logger))
                try await user.beforeServing(application)
                let server = DemoServer(application: application, signIn: signIn, settings: settings)
                try await ServiceGroup.run([cluster] + application.services(.worker) + [server], logger: logger)
            } catch {
                await cluster.stop()
                throw error
            }
            group.cancelAll()
        }
    }
}

/// Makes what is missing of the demo, then serves it.
private struct DemoServer: Service {
    let application: DataShield.Application
    let signIn: DemoDirectory.SignIn
    let settings: Settings

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await prepare() }
        } catch {
            // Told to stop: what was under way failed by that, and the next start goes on where it was.
            guard Task.isShuttingDownGracefully else { throw error }
        }
        guard !Task.isShuttingDownGracefully else { return }
        let (settings, signIn) = (settings, signIn)
        try await application.server { port in
            Output.line(
                """

                DataShield is at \(settings.address(port: port))
                  E-mail:   \(signIn.email)
                  Password: \(signIn.password)

                Stop it with Ctrl-C. The next start finds this data; --fresh begins anew.
                """)
        }.run()
    }

    /// Each step looks for what it makes, so that a demo that was interrupted goes on where it was.
    private func prepare() async throws {
        let company = try await company()
        let subject = Subject(actor: .program("demo"), company: company.id, role: .admin)
        if try await application.users.list(for: subject).items.isEmpty {
            _ = try await application.users.create(
                .init(email: signIn.email, name: "Dana Demo", role: .admin, password: signIn.password), mustChangePassword: false, by: subject)
        }
        if try await application.scans.latest(for: subject)?.status != .succeeded { try await scan(company, subject) }
        try await connectDirectory(subject)
        if try await application.ingests.list(limit: 1, for: subject).items.isEmpty {
            try await ingest("combolist-2026-10.txt", DemoLeaks.combolist(), subject)
            try await ingest("stealer-logs-2026-10.zip", DemoLeaks.stealerLogs(), subject)
        }
    }

    /// The stand-in of Okta has the same people: it says who has a second factor, and remediation acts in it.
    private func connectDirectory(_ subject: Subject) async throws {
        let directories = application.directories
        guard try await directories.list(for: subject).isEmpty, let sample = DirectoryType.okta.sandboxSample(domain: DemoCompany.domain) else {
            return
        }
        let connection = try await directories.add(.okta, name: "Okta (stand-in)", sample, autoSyncIntervalMinutes: 60, by: subject)
        try await DirectorySyncing(application: application, subject: subject).run(connection.id)
    }

    /// Has a leak file read as one that was uploaded.
    private func ingest(_ name: String, _ bytes: [UInt8], _ subject: Subject) async throws {
        var run = try await application.ingests.upload(OnePiece(bytes), LeakSource(fileName: name), by: subject)
        while !run.status.isFinished {
            try await Task.sleep(for: .milliseconds(100))
            run = try await application.ingests.find(run.id, for: subject)
        }
        guard run.status == .succeeded else { throw CommandFailure("The demo's \(name) was not read: \(run.errorMessage ?? "")") }
        let report = run.report
        Output.line("Read \(name): \(report.matches) matches, \(report.newRecords) new records, \(report.machines) infected machines")
    }

    private func scan(_ company: Company, _ subject: Subject) async throws {
        Output.line("Importing \(DemoCompany.people.count) people of \(company.domain)")
        let report = try await application.employees.importCSV(OnePiece(Array(DemoCompany.csv().utf8)), by: subject)
        guard report.rejectedCount == 0 else { throw CommandFailure("\(report.rejectedCount) rows of the demo's staff list were rejected.") }
        let known = try await application.credentials.list(for: subject).map(\.provider)
        for provider in ApiProvider.allCases where !known.contains(provider) {
            // Any key of the right form is good in the sandbox.
            let credential = try await application.credentials.add(provider, label: "Sandbox", key: provider.standIn.sampleKey, by: subject)
            let trial = try await application.credentials.test(credential.id, by: subject)
            guard trial.isAccepted else { throw CommandFailure("The sandbox refused its key for \(provider.displayName): \(trial.message)") }
        }
        try await ScanProgress(application: application, subject: subject).run()
    }

    private func company() async throws -> Company {
        if let company = try await application.companies.all().first(where: { $0.domain == DemoCompany.domain }) { return company }
        return try await application.companies.create(name: DemoCompany.name, domain: DemoCompany.domain, by: "demo")
    }
}

/// Bytes that are there at once, where a stream of them is asked for.
private struct OnePiece: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    struct Iterator: AsyncIteratorProtocol {
        var bytes: [UInt8]?

        mutating func next() async -> [UInt8]? {
            defer { bytes = nil }
            return bytes
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(bytes: bytes) }
}

/// The data directory of a demo, and how one signs in to it.
struct DemoDirectory {
    let url: URL

    struct SignIn: Codable, Sendable {
        var email: String
        var password: String
    }

    /// Tells a demo's directory from an installation's, which must not be deleted by `--fresh`.
    private var file: URL { url.appendingPathComponent("demo-sign-in.json") }

    /// The sign-in of this demo, made at its first start and readable by its owner alone.
    func signIn() throws -> SignIn {
        if let data = FileManager.default.contents(atPath: file.path) {
            guard let signIn = try? JSONDecoder().decode(SignIn.self, from: data) else {  // try?: why it is damaged does not matter
                throw CommandFailure("\(file.path) is damaged. Begin anew with --fresh.")
            }
            return signIn
        }
        let signIn = SignIn(email: "admin@\(DemoCompany.domain)", password: Self.makePassword())
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure("\(url.path) cannot be made. Give --data-dir a directory that this user may write.")
        }
        guard FileManager.default.createFile(atPath: file.path, contents: try JSONEncoder().encode(signIn), attributes: [.posixPermissions: 0o600])
        else {
            throw CommandFailure("\(url.path) cannot be written. Give --data-dir a directory that this user may write.")
        }
        return signIn
    }

    /// Deletes the demo's data.
    func forget() throws {
        let content = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []  // try?: what is not there is forgotten
        guard !content.isEmpty else { return }
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw CommandFailure("\(url.path) holds no demo, and is left alone.")
        }
        guard try PrivateCluster.running(in: url) == nil else {
            throw CommandFailure("The demo in \(url.path) is running. Stop it first.")
        }
        try FileManager.default.removeItem(at: url)
    }

    private static func makePassword() -> String {
        // No letters that are taken for one another.
        let letters = Array("abcdefghjkmnpqrstuvwxyz23456789")
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in String((0..<5).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] }) }.joined(separator: "-")
    }
}
