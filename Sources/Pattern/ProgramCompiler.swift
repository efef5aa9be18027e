/// Turns a pattern's tree into instructions for the backtracker.
struct ProgramCompiler {
    /// Most instructions of one pattern; PCRE stops at 64 KiB.
    static var instructionsMax: Int { 100_000 }

    private var program = Program()
    /// Whether what was tried is remembered: not within bodies, whose verdict is not a match's, and not where
    /// a reference makes it depend on what was captured.
    private var remembers: Bool
    /// The registers of the loops around, of those whose body may match nothing.
    private var loops: [Int32] = []

    static func compile(_ pattern: PatternParser.Parsed) throws(PatternError) -> Program {
        var compiler = ProgramCompiler(remembers: !pattern.root.hasBackreference)
        compiler.program.captureSlots = 2 * (pattern.groupCount + 1)
        try compiler.emit(pattern.root, pattern.widths)
        try compiler.add(.accept)
        compiler.program.isAnchored = pattern.root.isAnchored
        let first = pattern.root.first
        compiler.program.firstBytes = first.isNullable ? nil : first.set
        return compiler.program
    }

    private init(remembers: Bool) { self.remembers = remembers }

    private var next: Int32 { Int32(truncatingIfNeeded: program.code.count) }

    private mutating func add(_ instruction: Program.Instruction) throws(PatternError) {
        guard program.code.count < ProgramCompiler.instructionsMax else {
            throw PatternError("regular expression is too large", at: 0)
        }
        program.code.append(instruction)
    }

    private mutating func newSlot() -> Int32 {
        guard remembers else { return -1 }
        let inner = loops.last ?? -1
        let outer = loops.dropLast().last ?? -1
        program.triedSlots.append(.init(row: program.triedRows, inner: inner, outer: outer))
        program.triedRows += inner < 0 ? 1 : outer < 0 ? 2 : 4
        return Int32(truncatingIfNeeded: program.triedSlots.count - 1)
    }

    private mutating func newRegister() -> Int32 {
        program.registers += 1
        return Int32(truncatingIfNeeded: program.registers - 1)
    }

    private mutating func index(of set: ByteSet) -> Int32 {
        // Few differ; the youngest is the likeliest.
        if let known = program.sets.lastIndex(of: set), known >= program.sets.count - 64 {
            return Int32(truncatingIfNeeded: known)
        }
        program.sets.append(set)
        return Int32(truncatingIfNeeded: program.sets.count - 1)
    }

    // MARK: Nodes

    private mutating func emit(_ node: PatternNode, _ widths: [Int: Int]) throws(PatternError) {
        switch node {
        case .empty: break
        case .set(let set):
            if let byte = set.single { try add(.byte(byte)) } else { try add(.set(index(of: set))) }
        case .concatenation(let nodes):
            for node in nodes { try emit(node, widths) }
        case .alternation(let nodes): try emit(alternatives: nodes, widths)
        case .group(let inner, let group):
            // Only its end makes it a capture: until then, references see what it captured before.
            let register = newRegister()
            try add(.mark(register))
            try emit(inner, widths)
            try add(.capture(group: Int32(truncatingIfNeeded: group), register: register))
        case .repetition(let inner, let repetition): try emit(inner, repetition, widths)
        case .assertion(let assertion): try add(.assertion(assertion))
        case .look(let inner, let look): try emit(inner, look, widths)
        case .atomic(let inner): try emit(atomic: inner, widths)
        case .backreference(let groups, let caseless):
            program.references.append((groups, caseless))
            try add(.backreference(Int32(truncatingIfNeeded: program.references.count - 1)))
        case .keep: try add(.keep)
        }
    }

    /// A split whose ends are set once they are known.
    private mutating func split() throws(PatternError) -> Int {
        let slot = newSlot()
        try add(.split(first: 0, second: 0, slot: slot))
        return program.code.count - 1
    }

    private mutating func aim(_ split: Int, first: Int32, second: Int32) {
        guard case .split(_, _, let slot) = program.code[split] else { return }
        program.code[split] = .split(first: first, second: second, slot: slot)
    }

    private mutating func emit(
        alternatives nodes: [PatternNode], _ widths: [Int: Int]
    ) throws(PatternError) {
        var jumps: [Int] = []
        for node in nodes.dropLast() {
            let branch = try split()
            let start = next
            try emit(node, widths)
            jumps.append(program.code.count)
            try add(.jump(0))
            aim(branch, first: start, second: next)
        }
        if let last = nodes.last { try emit(last, widths) }
        for jump in jumps { program.code[jump] = .jump(next) }
    }

    // MARK: Repetitions

    private mutating func emit(
        _ inner: PatternNode, _ repetition: PatternNode.Repetition, _ widths: [Int: Int]
    ) throws(PatternError) {
        if case .set(let set) = inner {
            return try span(set, repetition, repetition.isLazy ? .lazy : .greedy)
        }
        guard let max = repetition.max else { return try emit(endless: inner, repetition, widths) }
        for _ in 0..<repetition.min { try emit(inner, widths) }
        var exits: [(split: Int, start: Int32)] = []
        for _ in repetition.min..<max {
            exits.append((try split(), next))
            try emit(inner, widths)
        }
        for exit in exits {
            if repetition.isLazy {
                aim(exit.split, first: next, second: exit.start)
            } else {
                aim(exit.split, first: exit.start, second: next)
            }
        }
    }

