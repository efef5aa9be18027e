internal import Core
internal import Glibc

/// Bytes through descriptors of files.
///
/// In bounds: each call is given the memory of a span, an array or a buffer, and no more than that has.
extension FileAccess {
    /// Writes all of `bytes`.
    ///
    /// - Returns: what kept the rest of them from being written; `nil`: nothing.
    public static func write(_ bytes: Span<UInt8>, to fd: Int32) -> Errno? {
        write(bytes) { rest, _ in Glibc.write(fd, rest.baseAddress, rest.count) }
    }

    /// Writes all of `bytes` from `offset` on.
    ///
    /// - Returns: what kept the rest of them from being written; `nil`: nothing.
    static func write(_ bytes: Span<UInt8>, to fd: Int32, at offset: Int64) -> Errno? {
        write(bytes) { rest, done in pwrite(fd, rest.baseAddress, rest.count, off_t(offset + Int64(done))) }
    }

    private static func write(
        _ bytes: Span<UInt8>, by call: (UnsafeRawBufferPointer, Int) -> Int
    ) -> Errno? {
        bytes.withUnsafeBytes { all in
            var done = 0
            while done < all.count {
                let rest = UnsafeRawBufferPointer(rebasing: all[done...])
                let count = SystemCall.retrying { call(rest, done) }
                guard count > 0 else { return count < 0 ? .current : .diskFull }
                done += count
            }
            return nil
        }
    }

    /// Writes `bytes` in one call, as what several processes write must not mix.
    ///
    /// - Returns: what kept all of them, or the rest, from being written; `nil`: nothing.
    static func writeAtOnce(_ bytes: Span<UInt8>, to fd: Int32) -> Errno? {
        let count = bytes.withUnsafeBytes { all in
            SystemCall.retrying { Glibc.write(fd, all.baseAddress, all.count) }
        }
        if count == bytes.count { return nil }
        return count < 0 ? .current : .diskFull
    }

    /// Reads what comes next into the front of `bytes`.
    ///
    /// - Returns: how many; 0 at the end, below it on an error.
    static func read(_ fd: Int32, into bytes: inout [UInt8]) -> Int {
        bytes.withUnsafeMutableBytes { target in
            SystemCall.retrying { Glibc.read(fd, target.baseAddress, target.count) }
        }
    }

    /// Fills `bytes` with what stands at the front of a file.
    ///
    /// - Returns: what kept them from being filled; `nil`: nothing.
    static func fill(_ bytes: inout [UInt8], from fd: Int32) -> Errno? {
        bytes.withUnsafeMutableBytes { all in
            var done = 0
            while done < all.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: all[done...])
                let count = SystemCall.retrying { pread(fd, rest.baseAddress, rest.count, off_t(done)) }
                guard count > 0 else { return count < 0 ? .current : .brokenPipe }
                done += count
            }
            return nil
        }
    }

    /// Reads up to `count` bytes at `offset` into the free end of `buffer`.
    static func append(from fd: Int32, to buffer: ByteBuffer, at offset: Int64, count: Int) -> IOOutcome {
        guard count > 0 else { return .bytes(0) }
        var outcome = IOOutcome.bytes(0)
        _ = buffer.withUnsafeWritable(atLeast: count) { free in
            let result = SystemCall.retrying {
                pread(fd, free.baseAddress, min(count, free.count), off_t(offset))
            }
            outcome = SystemCall.outcome(result)
            return max(result, 0)
        }
        return outcome
    }
}
