import Foundation

/// A program that a test runs to its end.
package enum ChildCommand {
    package struct Outcome: Sendable {
        package let status: Int32
        /// What it wrote, errors included.
        package let output: String
    }

    package struct Failure: Error, CustomStringConvertible { package let description: String }

    /// Runs a program. What it writes goes to a file: a pipe that nobody reads would make it wait, and one that a daemon inherits never
    /// ends.
    /// - Parameters:
    ///   - arguments: the program, looked for on the PATH, and its arguments.
    ///   - input: what it reads.
    ///   - environment: variables beside our own.
    package static func run(_ arguments: [String], input: String = "", environment: [String: String] = [:]) async throws -> Outcome {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("datashield-command-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }  // try?: a temporary file that stays does no harm
        let (inputFile, outputFile) = (directory.appendingPathComponent("input"), directory.appendingPathComponent("output"))
        try Data(input.utf8).write(to: inputFile)
        try Data().write(to: outputFile)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        process.environment = Self.environment(environment)
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        let output = try FileHandle(forWritingTo: outputFile)
        process.standardOutput = output
        process.standardError = output
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                let result = Result {
                    try start(process)
                    process.waitUntilExit()
                    return process.terminationStatus
                }
                continuation.resume(with: result)
            }
        }
        return Outcome(status: status, output: String(decoding: try Data(contentsOf: outputFile), as: UTF8.self))
    }

    /// - Throws: ``Failure`` with what the program wrote, when it does not end well.
    @discardableResult
    package static func succeed(_ arguments: [String], input: String = "", environment: [String: String] = [:]) async throws -> String {
        let outcome = try await run(arguments, input: input, environment: environment)
        guard outcome.status == 0 else {
            throw Failure(description: "\(arguments.first ?? "") ended with \(outcome.status): \(outcome.output)")
        }
        return outcome.output
    }

    /// Starts a program, from a thread of its own: threads of ours have signals blocked, and a program that inherited that would not
    /// hear that it is to stop, nor that its children have.
    static func start(_ process: Process) throws {
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        try process.run()
    }

    /// Our own variables with the directories of servers on the PATH, which ordinary users do not have.
    static func environment(_ more: [String: String]) -> [String: String] {
        var variables = ProcessInfo.processInfo.environment
        variables["PATH"] = (variables["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"
        return variables.merging(more) { $1 }
    }

    /// Whether all of these programs are there.
    package static func areInstalled(_ programs: String...) -> Bool {
        let directories = (environment([:])["PATH"] ?? "").split(separator: ":")
        return programs.allSatisfy { program in
            directories.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
        }
    }
}
