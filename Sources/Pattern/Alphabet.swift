/// The bytes as the patterns of a graph tell them apart, and two symbols more: the end of the subject, and a
/// line feed that is its last byte (`$` is true before it).
struct Alphabet {
    /// What assertions ask of a neighbour.
    enum Kind: UInt8, Hashable {
        case start, end, word, newline, lastNewline, other
    }

    /// What a symbol stands for.
    struct Sign {
        /// One of its bytes, which speaks for all; `nil`: the end.
        var byte: UInt8?
        var kind: Kind
    }

    private var symbolOfByte: InlineArray<256, UInt16> = .init(repeating: 0)
    private(set) var signs: [Sign] = []
    /// The symbol that stands behind the last byte.
    let end: Int
    private let lastNewline: Int
    private let tellsWords: Bool
    private let tellsLines: Bool

    var symbols: Int { signs.count }

    init(_ graph: PatternGraph) {
        tellsWords = graph.assertions.contains(.wordBoundary) || graph.assertions.contains(.notWordBoundary)
        tellsLines = graph.assertions.contains(.lineStart)
        var cuts = graph.sets
        if tellsWords { cuts.append(.word) }
        if !graph.assertions.isDisjoint(with: [.lineStart, .lineEnd, .lastLineEnd]) { cuts.append(.newline) }
        // Each cut splits the classes that it goes through.
        var classes: [ByteSet] = [.all]
        for cut in Set(cuts) where classes.count < 256 {
            classes = classes.flatMap { [$0.intersection(cut), $0.subtracting(cut)] }.filter { !$0.isEmpty }
        }
        for members in classes {
            guard let byte = members.first else { continue }
            for member in UInt8.min...UInt8.max where members.contains(member) {
                symbolOfByte[Int(member)] = UInt16(truncatingIfNeeded: signs.count)
            }
            signs.append(Sign(byte: byte, kind: Alphabet.kind(of: byte)))
        }
        lastNewline = signs.count
        signs.append(Sign(byte: 0x0A, kind: .lastNewline))
        end = signs.count
        signs.append(Sign(byte: nil, kind: .end))
    }

    private static func kind(of byte: UInt8) -> Kind {
        if byte == 0x0A { return .newline }
        return ByteSet.word.contains(byte) ? .word : .other
    }

    @inline(__always)
    func symbol(of byte: UInt8) -> Int { Int(symbolOfByte[Int(byte)]) }

    /// The symbol of a byte that ends the subject.
    func symbol(ofLast byte: UInt8) -> Int { byte == 0x0A ? lastNewline : symbol(of: byte) }

    /// What a state remembers of the byte before it: no more than somebody asks for.
    func normalised(_ kind: Kind) -> Kind {
        switch kind {
        case .word: tellsWords ? .word : .other
        case .newline, .lastNewline: tellsLines ? .newline : .other
        case .start, .end, .other: kind
        }
    }
}
