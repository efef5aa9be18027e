/// A pattern as instructions for the backtracker.
struct Program {
    /// One step. Positions are indices of instructions.
    enum Instruction {
        case byte(UInt8)
        /// One byte out of `sets[index]`.
        case set(Int32)
        /// Many bytes out of a set; `slot` is its place in the memory of what was tried, -1: none.
        case span(set: Int32, bounds: Int32, slot: Int32)
        case jump(Int32)
        /// Goes to `first`; to `second` if that leads nowhere.
        case split(first: Int32, second: Int32, slot: Int32)
        /// A group ended that began where the register says.
        case capture(group: Int32, register: Int32)
        case assertion(PatternNode.Assertion)
        /// The body follows, and ends with `bodyEnd`; then it goes on at `next`.
        case look(next: Int32, kind: Int32, slot: Int32)
        case atomic(next: Int32, slot: Int32)
        case bodyEnd
        case backreference(Int32)
        case keep
        /// Notes where a group or an iteration begins.
        case mark(Int32)
        /// Leaves the loop for `exit` if the iteration took nothing, as PCRE does.
        case leaveIfStuck(register: Int32, exit: Int32)
        case accept
    }

    /// How often a span may take a byte.
    struct Bounds {
        var min: Int
        /// `Int.max`: without end.
        var max: Int
        var eagerness: Eagerness
    }

    enum Eagerness { case greedy, lazy, possessive }

    /// A place that remembers at which positions it was tried.
    ///
    /// In loops whose body may match nothing it is one thing to be there with an iteration that has taken
    /// something, and another with one that has not: what follows is not the same. Two loops are told apart.
    struct TriedSlot {
        var row: Int
        /// The registers of the innermost such loop, and of the one around it; -1: none.
        var inner: Int32
        var outer: Int32
    }

    struct LookKind {
        var isNegative: Bool
        /// Bytes before the place where the body begins; 0 for look-aheads.
        var behind: Int
    }

    var code: [Instruction] = []
    var sets: [ByteSet] = []
    var bounds: [Bounds] = []
    var looks: [LookKind] = []
    var references: [(groups: [Int], caseless: Bool)] = []
    /// Slots of captures: two a group, the whole match first.
    var captureSlots = 2
    /// Registers of groups and loops.
    var registers = 0
    /// Rows in the memory of what was tried.
    var triedRows = 0
    /// What remembers: by `slot` of an instruction.
    var triedSlots: [TriedSlot] = []
    /// Only the beginning of the subject can match.
    var isAnchored = false
    /// The bytes that a match can begin with; `nil`: any, or none.
    var firstBytes: ByteSet?
}
