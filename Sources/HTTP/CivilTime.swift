public import Core

/// Dates of HTTP: RFC 9110 §5.6.7. Seconds since the epoch, UTC.
public enum CivilTime {
    /// A date's parts, UTC.
    public struct Parts: Equatable, Sendable {
        /// Astronomical: 0 is 1 BC.
        public var year: Int
        /// 1–12.
        public var month: Int
        /// 1–31.
        public var day: Int
        /// 0–23.
        public var hour: Int
        /// 0–59.
        public var minute: Int
        /// 0–59.
        public var second: Int
        /// 0 is Sunday.
        public var weekday: Int

        /// The date and time of day `seconds` after the epoch.
        public init(seconds: Int64) {
            let days = CivilTime.floorDivide(seconds, 86400)
            let time = Int(seconds - days * 86400)
            (year, month, day) = CivilTime.civil(fromDays: days)
            hour = time / 3600
            minute = time / 60 % 60
            second = time % 60
            weekday = Int(days - CivilTime.floorDivide(days + 4, 7) * 7 + 4)
        }
    }

    /// The last second of the year 9999: no date that is written with four digits of a year is later.
    public static var lastSecond: Int64 { 253_402_300_799 }
    /// The first second of the year 0.
    private static var firstSecond: Int64 { -62_167_219_200 }

    /// `Jan` for 1 to `Dec` for 12.
    public static func monthName(_ month: Int) -> StaticString {
        switch month {
        case 1: "Jan"
        case 2: "Feb"
        case 3: "Mar"
        case 4: "Apr"
        case 5: "May"
        case 6: "Jun"
        case 7: "Jul"
        case 8: "Aug"
        case 9: "Sep"
        case 10: "Oct"
        case 11: "Nov"
        default: "Dec"
        }
    }

    /// `Sun` for 0 to `Sat` for 6.
    static func weekdayName(_ weekday: Int) -> StaticString {
        switch weekday {
        case 0: "Sun"
        case 1: "Mon"
        case 2: "Tue"
        case 3: "Wed"
        case 4: "Thu"
        case 5: "Fri"
        default: "Sat"
        }
    }

    /// Appends `Sun, 06 Nov 1994 08:49:37 GMT`.
    @_effects(releasenone)
    public static func appendHTTPDate(_ seconds: Int64, to out: ByteBuffer) {
        let parts = Parts(seconds: min(max(seconds, firstSecond), lastSecond))
        out.append(weekdayName(parts.weekday))
        out.append(", ")
        out.append(decimal: UInt(parts.day), width: 2)
        out.append(" ")
        out.append(monthName(parts.month))
        out.append(" ")
        out.append(decimal: UInt(parts.year), width: 4)
        out.append(" ")
        appendTime(parts, to: out)
    }

    /// Appends `Sun, 06-Nov-94 08:49:37 GMT`, as cookies have it; beyond 2037 with all digits of the year.
    public static func appendCookieDate(_ seconds: Int64, to out: ByteBuffer) {
        let parts = Parts(seconds: min(max(seconds, 0), lastSecond))
        out.append(weekdayName(parts.weekday))
        out.append(", ")
        out.append(decimal: UInt(parts.day), width: 2)
        out.append("-")
        out.append(monthName(parts.month))
        out.append("-")
        out.append(decimal: UInt(parts.year > 2037 ? parts.year : parts.year % 100), width: 2)
        out.append(" ")
        appendTime(parts, to: out)
    }

    private static func appendTime(_ parts: Parts, to out: ByteBuffer) {
        out.append(decimal: UInt(parts.hour), width: 2)
        out.append(":")
        out.append(decimal: UInt(parts.minute), width: 2)
        out.append(":")
        out.append(decimal: UInt(parts.second), width: 2)
        out.append(" GMT")
    }

    /// Reads a date in any of the three forms that RFC 9110 §5.6.7 names; `nil`: it is none.
    public static func parseHTTPDate(_ bytes: Span<UInt8>) -> Int64? {
        HTTPDateReader.read(bytes)
    }

    /// The same, for cold paths.
    public static func parseHTTPDate(_ text: String) -> Int64? {
        parseHTTPDate(Array(text.utf8).span)
    }

    /// Seconds since the epoch; `nil` if there is no such day or time. A leap second is the next minute's
    /// first.
    public static func seconds(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0
    ) -> Int64? {
        guard 1...9999 ~= year, 1...12 ~= month, day >= 1, day <= length(ofMonth: month, year: year) else {
            return nil
        }
        guard 0...23 ~= hour, 0...59 ~= minute, 0...60 ~= second else { return nil }
        return daysFromCivil(year, month, day) * 86400 + Int64(hour * 3600 + minute * 60 + second)
    }

    private static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since the epoch of a date in the proleptic Gregorian calendar.
    private static func daysFromCivil(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        let shifted = Int64(month <= 2 ? year - 1 : year)
        let era = floorDivide(shifted, 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * Int64(month > 2 ? month - 3 : month + 9) + 2) / 5 + Int64(day) - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(fromDays days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let part = (5 * dayOfYear + 2) / 153
        let month = Int(part < 10 ? part + 3 : part - 9)
        let year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
        return (year, month, Int(dayOfYear - (153 * part + 2) / 5 + 1))
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }
}
