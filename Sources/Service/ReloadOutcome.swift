internal import Config
internal import Glibc
internal import Net

/// What became of a reload, told to those who ask: `-s reload` makes a file beside the pid file, named after
/// its own number, before it sends the signal. The master puts the outcome into it, and who asked removes it.
///
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

    // MARK: Who asks

    private var ownPath: String { "\(path).\(ProcessID.current)" }

    /// Wants to know the outcome of the next reload.
    func ask() throws(FileError) {
        let fd = open(ownPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard fd >= 0 else { throw FileError("open()", ownPath, .current) }
        close(fd)
    }

    /// The outcome; `nil`: there is none yet.
    func read() -> Result? {
        guard let bytes = try? FileAccess.readWhole(ownPath, limit: 1 << 20) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
        let messages = Array(lines.dropFirst())
        switch lines[0] {
        case "accepted": return .accepted(warnings: messages)
        case "refused": return .refused(messages.joined(separator: "\n"))
        default: return nil
        }
    }

    /// Has asked enough.
    func withdraw() { unlink(ownPath) }

    // MARK: Who answers

    /// The files of those who wait now, and still live.
    func questions() -> [String] {
        let special: Set<Character> = ["*", "?", "[", "\\"]
        let pattern = path.map { special.contains($0) ? "\\\($0)" : "\($0)" }.joined() + ".*"
        return FileAccess.glob(pattern).filter { question in
            guard let asker = Int32(question.dropFirst(path.count + 1)) else { return false }
            if !ProcessID.isAlive(asker) { unlink(question) }
            return ProcessID.isAlive(asker)
        }
    }

    /// Answers at one stroke. Nobody can be told if that fails.
    func answer(_ questions: [String], _ result: Result) {
        let lines =
            switch result {
            case .accepted(let warnings): ["accepted"] + warnings
            case .refused(let reason): ["refused", reason]
            }
        let text = lines.joined(separator: "\n")
        for question in questions {
            let fresh = question + ".new"
            let fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard fd >= 0 else { continue }
            let isWhole = Glibc.write(fd, text, text.utf8.count) == text.utf8.count
            close(fd)
            // Whoever has withdrawn does not want it any more.
            if isWhole, FileAccess.stamp(question) != nil, rename(fresh, question) == 0 { continue }
            unlink(fresh)
        }
    }
}
