import Core
import Testing

@testable import HTTP

/// Eight bytes a step must find what one byte a step finds, wherever it stands.
@Suite("Byte scans") struct ByteScanTests {
    @Test("every byte at every place is told from its neighbours as a plain loop tells it", arguments: 0..<19)
    func places(place: Int) {
        for filler in bytes("az-09 \u{7E}\u{80}\u{FF}") {
            for byte in UInt8.min...UInt8.max {
                var sample = Array(repeating: filler, count: 19)
                sample[place] = byte
                let span = sample.span
                #expect(ByteScan.lineFeed(in: span, from: 0) == sample.firstIndex(of: 0x0A))
                #expect(ByteScan.colon(in: span, from: 0) == sample.firstIndex(of: 0x3A))
                #expect(
                    ByteScan.endOfText(in: span, from: 0) == sample.firstIndex(where: Self.isControl) ?? 19)
                let plainEnd = sample.firstIndex { !Self.isPlain($0) } ?? 19
                #expect(ByteScan.endOfPlainName(in: span, from: 0) == plainEnd)
                #expect(
                    ByteScan.endOfTarget(in: span, from: 0) == sample.firstIndex(where: Self.endsTarget) ?? 19
                )
                #expect(ByteScan.questionMark(in: span, from: 0) == sample.firstIndex(of: 0x3F))
            }
        }
    }

    @Test("an escape, or a slash with a slash or a dot behind it, is found wherever it stands")
    func pathsToNormalise() {
        var generator = SplitMix(seed: 10)
        let alphabet = bytes("aaaaaaaaaaaa/./%\u{AE}\u{AF}")
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...30, using: &generator)
            let sample = (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            let pairs = zip(sample, sample.dropFirst())
            let isWanted =
                sample.contains(0x25) || pairs.contains { $0 == 0x2F && ($1 == 0x2F || $1 == 0x2E) }
            #expect(ByteScan.hasEscapesOrDotSegments(sample.span) == isWanted)
        }
    }

    @Test("random bytes are scanned as a plain loop scans them, from any start")
    func random() {
        var generator = SplitMix(seed: 9)
        let alphabet = bytes("\t\n\r aZ09-:\u{1F}\u{20}\u{7E}\u{7F}\u{80}\u{8A}\u{FF}\0\u{B}\u{9}")
        for _ in 0..<3000 {
            let count = Int.random(in: 0...40, using: &generator)
            let sample = (0..<count).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            let start = Int.random(in: 0...count, using: &generator)
            let rest = sample[start...]
            #expect(ByteScan.lineFeed(in: sample.span, from: start) == rest.firstIndex(of: 0x0A))
            #expect(ByteScan.colon(in: sample.span, from: start) == rest.firstIndex(of: 0x3A))
            #expect(
                ByteScan.endOfText(in: sample.span, from: start) == rest.firstIndex(where: Self.isControl)
                    ?? count)
            let plainEnd = rest.firstIndex { !Self.isPlain($0) } ?? count
            #expect(ByteScan.endOfPlainName(in: sample.span, from: start) == plainEnd)
        }
    }

    @Test("names are plain and small as a plain loop says, of any length and with any byte in any place")
    func lowerNames() {
        for count in 0...20 {
            let sample = (0..<count).map { bytes("az-09")[$0 % 5] }
            #expect(ByteScan.isPlainLowerName(sample.span, from: 0) == true)
            for start in 0..<count {
                for place in start..<count {
                    for byte in UInt8.min...UInt8.max {
                        var changed = sample
                        changed[place] = byte
                        let isPlain = Self.isPlain(byte) && !(0x41...0x5A ~= byte)
                        #expect(ByteScan.isPlainLowerName(changed.span, from: start) == isPlain)
                    }
                }
                var other = sample
                other[0] = UInt8(ascii: ":")
                if start > 0 { #expect(ByteScan.isPlainLowerName(other.span, from: start) == true) }
            }
        }
    }

    private static func isControl(_ byte: UInt8) -> Bool { (byte < 0x20 && byte != 0x09) || byte == 0x7F }

    private static func endsTarget(_ byte: UInt8) -> Bool { byte <= 0x20 || byte == 0x7F || byte == 0x23 }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: true
        default: false
        }
    }
}
