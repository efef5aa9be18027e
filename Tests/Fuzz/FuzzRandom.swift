internal import Core

/// Random numbers and mutations that a seed decides.
struct FuzzRandom: RandomNumberGenerator {
    private var numbers: SplitMix

    init(seed: UInt64) { numbers = SplitMix(seed: seed) }

    /// For what is decided by the input alone, so that an input replays.
    init(of bytes: [UInt8]) {
        // FNV-1a.
        let hash: UInt64 = bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        numbers = SplitMix(seed: hash)
    }

    mutating func next() -> UInt64 { numbers.next() }

    mutating func below(_ bound: Int) -> Int { bound > 0 ? Int.random(in: 0..<bound, using: &self) : 0 }

    mutating func flip() -> Bool { Bool.random(using: &self) }

    /// Where an input of so many bytes is cut on its way.
    mutating func cuts(_ count: Int) -> [Int] { (0..<3).map { _ in below(count + 1) }.sorted() }
}

/// Makes inputs of others.
struct Mutator {
    /// No input is longer.
    static let lengthMax = 16 << 10

    /// What there is to begin with.
    let corpus: [[UInt8]]
    /// What means something to the parser.
    let words: [[UInt8]]

    init(corpus: [[UInt8]], words: [String]) {
        self.corpus = corpus.isEmpty ? [[]] : corpus
        self.words = words.map { Array($0.utf8) } + [[0], [0x7F], [0x80], [0xFF], [0xFF, 0xFF, 0xFF, 0xFF]]
    }

    /// One of the corpus with one to four changes.
    func next(_ random: inout FuzzRandom) -> [UInt8] {
        var bytes = corpus[random.below(corpus.count)]
        for _ in 0...random.below(4) { change(&bytes, &random) }
        return bytes.count > Mutator.lengthMax ? Array(bytes.prefix(Mutator.lengthMax)) : bytes
    }

    private func change(_ bytes: inout [UInt8], _ random: inout FuzzRandom) {
        let at = random.below(bytes.count + 1)
        let end = min(bytes.count, at + 1 + random.below(40))
        switch random.below(9) {
        case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
        case 1: bytes.insert(contentsOf: words[random.below(words.count)], at: at)
        case 2: bytes.replaceSubrange(at..<min(at + 1, bytes.count), with: words[random.below(words.count)])
        case 3: bytes.removeSubrange(at..<min(at + 1, bytes.count))
        case 4: bytes.removeSubrange(at..<end)
        case 5: bytes.insert(contentsOf: bytes[at..<end], at: at)
        case 6: if at < bytes.count { bytes[at] ^= 1 << UInt8(random.below(8)) }
        case 7: repeatPiece(&bytes, at..<end, &random)
        default: splice(&bytes, at, &random)
        }
    }

    /// Many of the same: what is counted or bounded must be.
    private func repeatPiece(_ bytes: inout [UInt8], _ piece: Range<Int>, _ random: inout FuzzRandom) {
        let copy = Array(bytes[piece])
        let times = min(1 << random.below(10), Mutator.lengthMax / max(copy.count, 1))
        bytes.insert(contentsOf: Array(repeating: copy, count: times).joined(), at: piece.lowerBound)
    }

    /// The beginning of one and the end of another.
    private func splice(_ bytes: inout [UInt8], _ at: Int, _ random: inout FuzzRandom) {
        let other = corpus[random.below(corpus.count)]
        bytes.replaceSubrange(at..., with: other[random.below(other.count + 1)...])
    }
}
