import CivilTime
import Foundation

/// Times as they go over the wire: ISO 8601, UTC, milliseconds (`2026-01-31T12:00:00.000Z`). Written and read by hand because this
/// runs for every row of every answer, and Foundation's formatters cost more than all the rest of it.
package enum Timestamp {
    /// The 24 characters of a time.
    package static func text(_ date: Date) -> String {
        String(unsafeUninitializedCapacity: 24) { buffer in
            write(date, to: buffer)
            return 24
        }
    }

    /// Writes the 24 bytes of a time at the beginning of the buffer.
    static func write(_ date: Date, to buffer: UnsafeMutableBufferPointer<UInt8>) {
        let total = Int((date.timeIntervalSince1970 * 1000).rounded().clamped(to: -62_135_596_800_000...253_402_300_799_999))
        let (seconds, milliseconds) = total.flooredDivision(by: 1000)
        let (days, second) = seconds.flooredDivision(by: 86_400)
        let (year, month, day) = CivilDay.parts(of: days)
        func digits(_ value: Int, at position: Int, count: Int) {
            var rest = value
            for index in stride(from: position + count - 1, through: position, by: -1) {
                buffer[index] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
        }
        digits(year, at: 0, count: 4)
        buffer[4] = UInt8(ascii: "-")
        digits(month, at: 5, count: 2)
        buffer[7] = UInt8(ascii: "-")
        digits(day, at: 8, count: 2)
        buffer[10] = UInt8(ascii: "T")
        digits(second / 3600, at: 11, count: 2)
        buffer[13] = UInt8(ascii: ":")
        digits(second / 60 % 60, at: 14, count: 2)
        buffer[16] = UInt8(ascii: ":")
        digits(second % 60, at: 17, count: 2)
        buffer[19] = UInt8(ascii: ".")
        digits(milliseconds, at: 20, count: 3)
        buffer[23] = UInt8(ascii: "Z")
    }

    /// Reads an ISO 8601 time: a date alone (its first moment in UTC), or date and time with `Z` or an offset, with or without a
    /// fraction of a second.
    package static func parse(_ text: String) -> Date? {
        let bytes = Array(text.utf8)
        var position = 0
        func number(_ count: Int) -> Int? {
            guard position + count <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[position..<position + count] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            position += count
            return value
        }
        func take(_ characters: UInt8...) -> Bool {
            guard position < bytes.count, characters.contains(bytes[position]) else { return false }
            position += 1
            return true
        }
        let dash = UInt8(ascii: "-"), colon = UInt8(ascii: ":")
        guard let year = number(4), take(dash), let month = number(2), take(dash), let day = number(2), year > 0, (1...12).contains(month),
            (1...CivilDay.days(inMonth: month, of: year)).contains(day)
        else { return nil }
        var seconds = Double(CivilDay.number(year: year, month: month, day: day) * 86_400)
        if position == bytes.count { return Date(timeIntervalSince1970: seconds) }
        guard take(UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")), let hour = number(2), take(colon), let minute = number(2), take(colon),
            let second = number(2), hour < 24, minute < 60, second < 61
        else { return nil }
        seconds += Double(hour * 3600 + minute * 60 + second)
        if take(UInt8(ascii: "."), UInt8(ascii: ",")) {
            var scale = 0.1
            guard let first = number(1) else { return nil }
            seconds += Double(first) * scale
            while let digit = number(1) {
                scale /= 10
                seconds += Double(digit) * scale
            }
        }
        if take(UInt8(ascii: "Z"), UInt8(ascii: "z")) { return position == bytes.count ? Date(timeIntervalSince1970: seconds) : nil }
        let isWest = position < bytes.count && bytes[position] == dash
        guard take(UInt8(ascii: "+"), dash), let hours = number(2), hours < 24 else { return nil }
        _ = take(colon)
        guard let minutes = number(2), minutes < 60, position == bytes.count else { return nil }
        let offset = Double(hours * 3600 + minutes * 60)
        return Date(timeIntervalSince1970: isWest ? seconds + offset : seconds - offset)
    }

    /// Whole microseconds since 1970: what PostgreSQL keeps, so that a cursor loses nothing.
    package static func microseconds(_ date: Date) -> Int { Int((date.timeIntervalSince1970 * 1_000_000).rounded()) }
    package static func date(microseconds: Int) -> Date { Date(timeIntervalSince1970: Double(microseconds) / 1_000_000) }
}

extension Int {
    fileprivate func flooredDivision(by divisor: Int) -> (Int, Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension Comparable {
    /// The value itself, or the nearer end of the range.
    package func clamped(to range: ClosedRange<Self>) -> Self { min(max(self, range.lowerBound), range.upperBound) }
}
