internal import Config
internal import Glibc
internal import Net

/// What became of the last reload, in a file beside the pid file: `-s reload` waits for it.
///
///     milliseconds of the monotonic clock when it began
///     accepted | refused
///     messages, one a line
struct ReloadOutcome {
    enum Result: Equatable {
        case accepted(warnings: [String])
        case refused(String)
    }

    private let path: String

    init(pidPath: String) {
        path = pidPath + ".reload"
    }

    /// Replaces the file at one stroke. Nobody can be told if that fails.
    func write(_ result: Result, begunMs: Int64) {
        var lines = ["\(begunMs)"]
        switch result {
        case .accepted(let warnings): lines += ["accepted"] + warnings
        case .refused(let reason): lines += ["refused", reason]
        }
        let fresh = path + ".new"
        let fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard fd >= 0 else { return }
        let text = lines.joined(separator: "\n")
        let isWhole = Glibc.write(fd, text, text.utf8.count) == text.utf8.count
        close(fd)
        if isWhole { rename(fresh, path) } else { unlink(fresh) }
    }

    /// The outcome of a reload that began at `sinceMs` or later; `nil`: there is none yet.
    func read(sinceMs: Int64) -> Result? {
        guard let bytes = try? FileAccess.readWhole(path, limit: 1 << 20) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
        guard lines.count >= 2, let begun = Int64(lines[0]), begun >= sinceMs else { return nil }
        let messages = Array(lines.dropFirst(2))
        switch lines[1] {
        case "accepted": return .accepted(warnings: messages)
        case "refused": return .refused(messages.joined(separator: "\n"))
        default: return nil
        }
    }

    func remove() { unlink(path) }
}
