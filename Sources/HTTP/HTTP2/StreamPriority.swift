internal import Core

/// How soon a client wants a response: RFC 9218.
public struct StreamPriority: Equatable, Sendable {
    /// 0 is the most urgent, 7 the least: §4.1.
    public var urgency: UInt8 = 3
    /// Parts of it are of use, so that it may share with others of its urgency: §4.2.
    public var isIncremental = false

    /// The default of both.
    public init() {}

    /// A priority by its parts.
    public init(urgency: UInt8, isIncremental: Bool) {
        self.urgency = urgency
        self.isIncremental = isIncremental
    }

    /// Reads `u=1, i`: a dictionary of RFC 8941, of which other members, parameters and members of the wrong
    /// type are ignored (§4). The last one of a name counts.
    public init(_ text: Span<UInt8>) {
        var position = 0
        while position < text.count {
            var end = position
            while end < text.count, text[end] != UInt8(ascii: ",") { end += 1 }
            read(text.extracting(position..<end))
            position = end + 1
        }
    }

    private mutating func read(_ member: Span<UInt8>) {
        var start = 0
        var end = 0
        while start < member.count, member[start] == .space || member[start] == .tab { start += 1 }
        // Parameters of a member mean nothing here.
        while end < member.count, member[end] != UInt8(ascii: ";") { end += 1 }
        while end > start, member[end - 1] == .space || member[end - 1] == .tab { end -= 1 }
        guard end > start else { return }
        switch (member[start], end - start) {
        case (UInt8(ascii: "u"), 3) where member[start + 1] == UInt8(ascii: "="):
            let digit = member[start + 2] &- 0x30
            if digit <= 7 { urgency = digit }
        case (UInt8(ascii: "i"), 1):
            isIncremental = true
        case (UInt8(ascii: "i"), 4)
        where member[start + 1] == UInt8(ascii: "=") && member[start + 2] == UInt8(ascii: "?"):
            let flag = member[start + 3] &- 0x30
            if flag <= 1 { isIncremental = flag == 1 }
        default:
            break
        }
    }
}