    /// `x*`, `x+`, `x{n,}`: the last of the copies that must be there is the loop's body.
    private mutating func emit(
        endless inner: PatternNode, _ repetition: PatternNode.Repetition, _ widths: [Int: Int]
    ) throws(PatternError) {
        for _ in 0..<max(repetition.min - 1, 0) { try emit(inner, widths) }
        let entry = repetition.min == 0 ? try split() : nil
        let start = next
        let register = inner.isNullable ? newRegister() : nil
        if let register {
            try add(.mark(register))
            loops.append(register)
        }
        try emit(inner, widths)
        let check = program.code.count
        if let register { try add(.leaveIfStuck(register: register, exit: 0)) }
        let again = try split()
        if register != nil { loops.removeLast() }
        let exit = next
        if let register { program.code[check] = .leaveIfStuck(register: register, exit: exit) }
        for split in [entry, again].compactMap(\.self) {
            if repetition.isLazy {
                aim(split, first: exit, second: start)
            } else {
                aim(split, first: start, second: exit)
            }
        }
    }

    private mutating func span(
        _ set: ByteSet, _ repetition: PatternNode.Repetition, _ eagerness: Program.Eagerness
    ) throws(PatternError) {
        program.bounds.append(
            .init(min: repetition.min, max: repetition.max ?? .max, eagerness: eagerness))
        let bounds = Int32(truncatingIfNeeded: program.bounds.count - 1)
        let slot = repetition.max == nil && eagerness != .possessive ? newSlot() : -1
        try add(.span(set: index(of: set), bounds: bounds, slot: slot))
    }

    // MARK: Bodies

    private mutating func emit(atomic inner: PatternNode, _ widths: [Int: Int]) throws(PatternError) {
        if case .repetition(.set(let set), let repetition) = inner {
            // A lazy one takes what it must, and no more.
            let taken = PatternNode.Repetition(
                min: repetition.min, max: repetition.isLazy ? repetition.min : repetition.max, isLazy: false)
            return try span(set, taken, .possessive)
        }
        let at = program.code.count
        let slot = newSlot()
        try add(.atomic(next: 0, slot: slot))
        try emit(body: inner, widths)
        program.code[at] = .atomic(next: next, slot: slot)
    }

    private mutating func emit(
        _ inner: PatternNode, _ look: PatternNode.Look, _ widths: [Int: Int]
    ) throws(PatternError) {
        guard look.isBehind, case .alternation(let nodes) = inner else {
            return try emit(
                inner, look, behind: look.isBehind ? inner.width(ofGroups: widths) ?? 0 : 0, widths)
        }
        // Each alternative has a width of its own: (?<=a|bc) is (?:(?<=a)|(?<=bc)); of (?<!a|bc) none may be.
        let looks = nodes.map { PatternNode.look($0, look) }
        try emit(look.isNegative ? .concatenation(looks) : .alternation(looks), widths)
    }

    private mutating func emit(
        _ inner: PatternNode, _ look: PatternNode.Look, behind: Int, _ widths: [Int: Int]
    ) throws(PatternError) {
        program.looks.append(.init(isNegative: look.isNegative, behind: behind))
        let kind = Int32(truncatingIfNeeded: program.looks.count - 1)
        let at = program.code.count
        let slot = newSlot()
        try add(.look(next: 0, kind: kind, slot: slot))
        try emit(body: inner, widths)
        program.code[at] = .look(next: next, kind: kind, slot: slot)
    }

    private mutating func emit(body: PatternNode, _ widths: [Int: Int]) throws(PatternError) {
        let outer = remembers
        remembers = false
        try emit(body, widths)
        remembers = outer
        try add(.bodyEnd)
    }
}

extension PatternNode {
    var hasBackreference: Bool {
        switch self {
        case .backreference: true
        case .empty, .set, .assertion, .keep: false
        case .concatenation(let nodes), .alternation(let nodes): nodes.contains(where: \.hasBackreference)
        case .group(let node, _), .atomic(let node), .repetition(let node, _), .look(let node, _):
            node.hasBackreference
        }
    }

    /// Whether it can match at the beginning of the subject only.
    var isAnchored: Bool {
        switch self {
        case .assertion(let assertion): assertion == .subjectStart
        case .concatenation(let nodes): nodes.first?.isAnchored ?? false
        case .alternation(let nodes): nodes.allSatisfy(\.isAnchored)
        case .group(let node, _), .atomic(let node): node.isAnchored
        case .empty, .set, .repetition, .look, .backreference, .keep: false
        }
    }

    /// The bytes that it can begin with, and whether it can match without taking one.
    var first: (set: ByteSet, isNullable: Bool) {
        switch self {
        case .empty, .assertion, .look, .keep: return (ByteSet(), true)
        case .set(let set): return (set, false)
        case .backreference: return (.all, true)
        case .group(let node, _), .atomic(let node): return node.first
        case .repetition(let node, let repetition):
            let first = node.first
            return (first.set, first.isNullable || repetition.min == 0)
        case .alternation(let nodes):
            var result = (set: ByteSet(), isNullable: false)
            for first in nodes.map(\.first) {
                result.set.formUnion(first.set)
                result.isNullable = result.isNullable || first.isNullable
            }
            return result
        case .concatenation(let nodes):
            var result = (set: ByteSet(), isNullable: true)
            for node in nodes {
                let first = node.first
                result.set.formUnion(first.set)
                guard first.isNullable else { return (result.set, false) }
            }
            return result
        }
    }
}
