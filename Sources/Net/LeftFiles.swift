internal import Glibc

/// Temporary files that nobody holds any more: what they took goes back to the system piece by piece.
///
/// The last close of a file of 100 MB takes 10 ms, in which a loop would serve nobody. A file's end is cut
/// off instead, a little in each turn, until what is left is small.
public final class LeftFiles {
    private struct Left {
        let fd: Int32
        /// Bytes that are still there.
        var size: Int64
    }

    /// A file that is no larger is closed at once; of others so much goes at a time, in bytes.
    private static var pieceSize: Int64 { 1 << 20 }
    /// For so long, in microseconds, pieces are given back in one turn.
    private static var turnUs: Int64 { 300 }
    /// Of more files the oldest is closed at once: each holds a descriptor.
    private static var countMax: Int { 64 }

    private var files: [Left] = []

    /// Nothing is left yet.
    public init() {}

    deinit {
        for file in files { close(file.fd) }
    }

    /// Nothing is to be given back.
    public var isEmpty: Bool { files.isEmpty }

    /// Takes over a file that never had a name: nobody else has it.
    func add(_ fd: Int32, size: Int64) {
        guard size > LeftFiles.pieceSize else {
            close(fd)
            return
        }
        if files.count >= LeftFiles.countMax { close(files.removeFirst().fd) }
        files.append(Left(fd: fd, size: size))
    }

    /// Goes on, for a part of a turn.
    public func giveBack() {
        let endUs = Clock.microseconds(CLOCK_MONOTONIC) + LeftFiles.turnUs
        repeat {
            guard var file = files.popLast() else { return }
            file.size -= LeftFiles.pieceSize
            if file.size > 0, ftruncate(file.fd, off_t(file.size)) == 0 {
                files.append(file)
            } else {
                close(file.fd)
            }
        } while Clock.microseconds(CLOCK_MONOTONIC) < endUs
    }
}
