import CivilTime
import Foundation

/// Dates as stealers write them.
struct LogDate: Equatable {
    var date: Date
    var hasTime: Bool
    /// Whether day and month could be the other way round: the day is then taken to come first.
    var isAmbiguous: Bool
    /// Whether the text says what time zone it is in.
    var hasZone: Bool

    /// Reads `7/4/2024 5:43:07 PM`, `28.06.2025 12:28:40`, `2024/6/22 15:49:7`, `Sat Jul 06 3:43:57 2024`, `09 Dec 23 00:33 UTC`,
    /// `2024-12-29 05:37:17 [ UTC: +1 ]`, `2023-11-01T11_57_58.8718608-07_00` and their like.
    /// - Parameter offset: seconds east of UTC for a time that names no zone.
    static func read(_ text: ByteView, offset: Int = 0) -> LogDate? {
        let text = text.trimmed.upTo(80)
        if let date = epoch(text) { return LogDate(date: date, hasTime: true, isAmbiguous: false, hasZone: true) }
        var parts = Parts(text)
        parts.read()
        return parts.date(offset: offset)
    }

    /// Seconds or milliseconds since 1970 and nothing else.
    static func epoch(_ text: ByteView) -> Date? {
        guard text.count == 10 || text.count == 13, let number = text.wholeNumber else { return nil }
        let seconds = text.count == 13 ? number / 1_000 : number
        // From 2005 to 2100.
        guard (1_104_537_600..<4_133_980_800).contains(seconds) else { return nil }
        return Date(timeIntervalSince1970: Double(seconds))
    }

    /// The offset in `(UTC+01:00) Berlin`, `UTC+1`, `UTC: 2`, `UTC: (UTC-08:00) Pacific`, `+0300`, `+3 hours from GMT`, `CEST`, in seconds.
    static func zoneOffset(_ text: ByteView) -> Int? {
        let text = text.upTo(120)
        if let first = text.trimmed.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") || ByteView.isDigit(first) {
            return offset(text.trimmed)
        }
        var isNamed = false
        var start = 0
        while let index = nextName(in: text, from: start) {
            isNamed = true
            start = index + 3
            var behind = start
            while behind < text.count, [ByteView.blank, ByteView.colon, UInt8(ascii: "("), UInt8(ascii: "[")].contains(text[behind]) { behind += 1 }
            // The name may stand twice, and only the second time with a number.
            if let offset = offset(text.from(behind)) { return offset }
        }
        return isNamed ? 0 : Self.zones.first { text.trimmed.equals($0.name) }.map { $0.hours * 3_600 }
    }

    private static func nextName(in text: ByteView, from start: Int) -> Int? {
        [text.firstIndex(of: "utc", from: start), text.firstIndex(of: "gmt", from: start)].compactMap { $0 }.min()
    }

    /// A sign, which may be missing, hours, and minutes.
    private static func offset(_ text: ByteView) -> Int? {
        var index = 0
        var sign = 1
        if text.first == UInt8(ascii: "-") { sign = -1 }
        if text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+") { index += 1 }
        let start = index
        var hours = 0
        while index < text.count, index - start < 4, ByteView.isDigit(text[index]) {
            hours = hours * 10 + Int(text[index] - 48)
            index += 1
        }
        guard index > start else { return nil }
        var minutes = 0
        if index - start > 2 {
            minutes = hours % 100
            hours /= 100
        } else if index + 2 < text.count, text[index] == ByteView.colon || text[index] == 0x5F, ByteView.isDigit(text[index + 1]) {
            minutes = text[index + 1..<index + 3].wholeNumber ?? 0
        }
        guard hours <= 14, minutes < 60 else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }

    /// Zones by letters that mean one thing only.
    static let zones: [(name: StaticString, hours: Int)] = [
        ("wet", 0), ("west", 1), ("cet", 1), ("cest", 2), ("eet", 2), ("eest", 3), ("msk", 3), ("est", -5), ("edt", -4), ("cdt", -5), ("mst", -7),
        ("mdt", -6), ("pst", -8), ("pdt", -7),
    ]
}

private struct Parts {
    let text: ByteView
    private var index = 0
    /// The numbers of the date, with their digits and the mark behind them.
    private var numbers: [(value: Int, digits: Int)] = []
    private var mark: UInt8 = 0
    private var month: Int?
    private var time: (hour: Int, minute: Int, second: Int)?
    private var isAfternoon: Bool?
    private var zone: Int?

    init(_ text: ByteView) { self.text = text }

