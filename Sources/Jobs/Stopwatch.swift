// Without Foundation: with it, the compiler (6.3) does not open `any Clock<Duration>`.

/// How much time has gone by on a clock.
struct Stopwatch: Sendable {
    let elapsed: @Sendable () -> Duration

    /// Begins now.
    init(_ clock: any Clock<Duration>) { elapsed = Self.begun(on: clock) }

    private static func begun(on clock: some Clock<Duration>) -> @Sendable () -> Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }
}
