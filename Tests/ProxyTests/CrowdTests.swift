import Testing

@testable import Proxy

@Suite("Crowds") struct CrowdTests {
    @Test("memory is looked for when half of many clients have left, and as long as there were many")
    func looks() {
        var crowd = Crowd()
        func grew(to count: Int) -> Bool { crowd.grew(to: count) }
        func look(at count: Int) -> Bool { crowd.look(at: count) }
        #expect(!grew(to: 63))
        #expect(grew(to: 64))
        // The timer is set once.
        #expect(!grew(to: 1000))
        #expect(!grew(to: 999))
        #expect(!look(at: 501))
        #expect(crowd.mustLookAgain)
        #expect(look(at: 500))
        #expect(crowd.mustLookAgain)
        // From here on 500 were the most.
        #expect(!look(at: 251))
        #expect(look(at: 0))
        #expect(!crowd.mustLookAgain)
        #expect(grew(to: 70))
    }

    @Test("few clients are no crowd")
    func few() {
        var crowd = Crowd()
        func grew(to count: Int) -> Bool { crowd.grew(to: count) }
        for count in 1...63 { #expect(!grew(to: count)) }
        #expect(!crowd.mustLookAgain)
    }
}
