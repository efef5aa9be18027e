import CLinux
import Glibc

/// A process of its own that gives a target inputs, so that its death can be looked into.
struct FuzzProcess {
    /// No input may take longer.
    private static let secondsMax = 10

    /// What became of it.
    enum Outcome {
        case passed(inputs: Int)
        case failed(why: String, input: [UInt8])
    }

    /// What the process leaves for its parent: how many inputs it began, and the last of them.
    private struct Board {
        private static let size = 64 << 10
        private let base: UnsafeMutableRawPointer

        init?() {
            let flags = Int32(MAP_SHARED) | Int32(MAP_ANONYMOUS)
            guard let mapped = mmap(nil, Board.size, PROT_READ | PROT_WRITE, flags, -1, 0),
                mapped != MAP_FAILED
            else { return nil }
            base = mapped
        }

        var count: Int { base.load(as: Int.self) }

        var input: [UInt8] {
            let length = min(max(base.load(fromByteOffset: 8, as: Int.self), 0), Board.size - 16)
            return Array(UnsafeRawBufferPointer(start: base + 16, count: length))
        }

        func note(_ input: [UInt8]) {
            let length = min(input.count, Board.size - 16)
            input.withUnsafeBytes { bytes in
                if let start = bytes.baseAddress { memcpy(base + 16, start, length) }
            }
            base.storeBytes(of: length, toByteOffset: 8, as: Int.self)
            base.storeBytes(of: count + 1, as: Int.self)
        }
    }

    let target: FuzzTarget
    let corpus: [[UInt8]]
    let seed: UInt64
    let seconds: Int

    /// Gives it the corpus, then mutations until the time is up.
    func run() -> Outcome {
        guard let board = Board() else { return .failed(why: "there is no memory", input: []) }
        let child = portico_fork()
        if child == 0 { give(board) }
        guard child > 0 else { return .failed(why: "fork() failed", input: []) }
        var status: Int32 = 0
        var seen = (count: 0, atSecond: time(nil))
        while waitpid(child, &status, WNOHANG) == 0 {
            usleep(5000)
            if board.count != seen.count { seen = (board.count, time(nil)) }
            guard time(nil) - seen.atSecond > FuzzProcess.secondsMax else { continue }
            kill(child, SIGKILL)
            waitpid(child, &status, 0)
            return .failed(why: "takes more than \(FuzzProcess.secondsMax) s", input: board.input)
        }
        if status == 0 { return .passed(inputs: board.count) }
        let why = status & 0x7F == 0 ? "does not hold" : "killed by signal \(status & 0x7F)"
        return .failed(why: why, input: board.input)
    }

    private func give(_ board: Board) -> Never {
        guard let input = FuzzInput() else { _exit(2) }
        // Names in a configuration would be looked up, and files opened.
        var none = rlimit()
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
        let mutator = Mutator(corpus: corpus, words: target.words)
        var random = FuzzRandom(seed: seed)
        let end = time(nil) + seconds
        do {
            for bytes in corpus {
                board.note(bytes)
                try target.read(bytes, in: input)
            }
            while time(nil) < end {
                for _ in 0..<20 {
                    let bytes = mutator.next(&random)
                    board.note(bytes)
                    try target.read(bytes, in: input)
                }
            }
            _exit(0)
        } catch {
            FuzzCommand.complain("\(target.name): \(error)")
            _exit(1)
        }
    }
}
