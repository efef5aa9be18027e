internal import Core

/// One line of fields in a head, requests' and responses' alike.
///
/// RFC 9112 §5, read strictly: what two readers could take differently is malformed.
struct FieldLine {
    enum Kind {
        /// Its end is not there yet.
        case unfinished
        case malformed
        /// The empty line: the head ends here.
        case end
        case field
    }

    /// What stands in a name besides letters, digits and `-`; the worst that does.
    enum Oddity {
        case none
        case underscore
        /// Another of the bytes that RFC 9110 §5.6.2 allows in a token.
        case token
        /// A visible or 8-bit byte that no name may have.
        case foreign
    }

    var kind = Kind.unfinished
    var oddity = Oddity.none
    var name = Slice()
    /// Which name it is.
    var known = FieldName.other
    var value = Slice()
    /// Where the next line begins.
    var next = 0

    /// What it says.
    var field: Field { Field(name: name, value: value, known: known) }

    /// Reads the line that begins at `start`, as far as it is there.
    ///
    /// Most names are known, and in one that is, no byte is left to be judged. What is not so is read aside.
    @inline(__always)
    static func read(_ bytes: Span<UInt8>, from start: Int) -> FieldLine {
        let line = readKnown(bytes, from: start)
        return line.kind == .field ? line : readOther(bytes, from: start)
    }

    /// Reads a line that has a known name; of any other, and of one that is not all there, it says nothing.
    @inline(__always)
    static func readKnown(_ bytes: Span<UInt8>, from start: Int) -> FieldLine {
        var line = FieldLine()
        guard start < bytes.count, bytes[start] > .space, let colon = ByteScan.colon(in: bytes, from: start)
        else { return line }
        line.known = FieldName.recognise(bytes.extracting(start..<colon))
        guard line.known != .other else { return line }
        line.name = slice(start, colon)
        line.readValue(bytes, colon &+ 1)
        return line
    }

    /// Whether the empty line that ends a head begins at `start`, and all of it is there.
    @inline(__always)
    static func isEnd(_ bytes: Span<UInt8>, at start: Int) -> Bool {
        start < bytes.count &- 1 && bytes[start] == .carriageReturn && bytes[start &+ 1] == .lineFeed
    }

    /// Bytes of a head, which is shorter than 4 GiB: who has it read has looked.
    @inline(__always)
    private static func slice(_ start: Int, _ end: Int) -> Slice {
        Slice(start: UInt32(truncatingIfNeeded: start), count: UInt32(truncatingIfNeeded: end &- start))
    }

    /// A line that has no known name, or no name at all.
    @inline(never)
    static func readOther(_ bytes: Span<UInt8>, from start: Int) -> FieldLine {
        var line = FieldLine()
        guard start < bytes.count else { return line }
        if bytes[start] <= .space {
            line.readEnd(bytes, start)
        } else if let colon = line.judgeName(bytes, start) {
            line.readValue(bytes, colon &+ 1)
        }
        return line
    }

    /// An empty line; anything else that is not visible begins no field (obs-fold: RFC 9112 §5.2).
    private mutating func readEnd(_ bytes: Span<UInt8>, _ start: Int) {
        kind = .malformed
        if bytes[start] == .lineFeed {
            kind = .end
            next = start + 1
        } else if bytes[start] == .carriageReturn {
            guard start + 1 < bytes.count else {
                kind = .unfinished
                return
            }
            guard bytes[start + 1] == .lineFeed else { return }
            kind = .end
            next = start + 2
        }
    }

    /// - Returns: the colon's position, or `nil` if the line is settled without one.
    private mutating func judgeName(_ bytes: Span<UInt8>, _ start: Int) -> Int? {
        var position = ByteScan.endOfPlainName(in: bytes, from: start)
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: ":") {
                name = FieldLine.slice(start, position)
                guard position > start else { break }
                return position
            }
            // A space before the colon (RFC 9112 §5.1), a line without one, a control character.
            guard byte > .space, byte != 0x7F else { break }
            note(byte)
            position = ByteScan.endOfPlainName(in: bytes, from: position + 1)
        }
        kind = position < bytes.count ? .malformed : .unfinished
        return nil
    }

    private mutating func note(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "_"):
            if oddity == .none { oddity = .underscore }
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "^"),
            UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            if oddity != .foreign { oddity = .token }
        default:
            oddity = .foreign
        }
    }

    /// What stands in a name that came by itself.
    static func oddity(of name: Span<UInt8>) -> Oddity {
        var line = FieldLine()
        var position = ByteScan.endOfPlainName(in: name, from: 0)
        while position < name.count {
            line.note(name[position])
            position = ByteScan.endOfPlainName(in: name, from: position + 1)
        }
        return line.oddity
    }

    /// The value, without the white space around it. Bare CR, NUL and other controls are refused.
    @inline(__always)
    private mutating func readValue(_ bytes: Span<UInt8>, _ afterColon: Int) {
        var start = afterColon
        while start < bytes.count, bytes[start] == .space || bytes[start] == .tab { start &+= 1 }
        let textEnd = ByteScan.endOfText(in: bytes, from: start)
        guard textEnd < bytes.count else { return }
        var lineEnd = textEnd
        if bytes[textEnd] == .carriageReturn {
            lineEnd &+= 1
            guard lineEnd < bytes.count else { return }
        }
        guard bytes[lineEnd] == .lineFeed else {
            kind = .malformed
            return
        }
        var end = textEnd
        while end > start, bytes[end &- 1] == .space || bytes[end &- 1] == .tab { end &-= 1 }
        value = FieldLine.slice(start, end)
        next = lineEnd &+ 1
        kind = .field
    }

    /// Whether the name is `wanted` but for bytes that some reader may drop or fold: `Content_Length`.
    static func resembles(_ name: Span<UInt8>, _ wanted: StaticString) -> Bool {
        wanted.withUTF8Buffer { target in
            var matched = 0
            for index in name.indices {
                let byte = name[index].asciiLowercased
                guard byte.isASCIIAlpha || byte.isASCIIDigit else { continue }
                while matched < target.count, target[matched] == UInt8(ascii: "-") { matched += 1 }
                guard matched < target.count, target[matched].asciiLowercased == byte else { return false }
                matched += 1
            }
            return matched == target.count
        }
    }
}
