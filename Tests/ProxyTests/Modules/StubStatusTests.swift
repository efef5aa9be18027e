import Core
import Sharing
import Testing

@testable import Proxy

@Suite("stub_status") struct StubStatusTests {
    @Test("the text is nginx's, with the space before the end of each line")
    func textIsNginxs() throws {
        let counters = try Counters(slots: 1)
        let slab = counters.slab(0)
        slab.add(.active, 1)
        slab.add(.accepts, 38)
        slab.add(.handled, 37)
        slab.add(.requests, 36)
        slab.add(.writing, 1)
        let out = ByteBuffer(capacity: 16)
        StubStatus.append(slab, to: out)
        #expect(
            String(decoding: out.bytes, as: UTF8.self)
                == "Active connections: 1 \nserver accepts handled requests\n 38 37 36 \n"
                + "Reading: 0 Writing: 1 Waiting: 0 \n")
    }
}
