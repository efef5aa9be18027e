import Core
import Testing

@testable import Proxy

@Suite("Attempts of a request") struct AttemptLogTests {
    private func names(_ log: AttemptLog) -> [String] {
        (0..<log.count).map { log.names.string(of: log[$0].name) }
    }

    @Test("stand in their order, each with its own numbers")
    func keepsOrder() {
        let log = AttemptLog()
        for index in 0..<3 {
            log.begin(address: Array("peer\(index)".utf8), nowMs: Int64(index), nowUs: 0)
            log.sent(index)
            log.setStatus(UInt16(500 + index))
        }
        #expect(names(log) == ["peer0", "peer1", "peer2"])
        #expect((0..<3).map { log[$0].bytesSent } == [0, 1, 2])
        #expect((0..<3).map { log[$0].status } == [500, 501, 502])
        #expect(log.last?.status == 502)
    }

    @Test("one that does not count leaves the one before it as it was")
    func forgetsTheLast() {
        let log = AttemptLog()
        log.begin(address: Array("a".utf8), nowMs: 0, nowUs: 0)
        log.setStatus(503)
        log.begin(address: Array("b".utf8), nowMs: 0, nowUs: 0)
        log.forgetLast()
        #expect(names(log) == ["a"] && log.currentStatus == 503)
        log.forgetLast()
        #expect(log.isEmpty && log.last == nil && log.currentStatus == 0)
        log.forgetLast()
        #expect(log.isEmpty)
    }

    @Test("end once: what comes later does not make them longer")
    func endOnce() {
        let log = AttemptLog()
        log.finish(nowMs: 1)
        log.begin(address: [0x61], nowMs: 10, nowUs: 0)
        log.finish(nowMs: 15)
        log.finish(nowMs: 99)
        #expect(log.last?.responseMs == 5)
        log.begin(address: [0x62], nowMs: 100, nowUs: 0)
        #expect(log.last?.responseMs == nil)
    }

    @Test("none of a former request's is left")
    func forgetsAll() {
        let log = AttemptLog()
        for _ in 0..<2 { log.begin(address: [0x61], nowMs: 0, nowUs: 0) }
        log.reset()
        log.received(5)
        #expect(log.isEmpty && log.currentBytesReceived == 0)
        log.begin(address: [0x62], nowMs: 0, nowUs: 0)
        #expect(names(log) == ["b"] && log.currentBytesReceived == 0)
    }
}
