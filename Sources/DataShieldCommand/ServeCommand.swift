import ArgumentParser
import DataShield
import Foundation
import Logging
import ServiceLifecycle

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Runs the server: pages, API, scans and schedules.",
        discussion: "Without DATABASE_URL it runs a PostgreSQL of its own in the data directory.")

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
        let application: DataShield.Application
        do {
            application = try DataShield.Application.build(.init(settings: settings, databaseURL: open.url, logger: logger))
        } catch {
            await open.cluster?.stop()
            throw error
        }
        let shown = settings
        let services: [any Service] =
            (open.cluster.map { [$0] } ?? [])
            + application.services(role) { port in
                Output.line("DataShield listens on \(shown.address(port: port))")
            }
        try await ServiceGroup.run(services, logger: logger)
    }
}

extension DataShield.Application.Role: ExpressibleByArgument {}

extension Settings {
    /// Where a browser on this machine reaches the server.
    package func address(port: Int) -> String {
        let host = host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host.contains(":") ? "[\(host)]" : host
        return "http://\(host):\(port)"
    }
}

extension ServiceGroup {
    /// Runs services until one fails or the program is told to stop, which takes ten seconds at most.
    package static func run(_ services: [any Service], logger: Logger) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // The private database may take what is left of the ten seconds.
        configuration.maximumGracefulShutdownDuration = .seconds(8)
        configuration.maximumCancellationDuration = .seconds(2)
        try await ServiceGroup(configuration: configuration).run()
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
