import Core
import Foundation
import HTTP
import Testing

@Suite("Dates") struct CivilTimeTests {
    private func format(_ seconds: Int64) -> String {
        let out = ByteBuffer(capacity: 32)
        CivilTime.appendHTTPDate(seconds, to: out)
        return String(decoding: out.bytes, as: UTF8.self)
    }

    @Test("the three forms of RFC 9110 5.6.7 are read")
    func threeForms() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        ] {
            #expect(CivilTime.parseHTTPDate(text) == 784_111_777)
        }
        #expect(CivilTime.parseHTTPDate("Mon Nov 16 08:49:37 2026") == 1_794_818_977)
        #expect(CivilTime.parseHTTPDate("Thursday, 01-Jan-70 00:00:00 GMT") == 0)
    }

    @Test(
        "what is no date is not read",
        arguments: [
            "", "0", "Sun", "Sun, ", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 06-Nov-1994x08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMTx", "Sun Nov 6 08:49:37 1994",
            "Sun Nov  6 08:49:37 94",
            "Su, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 0000 08:49:37 GMT", "Sun, 29 Feb 1900 00:00:00 GMT",
        ])
    func refuses(text: String) {
        #expect(CivilTime.parseHTTPDate(text) == nil)
    }

    @Test("cookies have two digits of the year up to 2037")
    func cookieDates() {
        let out = ByteBuffer(capacity: 64)
        CivilTime.appendCookieDate(784_111_777, to: out)
        out.append("|")
        CivilTime.appendCookieDate(2_145_916_799, to: out)
        out.append("|")
        CivilTime.appendCookieDate(2_145_916_800, to: out)
        #expect(
            String(decoding: out.bytes, as: UTF8.self)
                == "Sun, 06-Nov-94 08:49:37 GMT|Thu, 31-Dec-37 23:59:59 GMT|Fri, 01-Jan-2038 00:00:00 GMT")
    }

    @Test("a leap day is a day")
    func leapDay() {
        #expect(CivilTime.parseHTTPDate("Tue, 29 Feb 2000 00:00:00 GMT") == 951_782_400)
    }

    @Test("dates are written and read back, and agree with the system's calendar")
    func roundTrip() {
        #expect(format(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(format(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        var generator = SplitMix(seed: 7)
        for _ in 0..<300 {
            let seconds = Int64.random(in: -2_000_000_000...6_000_000_000, using: &generator)
            let text = format(seconds)
            #expect(text == formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds))))
            #expect(CivilTime.parseHTTPDate(text) == seconds)
        }
    }

    @Test("times outside of four-digit years are clamped")
    func clamps() {
        #expect(format(.max) == "Fri, 31 Dec 9999 23:59:59 GMT")
        #expect(format(.min).hasSuffix("0000 00:00:00 GMT"))
    }
}
