/// Some of the patterns of a set, by their indices.
///
/// A bit for each: every byte of a subject may be the end of hundreds of patterns, and what was put in before
/// costs no search.
struct PatternIndices {
    private var words: [UInt64] = []
    private(set) var isEmpty = true

    mutating func removeAll() {
        guard !isEmpty else { return }
        words.removeAll(keepingCapacity: true)
        isEmpty = true
    }

    mutating func insert(_ index: Int) {
        let missing = index / 64 + 1 - words.count
        if missing > 0 { words.append(contentsOf: repeatElement(0, count: missing)) }
        words[index / 64] |= 1 << UInt64(index % 64)
        isEmpty = false
    }

    /// The lowest index that is not below `start`.
    func first(from start: Int) -> Int? {
        var place = start / 64
        guard place < words.count else { return nil }
        var word = words[place] & (.max << UInt64(start % 64))
        while word == 0 {
            place += 1
            guard place < words.count else { return nil }
            word = words[place]
        }
        return place * 64 + word.trailingZeroBitCount
    }
}
