internal import CLinux
public import Core
internal import Glibc

/// The time as a worker knows it: read once a turn of the loop, its texts made once a second.
public final class Clock {
    /// Milliseconds of the monotonic clock: for deadlines and durations.
    public private(set) var nowMs: Int64 = 0
    /// Microseconds of the monotonic clock: for durations that are counted.
    public private(set) var nowUs: Int64 = 0
    /// Milliseconds since the epoch.
    public private(set) var wallMs: Int64 = 0
    /// RFC 9110 §5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT".
    public private(set) var httpDate: [UInt8] = []
    /// The same as a field: "Date: Sun, 06 Nov 1994 08:49:37 GMT" and the end of the line.
    private let dateLine = ByteBuffer(capacity: 64)
    /// `$time_local`: "23/Nov/2026:11:31:14 +0000".
    public private(set) var logTime: [UInt8] = []
    /// `$time_iso8601`: "2026-11-23T11:31:14+00:00".
    public private(set) var iso8601: [UInt8] = []

    /// "2026/11/23 11:31:14".
    public private(set) var errorLogTime: [UInt8] = []

    /// A clock that has been read once.
    public init() {
        update()
    }

    /// Seconds since the epoch.
    public var wallSeconds: Int64 { wallMs / 1000 }
    /// Whole seconds of the monotonic clock.
    public var nowSeconds: Int64 { nowMs / 1000 }

    /// Reads the clocks.
    public func update() {
        let previous = wallSeconds
        nowUs = Clock.microseconds(CLOCK_MONOTONIC)
        nowMs = nowUs / 1000
        wallMs = Clock.microseconds(CLOCK_REALTIME) / 1000
        if wallSeconds != previous || httpDate.isEmpty { updateTexts() }
    }

    /// Milliseconds of the processor that this thread has used.
    public static var processorMs: Int64 { microseconds(CLOCK_THREAD_CPUTIME_ID) / 1000 }

    static func microseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    private func updateTexts() {
        var seconds = time_t(wallSeconds)
        var utc = tm()
        var local = tm()
        gmtime_r(&seconds, &utc)
        localtime_r(&seconds, &local)
        httpDate = Clock.format(&utc, "%a, %d %b %Y %H:%M:%S GMT")
        dateLine.removeAll()
        dateLine.append("Date: ")
        dateLine.append(httpDate)
        dateLine.append("\r\n")
        logTime = Clock.format(&local, "%d/%b/%Y:%H:%M:%S %z")
        let zone = Clock.format(&local, "%z")
        iso8601 = Clock.format(&local, "%Y-%m-%dT%H:%M:%S")
        iso8601 += zone.prefix(3) + [UInt8(ascii: ":")] + zone.dropFirst(3)
        errorLogTime = Clock.format(&local, "%Y/%m/%d %H:%M:%S")
    }

    /// What this machine's zone adds to UTC now, in seconds.
    public static var zoneSeconds: Int64 {
        var seconds = time(nil)
        var local = tm()
        localtime_r(&seconds, &local)
        return Int64(local.tm_gmtoff)
    }

    /// "Saturday, 28-Nov-2026 21:35:58 GMT": the time now, in UTC or in this machine's zone.
    public func longDate(isLocal: Bool) -> [UInt8] {
        var seconds = time_t(wallSeconds)
        var parts = tm()
        if isLocal { localtime_r(&seconds, &parts) } else { gmtime_r(&seconds, &parts) }
        return Clock.format(&parts, "%A, %d-%b-%Y %H:%M:%S %Z")
    }

    /// Appends the `Date` field of a response.
    @_effects(releasenone)
    public func appendDateLine(to out: ByteBuffer) { out.append(contentsOf: dateLine) }

    /// `errorLogTime` for those who have no clock.
    static func readErrorLogTime() -> [UInt8] {
        var seconds = time(nil)
        var local = tm()
        localtime_r(&seconds, &local)
        return format(&local, "%Y/%m/%d %H:%M:%S")
    }

    private static func format(_ time: inout tm, _ pattern: String) -> [UInt8] {
        var text = [CChar](repeating: 0, count: 64)
        let length = strftime(&text, text.count, pattern, &time)
        return text.prefix(length).map { UInt8(bitPattern: $0) }
    }
}
