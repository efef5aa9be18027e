/// Tells which loops have stood still for too long.
///
/// It counts the time in which it looks itself: a machine that sleeps, or a master that was stopped or busy,
/// does not make its workers late.
struct Watchdog {
    /// A process, and its mark.
    struct Loop {
        let pid: Int32
        let lastTurn: Int
    }

    private struct Silence {
        var lastTurn: Int
        var ms: Int64 = 0
    }

    /// What a process may take until its first turn, if that is longer than the limit: a large configuration
    /// is made then.
    static var startMs: Int64 { 60_000 }

    private var silences: [Int32: Silence] = [:]
    private var lookedMs: Int64?

    /// Time between two looks, in milliseconds.
    static func intervalMs(limitMs: Int) -> Int { max(1, min(1000, limitMs / 4)) }

    /// Looks at the loops that there are.
    ///
    /// - Parameter limitMs: how long one may stand still; 0: as long as it likes.
    /// - Returns: the processes whose loops hang; each again only when another limit has passed.
    mutating func look(at loops: [Loop], limitMs: Int, nowMs: Int64) -> [Int32] {
        guard limitMs > 0 else {
            silences = [:]
            lookedMs = nil
            return []
        }
        let passed = min(nowMs - (lookedMs ?? nowMs), Int64(Watchdog.intervalMs(limitMs: limitMs)) * 2)
        lookedMs = nowMs
        var hung: [Int32] = []
        var next: [Int32: Silence] = [:]
        for loop in loops {
            var silence = silences[loop.pid] ?? Silence(lastTurn: loop.lastTurn)
            silence.ms = silence.lastTurn == loop.lastTurn ? silence.ms + passed : 0
            silence.lastTurn = loop.lastTurn
            let limit = loop.lastTurn == 0 ? max(Int64(limitMs), Watchdog.startMs) : Int64(limitMs)
            if silence.ms >= limit {
                hung.append(loop.pid)
                silence.ms = 0
            }
            next[loop.pid] = silence
        }
        silences = next
        return hung
    }
}
