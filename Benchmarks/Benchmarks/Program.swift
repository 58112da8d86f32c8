import Foundation

/// Runs another program, such as pgbench or wrk.
enum Program {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a program that is found by `PATH` and waits for its end, off Swift's threads.
    /// - Returns: what it wrote to its standard output.
    /// - Throws: ``Failure`` when it cannot be run or ends with an error.
    @discardableResult
    static func output(_ name: String, _ arguments: [String]) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try run(name, arguments) })
            }
        }
    }

    private static func run(_ name: String, _ arguments: [String]) throws -> String {
        unblockSignals()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [name] + arguments
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // Its complaints are few; its output is read to the end first.
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(name) ended with \(process.terminationStatus): \(complaint)")
        }
        return text
    }

    /// Threads begin with signals blocked, and a program inherits that: pgbench would never hear the alarm that ends it, nor a server
    /// that it is to stop. To be called on a thread of its own, before it starts a program.
    static func unblockSignals() {
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
    }
}

/// pgbench, the peer of what goes to the database.
enum PgBench {
    /// Runs a script with prepared statements.
    /// - Parameter variables: values for `:name` in the script.
    /// - Returns: transactions per second, without the time to connect.
    static func rate(
        _ script: String, database: String, connections: Int, seconds: Int, variables: [String: String] = [:]
    ) async throws -> Double {
        let file = FileManager.default.temporaryDirectory.appending(path: "pgbench-\(UUID().uuidString).sql")
        try script.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }  // a left-over temporary file harms nobody
        let text = try await Program.output(
            "pgbench",
            [
                "--no-vacuum", "--protocol=prepared", "--client=\(connections)", "--jobs=2", "--time=\(seconds)", "--file=\(file.path)",
            ] + variables.map { "--define=\($0)=\($1)" } + [database])
        guard let match = text.firstMatch(of: /tps = ([0-9.]+)/), let rate = Double(match.1) else {
            throw Program.Failure(description: "pgbench did not say a rate: \(text)")
        }
        return rate
    }
}
