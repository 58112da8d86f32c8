import Foundation

/// The time, where it matters: passed in, so that a test can choose it.
package typealias Now = @Sendable () -> Date
