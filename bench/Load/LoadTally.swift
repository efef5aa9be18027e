import Net

/// What one generating process counts, in memory that the reporting one reads.
struct LoadTally {
    enum Count: Int, CaseIterable {
        /// Answers, and bytes of them.
        case answers, bytes
        case class1, class2, class3, class4, class5
        case connectErrors, readErrors, writeErrors, timeouts, badAnswers
        /// Of an open loop: due, and without an answer when the run was over.
        case unanswered
        case handshakes, resumed
        /// Of the process itself, in microseconds: CPU, and time in which it could run and was not let.
        case cpuUs, waitedUs
        /// When measuring began and ended, by the clock that never goes back.
        case beganUs, endedUs
    }

    static var numbers: Int { 32 + 2 * LatencyRecord.numbers }

    private let memory: SharedMemory
    private let base: Int
    /// From when a request was due, and from when it was sent.
    let corrected: LatencyRecord
    let uncorrected: LatencyRecord

    init(_ memory: SharedMemory, index: Int) {
        self.memory = memory
        base = index * LoadTally.numbers
        corrected = LatencyRecord(memory, at: base + 32)
        uncorrected = LatencyRecord(memory, at: base + 32 + LatencyRecord.numbers)
    }

    func add(_ count: Count, _ amount: Int = 1) { set(count, self[count] + amount) }
    func set(_ count: Count, _ value: Int) { memory.store(base + count.rawValue, value) }
    subscript(count: Count) -> Int { memory.load(base + count.rawValue) }

    /// Forgets the warm-up.
    func clear() {
        for index in base..<(base + LoadTally.numbers) { memory.store(index, 0) }
    }
}
