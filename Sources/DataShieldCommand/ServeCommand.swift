import ArgumentParser
import DataShield
import Foundation
import Logging
import Scalars
import ServiceLifecycle

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Runs the server: pages, API, scans and schedules.",
        discussion: """
            Without DATABASE_URL it runs a PostgreSQL of its own in the data directory. Started by root, it becomes the user of \
            DATASHIELD_USER, or datashield where there is one, once it has what it needs.
            """)

    @OptionGroup var options: SettingsOptions

    @Option(help: "The address to listen at (DATASHIELD_HOST).")
    var host: String?

    @Option(help: "The port to listen at (DATASHIELD_PORT).")
    var port: Int?

    @Option(help: ArgumentHelp("What this process does: all, web or worker.", valueName: "role"))
    var role: DataShield.Application.Role = .all

    func run() async throws {
        var settings = try options.read()
        if let host { settings.host = host }
        if let port { settings.port = port }
        let logger = Logger.standard(settings.logLevel)
        let open = try await OpenDatabase(settings, logger: logger)
        for complaint in open.complaints(settings) {
            logger.warning("The way to the database is not as safe as it could be", metadata: ["problem": "\(complaint)"])
        }
        let application: DataShield.Application
        let user: BecomeUser
        do {
            user = try BecomeUser(settings, listens: role != .worker, logger: logger)
            application = try DataShield.Application.build(.init(settings: settings, access: open.access, logger: logger))
            try await user.beforeServing(application)
        } catch {
            await open.cluster?.stop()
            throw error
        }
        let shown = settings
        let services: [any Service] =
            (open.cluster.map { [$0] } ?? [])
            + application.services(role, after: user.gate) { port in
                await user.whenListening(application)
                Output.line("DataShield listens on \(shown.address(port: port))")
            }
        try await ServiceGroup.run(services, logger: logger)
    }
}

extension DataShield.Application.Role: ExpressibleByArgument {}

extension Settings {
    /// Where a browser on this machine reaches the server.
    package func address(port: Int) -> String {
        let host = host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host.has(":") ? "[\(host)]" : host
        return "http://\(host):\(port)"
    }
}

extension ServiceGroup {
    /// Runs services until one fails or the program is told to stop, which takes ten seconds at most: what is in hand is finished, what is not
    /// finished by then is cancelled, and what does not even end then (it waits for a disk that hangs, say) is left.
    package static func run(_ services: [any Service], logger: Logger) async throws {
        var configuration = ServiceGroupConfiguration(
            // Last, and so the first to be told to stop.
            services: (services + [StopDeadline(logger: logger)]).map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // The private database may take what is left of the ten seconds. There is no limit for what was cancelled: the group would end the
        // program by a trap, as if it had a fault.
        configuration.maximumGracefulShutdownDuration = .milliseconds(6_500)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch is CancellationError {
            logger.warning("The program stopped before everything in hand was finished; it goes on at the next start")
        }
    }
}

/// Ends the program some seconds after it was told to stop, whatever it still does.
private struct StopDeadline: Service {
    static let patience: TimeInterval = 9.5
    let logger: Logger

    func run() async throws {
        // try?: thrown when the group is cancelled, because a service failed. That is an end as well.
        try? await gracefulShutdown()
        let logger = logger
        // A thread, which goes on when tasks do not. The program's end ends it.
        Thread.detachNewThread {
            Thread.sleep(forTimeInterval: Self.patience)
            logger.error("The program did not stop in time and ends as it is; what was in hand goes on at the next start")
            _exit(1)
        }
    }
}

/// What a command prints.
package enum Output {
    /// Writes a line at once, also into a file or a pipe.
    package static func line(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    /// Writes over the line that is being shown on a terminal.
    package static func progress(_ text: String) {
        FileHandle.standardOutput.write(Data(("\r\u{1B}[2K" + text).utf8))
    }

    /// Whether a person looks on.
    package static var isTerminal: Bool { isatty(FileHandle.standardOutput.fileDescriptor) == 1 }
}
