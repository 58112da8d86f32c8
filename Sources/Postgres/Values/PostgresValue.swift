/// A type of PostgreSQL by its object id (`pg_type.oid`).
public struct PostgresType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Left to the server, which takes the type that the place in the statement asks for.
    public static let inferred = PostgresType(rawValue: 0)
    public static let bool = PostgresType(rawValue: 16)
    public static let bytea = PostgresType(rawValue: 17)
    public static let char = PostgresType(rawValue: 18)
    public static let name = PostgresType(rawValue: 19)
    public static let int8 = PostgresType(rawValue: 20)
    public static let int2 = PostgresType(rawValue: 21)
    public static let int4 = PostgresType(rawValue: 23)
    public static let text = PostgresType(rawValue: 25)
    public static let oid = PostgresType(rawValue: 26)
    public static let json = PostgresType(rawValue: 114)
    public static let xml = PostgresType(rawValue: 142)
    public static let cidr = PostgresType(rawValue: 650)
    public static let float4 = PostgresType(rawValue: 700)
    public static let float8 = PostgresType(rawValue: 701)
    public static let unknown = PostgresType(rawValue: 705)
    public static let inet = PostgresType(rawValue: 869)
    public static let bpchar = PostgresType(rawValue: 1042)
    public static let varchar = PostgresType(rawValue: 1043)
    public static let date = PostgresType(rawValue: 1082)
    public static let timestamp = PostgresType(rawValue: 1114)
    public static let timestamptz = PostgresType(rawValue: 1184)
    public static let numeric = PostgresType(rawValue: 1700)
    public static let void = PostgresType(rawValue: 2278)
    public static let uuid = PostgresType(rawValue: 2950)
    public static let jsonb = PostgresType(rawValue: 3802)

    /// The first id that a database gives to types of its own: enums, domains, extensions.
    static let firstOfDatabase: UInt32 = 16384

    /// The type of an array of this, or `inferred` where it is left to the server.
    var array: PostgresType {
        switch self {
        case .bool: PostgresType(rawValue: 1000)
        case .bytea: PostgresType(rawValue: 1001)
        case .int2: PostgresType(rawValue: 1005)
        case .int4: PostgresType(rawValue: 1007)
        case .int8: PostgresType(rawValue: 1016)
        case .float4: PostgresType(rawValue: 1021)
        case .float8: PostgresType(rawValue: 1022)
        case .timestamptz: PostgresType(rawValue: 1185)
        case .jsonb: PostgresType(rawValue: 3807)
        default: .inferred
        }
    }

    /// A name for messages.
    var words: String {
        switch self {
        case .bool: "bool"
        case .bytea: "bytea"
        case .int8: "int8"
        case .int2: "int2"
        case .int4: "int4"
        case .text, .varchar, .bpchar, .name, .char, .unknown: "text"
        case .json: "json"
        case .jsonb: "jsonb"
        case .float4: "float4"
        case .float8: "float8"
        case .inet, .cidr: "inet"
        case .date: "date"
        case .timestamp: "timestamp"
        case .timestamptz: "timestamptz"
        case .numeric: "numeric"
        case .void: "void"
        case .uuid: "uuid"
        default: "a value of type \(rawValue)"
        }
    }
}

/// A value on its way to the server.
public struct PostgresValue: Sendable {
    /// The value in one of the forms that the server takes.
    public enum Content: Sendable {
        case null
        /// In the text format of its type.
        case text(String)
        /// In the binary format of its type.
        case binary([UInt8])
        /// There is no way to send it; the reason, without the value. Using it throws.
        case invalid(String)
    }

    public var type: PostgresType
    public var content: Content

    public init(_ content: Content, type: PostgresType = .inferred) {
        self.content = content
        self.type = type
    }

    /// NULL, of a type that the server infers.
    public static let null = PostgresValue(.null)

    public var isNull: Bool {
        if case .null = content { true } else { false }
    }
}

extension PostgresValue: PostgresEncodable {
    public var postgresValue: PostgresValue { self }
}

extension PostgresValue: CustomStringConvertible, CustomReflectable {
    /// Never the value itself: it may be somebody's secret.
    public var description: String { "a bound value" }
    public var customMirror: Mirror { Mirror(self, children: ["type": type.rawValue]) }
}
