import CLibCurl
import Foundation

/// The transfers that are on their way, and the connections that are kept for the next ones.
// @unchecked: belongs to the loop's thread, but for wake(), which libcurl allows from everywhere.
final class TransferSet: @unchecked Sendable {
    private let multi: UnsafeMutableRawPointer
    private var running: [UnsafeMutableRawPointer: Transfer] = [:]
    /// No transfer's time is over before.
    private var nextDeadline: ContinuousClock.Instant?

    private static let isReady = ccurl_global_init() == CURLE_OK

    /// How many connections that nobody uses are kept, to all hosts.
    private static let keptConnections = 128

    init?(_ configuration: HTTPClient.Configuration) {
        guard Self.isReady, let multi = curl_multi_init() else { return nil }
        // When there were no descriptors left, it is made all the same, and calls would wait until it looks for them by itself.
        guard curl_multi_wakeup(multi) == CURLM_OK else {
            curl_multi_cleanup(multi)
            return nil
        }
        self.multi = multi
        ccurl_set_shared_number(multi, CURLMOPT_MAX_HOST_CONNECTIONS, configuration.connectionsPerHost)
        ccurl_set_shared_number(multi, CURLMOPT_MAXCONNECTS, Self.keptConnections)
    }

    var isEmpty: Bool { running.isEmpty }

    /// Ends ``wait(atMost:_:)``, this one or the next.
    func wake() { curl_multi_wakeup(multi) }

    func add(_ transfer: Transfer) {
        guard !transfer.isCancelled.load(ordering: .acquiring) else { return transfer.finish(.failure(CancellationError())) }
        do {
            let handle = try transfer.prepare()
            let code = curl_multi_add_handle(multi, handle)
            guard code == CURLM_OK else { throw HTTPClient.Failure.other(CURLE_FAILED_INIT.rawValue) }
            running[handle] = transfer
            nextDeadline = nextDeadline.map { min($0, transfer.deadline) } ?? transfer.deadline
        } catch {
            transfer.finish(.failure(error))
        }
    }

    /// Ends a transfer, if it has not ended.
    func remove(_ transfer: Transfer, _ error: any Error) {
        guard let handle = transfer.handle, running.removeValue(forKey: handle) != nil else { return }
        curl_multi_remove_handle(multi, handle)
        transfer.finish(.failure(error))
    }

    func removeAll(_ error: any Error) {
        for transfer in running.values { remove(transfer, error) }
    }

    func resume(_ transfer: Transfer) {
        guard let handle = transfer.handle, running[handle] != nil else { return }
        transfer.resume()
    }

    /// Does what can be done without waiting, and ends what is done or late.
    func perform() {
        guard !running.isEmpty else { return }
        var count: Int32 = 0
        curl_multi_perform(multi, &count)
        for transfer in running.values where transfer.isAnsweredEarly { transfer.resume() }
        while let message = curl_multi_info_read(multi, &count) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            // Before the handle goes: the message goes with it.
            let code = message.pointee.data.result
            curl_multi_remove_handle(multi, handle)
            running.removeValue(forKey: handle)?.finish(code)
        }
        endLate(ContinuousClock.now)
    }

    private func endLate(_ now: ContinuousClock.Instant) {
        guard let nextDeadline, nextDeadline <= now else { return }
        for transfer in running.values where transfer.deadline <= now { remove(transfer, HTTPClient.Failure.timedOut) }
        self.nextDeadline = running.values.map(\.deadline).min()
    }

    /// Waits until there is something to do.
    /// - Parameter limit: when nothing is on its way.
    func wait(atMost limit: Duration, _ now: ContinuousClock.Instant) {
        let time = isEmpty ? limit : min(nextDeadline.map { $0 - now } ?? limit, .seconds(3_600))
        curl_multi_poll(multi, nil, 0, Int32(clamping: time.wholeMilliseconds), nil)
    }

    /// Closes all connections.
    func close() { curl_multi_cleanup(multi) }
}
