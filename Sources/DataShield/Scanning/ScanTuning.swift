/// How a scan goes about its calls.
package struct ScanTuning: Sendable {
    /// Look-ups under way at the same time with one key.
    package var window = 24
    /// People whose answers are recorded in one transaction.
    package var batch = 250
    /// The same where the answers are all there, from a search by domain.
    package var domainBatch = 1_000
    /// How often one address is asked about when the service is not well.
    package var attempts = 3
    /// How often one address is asked about when the service says that there are too many calls.
    package var attemptsWhenLimited = 6
    /// The first pause before asking again; it doubles.
    package var backoff: Duration = .milliseconds(500)
    /// So many people in a row without an answer, and the service is taken to be down.
    package var failuresInARow = 20
    /// Answers are recorded at least this often.
    package var flushInterval: Duration = .seconds(1)
    /// For one call about one address.
    package var timeout: Duration = .seconds(20)

    package init() {}
}
