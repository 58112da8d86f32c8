import ArgumentParser
import Foundation

/// `demo`, which is a program of its own: an installation that serves has no stand-ins in it.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Runs a made-up company, imported and scanned, to look around in (by datashield-demo).",
        discussion: "Its options are those of `datashield-demo demo --help`.")

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("What datashield-demo is told.", valueName: "option"))
    var arguments: [String] = []

    func run() throws { try DemoProgram.become("demo", arguments) }
}

/// `sandbox`, as `demo`.
struct SandboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Runs stand-ins of the breach-intelligence services and of directories, for trying things out (by datashield-demo).",
        discussion: "Its options are those of `datashield-demo sandbox --help`.")

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("What datashield-demo is told.", valueName: "option"))
    var arguments: [String] = []

    func run() throws { try DemoProgram.become("sandbox", arguments) }
}

/// `datashield-demo`, the program that has the demo and the sandbox in it.
enum DemoProgram {
    static let name = "datashield-demo"

    /// Goes on as that program, in this process: whoever started it stops and watches that one.
    /// - Throws: ``CommandFailure`` where it is not installed beside this one.
    static func become(_ command: String, _ arguments: [String]) throws {
        let path = try beside(FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        guard access(path, X_OK) == 0 else {
            throw CommandFailure("The \(command) is a separate program, \(name), which is not installed beside this one.")
        }
        var words: [UnsafeMutablePointer<CChar>?] = ([path, command] + arguments).map { strdup($0) } + [nil]
        // Threads of ours have signals blocked, and a program that inherited that would not hear that it is to stop.
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        execv(path, &words)
        let reason = String(cString: strerror(errno))
        for word in words { free(word) }
        throw CommandFailure("\(path) cannot be started: \(reason).")
    }

    private static func beside(_ program: String) -> String {
        URL(fileURLWithPath: program).deletingLastPathComponent().appendingPathComponent(name).path
    }
}
