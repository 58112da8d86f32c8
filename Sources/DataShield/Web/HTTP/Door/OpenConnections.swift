import NIOCore
import Synchronization

/// Counts the connections that are open, in all and by address, and says which are too many.
package final class OpenConnections: Sendable {
    private struct State {
        var all = 0
        var byAddress: [[UInt8]: Int] = [:]
        var refused = 0
    }

    /// What becomes of a connection; whoever got it gives it back with ``leave(_:)`` when the connection has closed.
    enum Admission: Sendable, Equatable {
        /// It is served. The address under which it is counted; nil when none is.
        case served([UInt8]?)
        /// It is told that there are too many, and closed.
        case refused
        /// It is closed: many are being told already.
        case dropped
    }

    private let limits: DoorLimits
    private let state = Mutex(State())

    package init(_ limits: DoorLimits) { self.limits = limits }

    /// How many are served now.
    package var count: Int { state.withLock { $0.all } }

    func enter(from address: SocketAddress?) -> Admission {
        let key = Self.key(of: address)
        return state.withLock { state in
            if state.all < limits.connections, key.map({ state.byAddress[$0, default: 0] < limits.connectionsPerAddress }) ?? true {
                state.all += 1
                if let key { state.byAddress[key, default: 0] += 1 }
                return .served(key)
            }
            guard state.refused < DoorLimits.refusals else { return .dropped }
            state.refused += 1
            return .refused
        }
    }

    func leave(_ admission: Admission) {
        state.withLock { state in
            switch admission {
            case .served(let key):
                state.all -= 1
                guard let key, let count = state.byAddress[key] else { return }
                state.byAddress[key] = count > 1 ? count - 1 : nil
            case .refused: state.refused -= 1
            case .dropped: break
            }
        }
    }

    /// What an address is counted under: IPv6 by its network, of which a house has one. Nil for this machine itself, where a proxy
    /// brings everybody's connections.
    static func key(of address: SocketAddress?) -> [UInt8]? {
        guard let address = address?.ipAddress.flatMap({ IPAddress($0) }), !address.isLoopback else { return nil }
        // ::ffff:192.0.2.1 is how a socket for both kinds names the other.
        if address.isIPv6, address.bytes.prefix(10).allSatisfy({ $0 == 0 }), let inner = address.embedded { return inner.bytes }
        return address.isIPv6 ? Array(address.bytes.prefix(8)) : address.bytes
    }
}
