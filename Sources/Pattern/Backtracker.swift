internal import Core

/// Runs a program as PCRE does: the first way that leads to a match is the match.
///
/// What was tried without success at a place is not tried again there, so that most patterns take time in
/// proportion to their size and the subject's; the rest has a bound (`PatternMemory`).
struct Backtracker {
    /// What is to be done when a way leads nowhere.
    struct Frame {
        enum Kind: UInt8 {
            /// Go on at `target`, at `position`.
            case branch
            /// Capture slot `target` was `position`.
            case capture
            /// Register `target` was `position`.
            case register
            /// The span before `target` took bytes up to `position`; it may give back as far as `limit`.
            case greedy
            /// The span at `target` took bytes up to `position`; it may take one more, as far as `limit`.
            case lazy
        }
        var kind: Kind
        var target: Int32
        var position: Int32
        var limit: Int32 = 0
    }

    enum Verdict {
        case match
        case noMatch
        /// It would have cost too much to find out.
        case limitExceeded
    }

    enum End {
        case at(Int)
        case nowhere
        case tooCostly
    }

    let program: Program
    let memory: PatternMemory

    /// Looks for the first match; where it is, and its captures, are in `memory.slots`.
    func search(_ subject: Span<UInt8>) -> Verdict {
        let positions = subject.count + 1
        guard positions < Int(Int32.max) else { return .limitExceeded }
        memory.slots.removeAll(keepingCapacity: true)
        memory.slots.append(contentsOf: repeatElement(-1, count: program.captureSlots))
        memory.registers.removeAll(keepingCapacity: true)
        memory.registers.append(contentsOf: repeatElement(-1, count: program.registers))
        forgetTried(positions)
        defer { memory.trim() }
        var start = 0
        while start < positions {
            if let first = program.firstBytes {
                while start < subject.count, !first.contains(subject[start]) { start += 1 }
                guard start < subject.count, !program.isAnchored || start == 0 else { return .noMatch }
            }
            memory.frames.removeAll(keepingCapacity: true)
            memory.slots[0] = Int32(truncatingIfNeeded: start)
            switch run(subject, from: 0, at: start, floor: 0) {
            case .at(let end):
                memory.slots[1] = Int32(truncatingIfNeeded: end)
                return .match
            case .tooCostly: return .limitExceeded
            case .nowhere: break
            }
            if program.isAnchored { return .noMatch }
            start += 1
        }
        return .noMatch
    }

    private func forgetTried(_ positions: Int) {
        memory.tried.removeAll(keepingCapacity: true)
        let (bits, isTooMuch) = program.triedRows.multipliedReportingOverflow(by: positions)
        guard !isTooMuch, bits <= PatternMemory.triedMax else { return }
        memory.tried.append(contentsOf: repeatElement(0, count: (bits + 63) / 64))
    }

    /// Notes that `slot` is tried at `position`.
    ///
    /// - Returns: whether it was tried before.
    @inline(__always)
    func wasTried(_ slot: Int32, _ position: Int, _ positions: Int) -> Bool {
        guard slot >= 0 else { return false }
        let place = program.triedSlots[Int(slot)]
        var row = place.row
        if place.inner >= 0 {
            if Int(memory.registers[Int(place.inner)]) == position { row &+= 1 }
            if place.outer >= 0, Int(memory.registers[Int(place.outer)]) == position { row &+= 2 }
        }
        let bit = row &* positions &+ position
        let word = bit >> 6
        guard word < memory.tried.count else { return false }
        let mask: UInt64 = 1 << UInt64(bit & 63)
        let before = memory.tried[word]
        memory.tried[word] = before | mask
        return before & mask != 0
    }

    /// Runs from an instruction to the end of the program, or of the body that it is in.
    ///
    /// Frames above `floor` are its own. Bodies run in a call of their own; patterns bound how deep.
    func run(_ subject: Span<UInt8>, from start: Int, at position: Int, floor: Int) -> End {
        let count = subject.count
        let code = program.code.span
        var pc = start
        var position = position
        while true {
            if memory.spend(1) { return .tooCostly }
            var isAlive = true
            switch code[pc] {
            case .byte(let byte):
                isAlive = position < count && subject[position] == byte
                position &+= 1
                pc &+= 1
            case .set(let set):
                isAlive = position < count && program.sets[Int(set)].contains(subject[position])
                position &+= 1
                pc &+= 1
            case .jump(let target): pc = Int(target)
            case .split(let first, let second, let slot):
                if wasTried(slot, position, count &+ 1) {
                    isAlive = false
                } else {
                    guard
                        push(
                            .init(
                                kind: .branch, target: second, position: Int32(truncatingIfNeeded: position)))
                    else { return .tooCostly }
                    pc = Int(first)
                }
            case .capture(let group, let register):
                let start = Int(memory.registers[Int(register)])
                guard save(2 &* group, start), save(2 &* group &+ 1, position) else { return .tooCostly }
                pc &+= 1
            case .span(let set, let bounds, let slot):
                switch span(subject, pc, position, set: set, bounds: bounds, slot: slot) {
                case .at(let end): position = end
                case .nowhere: isAlive = false
                case .tooCostly: return .tooCostly
                }
                pc &+= 1
            case .accept, .bodyEnd: return .at(position)
            case .assertion, .look, .atomic, .backreference, .keep, .mark, .leaveIfStuck:
                switch step(subject, code[pc], pc, position) {
                case .go(let nextPC, let nextPosition):
                    pc = nextPC
                    position = nextPosition
                case .nowhere: isAlive = false
                case .tooCostly: return .tooCostly
                }
            }
            if isAlive { continue }
            guard let (nextPC, nextPosition) = resume(subject, floor) else { return .nowhere }
            pc = nextPC
            position = nextPosition
        }
    }

    /// Where an instruction leads.
    private enum Step {
        case go(pc: Int, position: Int)
        case nowhere
        case tooCostly
    }

    /// Does what most patterns have none of.
    private func step(
        _ subject: Span<UInt8>, _ instruction: Program.Instruction, _ pc: Int, _ position: Int
    ) -> Step {
        let positions = subject.count &+ 1
        switch instruction {
        case .assertion(let assertion):
            return assertion.holds(in: subject, at: position) ? .go(pc: pc + 1, position: position) : .nowhere
        case .look(let next, let kind, let slot):
            if wasTried(slot, position, positions) { return .nowhere }
            guard let holds = look(subject, pc, position, program.looks[Int(kind)]) else { return .tooCostly }
            return holds ? .go(pc: Int(next), position: position) : .nowhere
        case .atomic(let next, let slot):
            if wasTried(slot, position, positions) { return .nowhere }
            switch body(subject, pc, position, keepingCaptures: true) {
            case .at(let end): return .go(pc: Int(next), position: end)
            case .nowhere: return .nowhere
            case .tooCostly: return .tooCostly
            }
        case .backreference(let index):
            let end = end(of: program.references[Int(index)], subject, position)
            return end.map { .go(pc: pc + 1, position: $0) } ?? .nowhere
        case .keep: return save(0, position) ? .go(pc: pc + 1, position: position) : .tooCostly
        case .mark(let register):
            return mark(register, position) ? .go(pc: pc + 1, position: position) : .tooCostly
        case .leaveIfStuck(let register, let exit):
            let isStuck = Int(memory.registers[Int(register)]) == position
            return .go(pc: isStuck ? Int(exit) : pc + 1, position: position)
        case .byte, .set, .span, .jump, .split, .capture, .accept, .bodyEnd: return .nowhere
        }
    }
}
