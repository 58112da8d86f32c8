/// What NOTIFY sent.
public struct PostgresNotification: Sendable, Equatable {
    public let channel: String
    /// The text that was sent along; empty when there is none.
    public let payload: String
    /// The server's process that sent it.
    public let processID: Int32
    /// Set on what is no notification, but says that listening has begun (again): what was notified before may have been missed.
    public let isGap: Bool

    static func gap(_ channel: String) -> PostgresNotification {
        PostgresNotification(channel: channel, payload: "", processID: 0, isGap: true)
    }
}
