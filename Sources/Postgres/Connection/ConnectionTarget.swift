import CLibPQ
import Scalars

/// Where a connection string leads and how, as libpq reads it: with its defaults and its environment (`PGHOST`, `PGSSLMODE`).
public struct ConnectionTarget: Sendable, Equatable {
    /// The hosts that are tried: names, addresses, or directories of sockets; an empty one is libpq's own directory of sockets.
    public let hosts: [String]
    /// libpq's `sslmode`: `prefer` where nothing says otherwise; empty where a service file may say it.
    public let sslMode: String
    /// Whether it names a service. A service file then says more of where it leads; it is not opened here.
    public let namesService: Bool

    /// - Parameter connectionString: a URL or libpq's `key=value` form.
    /// - Throws: ``PostgresError`` when libpq cannot read it; its words could repeat a password, so they are not told.
    public init(_ connectionString: String) throws {
        guard let options = PQconninfoParse(connectionString, nil) else {
            throw PostgresError(.invalidParameter, message: "The connection string cannot be read.")
        }
        defer { PQconninfoFree(options) }
        // Null when there is no memory; what is given is then all there is.
        let defaults = PQconndefaults()
        defer { PQconninfoFree(defaults) }
        func value(_ keyword: String) -> String {
            Self.value(keyword, in: options) ?? defaults.flatMap { Self.value(keyword, in: $0) } ?? ""
        }
        // An address goes before the name, which is then for the certificate only.
        let places = value("hostaddr").isEmpty ? value("host") : value("hostaddr")
        namesService = Self.value("service", in: options).map { !$0.isEmpty } ?? false
        hosts = places.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { String(Substring($0)) }
        // What a service file says goes before the environment, and is not known.
        sslMode = namesService ? Self.value("sslmode", in: options) ?? "" : value("sslmode")
    }

    /// Whether somebody on the way could read what is sent: perhaps another machine, and no `sslmode` that insists on TLS. A service file may
    /// name an address beside the host that stands here, and the address is what is connected to.
    public var canBeReadOnTheWay: Bool {
        !["require", "verify-ca", "verify-full"].contains(sslMode) && (namesService || !hosts.allSatisfy(Self.isThisMachine))
    }

    private static func isThisMachine(_ host: String) -> Bool {
        // A directory, or an abstract socket.
        host.isEmpty || host.begins(with: "/") || host.begins(with: "@") || host == "localhost" || host == "::1" || isLoopback(host)
    }

    /// 127.0.0.0/8, written as four numbers: `127.example.com` is a name.
    private static func isLoopback(_ host: String) -> Bool {
        let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { Substring($0) }
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private static func value(_ keyword: String, in options: UnsafeMutablePointer<PQconninfoOption>) -> String? {
        var option = options
        while let name = option.pointee.keyword {
            if String(cString: name) == keyword { return option.pointee.val.map { String(cString: $0) } }
            option += 1
        }
        return nil
    }
}