    mutating func read() {
        while index < text.count {
            let byte = text[index]
            if ByteView.isDigit(byte) {
                readNumber()
            } else if ByteView.isLetter(byte) {
                readWord()
            } else if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"), time != nil, zone == nil, index + 1 < text.count,
                ByteView.isDigit(text[index + 1])
            {
                zone = LogDate.zoneOffset(text.from(index))
                return
            } else if byte == UInt8(ascii: "("), numbers.count >= 3 {
                // A remark behind the date; `(sig:…)` of Lumma.
                if !text.from(index + 1).hasPrefix("utc") { return }
                index += 1
            } else {
                index += 1
            }
        }
    }

    private mutating func readNumber() {
        let start = index
        while index < text.count, ByteView.isDigit(text[index]), index - start < 9 { index += 1 }
        guard let value = text[start..<index].wholeNumber else { return }
        let next = index < text.count ? text[index] : 0
        let isDateDone = numbers.count >= 3 || (month != nil && numbers.count >= 2) || (month != nil && numbers.count >= 1 && next == ByteView.colon)
        if time == nil, next == ByteView.colon || (isDateDone && (next == 0x5F || next == UInt8(ascii: "-"))), value < 24 {
            readTime(hour: value, mark: next)
        } else if numbers.count < 3 {
            if numbers.isEmpty { mark = next }
            numbers.append((value, index - start))
        }
    }

    private mutating func readTime(hour: Int, mark: UInt8) {
        var fields: [Int] = []
        while fields.count < 2, index + 1 < text.count, text[index] == mark, ByteView.isDigit(text[index + 1]) {
            let start = index + 1
            index = start
            while index < text.count, ByteView.isDigit(text[index]), index - start < 2 { index += 1 }
            fields.append(text[start..<index].wholeNumber ?? 60)
        }
        guard let minute = fields.first, minute < 60, (fields.dropFirst().first ?? 0) <= 60 else { return }
        time = (hour, minute, min(59, fields.dropFirst().first ?? 0))
        if index < text.count, text[index] == ByteView.dot {
            index += 1
            while index < text.count, ByteView.isDigit(text[index]) { index += 1 }
        }
    }

    private mutating func readWord() {
        let start = index
        while index < text.count, ByteView.isLetter(text[index]) { index += 1 }
        let word = text[start..<index]
        if word.equals("pm") || word.equals("am") {
            isAfternoon = word.equals("pm")
        } else if word.equals("utc") || word.equals("gmt") {
            zone = LogDate.zoneOffset(text.from(start)) ?? 0
            index = text.count
        } else if word.equals("z"), time != nil {
            zone = 0
        } else if time != nil, zone == nil, let named = LogDate.zones.first(where: { word.equals($0.name) }) {
            zone = named.hours * 3_600
        } else if month == nil, word.count >= 3, word.count <= 9 {
            let names: [StaticString] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
            month = names.firstIndex { word.hasPrefix($0) }.map { $0 + 1 }
        }
    }

    func date(offset: Int) -> LogDate? {
        guard let (written, month, day, isAmbiguous) = calendarDay() else { return nil }
        let year = written < 100 ? written + 2_000 : written
        guard (2_005...2_100).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        guard day <= CivilDay.days(inMonth: month, of: year) else { return nil }
        var hour = time?.hour ?? 0
        if let isAfternoon, hour <= 12 { hour = hour % 12 + (isAfternoon ? 12 : 0) }
        let days = CivilDay.number(year: year, month: month, day: day)
        let time = Double(days * 86_400 + hour * 3_600 + (self.time?.minute ?? 0) * 60 + (self.time?.second ?? 0))
        let seconds = self.time == nil ? 0 : zone ?? offset
        return LogDate(
            date: Date(timeIntervalSince1970: time - Double(seconds)), hasTime: self.time != nil, isAmbiguous: isAmbiguous, hasZone: zone != nil)
    }

    private func calendarDay() -> (year: Int, month: Int, day: Int, isAmbiguous: Bool)? {
        if let month {
            guard numbers.count >= 2 else { return nil }
            let isYearFirst = numbers[0].digits == 4
            return (numbers[isYearFirst ? 0 : 1].value, month, numbers[isYearFirst ? 1 : 0].value, false)
        }
        guard numbers.count >= 3 else { return nil }
        let (first, second, third) = (numbers[0].value, numbers[1].value, numbers[2].value)
        if numbers[0].digits == 4 { return (first, second, third, false) }
        if first > 12 { return (third, second, first, false) }
        if second > 12 { return (third, first, second, false) }
        // Both could be the month. The American way has AM and PM, the German way dots.
        if isAfternoon != nil { return (third, first, second, false) }
        return (third, second, first, mark != ByteView.dot && first != second)
    }
}
