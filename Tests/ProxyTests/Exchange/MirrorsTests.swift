import Core
import HTTP
import Net
import Testing

@testable import Proxy

/// How many copies of requests, and how much of them, a worker has under way.
@Suite("Mirrors") struct MirrorsTests {
    private func body(_ count: Int) throws -> RequestBody {
        let body = RequestBody(pool: ContentBuffers())
        body.begin(.known(Int64(count)))
        body.keep(.whole(KeepingPlan(memoryMax: 8 << 20, folder: "/tmp")))
        let input = ByteBuffer(capacity: max(count, 1))
        input.append([UInt8](repeating: 1, count: count))
        _ = try body.take(input, from: 0)
        return body
    }

    @Test("there is room for a number of them, and again when some have ended")
    func number() throws {
        var mirrors = Mirrors()
        let small = try body(5)
        for _ in 0..<Mirrors.underWayMax {
            #expect(mirrors.haveRoom(for: small))
            mirrors.began(holding: 5)
        }
        #expect(!mirrors.haveRoom(for: small))
        mirrors.ended(holding: 5)
        #expect(mirrors.haveRoom(for: small))
        for _ in 1..<Mirrors.underWayMax { mirrors.ended(holding: 5) }
        #expect(mirrors.underWay == 0 && mirrors.heldCount == 0)
    }

    @Test("what they hold in memory is bounded, whatever their number")
    func memory() throws {
        var mirrors = Mirrors()
        let large = try body(8 << 20)
        for _ in 0..<(Mirrors.heldMax >> 23) {
            #expect(mirrors.haveRoom(for: large))
            mirrors.began(holding: 8 << 20)
        }
        #expect(!mirrors.haveRoom(for: large))
        #expect(mirrors.haveRoom(for: try body(0)))
    }
}
