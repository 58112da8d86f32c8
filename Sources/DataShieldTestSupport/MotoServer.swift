import DataShield
import Foundation

/// A moto server on a free loopback port, for as long as a function runs: an implementation of AWS by others.
package struct MotoServer: Sendable {
    package let port: Int

    package var url: String { "http://127.0.0.1:\(port)" }

    /// The program, as `DATASHIELD_MOTO_SERVER` names it; `scripts/moto-server` installs it.
    package static var program: String? {
        guard let path = ProcessInfo.processInfo.environment["DATASHIELD_MOTO_SERVER"], !path.isEmpty else { return nil }
        return path
    }

    package struct DidNotStart: Error, CustomStringConvertible {
        package let description: String
    }

    package static func with<R: Sendable>(_ body: @Sendable (MotoServer) async throws -> R) async throws -> R {
        guard let program else { throw DidNotStart(description: "DATASHIELD_MOTO_SERVER names no moto server.") }
        let log = FileManager.default.temporaryDirectory.appendingPathComponent("moto-\(UUID().uuidString).log")
        guard FileManager.default.createFile(atPath: log.path, contents: nil) else {
            throw DidNotStart(description: "\(log.path) cannot be written.")
        }
        defer { try? FileManager.default.removeItem(at: log) }  // try?: a log left over harms nobody
        let output = try FileHandle(forWritingTo: log)
        let process = Process()
        // With port 0 it takes a free one, and its log says which. It is ended when this pipe closes, so also when the tests are killed.
        let lifeline = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", #""$0" -H 127.0.0.1 -p 0 & child=$!; read -r nothing; kill -9 "$child""#, program]
        process.standardInput = lifeline
        process.standardOutput = output
        process.standardError = output
        try process.run()
        defer { try? lifeline.fileHandleForWriting.close() }  // try?: that it is closed already is what is wanted
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let text = String(decoding: FileManager.default.contents(atPath: log.path) ?? Data(), as: UTF8.self)
            if let match = text.firstMatch(of: /Running on http:\/\/127\.0\.0\.1:([0-9]+)/), let port = Int(match.1) {
                return try await body(MotoServer(port: port))
            }
            guard process.isRunning, ContinuousClock.now < deadline else {
                throw DidNotStart(description: "moto did not start: \(text.suffix(2000))")
            }
            try await Task.sleep(for: .milliseconds(50))  // sleeps: between two looks, within a deadline
        }
    }

    /// Has it check signatures and policies from the next call on, as AWS does.
    package func verifySignatures(_ client: OutboundClient) async throws {
        guard let url = URL(string: "\(url)/moto-api/reset-auth") else { return }
        try await client.execute(.init(method: .post, url: url, body: Array("0".utf8))).requireSuccess()
    }
}
