/// Whether a key or a connection works.
package enum ConnectStatus: String, NativeEnum {
    case active = "ACTIVE"
    case error = "ERROR"
    case pending = "PENDING"
}
