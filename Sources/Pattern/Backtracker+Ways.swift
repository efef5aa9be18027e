internal import Core

/// The ways that a backtracker keeps open, and what it does in one step.
extension Backtracker {
    /// - Returns: whether there was room.
    @inline(__always)
    func push(_ frame: Frame) -> Bool {
        guard memory.frames.count < PatternMemory.framesMax else { return false }
        memory.frames.append(frame)
        return true
    }

    /// Sets a capture; what it was comes back with the way.
    @inline(__always)
    func save(_ slot: Int32, _ position: Int) -> Bool {
        let index = Int(slot)
        guard push(.init(kind: .capture, target: slot, position: memory.slots[index])) else { return false }
        memory.slots[index] = Int32(truncatingIfNeeded: position)
        return true
    }

    func mark(_ register: Int32, _ position: Int) -> Bool {
        let index = Int(register)
        guard push(.init(kind: .register, target: register, position: memory.registers[index])) else {
            return false
        }
        memory.registers[index] = Int32(truncatingIfNeeded: position)
        return true
    }

    /// The youngest way that is still open.
    func resume(_ subject: Span<UInt8>, _ floor: Int) -> (pc: Int, position: Int)? {
        while memory.frames.count > floor, let frame = memory.frames.popLast() {
            switch frame.kind {
            case .branch: return (Int(frame.target), Int(frame.position))
            case .capture: memory.slots[Int(frame.target)] = frame.position
            case .register: memory.registers[Int(frame.target)] = frame.position
            case .greedy:
                let position = frame.position - 1
                if position > frame.limit {
                    var rest = frame
                    rest.position = position
                    memory.frames.append(rest)
                }
                return (Int(frame.target), Int(position))
            case .lazy:
                if let way = takeOneMore(subject, frame) { return way }
            }
        }
        return nil
    }

    /// A lazy span takes another byte.
    private func takeOneMore(_ subject: Span<UInt8>, _ frame: Frame) -> (pc: Int, position: Int)? {
        let position = Int(frame.position)
        guard case .span(let set, _, let slot) = program.code[Int(frame.target)],
            position < subject.count, position < Int(frame.limit),
            program.sets[Int(set)].contains(subject[position]),
            !wasTried(slot, position + 1, subject.count + 1)
        else { return nil }
        var rest = frame
        rest.position = frame.position + 1
        memory.frames.append(rest)
        return (Int(frame.target) + 1, position + 1)
    }

    /// Takes bytes of a set: as many as it may, or as few as it must.
    func span(
        _ subject: Span<UInt8>, _ pc: Int, _ start: Int, set: Int32, bounds: Int32, slot: Int32
    ) -> End {
        let set = program.sets[Int(set)]
        let bounds = program.bounds[Int(bounds)]
        let rest = subject.count - start
        guard bounds.min <= rest else { return .nowhere }
        let lowest = start + bounds.min
        for index in start..<lowest where !set.contains(subject[index]) { return .nowhere }
        let highest = start + min(bounds.max, rest)
        switch bounds.eagerness {
        case .lazy:
            guard !wasTried(slot, lowest, subject.count + 1) else { return .nowhere }
            guard
                push(
                    .init(
                        kind: .lazy, target: Int32(truncatingIfNeeded: pc),
                        position: Int32(truncatingIfNeeded: lowest), limit: Int32(truncatingIfNeeded: highest)
                    ))
            else { return .tooCostly }
            return .at(lowest)
        case .greedy, .possessive:
            if wasTried(slot, lowest, subject.count + 1) { return .nowhere }
            var end = lowest
            // From a place where it stood before, all was tried.
            while end < highest, set.contains(subject[end]), !wasTried(slot, end + 1, subject.count + 1) {
                end += 1
            }
            if memory.spend((end - start) >> 4) { return .tooCostly }
            guard bounds.eagerness == .greedy else { return .at(end) }
            guard end > lowest else { return .at(end) }
            let frame = Frame(
                kind: .greedy, target: Int32(truncatingIfNeeded: pc + 1),
                position: Int32(truncatingIfNeeded: end), limit: Int32(truncatingIfNeeded: lowest))
            return push(frame) ? .at(end) : .tooCostly
        }
    }

    // MARK: Bodies

    /// Whether what a look looks for is there; `nil`: it cost too much to say.
    func look(_ subject: Span<UInt8>, _ pc: Int, _ position: Int, _ kind: Program.LookKind) -> Bool? {
        guard position >= kind.behind else { return kind.isNegative }
        switch body(subject, pc, position - kind.behind, keepingCaptures: !kind.isNegative) {
        case .at: return !kind.isNegative
        case .nowhere: return kind.isNegative
        case .tooCostly: return nil
        }
    }

    /// Runs the body behind an instruction. Its ways are closed when it has matched.
    func body(_ subject: Span<UInt8>, _ pc: Int, _ position: Int, keepingCaptures: Bool) -> End {
        let floor = memory.frames.count
        switch run(subject, from: pc + 1, at: position, floor: floor) {
        case .nowhere: return .nowhere
        case .tooCostly: return .tooCostly
        case .at(let end):
            closeWays(above: floor, keepingCaptures: keepingCaptures)
            return .at(end)
        }
    }

    /// Only what brings captures back stays, if the body is kept; else it is undone at once.
    private func closeWays(above floor: Int, keepingCaptures: Bool) {
        guard keepingCaptures else {
            while memory.frames.count > floor, let frame = memory.frames.popLast() {
                if frame.kind == .capture { memory.slots[Int(frame.target)] = frame.position }
                if frame.kind == .register { memory.registers[Int(frame.target)] = frame.position }
            }
            return
        }
        var kept = floor
        for index in floor..<memory.frames.count {
            let frame = memory.frames[index]
            guard frame.kind == .capture || frame.kind == .register else { continue }
            memory.frames[kept] = frame
            kept += 1
        }
        memory.frames.removeLast(memory.frames.count - kept)
    }

    /// Where the text of a group, found again at `position`, ends. What was not captured is nowhere.
    func end(
        of reference: (groups: [Int], caseless: Bool), _ subject: Span<UInt8>, _ position: Int
    ) -> Int? {
        for group in reference.groups where 2 * group + 1 < memory.slots.count {
            let start = Int(memory.slots[2 * group])
            let end = Int(memory.slots[2 * group + 1])
            guard start >= 0, end >= start else { continue }
            let length = end - start
            guard length <= subject.count - position else { return nil }
            _ = memory.spend(length >> 4)
            for offset in 0..<length {
                let one = subject[start + offset]
                let other = subject[position + offset]
                guard one == other || reference.caseless && one.asciiLowercased == other.asciiLowercased
                else {
                    return nil
                }
            }
            return position + length
        }
        return nil
    }
}

extension PatternNode.Assertion {
    func holds(in subject: Span<UInt8>, at position: Int) -> Bool {
        let isFirst = position == 0
        let isLast = position == subject.count
        switch self {
        case .subjectStart: return isFirst
        case .lineStart: return isFirst || !isLast && subject[position - 1] == 0x0A
        case .subjectEnd: return isLast
        case .lastLineEnd: return isLast || position == subject.count - 1 && subject[position] == 0x0A
        case .lineEnd: return isLast || subject[position] == 0x0A
        case .wordBoundary, .notWordBoundary:
            let before = !isFirst && ByteSet.word.contains(subject[position - 1])
            let after = !isLast && ByteSet.word.contains(subject[position])
            return (before != after) == (self == .wordBoundary)
        }
    }
}
