import CLibCrypto

/// The bytes of a key. All copies share one piece of memory, which is overwritten when the last of them goes; printing shows nothing of it.
package struct SymmetricKey: Sendable, CustomStringConvertible, CustomReflectable {
    private let memory: SecretMemory

    package init(_ bytes: some Sequence<UInt8>) {
        memory = bytes.withBytes { bytes in SecretMemory(count: bytes.count) { _ = $0.initialize(from: bytes) } }
    }

    /// Fills the memory of a new key.
    init<E: Error>(count: Int, filledBy fill: (UnsafeMutableBufferPointer<UInt8>) throws(E) -> Void) throws(E) {
        memory = try SecretMemory(count: count, filledBy: fill)
    }

    /// A new key of the kernel's random bytes.
    package static func random(count: Int = 32) -> SymmetricKey { SymmetricKey(count: count, filledBy: SystemRandom.fill) }

    package var count: Int { memory.bytes.count }

    /// - Parameter body: gets the bytes, which are there only until it returns. There is an address even where there are no bytes.
    package func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(memory) {} }
        return try body(UnsafeRawBufferPointer(memory.bytes))
    }

    func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        defer { withExtendedLifetime(memory) {} }
        return body(UnsafeBufferPointer(memory.bytes))
    }

    package var description: String { "(key)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Memory that is overwritten before it is given back.
// @unchecked: written while it is made, and only read afterwards.
private final class SecretMemory: @unchecked Sendable {
    let bytes: UnsafeMutableBufferPointer<UInt8>
    private let start: UnsafeMutablePointer<UInt8>

    init<E: Error>(count: Int, filledBy fill: (UnsafeMutableBufferPointer<UInt8>) throws(E) -> Void) throws(E) {
        // Never of no bytes, so that it has an address.
        start = .allocate(capacity: max(count, 1))
        bytes = UnsafeMutableBufferPointer(start: start, count: count)
        try fill(bytes)
    }

    deinit {
        OPENSSL_cleanse(start, bytes.count)
        start.deallocate()
    }
}
