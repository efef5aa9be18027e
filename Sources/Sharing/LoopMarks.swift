public import Net

/// What a loop does between two turns.
public enum LoopActivity: Int, CaseIterable, Sendable {
    case starting, waiting, peers, client, accepting, orders, checks, timers, handshakes, logs

    /// With the serial number of a client's connection where there is one.
    package func text(number: Int) -> String {
        switch self {
        case .starting: "while it started"
        case .waiting: "while it waited for events"
        case .peers: "while it read answers of servers"
        case .client: number > 0 ? "while it served client *\(number)" : "while it served clients"
        case .accepting: "while it accepted clients"
        case .orders: "while it obeyed its master"
        case .checks: "while it asked servers, names or authorities"
        case .timers: "while it served timers"
        case .handshakes: "while it shook hands with clients"
        case .logs: "while it wrote logs"
        }
    }
}

/// Where each loop leaves a mark at each turn, in memory that its master looks at.
public final class LoopMarks {
    /// A cache line each.
    private static var rowSize: Int { 8 }

    private let memory: SharedMemory
    private let slots: Int

    /// Room for `slots` workers, and for the checker.
    package init(slots: Int) throws(Errno) {
        self.slots = slots
        memory = try SharedMemory(count: (slots + 1) * LoopMarks.rowSize)
    }

    /// The mark of the worker in `slot`.
    public func worker(_ slot: Int) -> LoopMark { LoopMark(memory, slot * LoopMarks.rowSize) }
    /// The mark of the checker.
    public var checker: LoopMark { LoopMark(memory, slots * LoopMarks.rowSize) }
}

/// The mark of one loop. Leaving it is a plain store into a line of memory that nobody else writes to.
public struct LoopMark {
    @usableFromInline let memory: SharedMemory
    @usableFromInline let start: Int

    init(_ memory: SharedMemory, _ start: Int) {
        self.memory = memory
        self.start = start
    }

    /// Another process begins with it.
    public func clear() {
        memory.store(start, 0)
        memory.store(start + 1, 0)
        memory.store(start + 2, 0)
    }

    // MARK: The loop's side

    /// A turn begins.
    @inlinable
    public func turn(nowMs: Int64) { memory.store(start, Int(truncatingIfNeeded: nowMs)) }

    /// Says what the loop does from now on.
    @inlinable
    public func does(_ activity: LoopActivity, number: Int = 0) {
        memory.store(start + 1, number << 8 | activity.rawValue)
    }

    /// The process finishes what it serves and takes nothing new.
    package func leaves() { memory.store(start + 2, 1) }

    // MARK: The master's side

    /// It takes nothing new, whoever told it so.
    public var isLeaving: Bool { memory.load(start + 2) != 0 }

    /// Another number at each turn that takes a millisecond; 0: there was none yet.
    public var lastTurn: Int { memory.load(start) }

    /// What the loop is doing, in words.
    public var activity: String {
        let value = memory.load(start + 1)
        return (LoopActivity(rawValue: value & 0xFF) ?? .waiting).text(number: value >> 8)
    }
}
