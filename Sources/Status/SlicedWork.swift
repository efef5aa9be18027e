package import Core
internal import Net

/// Work that is done a slice at a time, so that requests are served in between: the answer of a status page
/// with thousands of servers takes as long as ten thousand requests.
package final class SlicedWork {
    /// How long a slice may take, in microseconds; its last step may exceed it by a little.
    static var sliceUs: Int64 { 1000 }

    /// Steps that are alike, one for each index.
    private struct Loop {
        let count: Int
        /// - Returns: whether the loop goes on.
        let body: (Int) -> Bool
    }

    /// What it is for: each may hold so much of a worker.
    package enum Purpose {
        case report
        case listing

        /// Most that a worker makes at once. Each holds all that it is about until its client has it.
        package var countMax: Int {
            switch self {
            case .report: 8
            case .listing: 32
            }
        }
    }

    /// How many a worker makes now.
    package struct Counts {
        private var reports = 0
        private var listings = 0

        /// There is none.
        package init() {}

        /// How many of one purpose.
        package subscript(purpose: Purpose) -> Int {
            get {
                switch purpose {
                case .report: reports
                case .listing: listings
                }
            }
            set {
                switch purpose {
                case .report: reports = newValue
                case .listing: listings = newValue
                }
            }
        }
    }

    private var loops: [Loop] = []
    private var place = (loop: 0, index: 0)
    private let clock = Clock()

    /// What it is counted as: see `countMax`.
    package let purpose: Purpose
    /// What the work makes; it may be sent as soon as something is in it.
    package let out: ByteBuffer
    /// What the work ends with, if nothing of it was sent before.
    package let end: () -> Void
    /// It waits for its turn.
    package var isQueued = false

    /// - Parameters:
    ///   - out: where the answer's content goes.
    ///   - end: called when all is done, if nothing was sent before.
    package init(
        _ purpose: Purpose = .report, out: ByteBuffer = ByteBuffer(capacity: 16),
        end: @escaping () -> Void = {}
    ) {
        self.purpose = purpose
        self.out = out
        self.end = end
    }

    /// Adds a step behind those that there are.
    package func once(_ body: @escaping () -> Void) {
        loops.append(
            Loop(count: 1) { _ in
                body()
                return true
            })
    }

    /// Adds a step for each index.
    package func each(_ count: Int, _ body: @escaping (Int) -> Void) {
        loops.append(
            Loop(count: count) { index in
                body(index)
                return true
            })
    }

    /// Adds steps until one says that it was the last.
    package func repeating(_ body: @escaping () -> Bool) { loops.append(Loop(count: .max) { _ in body() }) }

    /// Does what time allows.
    ///
    /// - Parameter outMax: bytes in `out` beyond which nothing more is made now.
    /// - Returns: whether all is done.
    package func run(outMax: Int = .max, sliceUs: Int64 = sliceUs) -> Bool {
        clock.update()
        let endUs = clock.nowUs + sliceUs
        while place.loop < loops.count {
            let loop = loops[place.loop]
            if place.index < loop.count, loop.body(place.index) {
                place.index += 1
            } else {
                place = (place.loop + 1, 0)
                continue
            }
            clock.update()
            guard clock.nowUs < endUs, out.count <= outMax else { break }
        }
        guard place.loop == loops.count else { return false }
        drop()
        return true
    }

    /// Nothing is left to do: it is done, or nobody wants it any more. Steps hold the work that holds them.
    package func drop() {
        loops = []
        place = (0, 0)
    }

    /// Does all of it at once: where nobody waits.
    package func finish() { while !run(sliceUs: .max / 2) {} }
}
