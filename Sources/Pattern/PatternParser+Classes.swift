internal import Core

/// What stands in brackets.
extension PatternParser {
    mutating func bracket() throws(PatternError) -> Item {
        if follows("[[:<:]]") || follows("[[:>:]]") { return .fixed(wordEdge()) }
        if posixEnd(at: position) != nil {
            let isClass = byte(ahead: 1) == UInt8(ascii: ":")
            let message =
                isClass
                ? "POSIX named classes are supported only within a class"
                : "POSIX collating elements are not supported"
            throw PatternError(message, at: position)
        }
        return .repeatable(.set(try characterClass()))
    }

    /// `[[:<:]]` and `[[:>:]]`: where a word begins, or ends.
    private mutating func wordEdge() -> PatternNode {
        let isStart = byte(ahead: 3) == UInt8(ascii: "<")
        let look = PatternNode.Look(isBehind: !isStart, isNegative: false, offset: position)
        position += 7
        return .concatenation([.assertion(.wordBoundary), .look(.set(.word), look)])
    }

    /// A class as far as it was read.
    private struct Members {
        /// Bytes and ranges: they have no case where the pattern has none.
        var literal = ByteSet()
        /// Sets by name, as they are.
        var named = ByteSet()
        var range = RangeState.none
    }

    /// How far a class has come with what may be the beginning of a range.
    private enum RangeState {
        /// No range can begin here: a range or a named class ended.
        case none
        case possible(UInt8)
        /// A hyphen was read behind the byte.
        case begun(UInt8)
    }

    private mutating func characterClass() throws(PatternError) -> ByteSet {
        position += 1
        let isNegated = current == UInt8(ascii: "^")
        if isNegated { position += 1 }
        var members = Members()
        var isFirst = true
        while let byte = current {
            if isQuoting || follows("\\Q") || follows("\\E") {
                if try quoted(&members) { isFirst = false }
                continue
            }
            if byte == UInt8(ascii: "]"), !isFirst {
                position += 1
                if case .begun = members.range { members.literal.insert(UInt8(ascii: "-")) }
                let literal = flags.caseless ? members.literal.caseFolded : members.literal
                let set = literal.union(members.named)
                return isNegated ? set.inverted : set
            }
            if flags.extendedMore, byte == .space || byte == .tab {
                position += 1
                continue
            }
            isFirst = false
            try member(&members)
        }
        throw PatternError("missing terminating ] for character class", at: bytes.count)
    }

    /// `\Q…\E` in a class.
    ///
    /// - Returns: whether a member was read.
    private mutating func quoted(_ members: inout Members) throws(PatternError) -> Bool {
        if skip("\\E") {
            isQuoting = false
            return false
        }
        if !isQuoting, skip("\\Q") {
            isQuoting = true
            return false
        }
        let byte = bytes[position]
        position += 1
        try add(byte, &members)
        return true
    }

    private mutating func member(_ members: inout Members) throws(PatternError) {
        let byte = bytes[position]
        switch byte {
        case UInt8(ascii: "["):
            if let end = posixEnd(at: position) { return try posix(until: end, &members) }
        case UInt8(ascii: "\\"):
            return try escapedMember(&members)
        case UInt8(ascii: "-"):
            if case .possible(let low) = members.range {
                position += 1
                members.range = .begun(low)
                return
            }
        default: break
        }
        position += 1
        try add(byte, &members)
    }

    private func add(_ byte: UInt8, _ members: inout Members) throws(PatternError) {
        guard case .begun(let low) = members.range else {
            members.literal.insert(byte)
            members.range = .possible(byte)
            return
        }
        guard low <= byte else {
            throw PatternError("range out of order in character class", at: position - 1)
        }
        members.literal.insert(low...byte)
        members.range = .none
    }

    private mutating func escapedMember(
        _ members: inout Members
    ) throws(PatternError) {
        switch try readEscape(inClass: true) {
        case .byte(let byte): try add(byte, &members)
        case .letter(UInt8(ascii: "b")): try add(0x08, &members)
        case .letter(UInt8(ascii: "N")):
            throw PatternError("\\N is not supported in a class", at: position)
        case .letter(UInt8(ascii: "g")), .letter(UInt8(ascii: "i")), .letter(UInt8(ascii: "I")),
            .letter(UInt8(ascii: "j")), .letter(UInt8(ascii: "J")), .letter(UInt8(ascii: "m")),
            .letter(UInt8(ascii: "M")), .letter(UInt8(ascii: "O")), .letter(UInt8(ascii: "q")),
            .letter(UInt8(ascii: "T")), .letter(UInt8(ascii: "y")), .letter(UInt8(ascii: "Y")):
            throw PatternError("unrecognized character follows \\", at: position - 1)
        case .letter, .reference:
            throw PatternError("escape sequence is invalid in character class", at: position)
        case .set(let set):
            members.named.formUnion(set)
            try endNamed(&members)
        }
    }

    /// A set by name is no end of a range; a hyphen behind it must be the last of its class.
    private func endNamed(_ members: inout Members) throws(PatternError) {
        if case .begun = members.range {
            throw PatternError("invalid range in character class", at: position)
        }
        if current == UInt8(ascii: "-"), let next = byte(ahead: 1), next != UInt8(ascii: "]") {
            throw PatternError("invalid range in character class", at: position)
        }
        members.range = .none
    }

    // MARK: POSIX names

    /// Where `[:…:]`, `[.….]` or `[=…=]` at `start` ends; `nil` if it is none.
    private func posixEnd(at start: Int) -> Int? {
        guard start + 1 < bytes.count else { return nil }
        let mark = bytes[start + 1]
        guard [UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "=")].contains(mark) else { return nil }
        var index = start + 2
        while index + 1 < bytes.count {
            let byte = bytes[index]
            let next = bytes[index + 1]
            if byte == mark, next == UInt8(ascii: "]") { return index + 2 }
            if byte == UInt8(ascii: "\\"), next == UInt8(ascii: "]") || next == byte {
                index += 2
                continue
            }
            if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "[") && next == mark { return nil }
            index += 1
        }
        return nil
    }

    private mutating func posix(
        until end: Int, _ members: inout Members
    ) throws(PatternError) {
        if case .begun = members.range {
            throw PatternError("invalid range in character class", at: position)
        }
        guard bytes[position + 1] == UInt8(ascii: ":") else {
            throw PatternError("POSIX collating elements are not supported", at: position)
        }
        var name = bytes[(position + 2)..<(end - 2)]
        let isNegated = name.first == UInt8(ascii: "^")
        if isNegated { name = name.dropFirst() }
        guard let set = ByteSet.posix(Array(name), caseless: flags.caseless) else {
            throw PatternError("unknown POSIX class name", at: position + 2)
        }
        members.named.formUnion(isNegated ? set.inverted : set)
        position = end
        try endNamed(&members)
    }
}
