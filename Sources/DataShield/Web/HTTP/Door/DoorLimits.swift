import CLinux

/// What somebody whom we do not know yet may take of the server: time, and connections.
package struct DoorLimits: Sendable, Equatable {
    /// From the first byte of a request to the end of its header.
    package var headTime: Duration = .seconds(15)
    /// For a body, from when it is asked for to its end, unless its route allows more: see ``AppContext/allow(bodyTime:)``.
    package var bodyTime: Duration = .seconds(30)
    /// How long we go on receiving after an answer that ends the connection, so that whoever is still sending sees the answer.
    package var lingerTime: Duration = .seconds(10)
    /// How much we receive, and throw away, in that time.
    package var lingerBytes = 64 << 20
    /// Connections in all.
    package var connections = 4096
    /// Connections of one address. Those of this machine are not counted: behind a proxy here, everybody comes from it.
    package var connectionsPerAddress = 1024

    /// So much of a body may be left when the answer is sent without ending the connection: it is under way already.
    static let smallRest = 64 << 10
    /// How many refused connections are told so at a time; more are closed without a word.
    static let refusals = 64

    package init() {}

    /// The limits for a process.
    /// - Parameter descriptors: how many files and connections the system lets it have open. Connections stay below it by what else is
    ///   open: the database's connections, uploads, files that are read, calls to services.
    package init(_ settings: Settings, descriptors: Int) {
        let others = 2 * settings.poolSize + Self.refusals + 172
        let room = max(descriptors - others, descriptors / 2, 8)
        connections = min(settings.connections ?? connections, room)
        connectionsPerAddress = min(settings.connectionsPerAddress ?? max(connections / 4, 8), connections)
    }

    /// How many files and connections the system lets this process have open.
    package static var descriptors: Int {
        let limit = datashield_descriptor_limit()
        return limit == 0 ? 1024 : Int(clamping: limit)
    }
}
