import ArgumentParser
import DataShield
import Foundation
import Logging

/// Where every command takes its settings from: the environment, before a file.
package struct SettingsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A file of KEY=VALUE lines with settings; the environment goes before it.", valueName: "file"))
    package var config: String?

    @Option(help: ArgumentHelp("Where the program keeps its files (DATASHIELD_DATA_DIR).", valueName: "directory"))
    package var dataDir: String?

    package init() {}

    /// - Throws: ``SettingsError`` for the first setting that is wrong; ``CommandFailure`` when the file cannot be read.
    package func read() throws -> Settings {
        var environment = ProcessInfo.processInfo.environment
        if let dataDir { environment["DATASHIELD_DATA_DIR"] = dataDir }
        return try Settings.read(environment: environment, file: try config.map(Self.text(of:)))
    }

    private static func text(of path: String) throws -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw CommandFailure("The settings file \(path) cannot be read.")
        }
    }
}

extension Logger {
    /// The program's log: to standard error, so that what a command prints can be used.
    /// - Parameter level: at least how much something matters to be logged.
    package static func standard(_ level: Logger.Level) -> Logger {
        var logger = Logger(label: "datashield") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }
}
