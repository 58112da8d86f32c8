import CivilTime
import Foundation

/// PostgreSQL's times: microseconds, and days, since the first of January 2000.
enum Timestamp {
    /// From Foundation's reference, 2001-01-01, back to PostgreSQL's.
    private static let epochDifference: Double = 366 * 86400
    private static let microsecondsPerDay: Int64 = 86_400_000_000
    /// From 1970-01-01 to 2000-01-01.
    private static let epochDays = 10957
    /// The years that timestamptz can hold, 4713 BC to 294276; without the last, to be clear of the edge.
    private static let range = -210_800_000_000_000_000...9_223_000_000_000_000_000

    /// A time in PostgreSQL's binary form as a date. The infinities become the distant past and future.
    static func date(microseconds: Int64) -> Date {
        switch microseconds {
        case .max: .distantFuture
        case .min: .distantPast
        default: Date(timeIntervalSinceReferenceDate: Double(microseconds) / 1_000_000 - epochDifference)
        }
    }

    /// The first moment, in UTC, of a day in PostgreSQL's binary form.
    static func date(days: Int32) -> Date {
        switch days {
        case .max: .distantFuture
        case .min: .distantPast
        default: Date(timeIntervalSinceReferenceDate: Double(days) * 86400 - epochDifference)
        }
    }

    /// The time as the server reads it, `2026-11-23 22:25:00.123456+00`, or nil when timestamptz cannot hold it.
    static func text(_ date: Date) -> String? {
        let exact = ((date.timeIntervalSinceReferenceDate + epochDifference) * 1_000_000).rounded()
        guard exact.isFinite, exact > Double(range.lowerBound), exact < Double(range.upperBound) else { return nil }
        let (days, time) = floorDivide(Int64(exact), microsecondsPerDay)
        let (year, month, day) = CivilDay.parts(of: Int(days) + epochDays)
        var digits: [UInt8] = []
        digits.reserveCapacity(35)
        append(year > 0 ? year : 1 - year, width: 4, to: &digits)
        digits.append(UInt8(ascii: "-"))
        append(month, width: 2, to: &digits)
        digits.append(UInt8(ascii: "-"))
        append(day, width: 2, to: &digits)
        digits.append(UInt8(ascii: " "))
        let seconds = Int(time / 1_000_000)
        append(seconds / 3600, width: 2, to: &digits)
        digits.append(UInt8(ascii: ":"))
        append(seconds / 60 % 60, width: 2, to: &digits)
        digits.append(UInt8(ascii: ":"))
        append(seconds % 60, width: 2, to: &digits)
        digits.append(UInt8(ascii: "."))
        append(Int(time % 1_000_000), width: 6, to: &digits)
        digits.append(contentsOf: "+00".utf8)
        if year <= 0 { digits.append(contentsOf: " BC".utf8) }
        return String(decoding: digits, as: UTF8.self)
    }

    private static func append(_ number: Int, width: Int, to digits: inout [UInt8]) {
        let text = String(number).utf8
        for _ in text.count..<max(width, text.count) { digits.append(UInt8(ascii: "0")) }
        digits.append(contentsOf: text)
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
