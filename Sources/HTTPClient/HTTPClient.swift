import Foundation

/// Calls HTTP servers, by libcurl on a thread of its own.
///
/// An answer is an answer whatever its status: redirects are not followed. Nothing is taken from the environment or from files of the user (no
/// proxy, no `.netrc`), and nothing is kept between calls but connections. A request is sent once: when the connection breaks before the
/// answer is there, whoever asked decides whether to ask again.
///
/// The thread lives while there are calls or connections worth keeping.
package final class HTTPClient: Sendable {
    /// What holds for all calls of a client.
    package struct Configuration: Sendable {
        /// The oldest version of TLS that is spoken.
        package enum TLSVersion: Sendable { case tls10, tls12 }

        /// How long it may take until a connection stands, the agreement on encryption included.
        package var connectTimeout: Duration = .seconds(10)
        /// How long nothing may come or go; nil for as long as the call may take.
        package var silenceTimeout: Duration?
        /// How many connections to one host there are at once; further calls wait, which counts as theirs.
        package var connectionsPerHost = 8
        /// For how long a connection that nobody uses is kept.
        package var keepAlive: Duration = .seconds(60)
        package var minimumTLSVersion = TLSVersion.tls12
        /// A PEM file with the authorities that are believed; nil for the system's.
        package var trustRoots: String?
        /// The ciphers up to TLS 1.2 as OpenSSL lists them; nil for the system's choice.
        package var ciphers: String?

        package init() {}
    }

    private let configuration: Configuration
    private let loop: TransferLoop

    package init(_ configuration: Configuration = .init()) {
        self.configuration = configuration
        loop = TransferLoop(configuration)
    }

    deinit { loop.stop() }

    /// Makes a call.
    /// - Returns: the answer, whatever its status.
    /// - Throws: ``Failure``; `CancellationError` when the task is cancelled or the client was shut down.
    package func execute(_ request: Request) async throws -> Response {
        let deadline = ContinuousClock.now + request.timeout
        try request.check()
        switch request.body {
        case .none: return try await run(Transfer(request, configuration, nil, until: deadline))
        case .bytes(let bytes): return try await run(Transfer(request, configuration, Upload(bytes), until: deadline))
        case .pieces(let pieces):
            let upload = Upload()
            let transfer = Transfer(request, configuration, upload, until: deadline)
            // Ends with the call: at the end of its scope it is cancelled.
            async let _: Void = upload.feed(pieces) { [loop] in loop.resume(transfer) }
            return try await run(transfer)
        }
    }

    private func run(_ transfer: Transfer) async throws -> Response {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                transfer.continuation = continuation
                loop.start(transfer)
            }
        } onCancel: {
            loop.cancel(transfer)
        }
    }

    /// Ends all calls with `CancellationError`, closes the connections, and takes no further calls.
    package func shutdown() async { await loop.shutdown() }
}
