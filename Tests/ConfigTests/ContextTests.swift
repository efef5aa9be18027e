import Config
import Testing

@Suite("Contexts") struct ContextTests {
    @Test("are named as the documentation names them")
    func named() {
        #expect(Context([.location, .http, .server]).name == "http, server, location")
        #expect(Context.ifInLocation.name == "if in location")
        #expect(Context([]).name.isEmpty)
    }

    @Test("every block has a bit and a name of its own")
    func distinct() {
        let all: [Context] = [
            .main, .events, .http, .server, .location, .ifInServer, .ifInLocation, .limitExcept, .upstream,
            .match, .types, .map, .geo, .splitClients,
        ]
        #expect(Set(all.map(\.rawValue)).count == all.count)
        #expect(Set(all.map(\.name)).count == all.count)
        #expect(all.allSatisfy { $0.rawValue.nonzeroBitCount == 1 && !$0.name.isEmpty })
    }
}
