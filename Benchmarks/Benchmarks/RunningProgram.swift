import Foundation
import Synchronization

/// A program that runs beside the measurement, such as the server that is measured.
final class RunningProgram: Sendable {
    /// The number of its process.
    let id: pid_t
    private let process: Mutex<Process>
    private let lines: AsyncStream<String>

    private init(_ process: sending Process, lines: AsyncStream<String>) {
        id = process.processIdentifier
        self.process = Mutex(process)
        self.lines = lines
    }

    /// Starts a program.
    /// - Parameters:
    ///   - path: where it is.
    ///   - arguments: what it is told.
    ///   - environment: what is added to this process's own environment.
    static func start(_ path: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> RunningProgram {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try start(path, arguments, environment) })
            }
        }
    }

    private static func start(_ path: String, _ arguments: [String], _ environment: [String: String]) throws -> RunningProgram {
        Program.unblockSignals()
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        let (lines, found) = AsyncStream.makeStream(of: String.self)
        try process.run()
        let reading = output.fileHandleForReading
        Thread.detachNewThread {
            var rest = ""
            while case let data = reading.availableData, !data.isEmpty {
                rest += String(decoding: data, as: UTF8.self)
                while let end = rest.firstIndex(of: "\n") {
                    found.yield(String(rest[..<end]))
                    rest = String(rest[rest.index(after: end)...])
                }
            }
            found.finish()
        }
        return RunningProgram(process, lines: lines)
    }

    /// Waits until the program prints where it listens.
    /// - Returns: `http://127.0.0.1:4711`.
    func address() async throws -> String {
        for await line in lines {
            if let match = line.firstMatch(of: #/listens on (http:\S+)/#) { return String(match.1) }
        }
        throw Program.Failure(description: "The program ended before it listened.")
    }

    /// Waits until the program prints a certain line.
    /// - Returns: what it printed, up to that line.
    func lines(until isLast: (String) -> Bool) async throws -> [String] {
        var said: [String] = []
        for await line in lines {
            said.append(line)
            if isLast(line) { return said }
        }
        throw Program.Failure(description: "The program ended before it was ready.")
    }

    /// Tells it to stop, and insists after fifteen seconds.
    func stop() async {
        process.withLock { $0.terminate() }
        let deadline = ContinuousClock.now + .seconds(15)
        while process.withLock({ $0.isRunning }) {
            if ContinuousClock.now > deadline { kill(id, SIGKILL) }
            // Only a stop request that is cancelled ends early, and then there is nothing left to wait for.
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return }
        }
    }

    // MARK: Memory

    /// Its resident memory, in MB.
    var residentMemory: Double { get throws { try memory("VmRSS") } }

    /// The most resident memory since the last ``forgetPeak()``, in MB.
    var peakMemory: Double { get throws { try memory("VmHWM") } }

    /// Lets ``peakMemory`` begin anew.
    func forgetPeak() throws {
        try "5".write(toFile: "/proc/\(id)/clear_refs", atomically: false, encoding: .utf8)
    }

    private func memory(_ name: String) throws -> Double {
        let status = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("\(name):") }),
            let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Double($0) })
        else { throw Program.Failure(description: "The kernel does not say \(name) of a process.") }
        return kilobytes / 1024
    }
}
