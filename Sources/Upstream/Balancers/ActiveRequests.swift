internal import Net
internal import Sharing

/// The active requests of a group's primaries, as they were at the last look.
///
/// Other workers change the numbers at any time, so who compares looks at all of them: a walk along arrays,
/// as asking a thousand peers one by one took 50 µs.
struct ActiveRequests {
    /// By the peer's index.
    private(set) var counts: [Int]
    /// Where in memory the numbers are.
    private let places: [Int]
    /// Neighbours whose numbers are in the same memory.
    private var runs: [(memory: SharedMemory, range: Range<Int>)] = []

    init(_ primaries: [Peer]) {
        counts = primaries.map { _ in 0 }
        places = primaries.map { $0.state.connectionsPlace.index }
        for (index, peer) in primaries.enumerated() {
            let memory = peer.state.connectionsPlace.memory
            if let last = runs.last, last.memory === memory {
                runs[runs.count - 1].range = last.range.lowerBound..<(index + 1)
            } else {
                runs.append((memory, index..<(index + 1)))
            }
        }
    }

    mutating func look() {
        for run in runs { run.memory.load(places, run.range, into: &counts) }
    }
}
