import Foundation

/// What went wrong in a test's own machinery, in words.
package struct HarnessError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    /// The last system call's failure.
    package static func call(_ name: String) -> HarnessError {
        HarnessError("\(name)() failed: \(String(cString: strerror(errno)))")
    }
}

/// A moment after which waiting is over; every wait in the tests has one.
package struct Deadline: Sendable {
    private let endNs: UInt64

    /// - Parameter seconds: from now.
    package init(in seconds: Double = 5) {
        endNs = Deadline.nowNs() + UInt64(seconds * 1_000_000_000)
    }

    package var hasPassed: Bool { Deadline.nowNs() >= endNs }

    /// Milliseconds left, for poll(2); never negative.
    package var leftMs: Int32 {
        let now = Deadline.nowNs()
        return now >= endNs ? 0 : Int32((endNs - now + 999_999) / 1_000_000)
    }

    /// Monotonic clock.
    package static func nowNs() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Asks again and again, every two milliseconds, until the condition holds.
/// - Returns: false when the deadline passed first.
package func waitUntil(_ deadline: Deadline = Deadline(), _ condition: () throws -> Bool) rethrows -> Bool {
    while try !condition() {
        if deadline.hasPassed { return false }
        usleep(2000)
    }
    return true
}

extension String {
    /// One character a byte, so that bytes that are not UTF-8 survive and compare.
    package init(latin1 bytes: some Sequence<UInt8>) {
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(Unicode.Scalar(byte)) }
        self.init(text)
    }
}
