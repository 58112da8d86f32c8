import Foundation
import Scalars

/// Numbers, times and names as people read them.
package enum Format {
    /// 12345 as "12,345".
    package static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return value < 0 ? "−" + text : text
    }

    /// 12345 as "12.3k", for where there is little room.
    package static func short(_ value: Int) -> String {
        func tenths(_ divisor: Int, _ unit: String) -> String {
            let tenths = value / (divisor / 10)
            return tenths % 10 == 0 || tenths >= 1000 ? "\(tenths / 10)\(unit)" : "\(tenths / 10).\(tenths % 10)\(unit)"
        }
        switch value {
        case 1_000_000_000...: return tenths(1_000_000_000, "bn")
        case 1_000_000...: return tenths(1_000_000, "m")
        case 10_000...: return tenths(1000, "k")
        default: return count(value)
        }
    }

    /// "1 person", "3 people".
    package static func count(_ value: Int, _ singular: String, _ plural: String) -> String {
        "\(count(value)) \(value == 1 ? singular : plural)"
    }

    /// 0.256 as "26 %"; what is little but not nothing is "<1 %", what is nearly all never "100 %".
    package static func percent(_ share: Double) -> String {
        guard share.isFinite, share > 0 else { return "0 %" }
        if share < 0.01 { return "<1 %" }
        if share < 1, share > 0.99 { return ">99 %" }
        return "\(Int((min(share, 1) * 100).rounded())) %"
    }

    /// A part of a whole.
    package static func share(_ part: Int, of whole: Int) -> Double { whole > 0 ? Double(part) / Double(whole) : 0 }

    /// "just now", "5 min ago", "3 h ago", "2 days ago", later the date.
    package static func ago(_ date: Date, now: Date, in zone: TimeZone = .gmt) -> String {
        let seconds = Int(now.timeIntervalSince(date))
        switch seconds {
        case ..<(-90): return dateTime(date, in: zone)
        case ..<60: return "just now"
        case ..<3600: return "\(seconds / 60) min ago"
        case ..<86_400: return "\(seconds / 3600) h ago"
        case ..<(86_400 * 2): return "yesterday"
        case ..<(86_400 * 30): return "\(seconds / 86_400) days ago"
        default: return day(date, in: zone)
        }
    }

    /// "23 Nov 2026".
    package static func day(_ date: Date, in zone: TimeZone = .gmt) -> String {
        let parts = Parts(date, zone)
        return "\(parts.day) \(months[parts.month - 1]) \(parts.year)"
    }

    /// "23 November 2026".
    package static func longDay(_ date: Date, in zone: TimeZone = .gmt) -> String {
        let parts = Parts(date, zone)
        return "\(parts.day) \(longMonths[parts.month - 1]) \(parts.year)"
    }

    /// "23 Nov".
    package static func shortDay(_ date: Date, in zone: TimeZone = .gmt) -> String {
        let parts = Parts(date, zone)
        return "\(parts.day) \(months[parts.month - 1])"
    }

    /// "23 Nov 2026, 14:05".
    package static func dateTime(_ date: Date, in zone: TimeZone = .gmt) -> String {
        let parts = Parts(date, zone)
        return "\(day(date, in: zone)), \(twoDigits(parts.hour)):\(twoDigits(parts.minute))"
    }

    /// "45 s", "3 min", "2 h 10 min".
    package static func duration(seconds: Int) -> String {
        switch seconds {
        case ..<1: "under a second"
        case ..<90: "\(seconds) s"
        case ..<3600: "\((seconds + 30) / 60) min"
        case ..<86_400: seconds % 3600 < 60 ? "\(seconds / 3600) h" : "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: count(seconds / 86_400, "day", "days")
        }
    }

    /// "Jane Doe" as "JD"; an address by its first letter.
    package static func initials(_ name: String) -> String {
        let words = name.parts { $0 == " " || $0 == "-" }.filter { $0.first?.isLetter == true || $0.first?.isNumber == true }
        guard let first = words.first?.first else { return "?" }
        guard words.count > 1, let last = words.last?.first, !name.has("@") else { return String(first).uppercased() }
        return (String(first) + String(last)).uppercased()
    }

    private static let longMonths = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    private struct Parts {
        let year: Int, month: Int, day: Int, hour: Int, minute: Int

        init(_ date: Date, _ zone: TimeZone) {
            // The written time of the shifted moment; no calendar object, since this runs for every row.
            let text = Array(Timestamp.text(date.addingTimeInterval(Double(zone.secondsFromGMT(for: date)))).utf8)
            func number(_ range: Range<Int>) -> Int { text[range].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } }
            (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
            (hour, minute) = (number(11..<13), number(14..<16))
        }
    }
}
