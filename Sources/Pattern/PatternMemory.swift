/// What matching needs besides the pattern: one a process, used again and again.
///
/// - Note: it also holds the bound on what one match may cost, as PCRE's match limit.
public final class PatternMemory {
    /// Steps that one match may take.
    public var stepsMax = 10_000_000
    /// Time that one match may take, in the unit of `clock`.
    public var timeMax: Int64 = 50
    /// The time now. Asked only by matches that take long.
    public var clock: (() -> Int64)?

    var steps = 0
    private var checkDue = 0
    private var deadline: Int64?

    // MARK: The backtracker's

    var frames: [Backtracker.Frame] = []
    /// Where captures begin and end; -1: not set.
    var slots: [Int32] = []
    var registers: [Int32] = []
    /// A bit for each place of a program that remembers, and position of the subject.
    var tried: [UInt64] = []

    // MARK: The automaton's

    /// Patterns of a set that may match: whether they do is for the backtracker to say.
    var candidates = PatternIndices()

    /// Frames of the backtracker at once; 16 bytes each.
    static var framesMax: Int { 1 << 19 }
    /// Bits of what was tried at once; beyond, nothing is remembered.
    static var triedMax: Int { 1 << 25 }

    /// With the usual bounds, and no clock.
    public init() {}

    /// A new match begins.
    func begin() {
        steps = 0
        checkDue = PatternMemory.stepsBetweenChecks
        deadline = nil
    }

    private static var stepsBetweenChecks: Int { 1 << 14 }

    /// Counts work; whether there was too much of it.
    @inline(__always)
    func spend(_ amount: Int) -> Bool {
        steps &+= amount
        return steps >= checkDue && isExhausted()
    }

    private func isExhausted() -> Bool {
        guard steps < stepsMax else { return true }
        checkDue = min(steps + PatternMemory.stepsBetweenChecks, stepsMax)
        guard let clock else { return false }
        let now = clock()
        guard let deadline else {
            self.deadline = now + timeMax
            return false
        }
        return now > deadline
    }

    /// Gives back what a large match needed.
    func trim() {
        if frames.capacity > 1 << 14 { frames = [] }
        if tried.capacity > 1 << 14 { tried = [] }
    }
}
