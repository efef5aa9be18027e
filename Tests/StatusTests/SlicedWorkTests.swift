import Core
import Net
import Sharing
import Testing

@testable import Status

/// Work in slices, and what is made by it.
@Suite("Sliced work") struct SlicedWorkTests {
    @Test(
        "steps come in their order, those that a step adds behind all others; a slice without time is a step")
    func order() {
        let work = SlicedWork()
        var steps: [String] = []
        work.once {
            steps.append("a")
            work.each(2) { steps.append("c\($0)") }
        }
        work.each(0) { _ in steps.append("never") }
        work.each(2) { steps.append("b\($0)") }
        var left = 3
        work.repeating {
            steps.append("r")
            left -= 1
            return left > 0
        }
        var slices = 0
        while !work.run(sliceUs: 0) { slices += 1 }
        #expect(steps == ["a", "b0", "b1", "r", "r", "r", "c0", "c1"])
        #expect(slices >= 7)
        #expect(work.run())
    }

    @Test("work that is done or dropped is gone, though its steps hold it", arguments: [true, false])
    func end(_ isDone: Bool) {
        weak var held: SlicedWork?
        do {
            let work = SlicedWork()
            held = work
            work.once { work.out.append("a") }
            StatusMetrics.add(StatusReport(), to: work)
            if isDone { work.finish() } else { work.drop() }
            #expect(work.run())
        }
        #expect(held == nil)
    }

    @Test("a slice ends when there is enough to send")
    func output() {
        let work = SlicedWork(out: ByteBuffer(capacity: 16))
        work.each(100) { _ in work.out.append("0123456789") }
        #expect(!work.run(outMax: 25, sliceUs: 1_000_000) && work.out.count == 30)
        work.out.removeAll()
        #expect(!work.run(outMax: 25, sliceUs: 1_000_000) && work.out.count == 30)
    }

    @Test("a value that is written in steps is the same as in one; what is made in it is made once")
    func walk() {
        var made = 0
        let leaf = JSON.made {
            made += 1
            return .object([("é\"", .array([.int(1), .null, .object([])])), ("x", .array([]))])
        }
        var value = JSON.array([leaf, .string("a"), .made { .array([leaf, .bool(true)]) }])
        for depth in 0..<8 {
            value = .object([("d\(depth)", value), ("s", .string("t")), ("e", .object([]))])
        }
        for json in [value, .null, .int(7), .array([]), .object([]), leaf] {
            var walk = JSONWalk(json)
            let out = ByteBuffer(capacity: 16)
            made = 0
            while walk.step(out) {}
            let once = made
            #expect(String(decoding: out.bytes, as: UTF8.self) == json.text)
            #expect(made == 2 * once)
        }
    }

    @Test("many bounds of a histogram are counted as one by one")
    func histogram() {
        var histogram = LatencyHistogram()
        let bounds: [Int64] = [0, 5, 500, 1000, 30_000, 1_000_000]
        #expect(histogram.counts(upTo: bounds) == bounds.map { histogram.counts(upTo: [$0])[0] })
        for us in [0, 4, 5, 6, 499, 500, 501, 999, 1000, 29_000, 31_000, 2_000_000] as [Int64] {
            histogram.add(microseconds: us)
        }
        #expect(histogram.counts(upTo: bounds) == bounds.map { histogram.counts(upTo: [$0])[0] })
        #expect(histogram.counts(upTo: []) == [])
    }

    @Test(
        "a path needs no more than what it shows",
        arguments: [
            ("9", 0), ("9/nginx", 0), ("9/processes", 0), ("9/connections", 1), ("9/http/requests", 1),
            ("9/workers/0", 2), ("9/http/server_zones", 4), ("9/resolvers", 16), ("9/http/upstreams/a", 32),
            ("9/portico/history", 64), ("9/portico/certificates", 128), ("9/portico", 511),
        ])
    func scope(_ path: String, _ parts: Int) {
        let scope = StatusAPI.scope(of: path)
        #expect(scope.parts.rawValue == parts)
        #expect(scope.name == (path.hasSuffix("/a") ? "a" : nil) && scope.isCounted)
        #expect(!StatusAPI.scope(of: "9/http/upstreams/a/servers/1").isCounted)
    }
}
