/// Some of the events of a wait, by their numbers: a bit each, so that noting one takes no memory and counts
/// no reference.
public struct EventSet {
    /// How many events a wait counts at most.
    static var countMax: Int { 512 }

    private var words = InlineArray<8, UInt64>(repeating: 0)
    /// Words before it are empty.
    private var first = 0

    /// None of them.
    public init() {}

    /// Takes an event in.
    ///
    /// - Precondition: `index` is one that `Poller.wait` counts.
    public mutating func insert(_ index: Int) {
        words[index >> 6] |= 1 << UInt64(index & 63)
    }

    /// Takes the lowest number out; `nil`: there is none.
    public mutating func popFirst() -> Int? {
        while first < words.count {
            let word = words[first]
            if word != 0 {
                words[first] = word & (word &- 1)
                return first << 6 | word.trailingZeroBitCount
            }
            first += 1
        }
        return nil
    }
}
